/*
 * fuzz_event.c - the contents of a worker's ring: the body of an event (base/event.h), and the
 * journal's reading: record, aggregation, document.
 *
 * The input is a struct sw_event as in memory, but for the time, which is ours and not theirs.
 * A damaged body ends a walk and nothing else; the document is always valid JSON.
 */
#include "base/event.h"
#include "fuzz.h"
#include "journal/aggregate.h"
#include "journal/dnstap.h"
#include "journal/document.h"

#include <jansson.h>

#define TIME_US INT64_C(1431000000000000)

/* Every value lies within the body, in order, and hits are terminated. */
static size_t walk(const struct sw_event *event)
{
    enum sw_event_tag tag;
    const uint8_t *value, *end = event->body;
    size_t cursor = 0, len, n = 0;
    while (sw_event_next(event, &cursor, &tag, &value, &len)) {
        struct sw_event_hit hit;
        FUZZ_CHECK(tag >= SW_TAG_QNAME && tag <= SW_TAG_SPAN);
        FUZZ_CHECK(value > end && value + len == event->body + cursor);
        FUZZ_CHECK(cursor <= event->body_len && cursor <= SW_EVENT_BODY_MAX);
        end = value + len;
        n++;
        if (tag != SW_TAG_HIT || sw_event_get_hit(value, len, &hit) != SW_OK)
            continue;
        FUZZ_CHECK(hit.trigger < SW_TRIGGER_COUNT && hit.kind < SW_KIND_COUNT);
        FUZZ_CHECK(hit.action < SW_ACTION_COUNT && hit.winner <= 1);
        FUZZ_CHECK(strlen(hit.list) + strlen(hit.indicator) + 2 == len - 4);
    }
    return n;
}

/* Put again, value by value, all values fit and are the same. */
static void rebuild(const struct sw_event *event, size_t values)
{
    struct sw_event copy;
    enum sw_event_tag tag;
    const uint8_t *value;
    size_t cursor = 0, len;
    sw_event_init(&copy, SW_EVENT_HIT, TIME_US);
    while (sw_event_next(event, &cursor, &tag, &value, &len)) {
        struct sw_event_hit hit;
        if (tag == SW_TAG_HIT && sw_event_get_hit(value, len, &hit) == SW_OK)
            FUZZ_CHECK(sw_event_put_hit(&copy, &hit));
        else
            FUZZ_CHECK(sw_event_put(&copy, tag, value, len));
    }
    FUZZ_CHECK(copy.flags == 0 && copy.body_len == cursor);
    FUZZ_CHECK(memcmp(copy.body, event->body, cursor) == 0);
    FUZZ_CHECK(walk(&copy) == values);
}

/* Owners for the addresses, of octets that a database might hold. */
static size_t own(const struct sw_event *event, struct sw_owned *owned, size_t max)
{
    enum sw_event_tag tag;
    const uint8_t *value;
    size_t cursor = 0, len, n = 0;
    while (n < max && sw_event_next(event, &cursor, &tag, &value, &len)) {
        struct sw_owned *one = &owned[n];
        memset(one, 0, sizeof(*one));
        if (tag != SW_TAG_ADDRESS || sw_addr_from_octets(value, len, &one->addr) != SW_OK)
            continue;
        one->owner.asn = value[0];
        one->owner.prefix = one->addr;
        memcpy(one->owner.org, value, len);
        n++;
    }
    return n;
}

static void document(const struct sw_record *record)
{
    struct sw_writer writer = {.observer = "ns1", .started_us = TIME_US};
    struct sw_owned owned[4];
    size_t len = 0;
    char *json = sw_document_event(&writer, record, owned, own(record->event, owned, 4), &len);
    FUZZ_CHECK(json && strlen(json) == len && !memchr(json, '\n', len));
    json_t *object = json_loadb(json, len, JSON_REJECT_DUPLICATES, NULL);
    FUZZ_CHECK(json_is_object(object));
    json_decref(object);
    free(json);
}

/* A hit of a client, and nothing else, is a message that fits. */
static void tap(const struct sw_event *event)
{
    uint8_t *out = calloc(SW_DNSTAP_MAX, 1);
    FUZZ_CHECK(out);
    size_t len = sw_dnstap_encode(event, "ns1", out);
    FUZZ_CHECK(len <= SW_DNSTAP_MAX && (len == 0 || event->type == SW_EVENT_HIT));
    free(out);
}

/* The same event twice is a single record, with a count of two. */
static void aggregate(const struct sw_event *event)
{
    struct sw_aggregate *a = sw_aggregate_new(1000000, 8);
    struct sw_record *out = NULL;
    struct sw_arrival *arrival = malloc(sizeof(*arrival));
    FUZZ_CHECK(a && arrival);
    memcpy(&arrival->event, event, sw_event_size(event));
    for (unsigned i = 0; i < 2; i++) {
        sw_aggregate_meet(a, arrival);
        sw_aggregate_fetch(arrival);
        FUZZ_CHECK(sw_aggregate_add(a, arrival, &out) == SW_OK && !out);
    }
    free(arrival);
    FUZZ_CHECK(sw_aggregate_open(a) == 1);
    out = sw_aggregate_flush(a);
    FUZZ_CHECK(out && out->count == 2);
    document(out);
    free(out);
    sw_aggregate_free(a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sw_event *event = fuzz_copy(data, size), whole;
    if (size >= offsetof(struct sw_event, body))
        event->time_us = TIME_US;
    if (size >= offsetof(struct sw_event, body) && sw_event_whole(event, size)) {
        FUZZ_CHECK(sw_event_size(event) <= size);
        rebuild(event, walk(event));
        tap(event);
        aggregate(event);
    }
    /* As if the worker had given a wrong length: the whole struct is there to be read. */
    memset(&whole, 0, sizeof(whole));
    memcpy(&whole, event, size < sizeof(whole) ? size : sizeof(whole));
    walk(&whole);
    FUZZ_CHECK(sw_event_size(&whole) <= sizeof(whole));
    free(event);
    return 0;
}
