#include "journal/record.h"

#include <stdlib.h>
#include <string.h>

struct sw_record *sw_record_new(const struct sw_event *event, const struct sw_digest128 *digest)
{
    size_t size = sw_event_size(event);
    struct sw_record *record = malloc(sizeof(*record) + size);
    if (!record)
        return NULL;
    memset(record, 0, sizeof(*record));
    record->event = (struct sw_event *)(void *)(record + 1);
    memcpy(record->event, event, size);
    if (digest)
        record->digest = *digest;
    record->first_us = event->time_us;
    record->last_us = event->time_us;
    record->count = 1;
    return record;
}

struct sw_record *sw_record_lost(uint64_t lost, int64_t time_us)
{
    struct sw_record *record = calloc(1, sizeof(*record));
    if (record) {
        record->lost = lost;
        record->first_us = time_us;
        record->last_us = time_us;
    }
    return record;
}

bool sw_event_winner(const struct sw_event *event, struct sw_event_hit *hit)
{
    size_t cursor = 0;
    enum sw_event_tag tag;
    const uint8_t *value;
    size_t len;
    bool found = false;
    while (sw_event_next(event, &cursor, &tag, &value, &len)) {
        struct sw_event_hit one;
        if (tag != SW_TAG_HIT || sw_event_get_hit(value, len, &one) != SW_OK)
            continue;
        if (one.winner || !found) {
            *hit = one;
            found = true;
        }
        if (one.winner)
            break;
    }
    return found;
}

bool sw_event_qname(const struct sw_event *event, struct sw_name *name)
{
    size_t cursor = 0;
    enum sw_event_tag tag;
    const uint8_t *value;
    size_t len;
    while (sw_event_next(event, &cursor, &tag, &value, &len)) {
        if (tag == SW_TAG_QNAME)
            return sw_name_copy(value, len, name) == SW_OK;
    }
    return false;
}

bool sw_event_whole(const struct sw_event *event, size_t len)
{
    size_t head = offsetof(struct sw_event, body);
    return len >= head && event->body_len <= SW_EVENT_BODY_MAX && event->body_len <= len - head;
}
