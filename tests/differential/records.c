/* RRsets drawn from a hash: see records.h. */
#include "records.h"

#include <string.h>

#define SVCB_ALPN     1 /* RFC 9460 14.3.2 */
#define SVCB_PORT     3
#define SVCB_IPV4HINT 4
#define SVCB_IPV6HINT 6
#define DRAW_ADDRESS  100  /* draws for addresses: this and the following numbers */
#define DRAW_TYPE     1000 /* this and the type: the records of the type, and their TTL */

const uint16_t sw_records_types[] = {SW_A,   SW_AAAA, SW_MX,    SW_TXT,  SW_HTTPS, SW_SVCB, SW_SRV,
                                     SW_CAA, SW_PTR,  SW_NAPTR, SW_TLSA, SW_NULL,  0};

uint32_t sw_records_ttl(uint64_t draw)
{
    static const uint32_t ttls[] = {300, 300, 3600, 300,       60,         300,        0,   1,
                                    300, 30,  300,  200000000, 0x7fffffff, 0xffffffff, 600, 300};
    return ttls[draw & 15];
}

void sw_records_name(const struct sw_wire_name *owner, uint16_t type, uint32_t ttl,
                     const struct sw_wire_name *target, struct sw_set *out)
{
    sw_set_begin(out, owner, type, ttl);
    sw_set_add(out, target->wire, target->size);
}

void sw_records_soa(const struct sw_wire_name *apex, uint32_t minimum, struct sw_set *out)
{
    struct sw_wire_name server, person;
    uint8_t rdata[2 * SW_NAME_MAX + 22];
    const uint32_t numbers[5] = {1, 3600, 600, 86400, minimum};
    sw_name_below("ns", apex, &server);
    sw_name_below("hostmaster", apex, &person);
    memcpy(rdata, server.wire, server.size);
    memcpy(rdata + server.size, person.wire, person.size);
    size_t n = server.size + person.size;
    for (int i = 0; i < 5; i++, n += 4)
        sw_put32(rdata + n, numbers[i]);
    sw_set_begin(out, apex, SW_SOA, minimum);
    sw_set_add(out, rdata, n);
}

/** 5.0.0.0/8 mostly: 16 networks that the AS database knows; some special addresses. */
static void draw_ipv4(uint64_t draw, uint8_t out[4])
{
    static const uint8_t special[4][4] = {
        {127, 0, 0, 1}, {0, 0, 0, 0}, {10, 1, 2, 3}, {224, 0, 0, 5}};
    const uint8_t usual[4] = {5, (uint8_t)(draw >> 8 & 15), (uint8_t)(draw >> 16 & 15),
                              (uint8_t)(draw >> 24)};
    memcpy(out, draw % 200 == 0 ? special[draw >> 8 & 3] : usual, 4);
}

/** 2a00:5::/32 mostly; sometimes an IPv4 address inside: mapped, 6to4, NAT64. */
static void draw_ipv6(uint64_t draw, uint8_t out[16])
{
    static const uint8_t nat64[4] = {0, 0x64, 0xff, 0x9b}; /* 64:ff9b::/96, RFC 6052 2.1 */
    memset(out, 0, 16);
    switch (draw % 40) {
    case 0: /* ::ffff:0:0/96, RFC 4291 2.5.5.2 */
        out[10] = out[11] = 0xff;
        draw_ipv4(draw >> 6, out + 12);
        break;
    case 1: /* 2002::/16, RFC 3056 2 */
        out[0] = 0x20;
        out[1] = 0x02;
        draw_ipv4(draw >> 6, out + 2);
        break;
    case 2:
        memcpy(out, nat64, 4);
        draw_ipv4(draw >> 6, out + 12);
        break;
    default:
        out[0] = 0x2a;
        out[3] = 5;
        out[5] = (uint8_t)(draw >> 8 & 15);
        out[7] = (uint8_t)(draw >> 16 & 15);
        out[15] = (uint8_t)(draw >> 24);
    }
}

static unsigned draw_count(uint64_t draw)
{
    static const unsigned counts[] = {1, 1, 1, 1, 2, 2, 3, 4, 1, 2, 1, 8, 20, 1, 2, 80};
    return counts[draw >> 12 & 15];
}

/** A set of addresses without repetition. */
static void addresses(const struct sw_world *world, const struct sw_wire_name *owner, size_t size,
                      unsigned n, struct sw_set *out)
{
    uint8_t octets[16];
    for (unsigned i = 0; i < n; i++) {
        uint64_t draw = sw_draw(world, owner, DRAW_ADDRESS + (unsigned)size + i * 16);
        if (size == 4)
            draw_ipv4(draw, octets);
        else
            draw_ipv6(draw, octets);
        bool there = false;
        for (unsigned j = 0; j < out->count; j++)
            there |= memcmp(out->octets + out->record[j].at, octets, size) == 0;
        if (!there)
            sw_set_add(out, octets, size);
    }
}

/** A name that another record points to: a host in some zone. */
static void draw_target(const struct sw_world *world, uint64_t draw, struct sw_wire_name *out)
{
    static const enum sw_zone zones[] = {SW_ZONE_ONE, SW_ZONE_TWO, SW_ZONE_SECURE, SW_ZONE_OPEN};
    struct sw_node node = {.zone = zones[draw & 3],
                           .kind = draw >> 2 & 3 ? SW_KIND_ADDRESS : SW_KIND_CHAIN,
                           .steps = 2,
                           .number = (unsigned)(draw >> 16) % world->pool};
    sw_node_name(&node, out);
}

static size_t put_parameter(uint8_t *at, unsigned key, const uint8_t *value, size_t size)
{
    sw_put16(at, key);
    sw_put16(at + 2, (unsigned)size);
    memcpy(at + 4, value, size);
    return 4 + size;
}

/** Alias form, or service form with hints. */
static void svcb(const struct sw_world *world, uint64_t draw, struct sw_set *out)
{
    static const uint8_t alpn[] = {2, 'h', '2'}, port[] = {0x20, 0xfb};
    uint8_t rdata[SW_NAME_MAX + 128] = {0}, hints[64];
    struct sw_wire_name target;
    bool alias = draw % 5 == 0;
    rdata[1] = alias ? 0 : (uint8_t)(1 + draw % 3);
    size_t n = 3; /* the root: the owner itself */
    if (alias || draw % 3 == 0) {
        draw_target(world, draw >> 8, &target);
        memcpy(rdata + 2, target.wire, target.size);
        n = 2 + target.size;
    }
    if (!alias) {
        n += put_parameter(rdata + n, SVCB_ALPN, alpn, sizeof(alpn));
        n += put_parameter(rdata + n, SVCB_PORT, port, sizeof(port));
        draw_ipv4(draw >> 3, hints);
        draw_ipv4(draw >> 7, hints + 4);
        n += put_parameter(rdata + n, SVCB_IPV4HINT, hints, draw >> 4 & 1 ? 8 : 4);
        draw_ipv6(draw >> 5, hints);
        if (draw >> 9 & 1)
            n += put_parameter(rdata + n, SVCB_IPV6HINT, hints, 16);
    }
    sw_set_add(out, rdata, n);
}

/** Numbers, then the name of a host: MX, SRV, NAPTR, PTR. */
static void pointing(const struct sw_world *world, uint16_t type, uint64_t draw, struct sw_set *out)
{
    static const uint8_t naptr[] = {0, 1,   0, 1,
                                    1, 's', 0, 0}; /* order .. services, no expression */
    static const uint8_t srv[] = {0, 10, 0, 5, 0, 80};
    uint8_t rdata[SW_NAME_MAX + 16] = {0};
    struct sw_wire_name target;
    size_t n = type == SW_MX ? 2 : type == SW_SRV ? 6 : type == SW_NAPTR ? sizeof(naptr) : 0;
    if (type == SW_SRV || type == SW_NAPTR)
        memcpy(rdata, type == SW_SRV ? srv : naptr, n);
    for (unsigned i = 0; i <= (draw & 1); i++) {
        draw_target(world, draw >> (8 + 4 * i), &target);
        if (n)
            rdata[1] = (uint8_t)(10 + i);
        memcpy(rdata + n, target.wire, target.size);
        sw_set_add(out, rdata, n + target.size);
    }
}

static void text(uint64_t draw, struct sw_set *out)
{
    uint8_t rdata[256];
    size_t n = draw % 5 == 0 ? 255 : 1 + draw % 30;
    for (unsigned i = 0; i <= (draw >> 8) % 3; i++) {
        rdata[0] = (uint8_t)n;
        memset(rdata + 1, (int)('a' + i), n);
        sw_set_add(out, rdata, n + 1);
        n = n > 2 ? n - 1 : 1;
    }
}

void sw_records_host(const struct sw_world *world, const struct sw_wire_name *owner, uint16_t type,
                     struct sw_set *out)
{
    static const uint8_t caa[] = {0, 5, 'i', 's', 's', 'u', 'e', 'c', 'a'};
    uint64_t draw = sw_draw(world, owner, DRAW_TYPE + type);
    sw_set_begin(out, owner, type, sw_records_ttl(draw >> 32));
    if (type != SW_A && draw % 100 >= (type == SW_AAAA ? 75U : 55U))
        return;
    draw >>= 7;
    switch (type) {
    case SW_A:
        addresses(world, owner, 4, draw_count(draw), out);
        break;
    case SW_AAAA:
        addresses(world, owner, 16, draw_count(draw), out);
        break;
    case SW_MX:
    case SW_SRV:
    case SW_NAPTR:
    case SW_PTR:
        pointing(world, type, draw, out);
        break;
    case SW_HTTPS:
    case SW_SVCB:
        svcb(world, draw, out);
        break;
    case SW_TXT:
        text(draw, out);
        break;
    case SW_CAA:
        sw_set_add(out, caa, sizeof(caa));
        break;
    case SW_TLSA:
    case SW_NULL:
    case SW_UNKNOWN:
        sw_set_add(out, &draw, 4 + draw % 4);
        break;
    default:
        break;
    }
}
