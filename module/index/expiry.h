/*
 * expiry.h - the expiry times of indicators; indicators that never expire are not in here.
 *
 * The writer sets, changes or cancels the time of a key, which is a (digest, rule), and asks for
 * the item that expires first. A heap orders the items by time; a hash table finds an item by the
 * key. An indicator without expiry time costs no memory, only a check whether the list has any
 * indicator with an expiry time.
 *
 * Threads      the writer; bytes: any
 * Memory       an item of 24 octets, 4 in the heap, 4 to 8 in the hash table; arrays grow by half
 * Source       binary heap: Williams 1964
 * Decision     D-031
 */
#ifndef SW_INDEX_EXPIRY_H
#define SW_INDEX_EXPIRY_H

#include "base/status.h"
#include "index/hash.h"
#include "index/index.h"
#include "index/ruleset.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sw_expiry_item {
    uint64_t a;      /* of the digest */
    uint64_t b_rule; /* b in the lower 32 bits, the rule above */
    uint32_t at;     /* seconds since 1970, not 0 */
    uint32_t place;  /* in the heap */
};
static_assert(sizeof(struct sw_expiry_item) == 24, "no holes");

struct sw_expiry { /* all zero: empty */
    struct sw_expiry_item *item;
    uint32_t *heap; /* numbers of items; a parent expires no later than the children */
    uint32_t *slot; /* number of an item + 1, 0 = empty; open addressing, at most 2/3 full */
    uint32_t n, capacity, slots;
    uint32_t of_list[SW_LISTS_MAX]; /* items of each list */
    _Atomic size_t bytes;
};

/** Digest of an item. */
static inline struct sw_digest sw_expiry_digest(const struct sw_expiry_item *item)
{
    return (struct sw_digest){item->a, item->b_rule & ((UINT64_C(1) << SW_DIGEST_B_BITS) - 1)};
}

/** Rule of an item. */
static inline sw_rule sw_expiry_rule(const struct sw_expiry_item *item)
{
    return (sw_rule)(item->b_rule >> SW_DIGEST_B_BITS);
}

/** Set or change the time of a key (not 0). SW_OK; SW_ENOMEM: nothing has changed. */
enum sw_status sw_expiry_set(struct sw_expiry *expiry, struct sw_digest digest, sw_rule rule,
                             uint32_t at);

/** The time of a key; 0: the key never expires. */
uint32_t sw_expiry_get(const struct sw_expiry *expiry, struct sw_digest digest, sw_rule rule);

/** Remove a key, if present. */
void sw_expiry_cancel(struct sw_expiry *expiry, struct sw_digest digest, sw_rule rule);

/** Remove all keys of a list. Walks all items, unless the list has none. */
void sw_expiry_forget(struct sw_expiry *expiry, sw_list_id list);

/** The item that expires first, borrowed until the next change; NULL without items. */
const struct sw_expiry_item *sw_expiry_first(const struct sw_expiry *expiry);

/** Free the memory. */
void sw_expiry_free(struct sw_expiry *expiry);

#endif
