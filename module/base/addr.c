/*
 * addr.c - addresses and prefixes: parse, print, cover.
 */
#include "base/addr.h"

#include "base/name.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

_Static_assert(INET6_ADDRSTRLEN + 4 <= SW_ADDRTEXT_MAX, "address text with prefix length");

static enum sw_status refuse(enum sw_status status, const char *words, const char **why)
{
    if (why)
        *why = words;
    return status;
}

unsigned sw_addr_bits(const struct sw_addr *addr)
{
    return addr->family == 4 ? 32 : 128;
}

/* The address without a prefix length. inet_pton() refuses leading zeros in IPv4 octets, zone
 * identifiers and white space. */
static enum sw_status parse_address(const char *text, size_t text_len, struct sw_addr *out,
                                    const char **why)
{
    char copy[INET6_ADDRSTRLEN];
    if (text_len == 0 || text_len >= sizeof(copy) || memchr(text, '\0', text_len))
        return refuse(SW_ESYNTAX, "not an IPv4 or IPv6 address", why);
    memcpy(copy, text, text_len);
    copy[text_len] = '\0';

    bool v6 = memchr(text, ':', text_len) != NULL;
    *out = (struct sw_addr){.family = v6 ? 6 : 4, .plen = v6 ? 128 : 32};
    if (inet_pton(v6 ? AF_INET6 : AF_INET, copy, out->octets) == 1)
        return SW_OK;
    return refuse(SW_ESYNTAX, v6 ? "not an IPv6 address" : "not an IPv4 address", why);
}

/* The digits after the '/'. */
static enum sw_status parse_plen(const char *text, size_t text_len, unsigned max, unsigned *plen,
                                 const char **why)
{
    if (text_len == 0 || text_len > 3)
        return refuse(SW_ESYNTAX, "prefix length is not 1 to 3 digits", why);
    unsigned value = 0;
    for (size_t i = 0; i < text_len; i++) {
        if (text[i] < '0' || text[i] > '9')
            return refuse(SW_ESYNTAX, "prefix length is not 1 to 3 digits", why);
        value = value * 10 + (unsigned)(text[i] - '0');
    }
    if (text[0] == '0' && text_len > 1)
        return refuse(SW_ESYNTAX, "prefix length has a leading zero", why);
    if (value > max)
        return refuse(SW_EINVAL,
                      max == 32 ? "prefix length over 32 for IPv4" : "prefix length over 128", why);
    *plen = value;
    return SW_OK;
}

enum sw_status sw_addr_parse(const char *text, size_t text_len, struct sw_addr *out,
                             const char **why)
{
    const char *slash = text_len > 0 ? memchr(text, '/', text_len) : NULL;
    size_t address_len = slash ? (size_t)(slash - text) : text_len;
    struct sw_addr addr;
    enum sw_status status = parse_address(text, address_len, &addr, why);
    if (status != SW_OK)
        return status;
    if (slash) {
        unsigned plen;
        status = parse_plen(slash + 1, text_len - address_len - 1, addr.plen, &plen, why);
        if (status != SW_OK)
            return status;
        struct sw_addr whole = addr;
        sw_addr_mask(&addr, plen);
        if (memcmp(whole.octets, addr.octets, sizeof(addr.octets)) != 0)
            return refuse(SW_EINVAL, "prefix with host bits set", why);
    }
    *out = addr;
    return SW_OK;
}

enum sw_status sw_addr_from_octets(const uint8_t *octets, size_t len, struct sw_addr *out)
{
    if (len == 4) {
        *out = (struct sw_addr){.family = 4, .plen = 32};
        memcpy(out->octets, octets, 4);
    } else if (len == 16) {
        *out = (struct sw_addr){.family = 6, .plen = 128};
        memcpy(out->octets, octets, 16);
    } else {
        return SW_EINVAL;
    }
    return SW_OK;
}

/* Dotted decimal. inet_ntop() prints by format, which takes ten times as long. */
static void dotted(const uint8_t octets[4], char *to)
{
    for (int i = 0; i < 4; i++) {
        unsigned octet = octets[i];
        if (octet >= 100)
            *to++ = (char)('0' + octet / 100);
        if (octet >= 10)
            *to++ = (char)('0' + octet / 10 % 10);
        *to++ = (char)('0' + octet % 10);
        *to++ = '.';
    }
    to[-1] = '\0';
}

char *sw_addr_text(const struct sw_addr *addr, char text[SW_ADDRTEXT_MAX])
{
    text[0] = '\0';
    if (addr->family != 4 && addr->family != 6)
        return text;
    if (addr->family == 4)
        dotted(addr->octets, text);
    else
        inet_ntop(AF_INET6, addr->octets, text, INET6_ADDRSTRLEN);
    if (addr->plen < sw_addr_bits(addr)) {
        size_t used = strlen(text);
        snprintf(text + used, SW_ADDRTEXT_MAX - used, "/%u", (unsigned)addr->plen);
    }
    return text;
}

void sw_addr_mask(struct sw_addr *addr, unsigned plen)
{
    size_t whole = plen / 8;
    unsigned rest = plen % 8;
    if (whole < sizeof(addr->octets)) {
        addr->octets[whole] &= (uint8_t)(0xff00u >> rest);
        memset(addr->octets + whole + 1, 0, sizeof(addr->octets) - whole - 1);
    }
    addr->plen = (uint8_t)plen;
}

bool sw_addr_covers(const struct sw_addr *prefix, const struct sw_addr *addr)
{
    if (prefix->family != addr->family || prefix->plen > addr->plen)
        return false;
    size_t whole = prefix->plen / 8;
    if (memcmp(prefix->octets, addr->octets, whole) != 0)
        return false;
    unsigned rest = prefix->plen % 8;
    return rest == 0 || ((prefix->octets[whole] ^ addr->octets[whole]) & 0xff00u >> rest) == 0;
}

bool sw_addr_equal(const struct sw_addr *a, const struct sw_addr *b)
{
    return a->family == b->family && a->plen == b->plen &&
           memcmp(a->octets, b->octets, sizeof(a->octets)) == 0;
}

/* What stands before an embedded IPv4 address. */
static const struct {
    uint8_t octets[12], len;
} embeddings[SW_EMBEDDINGS] = {
    {{[10] = 0xff, [11] = 0xff}, 12},     /* RFC 4291 2.5.5.2 */
    {{0x00, 0x64, 0xff, 0x9b, 0x00}, 12}, /* RFC 6052 2.1 */
    {{0x20, 0x02}, 2},                    /* RFC 3056 2 */
};

enum sw_status sw_addr_embedded(const struct sw_addr *addr, struct sw_addr *ipv4)
{
    if (addr->family != 6 || addr->plen != 128)
        return SW_ENOTFOUND;
    for (size_t i = 0; i < SW_EMBEDDINGS; i++)
        if (memcmp(addr->octets, embeddings[i].octets, embeddings[i].len) == 0)
            return sw_addr_from_octets(addr->octets + embeddings[i].len, 4, ipv4);
    return SW_ENOTFOUND;
}

size_t sw_addr_embeddings(const struct sw_addr *ipv4, struct sw_addr out[SW_EMBEDDINGS])
{
    if (ipv4->family != 4)
        return 0;
    for (size_t i = 0; i < SW_EMBEDDINGS; i++) {
        size_t len = embeddings[i].len;
        out[i] = (struct sw_addr){.family = 6, .plen = (uint8_t)(8 * len + ipv4->plen)};
        memcpy(out[i].octets, embeddings[i].octets, len);
        memcpy(out[i].octets + len, ipv4->octets, 4);
    }
    return SW_EMBEDDINGS;
}

enum sw_status sw_addr_translated(const struct sw_addr *prefix, const struct sw_addr *addr,
                                  struct sw_addr *ipv4)
{
    uint8_t octets[4];
    size_t from = prefix->plen / 8U;
    bool of_a_kind = prefix->plen % 8 == 0 && from >= 4 && (from <= 8 || from == 12);
    if (prefix->family != 6 || addr->family != 6 || addr->plen != 128 || !of_a_kind ||
        !sw_addr_covers(prefix, addr))
        return SW_ENOTFOUND;
    for (size_t i = 0; i < 4; i++) {
        if (from == 8)
            from++; /* RFC 6052 2.2: bits 64 to 71 hold no part of the IPv4 address */
        octets[i] = addr->octets[from++];
    }
    return sw_addr_from_octets(octets, 4, ipv4);
}

/* ---- reverse names ---- */

/* The number of a decimal label without leading zeros; -1 for any other label or above 255. */
static int octet_label(const uint8_t *label)
{
    int value = 0;
    if (label[0] == 0 || label[0] > 3 || (label[0] > 1 && label[1] == '0'))
        return -1;
    for (unsigned i = 1; i <= label[0]; i++) {
        if (label[i] < '0' || label[i] > '9')
            return -1;
        value = value * 10 + (label[i] - '0');
    }
    return value <= 255 ? value : -1;
}

/* The number of a label that is a hexadecimal digit; -1 for any other label. */
static int nibble_label(const uint8_t *label)
{
    if (label[0] != 1)
        return -1;
    if (label[1] >= '0' && label[1] <= '9')
        return label[1] - '0';
    uint8_t letter = label[1] | 0x20;
    return letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
}

enum sw_status sw_addr_from_reverse(const uint8_t *wire, struct sw_addr *out)
{
    static const uint8_t arpa4[] = "\7in-addr\4arpa", arpa6[] = "\3ip6\4arpa";
    uint8_t octets[16] = {0};
    unsigned labels = sw_name_labels(wire);
    bool four = labels == 4 + 2;
    if ((!four && labels != 32 + 2) ||
        !sw_name_equal(sw_name_suffix(wire, 2), four ? arpa4 : arpa6))
        return SW_ENOTFOUND;
    for (unsigned at = labels - 2; at-- > 0; wire += 1 + wire[0]) {
        int value = four ? octet_label(wire) : nibble_label(wire);
        if (value < 0)
            return SW_ENOTFOUND;
        if (four)
            octets[at] = (uint8_t)value;
        else
            octets[at / 2] |= (uint8_t)(at % 2 ? value : value << 4);
    }
    return sw_addr_from_octets(octets, four ? 4 : 16, out);
}
