/*
 * index_words.h - short words for tests of the index: an index for each test, made and freed by
 * fixtures; lists by name; indicators and questions as text; hits as text.
 *
 * Used by test_index.c and test_index_lists.c.
 */
#ifndef TESTS_UNIT_INDEX_WORDS_H
#define TESTS_UNIT_INDEX_WORDS_H

#include "index_hits.h"

#include "index/index.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct sw_index *ix;

static inline void setup(void)
{
    ix = sw_index_new();
    ck_assert_ptr_nonnull(ix);
}

static inline void teardown(void)
{
    sw_index_free(ix);
}

static inline struct sw_indicator ind(const char *text)
{
    struct sw_indicator out;
    char why[SW_WHY_MAX] = "";
    enum sw_status status = sw_indicator_parse(text, strlen(text), &out, why);
    if (status != SW_OK) /* a passed assertion is a system call, too */
        ck_abort_msg("'%s': %s", text, why);
    return out;
}

static inline sw_list_id list_with(const char *name, uint16_t priority)
{
    struct sw_policy policy;
    sw_list_id id;
    sw_policy_init(&policy, name);
    policy.priority = priority;
    ck_assert_int_eq(sw_index_list_set(ix, &policy, &id), SW_OK);
    return id;
}

static inline sw_list_id list(const char *name)
{
    return list_with(name, 1000);
}

static inline enum sw_status add(sw_list_id id, const char *text)
{
    struct sw_indicator i = ind(text);
    return sw_index_add(ix, id, &i);
}

static inline enum sw_status del(sw_list_id id, const char *text)
{
    struct sw_indicator i = ind(text);
    return sw_index_remove(ix, id, &i);
}

static inline bool has(sw_list_id id, const char *text)
{
    struct sw_indicator i = ind(text);
    return sw_index_has(ix, id, &i);
}

static inline void must_add(sw_list_id id, const char *text)
{
    enum sw_status status = add(id, text);
    ck_assert_msg(status == SW_OK, "add '%s': %s", text, sw_strerror(status));
}

/* Look a wire name up in a buffer of exactly the name's size, so that a read outside is seen. */
static inline size_t find_wire(const uint8_t *wire, size_t len, struct sw_hit *hits, size_t max)
{
    uint8_t *copy = malloc(len > 0 ? len : 1);
    if (!copy)
        abort();
    memcpy(copy, wire, len);
    struct sw_view view = sw_index_view(ix);
    size_t n = find_name(&view, copy, len, hits, max);
    free(copy);
    return n;
}

/* Wire form of a name in the given letter case; returns the length. */
static inline size_t wire_of(const char *text, uint8_t wire[SW_NAME_MAX])
{
    size_t at = 0;
    for (const char *p = text; *p != '\0';) {
        size_t n = strcspn(p, ".");
        wire[at++] = (uint8_t)n;
        memcpy(wire + at, p, n);
        at += n;
        p += n + (p[n] == '.');
    }
    wire[at++] = 0;
    return at;
}

/* The result of a question, as text: "list indicator, list indicator". */
static inline const char *told(size_t n, const struct sw_hit *hits, const uint8_t *name,
                               const struct sw_addr *addr)
{
    static char out[4096];
    char text[SW_INDICATORTEXT_MAX];
    size_t at = 0;
    out[0] = '\0';
    for (size_t i = 0; i < n; i++) {
        sw_hit_text(&hits[i], name, addr, text);
        at += (size_t)snprintf(out + at, sizeof(out) - at, "%s%s %s", i > 0 ? ", " : "",
                               hits[i].list->name, text);
        ck_assert_uint_lt(at, sizeof(out));
    }
    return out;
}

static inline const char *name_hits(const char *text)
{
    struct sw_hit hits[HITS_MAX];
    uint8_t wire[SW_NAME_MAX];
    size_t len = wire_of(text, wire);
    return told(find_wire(wire, len, hits, HITS_MAX), hits, wire, NULL);
}

static inline const char *addr_hits(const char *text)
{
    struct sw_hit hits[HITS_MAX];
    struct sw_indicator i = ind(text);
    struct sw_view view = sw_index_view(ix);
    return told(find_addr(&view, &i.addr, hits, HITS_MAX), hits, NULL, &i.addr);
}

static inline const char *asn_hits(uint32_t asn)
{
    struct sw_hit hits[HITS_MAX];
    struct sw_view view = sw_index_view(ix);
    return told(find_asn(&view, asn, hits, HITS_MAX), hits, NULL, NULL);
}

#endif
