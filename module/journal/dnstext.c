#include "journal/dnstext.h"

#include <stddef.h>
#include <stdio.h>

struct word {
    unsigned number;
    const char *text;
};

static const struct word qtypes[] = {
    {1, "A"},      {2, "NS"},      {5, "CNAME"}, {6, "SOA"},      {12, "PTR"},
    {13, "HINFO"}, {15, "MX"},     {16, "TXT"},  {28, "AAAA"},    {29, "LOC"},
    {33, "SRV"},   {35, "NAPTR"},  {37, "CERT"}, {39, "DNAME"},   {43, "DS"},
    {44, "SSHFP"}, {46, "RRSIG"},  {47, "NSEC"}, {48, "DNSKEY"},  {50, "NSEC3"},
    {52, "TLSA"},  {53, "SMIMEA"}, {59, "CDS"},  {60, "CDNSKEY"}, {61, "OPENPGPKEY"},
    {64, "SVCB"},  {65, "HTTPS"},  {99, "SPF"},  {255, "ANY"},    {256, "URI"},
    {257, "CAA"},
};

static const struct word qclasses[] = {{1, "IN"}, {3, "CH"}, {4, "HS"}, {255, "ANY"}};

static const struct word rcodes[] = {
    {0, "NOERROR"}, {1, "FORMERR"}, {2, "SERVFAIL"}, {3, "NXDOMAIN"},
    {4, "NOTIMP"},  {5, "REFUSED"}, {6, "YXDOMAIN"}, {7, "YXRRSET"},
    {8, "NXRRSET"}, {9, "NOTAUTH"}, {10, "NOTZONE"},
};

/* The word for a number, or prefix and number in text. */
static const char *look_up(const struct word *words, size_t n, unsigned number, const char *prefix,
                           char text[SW_DNSTEXT_MAX])
{
    for (size_t i = 0; i < n; i++) {
        if (words[i].number == number)
            return words[i].text;
    }
    snprintf(text, SW_DNSTEXT_MAX, "%s%u", prefix, number & 0xffff);
    return text;
}

const char *sw_qtype_text(unsigned qtype, char text[SW_DNSTEXT_MAX])
{
    return look_up(qtypes, sizeof(qtypes) / sizeof(qtypes[0]), qtype, "TYPE", text);
}

const char *sw_qclass_text(unsigned qclass, char text[SW_DNSTEXT_MAX])
{
    return look_up(qclasses, sizeof(qclasses) / sizeof(qclasses[0]), qclass, "CLASS", text);
}

const char *sw_rcode_text(unsigned rcode, char text[SW_DNSTEXT_MAX])
{
    return look_up(rcodes, sizeof(rcodes) / sizeof(rcodes[0]), rcode, "RCODE", text);
}

const char *sw_security_text(enum sw_security security)
{
    static const char *const texts[] = {"unchecked", "bogus", "indeterminate", "insecure",
                                        "secure"};
    unsigned i = (unsigned)security;
    return texts[i < sizeof(texts) / sizeof(texts[0]) ? i : 0];
}
