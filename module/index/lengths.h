/*
 * lengths.h - the prefix lengths that occur near an address, so that only these are looked up.
 *
 * IPv4: for each /16, the lengths of all listed prefixes that overlap the /16; and for each /22,
 * whether a prefix of more than 16 bits overlaps the /22. Most /22 have no such prefix, and then
 * only lengths up to 16 are looked up.
 *
 * IPv6: the lengths from 32 on of prefixes with the same first 32 bits, in a place chosen by a
 * keyed hash of these 32 bits. Other prefixes may share the place, which costs needless probes.
 * Lengths under 32 are looked up for every address, if any listed prefix has that length.
 *
 * Bits are only ever set: a length that no longer occurs costs a probe, not a wrong answer.
 *
 * Threads      sw_lengths4/6: any, inside an RCU section; the others: the writer. A reader's
 *              acquire load of a table pairs with the release store that showed it.
 * Memory       768 KiB with the first IPv4 prefix, 1 MiB with the first IPv6 prefix; unused pages
 *              are not resident
 * Decision     D-076
 */
#ifndef SW_INDEX_LENGTHS_H
#define SW_INDEX_LENGTHS_H

#include "base/addr.h"
#include "base/status.h"
#include "index/hash.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

struct sw_lengths4 {
    _Atomic uint32_t in[65536];   /* by /16: bit n - 1 for length n */
    _Atomic uint64_t near[65536]; /* by /16: a bit for each /22 */
};

struct sw_lengths6 {
    _Atomic uint64_t in[65536][2]; /* bit n - 32 for length n */
};

struct sw_lengths {
    _Atomic(struct sw_lengths4 *) v4; /* NULL until the first prefix */
    _Atomic(struct sw_lengths6 *) v6;
    _Atomic size_t bytes;
};

/** Lengths to look for, bit n for length n (0..32). host: the address, in host order. */
static inline uint64_t sw_lengths4(const struct sw_lengths *lengths, uint32_t host)
{
    const struct sw_lengths4 *v4 = atomic_load_explicit(&lengths->v4, memory_order_acquire);
    if (!v4)
        return 1;
    uint64_t in = atomic_load_explicit(&v4->in[host >> 16], memory_order_relaxed);
    uint64_t near = atomic_load_explicit(&v4->near[host >> 16], memory_order_relaxed);
    uint64_t all = in << 1 | 1;
    return near >> (host >> 10 & 63) & 1 ? all : all & 0x1ffff;
}

/** The place in sw_lengths6.in for prefixes with these first 32 bits. */
static inline size_t sw_lengths6_at(const struct sw_hash_key *key, uint32_t first)
{
    return sw_hash_mix(key, UINT64_C(3) << 40 | first) >> 48;
}

/** Lengths to look for, bit n % 64 of out[n / 64] for length n (0..128). first: 32 bits of the
 * address. */
static inline void sw_lengths6(const struct sw_lengths *lengths, const struct sw_hash_key *key,
                               uint32_t first, uint64_t out[3])
{
    const struct sw_lengths6 *v6 = atomic_load_explicit(&lengths->v6, memory_order_acquire);
    uint64_t low = 0, high = 0;
    if (v6) {
        size_t at = sw_lengths6_at(key, first);
        low = atomic_load_explicit(&v6->in[at][0], memory_order_relaxed);
        high = atomic_load_explicit(&v6->in[at][1], memory_order_relaxed);
    }
    out[0] = low << 32 | 0xffffffff;
    out[1] = low >> 32 | high << 32;
    out[2] = high >> 32;
}

/** Set the bits of a prefix. Call before the prefix is put into the table. SW_OK, SW_ENOMEM. */
enum sw_status sw_lengths_note(struct sw_lengths *lengths, const struct sw_hash_key *key,
                               const struct sw_addr *addr);

/** Copy tables from a file; NULL: no table. SW_OK, SW_ENOMEM. */
enum sw_status sw_lengths_restore(struct sw_lengths *lengths, const struct sw_lengths4 *v4,
                                  const struct sw_lengths6 *v6);

/** Free all; no reader may be left. */
void sw_lengths_free(struct sw_lengths *lengths);

#endif
