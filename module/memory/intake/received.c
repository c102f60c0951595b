#include "memory/intake/received.h"

#include <assert.h>
#include <string.h>

#define LENGTH_OCTETS 2

void sw_received_begin(struct sw_received *r, uint32_t time, uint16_t type, const uint8_t *owner,
                       size_t owner_len, const uint8_t *zone, size_t zone_len)
{
    assert(owner_len <= SW_NAME_MAX && zone_len <= SW_NAME_MAX);
    r->time = time;
    r->type = type;
    r->records = 0;
    r->left = 0;
    r->owner_len = (uint8_t)owner_len;
    r->zone_len = (uint8_t)zone_len;
    memcpy(r->body, owner, owner_len);
    memcpy(r->body + owner_len, zone, zone_len);
    r->body_len = (uint32_t)(owner_len + zone_len);
}

void sw_received_add(struct sw_received *r, const uint8_t *record, size_t len)
{
    if (len > sizeof(r->body) - r->body_len) {
        if (r->left < UINT16_MAX)
            r->left++;
        return;
    }
    memcpy(r->body + r->body_len, record, len);
    r->body_len += (uint32_t)len;
    r->records++;
}

size_t sw_received_size(const struct sw_received *r)
{
    return offsetof(struct sw_received, body) + r->body_len;
}

bool sw_received_whole(const struct sw_received *r, size_t len)
{
    return len > offsetof(struct sw_received, body) && r->body_len <= sizeof(r->body) &&
           sw_received_size(r) == len && (size_t)r->owner_len + r->zone_len <= r->body_len &&
           sw_name_size(r->body, r->owner_len) == r->owner_len &&
           sw_name_size(r->body + r->owner_len, r->zone_len) == r->zone_len;
}

bool sw_received_next(struct sw_received *r, size_t *cursor, uint8_t **rdata, size_t *len)
{
    if (*cursor == 0)
        *cursor = (size_t)r->owner_len + r->zone_len;
    if (r->body_len - *cursor < LENGTH_OCTETS)
        return false;
    const uint8_t *at = r->body + *cursor;
    size_t size = (size_t)at[0] << 8 | at[1];
    if (size > r->body_len - *cursor - LENGTH_OCTETS)
        return false;
    *rdata = r->body + *cursor + LENGTH_OCTETS;
    *len = size;
    *cursor += LENGTH_OCTETS + size;
    return true;
}
