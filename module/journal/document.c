#include "journal/document.h"

#include "base/indicator.h"
#include "journal/dnstext.h"
#include "journal/json.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define QTYPE_SVCB  64 /* RFC 9460 14.1 */
#define QTYPE_HTTPS 65
#define QCLASS_IN   1

#define SW_ID_MAX (SW_TEXT_MAX + 48)

/* Resolver, start of the process in hexadecimal, number: nothing else has this. */
static void make_id(struct sw_writer *writer, char id[SW_ID_MAX])
{
    char digits[20];
    size_t at = sizeof(digits), len;
    uint64_t number = writer->sequence++;
    if (writer->prefix_len == 0) {
        writer->prefix_len =
            (size_t)snprintf(writer->prefix, sizeof(writer->prefix), "%s-%" PRIx64 "-",
                             writer->observer, (uint64_t)writer->started_us);
    }
    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    len = sizeof(digits) - at;
    memcpy(id, writer->prefix, writer->prefix_len);
    memcpy(id + writer->prefix_len, digits + at, len);
    id[writer->prefix_len + len] = '\0';
}

/* Members that every document has, first. */
static void begin(struct sw_writer *writer, struct sw_json *json, int64_t time_us, const char *kind,
                  const char *type, const char *action)
{
    char id[SW_ID_MAX];
    make_id(writer, id);
    sw_json_begin(json);
    sw_put_time(json, SW_FIELD_TIMESTAMP, time_us);
    sw_put_text(json, SW_FIELD_EVENT_KIND, kind);
    sw_array_begin(json, SW_FIELD_EVENT_CATEGORY);
    sw_array_text(json, "network");
    sw_array_end(json);
    sw_array_begin(json, SW_FIELD_EVENT_TYPE);
    sw_array_text(json, type);
    sw_array_end(json);
    sw_put_text(json, SW_FIELD_EVENT_ACTION, action);
    sw_put_text(json, SW_FIELD_EVENT_ID, id);
}

static void put_observer(struct sw_json *json, const struct sw_writer *writer)
{
    sw_put_text(json, SW_FIELD_OBSERVER_NAME, writer->observer);
    sw_put_text(json, SW_FIELD_OBSERVER_PRODUCT, "sinkwatch");
}

static void put_client(struct sw_json *json, const struct sw_event *event)
{
    struct sw_addr addr;
    if (!(event->flags & SW_EVENT_CLIENT) ||
        sw_addr_from_octets(event->client, event->client_family == 4 ? 4 : 16, &addr) != SW_OK) {
        return;
    }
    sw_put_addr(json, SW_FIELD_CLIENT_IP, &addr);
    sw_put_number(json, SW_FIELD_CLIENT_PORT, event->client_port);
    sw_put_text(json, SW_FIELD_NETWORK_TRANSPORT, event->flags & SW_EVENT_TCP ? "tcp" : "udp");
}

static void put_question(struct sw_json *json, const struct sw_event *event)
{
    struct sw_name qname;
    char name[SW_NAMETEXT_MAX], text[SW_DNSTEXT_MAX];
    if (sw_event_qname(event, &qname))
        sw_put_text(json, SW_FIELD_QUESTION_NAME, sw_name_text(qname.wire, name));
    sw_put_text(json, SW_FIELD_QUESTION_TYPE, sw_qtype_text(event->qtype, text));
    if (event->qclass != QCLASS_IN)
        sw_put_text(json, SW_FIELD_QUESTION_CLASS, sw_qclass_text(event->qclass, text));
    if (event->flags & SW_EVENT_RESOLVED)
        sw_put_text(json, SW_FIELD_RESPONSE_CODE, sw_rcode_text(event->rcode, text));
}

/* ---- the true answer ---- */

/* Presentation form of the next value with this tag, a name or an address; false after the last.
 * *size: octets of the value. */
static bool next_text(const struct sw_event *event, size_t *cursor, enum sw_event_tag wanted,
                      char text[SW_NAMETEXT_MAX], size_t *size)
{
    enum sw_event_tag tag;
    const uint8_t *value;
    while (sw_event_next(event, cursor, &tag, &value, size)) {
        struct sw_name name;
        struct sw_addr addr;
        if (tag != wanted)
            continue;
        bool is_name = tag == SW_TAG_ALIAS || tag == SW_TAG_ZONE || tag == SW_TAG_SERVER;
        if (is_name && sw_name_copy(value, *size, &name) == SW_OK) {
            sw_name_text(name.wire, text);
            return true;
        }
        if (tag == SW_TAG_ADDRESS && sw_addr_from_octets(value, *size, &addr) == SW_OK) {
            sw_addr_text(&addr, text);
            return true;
        }
    }
    return false;
}

/* {"type":"A","data":"192.0.2.1"} */
static void put_answer(struct sw_json *json, const char *type, const char *data)
{
    sw_array_object(json);
    sw_put_text(json, SW_FIELD_ANSWER_TYPE, type);
    sw_put_text(json, SW_FIELD_ANSWER_DATA, data);
    sw_object_end(json);
}

/* Addresses in answers to HTTPS and SVCB are hints (RFC 9460 7.3), else A or AAAA records. */
static const char *address_type(const struct sw_event *event, size_t size)
{
    if (event->qtype == QTYPE_HTTPS)
        return "HTTPS";
    if (event->qtype == QTYPE_SVCB)
        return "SVCB";
    return size == 4 ? "A" : "AAAA";
}

/* An array of all names or addresses. */
static void put_texts(struct sw_json *json, enum sw_field field, const struct sw_event *event,
                      enum sw_event_tag tag)
{
    char text[SW_NAMETEXT_MAX];
    size_t cursor = 0, size;
    sw_array_begin(json, field);
    while (next_text(event, &cursor, tag, text, &size))
        sw_array_text(json, text);
    sw_array_end(json);
}

/* The alias chain, then the addresses. */
static void put_answers(struct sw_json *json, const struct sw_event *event)
{
    char text[SW_NAMETEXT_MAX];
    size_t cursor = 0, size;
    sw_array_begin(json, SW_FIELD_ANSWERS);
    while (next_text(event, &cursor, SW_TAG_ALIAS, text, &size))
        put_answer(json, "CNAME", text);
    cursor = 0;
    while (next_text(event, &cursor, SW_TAG_ADDRESS, text, &size))
        put_answer(json, address_type(event, size), text);
    sw_array_end(json);
    put_texts(json, SW_FIELD_RESOLVED_IP, event, SW_TAG_ADDRESS);
}

/* ---- rules ---- */

/* The AS for the indicator: an AS indicator itself, else the AS of a covered address, else the AS
 * of the first address with a known AS. */
static const struct sw_owner *indicator_owner(const struct sw_indicator *indicator,
                                              const struct sw_owned *owned, size_t n)
{
    const struct sw_owner *any = NULL;
    for (size_t i = 0; i < n; i++) {
        const struct sw_owner *owner = &owned[i].owner;
        if (owner->asn == 0)
            continue;
        if ((indicator->type == SW_INDICATOR_ASN && owner->asn == indicator->asn) ||
            (indicator->type == SW_INDICATOR_PREFIX &&
             sw_addr_covers(&indicator->addr, &owned[i].addr))) {
            return owner;
        }
        if (!any && indicator->type != SW_INDICATOR_ASN)
            any = owner;
    }
    return any;
}

static const char *indicator_type(const struct sw_indicator *indicator)
{
    switch (indicator->type) {
    case SW_INDICATOR_PREFIX:
        return indicator->addr.family == 4 ? "ipv4-addr" : "ipv6-addr";
    case SW_INDICATOR_ASN:
        return "autonomous-system";
    case SW_INDICATOR_HOLDER: /* no part of a query has a holder */
    case SW_INDICATOR_DOMAIN:
        break;
    }
    return "domain-name";
}

static void put_threat(struct sw_json *json, const char *list, const char *text, bool is_name,
                       const struct sw_owned *owned, size_t owned_n)
{
    struct sw_indicator indicator = {.type = SW_INDICATOR_DOMAIN};
    char why[SW_WHY_MAX];
    bool parsed = is_name || sw_indicator_parse(text, strlen(text), &indicator, why) == SW_OK;
    const struct sw_owner *owner = parsed ? indicator_owner(&indicator, owned, owned_n) : NULL;
    if (parsed)
        sw_put_text(json, SW_FIELD_INDICATOR_TYPE, indicator_type(&indicator));
    sw_put_text(json, SW_FIELD_INDICATOR_NAME, text);
    if (owner) {
        sw_put_number(json, SW_FIELD_INDICATOR_ASN, owner->asn);
        sw_put_text(json, SW_FIELD_INDICATOR_ORG, owner->org);
    } else if (parsed && indicator.type == SW_INDICATOR_ASN) {
        sw_put_number(json, SW_FIELD_INDICATOR_ASN, indicator.asn);
    }
    sw_put_text(json, SW_FIELD_FEED_NAME, list);
}

/* Whether the trigger says that the indicator is a domain; the text need not be parsed then. */
static bool names_name(const struct sw_event_hit *hit)
{
    return hit->trigger == SW_TRIGGER_QNAME || hit->trigger == SW_TRIGGER_CNAME ||
           hit->trigger == SW_TRIGGER_NSDNAME;
}

static void put_hits(struct sw_json *json, const struct sw_event *event)
{
    uint32_t more = 0;
    size_t cursor = 0, len;
    enum sw_event_tag tag;
    const uint8_t *value;
    sw_array_begin(json, SW_FIELD_HITS);
    while (sw_event_next(event, &cursor, &tag, &value, &len)) {
        struct sw_event_hit hit;
        if (tag == SW_TAG_MORE && len == sizeof(more))
            memcpy(&more, value, sizeof(more));
        if (tag != SW_TAG_HIT || sw_event_get_hit(value, len, &hit) != SW_OK)
            continue;
        sw_array_object(json);
        sw_put_text(json, SW_FIELD_HIT_LIST, hit.list);
        sw_put_text(json, SW_FIELD_HIT_INDICATOR, hit.indicator);
        sw_put_text(json, SW_FIELD_HIT_KIND, sw_kind_name((enum sw_kind)hit.kind));
        sw_put_text(json, SW_FIELD_HIT_TRIGGER, sw_trigger_name((enum sw_trigger)hit.trigger));
        sw_put_text(json, SW_FIELD_HIT_ACTION, sw_action_name((enum sw_action)hit.action));
        sw_put_bool(json, SW_FIELD_HIT_WINNER, hit.winner != 0);
        sw_object_end(json);
    }
    sw_array_end(json);
    if (more > 0)
        sw_put_number(json, SW_FIELD_HITS_MORE, more);
}

/* ---- owners ---- */

static void put_owner(struct sw_json *json, const struct sw_addr *addr,
                      const struct sw_owner *owner)
{
    sw_put_addr(json, SW_FIELD_OWNER_IP, addr);
    sw_put_addr(json, SW_FIELD_OWNER_PREFIX, &owner->prefix);
    if (owner->asn != 0)
        sw_put_number(json, SW_FIELD_OWNER_ASN, owner->asn);
    sw_put_text(json, SW_FIELD_OWNER_ORG, owner->org);
    sw_put_addr(json, SW_FIELD_OWNER_REGISTERED, &owner->registered);
    sw_put_text(json, SW_FIELD_OWNER_REGISTRANT, owner->registrant);
    sw_put_text(json, SW_FIELD_OWNER_NETNAME, owner->netname);
    sw_put_text(json, SW_FIELD_OWNER_COUNTRY, owner->country);
}

static void put_owners(struct sw_json *json, const struct sw_owned *owned, size_t n)
{
    sw_array_begin(json, SW_FIELD_OWNERS);
    for (size_t i = 0; i < n; i++) {
        sw_array_object(json);
        put_owner(json, &owned[i].addr, &owned[i].owner);
        sw_object_end(json);
    }
    sw_array_end(json);
}

/* ---- whole documents ---- */

static const char *action_text(unsigned action)
{
    return action < SW_ACTION_COUNT ? sw_action_name((enum sw_action)action) : "";
}

/* The action for the query. */
static void put_actions(struct sw_json *json, const struct sw_event *event)
{
    if (event->type == SW_EVENT_HIT) {
        sw_put_text(json, SW_FIELD_ACTION_WANTED, action_text(event->action_wanted));
        sw_put_text(json, SW_FIELD_ACTION_TAKEN, action_text(event->action_taken));
        sw_put_bool(json, SW_FIELD_SHADOW, event->flags & SW_EVENT_SHADOW);
    }
}

/* An answer out of the cache: how long it is valid, or that its time to live is over. */
static void put_cached(struct sw_json *json, const struct sw_event *event, unsigned tags)
{
    int64_t until;
    size_t cursor = 0, len;
    enum sw_event_tag tag;
    const uint8_t *value;
    if (event->flags & SW_EVENT_EXPIRED)
        sw_put_bool(json, SW_FIELD_CACHED_EXPIRED, true);
    while (tags & 1U << SW_TAG_UNTIL && sw_event_next(event, &cursor, &tag, &value, &len)) {
        if (tag == SW_TAG_UNTIL && len == sizeof(until)) {
            memcpy(&until, value, sizeof(until));
            sw_put_time(json, SW_FIELD_CACHED_UNTIL, until * 1000000);
        }
    }
}

/* Which rule, aliases, how often, how safe. */
static void put_circumstances(struct sw_json *json, const struct sw_record *record, unsigned tags,
                              const struct sw_event_hit *hit)
{
    const struct sw_event *event = record->event;
    if (hit) {
        sw_put_text(json, SW_FIELD_TRIGGER, sw_trigger_name((enum sw_trigger)hit->trigger));
        sw_put_text(json, SW_FIELD_LIST, hit->list);
        sw_put_text(json, SW_FIELD_INDICATOR, hit->indicator);
    }
    if (tags & 1U << SW_TAG_ALIAS)
        put_texts(json, SW_FIELD_CHAIN, event, SW_TAG_ALIAS);
    sw_put_number(json, SW_FIELD_COUNT, record->count);
    sw_put_time(json, SW_FIELD_FIRST, record->first_us);
    sw_put_time(json, SW_FIELD_LAST, record->last_us);
    put_cached(json, event, tags);
    if (event->flags & SW_EVENT_RESOLVED)
        sw_put_text(json, SW_FIELD_DNSSEC, sw_security_text((enum sw_security)event->security));
    if (event->type == SW_EVENT_HIT && event->ede != SW_EDE_OFF && event->ede != SW_EDE_AUTO)
        sw_put_number(json, SW_FIELD_EDE, event->ede);
}

/* event.type: whether the client got the true answer. */
static const char *event_type(const struct sw_event *event)
{
    if (event->type != SW_EVENT_HIT)
        return "info";
    return event->action_taken <= SW_ACTION_MONITOR ? "allowed" : "denied";
}

/* Closest zone and the zone's name servers, when looked up. */
static void put_zone(struct sw_json *json, const struct sw_event *event)
{
    char text[SW_NAMETEXT_MAX];
    size_t cursor = 0, size;
    if (next_text(event, &cursor, SW_TAG_ZONE, text, &size)) {
        sw_put_text(json, SW_FIELD_DELEGATION, text);
        put_texts(json, SW_FIELD_SERVERS, event, SW_TAG_SERVER);
    }
}

char *sw_document_event(struct sw_writer *writer, const struct sw_record *record,
                        const struct sw_owned *owned, size_t owned_n, size_t *len)
{
    const struct sw_event *event = record->event;
    struct sw_json json;
    struct sw_event_hit hit;
    unsigned tags = sw_event_tags(event);
    bool ruled = sw_event_winner(event, &hit);
    bool is_hit = event->type == SW_EVENT_HIT, is_before = event->type == SW_EVENT_BEFORE;
    bool is_ioc = ruled && hit.kind == SW_KIND_IOC;
    begin(writer, &json, is_before ? event->time_us : record->first_us,
          (is_hit || is_before) && is_ioc ? "alert" : "event", event_type(event),
          is_hit      ? action_text(event->action_taken)
          : is_before ? "seen-before"
                      : "answer");
    put_client(&json, event);
    put_question(&json, event);
    if (tags & (1U << SW_TAG_ALIAS | 1U << SW_TAG_ADDRESS))
        put_answers(&json, event);
    if (is_ioc)
        put_threat(&json, hit.list, hit.indicator, names_name(&hit), owned, owned_n);
    put_observer(&json, writer);
    put_actions(&json, event);
    put_circumstances(&json, record, tags, ruled ? &hit : NULL);
    put_hits(&json, event);
    put_owners(&json, owned, owned_n);
    if (tags & 1U << SW_TAG_ZONE)
        put_zone(&json, event);
    if (event->flags & SW_EVENT_TRUNCATED)
        sw_put_bool(&json, SW_FIELD_TRUNCATED, true);
    if (event->unjudged > 0)
        sw_put_number(&json, SW_FIELD_UNJUDGED, event->unjudged);
    return sw_json_end(&json, len);
}

static void put_history(struct sw_json *json, const struct sw_anomaly_report *report)
{
    sw_array_begin(json, SW_FIELD_ANOMALY_HISTORY);
    for (size_t i = 0; i < report->history_n && i < SW_EVIDENCE_MAX; i++) {
        const struct sw_name_addr *seen = &report->history[i];
        sw_array_object(json);
        put_owner(json, &seen->addr, &seen->owner);
        sw_put_time(json, SW_FIELD_HISTORY_FIRST, seen->first_us);
        sw_put_time(json, SW_FIELD_HISTORY_LAST, seen->last_us);
        sw_put_number(json, SW_FIELD_HISTORY_COUNT, seen->count);
        sw_object_end(json);
    }
    sw_array_end(json);
}

static void put_names(struct sw_json *json, const struct sw_anomaly_report *report)
{
    sw_array_begin(json, SW_FIELD_ANOMALY_NAMES);
    for (size_t i = 0; i < report->names_n && i < SW_NAMES_MAX; i++)
        sw_array_text(json, report->names[i]);
    sw_array_end(json);
    if (report->names_n > 0)
        sw_put_number(json, SW_FIELD_ANOMALY_NAMES_TOTAL, report->anomaly->other_names);
}

/* A neighbour, and the facts about the name. */
static void put_neighbour(struct sw_json *json, const struct sw_neighbour *one)
{
    const struct sw_namefacts *facts = &one->facts;
    sw_put_text(json, SW_FIELD_NEIGHBOUR_NAME, one->name);
    sw_put_time(json, SW_FIELD_NEIGHBOUR_FIRST, one->first_us);
    sw_put_time(json, SW_FIELD_NEIGHBOUR_LAST, one->last_us);
    if (one->count > 0)
        sw_put_number(json, SW_FIELD_NEIGHBOUR_COUNT, one->count);
    if (facts->of.class != SW_HOLDER_UNKNOWN) {
        sw_put_text(json, SW_FIELD_NEIGHBOUR_CLASS, sw_class_name(facts->of.class));
        sw_put_bool(json, SW_FIELD_NEIGHBOUR_PUBLIC, facts->is_public);
        sw_put_text(json, SW_FIELD_NEIGHBOUR_SUFFIX, facts->of.pattern);
        sw_put_text(json, SW_FIELD_NEIGHBOUR_TABLE, facts->table);
        sw_put_number(json, SW_FIELD_NEIGHBOUR_LINE, facts->of.line);
    }
    if (facts->rank > 0) {
        sw_put_text(json, SW_FIELD_NEIGHBOUR_TOP, facts->top);
        sw_put_number(json, SW_FIELD_NEIGHBOUR_RANK, facts->rank);
    }
}

static void put_neighbours(struct sw_json *json, const struct sw_anomaly_report *report)
{
    sw_array_begin(json, SW_FIELD_NEIGHBOURS);
    for (size_t i = 0; i < report->neighbours_n && i < SW_NEIGHBOURS_MAX; i++) {
        sw_array_object(json);
        put_neighbour(json, &report->neighbours[i]);
        sw_object_end(json);
    }
    sw_array_end(json);
}

/* The class of the holder, and the line or field that it comes from. */
static void put_class(struct sw_json *json, const struct sw_holder *holder)
{
    if (!holder || holder->of.class == SW_HOLDER_UNKNOWN)
        return;
    const struct sw_classed *of = &holder->of;
    sw_put_text(json, SW_FIELD_CLASS_NAME, sw_class_name(of->class));
    sw_put_text(json, SW_FIELD_CLASS_TABLE, of->table);
    if (of->line > 0)
        sw_put_number(json, SW_FIELD_CLASS_LINE, of->line);
    sw_put_text(json, SW_FIELD_CLASS_PATTERN, of->pattern);
    sw_put_text(json, SW_FIELD_CLASS_DATABASE, of->database);
    sw_put_text(json, SW_FIELD_CLASS_FIELD, of->field);
}

_Static_assert(SW_FIELD_SPREAD_PARKING - SW_FIELD_SPREAD_HOSTING ==
                   SW_HOLDER_PARKING - SW_HOLDER_HOSTING,
               "the fields of classes have the order of the classes");

/* How the names of the list are spread over classes of holders. */
static void put_spread(struct sw_json *json, const struct sw_anomaly *anomaly)
{
    sw_put_text(json, SW_FIELD_SPREAD_LIST, anomaly->list);
    sw_put_number(json, SW_FIELD_SPREAD_NAMES, anomaly->spread.names);
    for (unsigned c = SW_HOLDER_HOSTING; c < SW_HOLDER_COUNT; c++)
        if (anomaly->spread.of[c] > 0)
            sw_put_number(json, (enum sw_field)(SW_FIELD_SPREAD_HOSTING + c - SW_HOLDER_HOSTING),
                          anomaly->spread.of[c]);
}

/* The evidence for the type of anomaly. */
static void put_grounds(struct sw_json *json, const struct sw_anomaly_report *report)
{
    const struct sw_anomaly *anomaly = report->anomaly;
    if (anomaly->type == SW_ANOMALY_PROTECTED_OWNER) {
        sw_put_text(json, SW_FIELD_PROTECTED_LIST, anomaly->list);
        sw_put_text(json, SW_FIELD_PROTECTED_OWNER, anomaly->protected_owner);
        sw_put_text(json, SW_FIELD_PROTECTED_INDICATOR, anomaly->protected_by);
    } else if (anomaly->type == SW_ANOMALY_UNEXPECTED_OWNER) {
        char text[SW_DECLARED_MAX];
        const char *at = anomaly->declared;
        sw_put_text(json, SW_FIELD_EXPECTED_LIST, anomaly->list);
        sw_array_begin(json, SW_FIELD_EXPECTED_OWNERS);
        while ((at = sw_declared_next(at, text, sizeof(text))) != NULL)
            sw_array_text(json, text);
        sw_array_end(json);
        sw_put_text(json, SW_FIELD_RENAMED_FROM, anomaly->renamed_from);
    } else if (anomaly->former_addr.family != 0 || anomaly->silent_us != 0) {
        if (anomaly->expected)
            sw_put_text(json, SW_FIELD_EXPECTED_LIST, anomaly->list);
        sw_object_begin(json, SW_FIELD_ANOMALY_FORMER);
        put_owner(json, &anomaly->former_addr, &anomaly->former);
        sw_object_end(json);
        if (anomaly->silent_us != 0)
            sw_put_time(json, SW_FIELD_SILENT_SINCE, anomaly->silent_us);
    } else if (anomaly->type == SW_ANOMALY_DANGLING_ALIAS) {
        sw_put_text(json, SW_FIELD_ALIAS_TARGET, anomaly->target);
    } else if (anomaly->type == SW_ANOMALY_OWNER_FLUX) {
        sw_put_number(json, SW_FIELD_FLUX_AS, anomaly->flux_as);
        sw_put_number(json, SW_FIELD_FLUX_ADDRESSES, anomaly->flux_addresses);
        sw_put_number(json, SW_FIELD_FLUX_HOURS, report->flux_hours);
    } else if (anomaly->type == SW_ANOMALY_ODD_OWNER) {
        put_spread(json, anomaly);
    } else if (anomaly->special) {
        sw_put_addr(json, SW_FIELD_SPECIAL_BLOCK, &anomaly->special->block);
        sw_put_text(json, SW_FIELD_SPECIAL_NAME, anomaly->special->name);
        sw_put_text(json, SW_FIELD_SPECIAL_SOURCE, anomaly->special->source);
    }
}

static void put_delegation(struct sw_json *json, const struct sw_anomaly_report *report)
{
    if (!report->zone)
        return;
    sw_put_text(json, SW_FIELD_DELEGATION_ZONE, report->zone);
    sw_put_text(json, SW_FIELD_DELEGATION_SERVER, report->server);
    sw_array_begin(json, SW_FIELD_DELEGATION_SERVERS);
    for (size_t i = 0; i < report->servers_n; i++)
        sw_array_text(json, report->servers[i]);
    sw_array_end(json);
}

char *sw_document_anomaly(struct sw_writer *writer, const struct sw_anomaly_report *report,
                          size_t *len)
{
    const struct sw_anomaly *anomaly = report->anomaly;
    const char *type = sw_anomaly_name(anomaly->type);
    struct sw_owned owned = {.addr = anomaly->addr, .owner = *report->owner};
    struct sw_json json;
    begin(writer, &json, report->time_us, sw_anomaly_explained(anomaly) ? "event" : "alert", "info",
          type);
    sw_put_number(&json, SW_FIELD_EVENT_SEVERITY,
                  sw_anomaly_severity(anomaly, report->is_watched, report->zone));
    if (report->list[0] != '\0')
        put_threat(&json, report->list, report->indicator, false, &owned, 1);
    put_observer(&json, writer);
    sw_put_text(&json, SW_FIELD_ANOMALY_TYPE, type);
    sw_put_text(&json, SW_FIELD_ANOMALY_NAME, report->name);
    if (anomaly->addr.family != 0) {
        sw_put_addr(&json, SW_FIELD_ANOMALY_ADDRESS, &anomaly->addr);
        sw_object_begin(&json, SW_FIELD_ANOMALY_OWNER);
        put_owner(&json, &anomaly->addr, report->owner);
        sw_object_end(&json);
    }
    put_class(&json, report->holder);
    put_grounds(&json, report);
    put_delegation(&json, report);
    put_names(&json, report);
    put_neighbours(&json, report);
    sw_put_text(&json, SW_FIELD_KNOWN_LIST, anomaly->known_list);
    sw_put_text(&json, SW_FIELD_KNOWN_OWNER, anomaly->known_owner);
    if (report->finding) {
        sw_put_text(&json, SW_FIELD_FINDING_ID, report->finding);
        sw_put_number(&json, SW_FIELD_FINDING_MEMBERS, report->members);
    }
    if (anomaly->begin_us > 0)
        sw_put_time(&json, SW_FIELD_EPISODE_BEGIN, anomaly->begin_us);
    sw_put_time(&json, SW_FIELD_ANOMALY_FIRST, report->first_us);
    sw_put_number(&json, SW_FIELD_ANOMALY_COUNT, report->count);
    if (report->history_unread)
        sw_put_bool(&json, SW_FIELD_HISTORY_UNREAD, true);
    put_history(&json, report);
    return sw_json_end(&json, len);
}

char *sw_document_lost(struct sw_writer *writer, uint64_t lost, const char *where, int64_t time_us,
                       size_t *len)
{
    struct sw_json json;
    begin(writer, &json, time_us, "event", "info", "events-lost");
    put_observer(&json, writer);
    sw_put_number(&json, SW_FIELD_LOST, lost);
    sw_put_text(&json, SW_FIELD_LOST_WHERE, where);
    return sw_json_end(&json, len);
}
