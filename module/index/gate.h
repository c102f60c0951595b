/*
 * gate.h - what is asked first about a name: is anything listed at or below its last two labels?
 *
 * Nearly always nothing is, and then one word of memory has answered for all suffixes of the name,
 * however many labels it has: the others need not even be hashed. Two halves, each a Bloom filter
 * with three bits in one 64-bit word for each pair of last labels and 4.9 bits for each listed name:
 * of ten million names a half has 6 MiB, which stay in the last cache of a machine. The second half
 * is asked where the first lets a name through, one in ten for nothing. Of those again one in ten
 * passes, and costs the look-up in filter and table, nothing else.
 *
 * Bits are only ever set: the table does not keep what would be needed to make the gate anew. When
 * there are more names than it is made for, it is doubled by having each word twice, which keeps
 * what was in it as dense as it was; a third more names are let in first, since that takes as much
 * memory again. Where it is known how many are coming, it grows before they do (sw_gate_reserve). A new one is filled aside while all lists are read anew
 * (sw_gate_renew), for as many names as are announced then, and takes the old one's place when
 * every list that has names was begun after it (index.c).
 *
 * A gate is one word, like a filter: address, and size class in the lower 6 bits.
 *
 * Threads      sw_gate_first, second: any, inside an RCU section; the others: the writer. A reader's
 *              acquire load of `current` pairs with the release store in gate_publish().
 * Memory       1.4 octets for each name when announced, 1.9 at most when grown; 256 KiB at least
 */
#ifndef SW_INDEX_GATE_H
#define SW_INDEX_GATE_H

#include "base/status.h"
#include "index/filter.h"
#include "index/retire.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uintptr_t sw_gate; /* 0: none, nothing passes */

#define SW_GATE_HALVES 2u
#define SW_GATE_UNIT   128u /* words; each half has sw_filter_lines[size class] of them */

struct sw_gates {
    _Atomic sw_gate current;
    /* the rest: the writer's */
    sw_gate next;      /* 0: none is being filled */
    size_t next_names; /* that it has got, about */
    unsigned epoch;    /* how many were begun */
    struct sw_retire *retire;
    _Atomic size_t bytes;
};

/** Words of each half. */
static inline size_t sw_gate_words(sw_gate gate)
{
    return (size_t)sw_filter_lines[gate & 63] * SW_GATE_UNIT;
}

/** All its words, the second half behind the first. */
static inline void *sw_gate_address(sw_gate gate)
{
    return (void *)(gate & ~(sw_gate)63);
}

/** Octets that they occupy. */
static inline size_t sw_gate_bytes(sw_gate gate)
{
    return SW_GATE_HALVES * sw_gate_words(gate) * sizeof(uint64_t);
}

/** The word of a half that knows about a digest; *mask is set to the bits that it sets there. The
 * halves take different bits of the digest. */
static inline _Atomic uint64_t *sw_gate_word(sw_gate gate, unsigned half, uint64_t a,
                                             uint64_t *mask)
{
    _Atomic uint64_t *words = sw_gate_address(gate);
    uint64_t n = sw_gate_words(gate);
    uint64_t at = half == 0 ? a >> 32 : a >> 10 & 0xffffffff;
    *mask = sw_filter_mask(half == 0 ? a : a >> 10);
    return &words[half * n + (at * n >> 32)];
}

struct sw_gate_ask { /* what is asked of the second half */
    const _Atomic uint64_t *word;
    uint64_t mask;
};

/** The first half. False: surely nothing is listed at or below the name of two labels with this
 * digest. Otherwise the second half's word is on its way into the cache. */
static inline bool sw_gate_first(const struct sw_gates *gates, uint64_t a, struct sw_gate_ask *ask)
{
    sw_gate gate = atomic_load_explicit(&gates->current, memory_order_acquire);
    if (__builtin_expect(gate == 0, 0))
        return false;
    uint64_t mask;
    const _Atomic uint64_t *word = sw_gate_word(gate, 0, a, &mask);
    if (__builtin_expect((~atomic_load_explicit(word, memory_order_relaxed) & mask) != 0, 1))
        return false;
    ask->word = sw_gate_word(gate, 1, a, &ask->mask);
    __builtin_prefetch(ask->word);
    return true;
}

/** The second half: likewise, inside the same RCU section. */
static inline bool sw_gate_second(const struct sw_gate_ask *ask)
{
    return (~atomic_load_explicit(ask->word, memory_order_relaxed) & ask->mask) == 0;
}

/* ---- writing ---- */

/** No gate yet; retire outlives it. */
void sw_gates_init(struct sw_gates *gates, struct sw_retire *retire);

/** Free all; no reader may be left, and retire must be drained already. */
void sw_gates_free(struct sw_gates *gates);

/**
 * Let a name through from now on, before it can be found.
 * a      digest of its last two labels
 * names  how many names the index has, this one not counted
 * SW_OK; SW_ENOMEM (only for the first one: without memory to grow it lets more through).
 */
enum sw_status sw_gate_add(struct sw_gates *gates, uint64_t a, size_t names);

/** Make the first one, for so many names, or have the one that is there grow while few are in it:
 * they would lie denser each time it is doubled. SW_OK; SW_ENOMEM as above. */
enum sw_status sw_gate_reserve(struct sw_gates *gates, size_t names);

/** Begin to fill one for so many names aside; one begun before is given up. Nothing happens while
 * there is no current one, or without memory. */
void sw_gate_renew(struct sw_gates *gates, size_t names);

/** Show the next one: it has all names. */
void sw_gate_promote(struct sw_gates *gates);

/** There is no name any more: free all. */
void sw_gate_reset(struct sw_gates *gates);

/** Take over a current gate as it was found in a file: `bytes` octets. SW_OK; SW_EINVAL (no gate has
 * that size); SW_ENOMEM. */
enum sw_status sw_gate_restore(struct sw_gates *gates, const void *words, size_t bytes);

#endif
