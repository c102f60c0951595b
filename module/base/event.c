/*
 * event.c - the tagged values in an event's body.
 *
 * Each value: tag (1 octet), length (2 octets, the machine's order: events never leave the
 * process in this form), then the octets. A hit's value: winner, trigger, kind, action (1
 * octet each), list name and indicator text, each with a NUL.
 */
#include "base/event.h"

#include "base/name.h"

#include <string.h>

#define TAG_HEADER   3
#define HIT_FIXED    4
#define EVENT_HEADER offsetof(struct sw_event, body)

_Static_assert(SW_EVENT_BODY_MAX <= UINT16_MAX, "a value's length has 2 octets");

void sw_event_init(struct sw_event *ev, enum sw_event_type type, int64_t time_us)
{
    memset(ev, 0, EVENT_HEADER);
    ev->time_us = time_us;
    ev->type = (uint8_t)type;
    ev->ede = SW_EDE_OFF;
}

/* Make room for a value of len octets; NULL and SW_EVENT_TRUNCATED without room. */
static uint8_t *reserve(struct sw_event *ev, enum sw_event_tag tag, size_t len)
{
    size_t room = SW_EVENT_BODY_MAX - ev->body_len;
    if (room < TAG_HEADER || len > room - TAG_HEADER) {
        ev->flags |= SW_EVENT_TRUNCATED;
        return NULL;
    }
    uint8_t *at = ev->body + ev->body_len;
    uint16_t len16 = (uint16_t)len;
    at[0] = (uint8_t)tag;
    memcpy(at + 1, &len16, sizeof(len16));
    ev->body_len += (uint32_t)(TAG_HEADER + len);
    return at + TAG_HEADER;
}

bool sw_event_put(struct sw_event *ev, enum sw_event_tag tag, const void *value, size_t len)
{
    uint8_t *to = reserve(ev, tag, len);
    if (!to)
        return false;
    if (len > 0)
        memcpy(to, value, len);
    return true;
}

bool sw_event_put_name(struct sw_event *ev, enum sw_event_tag tag, const uint8_t *wire,
                       size_t max_len)
{
    size_t size = sw_name_size(wire, max_len);
    uint8_t *to = size > 0 ? reserve(ev, tag, size) : NULL;
    if (!to)
        return false;
    sw_name_fold(wire, size, to);
    return true;
}

bool sw_event_put_hit(struct sw_event *ev, const struct sw_event_hit *hit)
{
    size_t list_len = strlen(hit->list) + 1;
    size_t indicator_len = strlen(hit->indicator) + 1;
    uint8_t *to = reserve(ev, SW_TAG_HIT, HIT_FIXED + list_len + indicator_len);
    if (!to)
        return false;
    to[0] = hit->winner;
    to[1] = hit->trigger;
    to[2] = hit->kind;
    to[3] = hit->action;
    memcpy(to + HIT_FIXED, hit->list, list_len);
    memcpy(to + HIT_FIXED + list_len, hit->indicator, indicator_len);
    return true;
}

/* Octets of the body that may be read: body_len, limited to the size of the body. */
static size_t body_used(const struct sw_event *ev)
{
    return ev->body_len < SW_EVENT_BODY_MAX ? ev->body_len : SW_EVENT_BODY_MAX;
}

size_t sw_event_size(const struct sw_event *ev)
{
    return EVENT_HEADER + body_used(ev);
}

bool sw_event_next(const struct sw_event *ev, size_t *cursor, enum sw_event_tag *tag,
                   const uint8_t **value, size_t *len)
{
    size_t used = body_used(ev);
    if (*cursor > used || used - *cursor < TAG_HEADER)
        return false;
    const uint8_t *at = ev->body + *cursor;
    uint16_t len16;
    memcpy(&len16, at + 1, sizeof(len16));
    if (at[0] < SW_TAG_QNAME || at[0] > SW_TAG_WATCHED || len16 > used - *cursor - TAG_HEADER)
        return false;
    *tag = (enum sw_event_tag)at[0];
    *value = at + TAG_HEADER;
    *len = len16;
    *cursor += TAG_HEADER + (size_t)len16;
    return true;
}

bool sw_event_span(const struct sw_event *ev, struct sw_event_span *span)
{
    size_t cursor = 0, len;
    enum sw_event_tag tag;
    const uint8_t *value;
    while (sw_event_next(ev, &cursor, &tag, &value, &len)) {
        if (tag != SW_TAG_SPAN || len != sizeof(*span))
            continue;
        memcpy(span, value, sizeof(*span));
        return true;
    }
    return false;
}

unsigned sw_event_tags(const struct sw_event *ev)
{
    unsigned tags = 0;
    size_t cursor = 0, len;
    enum sw_event_tag tag;
    const uint8_t *value;
    while (sw_event_next(ev, &cursor, &tag, &value, &len))
        tags |= 1U << tag;
    return tags;
}

enum sw_status sw_event_get_hit(const uint8_t *value, size_t len, struct sw_event_hit *hit)
{
    if (len < HIT_FIXED + 2 || value[0] > 1 || value[1] >= SW_TRIGGER_COUNT ||
        value[2] >= SW_KIND_COUNT || value[3] >= SW_ACTION_COUNT)
        return SW_EFORMAT;
    const uint8_t *end = value + len;
    const uint8_t *list = value + HIT_FIXED;
    const uint8_t *list_end = memchr(list, '\0', (size_t)(end - list));
    if (!list_end || list_end + 1 == end)
        return SW_EFORMAT;
    const uint8_t *indicator = list_end + 1;
    if (memchr(indicator, '\0', (size_t)(end - indicator)) != end - 1)
        return SW_EFORMAT;
    *hit = (struct sw_event_hit){
        .winner = value[0],
        .trigger = value[1],
        .kind = value[2],
        .action = value[3],
        .list = (const char *)list,
        .indicator = (const char *)indicator,
    };
    return SW_OK;
}
