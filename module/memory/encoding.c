/* encoding.c - keys and values of DNSDB's tables. See encoding.h. */
#include "memory/encoding.h"
#include "memory/octets.h"

#include <string.h>

#define TYPES_MAX 256 /* types of a name that are listed; with more the value is "all" */

/* ---- names ---- */

size_t sw_reverse_name(const uint8_t *wire, uint8_t *out)
{
    size_t len = 0;
    for (const uint8_t *label = wire; *label > 0; label += *label + 1u)
        len += *label + 1u;
    size_t at = len;
    for (const uint8_t *label = wire; *label > 0; label += *label + 1u) {
        at -= *label + 1u;
        memcpy(out + at, label, *label + 1u);
    }
    return len;
}

size_t sw_unreverse_name(const uint8_t *in, size_t len, struct sw_name *name)
{
    size_t size = sw_name_size(in, len < SW_NAME_MAX ? len : SW_NAME_MAX);
    if (size == 0)
        return 0;
    sw_reverse_name(in, name->wire);
    name->wire[size - 1] = 0;
    name->len = (uint8_t)size;
    return size;
}

/* ---- keys ---- */

static void add(struct sw_key *key, const void *octets, size_t len)
{
    memcpy(key->octets + key->len, octets, len);
    key->len += len;
}

static void add_octet(struct sw_key *key, unsigned octet)
{
    key->octets[key->len++] = (uint8_t)octet;
}

static void add_number(struct sw_key *key, uint64_t number)
{
    key->len += sw_put_varint(key->octets + key->len, number);
}

static void add_reversed(struct sw_key *key, const uint8_t *wire)
{
    key->len += sw_reverse_name(wire, key->octets + key->len);
    add_octet(key, 0);
}

void sw_encode_owner(const struct sw_sighting *sighting, struct sw_key *key)
{
    const uint8_t *zone = sighting->zone ? sighting->zone : (const uint8_t *)"";
    key->len = 0;
    add_octet(key, SW_ROW_OWNER);
    add_reversed(key, sighting->owner);
    add_number(key, sighting->type);
    add_reversed(key, zone);
    add_number(key, sighting->rdata_len);
    add(key, sighting->rdata, sighting->rdata_len);
}

size_t sw_rdata_sliced(uint16_t type)
{
    return type == 15 || type == 64 || type == 65 ? 2 : type == 33 ? 6 : 0;
}

void sw_encode_rdata(const struct sw_sighting *sighting, bool sliced, struct sw_key *key)
{
    size_t before = sliced ? sw_rdata_sliced(sighting->type) : 0, rest;
    rest = sighting->rdata_len - before;
    key->len = 0;
    add_octet(key, SW_ROW_RDATA);
    add(key, sighting->rdata + before, rest);
    add_number(key, sighting->type);
    add_reversed(key, sighting->owner);
    add(key, sighting->rdata, before);
    add_octet(key, rest & 255);
    add_octet(key, (unsigned)(rest >> 8));
}

bool sw_encode_rdata_name(const struct sw_sighting *sighting, struct sw_key *key)
{
    int at = sw_rdata_name(sighting->type, sighting->rdata, sighting->rdata_len);
    if (at < 0)
        return false;
    key->len = 0;
    add_octet(key, SW_ROW_RDATA_NAME);
    add_reversed(key, sighting->rdata + at);
    return true;
}

static bool take_rdata(struct sw_decoded *out, size_t at, const uint8_t *octets, size_t len)
{
    if (len > sizeof(out->rdata) - at)
        return false;
    if (len > 0)
        memcpy(out->rdata + at, octets, len);
    out->sighting.rdata = out->rdata;
    out->sighting.rdata_len = (uint16_t)(at + len);
    return true;
}

/* Type and owner, in this order in one entry and in the other order in the other. */
static size_t get_type(const uint8_t *key, size_t len, struct sw_decoded *out)
{
    uint64_t type;
    size_t n = sw_get_varint(key, len, &type);
    if (n == 0 || type > UINT16_MAX)
        return 0;
    out->sighting.type = (uint16_t)type;
    return n;
}

static size_t get_owner(const uint8_t *key, size_t len, struct sw_decoded *out)
{
    out->sighting.owner = out->owner.wire;
    return sw_unreverse_name(key, len, &out->owner);
}

/* Owner, type and zone; the octets used, or 0. */
static size_t decode_head(const uint8_t *key, size_t len, struct sw_decoded *out)
{
    size_t at = 1, n = get_owner(key + at, len - at, out);
    if (n == 0)
        return 0;
    at += n;
    n = get_type(key + at, len - at, out);
    if (n == 0)
        return 0;
    at += n;
    n = sw_unreverse_name(key + at, len - at, &out->zone);
    out->sighting.zone = out->zone.len > 1 ? out->zone.wire : NULL;
    return n > 0 ? at + n : 0;
}

enum sw_status sw_decode_owner(const uint8_t *key, size_t len, size_t *at, struct sw_decoded *out)
{
    uint64_t size;
    if (len == 0 || key[0] != SW_ROW_OWNER)
        return SW_EFORMAT;
    if (*at == 0)
        *at = decode_head(key, len, out);
    if (*at == 0)
        return SW_EFORMAT;
    if (*at == len)
        return SW_ENOTFOUND;
    size_t n = sw_get_varint(key + *at, len - *at, &size);
    if (n == 0 || size > len - *at - n)
        return SW_EFORMAT;
    *at += n + (size_t)size;
    return take_rdata(out, 0, key + *at - size, (size_t)size) ? SW_OK : SW_ETOOBIG;
}

enum sw_status sw_decode_rdata(const uint8_t *key, size_t len, struct sw_decoded *out)
{
    if (len < 3 || key[0] != SW_ROW_RDATA)
        return SW_EFORMAT;
    size_t end = len - 2, rest = key[end] | (size_t)key[end + 1] << 8, at = 1 + rest;
    if (rest > end - 1)
        return SW_EFORMAT;
    size_t n = get_type(key + at, end - at, out);
    if (n == 0)
        return SW_EFORMAT;
    at += n;
    n = get_owner(key + at, end - at, out);
    if (n == 0)
        return SW_EFORMAT;
    at += n;
    out->sighting.zone = NULL;
    out->sliced = end > at;
    return take_rdata(out, 0, key + at, end - at) && take_rdata(out, end - at, key + 1, rest)
               ? SW_OK
               : SW_ETOOBIG;
}

/* ---- values ---- */

void sw_encode_times(uint64_t first, uint64_t last, uint64_t count, struct sw_value *value)
{
    value->len = sw_put_varint(value->octets, first);
    value->len += sw_put_varint(value->octets + value->len, last);
    value->len += sw_put_varint(value->octets + value->len, count);
}

void sw_encode_type(uint16_t type, struct sw_value *value)
{
    value->octets[0] = (uint8_t)type;
    value->octets[1] = (uint8_t)(type >> 8);
    value->len = type < 256 ? 1 : 2;
}

/* Read n numbers that fill the value. */
static bool get_numbers(const uint8_t *value, size_t len, uint64_t *numbers, int n)
{
    size_t at = 0;
    for (int i = 0; i < n; i++) {
        size_t used = sw_get_varint(value + at, len - at, &numbers[i]);
        if (used == 0)
            return false;
        at += used;
    }
    return at == len;
}

bool sw_decode_times(const uint8_t *value, size_t len, uint64_t times[3])
{
    return get_numbers(value, len, times, 3);
}

static uint64_t lower(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t higher(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* n = 2: first and last; 3: with the count. */
static bool merge_times(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len, int n,
                        struct sw_buffer *merged)
{
    uint64_t x[3] = {0}, y[3] = {0};
    struct sw_value value;
    if (!get_numbers(a, a_len, x, n) || !get_numbers(b, b_len, y, n))
        return false;
    uint64_t count = x[2] > UINT64_MAX - y[2] ? UINT64_MAX : x[2] + y[2];
    sw_encode_times(lower(x[0], y[0]), higher(x[1], y[1]), count, &value);
    if (n == 2) /* the count is 0, an octet */
        value.len--;
    merged->len = 0;
    return sw_buffer_add(merged, value.octets, value.len);
}

/* Types in ascending order. */
struct types {
    unsigned n;
    uint16_t type[TYPES_MAX];
};

static bool add_type(struct types *types, unsigned type)
{
    unsigned at = types->n;
    while (at > 0 && types->type[at - 1] > type)
        at--;
    if (at > 0 && types->type[at - 1] == type)
        return true;
    if (types->n == TYPES_MAX)
        return false;
    memmove(types->type + at + 1, types->type + at, (types->n - at) * sizeof(types->type[0]));
    types->type[at] = (uint16_t)type;
    types->n++;
    return true;
}

/* Add the types of a value; false: damaged, or too many. */
static bool add_types(struct types *types, const uint8_t *value, size_t len)
{
    if (len <= 2)
        return add_type(types, len == 2 ? value[0] | (unsigned)value[1] << 8 : value[0]);
    for (size_t at = 0; at < len; at += 2u + value[at + 1]) {
        if (len - at < 3 || value[at + 1] > len - at - 2)
            return false;
        for (unsigned bit = 0; bit < 8u * value[at + 1]; bit++) {
            if (value[at + 2 + bit / 8] & 0x80 >> bit % 8 &&
                !add_type(types, value[at] * 256u + bit))
                return false;
        }
    }
    return true;
}

/* RFC 4034 4.1.2: windows of 256 types, each with its number and a bitmap of 1..32 octets. */
static bool put_types(const struct types *types, struct sw_buffer *merged)
{
    merged->len = 0;
    for (unsigned i = 0; i < types->n;) {
        uint8_t window[34] = {(uint8_t)(types->type[i] >> 8)};
        for (; i < types->n && types->type[i] >> 8 == window[0]; i++) {
            unsigned low = types->type[i] & 255;
            window[2 + low / 8] |= (uint8_t)(0x80 >> low % 8);
            window[1] = (uint8_t)(low / 8 + 1);
        }
        if (!sw_buffer_add(merged, window, 2u + window[1]))
            return false;
    }
    return true;
}

static bool merge_types(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len,
                        struct sw_buffer *merged)
{
    struct types types = {0};
    merged->len = 0;
    if (a_len == 0 || b_len == 0) /* no value: all types */
        return true;
    if (a_len == b_len && memcmp(a, b, a_len) == 0)
        return sw_buffer_add(merged, a, a_len);
    if (!add_types(&types, a, a_len) || !add_types(&types, b, b_len))
        return true;
    return put_types(&types, merged);
}

bool sw_merge_values(unsigned entry, const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len,
                     struct sw_buffer *merged)
{
    uint64_t x, y;
    switch (entry) {
    case SW_ROW_OWNER:
    case SW_ROW_RDATA:
        return merge_times(a, a_len, b, b_len, 3, merged);
    case SW_ROW_TIMES:
        return merge_times(a, a_len, b, b_len, 2, merged);
    case SW_ROW_VERSION:
        if (!get_numbers(a, a_len, &x, 1) || !get_numbers(b, b_len, &y, 1))
            return false;
        merged->len = 0;
        return sw_buffer_add(merged, x < y ? a : b, x < y ? a_len : b_len);
    default:
        return merge_types(a, a_len, b, b_len, merged);
    }
}
