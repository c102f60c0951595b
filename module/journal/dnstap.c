/* dnstap.c - see dnstap.h. */
#include "journal/dnstap.h"

#include "base/indicator.h"
#include "base/version.h"
#include "journal/record.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define US_PER_S     1000000
#define QUESTION_MAX (12 + SW_NAME_MAX + 4)
#define EXTRA_MAX    96
#define IDENTITY_MAX 128
#define POLICY_MAX   2048
#define MESSAGE_MAX  3072
#define FIELDS_MAX   64 /* numbers of fields, lengths and small values of a message */

_Static_assert(64 + SW_INDICATORTEXT_MAX + SW_NAME_MAX + FIELDS_MAX <= POLICY_MAX, "room");
_Static_assert(POLICY_MAX + QUESTION_MAX + FIELDS_MAX <= MESSAGE_MAX, "room");
_Static_assert(MESSAGE_MAX + IDENTITY_MAX + EXTRA_MAX + FIELDS_MAX <= SW_DNSTAP_MAX, "room");

/* Numbers of dnstap.proto. */
enum { DNSTAP_IDENTITY = 1, DNSTAP_VERSION = 2, DNSTAP_EXTRA = 3, DNSTAP_MESSAGE = 14 };
enum { DNSTAP_TYPE = 15, TYPE_MESSAGE = 1 };
enum { MESSAGE_TYPE = 1, MESSAGE_FAMILY = 2, MESSAGE_PROTOCOL = 3, MESSAGE_ADDRESS = 4 };
enum { MESSAGE_PORT = 6, MESSAGE_TIME_SEC = 8, MESSAGE_TIME_NSEC = 9, MESSAGE_QUERY = 10 };
enum { MESSAGE_POLICY = 15, CLIENT_QUERY = 5, INET = 1, INET6 = 2, UDP = 1, TCP = 2 };
enum { POLICY_TYPE = 1, POLICY_RULE = 2, POLICY_ACTION = 3, POLICY_MATCH = 4, POLICY_VALUE = 5 };
enum { NXDOMAIN = 1, NODATA = 2, PASS = 3, DROP = 4, TRUNCATE = 5, LOCAL_DATA = 6 };
enum { MATCH_QNAME = 1, CLIENT_IP = 2, RESPONSE_IP = 3, NS_NAME = 4, NS_IP = 5 };

/* ---- Protocol Buffers ---- */

enum { WIRE_VARINT = 0, WIRE_OCTETS = 2, WIRE_FIXED32 = 5 };

/* Octets that are being written. The buffers of this file have room for the largest event. */
struct octets {
    uint8_t *at, *end;
};

static void put(struct octets *out, const void *data, size_t len)
{
    assert((size_t)(out->end - out->at) >= len);
    if (len > 0)
        memcpy(out->at, data, len);
    out->at += len;
}

static void put_varint(struct octets *out, uint64_t value)
{
    uint8_t octet;
    do {
        octet = (uint8_t)((value & 0x7f) | (value > 0x7f ? 0x80 : 0));
        put(out, &octet, 1);
    } while (value >>= 7);
}

static void put_number(struct octets *out, unsigned field, uint64_t value)
{
    put_varint(out, field << 3 | WIRE_VARINT);
    put_varint(out, value);
}

static void put_octets(struct octets *out, unsigned field, const void *data, size_t len)
{
    put_varint(out, field << 3 | WIRE_OCTETS);
    put_varint(out, len);
    put(out, data, len);
}

static void put_text(struct octets *out, unsigned field, const char *text)
{
    put_octets(out, field, text, strlen(text));
}

static void put_fixed32(struct octets *out, unsigned field, uint32_t value)
{
    uint8_t octets[4];
    for (unsigned i = 0; i < sizeof(octets); i++)
        octets[i] = (uint8_t)(value >> (8 * i));
    put_varint(out, field << 3 | WIRE_FIXED32);
    put(out, octets, sizeof(octets));
}

/* ---- the policy ---- */

static unsigned action_of(enum sw_action taken)
{
    static const unsigned actions[SW_ACTION_COUNT] = {
        [SW_ACTION_PASSTHRU] = PASS,       [SW_ACTION_MONITOR] = PASS,
        [SW_ACTION_NXDOMAIN] = NXDOMAIN,   [SW_ACTION_NODATA] = NODATA,
        [SW_ACTION_DROP] = DROP,           [SW_ACTION_TCP_ONLY] = TRUNCATE,
        [SW_ACTION_SINKHOLE] = LOCAL_DATA, [SW_ACTION_CNAME] = LOCAL_DATA,
    };
    return taken < SW_ACTION_COUNT ? actions[taken] : 0;
}

static const struct {
    unsigned match;
    enum sw_event_tag tag; /* of the values that the rule was compared with */
} triggers[SW_TRIGGER_COUNT] = {
    [SW_TRIGGER_QNAME] = {MATCH_QNAME, SW_TAG_QNAME},
    [SW_TRIGGER_CNAME] = {MATCH_QNAME, SW_TAG_ALIAS},
    [SW_TRIGGER_ADDRESS] = {RESPONSE_IP, SW_TAG_ADDRESS},
    [SW_TRIGGER_ASN] = {RESPONSE_IP, SW_TAG_ADDRESS},
    [SW_TRIGGER_CLIENT] = {CLIENT_IP, 0},
    [SW_TRIGGER_NSDNAME] = {NS_NAME, SW_TAG_SERVER},
    [SW_TRIGGER_NSIP] = {NS_IP, SW_TAG_SERVED_AT},
};

static bool covers(const struct sw_indicator *rule, const uint8_t *value, size_t len)
{
    struct sw_addr addr;
    if (rule->type == SW_INDICATOR_DOMAIN)
        return sw_name_size(value, len) == len && sw_name_below_or_equal(value, rule->name.wire);
    return rule->type == SW_INDICATOR_ASN ||
           (rule->type == SW_INDICATOR_PREFIX && sw_addr_from_octets(value, len, &addr) == SW_OK &&
            sw_addr_covers(&rule->addr, &addr));
}

/* The first value with the tag that the rule covers; false: none, as where the value did not fit
 * into the event. */
static bool find_value(const struct sw_event *event, enum sw_event_tag wanted,
                       const char *indicator, const uint8_t **value, size_t *len)
{
    struct sw_indicator rule;
    char why[SW_WHY_MAX];
    enum sw_event_tag tag;
    size_t cursor = 0;
    if (sw_indicator_parse(indicator, strlen(indicator), &rule, why) != SW_OK)
        return false;
    while (sw_event_next(event, &cursor, &tag, value, len))
        if (tag == wanted && *len <= SW_NAME_MAX && covers(&rule, *value, *len))
            return true;
    return false;
}

static size_t client_size(const struct sw_event *event)
{
    return event->client_family == 4 ? 4 : 16;
}

static void put_policy(struct octets *out, const struct sw_event *event,
                       const struct sw_event_hit *hit)
{
    uint8_t buffer[POLICY_MAX];
    char rule[64 + SW_INDICATORTEXT_MAX];
    struct octets policy = {buffer, buffer + sizeof(buffer)};
    unsigned action = action_of((enum sw_action)event->action_taken);
    const uint8_t *value = event->client;
    size_t len = client_size(event);
    snprintf(rule, sizeof(rule), "%.63s/%.*s", hit->list, SW_INDICATORTEXT_MAX - 1, hit->indicator);
    put_text(&policy, POLICY_TYPE, "sinkwatch");
    put_text(&policy, POLICY_RULE, rule);
    if (action)
        put_number(&policy, POLICY_ACTION, action);
    put_number(&policy, POLICY_MATCH, triggers[hit->trigger].match);
    if (hit->trigger == SW_TRIGGER_CLIENT ||
        find_value(event, triggers[hit->trigger].tag, hit->indicator, &value, &len))
        put_octets(&policy, POLICY_VALUE, value, len);
    put_octets(out, MESSAGE_POLICY, buffer, (size_t)(policy.at - buffer));
}

/* ---- the message ---- */

/* The question as a query (RFC 1035 4.1): id 0, recursion desired. */
static void put_question(struct octets *out, const struct sw_event *event)
{
    uint8_t message[QUESTION_MAX] = {[2] = 0x01, [5] = 1};
    enum sw_event_tag tag;
    const uint8_t *name;
    size_t cursor = 0, len;
    while (sw_event_next(event, &cursor, &tag, &name, &len))
        if (tag == SW_TAG_QNAME && len <= SW_NAME_MAX && sw_name_size(name, len) == len) {
            uint8_t *at = message + 12;
            memcpy(at, name, len);
            at += len;
            *at++ = (uint8_t)(event->qtype >> 8);
            *at++ = (uint8_t)event->qtype;
            *at++ = (uint8_t)(event->qclass >> 8);
            *at++ = (uint8_t)event->qclass;
            put_octets(out, MESSAGE_QUERY, message, (size_t)(at - message));
            return;
        }
}

static void put_message(struct octets *out, const struct sw_event *event,
                        const struct sw_event_hit *hit)
{
    uint8_t buffer[MESSAGE_MAX];
    struct octets message = {buffer, buffer + sizeof(buffer)};
    put_number(&message, MESSAGE_TYPE, CLIENT_QUERY);
    put_number(&message, MESSAGE_FAMILY, event->client_family == 4 ? INET : INET6);
    put_number(&message, MESSAGE_PROTOCOL, event->flags & SW_EVENT_TCP ? TCP : UDP);
    put_octets(&message, MESSAGE_ADDRESS, event->client, client_size(event));
    put_number(&message, MESSAGE_PORT, event->client_port);
    put_number(&message, MESSAGE_TIME_SEC, (uint64_t)event->time_us / US_PER_S);
    put_fixed32(&message, MESSAGE_TIME_NSEC,
                (uint32_t)((uint64_t)event->time_us % US_PER_S * 1000));
    put_question(&message, event);
    put_policy(&message, event, hit);
    put_octets(out, DNSTAP_MESSAGE, buffer, (size_t)(message.at - buffer));
}

size_t sw_dnstap_encode(const struct sw_event *event, const char *identity,
                        uint8_t out[SW_DNSTAP_MAX])
{
    struct octets tap = {out, out + SW_DNSTAP_MAX};
    struct sw_event_hit hit;
    char extra[EXTRA_MAX];
    bool client =
        event->flags & SW_EVENT_CLIENT && (event->client_family == 4 || event->client_family == 6);
    if (event->type != SW_EVENT_HIT || !client || !sw_event_winner(event, &hit) ||
        hit.trigger >= SW_TRIGGER_COUNT || event->action_wanted >= SW_ACTION_COUNT ||
        event->action_taken >= SW_ACTION_COUNT)
        return 0;
    snprintf(extra, sizeof(extra), "trigger=%s wanted=%s taken=%s",
             sw_trigger_name((enum sw_trigger)hit.trigger),
             sw_action_name((enum sw_action)event->action_wanted),
             sw_action_name((enum sw_action)event->action_taken));
    put_octets(&tap, DNSTAP_IDENTITY, identity, strnlen(identity, IDENTITY_MAX));
    put_text(&tap, DNSTAP_VERSION, "sinkwatch " SW_VERSION);
    put_text(&tap, DNSTAP_EXTRA, extra);
    put_message(&tap, event, &hit);
    put_number(&tap, DNSTAP_TYPE, TYPE_MESSAGE);
    return (size_t)(tap.at - out);
}
