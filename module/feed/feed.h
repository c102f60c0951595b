/*
 * feed.h - everything that comes in: lists from Redis, MMDB files; two threads.
 *
 * The feeder's life: connect -> note the last id of {prefix}:changes -> load every list whole
 * (staged, swapped) -> have the host's caches swept -> report "applied" -> follow the stream from
 * the noted id. Each batch of changes is applied to the index; the names in it are evicted at once;
 * the sweeper, a thread of its own, walks the caches for the rest; then it is reported. On any failure it keeps the last good lists, says so, and tries
 * again with a growing, jittered pause. Between batches it looks after MMDB files, reconciles
 * list sizes with Redis (HLEN), and refreshes {prefix}:resolver:<id>.
 *
 * Threads      feeder: the only writer of the index; sweeper: only walks the host's caches
 * Reliability  bad items are refused one at a time, counted by reason, kept for status
 * Interface    module/REDIS.md
 */
#ifndef SW_FEED_FEED_H
#define SW_FEED_FEED_H

#include "base/counters.h"
#include "base/settings.h"
#include "base/status.h"
#include "index/index.h"
#include "owner/owner.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * What was added by changes, for the cache sweep. The index already holds it and every reader that
 * does not see it has left its RCU section (but for the first of two calls of evict, the feeder's).
 */
struct sw_changeset {
    const struct sw_indicator *added; /* indicators added one by one, of lists that act */
    size_t added_n;
    bool
        everything; /* a list was loaded or replaced, its kind or triggers changed: sweep for all */
    size_t new_n;   /* so many of added, the last ones, were not looked for in the part before */
    bool all_is_new;   /* everything was not either */
    bool periodic;     /* for no change: what came in past the lists; all is to be looked at */
    bool low_priority; /* without haste */
    const atomic_bool *stop; /* becomes true: give up at the next chance */
};

#define SW_FEED_PARTS       8  /* of the caches, about equally large */
#define SW_FEED_TRACKED_MAX 64 /* addresses in one call of sw_feed_host.tracked */

struct sw_feed_host { /* what feeder and sweeper ask of their surroundings; any may be NULL */
    void *arg;
    /* Feeder: the index holds something that cached answers may contradict. Before evict. */
    void (*changed)(void *arg);
    /* Sweeper, when all readers see a change, before evict and sweep: wait until nothing is stored any
     * more that was judged without it. Gives a number for settled, 0 when *stop became true. */
    uint64_t (*settle)(void *arg, const atomic_bool *stop);
    /* Sweeper: what settle gave this number for has been swept for. Later ones come later. */
    void (*settled)(void *arg, uint64_t number);
    /* Feeder, and sweeper once all readers see the change: make what is cached for the added names
     * themselves, and for aliases to them, unusable, in constant time for each. */
    void (*evict)(void *arg, const struct sw_changeset *changes);
    /* Sweeper: make every cached answer in this part of the caches (0 to SW_FEED_PARTS - 1, which are
     * all) unusable that contradicts the index; returns when done. An answer never changes from one
     * part to another. */
    void (*sweep)(void *arg, const struct sw_changeset *changes, size_t part);
    /* Sweeper: these addresses are tracked from now on: report names that are in the cache with one.
     * Not called for those that {prefix}:tracked holds already when all lists are loaded. */
    void (*tracked)(void *arg, const struct sw_addr *addrs, size_t n);
    /* Feeder: a walled garden that could not be resolved since the last call. False: there is none. */
    bool (*garden)(void *arg, struct sw_name *name);
    int64_t (*wall_us)(void *arg); /* the wall clock, for tests; NULL: the real one */
    const char *version;           /* of Sinkwatch and of the host, for status; NULL is "" */
    const char *host_version;
};

struct sw_feed;

/** Copies nothing: settings, index, owners, counters must outlive it. NULL: no memory. */
struct sw_feed *sw_feed_new(const struct sw_settings *settings, struct sw_index *index,
                            struct sw_owners *owners, struct sw_counters *counters,
                            const struct sw_feed_host *host);

/** Start the threads. Never fails because Redis or a file is away. SW_ENOMEM only. */
enum sw_status sw_feed_start(struct sw_feed *feed);

/** Stop and join, within about a second whatever Redis does; NULL or never started is fine. Where
 * Redis answers, this resolver is taken off {prefix}:resolvers, so that nobody waits for it. Not to
 * be started again. */
void sw_feed_stop(struct sw_feed *feed);
void sw_feed_free(struct sw_feed *feed);

/**
 * Ask the feeder to track an address (from the recorder's thread; outside RCU sections). It is
 * tracked within about 0.1 s, Redis or not. Duplicate requests, prefixes, and what the queue has
 * no room for are ignored; with tracked-addresses-max reached, the address tracked longest goes.
 */
void sw_feed_track(struct sw_feed *feed, const struct sw_addr *addr);

/** Whether an address is tracked. Any thread, inside an RCU section, wait-free, fast "no" when
 * nothing is tracked. */
bool sw_feed_is_tracked(const struct sw_feed *feed, const struct sw_addr *addr);

#endif
