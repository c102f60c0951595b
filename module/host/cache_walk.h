/*
 * cache_walk.h - a walk through one of Unbound's caches, a few bins at a time.
 *
 * The walk shows each entry to a function of the caller, under the lock of the entry's bin. The
 * function copies the keys of the entries that it picks. After each round, with no lock held, the
 * walk hands the picked keys to a second function, which removes or reports the entries. The walk
 * pauses between bursts and holds no bin meanwhile.
 *
 * Threads      the sweeper; workers use the cache meanwhile
 * Memory       the caller's: a walk holds the keys of one round
 * Source       D-018, D-059, D-064
 */
#ifndef SW_HOST_CACHE_WALK_H
#define SW_HOST_CACHE_WALK_H

#include "base/name.h"
#include "flow/ub.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

/* Keys that a round, of up to 32 bins, can pick. When there is no more room, the bin is shown again
 * in the next round. */
#define SW_PICKED_MAX 64

/* The key of a cached entry. */
struct sw_picked {
    hashvalue_type hash;   /* messages only */
    struct sw_name name;   /* as cached, letter case kept */
    uint16_t type, dclass; /* network order for RRsets, host order for messages */
    uint32_t flags;        /* RRsets only */
    uint64_t addrs;        /* look-up of addresses: bit i for address i */
    time_t stored, until;  /* look-up of addresses: time of storing, and end of validity */
};

struct sw_cache_walk {
    /* set by the caller */
    bool (*pick)(void *arg, struct lruhash_entry *entry, struct sw_picked *out);
    void (*take)(void *arg, const struct sw_picked *picked);
    void *arg;
    bool messages;           /* the message cache; false: the RRset cache */
    bool aliases_only;       /* of the RRset cache: addresses are of no interest */
    bool unlocked;           /* pick() needs no RCU read section */
    bool keeps;              /* picked entries stay cached, so no bin is shown twice */
    bool low_priority;       /* longer pauses */
    const atomic_bool *stop; /* becomes true: the walk ends early. NULL: never */
    /* the walk's own, all zero at first */
    struct lruhash_bin *bins; /* bins of the current table; valid while a bin is locked */
    struct lruhash_bin *held; /* NULL: none */
    size_t bins_n;            /* number of bins in the current table */
    size_t picked_n;
    struct sw_picked picked[SW_PICKED_MAX];
};

/** Walk part `part` of n parts of a cache, as equal in size as whole slabs allow. */
void sw_cache_walk(struct sw_cache_walk *walk, struct slabhash *cache, size_t part, size_t n);

/** Whether RRsets of this type (host order) can contain an alias or address that the walk is
 * about. */
bool sw_cache_walk_wants(const struct sw_cache_walk *walk, uint16_t type);

/** Copy the key of a message, while the bin is locked. False: the name is no name. */
bool sw_picked_message(const struct lruhash_entry *entry, struct sw_picked *out);

/** Copy the key of an RRset, under the lock of the entry, which protects the key's data. False: the
 * name is no name. */
bool sw_picked_rrset(const struct ub_packed_rrset_key *key, struct sw_picked *out);

#endif
