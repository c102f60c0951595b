/*
 * index_queries.h - the questions of a benchmark of the index: names that nothing covers, listed
 * names, names below the last two labels of a listed name, or real names.
 *
 * The questions are set up (make_misses, make_hits), then made a batch at a time.
 */
#ifndef TESTS_BENCH_INDEX_QUERIES_H
#define TESTS_BENCH_INDEX_QUERIES_H

#include "../unit/index_hits.h"
#include "index_names.h"

#include "index/index.h"

#include <stdbool.h>

#define BATCH    1024u
#define QUERIES  (1u << 20) /* different questions, so that no cache knows the answers */
#define REAL_MAX 32768u

struct query {
    uint8_t len;
    uint8_t wire[127];
};

static struct {
    unsigned labels;        /* of a miss; 0: a listed name */
    bool passed;            /* a miss that the gate lets through */
    size_t listed;          /* number of listed names, for hits and passed names */
    uint8_t again[QUERIES]; /* number of unsuitable names that were drawn before this name */
    struct query *real;     /* NULL: made names */
    size_t real_n;
} queries;
static struct query batch_queries[BATCH]; /* the next questions */

/* A random name of so many labels (3 or more), with the last two labels of a listed name of
 * three. */
static inline void make_passed(uint64_t seed, unsigned labels, struct query *query)
{
    uint8_t listed[128], *at = query->wire;
    size_t len = listed_name(scramble(seed) % (queries.listed / 10) * 10 + 5, listed);
    size_t first = (size_t)listed[0] + 1;
    (void)make_name(seed, labels - 1, query->wire);
    for (unsigned k = 2; k < labels; k++)
        at += (size_t)at[0] + 1;
    memcpy(at, listed + first, len - first);
    query->len = (uint8_t)((size_t)(at - query->wire) + len - first);
}

/* The q-th query, from hardly any memory: reading more memory would push the index out of the
 * caches. */
static inline void make_query(size_t q, struct query *query)
{
    uint64_t seed = (UINT64_C(1) << 40) + queries.again[q] * (uint64_t)QUERIES + q;
    if (queries.real)
        *query = queries.real[q % queries.real_n];
    else if (queries.passed)
        make_passed(seed, queries.labels, query);
    else if (queries.labels > 0)
        query->len = (uint8_t)make_name(seed, queries.labels, query->wire);
    else
        query->len = (uint8_t)listed_name(scramble(q) % queries.listed, query->wire);
}

/* Have the names of a batch in the cache, as after a resolver's reading; without any look-up of
 * these names. */
static inline void make_batch(size_t b)
{
    for (size_t i = 0; i < BATCH; i++)
        make_query(b * BATCH + i, &batch_queries[i]);
}

/* Random names of so many labels that nothing listed covers: short labels are soon all taken, in
 * ten million names a random name in thirty would be below a listed name. */
static inline void make_misses(const struct sw_index *index, unsigned labels)
{
    struct sw_hit hit;
    struct query query;
    struct sw_view view = sw_index_view(index);
    queries.labels = labels;
    memset(queries.again, 0, sizeof(queries.again));
    for (size_t q = 0; q < QUERIES; q++)
        for (make_query(q, &query); find_name(&view, query.wire, query.len, &hit, 1) > 0;
             make_query(q, &query))
            queries.again[q]++;
}

static inline void make_hits(size_t n)
{
    queries.labels = 0;
    queries.passed = false;
    queries.listed = n;
}

#endif
