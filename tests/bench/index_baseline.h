/*
 * index_baseline.h - the baseline of bench_index.c: the same names in a sorted array.
 *
 * A name's key is the labels from the right, each ended by a zero octet, so that a suffix of the
 * name is a prefix of the key. Keys lie in a single block; an array of offsets is sorted by key. A
 * look-up makes the key once and searches the array for each suffix with a number of labels that
 * occurs in the list.
 */
#ifndef TESTS_BENCH_INDEX_BASELINE_H
#define TESTS_BENCH_INDEX_BASELINE_H

#include "base/name.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct sorted {
    uint8_t *keys; /* length octet and key, in sequence */
    size_t used, room;
    uint32_t *at; /* offsets, sorted by key */
    size_t n;
    bool labels[SW_LABELS_MAX + 1]; /* numbers of labels that occur */
};

struct sorted_item { /* while sorting: the first 16 octets at hand */
    uint64_t first, second;
    uint32_t at;
};

static const uint8_t *sorted_keys; /* for the comparison */

/* end[k]: octets of the key of the suffix with k labels. Returns the number of labels. */
static inline unsigned sorted_key(const uint8_t *wire, uint8_t key[SW_NAME_MAX],
                                  size_t end[SW_LABELS_MAX + 1])
{
    const uint8_t *label[SW_LABELS_MAX];
    unsigned n = 0;
    size_t len = 0;
    for (const uint8_t *p = wire; *p != 0; p += *p + 1)
        label[n++] = p;
    end[0] = 0;
    for (unsigned k = 1; k <= n; k++) {
        memcpy(key + len, label[n - k] + 1, *label[n - k]);
        len += *label[n - k];
        key[len++] = 0;
        end[k] = len;
    }
    return n;
}

static inline void sorted_add(struct sorted *s, const uint8_t *wire)
{
    uint8_t key[SW_NAME_MAX + 1];
    size_t end[SW_LABELS_MAX + 1];
    unsigned n = sorted_key(wire, key, end);
    s->labels[n] = true;
    if (s->used + end[n] + 1 > s->room) {
        s->room += s->room / 8 + 65536;
        s->keys = realloc(s->keys, s->room);
        if (!s->keys)
            abort();
    }
    if (s->n % 65536 == 0) {
        s->at = realloc(s->at, (s->n + 65536) * sizeof(*s->at));
        if (!s->at)
            abort();
    }
    s->at[s->n++] = (uint32_t)s->used;
    s->keys[s->used++] = (uint8_t)end[n];
    memcpy(s->keys + s->used, key, end[n]);
    s->used += end[n];
}

static inline int sorted_order(const void *x, const void *y)
{
    const struct sorted_item *a = x, *b = y;
    if (a->first != b->first)
        return a->first < b->first ? -1 : 1;
    if (a->second != b->second)
        return a->second < b->second ? -1 : 1;
    const uint8_t *ka = sorted_keys + a->at, *kb = sorted_keys + b->at;
    int order = memcmp(ka + 1, kb + 1, *ka < *kb ? *ka : *kb);
    return order != 0 ? order : (*ka > *kb) - (*ka < *kb);
}

static inline uint64_t sorted_word(const uint8_t *key, size_t len, size_t from)
{
    uint64_t w = 0;
    for (size_t i = from; i < from + 8; i++)
        w = w << 8 | (i < len ? key[i] : 0u);
    return w;
}

/* After the last name: sort. */
static inline void sorted_finish(struct sorted *s)
{
    struct sorted_item *items = malloc(s->n * sizeof(*items));
    if (!items)
        abort();
    for (size_t i = 0; i < s->n; i++) {
        const uint8_t *key = s->keys + s->at[i];
        items[i] = (struct sorted_item){sorted_word(key + 1, *key, 0),
                                        sorted_word(key + 1, *key, 8), s->at[i]};
    }
    sorted_keys = s->keys;
    qsort(items, s->n, sizeof(*items), sorted_order);
    for (size_t i = 0; i < s->n; i++)
        s->at[i] = items[i].at;
    free(items);
}

static inline bool sorted_has(const struct sorted *s, const uint8_t *key, size_t len)
{
    size_t low = 0, high = s->n;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        const uint8_t *other = s->keys + s->at[mid];
        int order = memcmp(other + 1, key, *other < len ? *other : len);
        if (order == 0)
            order = (*other > len) - (*other < len);
        if (order == 0)
            return true;
        if (order < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return false;
}

/* Listed suffixes of a name. */
static inline size_t sorted_find(const struct sorted *s, const uint8_t *wire)
{
    uint8_t key[SW_NAME_MAX];
    size_t end[SW_LABELS_MAX + 1], hits = 0;
    unsigned n = sorted_key(wire, key, end);
    for (unsigned k = 1; k <= n; k++)
        hits += s->labels[k] && sorted_has(s, key, end[k]);
    return hits;
}

/* Octets that hold names and offsets. */
static inline size_t sorted_bytes(const struct sorted *s)
{
    return s->used + s->n * sizeof(*s->at);
}

static inline void sorted_free(struct sorted *s)
{
    free(s->keys);
    free(s->at);
}

#endif
