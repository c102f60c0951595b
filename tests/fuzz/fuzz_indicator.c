/*
 * fuzz_indicator.c - base/indicator.h: an indicator as text.
 *
 * An accepted text has a canonical text, which parses to the same indicator and to the same
 * canonical text: the canonical text is the key in Redis. A refusal gives a reason, and leaves *out
 * alone.
 */
#include "base/indicator.h"
#include "fuzz.h"

/* The parts with a meaning for this type, singly: a struct may have padding. */
static bool same(const struct sw_indicator *a, const struct sw_indicator *b)
{
    if (a->type != b->type)
        return false;
    if (a->type == SW_INDICATOR_ASN)
        return a->asn == b->asn;
    if (a->type == SW_INDICATOR_PREFIX)
        return sw_addr_equal(&a->addr, &b->addr);
    if (a->type == SW_INDICATOR_HOLDER)
        return strcmp(a->holder, b->holder) == 0;
    return a->form == b->form && a->name.len == b->name.len &&
           memcmp(a->name.wire, b->name.wire, a->name.len) == 0;
}

static bool valid(const struct sw_indicator *ind)
{
    if (ind->type == SW_INDICATOR_ASN)
        return ind->asn != 0;
    if (ind->type == SW_INDICATOR_PREFIX)
        return ind->addr.plen > 0 && ind->addr.plen <= sw_addr_bits(&ind->addr);
    if (ind->type == SW_INDICATOR_HOLDER)
        return strlen(ind->holder) < sizeof(ind->holder) && strchr(ind->holder, ':');
    return ind->type == SW_INDICATOR_DOMAIN && ind->form < SW_FORM_COUNT && ind->name.len > 1 &&
           sw_name_size(ind->name.wire, ind->name.len) == ind->name.len;
}

static void accepted(const struct sw_indicator *ind)
{
    struct sw_indicator again;
    char text[SW_INDICATORTEXT_MAX], canonical[SW_INDICATORTEXT_MAX];
    char why[SW_WHY_MAX];
    FUZZ_CHECK(valid(ind));
    sw_indicator_text(ind, text);
    FUZZ_CHECK(strlen(text) < SW_INDICATORTEXT_MAX && fuzz_words_ok(text, sizeof(text)));
    FUZZ_CHECK(sw_indicator_parse(text, strlen(text), &again, why) == SW_OK);
    FUZZ_CHECK(same(ind, &again));
    FUZZ_CHECK(strcmp(sw_indicator_text(&again, canonical), text) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sw_indicator ind, untouched;
    char why[SW_WHY_MAX] = "";
    char *text = fuzz_copy(data, size);
    memset(&ind, 0xa5, sizeof(ind));
    memcpy(&untouched, &ind, sizeof(ind));
    if (sw_indicator_parse(text, size, &ind, why) == SW_OK) {
        accepted(&ind);
    } else {
        FUZZ_CHECK(fuzz_words_ok(why, sizeof(why)));
        FUZZ_CHECK(memcmp(&ind, &untouched, sizeof(ind)) == 0);
    }
    free(text);
    return 0;
}
