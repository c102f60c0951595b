/* entry.c - a field of the history as JSON, and the merge of two fields. See entry.h. */
#include "journal/history/entry.h"

#include "base/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ANOMALY_MAX 64 /* raised anomalies kept for a field */

/* "2026-11-23T01:02:03.456Z" as microseconds; 0 for other texts. */
static int64_t parse_time(const char *text)
{
    struct tm tm = {0};
    int ms = 0;
    if (!text || sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2d.%3dZ", &tm.tm_year, &tm.tm_mon, &tm.tm_mday,
                        &tm.tm_hour, &tm.tm_min, &tm.tm_sec, &ms) < 6) {
        return 0;
    }
    if (tm.tm_year < 0 || tm.tm_mon < 1 || tm.tm_mon > 12 || tm.tm_mday < 1 || tm.tm_mday > 31 ||
        tm.tm_hour < 0 || tm.tm_hour > 23 || tm.tm_min < 0 || tm.tm_min > 59 || tm.tm_sec < 0 ||
        tm.tm_sec > 60 || ms < 0) {
        return 0;
    }
    tm.tm_year -= 1900;
    tm.tm_mon -= 1;
    return (int64_t)timegm(&tm) * 1000000 + ms * 1000;
}

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

static void decode_owner(const json_t *object, struct sw_owner *owner)
{
    const char *why, *prefix = text_of(object, "prefix");
    if (sw_addr_parse(prefix, strlen(prefix), &owner->prefix, &why) != SW_OK)
        owner->prefix.family = 0;
    json_int_t asn = json_integer_value(json_object_get(object, "asn"));
    owner->asn = asn > 0 && asn <= UINT32_MAX ? (uint32_t)asn : 0;
    snprintf(owner->org, sizeof(owner->org), "%s", text_of(object, "org"));
    snprintf(owner->registrant, sizeof(owner->registrant), "%s", text_of(object, "registrant"));
    snprintf(owner->netname, sizeof(owner->netname), "%s", text_of(object, "netname"));
    snprintf(owner->country, sizeof(owner->country), "%s", text_of(object, "country"));
}

static uint64_t number_of(const json_t *object, const char *name)
{
    json_int_t number = json_integer_value(json_object_get(object, name));
    return number > 0 ? (uint64_t)number : 0;
}

static uint64_t count_of(const json_t *object)
{
    return number_of(object, "count");
}

/* Former owners: at most SW_FORMER_MAX objects. */
static json_t *decode_former(const json_t *object)
{
    json_t *former = json_object_get(object, "former"), *out = NULL, *one;
    size_t i;
    json_array_foreach(former, i, one)
    {
        if (!json_is_object(one) || i == SW_FORMER_MAX)
            continue;
        out = out ? out : json_array();
        json_array_append(out, one);
    }
    return out;
}

/* Episodes of a holder; an episode that ends before the begin is left out. */
static void decode_spans(const json_t *object, struct sw_seen_entry *entry)
{
    json_t *one;
    size_t i;
    json_array_foreach(json_object_get(object, "episodes"), i, one)
    {
        struct sw_span span = {.from_us = parse_time(text_of(one, "from")),
                               .to_us = parse_time(text_of(one, "to")),
                               .count = count_of(one)};
        if (span.from_us > 0 && span.to_us >= span.from_us)
            sw_seen_add_span(entry, &span);
    }
}

enum sw_status sw_seen_decode(const char *json, size_t len, struct sw_seen_entry *entry)
{
    json_t *object = json_loadb(json, len, 0, NULL);
    if (!json_is_object(object)) {
        json_decref(object);
        return SW_ESYNTAX;
    }
    memset(entry, 0, sizeof(*entry));
    entry->first_us = parse_time(text_of(object, "first"));
    entry->last_us = parse_time(text_of(object, "last"));
    entry->since_us = parse_time(text_of(object, "since"));
    entry->since_us = entry->since_us != 0 ? entry->since_us : entry->first_us;
    entry->count = count_of(object);
    entry->sweeps = number_of(object, "sweeps");
    const char *list = text_of(object, "list");
    snprintf(entry->list, sizeof(entry->list), "%s", sw_listname_ok(list) ? list : "");
    const char *server = text_of(object, "server");
    snprintf(entry->server, sizeof(entry->server), "%s",
             strlen(server) < sizeof(entry->server) ? server : "");
    decode_owner(object, &entry->owner);
    json_t *anomalies = json_object_get(object, "anomalies");
    entry->anomalies = json_is_array(anomalies) ? json_incref(anomalies) : NULL;
    entry->former = decode_former(object);
    decode_spans(object, entry);
    json_decref(object);
    return SW_OK;
}

void sw_seen_free(struct sw_seen_entry *entry)
{
    json_decref(entry->anomalies);
    json_decref(entry->former);
    entry->anomalies = entry->former = NULL;
}

bool sw_seen_former(const struct sw_seen_entry *entry, size_t i, struct sw_former *out)
{
    const json_t *object = json_array_get(entry->former, i);
    if (!object)
        return false;
    memset(out, 0, sizeof(*out));
    decode_owner(object, &out->owner);
    out->since_us = parse_time(text_of(object, "since"));
    out->last_us = parse_time(text_of(object, "last"));
    out->count = count_of(object);
    return true;
}

/* "" is left out. A text that is not UTF-8 (an organisation cut in the middle of a character)
 * loses all characters beyond ASCII. */
static void encode_text(json_t *object, const char *name, const char *text)
{
    char clean[SW_OWNERTEXT_MAX];
    json_t *value = text[0] != '\0' ? json_string(text) : NULL;
    if (!value && text[0] != '\0') {
        snprintf(clean, sizeof(clean), "%s", text);
        for (char *at = clean; *at != '\0'; at++)
            *at = (unsigned char)*at < 0x80 ? *at : '?';
        value = json_string(clean);
    }
    if (value)
        json_object_set_new(object, name, value);
}

static void encode_owner(json_t *object, const struct sw_owner *owner)
{
    char text[SW_ADDRTEXT_MAX];
    if (owner->prefix.family != 0)
        encode_text(object, "prefix", sw_addr_text(&owner->prefix, text));
    if (owner->asn != 0)
        json_object_set_new(object, "asn", json_integer(owner->asn));
    encode_text(object, "org", owner->org);
    encode_text(object, "registrant", owner->registrant);
    encode_text(object, "netname", owner->netname);
    encode_text(object, "country", owner->country);
}

static json_t *encode_spans(const struct sw_seen_entry *entry)
{
    char text[SW_TIMETEXT_MAX];
    json_t *spans = json_array();
    for (size_t i = 0; i < entry->spans_n; i++) {
        json_t *one = json_object();
        encode_text(one, "from", sw_time_text(entry->span[i].from_us, text));
        encode_text(one, "to", sw_time_text(entry->span[i].to_us, text));
        json_object_set_new(one, "count", json_integer((json_int_t)entry->span[i].count));
        json_array_append_new(spans, one);
    }
    return spans;
}

char *sw_seen_encode(const struct sw_seen_entry *entry, bool of_name)
{
    char text[SW_TIMETEXT_MAX];
    json_t *object = json_object();
    if (of_name) {
        encode_owner(object, &entry->owner);
        encode_text(object, "server", entry->server);
    } else {
        encode_text(object, "list", entry->list);
    }
    encode_text(object, "first", sw_time_text(entry->first_us, text));
    encode_text(object, "last", sw_time_text(entry->last_us, text));
    json_object_set_new(object, "count", json_integer((json_int_t)entry->count));
    if (entry->sweeps > 0)
        json_object_set_new(object, "sweeps", json_integer((json_int_t)entry->sweeps));
    if (of_name && entry->former) {
        encode_text(object, "since", sw_time_text(entry->since_us, text));
        json_object_set(object, "former", entry->former);
    }
    if (entry->spans_n > 0)
        json_object_set_new(object, "episodes", encode_spans(entry));
    if (entry->anomalies)
        json_object_set(object, "anomalies", entry->anomalies);
    char *json = object ? json_dumps(object, JSON_COMPACT) : NULL;
    json_decref(object);
    return json;
}

/* ---- merging ---- */

#define TIME_MARK " @" /* between a remembered anomaly and its time */

/* Length of a remembered anomaly without the time. */
static size_t anomaly_length(const char *text)
{
    const char *end = NULL, *at = text;
    while ((at = strstr(at, TIME_MARK))) {
        end = at;
        at += strlen(TIME_MARK);
    }
    return end ? (size_t)(end - text) : strlen(text);
}

bool sw_seen_remembered(const struct sw_seen_entry *entry, size_t i, char *anomaly, size_t room,
                        int64_t *time_us)
{
    if (i >= json_array_size(entry->anomalies))
        return false;
    const char *text = json_string_value(json_array_get(entry->anomalies, i));
    text = text ? text : "";
    size_t len = anomaly_length(text);
    int64_t at = text[len] != '\0' ? parse_time(text + len + strlen(TIME_MARK)) : 0;
    int64_t seen = entry->last_us > entry->since_us ? entry->last_us : entry->since_us;
    *time_us = at != 0 ? at : seen;
    snprintf(anomaly, room, "%.*s", (int)len, text);
    return true;
}

void sw_seen_remember(struct sw_seen_entry *entry, const char *anomaly, int64_t time_us)
{
    char time[SW_TIMETEXT_MAX], whole[SW_ANOMALYTEXT_MAX + SW_TIMETEXT_MAX + 4];
    size_t len = strlen(anomaly);
    snprintf(whole, sizeof(whole), "%s" TIME_MARK "%s", anomaly, sw_time_text(time_us, time));
    if (!entry->anomalies)
        entry->anomalies = json_array();
    for (size_t i = 0; i < json_array_size(entry->anomalies); i++) {
        const char *known = json_string_value(json_array_get(entry->anomalies, i));
        if (!known || anomaly_length(known) != len || strncmp(known, anomaly, len) != 0)
            continue;
        if (known[len] == '\0' || parse_time(known + len + strlen(TIME_MARK)) < time_us)
            json_array_set_new(entry->anomalies, i, json_string(whole));
        return;
    }
    if (json_array_size(entry->anomalies) < ANOMALY_MAX)
        json_array_append_new(entry->anomalies, json_string(whole));
}

/* The span at position i takes over the next span. */
static void join_next(struct sw_seen_entry *entry, size_t i)
{
    struct sw_span *one = &entry->span[i];
    const struct sw_span *next = one + 1;
    one->to_us = next->to_us > one->to_us ? next->to_us : one->to_us;
    one->count += next->count;
    entry->spans_n--;
    memmove(one + 1, one + 2, (entry->spans_n - i - 1) * sizeof(*one));
}

void sw_seen_add_span(struct sw_seen_entry *entry, const struct sw_span *span)
{
    size_t at = entry->spans_n;
    while (at > 0 && entry->span[at - 1].from_us > span->from_us)
        at--;
    bool full = entry->spans_n == SW_SPANS_MAX;
    bool joins = at > 0 && entry->span[at - 1].to_us >= span->from_us;
    if (joins) { /* the span before takes this span over */
        struct sw_span *before = &entry->span[--at];
        before->to_us = span->to_us > before->to_us ? span->to_us : before->to_us;
        before->count += span->count;
    } else if (full && at == 0) {
        return; /* older than all that are kept */
    } else {
        if (full) {
            memmove(entry->span, entry->span + 1, (SW_SPANS_MAX - 1) * sizeof(*span));
            entry->spans_n--;
            at--;
        }
        memmove(&entry->span[at + 1], &entry->span[at], (entry->spans_n - at) * sizeof(*span));
        entry->span[at] = *span;
        entry->spans_n++;
    }
    while (at + 1 < entry->spans_n && entry->span[at + 1].from_us <= entry->span[at].to_us)
        join_next(entry, at);
}

uint64_t sw_seen_owner_count(const struct sw_seen_entry *entry)
{
    struct sw_former former;
    uint64_t count = entry->count;
    for (size_t i = 0; sw_seen_former(entry, i, &former); i++)
        count -= former.count < count ? former.count : count;
    return count;
}

/* Append a former owner. With too many the oldest goes and the next takes over the count. */
static void push_former(struct sw_seen_entry *entry, const struct sw_former *former)
{
    char text[SW_TIMETEXT_MAX];
    json_t *object = json_object();
    entry->former = entry->former ? entry->former : json_array();
    encode_owner(object, &former->owner);
    encode_text(object, "since", sw_time_text(former->since_us, text));
    encode_text(object, "last", sw_time_text(former->last_us, text));
    json_object_set_new(object, "count", json_integer((json_int_t)former->count));
    json_array_append_new(entry->former, object);
    if (json_array_size(entry->former) > SW_FORMER_MAX) {
        json_t *next = json_array_get(entry->former, 1);
        uint64_t sum = count_of(next) + count_of(json_array_get(entry->former, 0));
        json_object_set_new(next, "count", json_integer((json_int_t)sum));
        json_array_remove(entry->former, 0);
    }
}

/* Take an owner out of the former owners, if present. */
static bool take_former(struct sw_seen_entry *entry, const struct sw_owner *owner,
                        struct sw_former *out)
{
    for (size_t i = 0; sw_seen_former(entry, i, out); i++) {
        if (sw_owner_same(&out->owner, owner)) {
            json_array_remove(entry->former, i);
            return true;
        }
    }
    return false;
}

void sw_seen_owned(struct sw_seen_entry *entry, const struct sw_former *now)
{
    struct sw_former then;
    bool first = entry->count == 0 && !entry->former;
    if (first || sw_owner_same(&entry->owner, &now->owner)) {
        entry->since_us =
            first || now->since_us < entry->since_us ? now->since_us : entry->since_us;
    } else {
        bool before = take_former(entry, &now->owner, &then);
        struct sw_former was = {.owner = entry->owner,
                                .since_us = entry->since_us,
                                .last_us = entry->last_us,
                                .count = sw_seen_owner_count(entry)};
        was.count -= before && then.count < was.count ? then.count : 0;
        push_former(entry, &was);
        entry->since_us = before && then.since_us != 0 ? then.since_us : now->since_us;
    }
    entry->owner = now->owner;
    entry->count += now->count;
    entry->last_us = now->last_us > entry->last_us ? now->last_us : entry->last_us;
}
