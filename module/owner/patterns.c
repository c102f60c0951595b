/* patterns.c - the automaton: a trie, links from each state to the longest suffix, transitions in a
 * hash table. See patterns.h. */
#include "owner/patterns.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>

#define ROOT         0u
#define NO_STATE     UINT32_MAX
#define FIRST_SLOTS  1024u /* powers of two */
#define FIRST_STATES 512u
#define HASH_FACTOR  UINT64_C(0x9e3779b97f4a7c15) /* 2^64 / golden ratio (Knuth, 6.4) */

struct state {
    uint32_t link; /* longest proper suffix that is a state */
    uint32_t own;  /* number of the pattern that ends here, SW_PATTERN_NONE: none does */
    uint32_t best; /* smallest number here and along the links */
};

struct transition {
    uint32_t from, to; /* to == NO_STATE: the slot is free */
    uint32_t octet;
    uint32_t spare;
};

struct sw_patterns {
    struct state *state;
    size_t n, room;
    struct transition *slot;
    size_t slots; /* a power of two, at least twice n */
    bool built;
};

/* ---- transitions ---- */

static size_t slot_of(const struct sw_patterns *p, uint32_t from, uint8_t octet)
{
    uint64_t hash = ((uint64_t)from << 8 | octet) * HASH_FACTOR;
    size_t at = (size_t)(hash >> 32) & (p->slots - 1);
    while (p->slot[at].to != NO_STATE && (p->slot[at].from != from || p->slot[at].octet != octet))
        at = (at + 1) & (p->slots - 1);
    return at;
}

static uint32_t step(const struct sw_patterns *p, uint32_t from, uint8_t octet)
{
    return p->slot[slot_of(p, from, octet)].to;
}

static struct transition *new_slots(size_t n)
{
    struct transition *slot = malloc(n * sizeof(*slot));
    for (size_t i = 0; slot && i < n; i++)
        slot[i] = (struct transition){.to = NO_STATE};
    return slot;
}

/* Room for one more state and transition. */
static enum sw_status grow(struct sw_patterns *p)
{
    if (p->n == p->room) {
        struct state *state = realloc(p->state, 2 * p->room * sizeof(*state));
        if (!state)
            return SW_ENOMEM;
        p->state = state;
        p->room *= 2;
    }
    if (2 * (p->n + 1) <= p->slots)
        return SW_OK;
    struct transition *old = p->slot, *slot = new_slots(2 * p->slots);
    if (!slot)
        return SW_ENOMEM;
    p->slot = slot;
    p->slots *= 2;
    for (size_t i = 0; i < p->slots / 2; i++)
        if (old[i].to != NO_STATE)
            slot[slot_of(p, old[i].from, (uint8_t)old[i].octet)] = old[i];
    free(old);
    return SW_OK;
}

/* The state after this octet, made when missing; NO_STATE: no memory. */
static uint32_t extend(struct sw_patterns *p, uint32_t from, uint8_t octet)
{
    uint32_t to = step(p, from, octet);
    if (to != NO_STATE)
        return to;
    if (p->n >= NO_STATE - 1 || grow(p) != SW_OK)
        return NO_STATE;
    to = (uint32_t)p->n++;
    p->state[to] = (struct state){.own = SW_PATTERN_NONE, .best = SW_PATTERN_NONE};
    p->slot[slot_of(p, from, octet)] = (struct transition){from, to, octet, 0};
    return to;
}

/* ---- life ---- */

struct sw_patterns *sw_patterns_new(void)
{
    struct sw_patterns *p = calloc(1, sizeof(*p));
    if (!p)
        return NULL;
    p->room = FIRST_STATES;
    p->slots = FIRST_SLOTS;
    p->state = malloc(p->room * sizeof(*p->state));
    p->slot = new_slots(p->slots);
    if (!p->state || !p->slot) {
        sw_patterns_free(p);
        return NULL;
    }
    p->n = 1;
    p->state[ROOT] = (struct state){.own = SW_PATTERN_NONE, .best = SW_PATTERN_NONE};
    return p;
}

void sw_patterns_free(struct sw_patterns *p)
{
    if (!p)
        return;
    free(p->state);
    free(p->slot);
    free(p);
}

enum sw_status sw_patterns_add(struct sw_patterns *p, const char *octets, size_t len,
                               uint32_t number, uint32_t *earlier)
{
    uint32_t at = ROOT;
    assert(!p->built && len > 0 && number != SW_PATTERN_NONE);
    for (size_t i = 0; i < len && at != NO_STATE; i++)
        at = extend(p, at, (uint8_t)octets[i]);
    if (at == NO_STATE)
        return SW_ENOMEM;
    if (p->state[at].own != SW_PATTERN_NONE) {
        *earlier = p->state[at].own;
        return SW_EEXIST;
    }
    p->state[at].own = p->state[at].best = number;
    return SW_OK;
}

/* ---- links ---- */

/* The state after an octet, by way of the links; the root when none fits. */
static uint32_t follow(const struct sw_patterns *p, uint32_t from, uint8_t octet)
{
    for (;;) {
        uint32_t to = step(p, from, octet);
        if (to != NO_STATE)
            return to;
        if (from == ROOT)
            return ROOT;
        from = p->state[from].link;
    }
}

struct parent { /* of each state */
    uint32_t from;
    uint8_t octet;
    uint32_t depth;
};

/* States in the order of their depth. A state has a larger number than its parent, so depths are
 * known in the order of numbers; a counting sort does the rest. */
static uint32_t *by_depth(const struct sw_patterns *p, struct parent *parent)
{
    uint32_t *order = calloc(p->n, sizeof(*order));
    uint32_t *start = calloc(p->n + 2, sizeof(*start));
    if (order && start) {
        for (size_t i = 1; i < p->n; i++) {
            parent[i].depth = parent[parent[i].from].depth + 1;
            start[parent[i].depth + 1]++;
        }
        for (size_t i = 1; i < p->n + 1; i++)
            start[i] += start[i - 1];
        for (size_t i = 1; i < p->n; i++)
            order[start[parent[i].depth]++] = (uint32_t)i;
    }
    free(start);
    return order;
}

static void link_state(struct sw_patterns *p, uint32_t at, const struct parent *parent)
{
    struct state *state = &p->state[at];
    state->link =
        parent->from == ROOT ? ROOT : follow(p, p->state[parent->from].link, parent->octet);
    uint32_t best = p->state[state->link].best;
    state->best = best < state->own ? best : state->own;
}

enum sw_status sw_patterns_build(struct sw_patterns *p)
{
    struct parent *parent = calloc(p->n, sizeof(*parent));
    for (size_t i = 0; parent && i < p->slots; i++)
        if (p->slot[i].to != NO_STATE)
            parent[p->slot[i].to] = (struct parent){p->slot[i].from, (uint8_t)p->slot[i].octet, 0};
    uint32_t *order = parent ? by_depth(p, parent) : NULL;
    for (size_t i = 0; order && i + 1 < p->n; i++)
        link_state(p, order[i], &parent[order[i]]);
    p->built = order != NULL;
    free(order);
    free(parent);
    return p->built ? SW_OK : SW_ENOMEM;
}

/* ---- search ---- */

uint32_t sw_patterns_find(const struct sw_patterns *p, const char *text, size_t len)
{
    uint32_t at = ROOT, best = SW_PATTERN_NONE;
    assert(p->built);
    for (size_t i = 0; i < len; i++) {
        at = follow(p, at, (uint8_t)text[i]);
        best = p->state[at].best < best ? p->state[at].best : best;
    }
    return best;
}
