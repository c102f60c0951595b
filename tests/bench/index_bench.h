/*
 * index_bench.h - shared by the benchmarks of the index: figures, filling, timing.
 *
 * Look-ups are timed in batches of 1,024, each waiting for the former look-up; the median batch
 * counts, and the batch's names are made just before, outside the time. A figure is a line of the
 * table and a JSON object in the file that SW_BENCH_OUT names, else SINKWATCH_BENCH, else
 * build/bench.jsonl.
 */
#ifndef TESTS_BENCH_INDEX_BENCH_H
#define TESTS_BENCH_INDEX_BENCH_H

#include "index_queries.h"
#include "proc_memory.h"

#include "index/index.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define PASSES 7u
#define SHORT  (QUERIES / BATCH / 16) /* batches in which found names are counted */

static FILE *json; /* figures go there */

static inline double now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static inline void *need(void *memory)
{
    if (!memory) {
        fprintf(stderr, "bench: out of memory\n");
        exit(1);
    }
    return memory;
}

static inline void must(enum sw_status status, const char *what)
{
    if (status != SW_OK) {
        fprintf(stderr, "bench: %s: %s\n", what, sw_strerror(status));
        exit(1);
    }
}

/* Open the file for figures. */
static inline void open_figures(void)
{
    const char *out = getenv("SW_BENCH_OUT");
    if (!out)
        out = getenv("SINKWATCH_BENCH");
    json = fopen(out ? out : "build/bench.jsonl", "a");
    if (!json) {
        perror(out ? out : "build/bench.jsonl");
        exit(1);
    }
}

static inline void figure(const char *name, double value, const char *unit, double baseline,
                          size_t n)
{
    fprintf(json, "{\"name\":\"%s\",\"value\":%.3f,\"unit\":\"%s\"", name, value, unit);
    printf("  %-28s %12.1f %-6s", name, value, unit);
    if (baseline > 0) {
        fprintf(json, ",\"baseline\":%.3f,\"ratio\":%.4f", baseline, value / baseline);
        printf(" %12.1f %9.3f", baseline, value / baseline);
    }
    fprintf(json, ",\"n\":%zu}\n", n);
    fflush(json);
    printf("\n");
    fflush(stdout);
}

static inline int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static inline double median(double *values, size_t n)
{
    qsort(values, n, sizeof(*values), by_value);
    return values[n / 2];
}

/* ---- building ---- */

static inline struct sw_index *new_index(sw_list_id *id)
{
    struct sw_policy policy;
    struct sw_index *index = need(sw_index_new());
    sw_policy_init(&policy, "bench");
    must(sw_index_list_set(index, &policy, id), "list_set");
    return index;
}

static inline struct sw_indicator nth(uint64_t i)
{
    struct sw_indicator ind = {.type = SW_INDICATOR_DOMAIN, .form = SW_FORM_SUBTREE};
    ind.name.len = (uint8_t)listed_name(i, ind.name.wire);
    return ind;
}

/* Add the first n names; returns the most that the index ever needed. Random names of few letters
 * may come twice: *same counts such names. */
static inline size_t fill(struct sw_index *index, sw_list_id id, size_t n, size_t *same)
{
    size_t most = 0;
    *same = 0;
    for (uint64_t i = 0; i < n; i++) {
        struct sw_indicator ind = nth(i);
        enum sw_status status = sw_index_add(index, id, &ind);
        if (status == SW_EEXIST)
            (*same)++;
        else
            must(status, "add");
        size_t bytes = i % 64 == 0 ? sw_index_bytes(index) : 0;
        most = bytes > most ? bytes : most;
    }
    return most;
}

/* ---- look-ups ---- */

/* Nanoseconds for each look-up of the queries, and how many of the first SHORT batches found
 * something. The next query depends on the result. */
static inline double time_index(const struct sw_index *index, size_t *found)
{
    static double batch[QUERIES / BATCH];
    struct sw_hit hits[HITS_MAX];
    struct sw_view view = sw_index_view(index);
    *found = 0;
    for (size_t b = 0; b < QUERIES / BATCH; b++) {
        make_batch(b);
        double start = now_ns();
        size_t none = 0;
        for (size_t q = 0; q < BATCH; q++) {
            const struct query *query = &batch_queries[q + none];
            size_t n = find_name(&view, query->wire, query->len, hits, HITS_MAX);
            *found += n > 0 && b < SHORT;
            none = n >> 8; /* 0, but only known after the look-up */
        }
        batch[b] = (now_ns() - start) / BATCH;
    }
    return median(batch, QUERIES / BATCH);
}

/* ---- prefixes ---- */

/* Prefixes as in feeds and routing tables: mostly 32 and 24, but all of 8 to 32; a sixth IPv6. */
static inline struct sw_indicator nth_prefix(uint64_t i)
{
    static const uint8_t v4[] = {32, 32, 32, 32, 32, 32, 24, 24, 24, 24, 24, 23, 22, 22, 21, 20};
    static const uint8_t v6[] = {32, 36, 40, 44, 48, 48, 56, 64, 64, 128};
    struct sw_indicator ind = {.type = SW_INDICATOR_PREFIX};
    uint64_t a = scramble(i), b = scramble(a);
    ind.addr.family = i % 6 == 0 ? 6 : 4;
    memcpy(ind.addr.octets, &a, 8);
    memcpy(ind.addr.octets + 8, &b, 8);
    if (ind.addr.family == 6)
        ind.addr.octets[0] = 0x20;
    else
        memset(ind.addr.octets + 4, 0, 12);
    unsigned plen = ind.addr.family == 6 ? v6[b % 10] : v4[b % 16];
    if (ind.addr.family == 4 && b % 20000 < 24)
        plen = 8 + (unsigned)(b % 20000); /* some 50 of every length */
    sw_addr_mask(&ind.addr, plen);
    return ind;
}

static inline double time_addresses(const struct sw_index *index, unsigned family)
{
    static double batch[QUERIES / BATCH];
    struct sw_addr *addrs = need(malloc(QUERIES * sizeof(*addrs)));
    struct sw_hit hits[HITS_MAX];
    struct sw_view view = sw_index_view(index);
    for (uint64_t q = 0; q < QUERIES; q++) {
        uint64_t r[2] = {scramble((UINT64_C(1) << 42) + q), scramble(q)};
        uint8_t octets[16];
        memcpy(octets, r, 16);
        octets[0] = family == 6 ? 0x20 : octets[0];
        must(sw_addr_from_octets(octets, family == 6 ? 16 : 4, &addrs[q]), "address");
    }
    for (size_t b = 0; b < QUERIES / BATCH; b++) {
        double start = now_ns();
        size_t none = 0;
        for (size_t q = b * BATCH; q < (b + 1) * BATCH; q++)
            none = find_addr(&view, &addrs[q + none], hits, HITS_MAX) >> 8;
        batch[b] = (now_ns() - start) / BATCH;
    }
    free(addrs);
    return median(batch, QUERIES / BATCH);
}

#endif
