/*
 * index_qptrie.h - the second baseline of bench_index.c: the same names in a qp-trie.
 *
 * After D. J. Bernstein's crit-bit tree and T. Finch's qp-trie: a branch looks at a nibble of the
 * key, holds a bit for each value that occurs, and the children side by side. Keys are the keys of
 * index_baseline.h (labels from the right, each ended by a zero octet); the end of a key is a
 * separate value, so that a name can lie below another. A look-up goes down once for each number of
 * labels that occurs, as the sorted array does.
 */
#ifndef TESTS_BENCH_INDEX_QPTRIE_H
#define TESTS_BENCH_INDEX_QPTRIE_H

#include "index_baseline.h"

/* A branch: which nibble, which values occur (bit 0: the key has ended), the children. A leaf: the
 * key's place in the block, with leaf set. 16 octets. */
struct qp_node {
    uint32_t map; /* 17 values */
    uint16_t at;  /* 2 * octet + nibble */
    uint16_t leaf;
    union {
        struct qp_node *children;
        uint64_t key;
    };
};

struct qp {
    struct qp_node root;
    bool any;
    uint8_t *keys; /* length octet and key, in sequence */
    size_t used, room, nodes;
    bool labels[SW_LABELS_MAX + 1];
};

static inline unsigned qp_value(const uint8_t *key, size_t len, unsigned at)
{
    if (at / 2 >= len)
        return 0;
    return 1 + (at % 2 ? key[at / 2] & 15u : key[at / 2] >> 4u);
}

static inline unsigned qp_place(const struct qp_node *branch, unsigned value)
{
    return (unsigned)__builtin_popcount(branch->map & ((1u << value) - 1));
}

static inline const uint8_t *qp_key(const struct qp *qp, const struct qp_node *leaf)
{
    return qp->keys + leaf->key;
}

static inline const struct qp_node *qp_any_leaf(const struct qp_node *node)
{
    while (!node->leaf)
        node = node->children;
    return node;
}

/* The leaf that the key leads to, or the nearest leaf; NULL when a value does not occur. */
static inline const struct qp_node *qp_walk(const struct qp *qp, const uint8_t *key, size_t len)
{
    const struct qp_node *node = &qp->root;
    while (!node->leaf) {
        unsigned value = qp_value(key, len, node->at);
        if (!(node->map >> value & 1))
            return NULL;
        node = &node->children[qp_place(node, value)];
        __builtin_prefetch(node->children);
    }
    return node;
}

static inline bool qp_has(const struct qp *qp, const uint8_t *key, size_t len)
{
    const struct qp_node *leaf = qp->any ? qp_walk(qp, key, len) : NULL;
    return leaf && *qp_key(qp, leaf) == len && memcmp(qp_key(qp, leaf) + 1, key, len) == 0;
}

/* Children of a branch, and a new child with this value. */
static inline struct qp_node *qp_widen(struct qp *qp, struct qp_node *branch, unsigned value)
{
    unsigned n = (unsigned)__builtin_popcount(branch->map), place = qp_place(branch, value);
    struct qp_node *wide = malloc((n + 1) * sizeof(*wide));
    if (!wide)
        abort();
    memcpy(wide, branch->children, place * sizeof(*wide));
    memcpy(wide + place + 1, branch->children + place, (n - place) * sizeof(*wide));
    free(branch->children);
    branch->children = wide;
    branch->map |= 1u << value;
    qp->nodes++;
    return &wide[place];
}

/* First place where two keys differ. */
static inline unsigned qp_difference(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len)
{
    unsigned at = 0;
    while (qp_value(a, a_len, at) == qp_value(b, b_len, at))
        at++;
    return at;
}

/* Put a branch where a node was: the node under the old value, room for the new leaf under
 * another. */
static inline struct qp_node *qp_split(struct qp *qp, struct qp_node *node, unsigned at,
                                       unsigned old, unsigned new)
{
    struct qp_node *pair = malloc(2 * sizeof(*pair));
    if (!pair)
        abort();
    pair[old > new] = *node;
    *node = (struct qp_node){.map = 1u << old | 1u << new, .at = (uint16_t)at, .children = pair};
    qp->nodes += 2;
    return &pair[new > old];
}

static inline void qp_add(struct qp *qp, const uint8_t *wire)
{
    uint8_t key[SW_NAME_MAX + 1];
    size_t end[SW_LABELS_MAX + 1];
    unsigned n = sorted_key(wire, key, end);
    size_t len = end[n];
    if (qp_has(qp, key, len))
        return;
    if (qp->used + len + 1 > qp->room) {
        qp->room += qp->room / 8 + 65536;
        qp->keys = realloc(qp->keys, qp->room);
        if (!qp->keys)
            abort();
    }
    struct qp_node leaf = {.leaf = 1, .key = qp->used};
    qp->keys[qp->used] = (uint8_t)len;
    memcpy(qp->keys + qp->used + 1, key, len);
    qp->used += len + 1;
    qp->labels[n] = true;
    if (!qp->any) {
        qp->root = leaf;
        qp->any = true;
        return;
    }
    /* A leaf that shares as much as any does, then the node above which the new leaf belongs. */
    const struct qp_node *near = &qp->root;
    while (!near->leaf) {
        unsigned value = qp_value(key, len, near->at);
        near = near->map >> value & 1 ? &near->children[qp_place(near, value)] : near->children;
    }
    const uint8_t *other = qp_key(qp, qp_any_leaf(near));
    unsigned at = qp_difference(key, len, other + 1, *other);
    unsigned value = qp_value(key, len, at);
    struct qp_node *node = &qp->root;
    while (!node->leaf && node->at < at)
        node = &node->children[qp_place(node, qp_value(key, len, node->at))];
    if (!node->leaf && node->at == at)
        *qp_widen(qp, node, value) = leaf;
    else
        *qp_split(qp, node, at, qp_value(other + 1, *other, at), value) = leaf;
}

/* Listed suffixes of a name. */
static inline size_t qp_find(const struct qp *qp, const uint8_t *wire)
{
    uint8_t key[SW_NAME_MAX];
    size_t end[SW_LABELS_MAX + 1], hits = 0;
    unsigned n = sorted_key(wire, key, end);
    for (unsigned k = 1; k <= n; k++)
        hits += qp->labels[k] && qp_has(qp, key, end[k]);
    return hits;
}

static inline void qp_free_node(struct qp_node *node)
{
    if (node->leaf)
        return;
    for (unsigned i = (unsigned)__builtin_popcount(node->map); i-- > 0;)
        qp_free_node(&node->children[i]);
    free(node->children);
}

static inline void qp_free(struct qp *qp)
{
    if (qp->any)
        qp_free_node(&qp->root);
    free(qp->keys);
}

#endif
