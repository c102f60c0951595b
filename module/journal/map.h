/*
 * map.h - a hash table of byte-string keys that keeps the order of entries.
 *
 * The recorder keeps several bounded sets: open windows, address caches, waiting history
 * updates, anomalies already raised. Each entry embeds a struct sw_node as the first member.
 * When a set is full, the owner of the set takes out the oldest entry.
 *
 *     struct thing { struct sw_node node; ... };
 *     thing = (struct thing *)sw_map_find(&map, key, key_len);
 *
 * Threads      one thread for each map
 * Memory       buckets are fixed at init; entries and keys belong to the caller
 * Security     keyed hash, secret per map: clients choose names, but not collisions
 */
#ifndef SW_JOURNAL_MAP_H
#define SW_JOURNAL_MAP_H

#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

struct sw_node {
    struct sw_node *chain;         /* next in the same bucket */
    struct sw_node *older, *newer; /* neighbours in the order of insertion or last touch */
    uint64_t hash;
    const uint8_t *key; /* lives as long as the entry */
    size_t key_len;
};

struct sw_map {
    struct sw_node **buckets;
    size_t mask;
    size_t n; /* entries */
    struct sw_node *oldest, *newest;
    uint64_t secret[2];
};

/** Room for about `expected` entries (more only get slower). SW_OK or SW_ENOMEM. */
enum sw_status sw_map_init(struct sw_map *map, size_t expected);

/** Frees the buckets. Requires: all entries were taken out. A zeroed map is fine. */
void sw_map_free(struct sw_map *map);

/** The entry with this key, or NULL. */
struct sw_node *sw_map_find(const struct sw_map *map, const void *key, size_t key_len);

/** Prefetch the bucket where sw_map_find_hashed() begins; the second function prefetches the first
 * entry. For many keys at a time, so that the waits overlap. A result stays valid. */
struct sw_node **sw_map_place(const struct sw_map *map, uint64_t hash);
void sw_map_fetch(struct sw_node **place);

/** Insert as the newest. Requires: no entry has this key. key is kept, not copied. */
void sw_map_insert(struct sw_map *map, struct sw_node *node, const void *key, size_t key_len);

/** The same two functions for keys that are keyed hashes: hash is a part of the key. A map uses the
 * same kind of look-up for all keys. */
struct sw_node *sw_map_find_hashed(const struct sw_map *map, uint64_t hash, const void *key,
                                   size_t key_len);
void sw_map_insert_hashed(struct sw_map *map, struct sw_node *node, uint64_t hash, const void *key,
                          size_t key_len);

/** Take an entry of this map out. */
void sw_map_remove(struct sw_map *map, struct sw_node *node);

/** Make an entry the newest. */
void sw_map_touch(struct sw_map *map, struct sw_node *node);

/** Fill in n numbers that nobody outside can know, for a keyed hash. */
void sw_map_secret(uint64_t *secret, size_t n);

#endif
