/*
 * index_program.h - octets as a program of index calls, run on the index and on a naive model.
 *
 * The model: a universe of some hundred indicators that overlap a lot, and for each list (and each
 * staged instance) a flag for each indicator. Questions are answered by comparing with every
 * indicator. After each question, all hits have to be the same: list, form, specificity, order,
 * policy. A difference aborts with words.
 *
 * Used by test_index_model.c with random octets; a fuzz program can use the model with the fuzzer's
 * input.
 */
#ifndef TESTS_UNIT_INDEX_PROGRAM_H
#define TESTS_UNIT_INDEX_PROGRAM_H

#include "index_hits.h"

#include "index/image.h"
#include "index/index.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define P_LISTS    6
#define P_UNIVERSE 512
#define P_HITS     512

#define P_CHECK(condition)                                                                         \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: step %zu: %s\n", __FILE__, __LINE__, p->at, #condition);       \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

struct p_list { /* a list as the model knows the list */
    bool exists, staging;
    sw_list_id id, staged_id;
    uint16_t priority;
    bool has[P_UNIVERSE], staged[P_UNIVERSE];
    uint32_t until[P_UNIVERSE], staged_until[P_UNIVERSE]; /* 0: never */
};

struct program {
    const uint8_t *data;
    size_t len, at;
    struct sw_index *ix;
    struct p_list list[P_LISTS];
    struct sw_indicator universe[P_UNIVERSE];
    size_t n;
    uint32_t now; /* seconds since the program began */
};

/* ---- the universe: no indicator twice ---- */

static inline void p_indicator(struct program *p, const char *text)
{
    char why[SW_WHY_MAX] = "";
    P_CHECK(p->n < P_UNIVERSE);
    P_CHECK(sw_indicator_parse(text, strlen(text), &p->universe[p->n++], why) == SW_OK);
}

/* Names of 1 to `deep` labels, in all forms. */
static inline void p_names(struct program *p, const char *suffix, unsigned deep)
{
    static const char *const labels[] = {"a", "bb", "xn--longer-than-15-octets"};
    static const char *const forms[] = {"", "=", "*."};
    for (unsigned l = 0; l < 3 && deep > 0; l++) {
        char name[200], text[210];
        const char *dot = suffix[0] != '\0' ? "." : "";
        int len = snprintf(name, sizeof(name), "%s%s%s", labels[l], dot, suffix);
        P_CHECK(len > 0 && (size_t)len < sizeof(name));
        for (unsigned f = 0; f < 3; f++) {
            snprintf(text, sizeof(text), "%s%s", forms[f], name);
            p_indicator(p, text);
        }
        p_names(p, name, deep - 1);
    }
}

static inline void p_prefixes(struct program *p, const char *address, const uint8_t *lengths,
                              size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct sw_indicator ind = {.type = SW_INDICATOR_PREFIX};
        P_CHECK(sw_addr_parse(address, strlen(address), &ind.addr, NULL) == SW_OK);
        sw_addr_mask(&ind.addr, lengths[i]);
        P_CHECK(p->n < P_UNIVERSE);
        p->universe[p->n++] = ind;
    }
}

static inline void p_universe(struct program *p)
{
    static const uint8_t v4[] = {0, 1, 7, 8, 9, 16, 24, 31, 32};
    static const uint8_t v6[] = {0, 1, 32, 48, 63, 64, 65, 127, 128};
    p_names(p, "", 4);
    p_prefixes(p, "213.24.76.23", v4, sizeof(v4));
    p_prefixes(p, "213.24.77.22", v4 + 6, 3);
    p_prefixes(p, "10.0.0.0", v4 + 1, 8);
    p_prefixes(p, "2001:db8::1", v6, sizeof(v6));
    p_prefixes(p, "2001:db8::8000:0:0:1", v6 + 6, 3);
    p_prefixes(p, "::10.0.0.0", v6 + 2, 7);
    p_indicator(p, "registrant:Acme");
    p_indicator(p, "class:bank");
    p_indicator(p, "country:RU");
    p_indicator(p, "AS1");
    p_indicator(p, "AS8342");
    p_indicator(p, "AS4294967295");
}

/* ---- the wanted result ---- */

struct p_want {
    unsigned specific; /* labels, prefix length */
    sw_list_id id;
    enum sw_form form;
    uint16_t priority;
};

static inline bool p_covers(const struct sw_indicator *ind, const struct sw_indicator *asked)
{
    if (ind->type != asked->type)
        return false;
    if (ind->type == SW_INDICATOR_ASN)
        return ind->asn == asked->asn;
    if (ind->type == SW_INDICATOR_HOLDER)
        return strcmp(ind->holder, asked->holder) == 0;
    if (ind->type == SW_INDICATOR_PREFIX)
        return sw_addr_covers(&ind->addr, &asked->addr);
    bool same = sw_name_equal(ind->name.wire, asked->name.wire);
    bool below = !same && sw_name_below_or_equal(asked->name.wire, ind->name.wire);
    return ind->form == SW_FORM_EXACT ? same : ind->form == SW_FORM_BELOW ? below : same || below;
}

static inline unsigned p_specific(const struct sw_indicator *ind)
{
    if (ind->type == SW_INDICATOR_DOMAIN)
        return sw_name_labels(ind->name.wire);
    return ind->type == SW_INDICATOR_PREFIX ? ind->addr.plen : 0;
}

/* Most specific first, then by list id, then by form: the order in which the index reports. */
static inline int p_order(const void *x, const void *y)
{
    const struct p_want *a = x, *b = y;
    if (a->specific != b->specific)
        return a->specific > b->specific ? -1 : 1;
    if (a->id != b->id)
        return a->id < b->id ? -1 : 1;
    return (a->form > b->form) - (a->form < b->form);
}

static inline size_t p_wanted(const struct program *p, const struct sw_indicator *asked,
                              struct p_want *want)
{
    size_t n = 0;
    for (unsigned l = 0; l < P_LISTS; l++) {
        const struct p_list *list = &p->list[l];
        for (size_t u = 0; list->exists && u < p->n; u++) {
            const struct sw_indicator *ind = &p->universe[u];
            if (list->has[u] && p_covers(ind, asked))
                want[n++] = (struct p_want){p_specific(ind), list->id, ind->form, list->priority};
        }
    }
    qsort(want, n, sizeof(*want), p_order);
    return n;
}

static inline void p_ask(const struct program *p, const struct sw_indicator *asked, size_t max)
{
    static struct sw_hit hits[P_HITS];
    static struct p_want want[P_LISTS * P_UNIVERSE];
    struct sw_view view = sw_index_view(p->ix);
    size_t n, wanted = p_wanted(p, asked, want);
    if (asked->type == SW_INDICATOR_DOMAIN)
        n = find_name(&view, asked->name.wire, asked->name.len, hits, max);
    else if (asked->type == SW_INDICATOR_PREFIX)
        n = find_addr(&view, &asked->addr, hits, max);
    else if (asked->type == SW_INDICATOR_HOLDER)
        n = find_holder(&view, asked, hits, max);
    else
        n = find_asn(&view, asked->asn, hits, max);
    P_CHECK(n == (wanted < max ? wanted : max));
    for (size_t i = 0; i < n; i++) {
        P_CHECK(hits[i].type == asked->type);
        P_CHECK(hits[i].labels + hits[i].plen == (int)want[i].specific);
        P_CHECK(hits[i].id == want[i].id);
        P_CHECK(asked->type != SW_INDICATOR_DOMAIN || hits[i].form == want[i].form);
        P_CHECK(hits[i].list->priority == want[i].priority);
        P_CHECK(hits[i].list == sw_view_list(&view, want[i].id));
    }
}

/* ---- steps ---- */

static inline uint8_t p_octet(struct program *p)
{
    return p->at < p->len ? p->data[p->at++] : 0;
}

static inline size_t p_pick(struct program *p)
{
    size_t x = p_octet(p);
    return (x << 8 | p_octet(p)) % p->n;
}

/* An indicator of the universe, or for names also a name a label below, in odd letter case. */
static inline struct sw_indicator p_question(struct program *p)
{
    struct sw_indicator asked = p->universe[p_pick(p)];
    uint8_t how = p_octet(p);
    if (asked.type == SW_INDICATOR_PREFIX && (how & 1)) {
        asked.addr.plen = (uint8_t)sw_addr_bits(&asked.addr);
        asked.addr.octets[how % 16] ^= (asked.addr.family == 6 || how % 16 < 4) ? how & 2 : 0;
    }
    if (asked.type != SW_INDICATOR_DOMAIN)
        return asked;
    if (how & 1) {
        memmove(asked.name.wire + 2, asked.name.wire, asked.name.len);
        asked.name.wire[0] = 1;
        asked.name.wire[1] = (const uint8_t[]){'a', 'b', 'q', 0}[how >> 1 & 3];
        asked.name.len = (uint8_t)(asked.name.len + 2);
    }
    for (unsigned i = 0; (how & 8) && i < asked.name.len; i += 2) {
        if (asked.name.wire[i] >= 'a' && asked.name.wire[i] <= 'z')
            asked.name.wire[i] = (uint8_t)(asked.name.wire[i] - 32);
    }
    return asked;
}

static inline void p_set(struct program *p, unsigned l)
{
    struct p_list *list = &p->list[l];
    struct sw_policy policy;
    sw_list_id id = 0;
    char name[] = {'l', (char)('0' + l), '\0'};
    sw_policy_init(&policy, name);
    policy.priority = list->priority = p_octet(p);
    P_CHECK(sw_index_list_set(p->ix, &policy, &id) == SW_OK);
    P_CHECK(!list->exists || list->id == id);
    if (!list->exists)
        memset(list->has, 0, sizeof(list->has));
    list->exists = true;
    list->id = id;
}

static inline void p_drop(struct program *p, struct p_list *list)
{
    P_CHECK(sw_index_list_drop(p->ix, list->id) == (list->exists ? SW_OK : SW_ENOTFOUND));
    list->exists = false;
    list->id = SW_LISTS_MAX;
    if (list->staging)
        sw_index_stage_abandon(p->ix, list->staged_id);
    list->staging = false;
}

static inline void p_stage(struct program *p, struct p_list *list, uint8_t what)
{
    if (!list->staging) {
        enum sw_status status = sw_index_stage_begin(p->ix, list->id, &list->staged_id);
        P_CHECK(status == (list->exists ? SW_OK : SW_ENOTFOUND));
        list->staging = list->exists;
        memset(list->staged, 0, sizeof(list->staged));
    } else if (what % 4 == 0) {
        sw_index_stage_abandon(p->ix, list->staged_id);
        list->staging = false;
    } else {
        P_CHECK(sw_index_stage_swap(p->ix, &list->id, list->staged_id) == SW_OK);
        P_CHECK(list->id == list->staged_id);
        memcpy(list->has, list->staged, sizeof(list->has));
        memcpy(list->until, list->staged_until, sizeof(list->until));
        list->staging = false;
    }
}

/* Add: for good, until some time, or without a word about time. */
static inline void p_add(struct program *p, sw_list_id id, size_t u, bool had, uint32_t *until)
{
    uint8_t how = p_octet(p);
    uint32_t at = how % 4 == 0 ? 0 : p->now + 1 + how / 4 % 32;
    const struct sw_indicator *ind = &p->universe[u];
    enum sw_status want = id == SW_LISTS_MAX ? SW_EINVAL : had ? SW_EEXIST : SW_OK;
    if (how % 4 == 3) {
        P_CHECK(sw_index_add(p->ix, id, ind) == want);
        *until = had ? *until : 0;
    } else {
        P_CHECK(sw_index_add_until(p->ix, id, ind, at) == want);
        *until = at;
    }
    P_CHECK(id == SW_LISTS_MAX || sw_index_until(p->ix, id, ind) == *until);
}

static inline void p_change(struct program *p, struct p_list *list, bool staged, bool remove)
{
    size_t u = p_pick(p);
    bool open = staged ? list->staging : list->exists;
    bool *has = staged ? &list->staged[u] : &list->has[u];
    uint32_t *until = staged ? &list->staged_until[u] : &list->until[u];
    sw_list_id id = open ? (staged ? list->staged_id : list->id) : SW_LISTS_MAX;
    const struct sw_indicator *ind = &p->universe[u];
    P_CHECK(sw_index_has(p->ix, id, ind) == (open && *has));
    if (remove) {
        enum sw_status status = sw_index_remove(p->ix, id, ind);
        P_CHECK(status == (open && *has ? SW_OK : SW_ENOTFOUND));
    } else {
        p_add(p, id, u, open && *has, until);
    }
    if (open)
        *has = !remove;
}

static inline size_t p_due(const struct program *p, bool *has, const uint32_t *until, bool open)
{
    size_t n = 0;
    for (size_t u = 0; open && u < p->n; u++) {
        if (has[u] && until[u] != 0 && until[u] <= p->now) {
            has[u] = false;
            n++;
        }
    }
    return n;
}

/* Time goes on; due indicators leave, staged content too. */
static inline void p_expire(struct program *p)
{
    size_t due = 0, some = p_octet(p) % 4u + 1, n, all = 0;
    p->now += p_octet(p) % 8u;
    for (unsigned l = 0; l < P_LISTS; l++) {
        struct p_list *list = &p->list[l];
        due += p_due(p, list->has, list->until, list->exists);
        due += p_due(p, list->staged, list->staged_until, list->staging);
    }
    while ((n = sw_index_expire(p->ix, p->now, some, NULL, NULL)) == some)
        all += n;
    P_CHECK(all + n == due);
    uint32_t next = sw_index_next_expiry(p->ix);
    P_CHECK(next == 0 || next > p->now);
}

static inline void p_counts(const struct program *p)
{
    size_t lists = 0;
    for (unsigned l = 0; l < P_LISTS; l++) {
        const struct p_list *list = &p->list[l];
        size_t has = 0, staged = 0;
        for (size_t u = 0; u < p->n; u++) {
            has += list->exists && list->has[u];
            staged += list->staging && list->staged[u];
        }
        lists += list->exists;
        P_CHECK(!list->exists || sw_index_count(p->ix, list->id) == has);
        P_CHECK(!list->staging || sw_index_count(p->ix, list->staged_id) == staged);
    }
    P_CHECK(sw_index_lists(p->ix, NULL, 0) == lists);
}

/* Through a file and back: staged content is not kept. */
static inline void p_reload(struct program *p)
{
    int fd = memfd_create("index", MFD_CLOEXEC);
    struct sw_image_found found = {.index = NULL};
    char why[SW_WHY_MAX] = "";
    struct sw_image *image = sw_image_begin(p->ix);
    P_CHECK(fd >= 0 && image);
    P_CHECK(sw_image_write(image, fd, "note", 4, p->now) == SW_OK);
    sw_image_end(image);
    sw_index_free(p->ix);
    enum sw_status status = sw_image_load(fd, &found, why);
    if (status != SW_OK)
        fprintf(stderr, "image: %d %s\n", (int)status, why);
    P_CHECK(status == SW_OK);
    P_CHECK(found.written_us == p->now && strcmp(found.note, "note") == 0);
    free(found.note);
    close(fd);
    p->ix = found.index;
    for (unsigned l = 0; l < P_LISTS; l++)
        p->list[l].staging = false;
}

static inline void p_step(struct program *p)
{
    uint8_t op = p_octet(p);
    unsigned l = op / 32 % P_LISTS;
    struct p_list *list = &p->list[l];
    switch (op % 32) {
    case 0:
        p_set(p, l);
        break;
    case 1:
        if (p_octet(p) % 8 == 0)
            p_drop(p, list);
        break;
    case 2:
        p_stage(p, list, p_octet(p));
        break;
    case 3:
        if (p_octet(p) % 16 == 0)
            sw_index_tidy(p->ix);
        p_counts(p);
        break;
    case 4:
        if (p_octet(p) % 4 == 0)
            P_CHECK(sw_index_renew(p->ix, p_octet(p) * 16u) == SW_OK);
        else
            P_CHECK(sw_index_reserve(p->ix, p_octet(p) * 16u) == SW_OK);
        break;
    case 5:
        p_expire(p);
        break;
    case 6:
        if (p_octet(p) % 32 == 0)
            p_reload(p);
        break;
    default:
        if (op % 32 < 12)
            p_change(p, list, op % 3 == 0, false);
        else if (op % 32 < 16)
            p_change(p, list, op % 3 == 0, true);
        struct sw_indicator asked = p_question(p);
        p_ask(p, &asked, op % 8 == 0 ? p_octet(p) % 8 : P_HITS);
    }
}

/** Run data as a program; aborts when index and model differ. */
static inline void p_run(const uint8_t *data, size_t len)
{
    struct program *p = calloc(1, sizeof(*p));
    if (!p)
        abort();
    p->data = data;
    p->len = len;
    for (unsigned l = 0; l < P_LISTS; l++)
        p->list[l].id = SW_LISTS_MAX;
    p_universe(p);
    p->ix = sw_index_new();
    P_CHECK(p->ix != NULL);
    while (p->at < p->len)
        p_step(p);
    for (size_t u = 0; u < p->n; u++)
        p_ask(p, &p->universe[u], P_HITS);
    p_counts(p);
    sw_index_free(p->ix);
    free(p);
}

#endif
