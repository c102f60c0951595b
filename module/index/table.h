/*
 * table.h - the one hash table: digest of an indicator -> reference to its set of rules.
 *
 * 256 shards by the first 8 bits of the digest. Each has a filter (filter.h), which is asked
 * first, and one block of whole pages that never moves: buckets of two cache lines with 9 slots
 * each. A look-up reads the bucket that the digest names, and the next one only where a bucket
 * says that it overflowed.
 *
 * A slot holds 88 bits of the digest and 24 bits of reference; the shard gives 8 more, so keys
 * are compared in 96 bits. A reader never sees a mixed slot: the digest's parts are written
 * first, the word with the reference last (release); a slot keeps its digest until the block is
 * replaced, removing only changes the reference. Blocks grow and shrink one shard at a time:
 * block and filter are filled aside, published with one store each, and the old ones retired.
 * It does not matter which of the two a reader sees first: old and new hold the same keys then.
 *
 * Threads      sw_table_filter/block/find/get: any, inside an RCU section (or the writer); the
 *              others: the writer. A reader's acquire load of a shard pairs with the release
 *              stores in shard_publish(), of a slot's word with the ones in slot_put(),
 *              sw_table_put() and sw_table_remove()
 * Memory       4096 octets for 260 slots in use at most, 6 % room after growing, and the filter:
 *              17 to 18.5 octets for each key; one shard more while one is rebuilt, plus what
 *              retire.h may hold back
 */
#ifndef SW_INDEX_TABLE_H
#define SW_INDEX_TABLE_H

#include "base/status.h"
#include "index/filter.h"
#include "index/hash.h"
#include "index/retire.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SW_SHARDS       256u
#define SW_BUCKET_SLOTS 9u
#define SW_REF_BITS     24u
#define SW_REF_MASK     ((1u << SW_REF_BITS) - 1)
#define SW_REF_REMOVED  1u /* slot of a removed key; references proper start at 2 */
#define SW_REF_FIRST    2u

struct sw_bucket {
    _Atomic uint64_t tag[SW_BUCKET_SLOTS];   /* digest.a without the shard's bits, 8 bits of b */
    _Atomic uint32_t word[SW_BUCKET_SLOTS];  /* 8 bits of b, reference; 0 = slot is empty */
    _Atomic uint16_t extra[SW_BUCKET_SLOTS]; /* 16 bits of b */
    _Atomic uint8_t overflow;                /* keys of this bucket are in the next one */
    uint8_t used;                            /* writer only: slots that are not empty */
};
static_assert(sizeof(struct sw_bucket) == 128, "two cache lines");
static_assert(8 + 16 + 32 - SW_REF_BITS == SW_DIGEST_B_BITS, "a slot holds all of b");

struct sw_block {                   /* header: constant once published */
    uint32_t pages, buckets, limit; /* limit: slots to use at most */
    uint8_t pad[116];
    struct sw_bucket bucket[];
};
static_assert(sizeof(struct sw_block) == sizeof(struct sw_bucket), "buckets begin at a line");

#define SW_PAGE             4096u /* blocks are whole ones; a larger page of the machine only rounds up */
#define SW_BUCKETS_PER_PAGE ((uint32_t)(SW_PAGE / sizeof(struct sw_bucket)))

/* A block as it is published: its address and, in the lower 12 bits, how many pages it has (0: too many
 * for that), so that nobody has to wait for its header to know where a bucket is. */
typedef uintptr_t sw_block_ref;

struct sw_table_watch { /* who wants to see a shard as it is before it is changed */
    void (*before)(void *arg, unsigned shard);
    void *arg;
};

struct sw_table {
    _Atomic sw_filter filter[SW_SHARDS];   /* 0: empty */
    _Atomic sw_block_ref block[SW_SHARDS]; /* 0: empty */
    /* the rest: the writer's */
    struct sw_retire *retire;
    const struct sw_table_watch *watch; /* NULL: nobody; called in the writer's thread */
    _Atomic size_t bytes;               /* of blocks */
    struct sw_filters filters;
    unsigned next_move; /* shard to look at next, while shards move to another mapping */
    struct sw_shard_use {
        uint32_t used, live; /* slots that are not empty; keys */
        struct sw_filter_slice slice;
    } use[SW_SHARDS];
};

/* ---- reading ---- */

/** The filter that knows about a digest; 0 when its shard is empty. */
static inline sw_filter sw_table_filter(const struct sw_table *table, uint64_t a)
{
    return atomic_load_explicit(&table->filter[a >> 56], memory_order_acquire);
}

/** The block that would hold a digest; 0 when its shard is empty. */
static inline sw_block_ref sw_table_block(const struct sw_table *table, uint64_t a)
{
    return atomic_load_explicit(&table->block[a >> 56], memory_order_acquire);
}

/** The block itself; NULL for 0. */
static inline struct sw_block *sw_block_at(sw_block_ref ref)
{
    return (struct sw_block *)(ref & ~(sw_block_ref)(SW_PAGE - 1));
}

/** How many buckets it has. */
static inline uint32_t sw_block_buckets(sw_block_ref ref)
{
    uint32_t pages = ref & (SW_PAGE - 1);
    return __builtin_expect(pages != 0, 1) ? pages * SW_BUCKETS_PER_PAGE - 1
                                           : sw_block_at(ref)->buckets;
}

/** Have a digest's bucket on its way to the cache. */
static inline void sw_table_prefetch(const struct sw_table *table, uint64_t a)
{
    sw_block_ref block = sw_table_block(table, a);
    if (block == 0)
        return;
    const struct sw_bucket *bucket =
        &sw_block_at(block)->bucket[sw_digest_part(a, sw_block_buckets(block))];
    __builtin_prefetch(bucket);
    __builtin_prefetch((const uint8_t *)bucket + 64);
}

/** Reference of a key, 0 when it is not there. Does not ask the filter. */
uint32_t sw_table_get(const struct sw_table *table, struct sw_digest digest);

/* ---- writing ---- */

/** How many keys there are. */
size_t sw_table_keys(const struct sw_table *table);

/** An empty table; retire outlives it. */
void sw_table_init(struct sw_table *table, struct sw_retire *retire);

/** Free everything; no reader may be left, and retire must be drained already. */
void sw_table_free(struct sw_table *table);

/** Set the reference (SW_REF_FIRST..SW_REF_MASK) of a key, new or not. SW_OK or SW_ENOMEM. */
enum sw_status sw_table_put(struct sw_table *table, struct sw_digest digest, uint32_t ref);

/** Remove a key that is there. Never fails; may give memory back. */
void sw_table_remove(struct sw_table *table, struct sw_digest digest);

/**
 * Replace references everywhere: ref becomes to[ref] where to[ref] != ref, 0 removes the key.
 * to     one entry for each reference in use
 * moved  counts, for each old reference, how many slots changed (same size, zeroed by caller)
 */
void sw_table_map(struct sw_table *table, const uint32_t *to, uint32_t *moved);

/** Make room for n keys in all (not: more), as a hint; SW_ENOMEM leaves the rest as it is. */
enum sw_status sw_table_reserve(struct sw_table *table, size_t n);

/** Octets that it occupies. Any thread. */
static inline size_t sw_table_bytes(const struct sw_table *table)
{
    return atomic_load_explicit(&table->bytes, memory_order_relaxed) +
           atomic_load_explicit(&table->filters.bytes, memory_order_relaxed);
}

/** Whether a block with so many octets, found somewhere, could have been made by this code: sizes, and
 * that every slot in use has a reference for which known[ref] is set or is removed. Counts slots in
 * use, keys, and for each reference its slots. */
bool sw_table_check(const struct sw_block *block, size_t bytes, const uint8_t *known,
                    uint32_t *users, uint32_t *used, uint32_t *live);

/**
 * Take over a shard that is empty: a block of whole pages of its own (munmap() will free it), checked
 * with the counts given; and its filter, or NULL to have it made anew. Slices of class `class`.
 * SW_OK, SW_ENOMEM.
 */
enum sw_status sw_table_adopt(struct sw_table *table, unsigned shard, struct sw_block *block,
                              unsigned class, const void *filter, uint32_t used, uint32_t live);

/** Rebuild shards that hold many removed keys or more room than they need. */
void sw_table_tidy(struct sw_table *table);

#endif
