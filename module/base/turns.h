/*
 * turns.h - when workers can no longer store what they judged by former lists.
 *
 * A worker judges in an RCU read section, but Unbound stores what was judged clean after the section,
 * in the same run of the worker through its modules. RCU alone would not wait for that. So each
 * worker has a turn: busy from a hook after which something may be stored, quiet from one after which
 * nothing is. Whatever was stored because of a hook is over when the same worker enters another.
 *     worker                                  feeder, sweeper
 *     sw_turns_busy(t, n, ..)                 change the lists
 *     rcu enter, number, judge, rcu leave     sw_turns_raise(t)      the number says so
 *     .. Unbound stores ..                    rcu synchronize        judging is over
 *     sw_turns_quiet(t, n, ..)                sw_turns_wait(t)       storing is over
 *                                             sweep
 *                                             sw_turns_settled(t, g) sw_turns_at_rest() from here on
 * A query that is judged in several runs notes the number; when it is another one at the next
 * hook, everything that is known of the answer is judged again.
 *
 * Threads      busy, quiet: worker n only; raise: feeder; wait, settled: sweeper; the rest: any
 * Memory       a cache line for each worker
 * Reliability  a worker that shows no end of its turn for SW_TURNS_PATIENCE_US is taken for quiet
 */
#ifndef SW_BASE_TURNS_H
#define SW_BASE_TURNS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A turn ends with its query's next hook, microseconds later. Where a query waits for another one
 * that is under way already there is no hook until that has its answer. */
#define SW_TURNS_PATIENCE_US INT64_C(1000000)

struct sw_turn {
    _Alignas(64) _Atomic uint64_t count; /* odd: busy; written by its worker alone */
    uint64_t given_up;                   /* a busy count that was waited for in vain; sweeper's */
};

struct sw_turns {
    _Alignas(64) _Atomic uint64_t number; /* of the lists; raised when they change */
    _Atomic uint64_t settled;             /* the number whose sweep is over */
    struct sw_turn *turn;
    size_t n;
};

/** All workers quiet, at rest. False: no memory. */
bool sw_turns_init(struct sw_turns *turns, size_t workers);
void sw_turns_free(struct sw_turns *turns);

/**
 * The worker enters a hook after which something may be stored. Before it reads the lists: a read
 * section that does not see a change has begun before the grace period that follows the change ends,
 * so whoever waits for that sees this store.
 *
 * alone  no other query of this worker waits to be run that was judged in an earlier hook; else what
 *        that one stores is still to come, and the turn goes on
 */
static inline void sw_turns_busy(struct sw_turns *turns, size_t worker, bool alone)
{
    if (worker >= turns->n)
        return;
    _Atomic uint64_t *count = &turns->turn[worker].count;
    uint64_t now = atomic_load_explicit(count, memory_order_relaxed);
    if (alone || (now & 1) == 0)
        atomic_store_explicit(count, now + 1 + (now & 1), memory_order_release);
}

/** The worker enters a hook after which nothing is stored. */
static inline void sw_turns_quiet(struct sw_turns *turns, size_t worker, bool alone)
{
    if (worker >= turns->n || !alone)
        return;
    _Atomic uint64_t *count = &turns->turn[worker].count;
    uint64_t now = atomic_load_explicit(count, memory_order_relaxed);
    atomic_store_explicit(count, now + 1 + (~now & 1), memory_order_release);
}

/** The lists' number. In the read section in which they are looked at, and before. */
static inline uint64_t sw_turns_number(const struct sw_turns *turns)
{
    return atomic_load_explicit(&turns->number, memory_order_acquire);
}

/** Whether lists of this number have been swept for: what caches hold is clean by them. */
static inline bool sw_turns_at_rest(const struct sw_turns *turns, uint64_t number)
{
    return atomic_load_explicit(&turns->settled, memory_order_acquire) == number;
}

/** The lists hold a change from now on. */
void sw_turns_raise(struct sw_turns *turns);

/**
 * After sw_rcu_synchronize(): wait until no worker can store anything that was judged by lists from before
 * it, or that was taken out of a cache where such a thing was stored meanwhile. Microseconds when
 * workers are quiet. Returns the number to call settled when caches have been swept; gives up, with
 * 0, when *stop becomes true.
 */
uint64_t sw_turns_wait(struct sw_turns *turns, const atomic_bool *stop);

/** Caches are clean by the lists of this number; 0 is ignored. */
void sw_turns_settled(struct sw_turns *turns, uint64_t number);

#endif
