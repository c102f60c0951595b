/* raise.c - a sight judged. See raise.h. */
#include "journal/history/raise.h"

#include "base/rcu.h"
#include "journal/history/evidence.h"
#include "journal/history/odd.h"

#include <string.h>

#define SHARED         "shared-address"
#define HOLDERS_MAX    32 /* of an indicator, with documents of their own: D-243 */
#define RCODE_NXDOMAIN 3  /* RFC 1035 4.1.1 */

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

/* An address under judgement: of the name, or of a server of the name's zone. */
struct judging {
    const struct sw_raise_with *with;
    struct sw_limits limits;
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
    struct sw_name_addr history[SW_EVIDENCE_MAX];
    struct sw_holder holder;
    sw_rcu_enter();
    sw_holder_find(j->with->owners, &j->owned->owner, &holder);
    sw_rcu_leave();
    report->holder = &holder;
    report->time_us = j->record->last_us;
    report->owner = &j->owned->owner;
    report->history_n =
        report->name == j->sight->name ? sw_evidence(j->subject.history, history) : 0;
    report->history = history;
    report->history_unread = j->unread;
    report->flux_hours = j->limits.flux_hours;
    report->is_watched = j->sight->is_watched;
    j->with->raise(j->with->arg, report);
}

/* Keep the mark of the raised anomaly in the history: with the address, or for an answer without
 * address with "no answer". */
static void remember(const struct judging *j, const char *mark)
{
    char address[SW_ADDRTEXT_MAX];
    bool of_zone = j->subject.of == SW_OF_ZONE;
    struct sw_seen_note note = {
        .of_name = true,
        .of_zone = of_zone,
        .key = of_zone ? j->sight->zone_name : j->sight->name,
        .field = j->owned->addr.family != 0 ? sw_addr_text(&j->owned->addr, address)
                                            : SW_HOLDER_PREFIX SW_HOLDER_NONE,
        .first_us = j->record->first_us,
        .last_us = j->record->last_us,
        .owner = &j->owned->owner,
        .server = of_zone ? j->server : "",
        .anomaly = mark,
    };
    sw_seens_note(j->with->seens, &note);
}

/* Whether an anomaly is about a class or a country: a great many holders. */
static bool is_of_many(const struct sw_anomaly *anomaly)
{
    return strncmp(anomaly->protected_by, "class:", 6) == 0 ||
           strncmp(anomaly->protected_by, "country:", 8) == 0;
}

/* The text of the finding that an anomaly belongs to: "TYPE:LIST INDICATOR:DETAIL". The mark has
 * the detail; each holder of a protected class or country is a finding of its own, so that none
 * hides among others (D-228). All that one `known` list explains for a list is one finding. */
static void finding_of(const struct judging *j, const struct sw_anomaly *anomaly, const char *mark,
                       char out[SW_FINDING_MAX])
{
    const struct sw_sight *sight = j->sight;
    const char *list = sight->is_ioc ? sight->list : sight->watch_list;
    const char *indicator = sight->is_ioc ? sight->indicator : sight->watched;
    const char *detail = mark + strcspn(mark, " ");
    detail += detail[0] == ' ';
    if (anomaly->special)
        detail = anomaly->special->name;
    bool known = anomaly->known_list[0] != '\0' && sw_anomaly_explained(anomaly);
    char whom[SW_HOLDER_MAX + 1] = " ";
    sw_holder_text(&j->owned->owner, true, whom + 1);
    snprintf(out, SW_FINDING_MAX, "%s:%s %s:%s%s%s%s", sw_anomaly_name(anomaly->type), list,
             known ? "" : indicator, known ? "known " : "", known ? anomaly->known_list : detail,
             !known && is_of_many(anomaly) ? whom : "", j->subject.of == SW_OF_ZONE ? " zone" : "");
}

/* Protected holders of an indicator beyond HOLDERS_MAX are one finding, that counts all of them:
 * those of a class or country, or those with an entry on a list. False: the holder is among the
 * first. *due: the number calls for a document. */
static bool claim_with_others(const struct judging *j, struct sw_anomaly_report *report,
                              char finding[SW_FINDING_MAX], bool *due)
{
    const struct sw_anomaly *anomaly = report->anomaly;
    const struct sw_sight *sight = j->sight;
    char holders[SW_FINDING_MAX];
    if (anomaly->type != SW_ANOMALY_PROTECTED_OWNER || anomaly->known_list[0] != '\0')
        return false;
    int begin = snprintf(holders, sizeof(holders), "%s:%s %s:", sw_anomaly_name(anomaly->type),
                         sight->is_ioc ? sight->list : sight->watch_list,
                         sight->is_ioc ? sight->indicator : sight->watched);
    snprintf(holders + begin, sizeof(holders) - (size_t)begin, "holders of %s%s",
             is_of_many(anomaly) ? anomaly->protected_by : "lists",
             j->subject.of == SW_OF_ZONE ? " zone" : "");
    size_t n = sw_findings_claim(j->with->findings, holders, finding + begin, anomaly->begin_us,
                                 j->record->last_us);
    size_t all = n ? n : sw_findings_count(j->with->findings, holders, anomaly->begin_us);
    if (all <= HOLDERS_MAX)
        return false;
    *due = n == HOLDERS_MAX + 1 || sw_finding_grew(n);
    memcpy(finding, holders, sizeof(holders));
    report->finding = finding;
    report->members = n;
    return true;
}

/* Claim the name, with the address where the mark is about an address, as a member of the finding.
 * True: a document is due. */
static bool claim(const struct judging *j, const char *mark, struct sw_anomaly_report *report,
                  char finding[SW_FINDING_MAX])
{
    char address[SW_ADDRTEXT_MAX] = "", member[SW_NAMETEXT_MAX + SW_ADDRTEXT_MAX];
    bool due;
    finding_of(j, report->anomaly, mark, finding);
    if (claim_with_others(j, report, finding, &due))
        return due;
    if (!sw_mark_of_name(mark))
        sw_addr_text(&j->owned->addr, address);
    snprintf(member, sizeof(member), "%s %s", report->zone ? report->zone : report->name, address);
    report->finding = finding;
    report->members = sw_findings_claim(j->with->findings, finding, member,
                                        report->anomaly->begin_us, j->record->last_us);
    return sw_finding_grew(report->members);
}

/* A true rule: remembered, and raised unless known. */
static void found(const struct judging *j, const struct sw_anomaly *anomaly, const char *mark)
{
    const struct sw_sight *sight = j->sight;
    const char *servers[SW_SERVERS_SHOWN];
    char before[SW_MARK_MAX], finding[SW_FINDING_MAX];
    struct sw_recall *recall = j->with->recall;
    bool of_zone = j->subject.of == SW_OF_ZONE;
    const struct sw_name *name = of_zone ? &sight->zone : &sight->qname;
    const struct sw_addr *addr = &j->owned->addr;
    bool is_new = sw_recall_mark(recall, j->subject.of, name, addr, mark, anomaly->begin_us,
                                 j->record->last_us);
    if (is_new || sw_mark_of_name(mark))
        remember(j, mark); /* with each address, so that the mark stays when older addresses go */
    if (!is_new ||
        (sw_mark_of_before(mark, before)[0] != '\0' &&
         sw_recall_has_mark(recall, j->subject.of, name, addr, before, anomaly->begin_us)))
        return;
    size_t servers_n = sight->servers_n < SW_SERVERS_SHOWN ? sight->servers_n : SW_SERVERS_SHOWN;
    for (size_t i = 0; i < servers_n; i++)
        servers[i] = sight->server[i];
    struct sw_anomaly_report report = {
        .anomaly = anomaly,
        .name = sight->name,
        .list = sight->list,
        .indicator = sight->indicator,
        .zone = of_zone ? sight->zone_name : NULL,
        .server = j->server,
        .servers = servers,
        .servers_n = servers_n,
        .first_us = j->record->first_us,
        .count = j->record->count,
    };
    if (!claim(j, mark, &report, finding))
        return;
    sw_evidence_times(j->subject.history, addr, &report);
    raise_it(j, &report);
}

static void judge_one(const struct judging *j, enum sw_anomaly_type type)
{
    char mark[SW_MARK_MAX];
    struct sw_anomaly anomaly;
    sw_rcu_enter();
    struct sw_view view = sw_index_view(j->with->index);
    bool odd = sw_anomaly_rule(type, sw_owners_have_asn(j->with->owners), &view, &j->subject,
                               j->owned, &anomaly, mark);
    sw_rcu_leave();
    if (odd)
        found(j, &anomaly, mark);
}

/* A watched name without an answer. */
static void judge_unanswered(const struct judging *j)
{
    char mark[SW_MARK_MAX];
    struct sw_anomaly anomaly;
    if (!j->sight->is_watched || j->record->event->rcode != RCODE_NXDOMAIN)
        return;
    sw_rcu_enter();
    struct sw_view view = sw_index_view(j->with->index);
    bool odd = sw_anomaly_dangling(&view, &j->subject, &anomaly, mark);
    sw_rcu_leave();
    if (odd)
        found(j, &anomaly, mark);
}

static void judge_all(const struct judging *j)
{
    for (int type = 0; type < SW_ANOMALY_COUNT; type++)
        judge_one(j, (enum sw_anomaly_type)type);
}

/* ---- other names on the address ---- */

/* The indicator of lists of kind ioc that covers a name: the one with the most labels. */
struct covering {
    const struct sw_policy *list;
    size_t labels;
    char text[SW_INDICATORTEXT_MAX];
    const uint8_t *wire;
};

/* sw_hit_fn */
static void take_covering(void *arg, const struct sw_hit *hit)
{
    struct covering *covering = arg;
    if (hit->list->kind != SW_KIND_IOC || (covering->list && hit->labels <= covering->labels))
        return;
    covering->list = hit->list;
    covering->labels = hit->labels;
    sw_hit_text(hit, covering->wire, NULL, covering->text);
}

/* Inside an RCU section. list is NULL when no indicator covers the name. */
static void cover(const struct sw_view *view, const char *text, struct covering *out)
{
    struct sw_name name;
    *out = (struct covering){.list = NULL};
    if (sw_name_parse(text, strlen(text), &name, NULL) != SW_OK)
        return;
    out->wire = name.wire;
    sw_view_find_name(view, SW_TRIGGERS_DEFAULT, name.wire, name.len, take_covering, out);
    out->wire = NULL;
}

/* The other names of a place: no name that the listed name's own indicator covers is another. */
struct others {
    size_t n;     /* all */
    bool has_new; /* some name that no document had: the name of the sight, or any if listed */
};

static bool is_other(const struct sw_view *view, const struct covering *mine,
                     const struct sw_place_name *listed, const struct sw_place_name *name)
{
    struct covering its;
    if (name == listed)
        return false;
    if (name->list[0] == '\0' || !mine->list)
        return true;
    cover(view, name->name, &its);
    return its.list != mine->list || strcmp(its.text, mine->text) != 0;
}

static void count_others(const struct sw_view *view, const struct covering *mine,
                         const struct sw_place *place, const struct sw_place_name *listed,
                         const struct sw_place_name *me, struct others *out)
{
    *out = (struct others){.n = 0};
    for (size_t i = 0; i < place->n; i++) {
        const struct sw_place_name *name = &place->names[i];
        if (!is_other(view, mine, listed, name))
            continue;
        out->n++;
        out->has_new |= !name->shared && (name == me || listed == me);
    }
}

/* Other names that no document had. */
struct listing {
    const char *names[SW_NAMES_MAX];
    size_t n;
    struct sw_neighbour neighbours[SW_NEIGHBOURS_MAX];
    size_t neighbours_n;
};

static void list_one(struct listing *out, const struct sw_place_name *name,
                     const struct sw_namefacts *facts)
{
    out->names[out->n++] = name->name;
    if (out->neighbours_n < SW_NEIGHBOURS_MAX)
        out->neighbours[out->neighbours_n++] =
            (struct sw_neighbour){name->name, name->first_us, name->last_us, name->count, *facts};
}

/* Inside an RCU section. */
static bool has_facts(const struct sw_raise_with *with, const char *text,
                      struct sw_namefacts *facts)
{
    struct sw_name name;
    *facts = (struct sw_namefacts){.of = {.class = SW_HOLDER_UNKNOWN}};
    return sw_name_parse(text, strlen(text), &name, NULL) == SW_OK &&
           sw_namefacts_find(with->owners, with->settings->protected_classes, name.wire, facts);
}

/* List up to SW_NAMES_MAX names: first those with facts, as evidence for the holder (D-234). Inside
 * an RCU section. */
static void list_others(const struct sw_raise_with *with, const struct sw_view *view,
                        const struct covering *mine, const struct sw_place *place,
                        const struct sw_place_name *listed, struct listing *out)
{
    out->n = out->neighbours_n = 0;
    for (int known = 1; known >= 0; known--)
        for (size_t i = 0; i < place->n && out->n < SW_NAMES_MAX; i++) {
            const struct sw_place_name *name = &place->names[i];
            struct sw_namefacts facts;
            if (!name->shared && is_other(view, mine, listed, name) &&
                has_facts(with, name->name, &facts) == (known == 1))
                list_one(out, name, &facts);
        }
}

/* Remember for all names but the listed name that a document had them, or counted them. */
static void mark_others(const struct judging *j, struct sw_place *place,
                        const struct sw_place_name *listed)
{
    char address[SW_ADDRTEXT_MAX];
    sw_addr_text(&place->addr, address);
    for (size_t i = 0; i < place->n; i++) {
        struct sw_place_name *name = &place->names[i];
        if (name->shared || name == listed)
            continue;
        name->shared = true;
        struct sw_seen_note note = {
            .key = address,
            .field = name->name,
            .first_us = name->first_us,
            .last_us = name->last_us,
            .list = name->list,
            .anomaly = SHARED,
        };
        sw_seens_note(j->with->seens, &note);
    }
}

/* The claim of a number of other names on an address: for an address that a `known` list explains
 * a claim for the address, so that a content network is one finding. */
static bool claim_shared(const struct judging *j, size_t n, struct sw_anomaly_report *report,
                         char finding[SW_FINDING_MAX])
{
    const struct sw_anomaly *anomaly = report->anomaly;
    char address[SW_ADDRTEXT_MAX], level[32];
    bool known = anomaly->known_list[0] != '\0';
    size_t reached = 1;
    while (2 * reached <= n)
        reached *= 2;
    sw_addr_text(&anomaly->addr, address);
    snprintf(level, sizeof(level), "%zu names", reached);
    snprintf(finding, SW_FINDING_MAX, SHARED ":%s %s:%s%s", report->list,
             known ? "" : report->indicator, known ? "known " : "",
             known ? anomaly->known_list : address);
    size_t members = sw_findings_claim(j->with->findings, finding, known ? address : level,
                                       INT64_MIN, j->record->last_us);
    report->finding = finding;
    report->members = known ? members : n;
    return known ? sw_finding_grew(members) : members > 0;
}

/* A place with other names than the listed name's: raised when the names have doubled. */
static void judge_shared(const struct judging *j, struct sw_place *place, struct sw_place_name *me)
{
    const struct sw_sight *sight = j->sight;
    struct listing listing = {.n = 0};
    char finding[SW_FINDING_MAX];
    struct covering mine;
    struct others others;
    struct sw_anomaly anomaly;
    struct sw_place_name *listed = sight->is_ioc ? me : sw_place_listed(place);
    if (!listed || (listed == me && !sight->is_ioc) || (listed != me && me->shared) ||
        !sw_place_look_due(place, me, j->record->last_us))
        return;
    struct sw_anomaly_report report = {
        .anomaly = &anomaly,
        .name = listed == me ? sight->name : listed->name,
        .list = listed->list,
        .indicator = listed == me ? sight->indicator : mine.text,
        .first_us = listed->first_us,
        .count = listed->count,
        .names = listing.names,
        .neighbours = listing.neighbours,
    };
    sw_rcu_enter();
    struct sw_view view = sw_index_view(j->with->index);
    cover(&view, listed->name, &mine);
    count_others(&view, &mine, place, listed, me, &others);
    bool odd = others.has_new && sw_anomaly_shared_address(&view, &j->owned->addr, &j->owned->owner,
                                                           others.n, &anomaly);
    if (odd)
        list_others(j->with, &view, &mine, place, listed, &listing);
    sw_rcu_leave();
    report.names_n = listing.n;
    report.neighbours_n = listing.neighbours_n;
    if (!odd || !claim_shared(j, others.n, &report, finding))
        return;
    mark_others(j, place, listed);
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

static struct sw_subject subject_of(const struct sw_raise_with *with,
                                    const struct sw_record *record, const struct sw_sight *sight,
                                    enum sw_of of)
{
    bool created;
    return (struct sw_subject){
        .of = of,
        .is_ioc = sight->is_ioc && (of == SW_OF_NAME || sight->zone_listed),
        .is_watched = sight->is_watched,
        /* The watch list says where a watched name belongs. */
        .protected_classes = sight->is_watched ? 0 : with->settings->protected_classes,
        .name = &sight->qname,
        .event = record->event,
        .history = sw_history_get(sw_recall_history(with->recall, of),
                                  of == SW_OF_ZONE ? &sight->zone : &sight->qname, &created),
        .time_us = record->last_us,
    };
}

/* The limits of the lists that cover the name. */
static struct sw_limits limits_of(const struct sw_raise_with *with, const struct sw_sight *sight)
{
    struct sw_limits limits;
    sw_rcu_enter();
    struct sw_view view = sw_index_view(with->index);
    sw_limits_of(with->settings, &view, &sight->qname, &limits);
    sw_rcu_leave();
    return limits;
}

void sw_raise(const struct sw_raise_with *with, const struct sw_record *record,
              const struct sw_sight *sight, bool unread)
{
    static const struct sw_owned nowhere;
    struct judging j = {.with = with,
                        .limits = limits_of(with, sight),
                        .record = record,
                        .sight = sight,
                        .unread = unread,
                        .owned = &nowhere,
                        .subject = subject_of(with, record, sight, SW_OF_NAME)};
    j.subject.limits = &j.limits;
    if (sight->unanswered)
        judge_unanswered(&j);
    for (size_t i = 0; i < sight->n; i++) {
        j.owned = &sight->owned[i];
        judge_all(&j);
        if (!sw_is_nowhere(&j.owned->addr))
            judge_place(&j);
    }
    if (sight->is_ioc)
        sw_odd_note(with->odd, with, record, sight, unread);
    if (sight->zone.len == 0)
        return;
    j.subject = subject_of(with, record, sight, SW_OF_ZONE);
    j.subject.limits = &j.limits;
    for (size_t i = 0; i < sight->served_n; i++) {
        j.owned = &sight->served[i];
        j.server = sight->server[sight->served_by[i]];
        judge_all(&j);
    }
}

void sw_raise_again(const struct sw_raise_with *with, const struct sw_record *record,
                    const struct sw_sight *sight)
{
    struct judging j = {.with = with,
                        .record = record,
                        .sight = sight,
                        .subject = subject_of(with, record, sight, SW_OF_NAME)};
    for (size_t i = 0; i < sight->n; i++) {
        j.owned = &sight->owned[i];
        judge_one(&j, SW_ANOMALY_PROTECTED_OWNER);
    }
    sw_odd_note(with->odd, with, record, sight, false);
}
