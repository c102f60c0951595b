/*
 * feed.h - all input: lists from Redis, MMDB files; two threads, the feeder and the sweeper.
 *
 * The feeder's life: connect -> note the last id of {prefix}:changes -> load every list whole
 * (staged, swapped) -> have the host's caches swept -> report "applied" -> follow the stream from
 * the noted id.
 *
 * Each batch of changes is applied to the index, and the added names are evicted from the caches at
 * once. The sweeper walks the caches for all other cached answers; then the batch is reported as
 * applied. After a failure the feeder keeps the last good lists, reports the failure, and connects
 * again after a growing, jittered pause. Between batches the feeder checks MMDB files, reconciles
 * list sizes with Redis (HLEN), and refreshes {prefix}:resolver:<id>.
 *
 * Threads      feeder: the only writer of the index; sweeper: only walks the host's caches
 * Reliability  a bad item is refused alone, counted by reason, and kept for status
 * Interface    module/REDIS.md
 */
#ifndef SW_FEED_FEED_H
#define SW_FEED_FEED_H

#include "base/counters.h"
#include "base/settings.h"
#include "base/status.h"
#include "index/index.h"
#include "index/listset.h"
#include "owner/owner.h"

#include <jansson.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * Changes to sweep the caches for. The index already holds the changes, and every reader with an
 * older view has left the RCU section. (Exception: evict is called twice; at the feeder's call, the
 * first, readers with an older view may still run.)
 */
struct sw_changeset {
    /* Single indicators: added to a list that acts, or removed from a shielding list (lists.h). */
    const struct sw_indicator *added;
    size_t added_n;
    /* A list was loaded, replaced or dropped, or the policy has another effect: sweep for all. */
    bool everything;
    /* The last new_n indicators of added joined before this part of the caches: earlier parts have
     * not been searched for the new indicators. */
    size_t new_n;
    bool all_is_new; /* the request to sweep for everything joined before this part */
    /* No change asked for this sweep: every cached answer is compared with the lists, since some
     * may have been cached without a judgement. */
    bool periodic;
    bool low_priority;       /* the walk makes longer pauses */
    const atomic_bool *stop; /* becomes true: return at the next chance */
};

/* Indicators that have come in force, for a look into the past. */
struct sw_in_force {
    const struct sw_indicator *added; /* single indicators */
    size_t added_n;
    /* Lists that were loaded, replaced or given another policy, except by the first load. */
    const struct sw_list_set *lists;
    uint64_t at_ms, at_seq; /* the stream id up to which all changes are in force; 0-0: no stream */
};

#define SW_FEED_ANSWER_ID 44 /* room for a stream id */

/* The answer of this resolver to an inquiry to the memory (host/answering.h). */
struct sw_feed_answer {
    char id[SW_FEED_ANSWER_ID]; /* of the entry with the inquiry */
    char *text;
    size_t len;
};

#define SW_FEED_PARTS       8  /* parts of the caches, of about equal size */
#define SW_FEED_TRACKED_MAX 64 /* addresses in one call of sw_feed_host.tracked */

struct sw_feed_host { /* the host's functions for feeder and sweeper; any may be NULL */
    void *arg;
    /* Feeder, before evict: the index changed, and cached answers may contradict the index. */
    void (*changed)(void *arg);
    /* Sweeper, when all readers see a change, before evict and sweep: wait until no worker can
     * store an answer any more that was judged without the change. Returns the epoch of the
     * lists for swept, 0 when *stop became true. */
    uint64_t (*wait_stored)(void *arg, const atomic_bool *stop);
    /* Sweeper: the sweep for the lists of this epoch is over. Epochs ascend. */
    void (*swept)(void *arg, uint64_t epoch);
    /* Feeder, and again sweeper once all readers see the change: make the cached answers for the
     * added names, and for aliases to the added names, unusable, in constant time for each name. */
    void (*evict)(void *arg, const struct sw_changeset *changes);
    /* Sweeper: make every cached answer that contradicts the index unusable, in this part of the
     * caches; returns when done. Parts 0 to SW_FEED_PARTS - 1 are the whole caches; an answer
     * always stays in the same part. */
    void (*sweep)(void *arg, const struct sw_changeset *changes, size_t part);
    /* Sweeper: these addresses are tracked from now on: report all cached names with such an
     * address. Not called for the addresses that {prefix}:tracked holds at a full load. */
    void (*tracked)(void *arg, const struct sw_addr *addrs, size_t n);
    /* Feeder: the name of a walled garden that could not be resolved since the last call. False:
     * there is none. */
    bool (*garden)(void *arg, struct sw_name *name);
    /* Feeder, after evict, for each batch, also without a new indicator: indicators of lists of
     * kind ioc are in force; returns at once. The lists of the first load are not in now->lists. */
    void (*in_force)(void *arg, const struct sw_in_force *now);
    /* Feeder: the status field `memory`, a new reference; NULL: the resolver keeps no memory. */
    json_t *(*memory)(void *arg);
    /* Feeder: an inquiry to the memory, borrowed during the call; returns at once. NULL: none is
     * read. */
    void (*inquiry)(void *arg, const char *id, const char *text, size_t len);
    /* Feeder: the next answer to an inquiry; false: none is ready. The feeder frees out->text. */
    bool (*answer)(void *arg, struct sw_feed_answer *out);
    /* Feeder: how often workers have judged an answer that Unbound may store then. */
    uint64_t (*judged)(void *arg);
    int64_t (*wall_us)(void *arg); /* the wall clock, for tests; NULL: the real one */
    const char *version;           /* Sinkwatch's version, for status; NULL is "" */
    const char *host_version;      /* likewise the host's */
};

struct sw_feed;

/** Copies only *host: settings, index, owners and counters must outlive the feed. NULL: no
 * memory. */
struct sw_feed *sw_feed_new(const struct sw_settings *settings, struct sw_index *index,
                            struct sw_owners *owners, struct sw_counters *counters,
                            const struct sw_feed_host *host);

/** Start the threads. SW_OK, or SW_ENOMEM; an absent Redis or file is no failure. */
enum sw_status sw_feed_start(struct sw_feed *feed);

/** Stop and join, within about a second even when Redis hangs; NULL or never started is fine. When
 * Redis answers, this resolver is removed from {prefix}:resolvers, so that no command waits for the
 * resolver's report. A stopped feed cannot be started again. */
void sw_feed_stop(struct sw_feed *feed);
void sw_feed_free(struct sw_feed *feed);

/**
 * Ask the feeder to track an address (from the recorder's thread; outside RCU sections). The
 * address is tracked within about 0.1 s, with or without Redis. Duplicates, prefixes, and requests
 * beyond a full queue are ignored; with tracked-addresses-max reached, the address tracked longest
 * goes.
 */
void sw_feed_track(struct sw_feed *feed, const struct sw_addr *addr);

/** Whether an address is tracked. Any thread, inside an RCU section, wait-free, fast "no" when
 * nothing is tracked. */
bool sw_feed_is_tracked(const struct sw_feed *feed, const struct sw_addr *addr);

#endif
