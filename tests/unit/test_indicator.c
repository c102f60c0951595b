/* Indicators: every text form, canonical text, and the words of each refusal. */
#include "base/indicator.h"

#include "suite.h"

#include <stdlib.h>
#include <string.h>

static struct sw_indicator good(const char *text)
{
    struct sw_indicator ind;
    char why[SW_WHY_MAX] = "";
    enum sw_status status = sw_indicator_parse(text, strlen(text), &ind, why);
    ck_assert_msg(status == SW_OK, "%s: %s", text, why);
    return ind;
}

/* Parses, has this canonical text, and the canonical text means the same. */
static void canonical(const char *text, enum sw_indicator_type type, const char *wanted)
{
    struct sw_indicator ind = good(text);
    char out[SW_INDICATORTEXT_MAX];
    ck_assert_int_eq(ind.type, type);
    ck_assert_str_eq(sw_indicator_text(&ind, out), wanted);
    struct sw_indicator again = good(out);
    ck_assert_mem_eq(&ind, &again, sizeof(ind));
}

static void bad_n(const char *text, size_t len, enum sw_status wanted, const char *words)
{
    struct sw_indicator ind, before;
    char why[SW_WHY_MAX] = "";
    memset(&ind, 0x5a, sizeof(ind));
    before = ind;
    enum sw_status status = sw_indicator_parse(text, len, &ind, why);
    ck_assert_msg(status == wanted, "%s: status %d, %s", text, status, why);
    ck_assert_msg(why[0] != '\0' && strstr(why, words) != NULL, "%s: %s", text, why);
    ck_assert_mem_eq(&ind, &before, sizeof(ind));
}

static void bad(const char *text, enum sw_status wanted, const char *words)
{
    bad_n(text, strlen(text), wanted, words);
}

START_TEST(domains)
{
    canonical("example.net", SW_INDICATOR_DOMAIN, "example.net");
    canonical("=example.net", SW_INDICATOR_DOMAIN, "=example.net");
    canonical("registrant:  JSC \"RTComm.RU\"", SW_INDICATOR_HOLDER, "registrant:rtcomm ru");
    canonical("Class:government", SW_INDICATOR_HOLDER, "class:government");
    canonical("country:ru", SW_INDICATOR_HOLDER, "country:RU");
    canonical("*.example.net", SW_INDICATOR_DOMAIN, "*.example.net");
    canonical(" \tExample.NET.\r\n", SW_INDICATOR_DOMAIN, "example.net");
    canonical("=WWW.Example.NET.", SW_INDICATOR_DOMAIN, "=www.example.net");
    canonical("net", SW_INDICATOR_DOMAIN, "net");
    canonical("*.net", SW_INDICATOR_DOMAIN, "*.net");
    canonical("_dmarc.example.net", SW_INDICATOR_DOMAIN, "_dmarc.example.net");
    canonical("xn--bcher-kva.example", SW_INDICATOR_DOMAIN, "xn--bcher-kva.example");
    canonical("4.3.2.1.in-addr.arpa", SW_INDICATOR_DOMAIN, "4.3.2.1.in-addr.arpa");
    canonical("1.2.3.4.example", SW_INDICATOR_DOMAIN, "1.2.3.4.example");
    ck_assert_int_eq(good("example.net").form, SW_FORM_SUBTREE);
    ck_assert_int_eq(good("=example.net").form, SW_FORM_EXACT);
    ck_assert_int_eq(good("*.example.net").form, SW_FORM_BELOW);
    struct sw_indicator ind = good("*.A.b");
    ck_assert_uint_eq(ind.name.len, 5);
    ck_assert_mem_eq(ind.name.wire, "\1a\1b", 5);
}
END_TEST

START_TEST(names_that_look_like_as_numbers)
{
    canonical("as64500.net", SW_INDICATOR_DOMAIN, "as64500.net");
    canonical("as", SW_INDICATOR_DOMAIN, "as");
    canonical("asx1", SW_INDICATOR_DOMAIN, "asx1");
    canonical("=as64500", SW_INDICATOR_DOMAIN, "=as64500");
    canonical("*.as64500", SW_INDICATOR_DOMAIN, "*.as64500");
    bad("\\097s64500", SW_ESYNTAX, "looks like");
    bad("as64500.", SW_ESYNTAX, "only digits");
    bad("class:goverment", SW_EINVAL, "no class; allowed are hosting");
    bad("country:Russia", SW_EINVAL, "two letters");
    bad("registrant: .,GmbH", SW_EINVAL, "would cover every holder");
    bad("registrant:", SW_EINVAL, "would cover every holder");
}
END_TEST

START_TEST(unicode_names)
{
    canonical("b\xc3\xbc"
              "cher.example",
              SW_INDICATOR_DOMAIN, "xn--bcher-kva.example");
    canonical("*.B\xc3\x9c"
              "CHER.example.",
              SW_INDICATOR_DOMAIN, "*.xn--bcher-kva.example");
    canonical("=bu\xcc\x88"
              "cher.example", /* u and combining diaeresis: NFC */
              SW_INDICATOR_DOMAIN, "=xn--bcher-kva.example");
    canonical("fa\xc3\x9f.de", SW_INDICATOR_DOMAIN, "xn--fa-hia.de"); /* not fass.de */
    canonical("\xd1\x82\xd0\xb5\xd1\x81\xd1\x82.\xd1\x80\xd1\x84", SW_INDICATOR_DOMAIN,
              "xn--e1aybc.xn--p1ai");
    canonical("example\xe3\x80\x82net", SW_INDICATOR_DOMAIN, "example.net"); /* wide stop */
    bad("\xe2\x98\x83\xff.net", SW_ESYNTAX, "IDNA");
    bad("\xff\xfe", SW_ESYNTAX, "IDNA");
    bad("\xef\xbc\x91.\xef\xbc\x92.\xef\xbc\x93.\xef\xbc\x94", SW_ESYNTAX, ""); /* wide digits */
    bad("\xe3\x80\x82", SW_EREFUSED, "every name");
    bad("a\xe3\x80\x82\xe3\x80\x82"
        "b",
        SW_ESYNTAX, "");
}
END_TEST

START_TEST(bad_domains)
{
    bad("", SW_ESYNTAX, "empty");
    bad(" \t\n", SW_ESYNTAX, "empty");
    bad("=", SW_ESYNTAX, "");
    bad("*", SW_ESYNTAX, "");
    bad("..", SW_ESYNTAX, "");
    bad("a..b", SW_ESYNTAX, "");
    bad(".a", SW_ESYNTAX, "");
    bad("a b.net", SW_ESYNTAX, "");
    bad("a.*.net", SW_ESYNTAX, "");
    bad("==a.net", SW_ESYNTAX, "");
    bad("*.*.net", SW_ESYNTAX, "");
    bad("=*.net", SW_ESYNTAX, "");
    bad("evil[.]com", SW_ESYNTAX, "");
    bad("example.com/path", SW_ESYNTAX, "");
    bad("http://example.com/", SW_ESYNTAX, "URL");
    bad("user@example.com", SW_ESYNTAX, "");
    bad("a.-\x01.net", SW_ESYNTAX, "");
    bad_n("a\0b.net", 7, SW_ESYNTAX, "zero octet");
}
END_TEST

START_TEST(names_that_cover_everything)
{
    bad(".", SW_EREFUSED, "every name");
    bad("*.", SW_EREFUSED, "every name");
    bad("=.", SW_EREFUSED, "every name");
    bad("0.0.0.0/0", SW_EREFUSED, "every address");
    bad("::/0", SW_EREFUSED, "every address");
}
END_TEST

START_TEST(length_limits)
{
    char text[2000];
    memset(text, 'a', sizeof(text));
    text[63] = '.';
    text[127] = '.';
    text[191] = '.';
    text[253] = '\0'; /* 63 + 63 + 63 + 61 characters: 255 octets in wire form */
    canonical(text, SW_INDICATOR_DOMAIN, text);
    text[253] = 'a';
    text[254] = '\0';
    bad(text, SW_ETOOBIG, "");
    text[63] = 'a';
    text[64] = '\0';
    bad(text, SW_ETOOBIG, "");
    bad_n(text, 64, SW_ETOOBIG, "");
    memset(text, 'a', sizeof(text));
    bad_n(text, sizeof(text), SW_ETOOBIG, "too long");
    memset(text, '\xc3', sizeof(text));
    bad_n(text, 1000, SW_ESYNTAX, "IDNA");
}
END_TEST

START_TEST(addresses_and_prefixes)
{
    canonical("192.0.2.1", SW_INDICATOR_PREFIX, "192.0.2.1");
    canonical("192.0.2.1/32", SW_INDICATOR_PREFIX, "192.0.2.1");
    canonical(" 198.51.100.0/24 ", SW_INDICATOR_PREFIX, "198.51.100.0/24");
    canonical("2001:DB8:0:0::1", SW_INDICATOR_PREFIX, "2001:db8::1");
    canonical("2001:db8::/32", SW_INDICATOR_PREFIX, "2001:db8::/32");
    canonical("::", SW_INDICATOR_PREFIX, "::");
    canonical("128.0.0.0/1", SW_INDICATOR_PREFIX, "128.0.0.0/1");
    bad("192.0.2.1/24", SW_EINVAL, "");
    bad("2001:db8::1/32", SW_EINVAL, "");
    bad("192.0.2.256", SW_ESYNTAX, "");
    bad("192.0.2", SW_ESYNTAX, "");
    bad("192.0.2.1/33", SW_EINVAL, "over 32");
    bad("192.0.2.1.", SW_ESYNTAX, "");
    bad("12345", SW_ESYNTAX, "");
    bad("2001:db8::g", SW_ESYNTAX, "");
    bad("[2001:db8::1]", SW_ESYNTAX, "");
    bad("192.0.2.1:80", SW_ESYNTAX, "");
    bad("=192.0.2.1", SW_ESYNTAX, "ends in a number");
    bad("*.192.0.2.1", SW_ESYNTAX, "ends in a number");
    bad("example.123", SW_ESYNTAX, "ends in a number");
}
END_TEST

START_TEST(as_numbers)
{
    canonical("AS64500", SW_INDICATOR_ASN, "AS64500");
    canonical("as1", SW_INDICATOR_ASN, "AS1");
    canonical("aS0008342", SW_INDICATOR_ASN, "AS8342");
    canonical("AS4294967295", SW_INDICATOR_ASN, "AS4294967295");
    ck_assert_uint_eq(good("AS4294967295").asn, UINT32_MAX);
    bad("AS0", SW_EINVAL, "from 1 to 4294967295");
    bad("AS4294967296", SW_EINVAL, "from 1");
    bad("AS99999999999999999999999999999999", SW_EINVAL, "from 1");
    bad("AS1.10", SW_ESYNTAX, ""); /* asdot, RFC 5396 */
    bad("AS 1", SW_ESYNTAX, "");
}
END_TEST

int main(void)
{
    return RUN_SUITE("indicator", TESTS(domains, names_that_look_like_as_numbers, unicode_names,
                                        bad_domains, names_that_cover_everything, length_limits,
                                        addresses_and_prefixes, as_numbers));
}
