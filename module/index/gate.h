/*
 * gate.h - a Bloom filter of the last two labels of all listed names: the first step of a look-up.
 *
 * For a queried name www.example.net the gate answers: is any name at or below example.net listed?
 * Usually none is. Then a single word of memory has ruled out all suffixes of the name with two
 * labels or more, and the remaining labels need not even be hashed.
 *
 * The gate has two halves, each a Bloom filter. A name sets three bits in a single 64-bit word of
 * each half, chosen by the digest of the last two labels. A half has 4.9 bits for each listed name:
 * 6 MiB for ten million names, which fit into the last-level cache. The first half wrongly passes
 * one name in ten; only then the second half is asked, which again wrongly passes one in ten. A
 * name that passes both halves without being listed only costs the look-up in filter and table.
 *
 * Growth. Bits are only ever set: the gate cannot be rebuilt from the table, which does not keep
 * the digest of the last two labels. The gate grows by duplicating each word, so the false-positive
 * rate of the existing names stays the same. Doubling costs as much memory again, so up to a third
 * more names than planned are accepted first. If the number of further names is known in advance,
 * the gate grows before the names are added (sw_gate_reserve()).
 *
 * Renewal. Bits of removed names go when all lists are reloaded: sw_gate_renew() begins a new gate
 * of the announced size, which is filled aside (`next`). The new gate replaces the current gate
 * when every list with names was begun after the new gate, so that `next` has all names (index.c).
 *
 * A gate is a single word, like a filter: the address, and the size class in the lower 6 bits.
 *
 * Threads      sw_gate_first, second: any, inside an RCU section; the others: the writer. The
 *              acquire load of `current` pairs with the release store in gate_publish().
 * Memory       1.4 octets for each name when announced, 1.9 at most when grown; 256 KiB at least
 * Decision     D-075
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

typedef uintptr_t sw_gate; /* 0: none, no name passes */

#define SW_GATE_HALVES 2u
#define SW_GATE_UNIT   128u /* words; each half has sw_filter_lines[size class] units */

struct sw_gates {
    _Atomic sw_gate current;
    /* the rest: writer only */
    sw_gate next;      /* the gate that is filled aside, 0: none */
    size_t next_names; /* names in `next`, about */
    unsigned epoch;    /* how many gates were begun aside */
    struct sw_retire *retire;
    _Atomic size_t bytes;
};

/** Words in each half of a gate. */
static inline size_t sw_gate_words(sw_gate gate)
{
    return (size_t)sw_filter_lines[gate & 63] * SW_GATE_UNIT;
}

/** The words of a gate, the second half behind the first. */
static inline void *sw_gate_address(sw_gate gate)
{
    return (void *)(gate & ~(sw_gate)63);
}

/** Octets of both halves. */
static inline size_t sw_gate_bytes(sw_gate gate)
{
    return SW_GATE_HALVES * sw_gate_words(gate) * sizeof(uint64_t);
}

/** The word of a half that a digest selects; *mask is set to the bits of the digest in that word.
 * The halves use different bits of the digest. */
static inline _Atomic uint64_t *sw_gate_word(sw_gate gate, unsigned half, uint64_t a,
                                             uint64_t *mask)
{
    _Atomic uint64_t *words = sw_gate_address(gate);
    uint64_t n = sw_gate_words(gate);
    uint64_t at = half == 0 ? a >> 32 : a >> 10 & 0xffffffff;
    *mask = sw_filter_mask(half == 0 ? a : a >> 10);
    return &words[half * n + (at * n >> 32)];
}

struct sw_gate_ask { /* word and bits to check in the second half */
    const _Atomic uint64_t *word;
    uint64_t mask;
};

/** Ask the first half. False: certainly no name is listed at or below the name of two labels with
 * this digest. True: *ask is set, and the word of the second half is prefetched. */
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

/** Ask the second half, inside the same RCU section. False as in sw_gate_first(). */
static inline bool sw_gate_second(const struct sw_gate_ask *ask)
{
    return (~atomic_load_explicit(ask->word, memory_order_relaxed) & ask->mask) == 0;
}

/* ---- writing ---- */

/** Initialise without a gate; retire must outlive gates. */
void sw_gates_init(struct sw_gates *gates, struct sw_retire *retire);

/** Free all; no reader may be left, and retire must be drained already. */
void sw_gates_free(struct sw_gates *gates);

/**
 * Let a name pass from now on. Call before the name is put into the table.
 * a      digest of the last two labels
 * names  number of names in the index, without this name
 * SW_OK; SW_ENOMEM (only without any gate: a gate that cannot grow passes more absent names).
 */
enum sw_status sw_gate_add(struct sw_gates *gates, uint64_t a, size_t names);

/** Make room for `names` names in all: make the first gate, or grow the current gate. Growing
 * before the names are added keeps the false-positive rate low. SW_OK; SW_ENOMEM as above. */
enum sw_status sw_gate_reserve(struct sw_gates *gates, size_t names);

/** Begin a gate aside, for `names` names; a gate begun before is given up. Without a current gate,
 * or without memory, the call has no effect. */
void sw_gate_renew(struct sw_gates *gates, size_t names);

/** Publish the gate that was filled aside, which has all names. */
void sw_gate_promote(struct sw_gates *gates);

/** Free all gates: the index has no name any more. */
void sw_gate_reset(struct sw_gates *gates);

/** Make the current gate a copy of `bytes` octets from a file. SW_OK; SW_EINVAL (no gate has that
 * size); SW_ENOMEM. */
enum sw_status sw_gate_restore(struct sw_gates *gates, const void *words, size_t bytes);

#endif
