/*
 * name.c - domain names in wire form: parse, print, fold, compare.
 *
 * Folding works on whole wire names without looking at labels: a length octet is at most 63
 * and 'A' is 65, so no length octet is ever taken for a letter. Eight octets are folded at a time.
 */
#include "base/name.h"

#include <string.h>

#define ONES UINT64_C(0x0101010101010101)

/* Fold eight ASCII octets to lower case. Two additions with carries set the high bit of each octet
 * in 'A'..'Z' (octets over 127 are left out). Shifted right by 2, that bit is the 0x20 that upper
 * case lacks. */
static inline uint64_t fold8(uint64_t octets)
{
    uint64_t low7 = octets & (ONES * 0x7f);
    uint64_t from_a = low7 + ONES * (0x80 - 'A');
    uint64_t over_z = low7 + ONES * (0x7f - 'Z');
    uint64_t upper = (from_a ^ over_z) & ~octets & (ONES * 0x80);
    return octets | upper >> 2;
}

static inline uint8_t fold1(uint8_t octet)
{
    return (uint8_t)(octet | ((uint8_t)(octet - 'A') < 26) << 5);
}

static inline uint64_t load8(const uint8_t *at)
{
    uint64_t octets;
    memcpy(&octets, at, sizeof(octets));
    return octets;
}

typedef uint8_t octets16 __attribute__((vector_size(16)));

static inline void fold_copy8(uint8_t *to, const uint8_t *from)
{
    uint64_t folded = fold8(load8(from));
    memcpy(to, &folded, sizeof(folded));
}

static inline void fold_copy16(uint8_t *to, const uint8_t *from)
{
    octets16 x;
    memcpy(&x, from, sizeof(x));
    x |= (octets16)(x - (uint8_t)'A' < (uint8_t)26) & 0x20;
    memcpy(to, &x, sizeof(x));
}

/* Copy size octets folded; from may equal to. The last block overlaps the block before instead of
 * being shorter; folding twice changes nothing. */
static void fold_copy(uint8_t *to, const uint8_t *from, size_t size)
{
    if (size >= 16) {
        for (size_t i = 0; i < size - 16; i += 16)
            fold_copy16(to + i, from + i);
        fold_copy16(to + size - 16, from + size - 16);
    } else if (size >= 8) {
        fold_copy8(to, from);
        fold_copy8(to + size - 8, from + size - 8);
    } else {
        for (size_t i = 0; i < size; i++)
            to[i] = fold1(from[i]);
    }
}

/* Whether size octets are equal, letter case aside. */
static bool fold_equal(const uint8_t *a, const uint8_t *b, size_t size)
{
    size_t i = 0;
    for (; i + 8 <= size; i += 8)
        if (fold8(load8(a + i)) != fold8(load8(b + i)))
            return false;
    for (; i < size; i++)
        if (fold1(a[i]) != fold1(b[i]))
            return false;
    return true;
}

size_t sw_name_size(const uint8_t *wire, size_t max_len)
{
    size_t limit = max_len < SW_NAME_MAX ? max_len : SW_NAME_MAX;
    size_t at = 0;
    while (at < limit) {
        size_t label = wire[at];
        if (label == 0)
            return at + 1;
        if (label > SW_LABEL_MAX) /* compression pointer (RFC 1035 4.1.4) or reserved */
            return 0;
        at += label + 1;
    }
    return 0;
}

/* Size of a name that is known to be valid. */
static size_t valid_size(const uint8_t *wire)
{
    size_t at = 0;
    while (wire[at] != 0)
        at += (size_t)wire[at] + 1;
    return at + 1;
}

void sw_name_fold(const uint8_t *wire, size_t size, uint8_t *out)
{
    fold_copy(out, wire, size);
}

enum sw_status sw_name_copy(const uint8_t *wire, size_t max_len, struct sw_name *out)
{
    size_t size = sw_name_size(wire, max_len);
    if (size == 0)
        return SW_EINVAL;
    sw_name_fold(wire, size, out->wire);
    out->len = (uint8_t)size;
    return SW_OK;
}

unsigned sw_name_labels(const uint8_t *wire)
{
    unsigned labels = 0;
    for (; *wire != 0; wire += (size_t)*wire + 1)
        labels++;
    return labels;
}

const uint8_t *sw_name_suffix(const uint8_t *wire, unsigned labels)
{
    unsigned have = sw_name_labels(wire);
    for (; have > labels; have--)
        wire += (size_t)*wire + 1;
    return wire;
}

bool sw_name_ends_in_number(const uint8_t *wire)
{
    unsigned labels = sw_name_labels(wire);
    if (labels == 0)
        return false;
    const uint8_t *last = sw_name_suffix(wire, 1);
    for (unsigned i = 1; i <= *last; i++)
        if (last[i] < '0' || last[i] > '9')
            return false;
    return true;
}

bool sw_name_equal(const uint8_t *a, const uint8_t *b)
{
    size_t size = valid_size(a);
    return size == valid_size(b) && fold_equal(a, b, size);
}

bool sw_name_below_or_equal(const uint8_t *name, const uint8_t *parent)
{
    size_t parent_size = valid_size(parent);
    size_t left = valid_size(name);
    while (left > parent_size) { /* ends at the root label at the latest: parent_size >= 1 */
        size_t label = (size_t)*name + 1;
        name += label;
        left -= label;
    }
    return left == parent_size && fold_equal(name, parent, left);
}

/* ---- presentation form ---- */

static inline bool is_digit(uint8_t c)
{
    return (uint8_t)(c - '0') < 10;
}

/* Octets that stand for themselves in text. */
static inline bool is_plain(uint8_t c)
{
    return (uint8_t)(fold1(c) - 'a') < 26 || is_digit(c) || c == '-' || c == '_';
}

static enum sw_status refuse(enum sw_status status, const char *words, const char **why)
{
    if (why)
        *why = words;
    return status;
}

/*
 * Read an octet of a label at text[*at]: a plain character, \X or \DDD (RFC 1035 5.1). Moves
 * *at past the characters read.
 */
static enum sw_status parse_octet(const char *text, size_t text_len, size_t *at, uint8_t *octet,
                                  const char **why)
{
    const uint8_t *in = (const uint8_t *)text + *at;
    size_t left = text_len - *at;
    if (in[0] != '\\') {
        if (!is_plain(in[0]))
            return refuse(SW_ESYNTAX, "character that is no letter, digit, '-' or '_'", why);
        *octet = in[0];
        *at += 1;
        return SW_OK;
    }
    if (left < 2 || in[1] < 0x20 || in[1] > 0x7e)
        return refuse(SW_ESYNTAX, "backslash with no printable character after it", why);
    if (!is_digit(in[1])) {
        *octet = in[1];
        *at += 2;
        return SW_OK;
    }
    if (left < 4 || !is_digit(in[2]) || !is_digit(in[3]))
        return refuse(SW_ESYNTAX, "backslash with fewer than three digits after it", why);
    unsigned value = (in[1] - '0') * 100u + (in[2] - '0') * 10u + (in[3] - '0');
    if (value > 255)
        return refuse(SW_ESYNTAX, "escaped octet over 255", why);
    *octet = (uint8_t)value;
    *at += 4;
    return SW_OK;
}

/* Append the label at text[*at], up to the next dot or the end, to out. */
static enum sw_status parse_label(const char *text, size_t text_len, size_t *at,
                                  struct sw_name *out, const char **why)
{
    uint8_t label[SW_LABEL_MAX];
    size_t n = 0;
    while (*at < text_len && text[*at] != '.') {
        uint8_t octet;
        enum sw_status status = parse_octet(text, text_len, at, &octet, why);
        if (status != SW_OK)
            return status;
        if (n == SW_LABEL_MAX)
            return refuse(SW_ETOOBIG, "label over 63 octets", why);
        label[n++] = octet;
    }
    if (n == 0)
        return refuse(SW_ESYNTAX, "empty label", why);
    if (out->len + 1 + n + 1 > SW_NAME_MAX) /* with length octet and root label */
        return refuse(SW_ETOOBIG, "name over 255 octets", why);
    out->wire[out->len] = (uint8_t)n;
    fold_copy(out->wire + out->len + 1, label, n);
    out->len = (uint8_t)(out->len + 1 + n);
    return SW_OK;
}

enum sw_status sw_name_parse(const char *text, size_t text_len, struct sw_name *out,
                             const char **why)
{
    if (text_len == 0)
        return refuse(SW_ESYNTAX, "empty name", why);

    struct sw_name name = {.len = 0};
    bool root = text_len == 1 && text[0] == '.';
    for (size_t at = 0; at < text_len && !root; at++) { /* at++: past the dot */
        enum sw_status status = parse_label(text, text_len, &at, &name, why);
        if (status != SW_OK)
            return status;
    }
    name.wire[name.len] = 0;
    name.len++;
    out->len = name.len;
    memcpy(out->wire, name.wire, name.len);
    return SW_OK;
}

/* Write an octet of a label as text; returns the place after the text. */
static char *print_octet(char *to, uint8_t octet)
{
    if (is_plain(octet)) {
        *to++ = (char)octet;
        return to;
    }
    *to++ = '\\';
    if (octet > 0x20 && octet < 0x7f) {
        *to++ = (char)octet;
        return to;
    }
    *to++ = (char)('0' + octet / 100);
    *to++ = (char)('0' + octet / 10 % 10);
    *to++ = (char)('0' + octet % 10);
    return to;
}

/* Fold sixteen octets of text if `lower`; false when any octet has to be escaped. */
static inline bool fold_plain16(char *text, bool lower)
{
    octets16 x, letter, plain;
    uint64_t half[2];
    memcpy(&x, text, sizeof(x));
    letter = (octets16)((x | 0x20) - (uint8_t)'a' < (uint8_t)26);
    plain = letter | (octets16)(x - (uint8_t)'0' < (uint8_t)10);
    plain |= (octets16)(x == (uint8_t)'-') | (octets16)(x == (uint8_t)'_');
    memcpy(half, &plain, sizeof(half));
    if (lower) {
        x |= letter & 0x20;
        memcpy(text, &x, sizeof(x));
    }
    return (half[0] & half[1]) == UINT64_MAX;
}

/* Put a character in place of the length octet of each label but the first. */
static inline void put_between(const uint8_t *wire, char *to, size_t len, char c)
{
    for (size_t at = wire[0]; at < len; at += (size_t)wire[at + 1] + 1)
        to[at] = c;
}

/* Write a name of letters, digits, '-' and '_' alone, as nearly all names are: copy the name as a
 * whole, then put the dots. NULL for any other name. size: octets of the name, over 1. */
static inline char *print_plain(const uint8_t *wire, size_t size, char *to, bool lower)
{
    size_t len = size - 2; /* neither the first length nor the root label is text */
    bool plain = true;
    memcpy(to, wire + 1, len);
    memset(to + len, '-', sizeof(octets16));
    put_between(wire, to, len, '-');
    for (size_t i = 0; i < len; i += sizeof(octets16))
        plain &= fold_plain16(to + i, lower);
    if (!plain)
        return NULL;
    put_between(wire, to, len, '.');
    to[len] = '\0';
    return to + len;
}

/* Write a name as text; returns the place of the final NUL. */
static inline char *print_name(const uint8_t *wire, char *to, bool lower)
{
    if (*wire == 0) {
        memcpy(to, ".", 2);
        return to + 1;
    }
    char *end = print_plain(wire, valid_size(wire), to, lower);
    if (end)
        return end;
    while (*wire != 0) {
        size_t label = *wire++;
        for (; label > 0; label--, wire++)
            to = print_octet(to, lower ? fold1(*wire) : *wire);
        if (*wire != 0)
            *to++ = '.';
    }
    *to = '\0';
    return to;
}

char *sw_name_text(const uint8_t *wire, char text[SW_NAMETEXT_MAX])
{
    print_name(wire, text, false);
    return text;
}

char *sw_name_text_lower(const uint8_t *wire, char text[SW_NAMETEXT_MAX])
{
    print_name(wire, text, true);
    return text;
}
