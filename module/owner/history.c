/* history.c - a bounded cache of names with the addresses seen for each. See history.h. */
#include "owner/history.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define BUCKETS_MAX    (1U << 20)
#define ADDRS_AT_FIRST 2 /* most names have one or two */

struct entry {
    struct sw_name_history of; /* first: the caller's pointer is the entry's */
    struct entry *chain;       /* next in the bucket */
    struct entry *newer, *older;
};

struct sw_history {
    size_t names_max, addrs_max, n;
    size_t buckets; /* power of two */
    struct entry **bucket;
    struct entry *newest, *oldest; /* by last get() */
    uint64_t seed;                 /* so that names cannot be chosen to share a bucket */
};

struct sw_history *sw_history_new(size_t names_max, size_t addrs_max)
{
    struct sw_history *history = calloc(1, sizeof(*history));
    if (!history)
        return NULL;
    history->names_max = names_max > 0 ? names_max : 1;
    history->addrs_max = addrs_max > 0 ? addrs_max : 1;
    history->buckets = 16;
    while (history->buckets < history->names_max && history->buckets < BUCKETS_MAX)
        history->buckets *= 2;
    if (getrandom(&history->seed, sizeof(history->seed), GRND_NONBLOCK) !=
        (ssize_t)sizeof(history->seed))
        history->seed = (uint64_t)(uintptr_t)history; /* early at boot: addresses are random too */
    history->bucket = calloc(history->buckets, sizeof(struct entry *));
    if (!history->bucket) {
        free(history);
        return NULL;
    }
    return history;
}

static void entry_free(struct entry *entry)
{
    free(entry->of.addrs);
    free(entry->of.episodes);
    free(entry);
}

void sw_history_free(struct sw_history *history)
{
    if (!history)
        return;
    for (struct entry *at = history->newest, *older; at; at = older) {
        older = at->older;
        entry_free(at);
    }
    free(history->bucket);
    free(history);
}

/* ---- the cache of names ---- */

/* Bucket of a name: a seeded multiply-and-fold hash over the octets. */
static struct entry **bucket_of(const struct sw_history *history, const struct sw_name *name)
{
    uint64_t hash = history->seed ^ name->len;
    for (size_t i = 0; i < name->len; i++) {
        hash = (hash ^ name->wire[i]) * UINT64_C(0x9e3779b97f4a7c15);
        hash ^= hash >> 29;
    }
    return &history->bucket[hash & (history->buckets - 1)];
}

static bool same_name(const struct sw_name *a, const struct sw_name *b)
{
    return a->len == b->len && memcmp(a->wire, b->wire, a->len) == 0;
}

/* Take an entry out of the order of use. */
static void unlink_use(struct sw_history *history, struct entry *entry)
{
    *(entry->newer ? &entry->newer->older : &history->newest) = entry->older;
    *(entry->older ? &entry->older->newer : &history->oldest) = entry->newer;
    entry->newer = entry->older = NULL;
}

/* Put an entry at the front of the order of use. */
static void link_newest(struct sw_history *history, struct entry *entry)
{
    entry->older = history->newest;
    *(history->newest ? &history->newest->newer : &history->oldest) = entry;
    history->newest = entry;
}

/* Forget the name that was asked for longest ago. */
static void drop_oldest(struct sw_history *history)
{
    struct entry *entry = history->oldest;
    struct entry **at = bucket_of(history, &entry->of.name);
    while (*at != entry)
        at = &(*at)->chain;
    *at = entry->chain;
    unlink_use(history, entry);
    entry_free(entry);
    history->n--;
}

struct sw_name_history *sw_history_get(struct sw_history *history, const struct sw_name *name,
                                       bool *created)
{
    assert(name->len > 0);
    struct entry **bucket = bucket_of(history, name);
    for (struct entry *at = *bucket; at; at = at->chain) {
        if (!same_name(&at->of.name, name))
            continue;
        unlink_use(history, at);
        link_newest(history, at);
        *created = false;
        return &at->of;
    }
    struct entry *entry = calloc(1, sizeof(*entry));
    if (!entry)
        return NULL;
    if (history->n >= history->names_max)
        drop_oldest(history);
    entry->of.name.len = name->len;
    memcpy(entry->of.name.wire, name->wire, name->len);
    entry->chain = *bucket;
    *bucket = entry;
    link_newest(history, entry);
    history->n++;
    *created = true;
    return &entry->of;
}

/* ---- the addresses of a name ---- */

bool sw_owner_same(const struct sw_owner *a, const struct sw_owner *b)
{
    return a->asn == b->asn && strcmp(a->registrant, b->registrant) == 0 &&
           (a->prefix.family == 0 ? b->prefix.family == 0 : sw_addr_equal(&a->prefix, &b->prefix));
}

struct sw_name_addr *sw_history_find(struct sw_name_history *of, const struct sw_addr *addr,
                                     const struct sw_owner *owner)
{
    for (size_t i = 0; i < of->n; i++) {
        if (sw_addr_equal(&of->addrs[i].addr, addr) && sw_owner_same(&of->addrs[i].owner, owner))
            return &of->addrs[i];
    }
    return NULL;
}

/* A free place: a new entry, or the entry not seen for the longest time. NULL: no memory. */
static struct sw_name_addr *place_for_new(const struct sw_history *history,
                                          struct sw_name_history *of)
{
    if (of->n >= history->addrs_max) {
        struct sw_name_addr *oldest = &of->addrs[0];
        for (size_t i = 1; i < of->n; i++) {
            if (of->addrs[i].last_us < oldest->last_us)
                oldest = &of->addrs[i];
        }
        return oldest;
    }
    if (of->n == of->capacity) {
        size_t capacity = of->capacity > 0 ? of->capacity * 2 : ADDRS_AT_FIRST;
        capacity = capacity < history->addrs_max ? capacity : history->addrs_max;
        struct sw_name_addr *seen = realloc(of->addrs, capacity * sizeof(*seen));
        if (!seen)
            return NULL;
        of->addrs = seen;
        of->capacity = capacity;
    }
    return &of->addrs[of->n++];
}

struct sw_name_addr *sw_history_note(struct sw_history *history, struct sw_name_history *of,
                                     const struct sw_addr *addr, const struct sw_owner *owner,
                                     int64_t time_us, bool *is_new)
{
    assert(addr->family == 4 || addr->family == 6);
    struct sw_name_addr *seen = sw_history_find(of, addr, owner);
    bool found = seen != NULL;
    if (!found) {
        seen = place_for_new(history, of);
        if (!seen)
            return NULL;
        memset(seen, 0, sizeof(*seen));
        seen->addr = *addr;
        seen->owner = *owner;
        seen->first_us = seen->last_us = time_us;
    }
    if (time_us >= seen->last_us) { /* sights of several workers come out of order */
        seen->last_us = time_us;
        seen->owner = *owner; /* an AS may have been renamed */
    }
    if (time_us < seen->first_us)
        seen->first_us = time_us;
    seen->count++;
    seen->dirty = true;
    *is_new = !found;
    return seen;
}
