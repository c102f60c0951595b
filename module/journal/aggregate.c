#include "journal/aggregate.h"

#include "base/indicator.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct sw_aggregate {
    struct sw_map open;
    int64_t window_us;
    size_t max;
};

/* What makes two events equal, as bytes. */
struct key {
    uint8_t octets[48 + SW_NAME_MAX + SW_LISTNAME_MAX + SW_INDICATORTEXT_MAX];
    size_t len;
};

struct sw_aggregate *sw_aggregate_new(int64_t window_us, size_t max)
{
    assert(max > 0);
    struct sw_aggregate *aggregate = calloc(1, sizeof(*aggregate));
    if (aggregate == NULL || sw_map_init(&aggregate->open, max) != SW_OK) {
        free(aggregate);
        return NULL;
    }
    aggregate->window_us = window_us;
    aggregate->max = max;
    return aggregate;
}

void sw_aggregate_free(struct sw_aggregate *aggregate)
{
    if (aggregate == NULL) {
        return;
    }
    struct sw_record *record;
    while ((record = sw_aggregate_flush(aggregate)) != NULL) {
        free(record);
    }
    sw_map_free(&aggregate->open);
    free(aggregate);
}

/* Append; what does not fit is left to the hash of the whole body. */
static void key_put(struct key *key, const void *value, size_t len)
{
    if (len <= sizeof(key->octets) - key->len) {
        memcpy(key->octets + key->len, value, len);
        key->len += len;
    }
}

/* A sum over the values of the body: the same for the same values in any order. */
static uint64_t body_sum(const struct sw_aggregate *aggregate, const struct sw_event *event,
                         struct sw_name *qname)
{
    uint64_t sum = 0;
    size_t cursor = 0;
    enum sw_event_tag tag;
    const uint8_t *value;
    size_t len;
    qname->len = 0;
    while (sw_event_next(event, &cursor, &tag, &value, &len)) {
        sum += sw_map_hash(&aggregate->open, value, len) * (2 * (uint64_t)tag + 1);
        if (tag == SW_TAG_QNAME && len <= SW_NAME_MAX) {
            qname->len = (uint8_t)len;
            memcpy(qname->wire, value, len);
        }
    }
    return sum;
}

static void key_make(const struct sw_aggregate *aggregate, const struct sw_event *event,
                     struct key *key)
{
    struct sw_name qname;
    struct sw_event_hit hit;
    uint64_t sum = body_sum(aggregate, event, &qname);
    uint8_t small[] = {
        event->type,         (uint8_t)(event->flags & (SW_EVENT_SHADOW | SW_EVENT_CLIENT)),
        event->action_taken, event->action_wanted,
        event->rcode,        event->client_family,
    };
    key->len = 0;
    key_put(key, small, sizeof(small));
    key_put(key, &event->qtype, sizeof(event->qtype));
    key_put(key, &event->qclass, sizeof(event->qclass));
    key_put(key, event->client, sizeof(event->client));
    key_put(key, &sum, sizeof(sum));
    key_put(key, qname.wire, qname.len);
    if (sw_event_winner(event, &hit)) {
        key_put(key, hit.list, strlen(hit.list) + 1);
        key_put(key, hit.indicator, strlen(hit.indicator) + 1);
    }
}

static struct sw_record *take(struct sw_aggregate *aggregate, struct sw_node *node)
{
    sw_map_remove(&aggregate->open, node);
    return (struct sw_record *)node;
}

/* Whether an event of this time still belongs to the window; several rings are drained one
 * after the other, so it may be a little older than the first. */
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
    if (event->time_us < record->first_us) {
        record->first_us = event->time_us;
    }
    if (event->time_us > record->last_us) {
        record->last_us = event->time_us;
    }
}

enum sw_status sw_aggregate_add(struct sw_aggregate *aggregate, const struct sw_event *event,
                                struct sw_record **out)
{
    *out = NULL;
    if (aggregate->window_us == 0) {
        *out = sw_record_new(event, "", 0);
        return *out != NULL ? SW_OK : SW_ENOMEM;
    }
    struct key key;
    key_make(aggregate, event, &key);
    struct sw_node *found = sw_map_find(&aggregate->open, key.octets, key.len);
    if (found != NULL && within(aggregate, (struct sw_record *)found, event->time_us)) {
        fold_in((struct sw_record *)found, event);
        return SW_OK;
    }
    struct sw_record *record = sw_record_new(event, key.octets, key.len);
    if (record == NULL) {
        return SW_ENOMEM;
    }
    if (found != NULL) {
        *out = take(aggregate, found);
    } else if (aggregate->open.n >= aggregate->max) {
        *out = take(aggregate, aggregate->open.oldest);
    }
    sw_map_insert(&aggregate->open, &record->node, record->node.key, record->node.key_len);
    return SW_OK;
}

struct sw_record *sw_aggregate_expired(struct sw_aggregate *aggregate, int64_t now_us)
{
    struct sw_node *oldest = aggregate->open.oldest;
    if (oldest == NULL) {
        return NULL;
    }
    /* A first time far in the future means that the clock was set back. */
    int64_t age = now_us - ((struct sw_record *)oldest)->first_us;
    bool over = age >= aggregate->window_us || -age > aggregate->window_us;
    return over ? take(aggregate, oldest) : NULL;
}

struct sw_record *sw_aggregate_flush(struct sw_aggregate *aggregate)
{
    struct sw_node *oldest = aggregate->open.oldest;
    return oldest != NULL ? take(aggregate, oldest) : NULL;
}

size_t sw_aggregate_open(const struct sw_aggregate *aggregate)
{
    return aggregate->open.n;
}
