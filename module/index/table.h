/*
 * table.h - the hash table from the digest of an indicator to the reference of a rule set.
 *
 * The table has 256 shards, selected by the first 8 bits of the digest. A shard has a filter
 * (filter.h), which is asked first, and a block of whole pages that never moves. A block consists
 * of buckets of two cache lines with 9 slots each. A look-up reads the bucket that the digest
 * selects, and the next bucket only if the first is marked as overflowed.
 *
 * A slot holds 88 bits of the digest and 24 bits of reference. The shard gives 8 bits more, so keys
 * are compared in 96 bits. A reader never sees a mixture of two keys in a slot: the parts of the
 * digest are written first, the word with the reference last (release). A slot keeps the digest
 * until the block is replaced; removing a key only changes the reference.
 *
 * Blocks grow and shrink shard by shard: block and filter are built aside, each is published with a
 * single store, and the former block and filter are retired. Readers may see the two stores in
 * either order, since the former and the new block and filter hold the same keys at that time.
 *
 * Threads      sw_table_filter/block/find/get: any, inside an RCU section (or the writer); the
 *              others: the writer. A reader's acquire load of a shard pairs with the release
 *              stores in shard_publish(), of a slot's word with the stores in slot_put(),
 *              sw_table_put() and sw_table_remove()
 * Memory       4096 octets for 260 slots in use at most, 6 % room after growing, and the filter:
 *              17 to 18.5 octets for each key; a shard more during a rebuild, and the memory that
 *              retire.h holds back
 * Decision     D-004
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
    _Atomic uint64_t tag[SW_BUCKET_SLOTS];   /* digest.a without its first 8 bits, 8 bits of b */
    _Atomic uint32_t word[SW_BUCKET_SLOTS];  /* 8 bits of b, reference; 0 = slot is empty */
    _Atomic uint16_t extra[SW_BUCKET_SLOTS]; /* 16 bits of b */
    _Atomic uint8_t overflow;                /* keys of this bucket are in the next bucket */
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

#define SW_PAGE             4096u /* unit of blocks; larger pages of a machine only round up */
#define SW_BUCKETS_PER_PAGE ((uint32_t)(SW_PAGE / sizeof(struct sw_bucket)))

/* A published block: the address and, in the lower 12 bits, the number of pages (0: too many for 12
 * bits). So a reader finds a bucket without waiting for the header of the block. */
typedef uintptr_t sw_block_ref;

struct sw_table_watch { /* a watcher, called with a shard before a change of that shard */
    void (*before)(void *arg, unsigned shard);
    void *arg;
};

struct sw_table {
    _Atomic sw_filter filter[SW_SHARDS];   /* 0: empty */
    _Atomic sw_block_ref block[SW_SHARDS]; /* 0: empty */
    /* the rest: writer only */
    struct sw_retire *retire;
    const struct sw_table_watch *watch; /* NULL: no watcher; called in the writer's thread */
    _Atomic size_t bytes;               /* of blocks */
    struct sw_filters filters;
    unsigned next_move; /* next shard to move, while filters move to another mapping */
    struct sw_shard_use {
        uint32_t used, live; /* slots that are not empty; keys */
        struct sw_filter_slice slice;
    } use[SW_SHARDS];
};

/* ---- reading ---- */

/** The filter of the digest's shard; 0 for an empty shard. */
static inline sw_filter sw_table_filter(const struct sw_table *table, uint64_t a)
{
    return atomic_load_explicit(&table->filter[a >> 56], memory_order_acquire);
}

/** The block of the digest's shard; 0 for an empty shard. */
static inline sw_block_ref sw_table_block(const struct sw_table *table, uint64_t a)
{
    return atomic_load_explicit(&table->block[a >> 56], memory_order_acquire);
}

/** The block with a reference; NULL for 0. */
static inline struct sw_block *sw_block_at(sw_block_ref ref)
{
    return (struct sw_block *)(ref & ~(sw_block_ref)(SW_PAGE - 1));
}

/** The number of buckets of a block. */
static inline uint32_t sw_block_buckets(sw_block_ref ref)
{
    uint32_t pages = ref & (SW_PAGE - 1);
    return __builtin_expect(pages != 0, 1) ? pages * SW_BUCKETS_PER_PAGE - 1
                                           : sw_block_at(ref)->buckets;
}

/** Prefetch the bucket of a digest. */
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

/** Reference of a key, 0 for an absent key. Does not ask the filter. */
uint32_t sw_table_get(const struct sw_table *table, struct sw_digest digest);

/* ---- writing ---- */

/** The number of keys in the table. */
size_t sw_table_keys(const struct sw_table *table);

/** Initialise an empty table; retire must outlive the table. */
void sw_table_init(struct sw_table *table, struct sw_retire *retire);

/** Free everything; no reader may be left, and retire must be drained already. */
void sw_table_free(struct sw_table *table);

/** Set the reference (SW_REF_FIRST..SW_REF_MASK) of a key, new or not. SW_OK or SW_ENOMEM. */
enum sw_status sw_table_put(struct sw_table *table, struct sw_digest digest, uint32_t ref);

/** Remove a key that is in the table. Never fails; may free memory. */
void sw_table_remove(struct sw_table *table, struct sw_digest digest);

/**
 * Replace references everywhere: ref becomes to[ref] where to[ref] != ref, 0 removes the key.
 * to     an entry for each reference in use
 * moved  counts, for each old reference, how many slots changed (same size, zeroed by caller)
 */
void sw_table_map(struct sw_table *table, const uint32_t *to, uint32_t *moved);

/** Make room for n keys in all (not: n more): a hint. SW_OK; SW_ENOMEM: some shards have not
 * grown. */
enum sw_status sw_table_reserve(struct sw_table *table, size_t n);

/** Octets of the table, filters included. Any thread. */
static inline size_t sw_table_bytes(const struct sw_table *table)
{
    return atomic_load_explicit(&table->bytes, memory_order_relaxed) +
           atomic_load_explicit(&table->filters.bytes, memory_order_relaxed);
}

/** Whether a block of `bytes` octets from a file is valid: all sizes are right, and every slot in
 * use is removed or has a reference with known[ref] set. Counts slots in use (*used), keys
 * (*live), and the slots of each reference (users[]). */
bool sw_table_check(const struct sw_block *block, size_t bytes, const uint8_t *known,
                    uint32_t *users, uint32_t *used, uint32_t *live);

/**
 * Fill an empty shard from a file.
 * block   checked by sw_table_check(), in separate pages that munmap() can free; belongs to the
 *         table
 * class   size class of the filter
 * filter  copied, or NULL to build the filter from the block
 * used, live  the counts of sw_table_check()
 * SW_OK, SW_ENOMEM.
 */
enum sw_status sw_table_adopt(struct sw_table *table, unsigned shard, struct sw_block *block,
                              unsigned class, const void *filter, uint32_t used, uint32_t live);

/** Rebuild shards with many removed keys or too much room. */
void sw_table_tidy(struct sw_table *table);

#endif
