/* rdata_text.c - see rdata_text.h. */
#include "journal/rdata_text.h"

#include "journal/dnstext.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SOA_NUMBERS 5 /* serial, refresh, retry, expire, minimum: RFC 1035 3.3.13 */

enum { TYPE_A = 1, TYPE_SOA = 6, TYPE_MX = 15, TYPE_AAAA = 28, TYPE_SRV = 33, TYPE_SVCB = 64 };

/* ---- to text ---- */

char *sw_dotted_text(const uint8_t *wire, char text[SW_NAMETEXT_MAX + 1])
{
    sw_name_text(wire, text);
    size_t len = strlen(text);
    if (wire[0] != 0)
        memcpy(text + len, ".", 2);
    return text;
}

static unsigned get16(const uint8_t *octets)
{
    return octets[0] * 256u + octets[1];
}

static uint32_t get32(const uint8_t *octets)
{
    return (uint32_t)get16(octets) << 16 | get16(octets + 2);
}

static void put_unknown(const uint8_t *rdata, size_t len, char text[SW_RDATATEXT_MAX])
{
    static const char digits[] = "0123456789abcdef";
    int n = snprintf(text, SW_RDATATEXT_MAX, "\\# %zu ", len);
    text += n;
    for (size_t i = 0; i < len; i++) {
        *text++ = digits[rdata[i] >> 4];
        *text++ = digits[rdata[i] & 15];
    }
    *text = 0;
}

static void put_soa(const uint8_t *rdata, const char *first, char text[SW_RDATATEXT_MAX])
{
    char second[SW_NAMETEXT_MAX + 1];
    rdata += sw_name_size(rdata, SW_NAME_MAX);
    sw_dotted_text(rdata, second);
    rdata += sw_name_size(rdata, SW_NAME_MAX);
    snprintf(text, SW_RDATATEXT_MAX, "%s %s %u %u %u %u %u", first, second, get32(rdata),
             get32(rdata + 4), get32(rdata + 8), get32(rdata + 12), get32(rdata + 16));
}

char *sw_rdata_text(uint16_t type, const uint8_t *rdata, size_t len, char text[SW_RDATATEXT_MAX])
{
    char name[SW_NAMETEXT_MAX + 1];
    int at = sw_rdata_name(type, rdata, len);
    struct sw_addr addr;
    if (at < 0) {
        if (sw_addr_from_octets(rdata, len, &addr) == SW_OK)
            sw_addr_text(&addr, text);
        else
            put_unknown(rdata, len, text);
        return text;
    }
    const uint8_t *target = rdata + at;
    bool whole = sw_name_size(target, len - (size_t)at) == len - (size_t)at;
    sw_dotted_text(target, name);
    if (type == TYPE_SOA)
        put_soa(rdata, name, text);
    else if (!whole)
        put_unknown(rdata, len, text);
    else if (type == TYPE_SRV)
        snprintf(text, SW_RDATATEXT_MAX, "%u %u %u %s", get16(rdata), get16(rdata + 2),
                 get16(rdata + 4), name);
    else if (at > 0)
        snprintf(text, SW_RDATATEXT_MAX, "%u %s", get16(rdata), name);
    else
        memcpy(text, name, strlen(name) + 1);
    return text;
}

/* ---- from text ---- */

/* The rest of a text that is read word by word. */
struct words {
    const char *at;
};

/* The next word, up to a space or tab; false at the end. */
static bool next_word(struct words *words, const char **word, size_t *len)
{
    words->at += strspn(words->at, " \t");
    *word = words->at;
    *len = strcspn(words->at, " \t");
    words->at += *len;
    return *len > 0;
}

static bool take_number(struct words *words, unsigned octets, uint8_t **out)
{
    const char *word;
    size_t len;
    uint64_t number = 0;
    if (!next_word(words, &word, &len) || len > 10)
        return false;
    for (size_t i = 0; i < len; i++) {
        if (word[i] < '0' || word[i] > '9')
            return false;
        number = 10 * number + (unsigned)(word[i] - '0');
    }
    if (number >> 8 * octets)
        return false;
    while (octets-- > 0)
        *(*out)++ = (uint8_t)(number >> 8 * octets);
    return true;
}

static bool take_name(struct words *words, uint8_t **out)
{
    const char *word;
    struct sw_name name;
    size_t len;
    if (!next_word(words, &word, &len) || sw_name_parse(word, len, &name, NULL) != SW_OK)
        return false;
    memcpy(*out, name.wire, name.len);
    *out += name.len;
    return true;
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* RFC 3597 5: \# LENGTH HEX, the digits in any number of words. */
static bool take_unknown(struct words *words, uint8_t **out)
{
    const char *word;
    uint8_t length[2], *end = length, *start = *out;
    size_t len, digits = 0;
    if (!take_number(words, 2, &end) || get16(length) > SW_RDATA_MAX)
        return false;
    while (next_word(words, &word, &len)) {
        for (size_t i = 0; i < len; i++, digits++) {
            int digit = hex_digit(word[i]);
            if (digit < 0 || digits / 2 >= get16(length))
                return false;
            start[digits / 2] = (uint8_t)(digits % 2 ? start[digits / 2] | digit : digit << 4);
        }
    }
    *out += digits / 2;
    return digits == 2u * get16(length);
}

static bool take_address(uint16_t type, const char *text, uint8_t **out)
{
    struct sw_addr addr;
    size_t size = type == TYPE_A ? 4 : 16;
    if (sw_addr_parse(text, strlen(text), &addr, NULL) != SW_OK ||
        addr.family != (type == TYPE_A ? 4 : 6) || addr.plen != sw_addr_bits(&addr))
        return false;
    memcpy(*out, addr.octets, size);
    *out += size;
    return true;
}

static bool take_fields(uint16_t type, struct words *words, uint8_t **out)
{
    switch (type) {
    case TYPE_SOA:
        if (!take_name(words, out) || !take_name(words, out))
            return false;
        for (int i = 0; i < SOA_NUMBERS; i++) {
            if (!take_number(words, 4, out))
                return false;
        }
        return true;
    case TYPE_SRV:
        return take_number(words, 2, out) && take_number(words, 2, out) &&
               take_number(words, 2, out) && take_name(words, out);
    default:
        return (type != TYPE_MX && type < TYPE_SVCB) || take_number(words, 2, out)
                   ? take_name(words, out)
                   : false;
    }
}

enum sw_status sw_rdata_parse(uint16_t type, const char *text, uint8_t *out, uint16_t *len)
{
    uint8_t octets[SW_RDATA_MAX + 2 * SW_NAME_MAX], *end = octets;
    struct words words = {text}, rest;
    const char *word;
    size_t n;
    bool ok;
    rest = words;
    if (next_word(&rest, &word, &n) && n == 2 && memcmp(word, "\\#", 2) == 0) {
        words = rest;
        ok = take_unknown(&words, &end);
    } else if (type == TYPE_A || type == TYPE_AAAA) {
        ok = take_address(type, text, &end);
        words.at += strlen(words.at);
    } else {
        ok = take_fields(type, &words, &end);
    }
    size_t size = (size_t)(end - octets);
    if (!ok || next_word(&words, &word, &n) ||
        sw_rdata_canonical(type, octets, size, octets) != SW_OK)
        return SW_ESYNTAX;
    memcpy(out, octets, size);
    *len = (uint16_t)size;
    return SW_OK;
}

bool sw_rdata_type_parse(const char *text, uint16_t *type)
{
    char name[SW_DNSTEXT_MAX], number[SW_DNSTEXT_MAX];
    for (uint16_t kept = 1; kept <= TYPE_SVCB + 1; kept++) {
        snprintf(number, sizeof(number), "TYPE%u", kept);
        if (!sw_rdata_kept(kept) ||
            (strcasecmp(text, sw_qtype_text(kept, name)) != 0 && strcasecmp(text, number) != 0))
            continue;
        *type = kept;
        return true;
    }
    return false;
}
