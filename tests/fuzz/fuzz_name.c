/*
 * fuzz_name.c - base/name.h: names in wire form and as text, against plain definitions.
 *
 * The input is taken as wire form (two names in sequence), and as text.
 */
#include "base/name.h"
#include "fuzz.h"

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

/* Copy, labels, suffixes, text and back, of a name that fills the block. */
static void one_name(const uint8_t *wire, size_t size)
{
    struct sw_name copy, again;
    char text[SW_NAMETEXT_MAX];
    FUZZ_CHECK(sw_name_copy(wire, size, &copy) == SW_OK && copy.len == size);
    for (size_t i = 0; i < size; i++)
        FUZZ_CHECK(copy.wire[i] == lower(wire[i]));
    again = copy;
    FUZZ_CHECK(sw_name_copy(again.wire, again.len, &again) == SW_OK);
    FUZZ_CHECK(again.len == size && memcmp(again.wire, copy.wire, size) == 0);
    FUZZ_CHECK(sw_name_equal(wire, copy.wire));

    unsigned labels = sw_name_labels(wire);
    FUZZ_CHECK(labels <= SW_LABELS_MAX);
    FUZZ_CHECK(sw_name_suffix(wire, labels) == wire);
    for (unsigned i = 0; i < labels; i++) {
        const uint8_t *suffix = sw_name_suffix(wire, i);
        FUZZ_CHECK(suffix > wire && suffix < wire + size);
        FUZZ_CHECK(sw_name_labels(suffix) == i);
        FUZZ_CHECK(sw_name_below_or_equal(wire, suffix) && !sw_name_equal(wire, suffix));
        FUZZ_CHECK(!sw_name_below_or_equal(suffix, wire));
    }
    sw_name_text(wire, text);
    FUZZ_CHECK(strlen(text) < SW_NAMETEXT_MAX);
    FUZZ_CHECK(sw_name_parse(text, strlen(text), &again, NULL) == SW_OK);
    FUZZ_CHECK(again.len == size && memcmp(again.wire, copy.wire, size) == 0);
}

/* Equal and below, by the plain definition: suffix by suffix, octet by octet. */
static void two_names(const uint8_t *a, const uint8_t *b)
{
    struct sw_name x, y;
    bool below = false, equal;
    FUZZ_CHECK(sw_name_copy(a, SW_NAME_MAX, &x) == SW_OK);
    FUZZ_CHECK(sw_name_copy(b, SW_NAME_MAX, &y) == SW_OK);
    equal = x.len == y.len && memcmp(x.wire, y.wire, x.len) == 0;
    for (size_t at = 0; at < x.len; at += x.wire[at] + 1u)
        below = below || (x.len - at == y.len && memcmp(x.wire + at, y.wire, y.len) == 0);
    FUZZ_CHECK(sw_name_equal(a, b) == equal);
    FUZZ_CHECK(sw_name_below_or_equal(a, b) == below);
}

static void as_wire(const uint8_t *data, size_t size)
{
    struct sw_name refused;
    size_t first = sw_name_size(data, size);
    FUZZ_CHECK(first == fuzz_name_size(data, size));
    if (first == 0) {
        FUZZ_CHECK(sw_name_copy(data, size, &refused) == SW_EINVAL);
        return;
    }
    for (size_t cut = 0; cut < first; cut++)
        FUZZ_CHECK(sw_name_size(data, cut) == 0);
    uint8_t *a = fuzz_copy(data, first);
    one_name(a, first);
    size_t second = sw_name_size(data + first, size - first);
    if (second > 0) {
        uint8_t *b = fuzz_copy(data + first, second);
        two_names(a, b);
        two_names(b, a);
        free(b);
    }
    free(a);
}

static void as_text(const uint8_t *data, size_t size)
{
    struct sw_name name, untouched;
    const char *why = NULL;
    char *text = fuzz_copy(data, size);
    memset(&name, 0xa5, sizeof(name));
    untouched = name;
    if (sw_name_parse(text, size, &name, &why) == SW_OK) {
        FUZZ_CHECK(sw_name_size(name.wire, name.len) == name.len);
        uint8_t *wire = fuzz_copy(name.wire, name.len);
        one_name(wire, name.len);
        free(wire);
    } else {
        FUZZ_CHECK(why && fuzz_words_ok(why, 200));
        FUZZ_CHECK(memcmp(&name, &untouched, sizeof(name)) == 0);
    }
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *exact = fuzz_copy(data, size);
    as_wire(exact, size);
    as_text(exact, size);
    free(exact);
    return 0;
}
