/* fold.c - registrants reduced to comparable words. See fold.h. */
#include "base/fold.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unicase.h>
#include <unictype.h>
#include <uninorm.h>
#include <unistr.h>

#define INPUT_MAX 512 /* octets of the text that are looked at */

/* Letters that NFKD leaves alone. */
static const struct {
    ucs4_t from;
    const char *to;
} bases[] = {
    {0x00e6, "ae"}, {0x00f0, "d"}, {0x00f8, "o"},  {0x00fe, "th"}, {0x0111, "d"}, {0x0127, "h"},
    {0x0131, "i"},  {0x0142, "l"}, {0x0153, "oe"}, {0x0167, "t"},  {0x0180, "b"}, {0x0259, "e"},
};

static const char *base_of(ucs4_t c)
{
    for (size_t i = 0; i < sizeof(bases) / sizeof(bases[0]); i++)
        if (bases[i].from == c)
            return bases[i].to;
    return NULL;
}

static bool is_diacritic(ucs4_t c)
{
    return (c >= 0x0300 && c <= 0x036f) || (c >= 0x064b && c <= 0x065f);
}

static bool is_word(ucs4_t c)
{
    return uc_is_general_category_withtable(c, UC_CATEGORY_MASK_L | UC_CATEGORY_MASK_N |
                                                   UC_CATEGORY_MASK_M);
}

static bool is_unspaced(ucs4_t c)
{
    static const struct {
        ucs4_t first, last;
    } blocks[] = {
        {0x0e00, 0x0eff}, /* Thai, Lao */
        {0x1000, 0x11ff}, /* Myanmar, (Georgian, below), Hangul Jamo */
        {0x1780, 0x17ff}, /* Khmer */
        {0x3040, 0x30ff}, /* Kana */
        {0x3400, 0x9fff}, /* Han */
        {0xac00, 0xd7ff}, /* Hangul */
        {0xf900, 0xfaff}, {0x20000, 0x3ffff},
    };
    if (c >= 0x10a0 && c <= 0x10ff) /* Georgian has spaces */
        return false;
    for (size_t i = 0; i < sizeof(blocks) / sizeof(blocks[0]); i++)
        if (c >= blocks[i].first && c <= blocks[i].last)
            return true;
    return false;
}

/* Text being written; begins with a space. */
struct writing {
    char *out;
    size_t room, used;
    bool unspaced; /* the script of the last word */
};

static void put(struct writing *w, const char *text, size_t len)
{
    if (w->used + len + 2 > w->room) /* a space and the NUL still fit */
        return;
    memcpy(w->out + w->used, text, len);
    w->used += len;
}

static void put_space(struct writing *w)
{
    if (w->used == 0 || w->out[w->used - 1] != ' ')
        w->out[w->used++] = ' ';
}

static void put_character(struct writing *w, ucs4_t c)
{
    uint8_t utf8[6];
    const char *base = base_of(c);
    if (base) {
        w->unspaced = false;
        put(w, base, strlen(base));
    } else if (is_word(c)) {
        if (is_unspaced(c) != w->unspaced) /* "株式会社NTT" is two words */
            put_space(w);
        w->unspaced = is_unspaced(c);
        int n = u8_uctomb(utf8, c, sizeof(utf8));
        put(w, (const char *)utf8, n > 0 ? (size_t)n : 0);
    } else if (c != 0x00ad && c != 0x200b) { /* soft hyphen and zero width space: nothing */
        put_space(w);
    }
}

/* Valid UTF-8 of a text: each octet outside becomes a space. */
static size_t valid_text(const char *text, size_t len, uint8_t out[INPUT_MAX])
{
    size_t used = 0;
    for (size_t at = 0; at < len && used < INPUT_MAX;) {
        ucs4_t c;
        int n = u8_mbtoucr(&c, (const uint8_t *)text + at, len - at);
        size_t take = n > 0 ? (size_t)n : 1;
        if (used + take > INPUT_MAX)
            break;
        if (n > 0)
            memcpy(out + used, text + at, take);
        else
            out[used] = ' ';
        used += take;
        at += take;
    }
    return used;
}

size_t sw_fold(const char *text, size_t len, char *out, size_t room)
{
    uint8_t valid[INPUT_MAX];
    uint8_t room_on_stack[4 * INPUT_MAX];
    assert(room > 2);
    size_t folded_len = sizeof(room_on_stack);
    size_t valid_len = valid_text(text, len, valid);
    out[0] = '\0';
    uint8_t *folded = u8_casefold(valid, valid_len, NULL, UNINORM_NFKD, room_on_stack, &folded_len);
    if (!folded)
        return 0;
    struct writing w = {.out = out, .room = room};
    put_space(&w);
    for (size_t at = 0; at < folded_len;) {
        ucs4_t c;
        at += (size_t)u8_mbtouc(&c, folded + at, folded_len - at);
        if (!is_diacritic(c))
            put_character(&w, c);
    }
    put_space(&w);
    out[w.used] = '\0';
    if (folded != room_on_stack)
        free(folded);
    return w.used;
}

/* ---- keys ---- */

/* Words of legal forms, folded; dots are spaces by then, so "s p a" is three words. */
static const char *const legal_forms[] = {
    "inc",  "incorporated", "corp", "corporation", "co",   "company", "llc",  "llp",   "lp",
    "ltd",  "limited",      "plc",  "pty",         "pvt",  "private", "gmbh", "ag",    "kg",
    "ohg",  "ug",           "ev",   "bv",          "nv",   "vof",     "sa",   "sas",   "sarl",
    "srl",  "spa",          "sl",   "slu",         "ltda", "eireli",  "me",   "epp",   "oy",
    "oyj",  "ab",           "as",   "asa",         "aps",  "ehf",     "hf",   "kft",   "zrt",
    "nyrt", "bt",           "sro",  "spol",        "doo",  "dd",      "ad",   "eood",  "ood",
    "ead",  "jsc",          "ojsc", "cjsc",        "pjsc", "ooo",     "oao",  "zao",   "pao",
    "ao",   "too",          "tov",  "pat",         "prat", "pe",      "fop",  "sia",   "uab",
    "ou",   "sdn",          "bhd",  "pt",          "tbk",  "kk",      "the",  "de cv", "ооо",
    "оао",  "зао",          "пао",  "ао",          "тоо",  "ип",      "тов",  "чп",    "фоп",
};

static bool is_legal_form(const char *word, size_t len)
{
    for (size_t i = 0; i < sizeof(legal_forms) / sizeof(legal_forms[0]); i++)
        if (strlen(legal_forms[i]) == len && memcmp(legal_forms[i], word, len) == 0)
            return true;
    return false;
}

/* The next run of words at *at: single letters that follow each other ("s p a") count as a word. */
static size_t next_word(const char *folded, size_t *at, char out[SW_FOLDED_MAX])
{
    size_t n = 0;
    for (;;) {
        size_t len = strcspn(folded + *at, " ");
        bool single = len == 1;
        if (len == 0 || (n > 0 && !single))
            return n;
        memcpy(out + n, folded + *at, len);
        n += len;
        *at += len + strspn(folded + *at + len, " ");
        if (!single)
            return n;
    }
}

/* The words without legal forms, of folded text; returns the length. */
static size_t key_of(const char *folded, char *out, size_t room)
{
    char word[SW_FOLDED_MAX];
    size_t used = 0, len, at = 1;
    while ((len = next_word(folded, &at, word)) > 0)
        if (!is_legal_form(word, len) && used + len + 1 < room) {
            if (used > 0)
                out[used++] = ' ';
            memcpy(out + used, word, len);
            used += len;
        }
    out[used] = '\0';
    return used;
}

size_t sw_fold_key(const char *text, char *out, size_t room)
{
    char folded[SW_FOLDED_MAX];
    size_t before = strlen(text) + 1, len;
    if (sw_fold(text, strlen(text), folded, sizeof(folded)) <= 1) {
        out[0] = '\0';
        return 0;
    }
    /* A removed form can bring single letters together, which are a word then: "A GmbH B". */
    while ((len = key_of(folded, out, room)) > 0 && len < before) {
        before = len;
        snprintf(folded, sizeof(folded), " %s ", out);
    }
    return len;
}

/* ---- scripts ---- */

bool sw_fold_unspaced_first(const char *folded, size_t len)
{
    ucs4_t c = 0;
    return len > 0 && u8_mbtouc(&c, (const uint8_t *)folded, len) > 0 && is_unspaced(c);
}

bool sw_fold_unspaced_last(const char *folded, size_t len)
{
    ucs4_t c = 0;
    const uint8_t *start = (const uint8_t *)folded;
    return len > 0 && u8_prev(&c, start + len, start) && is_unspaced(c);
}
