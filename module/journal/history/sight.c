#include "journal/history/sight.h"

#include "base/clock.h"
#include "base/rcu.h"
#include "journal/history/odd.h"
#include "journal/history/places.h"
#include "journal/history/rejudge.h"
#include "owner/history.h"

#include <libpsl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define QTYPE_A        1 /* RFC 1035 3.2.2 */
#define RCODE_NXDOMAIN 3 /* RFC 1035 4.1.1 */

struct sw_sights {
    struct sw_sights_with with;
    struct sw_raise_with raising;
    struct sw_recall *recall;
    struct sw_findings *findings; /* with.findings, or our own */
    struct sw_findings *own;
    struct sw_odd *odd;
    struct sw_rejudge *rejudge;
    size_t pending_n;
    struct sw_record *pending, **pending_end; /* not judged yet: Redis was not asked */
    int64_t pending_since;                    /* monotonic time of the first waiting event */
    struct sw_sight sight;                    /* room to judge a waiting event again */
};

struct sw_sights *sw_sights_new(const struct sw_sights_with *with)
{
    struct sw_sights *sights = calloc(1, sizeof(*sights));
    if (!sights)
        return NULL;
    sights->with = *with;
    sights->pending_end = &sights->pending;
    sights->recall = sw_recall_new(with->settings);
    if (!with->findings)
        sights->own = sw_findings_new(with->settings, with->link);
    sights->findings = with->findings ? with->findings : sights->own;
    sights->odd =
        sw_odd_new(with->settings, sw_clock_mono_us(), with->host && with->host->sights_only);
    sights->rejudge = sw_rejudge_new(with->settings);
    if (!sights->recall || !sights->findings || !sights->odd || !sights->rejudge) {
        sw_sights_free(sights);
        return NULL;
    }
    sights->raising = (struct sw_raise_with){
        .settings = with->settings,
        .index = with->index,
        .owners = with->owners,
        .recall = sights->recall,
        .seens = with->seens,
        .findings = sights->findings,
        .odd = sights->odd,
        .raise = with->raise,
        .arg = with->arg,
    };
    return sights;
}

void sw_sights_free(struct sw_sights *sights)
{
    if (!sights)
        return;
    while (sights->pending) {
        struct sw_record *next = sights->pending->next;
        free(sights->pending);
        sights->pending = next;
    }
    sw_recall_free(sights->recall);
    sw_findings_free(sights->own);
    sw_odd_free(sights->odd);
    sw_rejudge_free(sights->rejudge);
    free(sights);
}

/* ---- taking an event apart ---- */

/* Whether a rule means that the name itself is an indicator: the name's addresses are then the
 * indicator's. A rule on the address or AS says nothing about the name. */
static bool names_it(const struct sw_event_hit *hit)
{
    return hit->trigger == SW_TRIGGER_QNAME || hit->trigger == SW_TRIGGER_CNAME;
}

static void take_hit(struct sw_sight *sight, const struct sw_event_hit *hit)
{
    if (hit->kind == SW_KIND_WATCH && !sight->is_watched) {
        sight->is_watched = true;
        snprintf(sight->watch_list, sizeof(sight->watch_list), "%s", hit->list);
        sight->watched = hit->indicator;
    }
    if (hit->kind == SW_KIND_IOC && names_it(hit) && (!sight->is_ioc || hit->winner)) {
        sight->is_ioc = true;
        snprintf(sight->list, sizeof(sight->list), "%s", hit->list);
        sight->indicator = hit->indicator;
    }
}

/* Whether a true answer says that the name leads nowhere: NXDOMAIN, or no address of type A. (An
 * answer without AAAA does not count, since most names have no AAAA.) */
static bool is_unanswered(const struct sw_event *event)
{
    return event->flags & SW_EVENT_RESOLVED && !(event->flags & SW_EVENT_EXPIRED) &&
           event->type != SW_EVENT_REST && !(sw_event_tags(event) & 1U << SW_TAG_ADDRESS) &&
           (event->rcode == RCODE_NXDOMAIN || (event->rcode == 0 && event->qtype == QTYPE_A));
}

/* Whether this event is about ownership: a blocked query has no address to ask for, and an expired
 * answer (serve-expired) does not count as a present sight (D-138). */
static bool concerns_ownership(const struct sw_event *event)
{
    struct sw_event_hit winner;
    unsigned tags = sw_event_tags(event);
    bool rest = event->type == SW_EVENT_REST;
    bool has_address = tags & 1U << SW_TAG_ADDRESS || (rest && tags & 1U << SW_TAG_SERVED_AT);
    if (event->flags & SW_EVENT_EXPIRED || (!has_address && !is_unanswered(event)))
        return false;
    if (event->type == SW_EVENT_ANSWER || rest)
        return true;
    return sw_event_winner(event, &winner) &&
           (winner.kind == SW_KIND_IOC || winner.kind == SW_KIND_WATCH);
}

/* A zone under which anybody can register says nothing about a name inside. */
static bool is_public(const struct sw_name *zone)
{
    char text[SW_NAMETEXT_MAX];
    return sw_name_labels(zone->wire) < 2 ||
           psl_is_public_suffix(psl_builtin(), sw_name_text(zone->wire, text));
}

static void take_zone(struct sw_sight *sight, enum sw_event_tag tag, const uint8_t *value,
                      size_t len)
{
    struct sw_name name;
    if (tag == SW_TAG_ZONE && sw_name_copy(value, len, &name) == SW_OK && !is_public(&name)) {
        sight->zone = name;
        sw_name_text(name.wire, sight->zone_name);
    } else if (tag == SW_TAG_SERVER && sight->zone.len > 0 && sight->servers_n < SW_SERVERS_MAX &&
               sw_name_copy(value, len, &name) == SW_OK) {
        sw_name_text(name.wire, sight->server[sight->servers_n++]);
    } else if (tag == SW_TAG_SERVED_AT && sight->servers_n > 0 && sight->served_n < SW_SERVED_MAX &&
               sw_addr_from_octets(value, len, &sight->served[sight->served_n].addr) == SW_OK) {
        sight->served_by[sight->served_n++] = sight->servers_n - 1;
    }
}

/* The address of the answer. An address that DNS64 made of an IPv4 address stands for the IPv4
 * address (D-029). */
static void take_address(const struct sw_sights *sights, struct sw_sight *sight,
                         const uint8_t *value, size_t len)
{
    struct sw_addr addr, inner;
    const struct sw_journal_host *host = sights->with.host;
    if (sight->n == SW_SIGHT_MAX || sw_addr_from_octets(value, len, &addr) != SW_OK)
        return;
    bool made = host && sw_addr_translated(&host->translation, &addr, &inner) == SW_OK;
    sight->owned[sight->n++].addr = made ? inner : addr;
}

static void take_apart(const struct sw_sights *sights, const struct sw_event *event,
                       struct sw_sight *sight)
{
    size_t cursor = 0, len;
    enum sw_event_tag tag;
    const uint8_t *value;
    sight->is_ioc = sight->is_watched = sight->zone_listed = false;
    sight->list[0] = sight->watch_list[0] = '\0';
    sight->indicator = sight->watched = "";
    sight->n = sight->servers_n = sight->served_n = 0;
    sight->zone.len = 0;
    sight->concerned = concerns_ownership(event) && sw_event_qname(event, &sight->qname);
    sight->unanswered = sight->concerned && is_unanswered(event);
    sight->is_rest = event->type == SW_EVENT_REST;
    while (sight->concerned && sw_event_next(event, &cursor, &tag, &value, &len)) {
        struct sw_event_hit hit;
        if (tag == SW_TAG_HIT && sw_event_get_hit(value, len, &hit) == SW_OK)
            take_hit(sight, &hit);
        else if (tag == SW_TAG_ADDRESS)
            take_address(sights, sight, value, len);
        else
            take_zone(sight, tag, value, len);
    }
}

/* The owners of the addresses. Inside an RCU section. */
static void find_owners(const struct sw_sights *sights, struct sw_owned *owned, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (sw_owner_find(sights->with.owners, &owned[i].addr, &owned[i].owner) != SW_OK)
            memset(&owned[i].owner, 0, sizeof(owned[i].owner));
    }
}

/* sw_hit_fn */
static void note_ioc(void *arg, const struct sw_hit *hit)
{
    bool *listed = arg;
    *listed |= hit->list->kind == SW_KIND_IOC;
}

/* The servers of a zone say something about a listed name only where the indicator covers the zone
 * itself, unlike the zone of a hoster or of dynamic DNS. Inside an RCU section. */
static void judge_zone(const struct sw_sights *sights, struct sw_sight *sight)
{
    struct sw_view view = sw_index_view(sights->with.index);
    if (sight->zone.len > 0)
        sw_view_find_name(&view, SW_TRIGGERS_DEFAULT, sight->zone.wire, sight->zone.len, note_ioc,
                          &sight->zone_listed);
    if (!sight->zone_listed && !sight->is_watched) {
        sight->zone.len = 0;
        sight->served_n = sight->servers_n = 0;
    }
}

void sw_sights_look(struct sw_sights *sights, const struct sw_event *event, struct sw_sight *sight)
{
    take_apart(sights, event, sight);
    if (!sight->concerned)
        return;
    sw_name_text(sight->qname.wire, sight->name);
    sw_rcu_enter();
    judge_zone(sights, sight);
    find_owners(sights, sight->owned, sight->n);
    find_owners(sights, sight->served, sight->served_n);
    sw_rcu_leave();
}

/* ---- loading from Redis ---- */

/* Want the histories that an event concerns. */
static void want(struct sw_sights *sights, const struct sw_event *event, int64_t mono_us)
{
    const struct sw_journal_host *host = sights->with.host;
    struct sw_name qname, zone;
    size_t cursor = 0, len, n = 0;
    enum sw_event_tag tag;
    const uint8_t *value;
    if (!event || !concerns_ownership(event) || !sw_event_qname(event, &qname))
        return;
    sw_recall_want_name(sights->recall, SW_OF_NAME, &qname);
    while (sw_event_next(event, &cursor, &tag, &value, &len)) {
        struct sw_addr addr, inner;
        if (tag == SW_TAG_ADDRESS && n < SW_SIGHT_MAX &&
            sw_addr_from_octets(value, len, &addr) == SW_OK) {
            if (host && sw_addr_translated(&host->translation, &addr, &inner) == SW_OK)
                addr = inner;
            sw_recall_want_addr(sights->recall, &addr, mono_us);
            n++;
        } else if (tag == SW_TAG_ZONE && sw_name_copy(value, len, &zone) == SW_OK) {
            sw_recall_want_name(sights->recall, SW_OF_ZONE, &zone);
        }
    }
}

/* Whether the durable history of all that a sight concerns was read. */
static bool is_ready(struct sw_sights *sights, const struct sw_sight *sight)
{
    if (!sw_recall_is_loaded(sights->recall, SW_OF_NAME, &sight->qname) ||
        (sight->zone.len > 0 && !sw_recall_is_loaded(sights->recall, SW_OF_ZONE, &sight->zone))) {
        return false;
    }
    for (size_t i = 0; i < sight->n; i++) {
        struct sw_place *place =
            sw_places_get(sw_recall_places(sights->recall), &sight->owned[i].addr);
        if (place && place->loaded_us == 0)
            return false;
    }
    return true;
}

/* Judge the waiting events that are ready; all: every waiting event. */
static void judge_pending(struct sw_sights *sights, bool all)
{
    struct sw_record **at = &sights->pending;
    while (*at) {
        struct sw_record *record = *at;
        sw_sights_look(sights, record->event, &sights->sight);
        bool ready = is_ready(sights, &sights->sight);
        if (!ready && !all) {
            at = &record->next;
            continue;
        }
        sw_raise(&sights->raising, record, &sights->sight, !ready);
        *at = record->next;
        sights->pending_n--;
        sights->pending_since = sw_clock_mono_us();
        free(record);
    }
    sights->pending_end = at;
}

void sw_sights_finish(struct sw_sights *sights)
{
    judge_pending(sights, true);
    sw_odd_finish(sights->odd, &sights->raising);
}

void sw_sights_settle(struct sw_sights *sights, int64_t mono_us)
{
    sw_odd_settle(sights->odd, &sights->raising, mono_us);
}

size_t sw_sights_pending(const struct sw_sights *sights)
{
    return sights->pending_n;
}

/* Judge later. False: no memory. */
static bool defer(struct sw_sights *sights, const struct sw_record *record)
{
    struct sw_record *copy = sw_record_new(record->event, NULL);
    if (!copy)
        return false;
    copy->first_us = record->first_us;
    copy->last_us = record->last_us;
    copy->count = record->count;
    copy->next = NULL;
    if (!sights->pending)
        sights->pending_since = sw_clock_mono_us();
    *sights->pending_end = copy;
    sights->pending_end = &copy->next;
    if (++sights->pending_n > SW_PENDING_MAX)
        judge_pending(sights, true);
    return true;
}

void sw_sights_prefetch(struct sw_sights *sights, const struct sw_record *records, int64_t mono_us)
{
    bool settles = sw_odd_is_due(sights->odd, mono_us);
    bool any = sights->pending || settles;
    for (const struct sw_record *record = records; record && !any; record = record->next)
        any = record->event && concerns_ownership(record->event);
    struct sw_redis *redis = any ? sw_link_up(sights->with.link, mono_us) : NULL;
    if (redis) {
        for (const struct sw_record *one = sights->pending; one; one = one->next)
            want(sights, one->event, mono_us);
        for (const struct sw_record *one = records; one; one = one->next)
            want(sights, one->event, mono_us);
        if (settles)
            sw_odd_want(sights->odd, sights->recall);
        if (sw_recall_load(sights->recall, redis) != SW_OK)
            sw_link_failed(sights->with.link, mono_us);
    }
    if (sights->pending)
        judge_pending(sights, mono_us - sights->pending_since > SW_PATIENCE_US);
    sw_sights_settle(sights, mono_us);
}

/* Whether the answers went to a sweep, and not to clients. */
static bool is_sweep(const struct sw_sights *sights)
{
    return sights->with.host && sights->with.host->sights_only;
}

void sw_sights_rejudge(struct sw_sights *sights, int64_t mono_us)
{
    if (is_sweep(sights) || !sw_rejudge_due(sights->rejudge, &sights->raising, mono_us))
        return;
    struct sw_redis *redis = sw_link_up(sights->with.link, mono_us);
    if (redis && sw_rejudge_step(sights->rejudge, &sights->raising, redis, mono_us) != SW_OK)
        sw_link_failed(sights->with.link, mono_us);
}

/* ---- the past ---- */

/* Address of the first SW_TAG_ADDRESS; "" without. */
static const char *first_address(const struct sw_event *event, char text[SW_ADDRTEXT_MAX])
{
    size_t cursor = 0, len;
    enum sw_event_tag tag;
    const uint8_t *value;
    struct sw_addr addr;
    text[0] = '\0';
    while (sw_event_next(event, &cursor, &tag, &value, &len))
        if (tag == SW_TAG_ADDRESS && sw_addr_from_octets(value, len, &addr) == SW_OK)
            return sw_addr_text(&addr, text);
    return text;
}

bool sw_sights_claim_past(struct sw_sights *sights, const struct sw_event *event)
{
    char finding[SW_FINDING_MAX], name[SW_NAMETEXT_MAX], address[SW_ADDRTEXT_MAX];
    struct sw_event_hit hit = {.list = "", .indicator = ""};
    struct sw_name qname;
    if (!sw_event_qname(event, &qname))
        return false;
    sw_name_text(qname.wire, name);
    (void)sw_event_winner(event, &hit);
    if (event->type == SW_EVENT_BEFORE) {
        snprintf(finding, sizeof(finding), "seen-before:%s:%s", hit.indicator, hit.list);
        return sw_finding_grew(
            sw_findings_claim(sights->findings, finding, name, 0, event->time_us));
    }
    snprintf(finding, sizeof(finding), "past:%s:%s", sights->with.settings->resolver_id,
             first_address(event, address));
    return sw_findings_claim(sights->findings, finding, name, 0, event->time_us) > 0;
}

/* ---- noting ---- */

/* An episode of a name or zone, with sights of this record, to the durable history. */
static void note_episode(struct sw_sights *sights, const struct sw_record *record, bool of_zone,
                         const char *key, const struct sw_episode *episode, uint64_t count)
{
    char field[sizeof(SW_HOLDER_PREFIX) + SW_HOLDER_MAX] = SW_HOLDER_PREFIX;
    struct sw_owner owner = episode->owner;
    struct sw_span span = {.from_us = episode->from_us,
                           .to_us = record->last_us > episode->from_us ? record->last_us
                                                                       : episode->from_us,
                           .count = count};
    owner.prefix.family = owner.registered.family = 0; /* of an address, not of the holder */
    sw_holder_text(&owner, episode->answered, field + strlen(SW_HOLDER_PREFIX));
    struct sw_seen_note note = {.of_name = true,
                                .of_zone = of_zone,
                                .key = key,
                                .field = field,
                                .first_us = span.from_us,
                                .last_us = span.to_us,
                                .count = count,
                                .owner = &owner,
                                .server = "",
                                .span = &span};
    sw_seens_note(sights->with.seens, &note);
}

/* An answer without an address in the history of the name. */
static void note_silence(struct sw_sights *sights, const struct sw_record *record,
                         const struct sw_sight *sight)
{
    static const struct sw_owner nobody;
    bool created;
    struct sw_name_history *of =
        sw_history_get(sw_recall_history(sights->recall, SW_OF_NAME), &sight->qname, &created);
    const struct sw_episode *episode =
        of ? sw_episode_note(of, &nobody, false, record->first_us, record->last_us, record->count)
           : NULL;
    if (episode)
        note_episode(sights, record, false, sight->name, episode, record->count);
}

#define HOLDERS_MAX 16 /* distinguished in an answer; further holders count with each address */

/* The holders of an answer so far. */
struct holders {
    size_t n;
    const struct sw_owner *owner[HOLDERS_MAX];
};

/* Whether the holder had another address of this answer: an answer counts once for each holder. */
static bool is_again(struct holders *holders, const struct sw_owner *owner)
{
    for (size_t i = 0; i < holders->n; i++)
        if (sw_episode_same(holders->owner[i], owner))
            return true;
    if (holders->n < HOLDERS_MAX)
        holders->owner[holders->n++] = owner;
    return false;
}

/* How often a record saw a holder: not at all, if a record with other addresses of the same answers
 * saw the holder. */
static uint64_t times_of(const struct sw_record *record, const struct sw_name_history *names,
                         const struct sw_owner *owner)
{
    const struct sw_episode *had =
        record->event->type == SW_EVENT_REST ? sw_episode_latest(names, owner, true) : NULL;
    return had && had->to_us >= record->first_us ? 0 : record->count;
}

/* An address in the history of the name, or of the name's zone. again: the answer's sight of the
 * holder is noted already. */
static void note_owned(struct sw_sights *sights, const struct sw_record *record, enum sw_of of,
                       const struct sw_name *name, const struct sw_owned *owned, bool again,
                       struct sw_seen_note *note)
{
    bool created, is_new;
    char address[SW_ADDRTEXT_MAX];
    struct sw_history *history = sw_recall_history(sights->recall, of);
    struct sw_name_history *names = sw_history_get(history, name, &created);
    struct sw_name_addr *seen = names ? sw_history_note(history, names, &owned->addr, &owned->owner,
                                                        record->last_us, &is_new)
                                      : NULL;
    if (seen) {
        seen->count += record->count - 1;
        seen->first_us = record->first_us < seen->first_us ? record->first_us : seen->first_us;
    }
    uint64_t times = names ? times_of(record, names, &owned->owner) : 0;
    const struct sw_episode *episode =
        names && !again ? sw_episode_note_addr(names, &owned->addr, &owned->owner, record->first_us,
                                               record->last_us, times)
                        : NULL;
    if (episode)
        note_episode(sights, record, of == SW_OF_ZONE, note->key, episode, times);
    note->of_name = true;
    note->of_zone = of == SW_OF_ZONE;
    note->field = sw_addr_text(&owned->addr, address);
    note->first_us = record->first_us;
    note->last_us = record->last_us;
    note->count = record->count;
    note->by_sweep = is_sweep(sights);
    note->owner = &owned->owner;
    sw_seens_note(sights->with.seens, note);
}

static void note_place(struct sw_sights *sights, const struct sw_record *record,
                       const struct sw_sight *sight, const struct sw_addr *addr)
{
    char address[SW_ADDRTEXT_MAX];
    struct sw_seen_note note = {
        .key = sw_addr_text(addr, address),
        .field = sight->name,
        .first_us = record->first_us,
        .last_us = record->last_us,
        .count = record->count,
        .by_sweep = is_sweep(sights),
        .list = sight->is_ioc ? sight->list : "",
    };
    sw_seens_note(sights->with.seens, &note);
    struct sw_places *places = sw_recall_places(sights->recall);
    struct sw_place *place = sw_places_get(places, addr);
    struct sw_place_name *me =
        place ? sw_place_note(places, place, sight->name, note.list, record->first_us) : NULL;
    if (me) {
        me->first_us = record->first_us < me->first_us ? record->first_us : me->first_us;
        me->last_us = record->last_us > me->last_us ? record->last_us : me->last_us;
        me->count += record->count;
    }
}

void sw_sights_note(struct sw_sights *sights, const struct sw_record *record,
                    const struct sw_sight *sight)
{
    const struct sw_journal_host *host = sights->with.host;
    struct holders holders = {.n = 0}, servers = {.n = 0};
    if (!sight->concerned || (sight->n == 0 && sight->served_n == 0 && !sight->unanswered))
        return;
    if (sight->unanswered)
        note_silence(sights, record, sight);
    for (size_t i = 0; i < sight->n; i++) {
        const struct sw_addr *addr = &sight->owned[i].addr;
        struct sw_seen_note note = {.key = sight->name};
        note_owned(sights, record, SW_OF_NAME, &sight->qname, &sight->owned[i],
                   is_again(&holders, &sight->owned[i].owner), &note);
        if (sw_is_nowhere(addr))
            continue;
        note_place(sights, record, sight, addr);
        if ((sight->is_ioc || sight->is_watched) && host && host->track)
            host->track(host->arg, addr);
    }
    for (size_t i = 0; i < sight->served_n; i++) {
        struct sw_seen_note note = {.key = sight->zone_name,
                                    .server = sight->server[sight->served_by[i]]};
        note_owned(sights, record, SW_OF_ZONE, &sight->zone, &sight->served[i],
                   is_again(&servers, &sight->served[i].owner), &note);
    }
    if (is_ready(sights, sight) || !defer(sights, record))
        sw_raise(&sights->raising, record, sight, false);
}
