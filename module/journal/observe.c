#include "journal/observe.h"

#include "base/rcu.h"
#include "journal/places.h"
#include "journal/recall.h"
#include "owner/history.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHARED "shared-address"

struct sw_observe {
    struct sw_observe_with with;
    struct sw_recall *recall;
};

struct sw_observe *sw_observe_new(const struct sw_observe_with *with)
{
    struct sw_observe *observe = calloc(1, sizeof(*observe));
    if (observe == NULL) {
        return NULL;
    }
    observe->with = *with;
    observe->recall = sw_recall_new(with->settings);
    if (observe->recall == NULL) {
        free(observe);
        return NULL;
    }
    return observe;
}

void sw_observe_free(struct sw_observe *observe)
{
    if (observe != NULL) {
        sw_recall_free(observe->recall);
        free(observe);
    }
}

/* ---- taking an event apart ---- */

/* Whether a rule means that the name itself is an indicator: its addresses are then the
 * indicator's. A rule on the address or AS says nothing about the name. */
static bool names_it(const struct sw_event_hit *hit)
{
    return hit->trigger == SW_TRIGGER_QNAME || hit->trigger == SW_TRIGGER_CNAME;
}

static void take_hit(struct sw_sight *sight, const struct sw_event_hit *hit)
{
    if (hit->kind == SW_KIND_WATCH) {
        sight->is_watched = true;
    }
    if (hit->kind == SW_KIND_IOC && names_it(hit) && (!sight->is_ioc || hit->winner)) {
        sight->is_ioc = true;
        snprintf(sight->list, sizeof(sight->list), "%s", hit->list);
        sight->indicator = hit->indicator;
    }
}

/* Whether this event is about ownership. */
static bool is_observed(const struct sw_event *event)
{
    struct sw_event_hit winner;
    if (event->type == SW_EVENT_ANSWER) {
        return true;
    }
    return sw_event_winner(event, &winner) &&
           (winner.kind == SW_KIND_IOC || winner.kind == SW_KIND_WATCH);
}

static void take_apart(const struct sw_event *event, struct sw_sight *sight)
{
    size_t cursor = 0, len;
    enum sw_event_tag tag;
    const uint8_t *value;
    sight->is_ioc = sight->is_watched = false;
    sight->list[0] = '\0';
    sight->indicator = "";
    sight->n = 0;
    sight->observed = is_observed(event) && sw_event_qname(event, &sight->qname);
    while (sight->observed && sw_event_next(event, &cursor, &tag, &value, &len)) {
        struct sw_event_hit hit;
        if (tag == SW_TAG_HIT && sw_event_get_hit(value, len, &hit) == SW_OK) {
            take_hit(sight, &hit);
        } else if (tag == SW_TAG_ADDRESS && sight->n < SW_SIGHT_MAX &&
                   sw_addr_from_octets(value, len, &sight->owned[sight->n].addr) == SW_OK) {
            sight->n++;
        }
    }
}

void sw_observe_look(struct sw_observe *observe, const struct sw_event *event,
                     struct sw_sight *sight)
{
    take_apart(event, sight);
    if (!sight->observed) {
        return;
    }
    sw_name_text(sight->qname.wire, sight->name);
    sw_rcu_enter();
    struct sw_view view = sw_index_view(observe->with.index);
    for (size_t i = 0; i < sight->n; i++) {
        struct sw_owned *owned = &sight->owned[i];
        if (sw_owner_find(observe->with.owners, &owned->addr, &owned->owner) != SW_OK) {
            memset(&owned->owner, 0, sizeof(owned->owner));
        }
        sight->is_protected[i] =
            sight->is_ioc &&
            sw_anomaly_protected_owner(&view, &owned->addr, &owned->owner, &sight->protected[i]);
    }
    sw_rcu_leave();
}

void sw_observe_prefetch(struct sw_observe *observe, const struct sw_record *records,
                         int64_t mono_us)
{
    struct sw_redis *redis = NULL;
    for (const struct sw_record *record = records; record != NULL; record = record->next) {
        struct sw_name qname;
        size_t cursor = 0, len, n = 0;
        enum sw_event_tag tag;
        const uint8_t *value;
        if (record->event == NULL || !is_observed(record->event) ||
            !sw_event_qname(record->event, &qname)) {
            continue;
        }
        if (redis == NULL && (redis = sw_link_up(observe->with.link, mono_us)) == NULL) {
            return;
        }
        while (sw_event_next(record->event, &cursor, &tag, &value, &len) && n < SW_SIGHT_MAX) {
            struct sw_addr addr;
            if (tag == SW_TAG_ADDRESS && sw_addr_from_octets(value, len, &addr) == SW_OK) {
                sw_recall_want_addr(observe->recall, &addr, mono_us);
                n++;
            }
        }
        if (n > 0) {
            sw_recall_want_name(observe->recall, &qname, mono_us);
        }
    }
    if (redis != NULL && sw_recall_load(observe->recall, redis) != SW_OK) {
        sw_link_failed(observe->with.link, mono_us);
    }
}

/* ---- noting ---- */

/* Loopback and "this host" are no place in the network: nothing else there is of interest. */
static bool is_nowhere(const struct sw_addr *addr)
{
    static const struct sw_addr nowhere[] = {
        {.family = 4, .plen = 8, .octets = {127}}, /* RFC 1122 3.2.1.3 */
        {.family = 4, .plen = 8, .octets = {0}},
        {.family = 6, .plen = 128, .octets = {[15] = 1}}, /* RFC 4291 2.5.3 */
        {.family = 6, .plen = 128, .octets = {0}},        /* RFC 4291 2.5.2 */
    };
    struct sw_addr inner;
    for (size_t i = 0; i < sizeof(nowhere) / sizeof(nowhere[0]); i++) {
        if (sw_addr_covers(&nowhere[i], addr) ||
            (sw_addr_embedded(addr, &inner) == SW_OK && sw_addr_covers(&nowhere[i], &inner))) {
            return true;
        }
    }
    return false;
}

static int latest_first(const void *a, const void *b)
{
    const struct sw_seen *const *one = a, *const *two = b;
    return ((*one)->last_us < (*two)->last_us) - ((*one)->last_us > (*two)->last_us);
}

/* Copy the latest addresses of a name as evidence; returns how many. */
static size_t evidence(const struct sw_name_history *of, struct sw_seen out[SW_EVIDENCE_MAX])
{
    if (of == NULL || of->n == 0) {
        return 0;
    }
    const struct sw_seen **order = calloc(of->n, sizeof(*order));
    if (order == NULL) {
        return 0;
    }
    for (size_t i = 0; i < of->n; i++) {
        order[i] = &of->seen[i];
    }
    qsort(order, of->n, sizeof(*order), latest_first);
    size_t n = of->n < SW_EVIDENCE_MAX ? of->n : SW_EVIDENCE_MAX;
    for (size_t i = 0; i < n; i++) {
        out[i] = *order[i];
    }
    free(order);
    return n;
}

/* What is being noted: one address of one sight. */
struct noting {
    const struct sw_record *record;
    const struct sw_sight *sight;
    size_t i;
    const struct sw_name_history *history; /* of the sight's name; may be NULL */
    int64_t first_us;                      /* the name on this address */
    uint64_t count;
};

/* Fill what all reports of this address have in common, and hand the report over. */
static void raise_it(struct sw_observe *observe, const struct noting *noting,
                     struct sw_anomaly_report *report)
{
    struct sw_seen history[SW_EVIDENCE_MAX];
    report->time_us = noting->record->last_us;
    report->owner = &noting->sight->owned[noting->i].owner;
    report->history_n =
        report->name == noting->sight->name ? evidence(noting->history, history) : 0;
    report->history = history;
    observe->with.raise(observe->with.arg, report);
}

/* protected-owner; *mark is what is to be remembered in the history, "" when nothing new. */
static void judge_protected(struct sw_observe *observe, const struct noting *noting,
                            char mark[SW_MARK_MAX])
{
    const struct sw_sight *sight = noting->sight;
    const struct sw_anomaly *anomaly = &sight->protected[noting->i];
    mark[0] = '\0';
    if (!sight->is_protected[noting->i]) {
        return;
    }
    snprintf(mark, SW_MARK_MAX, "%s %s %s", sw_anomaly_name(anomaly->type), anomaly->list,
             anomaly->protected_by);
    if (!sw_recall_mark(observe->recall, sight->name, &anomaly->addr, mark)) {
        mark[0] = '\0';
        return;
    }
    struct sw_anomaly_report report = {
        .anomaly = anomaly,
        .name = sight->name,
        .list = sight->list,
        .indicator = sight->indicator,
        .first_us = noting->first_us,
        .count = noting->count,
    };
    raise_it(observe, noting, &report);
}

static void note_name(struct sw_observe *observe, struct noting *noting, struct sw_name_history *of)
{
    const struct sw_record *record = noting->record;
    const struct sw_sight *sight = noting->sight;
    const struct sw_owned *owned = &sight->owned[noting->i];
    char address[SW_ADDRTEXT_MAX], mark[SW_MARK_MAX];
    bool is_new;
    struct sw_seen *seen = NULL;
    if (of != NULL) {
        seen = sw_history_note(sw_recall_history(observe->recall), of, &owned->addr, &owned->owner,
                               record->last_us, &is_new);
    }
    if (seen != NULL) {
        seen->count += record->count - 1;
        seen->first_us = record->first_us < seen->first_us ? record->first_us : seen->first_us;
        noting->first_us = seen->first_us;
        noting->count = seen->count;
    }
    judge_protected(observe, noting, mark);
    struct sw_seen_note note = {
        .of_name = true,
        .key = sight->name,
        .field = sw_addr_text(&owned->addr, address),
        .first_us = record->first_us,
        .last_us = record->last_us,
        .count = record->count,
        .owner = &owned->owner,
        .anomaly = mark[0] != '\0' ? mark : NULL,
    };
    sw_seens_note(observe->with.seens, &note);
}

/* Pick the other names of a place that were not reported yet, mark them, and return how many;
 * up to SW_NAMES_MAX are put into names. only: NULL for all but `but`, else just that one. */
static size_t pick_others(struct sw_observe *observe, struct sw_place *place,
                          const struct sw_place_name *but, struct sw_place_name *only,
                          const char *names[SW_NAMES_MAX])
{
    char address[SW_ADDRTEXT_MAX];
    size_t n = 0, limit = observe->with.settings->history_max;
    for (size_t i = 0; i < place->n; i++) {
        struct sw_place_name *name = &place->names[i];
        if (name->shared || name == but || (only != NULL && name != only)) {
            continue;
        }
        if (place->reported >= limit || n == SW_NAMES_MAX) {
            break;
        }
        name->shared = true;
        place->reported++;
        names[n++] = name->name;
        struct sw_seen_note note = {
            .key = sw_addr_text(&place->addr, address),
            .field = name->name,
            .first_us = name->first_us,
            .last_us = name->last_us,
            .list = name->list,
            .anomaly = SHARED,
        };
        sw_seens_note(observe->with.seens, &note);
    }
    return n;
}

static void judge_shared(struct sw_observe *observe, const struct noting *noting,
                         struct sw_place *place, struct sw_place_name *me)
{
    const struct sw_sight *sight = noting->sight;
    const struct sw_owned *owned = &sight->owned[noting->i];
    const char *names[SW_NAMES_MAX];
    struct sw_anomaly anomaly;
    struct sw_place_name *listed = sight->is_ioc ? me : sw_place_listed(place);
    if (listed == NULL || (listed == me && !sight->is_ioc)) {
        return;
    }
    size_t n = pick_others(observe, place, listed, listed == me ? NULL : me, names);
    if (n == 0) {
        return;
    }
    sw_rcu_enter();
    struct sw_view view = sw_index_view(observe->with.index);
    bool odd =
        sw_anomaly_shared_address(&view, &owned->addr, &owned->owner, place->n - 1, &anomaly);
    sw_rcu_leave();
    if (!odd) {
        return;
    }
    struct sw_anomaly_report report = {
        .anomaly = &anomaly,
        .name = listed == me ? sight->name : listed->name,
        .list = listed->list,
        .indicator = listed == me ? sight->indicator : "",
        .first_us = listed->first_us,
        .count = listed->count,
        .names = names,
        .names_n = n,
    };
    raise_it(observe, noting, &report);
}

static void note_place(struct sw_observe *observe, const struct noting *noting)
{
    const struct sw_record *record = noting->record;
    const struct sw_sight *sight = noting->sight;
    const struct sw_addr *addr = &sight->owned[noting->i].addr;
    char address[SW_ADDRTEXT_MAX];
    struct sw_seen_note note = {
        .key = sw_addr_text(addr, address),
        .field = sight->name,
        .first_us = record->first_us,
        .last_us = record->last_us,
        .count = record->count,
        .list = sight->is_ioc ? sight->list : "",
    };
    sw_seens_note(observe->with.seens, &note);
    struct sw_places *places = sw_recall_places(observe->recall);
    struct sw_place *place = sw_places_get(places, addr);
    if (place == NULL) {
        return;
    }
    struct sw_place_name *me =
        sw_place_note(places, place, sight->name, note.list, record->first_us);
    if (me != NULL) {
        me->first_us = record->first_us < me->first_us ? record->first_us : me->first_us;
        me->last_us = record->last_us > me->last_us ? record->last_us : me->last_us;
        me->count += record->count;
        judge_shared(observe, noting, place, me);
    }
}

void sw_observe_note(struct sw_observe *observe, const struct sw_record *record,
                     const struct sw_sight *sight)
{
    const struct sw_journal_host *host = observe->with.host;
    if (!sight->observed || sight->n == 0) {
        return;
    }
    bool created;
    struct sw_name_history *of =
        sw_history_get(sw_recall_history(observe->recall), &sight->qname, &created);
    struct noting noting = {.record = record, .sight = sight, .history = of};
    for (size_t i = 0; i < sight->n; i++) {
        noting.i = i;
        noting.first_us = record->first_us;
        noting.count = record->count;
        note_name(observe, &noting, of);
        if (is_nowhere(&sight->owned[i].addr)) {
            continue;
        }
        note_place(observe, &noting);
        if ((sight->is_ioc || sight->is_watched) && host != NULL && host->track != NULL) {
            host->track(host->arg, &sight->owned[i].addr);
        }
    }
}
