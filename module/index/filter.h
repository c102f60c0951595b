/*
 * filter.h - a blocked Bloom filter for each shard of the table, asked before the table.
 *
 * A key sets six bits in a line of 64 octets: three bits in a word of the line's first half, three
 * in a word of the second half. With 9 to 11 bits for each key, 1 to 2 % of absent keys pass.
 *
 * Most of the time of a look-up is waiting for memory. So the filters of all shards lie in a single
 * mapping of large pages (2 MiB where the kernel has such pages): a filter access needs no walk
 * through page tables, and is served by the last-level cache. The mapping is divided into equal
 * slices: a slice for each shard, and spare slices, in which a filter is rebuilt while readers use
 * the former filter. When a shard outgrows the slice, a mapping with slices a quarter larger is
 * made. All shards move there, a shard with each change (table.c). The former mapping is freed when
 * all slices are back.
 *
 * A filter is a single word, so that a reader gets address and size in a single load: the slice's
 * address (a multiple of 64) and, in the lower 6 bits, the size class.
 *
 * Threads      sw_filter_line_of/may_have: any, inside an RCU section; the others: the writer
 * Source       blocked Bloom filters: Putze, Sanders, Singler 2007
 */
#ifndef SW_INDEX_FILTER_H
#define SW_INDEX_FILTER_H

#include "base/status.h"
#include "index/retire.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uintptr_t sw_filter; /* 0: none */

struct sw_filter_line {
    _Atomic uint64_t word[8];
};
static_assert(sizeof(struct sw_filter_line) == 64, "one cache line");

struct sw_filter_arena;

struct sw_filters {                  /* writer only */
    struct sw_filter_arena *current; /* NULL: none yet */
    unsigned arenas;                 /* over 1: some shards have not moved yet */
    struct sw_retire *retire;
    _Atomic size_t bytes;
};

struct sw_filter_slice { /* the writer's handle of a filter */
    sw_filter filter;
    struct sw_filter_arena *arena;
};

/* ---- reading ---- */

/** Lines of a size class: 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, ... */
extern const uint32_t sw_filter_lines[64] __attribute__((visibility("hidden")));

/** The part (0..parts - 1) that a digest falls into, by the bits after the shard's bits. */
static inline size_t sw_digest_part(uint64_t a, uint32_t parts)
{
    return (size_t)((a >> 24 & 0xffffffff) * parts >> 32);
}

/** The line of a filter that holds a digest's bits. */
static inline struct sw_filter_line *sw_filter_line_of(sw_filter filter, uint64_t a)
{
    struct sw_filter_line *lines = (struct sw_filter_line *)(filter & ~(sw_filter)63);
    return &lines[sw_digest_part(a, sw_filter_lines[filter & 63])];
}

/* The bits of a digest: three in each of two words. */
struct sw_filter_bits {
    unsigned word0, word1;
    uint64_t mask0, mask1;
};

/* Three bits of a word: a pattern out of 16, rotated by 0..63. Cheaper than three shifts. Compared
 * with three independent bits, a tenth more of the absent keys pass. */
static inline uint64_t sw_filter_mask(uint64_t bits)
{
#define PATTERN(a, b) (UINT64_C(1) | UINT64_C(1) << (a) | UINT64_C(1) << (b))
    static const uint64_t pattern[16] = {
        PATTERN(1, 8),   PATTERN(2, 17),  PATTERN(3, 29),  PATTERN(4, 40),
        PATTERN(5, 25),  PATTERN(6, 50),  PATTERN(9, 31),  PATTERN(10, 37),
        PATTERN(11, 46), PATTERN(12, 28), PATTERN(13, 34), PATTERN(14, 33),
        PATTERN(18, 41), PATTERN(19, 43), PATTERN(22, 38), PATTERN(24, 51),
    };
#undef PATTERN
    uint64_t mask = pattern[bits & 15];
    unsigned rotation = bits >> 4 & 63;
    return mask << rotation | mask >> (-rotation & 63);
}

/** The bits that a digest sets in the line. */
static inline struct sw_filter_bits sw_filter_bits_of(uint64_t a)
{
    return (struct sw_filter_bits){
        .word0 = a & 3,
        .word1 = 4 + (a >> 2 & 3),
        .mask0 = sw_filter_mask(a >> 4),
        .mask1 = sw_filter_mask(a >> 14),
    };
}

/** False: the key is certainly not in the shard. */
static inline bool sw_filter_may_have(const struct sw_filter_line *line, uint64_t a)
{
    struct sw_filter_bits bits = sw_filter_bits_of(a);
    uint64_t w0 = atomic_load_explicit(&line->word[bits.word0], memory_order_relaxed);
    uint64_t w1 = atomic_load_explicit(&line->word[bits.word1], memory_order_relaxed);
    return ((~w0 & bits.mask0) | (~w1 & bits.mask1)) == 0;
}

/* ---- writing ---- */

/** Octets rounded up to whole pages of this machine, which may be larger than 4096 octets. Only
 * whole pages can be unmapped. */
size_t sw_machine_pages(size_t bytes);

/** Zeroed memory for a structure that every look-up reads, on large pages if large enough; NULL:
 * out of memory. Freed with munmap(). */
uint8_t *sw_filter_map(size_t bytes);

/** Initialise without a mapping; retire must outlive filters. */
void sw_filters_init(struct sw_filters *filters, struct sw_retire *retire);

/** Free the current mapping; all slices must have been released (sw_filter_release()). */
void sw_filters_free(struct sw_filters *filters);

/** Make an empty filter for at least `keys` keys, with a new mapping if the current slices are too
 * small. May wait for readers. SW_OK, SW_ENOMEM. */
enum sw_status sw_filter_new(struct sw_filters *filters, uint32_t keys,
                             struct sw_filter_slice *out);

/** Make a filter for an empty table that is loaded from a file: of size class `class` (0..63), the
 * same for all shards, with a copy of `lines`, or empty for NULL. SW_OK, SW_ENOMEM. */
enum sw_status sw_filter_restore(struct sw_filters *filters, unsigned class, const void *lines,
                                 struct sw_filter_slice *out);

/** Begin a mapping with smaller slices if `keys` keys in each shard need less than half a slice. */
void sw_filters_shrink(struct sw_filters *filters, uint32_t keys);

/** Add a digest; safe with concurrent readers. */
void sw_filter_add(sw_filter filter, uint64_t a);

/** Give a slice back: at once (no reader can have the slice), or after a grace period. */
void sw_filter_release(struct sw_filter_slice slice);
void sw_filter_retire(struct sw_filters *filters, struct sw_filter_slice slice);

#endif
