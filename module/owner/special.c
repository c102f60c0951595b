/*
 * special.c - the table of special blocks. See special.h.
 *
 * Rows: the IANA IPv4 and IPv6 Special-Purpose Address Registries (RFC 6890, RFC 8190) without the
 * blocks that are globally reachable as ordinary unicast (PCP and TURN anycast, AMT, AS112);
 * multicast (RFC 5771, RFC 4291); the relay anycast of 6to4, which RFC 7526 ended. 6to4 and NAT64
 * have no rows: the embedded IPv4 address is judged.
 */
#include "owner/special.h"

#include <stddef.h>

#define V4(a, b, c, d, len)                                                                        \
    {                                                                                              \
        .family = 4, .plen = (len), .octets = {(a), (b), (c), (d) }                                \
    }
#define V6(len, ...)                                                                               \
    {                                                                                              \
        .family = 6, .plen = (len), .octets = { __VA_ARGS__ }                                      \
    }

/* More specific rows first. */
static const struct sw_special table[] = {
    {V4(0, 0, 0, 0, 32), "unspecified", "RFC 1122"},
    {V4(0, 0, 0, 0, 8), "this network", "RFC 791"},
    {V4(10, 0, 0, 0, 8), "private use", "RFC 1918"},
    {V4(100, 64, 0, 0, 10), "shared address space", "RFC 6598"},
    {V4(127, 0, 0, 0, 8), "loopback", "RFC 1122"},
    {V4(169, 254, 0, 0, 16), "link local", "RFC 3927"},
    {V4(172, 16, 0, 0, 12), "private use", "RFC 1918"},
    {V4(192, 0, 0, 0, 29), "IPv4 service continuity", "RFC 7335"},
    {V4(192, 0, 0, 8, 32), "IPv4 dummy address", "RFC 7600"},
    {V4(192, 0, 0, 170, 31), "NAT64 discovery", "RFC 8880"},
    {V4(192, 0, 2, 0, 24), "documentation", "RFC 5737"},
    {V4(192, 88, 99, 0, 24), "6to4 relay anycast", "RFC 7526"},
    {V4(192, 168, 0, 0, 16), "private use", "RFC 1918"},
    {V4(198, 18, 0, 0, 15), "benchmarking", "RFC 2544"},
    {V4(198, 51, 100, 0, 24), "documentation", "RFC 5737"},
    {V4(203, 0, 113, 0, 24), "documentation", "RFC 5737"},
    {V4(224, 0, 0, 0, 4), "multicast", "RFC 5771"},
    {V4(255, 255, 255, 255, 32), "limited broadcast", "RFC 919"},
    {V4(240, 0, 0, 0, 4), "reserved", "RFC 1112"},
    {V6(128, 0), "unspecified", "RFC 4291"},
    {V6(128, [15] = 1), "loopback", "RFC 4291"},
    {V6(48, 0x00, 0x64, 0xff, 0x9b, 0x00, 0x01), "local-use translation", "RFC 8215"},
    {V6(64, 0x01, 0x00), "discard only", "RFC 6666"},
    {V6(64, 0x01, 0x00, [7] = 1), "dummy IPv6 prefix", "RFC 9780"},
    {V6(32, 0x20, 0x01), "Teredo", "RFC 4380"},
    {V6(48, 0x20, 0x01, 0x00, 0x02), "benchmarking", "RFC 5180"},
    {V6(28, 0x20, 0x01, 0x00, 0x10), "ORCHID", "RFC 4843"},
    {V6(28, 0x20, 0x01, 0x00, 0x20), "ORCHIDv2", "RFC 7343"},
    {V6(32, 0x20, 0x01, 0x0d, 0xb8), "documentation", "RFC 3849"},
    {V6(20, 0x3f, 0xff), "documentation", "RFC 9637"},
    {V6(16, 0x5f, 0x00), "segment routing", "RFC 9602"},
    {V6(7, 0xfc), "unique local", "RFC 4193"},
    {V6(10, 0xfe, 0x80), "link local", "RFC 4291"},
    {V6(10, 0xfe, 0xc0), "site local", "RFC 3879"},
    {V6(8, 0xff), "multicast", "RFC 4291"},
};

const struct sw_special *sw_special_find(const struct sw_addr *addr)
{
    struct sw_addr inner;
    const struct sw_addr *judged = sw_addr_embedded(addr, &inner) == SW_OK ? &inner : addr;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        if (sw_addr_covers(&table[i].block, judged))
            return &table[i];
    }
    return NULL;
}
