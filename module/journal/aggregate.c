#include "journal/aggregate.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct sw_aggregate {
    struct sw_map open;
    uint64_t secret[8];
    int64_t window_us;
    size_t max;
};

struct sw_aggregate *sw_aggregate_new(int64_t window_us, size_t max)
{
    assert(max > 0);
    struct sw_aggregate *aggregate = calloc(1, sizeof(*aggregate));
    if (!aggregate || sw_map_init(&aggregate->open, max) != SW_OK) {
        free(aggregate);
        return NULL;
    }
    sw_map_secret(aggregate->secret, sizeof(aggregate->secret) / sizeof(aggregate->secret[0]));
    aggregate->window_us = window_us;
    aggregate->max = max;
    return aggregate;
}

void sw_aggregate_free(struct sw_aggregate *aggregate)
{
    if (!aggregate)
        return;
    struct sw_record *record;
    while ((record = sw_aggregate_flush(aggregate)) != NULL)
        free(record);
    sw_map_free(&aggregate->open);
    free(aggregate);
}

/* Both halves of a 128-bit product, folded: every input bit reaches every output bit. */
static inline uint64_t fold(uint64_t a, uint64_t b)
{
    __uint128_t product = (__uint128_t)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* Two hashes of a value under two keys, added to a digest. Sums make the order of values
 * irrelevant. */
static inline void digest_value(const struct sw_aggregate *aggregate, uint64_t tag,
                                const uint8_t *octets, size_t len, struct sw_digest128 *digest)
{
    const uint64_t *secret = aggregate->secret;
    uint64_t start = tag << 32 | len, a = secret[0] ^ start, b = secret[1] ^ start;
    for (size_t at = 0; at < len; at += 8) {
        uint64_t word = 0;
        if (len - at >= 8)
            memcpy(&word, octets + at, 8);
        else
            memcpy(&word, octets + at, len - at);
        a = fold(a ^ word, secret[2] | 1);
        b = fold(b ^ word, secret[3] | 1);
    }
    digest->half[0] += fold(a ^ secret[4], secret[5] | 1);
    digest->half[1] += fold(b ^ secret[6], secret[7] | 1);
}

/* Flags that make another record. An answer that was expired is no sighting, and must not take a
 * valid one with it (D-138). */
#define MEANS (SW_EVENT_SHADOW | SW_EVENT_CLIENT | SW_EVENT_EXPIRED)

/* Two events are equal when all members are equal except time, port and other flags. */
static struct sw_digest128 digest_of(const struct sw_aggregate *aggregate,
                                     const struct sw_event *event)
{
    struct sw_digest128 digest = {{0, 0}};
    uint8_t head[8 + sizeof(event->client)] = {
        event->type,         (uint8_t)(event->flags & MEANS),
        event->action_taken, event->action_wanted,
        event->rcode,        event->client_family,
    };
    uint32_t question = (uint32_t)event->qclass << 16 | event->qtype;
    size_t cursor = 0, len;
    enum sw_event_tag tag;
    const uint8_t *value;
    memcpy(head + 8, event->client, sizeof(event->client));
    digest_value(aggregate, (uint64_t)question << 8, head, sizeof(head), &digest);
    if (!(event->flags & SW_EVENT_RESOLVED)) { /* nothing that could come in another order */
        digest_value(aggregate, 0, event->body, event->body_len, &digest);
        return digest;
    }
    while (sw_event_next(event, &cursor, &tag, &value, &len))
        digest_value(aggregate, tag, value, len, &digest);
    return digest;
}

static struct sw_record *take(struct sw_aggregate *aggregate, struct sw_node *node)
{
    sw_map_remove(&aggregate->open, node);
    return (struct sw_record *)node;
}

/* Whether an event of this time still belongs to the window. Rings are drained in turn, so an event
 * may be a little older than the first event of the window. */
static bool within(const struct sw_aggregate *aggregate, const struct sw_record *record,
                   int64_t time_us)
{
    return time_us - record->first_us < aggregate->window_us &&
           record->last_us - time_us < aggregate->window_us;
}

static void fold_in(struct sw_record *record, const struct sw_event *event)
{
    record->count++;
    record->event->flags |= event->flags & SW_EVENT_TRUNCATED;
    if (event->unjudged > record->event->unjudged)
        record->event->unjudged = event->unjudged;
    if (event->time_us < record->first_us)
        record->first_us = event->time_us;
    if (event->time_us > record->last_us)
        record->last_us = event->time_us;
}

void sw_aggregate_meet(const struct sw_aggregate *aggregate, struct sw_arrival *arrival)
{
    if (aggregate->window_us == 0) {
        arrival->place = NULL;
        return;
    }
    arrival->digest = digest_of(aggregate, &arrival->event);
    arrival->place = sw_map_place(&aggregate->open, arrival->digest.half[0]);
}

void sw_aggregate_fetch(const struct sw_arrival *arrival)
{
    if (arrival->place)
        sw_map_fetch(arrival->place);
}

enum sw_status sw_aggregate_add(struct sw_aggregate *aggregate, const struct sw_arrival *arrival,
                                struct sw_record **out)
{
    const struct sw_event *event = &arrival->event;
    const struct sw_digest128 *digest = &arrival->digest;
    *out = NULL;
    if (aggregate->window_us == 0) {
        *out = sw_record_new(event, NULL);
        return *out ? SW_OK : SW_ENOMEM;
    }
    struct sw_node *found =
        sw_map_find_hashed(&aggregate->open, digest->half[0], digest, sizeof(*digest));
    if (found && within(aggregate, (struct sw_record *)found, event->time_us)) {
        fold_in((struct sw_record *)found, event);
        return SW_OK;
    }
    struct sw_record *record = sw_record_new(event, digest);
    if (!record)
        return SW_ENOMEM;
    if (found)
        *out = take(aggregate, found);
    else if (aggregate->open.n >= aggregate->max)
        *out = take(aggregate, aggregate->open.oldest);
    sw_map_insert_hashed(&aggregate->open, &record->node, digest->half[0], &record->digest,
                         sizeof(record->digest));
    return SW_OK;
}

struct sw_record *sw_aggregate_expired(struct sw_aggregate *aggregate, int64_t now_us)
{
    struct sw_node *oldest = aggregate->open.oldest;
    if (!oldest)
        return NULL;
    /* A first time far in the future means that the clock was set back. */
    int64_t age = now_us - ((struct sw_record *)oldest)->first_us;
    bool over = age >= aggregate->window_us || -age > aggregate->window_us;
    return over ? take(aggregate, oldest) : NULL;
}

int64_t sw_aggregate_left(const struct sw_aggregate *aggregate, int64_t now_us)
{
    const struct sw_record *oldest = (const struct sw_record *)aggregate->open.oldest;
    if (!oldest)
        return INT64_MAX;
    int64_t age = now_us - oldest->first_us;
    return -age > aggregate->window_us ? 0 : aggregate->window_us - age;
}

struct sw_record *sw_aggregate_flush(struct sw_aggregate *aggregate)
{
    struct sw_node *oldest = aggregate->open.oldest;
    return oldest ? take(aggregate, oldest) : NULL;
}

size_t sw_aggregate_open(const struct sw_aggregate *aggregate)
{
    return aggregate->open.n;
}
