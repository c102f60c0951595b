#include "journal/map.h"

#include "base/clock.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

void sw_map_secret(uint64_t *secret, size_t n)
{
    if (getrandom(secret, n * sizeof(*secret), GRND_NONBLOCK) == (ssize_t)(n * sizeof(*secret)))
        return;
    for (size_t i = 0; i < n; i++) { /* very early after the machine's start */
        secret[i] = (uint64_t)sw_clock_wall_us() * (2 * i + UINT64_C(0x9e3779b97f4a7c15)) ^
                    (uint64_t)(uintptr_t)secret;
    }
}

enum sw_status sw_map_init(struct sw_map *map, size_t expected)
{
    size_t n = 64;
    while (n < expected)
        n *= 2;
    memset(map, 0, sizeof(*map));
    map->buckets = calloc(n, sizeof(struct sw_node *));
    if (!map->buckets)
        return SW_ENOMEM;
    map->mask = n - 1;
    sw_map_secret(map->secret, 2);
    return SW_OK;
}

void sw_map_free(struct sw_map *map)
{
    free(map->buckets);
    memset(map, 0, sizeof(*map));
}

/* Both halves of a 128-bit product, folded: every input bit reaches every output bit. */
static uint64_t fold(uint64_t a, uint64_t b)
{
    __uint128_t product = (__uint128_t)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t map_hash(const struct sw_map *map, const void *key, size_t key_len)
{
    const uint8_t *octets = key;
    uint64_t hash = map->secret[0] ^ key_len;
    for (size_t at = 0; at < key_len; at += 8) {
        uint64_t word = 0;
        memcpy(&word, octets + at, key_len - at < 8 ? key_len - at : 8);
        hash = fold(hash ^ word ^ UINT64_C(0x9e3779b97f4a7c15), map->secret[1] | 1);
    }
    return fold(hash ^ map->secret[1], UINT64_C(0xd6e8feb86659fd93));
}

struct sw_node **sw_map_place(const struct sw_map *map, uint64_t hash)
{
    struct sw_node **place = &map->buckets[hash & map->mask];
    __builtin_prefetch(place);
    return place;
}

void sw_map_fetch(struct sw_node **place)
{
    const uint8_t *node = (const uint8_t *)*place;
    if (node) {
        __builtin_prefetch(node);
        __builtin_prefetch(node + 64); /* the surrounding entry continues at this address */
    }
}

struct sw_node *sw_map_find(const struct sw_map *map, const void *key, size_t key_len)
{
    return sw_map_find_hashed(map, map_hash(map, key, key_len), key, key_len);
}

struct sw_node *sw_map_find_hashed(const struct sw_map *map, uint64_t hash, const void *key,
                                   size_t key_len)
{
    struct sw_node *node = map->buckets[hash & map->mask];
    while (node && (node->hash != hash || node->key_len != key_len ||
                    memcmp(node->key, key, key_len) != 0)) {
        node = node->chain;
    }
    return node;
}

/* Put at the new end of the order list. */
static void link_newest(struct sw_map *map, struct sw_node *node)
{
    node->newer = NULL;
    node->older = map->newest;
    if (map->newest)
        map->newest->newer = node;
    else
        map->oldest = node;
    map->newest = node;
}

/* Take out of the order list. */
static void unlink_order(struct sw_map *map, struct sw_node *node)
{
    if (node->older)
        node->older->newer = node->newer;
    else
        map->oldest = node->newer;
    if (node->newer)
        node->newer->older = node->older;
    else
        map->newest = node->older;
}

void sw_map_insert(struct sw_map *map, struct sw_node *node, const void *key, size_t key_len)
{
    sw_map_insert_hashed(map, node, map_hash(map, key, key_len), key, key_len);
}

void sw_map_insert_hashed(struct sw_map *map, struct sw_node *node, uint64_t hash, const void *key,
                          size_t key_len)
{
    node->hash = hash;
    node->key = key;
    node->key_len = key_len;
    struct sw_node **bucket = &map->buckets[node->hash & map->mask];
    node->chain = *bucket;
    *bucket = node;
    link_newest(map, node);
    map->n++;
}

void sw_map_remove(struct sw_map *map, struct sw_node *node)
{
    struct sw_node **at = &map->buckets[node->hash & map->mask];
    while (*at != node) {
        assert(*at);
        at = &(*at)->chain;
    }
    *at = node->chain;
    unlink_order(map, node);
    map->n--;
}

void sw_map_touch(struct sw_map *map, struct sw_node *node)
{
    if (map->newest != node) {
        unlink_order(map, node);
        link_newest(map, node);
    }
}
