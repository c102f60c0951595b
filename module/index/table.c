/* table.c - the concurrent hash table of table.h: blocks, slots, rebuilding. */
#include "index/table.h"

#include <string.h>
#include <sys/mman.h>

/* Slots to use at most in a block of so many pages: 29 in 32, after which overflow grows fast. */
static uint32_t slots_limit(uint32_t pages)
{
    uint32_t buckets = pages * SW_BUCKETS_PER_PAGE - 1; /* the header takes the place of a bucket */
    return (uint32_t)((uint64_t)buckets * SW_BUCKET_SLOTS * 29 / 32);
}

/* Pages for n keys. */
static uint32_t pages_for(uint32_t n)
{
    uint32_t pages = n / slots_limit(1) + 1;
    while (pages > 1 && slots_limit(pages - 1) >= n)
        pages--;
    return pages;
}

/* Pages for a growing shard of n keys: with room for a sixteenth more. */
static uint32_t pages_to_grow(uint32_t n)
{
    return pages_for(n + n / 16 + 1);
}

/* ---- blocks ---- */

static struct sw_block *block_new(struct sw_table *table, uint32_t pages)
{
    void *map = mmap(NULL, (size_t)pages * SW_PAGE, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (map == MAP_FAILED)
        return NULL;
    struct sw_block *block = map;
    block->pages = pages;
    block->buckets = pages * SW_BUCKETS_PER_PAGE - 1;
    block->limit = slots_limit(pages);
    atomic_fetch_add_explicit(&table->bytes, (size_t)pages * SW_PAGE, memory_order_relaxed);
    return block;
}

/* sw_retire_fn */
static void block_free(void *arg, void *ptr, size_t bytes)
{
    struct sw_table *table = arg;
    munmap(ptr, bytes);
    atomic_fetch_sub_explicit(&table->bytes, bytes, memory_order_relaxed);
}

static struct sw_block *block_of(const struct sw_table *table, unsigned shard)
{
    return sw_block_at(atomic_load_explicit(&table->block[shard], memory_order_relaxed));
}

static sw_block_ref block_ref(const struct sw_block *block)
{
    return (sw_block_ref)block | (block && block->pages < SW_PAGE ? block->pages : 0);
}

/* Publish a filter; the former filter is given back after a grace period. */
static void filter_publish(struct sw_table *table, unsigned shard, struct sw_filter_slice slice)
{
    struct sw_filter_slice old = table->use[shard].slice;
    atomic_store_explicit(&table->filter[shard], slice.filter, memory_order_release);
    table->use[shard].slice = slice;
    sw_filter_retire(&table->filters, old);
}

/* Publish a block with a filter (or none); the former block and filter are freed after a grace
 * period. */
static void shard_publish(struct sw_table *table, unsigned shard, struct sw_block *block,
                          struct sw_filter_slice slice)
{
    struct sw_block *old = block_of(table, shard);
    atomic_store_explicit(&table->block[shard], block_ref(block), memory_order_release);
    filter_publish(table, shard, slice);
    if (old)
        sw_retire(table->retire, block_free, table, old, (size_t)old->pages * SW_PAGE);
}

void sw_table_init(struct sw_table *table, struct sw_retire *retire)
{
    memset(table, 0, sizeof(*table));
    table->retire = retire;
    sw_filters_init(&table->filters, retire);
}

void sw_table_free(struct sw_table *table)
{
    for (unsigned s = 0; s < SW_SHARDS; s++) {
        struct sw_block *block = block_of(table, s);
        if (block)
            block_free(table, block, (size_t)block->pages * SW_PAGE);
        sw_filter_release(table->use[s].slice);
    }
    sw_filters_free(&table->filters);
}

/* ---- slots ---- */

static uint64_t tag_of(struct sw_digest digest)
{
    return digest.a << 8 | (digest.b & 0xff);
}

static uint16_t extra_of(struct sw_digest digest)
{
    return (uint16_t)(digest.b >> 8 & 0xffff);
}

static uint32_t word_of(struct sw_digest digest, uint32_t ref)
{
    return (uint32_t)(digest.b >> 24 & 0xff) << SW_REF_BITS | ref;
}

/* The slot of a digest in a bucket, with *word set; SW_BUCKET_SLOTS for an absent digest. */
static inline unsigned bucket_find(const struct sw_bucket *bucket, struct sw_digest digest,
                                   uint32_t *word)
{
    uint64_t tag = tag_of(digest);
    unsigned same = 0;
#pragma GCC unroll 9
    for (unsigned i = 0; i < SW_BUCKET_SLOTS; i++)
        same |= (unsigned)(atomic_load_explicit(&bucket->tag[i], memory_order_relaxed) == tag) << i;
    for (; same != 0; same &= same - 1) {
        unsigned i = (unsigned)__builtin_ctz(same);
        uint32_t w = atomic_load_explicit(&bucket->word[i], memory_order_acquire);
        if (w == 0 || (w ^ word_of(digest, 0)) >> SW_REF_BITS != 0)
            continue;
        if (atomic_load_explicit(&bucket->extra[i], memory_order_relaxed) == extra_of(digest)) {
            *word = w;
            return i;
        }
    }
    return SW_BUCKET_SLOTS;
}

/* The bucket and slot of a digest, removed or not; NULL for an absent digest. The search is bounded
 * by the number of buckets, and nearly always ends in the first or second. */
static const struct sw_bucket *block_find(sw_block_ref block, struct sw_digest digest,
                                          unsigned *slot, uint32_t *word)
{
    uint32_t buckets = sw_block_buckets(block);
    const struct sw_bucket *first = sw_block_at(block)->bucket, *end = first + buckets;
    const struct sw_bucket *bucket = &first[sw_digest_part(digest.a, buckets)];
    for (uint32_t n = 0; n < buckets; n++) {
        *slot = bucket_find(bucket, digest, word);
        if (*slot < SW_BUCKET_SLOTS)
            return bucket;
        if (!atomic_load_explicit(&bucket->overflow, memory_order_acquire))
            return NULL;
        if (++bucket == end)
            bucket = first;
    }
    return NULL;
}

uint32_t sw_table_get(const struct sw_table *table, struct sw_digest digest)
{
    unsigned slot;
    uint32_t word;
    sw_block_ref block = sw_table_block(table, digest.a);
    if (block == 0 || !block_find(block, digest, &slot, &word))
        return 0;
    uint32_t ref = word & SW_REF_MASK;
    return ref == SW_REF_REMOVED ? 0 : ref;
}

/* Put a key that is not in the block into the first empty slot, beginning with the key's bucket. An
 * empty slot exists, since the limit is below the number of slots. */
static void slot_put(struct sw_block *block, struct sw_digest digest, uint32_t ref)
{
    struct sw_bucket *bucket = &block->bucket[sw_digest_part(digest.a, block->buckets)];
    struct sw_bucket *end = block->bucket + block->buckets;
    while (bucket->used == SW_BUCKET_SLOTS) {
        atomic_store_explicit(&bucket->overflow, 1, memory_order_release);
        if (++bucket == end)
            bucket = block->bucket;
    }
    unsigned i = bucket->used++;
    atomic_store_explicit(&bucket->tag[i], tag_of(digest), memory_order_relaxed);
    atomic_store_explicit(&bucket->extra[i], extra_of(digest), memory_order_relaxed);
    atomic_store_explicit(&bucket->word[i], word_of(digest, ref), memory_order_release);
}

/* The digest in slot i: all bits of a, and the stored bits of b. */
static struct sw_digest slot_digest(const struct sw_bucket *bucket, unsigned i, unsigned shard,
                                    uint32_t word)
{
    uint64_t tag = atomic_load_explicit(&bucket->tag[i], memory_order_relaxed);
    uint64_t extra = atomic_load_explicit(&bucket->extra[i], memory_order_relaxed);
    return (struct sw_digest){(uint64_t)shard << 56 | tag >> 8,
                              (tag & 0xff) | extra << 8 | (uint64_t)(word >> SW_REF_BITS) << 24};
}

/* Call the watcher before a shard is changed. */
static inline void touch(const struct sw_table *table, unsigned shard)
{
    if (__builtin_expect(table->watch != NULL, 0))
        table->watch->before(table->watch->arg, shard);
}

/* ---- rebuilding ---- */

/* Put each key of a block into a filter and, unless NULL, another block. */
static void copy_live(const struct sw_block *from, unsigned shard, struct sw_block *to,
                      sw_filter filter)
{
    for (uint32_t b = 0; b < from->buckets; b++) {
        const struct sw_bucket *bucket = &from->bucket[b];
        for (unsigned i = 0; i < bucket->used; i++) {
            uint32_t word = atomic_load_explicit(&bucket->word[i], memory_order_relaxed);
            if ((word & SW_REF_MASK) == SW_REF_REMOVED)
                continue;
            struct sw_digest digest = slot_digest(bucket, i, shard, word);
            sw_filter_add(filter, digest.a);
            if (to)
                slot_put(to, digest, word & SW_REF_MASK);
        }
    }
}

/* Replace a shard's block by a block of `pages` pages with the live keys. */
static enum sw_status shard_rebuild(struct sw_table *table, unsigned shard, uint32_t pages)
{
    struct sw_block *old = block_of(table, shard);
    struct sw_filter_slice slice;
    touch(table, shard);
    struct sw_block *block = block_new(table, pages);
    if (!block)
        return SW_ENOMEM;
    if (sw_filter_new(&table->filters, block->limit, &slice) != SW_OK) {
        block_free(table, block, (size_t)pages * SW_PAGE);
        return SW_ENOMEM;
    }
    if (old)
        copy_live(old, shard, block, slice.filter);
    table->use[shard].used = table->use[shard].live;
    table->retire->limit = (4u << 20) + sw_table_bytes(table) / 32;
    shard_publish(table, shard, block, slice);
    return SW_OK;
}

/* While shards have filters in different mappings, each change moves another shard's filter to the
 * new mapping. So no change has to move all, and the former mapping is free after 256 changes. */
static void move_one_filter(struct sw_table *table)
{
    unsigned shard = table->next_move++ % SW_SHARDS;
    const struct sw_block *block = block_of(table, shard);
    struct sw_filter_slice slice;
    if (!block || table->use[shard].slice.arena == table->filters.current ||
        sw_filter_new(&table->filters, block->limit, &slice) != SW_OK)
        return;
    touch(table, shard);
    copy_live(block, shard, NULL, slice.filter);
    filter_publish(table, shard, slice);
}

/* The bucket of a key's slot, removed or not; NULL for a key without slot. */
static struct sw_bucket *slot_of(struct sw_table *table, struct sw_digest digest, unsigned *slot,
                                 uint32_t *word)
{
    sw_block_ref ref = sw_table_block(table, digest.a);
    struct sw_block *block = sw_block_at(ref);
    const struct sw_bucket *found = ref == 0 ? NULL : block_find(ref, digest, slot, word);
    return !found ? NULL : &block->bucket[found - block->bucket];
}

enum sw_status sw_table_put(struct sw_table *table, struct sw_digest digest, uint32_t ref)
{
    unsigned shard = (unsigned)(digest.a >> 56), slot;
    uint32_t word;
    struct sw_shard_use *use = &table->use[shard];
    touch(table, shard);
    if (table->filters.arenas > 1)
        move_one_filter(table);
    struct sw_bucket *bucket = slot_of(table, digest, &slot, &word);
    if (bucket) {
        use->live += (word & SW_REF_MASK) == SW_REF_REMOVED;
        atomic_store_explicit(&bucket->word[slot], word_of(digest, ref), memory_order_release);
        sw_filter_add(use->slice.filter, digest.a); /* maybe rebuilt since the removal */
        return SW_OK;
    }
    struct sw_block *block = block_of(table, shard);
    if (!block || use->used >= block->limit) {
        enum sw_status status = shard_rebuild(table, shard, pages_to_grow(use->live));
        if (status != SW_OK)
            return status;
        block = block_of(table, shard);
    }
    slot_put(block, digest, ref);
    sw_filter_add(use->slice.filter, digest.a);
    use->used++;
    use->live++;
    return SW_OK;
}

/* Rebuild a shard in the size needed now. Out of memory: the shard stays unchanged. */
static void shard_trim(struct sw_table *table, unsigned shard)
{
    uint32_t live = table->use[shard].live;
    touch(table, shard);
    if (live > 0) {
        (void)shard_rebuild(table, shard, pages_to_grow(live));
        return;
    }
    table->use[shard].used = 0;
    shard_publish(table, shard, NULL, (struct sw_filter_slice){0});
}

static uint32_t removed_in(const struct sw_table *table, unsigned shard)
{
    return table->use[shard].used - table->use[shard].live;
}

void sw_table_remove(struct sw_table *table, struct sw_digest digest)
{
    unsigned shard = (unsigned)(digest.a >> 56), slot;
    uint32_t word;
    struct sw_bucket *bucket = slot_of(table, digest, &slot, &word);
    if (!bucket || (word & SW_REF_MASK) == SW_REF_REMOVED)
        return;
    touch(table, shard);
    atomic_store_explicit(&bucket->word[slot], word_of(digest, SW_REF_REMOVED),
                          memory_order_release);
    table->use[shard].live--;
    if (removed_in(table, shard) > block_of(table, shard)->limit / 8 + 32)
        shard_trim(table, shard);
}

/* ---- all shards ---- */

static void bucket_map(struct sw_bucket *bucket, struct sw_shard_use *use, const uint32_t *to,
                       uint32_t *moved)
{
    for (unsigned i = 0; i < bucket->used; i++) {
        uint32_t word = atomic_load_explicit(&bucket->word[i], memory_order_relaxed);
        uint32_t ref = word & SW_REF_MASK;
        if (ref == SW_REF_REMOVED || to[ref] == ref)
            continue;
        uint32_t next = to[ref] == 0 ? SW_REF_REMOVED : to[ref];
        atomic_store_explicit(&bucket->word[i], (word & ~SW_REF_MASK) | next, memory_order_release);
        moved[ref]++;
        use->live -= to[ref] == 0;
    }
}

void sw_table_map(struct sw_table *table, const uint32_t *to, uint32_t *moved)
{
    for (unsigned s = 0; s < SW_SHARDS; s++) {
        struct sw_block *block = block_of(table, s);
        if (!block)
            continue;
        touch(table, s);
        for (uint32_t b = 0; b < block->buckets; b++)
            bucket_map(&block->bucket[b], &table->use[s], to, moved);
        if (removed_in(table, s) > block->limit / 8)
            shard_trim(table, s);
    }
}

size_t sw_table_keys(const struct sw_table *table)
{
    size_t n = 0;
    for (unsigned s = 0; s < SW_SHARDS; s++)
        n += table->use[s].live;
    return n;
}

enum sw_status sw_table_reserve(struct sw_table *table, size_t n)
{
    if (n / SW_SHARDS > UINT32_MAX / 4)
        return SW_ENOMEM;
    uint32_t each = (uint32_t)(n / SW_SHARDS) + 1, spread = 1;
    while ((uint64_t)spread * spread < each)
        spread++;
    uint32_t pages = pages_for(each + spread); /* shards differ by about the square root */
    for (unsigned s = 0; s < SW_SHARDS; s++) {
        const struct sw_block *block = block_of(table, s);
        if (block && block->pages >= pages)
            continue;
        enum sw_status status = shard_rebuild(table, s, pages);
        if (status != SW_OK)
            return status;
    }
    return SW_OK;
}

/* Check a bucket of a block from a file; false: slot_put() never makes such a bucket. */
static bool bucket_check(const struct sw_bucket *bucket, const uint8_t *known, uint32_t *users,
                         uint32_t *live)
{
    if (bucket->used > SW_BUCKET_SLOTS ||
        atomic_load_explicit(&bucket->overflow, memory_order_relaxed) > 1)
        return false;
    for (unsigned i = 0; i < SW_BUCKET_SLOTS; i++) {
        uint32_t word = atomic_load_explicit(&bucket->word[i], memory_order_relaxed);
        uint32_t ref = word & SW_REF_MASK;
        if (i >= bucket->used ? word != 0 : ref != SW_REF_REMOVED && !known[ref])
            return false;
        if (i < bucket->used && ref != SW_REF_REMOVED) {
            users[ref]++;
            (*live)++;
        }
    }
    return true;
}

bool sw_table_check(const struct sw_block *block, size_t bytes, const uint8_t *known,
                    uint32_t *users, uint32_t *used, uint32_t *live)
{
    uint64_t pages = bytes / SW_PAGE, sum = 0;
    *live = 0;
    if (bytes % SW_PAGE != 0 || pages == 0 ||
        pages > UINT32_MAX / SW_BUCKETS_PER_PAGE / SW_BUCKET_SLOTS || block->pages != pages ||
        block->buckets != pages * SW_BUCKETS_PER_PAGE - 1 ||
        block->limit != slots_limit((uint32_t)pages))
        return false;
    for (uint32_t b = 0; b < block->buckets; b++) {
        if (!bucket_check(&block->bucket[b], known, users, live))
            return false;
        sum += block->bucket[b].used;
    }
    *used = (uint32_t)sum;
    return sum <= block->limit;
}

enum sw_status sw_table_adopt(struct sw_table *table, unsigned shard, struct sw_block *block,
                              unsigned class, const void *filter, uint32_t used, uint32_t live)
{
    struct sw_filter_slice slice;
    if (sw_filter_restore(&table->filters, class, filter, &slice) != SW_OK)
        return SW_ENOMEM;
    if (!filter)
        copy_live(block, shard, NULL, slice.filter);
    table->use[shard] = (struct sw_shard_use){.used = used, .live = live};
    atomic_fetch_add_explicit(&table->bytes, (size_t)block->pages * SW_PAGE, memory_order_relaxed);
    shard_publish(table, shard, block, slice);
    table->retire->limit = (4u << 20) + sw_table_bytes(table) / 32;
    return SW_OK;
}

void sw_table_tidy(struct sw_table *table)
{
    uint32_t most = 0;
    for (unsigned s = 0; s < SW_SHARDS; s++)
        most = table->use[s].live > most ? table->use[s].live : most;
    sw_filters_shrink(&table->filters, slots_limit(pages_to_grow(most)));
    for (unsigned s = 0; s < SW_SHARDS; s++) {
        const struct sw_block *block = block_of(table, s);
        if (!block)
            continue;
        uint32_t live = table->use[s].live;
        if (live == 0 || pages_to_grow(live) < block->pages ||
            table->use[s].slice.arena != table->filters.current ||
            removed_in(table, s) > block->limit / 16)
            shard_trim(table, s);
    }
}
