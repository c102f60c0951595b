/*
 * fuzz_addr.c - base/addr.h: text to address and back; masks and covering, against bit by bit.
 *
 * The input is taken as text, and as family, two prefix lengths and the octets of two addresses.
 */
#include "base/addr.h"
#include "fuzz.h"

/* Bit i of an address, from the left. */
static unsigned bit(const struct sw_addr *addr, unsigned i)
{
    return addr->octets[i / 8] >> (7 - i % 8) & 1;
}

/* Of addresses of the same family. */
static bool covers(const struct sw_addr *prefix, const struct sw_addr *addr)
{
    bool same = prefix->plen <= addr->plen;
    for (unsigned i = 0; same && i < prefix->plen; i++)
        same = bit(prefix, i) == bit(addr, i);
    return same;
}

static bool whole(const struct sw_addr *addr)
{
    struct sw_addr masked = *addr;
    if ((addr->family != 4 && addr->family != 6) || addr->plen > sw_addr_bits(addr))
        return false;
    sw_addr_mask(&masked, addr->plen); /* host bits, and the rest of IPv4's 16 octets */
    return sw_addr_equal(&masked, addr);
}

static void round_trip(const struct sw_addr *addr)
{
    char text[SW_ADDRTEXT_MAX];
    struct sw_addr again, ipv4;
    sw_addr_text(addr, text);
    FUZZ_CHECK(strlen(text) < SW_ADDRTEXT_MAX);
    FUZZ_CHECK(sw_addr_parse(text, strlen(text), &again, NULL) == SW_OK);
    FUZZ_CHECK(sw_addr_equal(addr, &again) && whole(&again));
    if (sw_addr_embedded(addr, &ipv4) == SW_OK)
        FUZZ_CHECK(ipv4.family == 4 && ipv4.plen == 32 && whole(&ipv4));
}

static void as_text(const uint8_t *data, size_t size)
{
    struct sw_addr addr, untouched;
    const char *why = NULL;
    char *text = fuzz_copy(data, size);
    memset(&addr, 0xa5, sizeof(addr));
    untouched = addr;
    if (sw_addr_parse(text, size, &addr, &why) == SW_OK) {
        FUZZ_CHECK(whole(&addr));
        round_trip(&addr);
    } else {
        FUZZ_CHECK(why && fuzz_words_ok(why, 200));
        FUZZ_CHECK(memcmp(&addr, &untouched, sizeof(addr)) == 0);
    }
    free(text);
}

static void as_octets(const uint8_t *data, size_t size)
{
    struct sw_addr a, b;
    size_t len = size > 0 && data[0] % 2 == 0 ? 4 : 16;
    if (size != 3 + 2 * len)
        return;
    FUZZ_CHECK(sw_addr_from_octets(data + 3, len, &a) == SW_OK && whole(&a));
    FUZZ_CHECK(sw_addr_from_octets(data + 3 + len, len, &b) == SW_OK && whole(&b));
    sw_addr_mask(&a, data[1] % (sw_addr_bits(&a) + 1));
    sw_addr_mask(&b, data[2] % (sw_addr_bits(&b) + 1));
    round_trip(&a);
    round_trip(&b);
    FUZZ_CHECK(sw_addr_covers(&a, &b) == covers(&a, &b));
    FUZZ_CHECK(sw_addr_covers(&b, &a) == covers(&b, &a));
    FUZZ_CHECK(sw_addr_equal(&a, &b) == (covers(&a, &b) && covers(&b, &a)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    as_text(data, size);
    as_octets(data, size);
    return 0;
}
