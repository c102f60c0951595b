/*
 * test_addr.c - addresses and prefixes: text in and out, masks, cover, embedded IPv4.
 */
#include "base/addr.h"
#include "base/name.h"
#include "suite.h"

#include <stdlib.h>
#include <string.h>

static struct sw_addr parsed(const char *text)
{
    struct sw_addr addr;
    const char *why = "";
    enum sw_status status = sw_addr_parse(text, strlen(text), &addr, &why);
    ck_assert_msg(status == SW_OK, "'%s': %s", text, why);
    return addr;
}

static const struct {
    const char *text, *canonical;
    unsigned family, plen;
} good[] = {
    {"213.24.76.23", "213.24.76.23", 4, 32},
    {"0.0.0.0", "0.0.0.0", 4, 32},
    {"255.255.255.255", "255.255.255.255", 4, 32},
    {"198.51.100.0/24", "198.51.100.0/24", 4, 24},
    {"198.51.100.128/25", "198.51.100.128/25", 4, 25},
    {"192.0.2.1/32", "192.0.2.1", 4, 32},
    {"0.0.0.0/0", "0.0.0.0/0", 4, 0},
    {"128.0.0.0/1", "128.0.0.0/1", 4, 1},
    {"2001:DB8::1", "2001:db8::1", 6, 128},
    {"2001:0db8:0:0:0:0:0:1", "2001:db8::1", 6, 128},
    {"2001:db8::/32", "2001:db8::/32", 6, 32},
    {"2001:db8:8000::/33", "2001:db8:8000::/33", 6, 33},
    {"::", "::", 6, 128},
    {"::/0", "::/0", 6, 0},
    {"::1/128", "::1", 6, 128},
    {"2001:db8:0:1:0:0:0:1", "2001:db8:0:1::1", 6, 128},
    {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1", 6, 128}, /* RFC 5952 4.2.2 */
    {"::ffff:192.0.2.1", "::ffff:192.0.2.1", 6, 128},
};

START_TEST(parse_and_text)
{
    struct sw_addr addr = parsed(good[_i].text);
    ck_assert_uint_eq(addr.family, good[_i].family);
    ck_assert_uint_eq(addr.plen, good[_i].plen);
    char text[SW_ADDRTEXT_MAX];
    ck_assert_str_eq(sw_addr_text(&addr, text), good[_i].canonical);
    struct sw_addr again = parsed(text);
    ck_assert(sw_addr_equal(&addr, &again));
}
END_TEST

static const struct {
    const char *text;
    enum sw_status status;
} bad[] = {
    {"", SW_ESYNTAX},
    {"/24", SW_ESYNTAX},
    {"example.net", SW_ESYNTAX},
    {"1.2.3", SW_ESYNTAX},
    {"1.2.3.4.5", SW_ESYNTAX},
    {"1.2.3.256", SW_ESYNTAX},
    {"1.2.3.04", SW_ESYNTAX},
    {"01.2.3.4", SW_ESYNTAX},
    {"1.2.3.4 ", SW_ESYNTAX},
    {" 1.2.3.4", SW_ESYNTAX},
    {"0x1.2.3.4", SW_ESYNTAX},
    {"16909060", SW_ESYNTAX},
    {"1.2.3.4/", SW_ESYNTAX},
    {"1.2.3.0/2 ", SW_ESYNTAX},
    {"1.2.3.0/+24", SW_ESYNTAX},
    {"1.2.3.0/-1", SW_ESYNTAX},
    {"1.2.3.0/024", SW_ESYNTAX},
    {"0.0.0.0/00", SW_ESYNTAX},
    {"1.2.3.0/0024", SW_ESYNTAX},
    {"1.2.3.0/24/8", SW_ESYNTAX},
    {"1.2.3.0/255.255.255.0", SW_ESYNTAX},
    {"1.2.3.0/33", SW_EINVAL},
    {"1.2.3.0/999", SW_EINVAL},
    {"1.2.3.4/24", SW_EINVAL},
    {"1.2.3.4/0", SW_EINVAL},
    {"1.2.3.4/31", SW_OK}, /* even: no host bit */
    {"1.2.3.5/31", SW_EINVAL},
    {"2001:db8::1/64", SW_EINVAL},
    {"2001:db8::/129", SW_EINVAL},
    {"2001:db8:::1", SW_ESYNTAX},
    {"2001:db8::1::2", SW_ESYNTAX},
    {"12345::", SW_ESYNTAX},
    {"fe80::1%eth0", SW_ESYNTAX},
    {"[::1]", SW_ESYNTAX},
    {"1:2:3:4:5:6:7", SW_ESYNTAX},
    {"1:2:3:4:5:6:7:8:9", SW_ESYNTAX},
    {"::1.2.3.400", SW_ESYNTAX},
    {"0000:0000:0000:0000:0000:0000:0000:0000:0000:0000", SW_ESYNTAX},
};

START_TEST(parse_refuses)
{
    struct sw_addr addr = {.family = 99};
    const char *why = NULL;
    const char *text = bad[_i].text;
    enum sw_status status = sw_addr_parse(text, strlen(text), &addr, &why);
    ck_assert_msg(status == bad[_i].status, "'%s': %d", text, (int)status);
    if (status == SW_OK)
        return;
    ck_assert_uint_eq(addr.family, 99); /* untouched */
    ck_assert_ptr_nonnull(why);
    ck_assert_int_eq(sw_addr_parse(text, strlen(text), &addr, NULL), status);
}
END_TEST

START_TEST(parse_respects_text_len)
{
    struct sw_addr addr;
    ck_assert_int_eq(sw_addr_parse("192.0.2.12", 9, &addr, NULL), SW_OK);
    ck_assert_uint_eq(addr.octets[3], 1);
    ck_assert_int_eq(sw_addr_parse("192.0.2.1\0x", 11, &addr, NULL), SW_ESYNTAX);
    ck_assert_int_eq(sw_addr_parse("192.0.2.0/24", 10, &addr, NULL), SW_ESYNTAX);
}
END_TEST

START_TEST(from_octets)
{
    static const uint8_t octets[16] = {192, 0, 2, 1, 5, 6, 7, 8};
    struct sw_addr addr = {.family = 99};
    ck_assert_int_eq(sw_addr_from_octets(octets, 5, &addr), SW_EINVAL);
    ck_assert_int_eq(sw_addr_from_octets(octets, 0, &addr), SW_EINVAL);
    ck_assert_uint_eq(addr.family, 99);
    ck_assert_int_eq(sw_addr_from_octets(octets, 4, &addr), SW_OK);
    struct sw_addr want = parsed("192.0.2.1");
    ck_assert(sw_addr_equal(&addr, &want));
    ck_assert_uint_eq(addr.octets[4], 0);
    ck_assert_int_eq(sw_addr_from_octets(octets, 16, &addr), SW_OK);
    want = parsed("c000:201:506:708::");
    ck_assert(sw_addr_equal(&addr, &want));
}
END_TEST

START_TEST(no_address_has_no_text)
{
    struct sw_addr none = {.family = 0};
    char text[SW_ADDRTEXT_MAX] = "x";
    ck_assert_str_eq(sw_addr_text(&none, text), "");
}
END_TEST

START_TEST(longest_text_fits)
{
    struct sw_addr addr = {.family = 6, .plen = 127};
    memset(addr.octets, 0xff, sizeof(addr.octets));
    addr.octets[15] = 0xfe;
    char text[SW_ADDRTEXT_MAX];
    ck_assert_str_eq(sw_addr_text(&addr, text), "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe/127");
}
END_TEST

/* Bit i of an address, 0 = first: the slow and obvious way. */
static unsigned bit(const struct sw_addr *addr, unsigned i)
{
    return (unsigned)addr->octets[i / 8] >> (7 - i % 8) & 1u;
}

START_TEST(mask_clears_the_rest)
{
    for (unsigned plen = 0; plen <= 128; plen++) {
        struct sw_addr addr = {.family = 6, .plen = 128};
        memset(addr.octets, 0xff, sizeof(addr.octets));
        sw_addr_mask(&addr, plen);
        ck_assert_uint_eq(addr.plen, plen);
        for (unsigned i = 0; i < 128; i++)
            ck_assert_uint_eq(bit(&addr, i), i < plen);
    }
}
END_TEST

START_TEST(covers_compares_leading_bits)
{
    struct sw_addr addr = parsed("2001:db8:aaaa:5555:aaaa:5555:aaaa:5555");
    for (unsigned plen = 0; plen <= 128; plen++) {
        struct sw_addr prefix = addr;
        sw_addr_mask(&prefix, plen);
        ck_assert(sw_addr_covers(&prefix, &addr));
        if (plen < 128)
            ck_assert(!sw_addr_covers(&addr, &prefix)); /* longer never covers shorter */
        if (plen == 0)
            continue;
        prefix.octets[(plen - 1) / 8] ^= (uint8_t)(0x80u >> (plen - 1) % 8); /* the last bit */
        ck_assert(!sw_addr_covers(&prefix, &addr));
    }
}
END_TEST

START_TEST(covers_within_one_family)
{
    struct sw_addr all4 = parsed("0.0.0.0/0"), all6 = parsed("::/0");
    struct sw_addr v4 = parsed("192.0.2.1"), v6 = parsed("2001:db8::1");
    ck_assert(sw_addr_covers(&all4, &v4));
    ck_assert(sw_addr_covers(&all6, &v6));
    ck_assert(!sw_addr_covers(&all4, &v6));
    ck_assert(!sw_addr_covers(&all6, &v4));
    struct sw_addr net = parsed("192.0.2.0/25");
    ck_assert(sw_addr_covers(&net, &v4));
    v4 = parsed("192.0.2.128");
    ck_assert(!sw_addr_covers(&net, &v4));
    v4 = parsed("192.0.2.0/24");
    ck_assert(!sw_addr_covers(&net, &v4));
}
END_TEST

START_TEST(equality)
{
    struct sw_addr a = parsed("192.0.2.0"), b = parsed("192.0.2.0/24"), c = parsed("c000:200::");
    ck_assert(sw_addr_equal(&a, &a));
    ck_assert(!sw_addr_equal(&a, &b));
    ck_assert(!sw_addr_equal(&a, &c));
    ck_assert_uint_eq(sw_addr_bits(&a), 32);
    ck_assert_uint_eq(sw_addr_bits(&c), 128);
}
END_TEST

static const struct {
    const char *from, *ipv4; /* NULL: nothing embedded */
} embedded[] = {
    {"::ffff:213.24.76.23", "213.24.76.23"},
    {"64:ff9b::213.24.76.23", "213.24.76.23"},
    {"2002:d518:4c17::1", "213.24.76.23"},
    {"2002:d518:4c17:5:6:7:8:9", "213.24.76.23"},
    {"64:ff9b:1::213.24.76.23", NULL}, /* RFC 8215: of local meaning */
    {"64:ff9b::1:d518:4c17", NULL},
    {"::fffe:213.24.76.23", NULL},
    {"::213.24.76.23", NULL},
    {"2001:db8::1", NULL},
    {"2003:d518:4c17::1", NULL},
    {"::", NULL},
    {"213.24.76.23", NULL},
    {"2002:d518:4c17::/48", NULL}, /* a prefix is no address */
};

START_TEST(embedded_ipv4)
{
    struct sw_addr addr = parsed(embedded[_i].from);
    struct sw_addr ipv4 = {.family = 99};
    enum sw_status status = sw_addr_embedded(&addr, &ipv4);
    if (!embedded[_i].ipv4) {
        ck_assert_int_eq(status, SW_ENOTFOUND);
        ck_assert_uint_eq(ipv4.family, 99);
        return;
    }
    ck_assert_int_eq(status, SW_OK);
    struct sw_addr want = parsed(embedded[_i].ipv4);
    ck_assert(sw_addr_equal(&ipv4, &want));
}
END_TEST

static const struct {
    const char *prefix, *from, *ipv4; /* NULL: not translated */
} translated[] = {
    /* RFC 6052 2.4 */
    {"2001:db8::/32", "2001:db8:c000:221::", "192.0.2.33"},
    {"2001:db8:100::/40", "2001:db8:1c0:2:21::", "192.0.2.33"},
    {"2001:db8:122::/48", "2001:db8:122:c000:2:2100::", "192.0.2.33"},
    {"2001:db8:122:300::/56", "2001:db8:122:3c0:0:221::", "192.0.2.33"},
    {"2001:db8:122:344::/64", "2001:db8:122:344:c0:2:2100::", "192.0.2.33"},
    {"2001:db8:122:344::/96", "2001:db8:122:344::192.0.2.33", "192.0.2.33"},
    {"2001:db8:122:344::/96", "2001:db8:122:345::192.0.2.33", NULL},
    {"2001:db8:122:344::/72", "2001:db8:122:344::192.0.2.33", NULL}, /* no length of RFC 6052 */
    {"2001:db8::/33", "2001:db8:0:221::", NULL},
    {"192.0.2.0/24", "192.0.2.33", NULL},
    {"2001:db8::/32", "192.0.2.33", NULL},
    {"2001:db8::/32", "2001:db8:c000::/48", NULL}, /* a prefix is no address */
};

START_TEST(translated_ipv4)
{
    struct sw_addr prefix = parsed(translated[_i].prefix), addr = parsed(translated[_i].from);
    struct sw_addr ipv4 = {.family = 99};
    enum sw_status status = sw_addr_translated(&prefix, &addr, &ipv4);
    if (!translated[_i].ipv4) {
        ck_assert_int_eq(status, SW_ENOTFOUND);
        ck_assert_uint_eq(ipv4.family, 99);
        return;
    }
    ck_assert_int_eq(status, SW_OK);
    struct sw_addr want = parsed(translated[_i].ipv4);
    ck_assert(sw_addr_equal(&ipv4, &want));
}
END_TEST

/* Random prefixes print to text that parses to the same prefix. */
START_TEST(text_round_trip)
{
    srandom(8342);
    for (int round = 0; round < 5000; round++) {
        struct sw_addr addr = {.family = random() % 2 ? 4 : 6};
        size_t octets = addr.family == 4 ? 4 : 16;
        for (size_t i = 0; i < octets; i++)
            addr.octets[i] = random() % 3 ? 0 : (uint8_t)random();
        sw_addr_mask(&addr, (unsigned)random() % (sw_addr_bits(&addr) + 1));
        char text[SW_ADDRTEXT_MAX];
        struct sw_addr again = parsed(sw_addr_text(&addr, text));
        ck_assert_msg(sw_addr_equal(&addr, &again), "'%s'", text);
    }
}
END_TEST

static const struct {
    const char *name, *address; /* NULL: a reverse name of no whole address */
} reverse[] = {
    {"23.76.24.213.in-addr.arpa", "213.24.76.23"},
    {"0.255.9.10.IN-ADDR.Arpa", "10.9.255.0"},
    {"256.76.24.213.in-addr.arpa", NULL},
    {"1000.76.24.213.in-addr.arpa", NULL},
    {"023.76.24.213.in-addr.arpa", NULL},
    {"-1.76.24.213.in-addr.arpa", NULL},
    {"x.76.24.213.in-addr.arpa", NULL},
    {"76.24.213.in-addr.arpa", NULL},
    {"1.23.76.24.213.in-addr.arpa", NULL},
    {"23.76.24.213.in-addr.example", NULL},
    {"1.2.3.4.ip6.arpa", NULL},
    {"B.a.9.8.7.6.5.4.3.2.1.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa",
     "2001:db8::123:4567:89ab"},
    {"7.1.c.4.8.1.5.d.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.b.9.f.f.4.6.0.0.ip6.arpa",
     "64:ff9b::213.24.76.23"},
    {"g.a.9.8.7.6.5.4.3.2.1.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa", NULL},
    {"ab.9.8.7.6.5.4.3.2.1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa", NULL},
    {"a.9.8.7.6.5.4.3.2.1.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa", NULL},
    {"ip6.arpa", NULL},
    {".", NULL},
};

START_TEST(address_of_a_reverse_name)
{
    const char *text = reverse[_i].address;
    struct sw_addr before = parsed("192.0.2.1"), addr = before, wanted = text ? parsed(text) : addr;
    struct sw_name name;
    ck_assert_int_eq(sw_name_parse(reverse[_i].name, strlen(reverse[_i].name), &name, NULL), SW_OK);
    ck_assert_int_eq(sw_addr_from_reverse(name.wire, &addr), text ? SW_OK : SW_ENOTFOUND);
    ck_assert_msg(sw_addr_equal(&addr, &wanted), "%s", reverse[_i].name);
}
END_TEST

int main(void)
{
    return RUN_SUITE("addr", LOOP(parse_and_text, COUNT(good)), LOOP(parse_refuses, COUNT(bad)),
                     TESTS(parse_respects_text_len, from_octets, no_address_has_no_text,
                           longest_text_fits, mask_clears_the_rest, covers_compares_leading_bits,
                           covers_within_one_family, equality),
                     LOOP(embedded_ipv4, COUNT(embedded)), LOOP(translated_ipv4, COUNT(translated)),
                     TESTS(text_round_trip), LOOP(address_of_a_reverse_name, COUNT(reverse)));
}
