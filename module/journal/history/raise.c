/* raise.c - a sight judged. See raise.h. */
#include "journal/history/raise.h"

#include "base/rcu.h"

#include <stdlib.h>
#include <string.h>

#define SHARED "shared-address"

bool sw_is_nowhere(const struct sw_addr *addr)
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
    if (!of || of->n == 0)
        return 0;
    const struct sw_seen **order = calloc(of->n, sizeof(*order));
    if (!order)
        return 0;
    for (size_t i = 0; i < of->n; i++)
        order[i] = &of->seen[i];
    qsort(order, of->n, sizeof(*order), latest_first);
    size_t n = of->n < SW_EVIDENCE_MAX ? of->n : SW_EVIDENCE_MAX;
    for (size_t i = 0; i < n; i++)
        out[i] = *order[i];
    free(order);
    return n;
}

/* An address under judgement: of the name, or of a server of the name's zone. */
struct judging {
    const struct sw_assess_with *with;
    const struct sw_record *record;
    const struct sw_sight *sight;
    struct sw_subject subject;
    const struct sw_owned *owned;
    const char *server; /* zones */
    bool unread;
};

/* Fill the members that all reports share, and hand the report over. */
static void raise_it(const struct judging *j, struct sw_anomaly_report *report)
{
    struct sw_seen history[SW_EVIDENCE_MAX];
    report->time_us = j->record->last_us;
    report->owner = &j->owned->owner;
    report->history_n = report->name == j->sight->name ? evidence(j->subject.history, history) : 0;
    report->history = history;
    report->history_unread = j->unread;
    report->flux_hours = j->with->settings->flux_hours;
    j->with->raise(j->with->arg, report);
}

/* First time and how often, over all owners that the address had. */
static void times_of(const struct judging *j, struct sw_anomaly_report *report)
{
    const struct sw_name_history *of = j->subject.history;
    report->first_us = j->record->first_us;
    report->count = 0;
    for (size_t i = 0; of && i < of->n; i++) {
        const struct sw_seen *seen = &of->seen[i];
        if (sw_addr_equal(&seen->addr, &j->owned->addr)) {
            report->first_us =
                seen->first_us < report->first_us ? seen->first_us : report->first_us;
            report->count += seen->count;
        }
    }
    report->count = report->count > 0 ? report->count : j->record->count;
}

/* Keep the mark of the raised anomaly in the history. */
static void remember(const struct judging *j, const char *mark)
{
    char address[SW_ADDRTEXT_MAX];
    bool of_zone = j->subject.of == SW_OF_ZONE;
    struct sw_seen_note note = {
        .of_name = true,
        .of_zone = of_zone,
        .key = of_zone ? j->sight->zone_name : j->sight->name,
        .field = sw_addr_text(&j->owned->addr, address),
        .first_us = j->record->first_us,
        .last_us = j->record->last_us,
        .owner = &j->owned->owner,
        .server = of_zone ? j->server : "",
        .anomaly = mark,
    };
    sw_seens_note(j->with->seens, &note);
}

static void judge_one(const struct judging *j, enum sw_anomaly_type type)
{
    const struct sw_sight *sight = j->sight;
    const char *servers[SW_SERVERS_MAX];
    char mark[SW_MARK_MAX];
    struct sw_anomaly anomaly;
    bool of_zone = j->subject.of == SW_OF_ZONE;
    sw_rcu_enter();
    struct sw_view view = sw_index_view(j->with->index);
    bool odd = sw_anomaly_rule(type, j->with->settings, sw_owners_have_asn(j->with->owners), &view,
                               &j->subject, j->owned, &anomaly, mark);
    sw_rcu_leave();
    if (!odd)
        return;
    const struct sw_name *name = of_zone ? &sight->zone : &sight->qname;
    bool is_new = sw_recall_mark(j->with->recall, j->subject.of, name, &j->owned->addr, mark);
    if (is_new || sw_mark_of_name(mark))
        remember(j, mark); /* with each address, so that the mark stays when older addresses go */
    if (!is_new)
        return;
    for (size_t i = 0; i < sight->servers_n; i++)
        servers[i] = sight->server[i];
    struct sw_anomaly_report report = {
        .anomaly = &anomaly,
        .name = sight->name,
        .list = sight->list,
        .indicator = sight->indicator,
        .zone = of_zone ? sight->zone_name : NULL,
        .server = j->server,
        .servers = servers,
        .servers_n = sight->servers_n,
    };
    times_of(j, &report);
    raise_it(j, &report);
}

static void judge_all(const struct judging *j)
{
    for (int type = 0; type < SW_ANOMALY_COUNT; type++)
        judge_one(j, (enum sw_anomaly_type)type);
}

/* ---- other names on the address ---- */

/* Pick the other names of a place that were not reported yet, mark each as reported, and return the
 * number; up to SW_NAMES_MAX are put into names. only: a single name, or NULL for all but `but`. */
static size_t pick_others(const struct sw_assess_with *with, struct sw_place *place,
                          const struct sw_place_name *but, struct sw_place_name *only,
                          const char *names[SW_NAMES_MAX])
{
    char address[SW_ADDRTEXT_MAX];
    size_t n = 0, limit = with->settings->history_max;
    for (size_t i = 0; i < place->n; i++) {
        struct sw_place_name *name = &place->names[i];
        if (name->shared || name == but || (only && name != only))
            continue;
        if (place->reported >= limit || n == SW_NAMES_MAX)
            break;
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
        sw_seens_note(with->seens, &note);
    }
    return n;
}

static void judge_shared(const struct judging *j, struct sw_place *place, struct sw_place_name *me)
{
    const struct sw_sight *sight = j->sight;
    const char *names[SW_NAMES_MAX];
    struct sw_anomaly anomaly;
    struct sw_place_name *listed = sight->is_ioc ? me : sw_place_listed(place);
    if (!listed || (listed == me && !sight->is_ioc))
        return;
    size_t n = pick_others(j->with, place, listed, listed == me ? NULL : me, names);
    if (n == 0)
        return;
    sw_rcu_enter();
    struct sw_view view = sw_index_view(j->with->index);
    bool odd =
        sw_anomaly_shared_address(&view, &j->owned->addr, &j->owned->owner, place->n - 1, &anomaly);
    sw_rcu_leave();
    if (!odd)
        return;
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
    raise_it(j, &report);
}

static void judge_place(const struct judging *j)
{
    struct sw_places *places = sw_recall_places(j->with->recall);
    struct sw_place *place = sw_places_get(places, &j->owned->addr);
    struct sw_place_name *me =
        place ? sw_place_note(places, place, j->sight->name, "", j->record->first_us) : NULL;
    if (me)
        judge_shared(j, place, me);
}

static struct sw_subject subject_of(const struct sw_assess_with *with,
                                    const struct sw_record *record, const struct sw_sight *sight,
                                    enum sw_of of)
{
    bool created;
    return (struct sw_subject){
        .of = of,
        .is_ioc = sight->is_ioc,
        .is_watched = sight->is_watched,
        .name = &sight->qname,
        .event = record->event,
        .history = sw_history_get(sw_recall_history(with->recall, of),
                                  of == SW_OF_ZONE ? &sight->zone : &sight->qname, &created),
        .time_us = record->last_us,
    };
}

void sw_assess(const struct sw_assess_with *with, const struct sw_record *record,
               const struct sw_sight *sight, bool unread)
{
    struct judging j = {.with = with,
                        .record = record,
                        .sight = sight,
                        .unread = unread,
                        .subject = subject_of(with, record, sight, SW_OF_NAME)};
    for (size_t i = 0; i < sight->n; i++) {
        j.owned = &sight->owned[i];
        judge_all(&j);
        if (!sw_is_nowhere(&j.owned->addr))
            judge_place(&j);
    }
    if (sight->zone.len == 0)
        return;
    j.subject = subject_of(with, record, sight, SW_OF_ZONE);
    for (size_t i = 0; i < sight->served_n; i++) {
        j.owned = &sight->served[i];
        j.server = sight->server[sight->served_by[i]];
        judge_all(&j);
    }
}
