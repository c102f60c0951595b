#include "base/localdata.h"

#include "base/addr.h"
#include "base/name.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define WORD_MAX   256 /* octets of a string in a record, and more than any other word */
#define NUMBER_MAX 5   /* digits */

/* The parts of the data: 4, 6 addresses; 1, 2 octets of a number; n name; t one or more strings;
 * s a string with its length; r the octets of a string alone. */
static const struct known {
    const char *name;
    uint16_t type;
    const char *parts;
} known[] = {
    {"A", 1, "4"},    {"AAAA", 28, "6"}, {"NS", 2, "n"},      {"PTR", 12, "n"},
    {"MX", 15, "2n"}, {"TXT", 16, "t"},  {"SRV", 33, "222n"}, {"CAA", 257, "1sr"},
};

/* A record in the making. */
struct making {
    const char *at; /* the rest of the text */
    uint8_t word[WORD_MAX];
    size_t word_len;
    bool quoted;
    uint8_t data[SW_RECORDS_MAX];
    size_t len;
    const char *why;
};

static bool refuse(struct making *m, const char *why)
{
    m->why = why;
    return false;
}

/* ---- words ---- */

/* An octet, perhaps as \X or \DDD (RFC 1035 5.1). */
static bool read_octet(struct making *m, uint8_t *octet)
{
    if (*m->at != '\\') {
        *octet = (uint8_t)*m->at++;
        return true;
    }
    const char *digits = m->at + 1;
    if (strspn(digits, "0123456789") >= 3) {
        unsigned value = (unsigned)(digits[0] - '0') * 100 + (unsigned)(digits[1] - '0') * 10 +
                         (unsigned)(digits[2] - '0');
        m->at += 4;
        *octet = (uint8_t)value;
        return value < 256 || refuse(m, "an escaped octet over 255");
    }
    if (!*digits)
        return refuse(m, "a backslash at the end");
    *octet = (uint8_t)*digits;
    m->at += 2;
    return true;
}

/* The next word, with the octets of a string unescaped. raw: backslashes stay, as in names. */
static bool next_word(struct making *m, bool raw)
{
    m->at += strspn(m->at, " \t");
    m->word_len = 0;
    m->quoted = *m->at == '"' && !raw;
    m->at += m->quoted;
    if (!*m->at)
        return refuse(m, m->quoted ? "a quote that is not closed" : "data is missing");
    while (*m->at && (m->quoted ? *m->at != '"' : !strchr(" \t", *m->at))) {
        uint8_t octet = (uint8_t)*m->at;
        if (!m->quoted && strchr(";()\"", *m->at))
            return refuse(m, "one of ;()\" outside of quotes");
        if (raw)
            m->at++;
        else if (!read_octet(m, &octet))
            return false;
        if (m->word_len == sizeof(m->word) - 1)
            return refuse(m, "a string of more than 255 octets");
        m->word[m->word_len++] = octet;
    }
    if (m->quoted && *m->at != '"')
        return refuse(m, "a quote that is not closed");
    m->at += m->quoted;
    m->word[m->word_len] = '\0';
    return true;
}

static bool put(struct making *m, const void *octets, size_t len)
{
    if (len > sizeof(m->data) - m->len)
        return refuse(m, "more than 512 octets");
    memcpy(m->data + m->len, octets, len);
    m->len += len;
    return true;
}

/* ---- parts ---- */

static bool read_number(struct making *m, unsigned max, unsigned *out)
{
    if (!next_word(m, true))
        return false;
    const char *text = (const char *)m->word;
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > NUMBER_MAX || text[digits])
        return refuse(m, "a number is missing");
    *out = (unsigned)strtoul(text, NULL, 10);
    return *out <= max || refuse(m, "a number that is too large");
}

static bool put_number(struct making *m, unsigned octets)
{
    unsigned n;
    if (!read_number(m, octets == 1 ? UINT8_MAX : UINT16_MAX, &n))
        return false;
    const uint8_t wire[2] = {(uint8_t)(n >> 8), (uint8_t)n};
    return put(m, wire + (2 - octets), octets);
}

static bool put_addr(struct making *m, unsigned family)
{
    struct sw_addr addr;
    if (!next_word(m, true))
        return false;
    if (sw_addr_parse((const char *)m->word, m->word_len, &addr, NULL) != SW_OK ||
        addr.family != family || addr.plen != sw_addr_bits(&addr))
        return refuse(m, family == 4 ? "one IPv4 address" : "one IPv6 address");
    return put(m, addr.octets, family == 4 ? 4 : 16);
}

static bool put_name(struct making *m)
{
    struct sw_name name;
    const char *why;
    if (!next_word(m, true))
        return false;
    if (m->word[m->word_len - 1] != '.')
        return refuse(m, "a name without the final dot");
    if (sw_name_parse((const char *)m->word, m->word_len, &name, &why) != SW_OK)
        return refuse(m, why);
    return put(m, name.wire, name.len);
}

static bool put_string(struct making *m, bool with_length)
{
    if (!next_word(m, false))
        return false;
    uint8_t len = (uint8_t)m->word_len;
    return (!with_length || put(m, &len, 1)) && put(m, m->word, m->word_len);
}

static bool put_strings(struct making *m)
{
    do {
        if (!put_string(m, true))
            return false;
        m->at += strspn(m->at, " \t");
    } while (*m->at);
    return true;
}

static bool put_part(struct making *m, char part)
{
    switch (part) {
    case '4':
    case '6':
        return put_addr(m, part == '4' ? 4 : 6);
    case '1':
    case '2':
        return put_number(m, part == '1' ? 1 : 2);
    case 'n':
        return put_name(m);
    case 't':
        return put_strings(m);
    default:
        return put_string(m, part == 's');
    }
}

/* ---- records of other types ---- */

static int hex(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = c ? strchr(digits, c | 0x20) : NULL;
    return at ? (int)(at - digits) : -1;
}

/* "\# LENGTH HEX HEX ..." (RFC 3597 5). */
static bool put_generic(struct making *m)
{
    unsigned len;
    if (!next_word(m, true))
        return false;
    if (strcmp((const char *)m->word, "\\#") != 0)
        return refuse(m, "data of an unknown type is \\# LENGTH HEX");
    if (!read_number(m, SW_RECORDS_MAX, &len))
        return false;
    while (m->at += strspn(m->at, " \t"), *m->at) {
        int high = hex(m->at[0]), low = high < 0 ? -1 : hex(m->at[1]);
        if (low < 0)
            return refuse(m, "octets are two hexadecimal digits each");
        const uint8_t octet = (uint8_t)(high << 4 | low);
        if (!put(m, &octet, 1))
            return false;
        m->at += 2;
    }
    return m->len == len || refuse(m, "the length is not that of the data");
}

/* Types that local data may have: no alias, no record that a zone or DNSSEC needs, no meta type. No
 * MD, MF, MB, MG, MR and MINFO: an encoder compresses the names in their data (RFC 3597 4), and
 * would read any octets as names. */
static bool is_data(unsigned type)
{
    static const uint16_t others[] = {0,  3,  4,  5,  6,  7,  8,  9,  14, 24, 25,
                                      30, 39, 41, 43, 46, 47, 48, 50, 51, 59, 60};
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        if (type == others[i])
            return false;
    return type <= UINT16_MAX && (type < 128 || type > 255);
}

/* Whether the data of a type are parsed: the generic form would bring in any octets. */
static bool is_known(unsigned type)
{
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (type == known[i].type)
            return true;
    return false;
}

/* The type of a word; *parts stays NULL for the generic form. */
static bool find_type(struct making *m, uint16_t *type, const char **parts)
{
    const char *text = (const char *)m->word;
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (strcasecmp(text, known[i].name) == 0) {
            *type = known[i].type;
            *parts = known[i].parts;
            return true;
        }
    size_t digits = strncasecmp(text, "TYPE", 4) == 0 ? strspn(text + 4, "0123456789") : 0;
    unsigned long n = digits > 0 && digits <= NUMBER_MAX ? strtoul(text + 4, NULL, 10) : 0;
    if (digits == 0 || text[4 + digits] || !is_data((unsigned)n))
        return refuse(m, "no type of local data");
    if (is_known((unsigned)n))
        return refuse(m, "a type that is written by its name");
    *type = (uint16_t)n;
    return true;
}

static bool parse(struct making *m, uint16_t *type)
{
    const char *parts = NULL;
    if (!next_word(m, true) || !find_type(m, type, &parts))
        return false;
    if (!parts)
        return put_generic(m);
    for (; *parts; parts++)
        if (!put_part(m, *parts))
            return false;
    m->at += strspn(m->at, " \t");
    return !*m->at || refuse(m, "words behind the data");
}

enum sw_status sw_record_parse(const char *text, struct sw_local_data *records, const char **why)
{
    struct making m = {.at = text};
    uint16_t type = 0;
    if (!parse(&m, &type)) {
        *why = m.why;
        return SW_ESYNTAX;
    }
    if (records->len + SW_RECORD_HEAD + m.len > SW_RECORDS_MAX) {
        *why = "more than 512 octets of records";
        return SW_ETOOBIG;
    }
    uint8_t *to = records->octets + records->len;
    to[0] = (uint8_t)(type >> 8);
    to[1] = (uint8_t)type;
    to[2] = (uint8_t)(m.len >> 8);
    to[3] = (uint8_t)m.len;
    memcpy(to + SW_RECORD_HEAD, m.data, m.len);
    records->len = (uint16_t)(records->len + SW_RECORD_HEAD + m.len);
    return SW_OK;
}

const uint8_t *sw_record_next(const struct sw_local_data *records, size_t *at, uint16_t *type,
                              size_t *len)
{
    if (*at >= records->len)
        return NULL;
    const uint8_t *head = records->octets + *at;
    *type = (uint16_t)(head[0] << 8 | head[1]);
    *len = (size_t)(head[2] << 8 | head[3]);
    *at += SW_RECORD_HEAD + *len;
    return head + SW_RECORD_HEAD;
}

/* ---- text ---- */

/* A text in the making, and the data that are left. */
struct writing {
    char *text;
    size_t used;
    const uint8_t *at;
    size_t left;
};

/* Write formatted text. Requires room: four characters for each octet of data. */
__attribute__((format(printf, 2, 3))) static void say(struct writing *w, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    w->used += (size_t)vsnprintf(w->text + w->used, SW_RECORDTEXT_MAX - w->used, format, args);
    va_end(args);
}

/* Take octets of the data off. NULL: there are fewer. */
static const uint8_t *take(struct writing *w, size_t len)
{
    const uint8_t *octets = w->at;
    if (len > w->left)
        return NULL;
    w->at += len;
    w->left -= len;
    return octets;
}

static bool say_number(struct writing *w, size_t octets)
{
    const uint8_t *p = take(w, octets);
    if (!p)
        return false;
    say(w, " %u", octets == 1 ? p[0] : (unsigned)(p[0] << 8 | p[1]));
    return true;
}

static bool say_addr(struct writing *w, size_t octets)
{
    struct sw_addr addr;
    char text[SW_ADDRTEXT_MAX];
    const uint8_t *p = take(w, octets);
    if (!p || sw_addr_from_octets(p, octets, &addr) != SW_OK)
        return false;
    say(w, " %s", sw_addr_text(&addr, text));
    return true;
}

static bool say_name(struct writing *w)
{
    struct sw_name name;
    char text[SW_NAMETEXT_MAX];
    size_t len = 0;
    while (len < w->left && w->at[len] != 0)
        len += w->at[len] + 1u;
    const uint8_t *p = take(w, len + 1);
    if (!p || sw_name_copy(p, len + 1, &name) != SW_OK)
        return false;
    say(w, " %s%s", sw_name_text(name.wire, text), name.len > 1 ? "." : "");
    return true;
}

static bool say_string(struct writing *w, bool with_length)
{
    const uint8_t *len = with_length ? take(w, 1) : NULL;
    if (with_length && !len)
        return false;
    size_t n = with_length ? *len : w->left;
    const uint8_t *p = take(w, n);
    if (!p || n >= WORD_MAX)
        return false;
    say(w, " \"");
    for (size_t i = 0; i < n; i++) {
        if (p[i] == '"' || p[i] == '\\')
            say(w, "\\%c", p[i]);
        else if (p[i] < 0x20 || p[i] >= 0x7f)
            say(w, "\\%03u", p[i]);
        else
            say(w, "%c", p[i]);
    }
    say(w, "\"");
    return true;
}

static bool say_part(struct writing *w, char part)
{
    switch (part) {
    case '4':
    case '6':
        return say_addr(w, part == '4' ? 4 : 16);
    case '1':
    case '2':
        return say_number(w, part == '1' ? 1 : 2);
    case 'n':
        return say_name(w);
    default:
        return say_string(w, part != 'r');
    }
}

/* "TYPE65 \# 3 000102" (RFC 3597 5). */
static bool say_generic(struct writing *w, unsigned type)
{
    if (!is_data(type))
        return false;
    say(w, "TYPE%u \\# %zu%s", type, w->left, w->left ? " " : "");
    for (; w->left > 0; w->at++, w->left--)
        say(w, "%02x", *w->at);
    return true;
}

bool sw_record_text(uint16_t type, const uint8_t *data, size_t len, char text[SW_RECORDTEXT_MAX])
{
    struct writing w = {.text = text, .at = data, .left = len};
    const char *parts = NULL;
    if (len > SW_RECORDS_MAX)
        return false;
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (known[i].type != type)
            continue;
        parts = known[i].parts;
        say(&w, "%s", known[i].name);
    }
    if (!parts)
        return say_generic(&w, type);
    for (; *parts; parts++)
        do
            if (!say_part(&w, *parts))
                return false;
        while (*parts == 't' && w.left > 0);
    return w.left == 0;
}
