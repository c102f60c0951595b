/*
 * index_hits.h - the rules that a look-up reports, in an array: for tests and benchmarks.
 *
 * Threads      any; inside an RCU section, as the functions of index.h
 */
#ifndef INDEX_HITS_H
#define INDEX_HITS_H

#include "index/index.h"

#define HITS_MAX 16 /* rules that most tests have room for */

struct index_hits { /* max: room in hit; n counts further rules, which are not kept */
    struct sw_hit *hit;
    size_t n, max;
};

/* sw_hit_fn */
static inline void index_hits_add(void *arg, const struct sw_hit *hit)
{
    struct index_hits *hits = arg;
    if (hits->n < hits->max)
        hits->hit[hits->n] = *hit;
    hits->n++;
}

static inline size_t index_hits_kept(const struct index_hits *hits)
{
    return hits->n < hits->max ? hits->n : hits->max;
}

/* The first max rules of a look-up; return how many there are, max at most. */
static inline size_t find_name(const struct sw_view *view, const uint8_t *name, size_t len,
                               struct sw_hit *hit, size_t max)
{
    struct index_hits hits = {hit, 0, max};
    sw_view_find_name(view, SW_TRIGGERS_DEFAULT, name, len, index_hits_add, &hits);
    return index_hits_kept(&hits);
}

static inline size_t find_addr(const struct sw_view *view, const struct sw_addr *addr,
                               struct sw_hit *hit, size_t max)
{
    struct index_hits hits = {hit, 0, max};
    sw_view_find_addr(view, SW_TRIGGERS_DEFAULT, addr, index_hits_add, &hits);
    return index_hits_kept(&hits);
}

static inline size_t find_asn(const struct sw_view *view, uint32_t asn, struct sw_hit *hit,
                              size_t max)
{
    struct index_hits hits = {hit, 0, max};
    sw_view_find_asn(view, SW_TRIGGERS_DEFAULT, asn, index_hits_add, &hits);
    return index_hits_kept(&hits);
}

static inline size_t find_holder(const struct sw_view *view, const struct sw_indicator *holder,
                                 struct sw_hit *hit, size_t max)
{
    struct index_hits hits = {hit, 0, max};
    sw_view_find_holder(view, holder, index_hits_add, &hits);
    return index_hits_kept(&hits);
}

#endif
