/*
 * test_name.c - names in wire form: parse and print, fold, compare; edges of RFC 1035 2.3.4.
 */
#include "base/name.h"

#include "suite.h"

#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct sw_name parsed(const char *text)
{
    struct sw_name name;
    const char *why = "";
    enum sw_status status = sw_name_parse(text, strlen(text), &name, &why);
    ck_assert_msg(status == SW_OK, "'%s': %s", text, why);
    return name;
}

START_TEST(parse_folds_to_wire)
{
    static const uint8_t wire[] = "\3www\3foo\3org";
    struct sw_name name = parsed("www.Foo.ORG");
    ck_assert_uint_eq(name.len, sizeof(wire));
    ck_assert_mem_eq(name.wire, wire, sizeof(wire));
    struct sw_name dotted = parsed("www.foo.org.");
    ck_assert_uint_eq(dotted.len, name.len);
    ck_assert_mem_eq(dotted.wire, name.wire, name.len);
}
END_TEST

START_TEST(parse_root)
{
    struct sw_name name = parsed(".");
    ck_assert_uint_eq(name.len, 1);
    ck_assert_uint_eq(name.wire[0], 0);
    char text[SW_NAMETEXT_MAX];
    ck_assert_str_eq(sw_name_text(name.wire, text), ".");
}
END_TEST

START_TEST(parse_escapes)
{
    static const uint8_t wire[] = "\5a.b\0z\1\\";
    struct sw_name name = parsed("A\\.b\\000\\Z.\\\\");
    ck_assert_uint_eq(name.len, sizeof(wire));
    ck_assert_mem_eq(name.wire, wire, sizeof(wire));
    ck_assert_uint_eq(parsed("\\255").wire[1], 255);
}
END_TEST

static const struct {
    const char *text;
    enum sw_status status;
} bad_texts[] = {
    {"", SW_ESYNTAX},           {"..", SW_ESYNTAX},     {".a", SW_ESYNTAX},
    {"a..b", SW_ESYNTAX},       {"a..", SW_ESYNTAX},    {"a b", SW_ESYNTAX},
    {"a/b", SW_ESYNTAX},        {"*.a", SW_ESYNTAX},    {"=a", SW_ESYNTAX},
    {"b\303\274r", SW_ESYNTAX}, {"a\\", SW_ESYNTAX},    {"a\\2", SW_ESYNTAX},
    {"a\\25", SW_ESYNTAX},      {"a\\25x", SW_ESYNTAX}, {"a\\256", SW_ESYNTAX},
    {"a\\999", SW_ESYNTAX},     {"a\\\n", SW_ESYNTAX},  {"a\nb", SW_ESYNTAX},
    {"@", SW_ESYNTAX},          {"[a]", SW_ESYNTAX},    {"a\177", SW_ESYNTAX},
};

START_TEST(parse_refuses)
{
    struct sw_name name = {.len = 77};
    const char *why = NULL;
    const char *text = bad_texts[_i].text;
    ck_assert_int_eq(sw_name_parse(text, strlen(text), &name, &why), bad_texts[_i].status);
    ck_assert_uint_eq(name.len, 77); /* untouched */
    ck_assert_ptr_nonnull(why);
    ck_assert_int_eq(sw_name_parse(text, strlen(text), &name, NULL), bad_texts[_i].status);
}
END_TEST

START_TEST(parse_respects_text_len)
{
    struct sw_name name;
    ck_assert_int_eq(sw_name_parse("ab.cd", 4, &name, NULL), SW_OK);
    ck_assert_uint_eq(name.len, 6);
    ck_assert_int_eq(sw_name_parse("a\\255", 4, &name, NULL), SW_ESYNTAX);
    ck_assert_int_eq(sw_name_parse("a\0b", 3, &name, NULL), SW_ESYNTAX);
}
END_TEST

/* Text of labels of these lengths, all 'x', joined by dots. */
static size_t x_labels(char *text, const size_t *lengths, size_t n)
{
    size_t used = 0;
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            text[used++] = '.';
        memset(text + used, 'x', lengths[i]);
        used += lengths[i];
    }
    return used;
}

START_TEST(parse_limits)
{
    char text[600];
    struct sw_name name;
    ck_assert_int_eq(sw_name_parse(text, x_labels(text, (size_t[]){63}, 1), &name, NULL), SW_OK);
    ck_assert_int_eq(sw_name_parse(text, x_labels(text, (size_t[]){64}, 1), &name, NULL),
                     SW_ETOOBIG);
    /* 64 * 3 + 62 + 1 = 255 octets */
    ck_assert_int_eq(
        sw_name_parse(text, x_labels(text, (size_t[]){63, 63, 63, 61}, 4), &name, NULL), SW_OK);
    ck_assert_uint_eq(name.len, 255);
    ck_assert_uint_eq(sw_name_size(name.wire, 255), 255);
    ck_assert_int_eq(
        sw_name_parse(text, x_labels(text, (size_t[]){63, 63, 63, 62}, 4), &name, NULL),
        SW_ETOOBIG);
    ck_assert_int_eq(
        sw_name_parse(text, x_labels(text, (size_t[]){63, 63, 63, 61, 1}, 5), &name, NULL),
        SW_ETOOBIG);
}
END_TEST

START_TEST(most_labels)
{
    char text[300];
    for (size_t i = 0; i < 127; i++)
        memcpy(text + 2 * i, "a.", 2);
    struct sw_name name;
    ck_assert_int_eq(sw_name_parse(text, 254, &name, NULL), SW_OK);
    ck_assert_uint_eq(name.len, 255);
    ck_assert_uint_eq(sw_name_labels(name.wire), SW_LABELS_MAX);
    memcpy(text + 254, "a", 1);
    ck_assert_int_eq(sw_name_parse(text, 255, &name, NULL), SW_ETOOBIG);
}
END_TEST

START_TEST(size_of_broken_wire)
{
    static const uint8_t good[] = "\3www\3foo\3org";
    for (size_t max = 0; max < sizeof(good); max++)
        ck_assert_uint_eq(sw_name_size(good, max), 0);
    ck_assert_uint_eq(sw_name_size(good, sizeof(good)), sizeof(good));
    ck_assert_uint_eq(sw_name_size(good, 1000), sizeof(good));

    static const uint8_t pointer[] = {1, 'a', 0xc0, 0x0c, 0};
    ck_assert_uint_eq(sw_name_size(pointer, sizeof(pointer)), 0);
    static const uint8_t label64[70] = {64};
    ck_assert_uint_eq(sw_name_size(label64, sizeof(label64)), 0);

    uint8_t long_wire[300];
    memset(long_wire, 1, sizeof(long_wire)); /* 1-octet labels without end */
    ck_assert_uint_eq(sw_name_size(long_wire, sizeof(long_wire)), 0);
    long_wire[254] = 0;
    ck_assert_uint_eq(sw_name_size(long_wire, sizeof(long_wire)), 255);
    long_wire[254] = 1;
    long_wire[256] = 0; /* 257 octets */
    ck_assert_uint_eq(sw_name_size(long_wire, sizeof(long_wire)), 0);
}
END_TEST

START_TEST(copy_folds_every_octet)
{
    /* All 256 octet values at every place of a block, in names of every size up to five blocks;
     * as a copy that ends with the room, and in place. */
    for (size_t label = 1; label <= SW_LABEL_MAX; label++) {
        for (unsigned octet = 0; octet < 256; octet++) {
            uint8_t wire[SW_LABEL_MAX + 2] = {(uint8_t)label},
                                        want[sizeof(wire)] = {(uint8_t)label};
            memset(wire + 1, (int)octet, label);
            memset(want + 1, octet >= 'A' && octet <= 'Z' ? (int)octet + 32 : (int)octet, label);
            struct sw_name name;
            ck_assert_int_eq(sw_name_copy(wire, sizeof(wire), &name), SW_OK);
            ck_assert_uint_eq(name.len, label + 2);
            ck_assert_mem_eq(name.wire, want, label + 2);
            sw_name_fold(wire, label + 2, wire);
            ck_assert_mem_eq(wire, want, sizeof(wire));
        }
    }
}
END_TEST

START_TEST(copy_in_place_and_refused)
{
    struct sw_name name = {.len = 13, .wire = "\3WWW\3Foo\3oRg"};
    ck_assert_int_eq(sw_name_copy(name.wire, name.len, &name), SW_OK);
    ck_assert_mem_eq(name.wire, "\3www\3foo\3org", 13);

    struct sw_name out = {.len = 9};
    ck_assert_int_eq(sw_name_copy(name.wire, 12, &out), SW_EINVAL);
    ck_assert_uint_eq(out.len, 9);
    ck_assert_int_eq(sw_name_copy(name.wire, 0, &out), SW_EINVAL);
}
END_TEST

START_TEST(suffixes)
{
    struct sw_name name = parsed("a.bc.def");
    ck_assert_uint_eq(sw_name_labels(name.wire), 3);
    ck_assert_ptr_eq(sw_name_suffix(name.wire, 3), name.wire);
    ck_assert_ptr_eq(sw_name_suffix(name.wire, 2), name.wire + 2);
    ck_assert_ptr_eq(sw_name_suffix(name.wire, 1), name.wire + 5);
    ck_assert_ptr_eq(sw_name_suffix(name.wire, 0), name.wire + 9);
    ck_assert_uint_eq(sw_name_labels((const uint8_t *)""), 0);
}
END_TEST

static const struct {
    const char *name, *parent;
    bool equal, below;
} pairs[] = {
    {"systemsvc.net", "systemsvc.net", true, true},
    {"www.systemsvc.net", "systemsvc.net", false, true},
    {"winsystemsvc.net", "systemsvc.net", false, false},
    {"systemsvc.net", "www.systemsvc.net", false, false},
    {"systemsvc.net", "systemsvc.com", false, false},
    {"systemsvc.net", ".", false, true},
    {".", ".", true, true},
    {".", "net", false, false},
    {"a.b.c.d.e.f.example.org", "f.example.org", false, true},
    {"abcdefgh.ijklmnop.q", "abcdefgh.ijklmnop.r", false, false},
    {"ab.c", "a.bc", false, false},     /* same octets but for the lengths */
    {"a\\.b.c", "b.c", false, false},   /* the dot is in the label */
    {"a\\003net", "net", false, false}, /* an octet in a label that looks like a length */
};

START_TEST(comparing)
{
    struct sw_name name = parsed(pairs[_i].name);
    struct sw_name parent = parsed(pairs[_i].parent);
    ck_assert_int_eq(sw_name_equal(name.wire, parent.wire), pairs[_i].equal);
    ck_assert_int_eq(sw_name_equal(parent.wire, name.wire), pairs[_i].equal);
    ck_assert_int_eq(sw_name_below_or_equal(name.wire, parent.wire), pairs[_i].below);
}
END_TEST

START_TEST(comparing_ignores_case_of_letters_only)
{
    const uint8_t *upper = (const uint8_t *)"\3WWW\7Example\3ORG";
    const uint8_t *lower = (const uint8_t *)"\3www\7eXAMPLE\3org";
    ck_assert(sw_name_equal(upper, lower));
    ck_assert(sw_name_below_or_equal(upper, lower + 4));
    /* '[' is '{' without bit 0x20, '@' is '`' without that bit: no letters */
    ck_assert(!sw_name_equal((const uint8_t *)"\1[", (const uint8_t *)"\1{"));
    ck_assert(!sw_name_equal((const uint8_t *)"\1@", (const uint8_t *)"\1`"));
    ck_assert(!sw_name_equal((const uint8_t *)"\10xxxxxxx[", (const uint8_t *)"\10xxxxxxx{"));
    ck_assert(!sw_name_equal((const uint8_t *)"\1\301", (const uint8_t *)"\1\341"));
}
END_TEST

START_TEST(text_escapes)
{
    char text[SW_NAMETEXT_MAX];
    static const uint8_t wire[] = "\7a-_9.\\\0\2 *";
    ck_assert_str_eq(sw_name_text(wire, text), "a-_9\\.\\\\\\000.\\032\\*");
}
END_TEST

START_TEST(text_longest)
{
    struct sw_name name = {.len = 255};
    memset(name.wire, 200, sizeof(name.wire));
    name.wire[0] = name.wire[64] = name.wire[128] = 63;
    name.wire[192] = 61;
    name.wire[254] = 0;
    char text[SW_NAMETEXT_MAX];
    ck_assert_uint_eq(strlen(sw_name_text(name.wire, text)), 250 * 4 + 3);
    struct sw_name again = parsed(text);
    ck_assert(sw_name_equal(again.wire, name.wire));
}
END_TEST

/* RFC 1035 5.1, octet by octet. */
static size_t print_one(char *to, uint8_t c, bool lower)
{
    if (isalnum(c) || c == '-' || c == '_')
        return (size_t)snprintf(to, 2, "%c", lower ? tolower(c) : c);
    return (size_t)snprintf(to, 5, c > 0x20 && c < 0x7f ? "\\%c" : "\\%03u", c);
}

/* Every octet at every place of names of two labels and many sizes, among letters. */
START_TEST(text_of_every_octet)
{
    char text[SW_NAMETEXT_MAX], wanted[2][SW_NAMETEXT_MAX];
    for (unsigned first = 1; first <= 35; first += 1 + first / 2)
        for (unsigned second = 0; second <= 17; second += 1 + second / 4)
            for (unsigned k = 0; k < (first + second) * 256; k++) {
                uint8_t wire[64] = {0};
                size_t at = 0, len[2] = {0, 0};
                wire[0] = (uint8_t)first;
                wire[1 + first] = (uint8_t)second;
                for (unsigned i = 0; i < first + second; i++) {
                    uint8_t c = i == k / 256 ? (uint8_t)k : (uint8_t)("aZ-_09Qx"[(i + k) % 8]);
                    at = 1 + i + (i >= first);
                    wire[at] = c;
                    for (unsigned lower = 0; lower < 2; lower++) {
                        if (i == first)
                            wanted[lower][len[lower]++] = '.';
                        len[lower] += print_one(wanted[lower] + len[lower], c, lower);
                    }
                }
                if (strcmp(sw_name_text(wire, text), wanted[0]) != 0)
                    ck_abort_msg("'%s' is not '%s'", text, wanted[0]);
                if (strcmp(sw_name_text_lower(wire, text), wanted[1]) != 0)
                    ck_abort_msg("'%s' is not '%s'", text, wanted[1]);
            }
}
END_TEST

/* Any name survives being printed and parsed. */
START_TEST(text_round_trip)
{
    srandom(20150512);
    for (int round = 0; round < 2000; round++) {
        struct sw_name name = {.len = 0};
        size_t at = 0;
        for (long labels = random() % 5; labels > 0; labels--) {
            size_t label = 1 + (size_t)random() % 20;
            name.wire[at++] = (uint8_t)label;
            for (; label > 0; label--)
                name.wire[at++] = (uint8_t)random();
        }
        name.wire[at] = 0;
        char text[SW_NAMETEXT_MAX];
        struct sw_name again = parsed(sw_name_text(name.wire, text));
        ck_assert_uint_eq(again.len, at + 1);
        ck_assert_msg(sw_name_equal(again.wire, name.wire), "'%s'", text);
    }
}
END_TEST

int main(void)
{
    return RUN_SUITE("name", TESTS(parse_folds_to_wire, parse_root, parse_escapes),
                     LOOP(parse_refuses, COUNT(bad_texts)),
                     TESTS(parse_respects_text_len, parse_limits, most_labels, size_of_broken_wire,
                           copy_folds_every_octet, copy_in_place_and_refused, suffixes),
                     LOOP(comparing, COUNT(pairs)),
                     TESTS(comparing_ignores_case_of_letters_only, text_escapes,
                           text_of_every_octet, text_longest, text_round_trip));
}
