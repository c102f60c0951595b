/* sighting.c - rdata of the kept types. See memory.h. */
#include "memory/memory.h"

#include <string.h>

/* Numbers of types (IANA "DNS Parameters"). */
enum {
    TYPE_A = 1,
    TYPE_NS = 2,
    TYPE_CNAME = 5,
    TYPE_SOA = 6,
    TYPE_PTR = 12,
    TYPE_MX = 15,
    TYPE_AAAA = 28,
    TYPE_SRV = 33,
    TYPE_DNAME = 39,
    TYPE_SVCB = 64,
    TYPE_HTTPS = 65
};

/* Rdata of a type: octets before the first name, names, and octets after the names. */
struct layout {
    uint16_t type;
    uint8_t before, names;
    uint8_t after;
    bool open; /* any number of further octets */
};

static const struct layout layouts[] = {
    {TYPE_A, 0, 0, 4, false},     /* RFC 1035 3.4.1 */
    {TYPE_NS, 0, 1, 0, false},    /* RFC 1035 3.3.11 */
    {TYPE_CNAME, 0, 1, 0, false}, /* RFC 1035 3.3.1 */
    {TYPE_SOA, 0, 2, 20, false},  /* RFC 1035 3.3.13 */
    {TYPE_PTR, 0, 1, 0, false},   /* RFC 1035 3.3.12 */
    {TYPE_MX, 2, 1, 0, false},    /* RFC 1035 3.3.9 */
    {TYPE_AAAA, 0, 0, 16, false}, /* RFC 3596 2.2 */
    {TYPE_SRV, 6, 1, 0, false},   /* RFC 2782 */
    {TYPE_DNAME, 0, 1, 0, false}, /* RFC 6672 2.1 */
    {TYPE_SVCB, 2, 1, 0, true},   /* RFC 9460 2.2 */
    {TYPE_HTTPS, 2, 1, 0, true},
};

static const struct layout *layout_of(uint16_t type)
{
    for (size_t i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++) {
        if (layouts[i].type == type)
            return &layouts[i];
    }
    return NULL;
}

bool sw_rdata_kept(uint16_t type)
{
    return layout_of(type) != NULL;
}

enum sw_status sw_rdata_canonical(uint16_t type, const uint8_t *rdata, size_t len, uint8_t *out)
{
    const struct layout *layout = layout_of(type);
    struct sw_name names[2];
    if (!layout || len < layout->before)
        return SW_EINVAL;
    if (len > SW_RDATA_MAX)
        return SW_ETOOBIG;
    size_t at = layout->before;
    for (unsigned i = 0; i < layout->names; i++) {
        if (sw_name_copy(rdata + at, len - at, &names[i]) != SW_OK)
            return SW_EINVAL;
        at += names[i].len;
    }
    if (layout->open ? len - at < layout->after : len - at != layout->after)
        return SW_EINVAL;
    memmove(out, rdata, len);
    at = layout->before;
    for (unsigned i = 0; i < layout->names; at += names[i++].len)
        memcpy(out + at, names[i].wire, names[i].len);
    return SW_OK;
}

int sw_rdata_name(uint16_t type, const uint8_t *rdata, size_t len)
{
    const struct layout *layout = layout_of(type);
    if (!layout || layout->names == 0 || len < layout->before ||
        sw_name_size(rdata + layout->before, len - layout->before) == 0)
        return -1;
    return layout->before;
}
