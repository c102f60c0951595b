/*
 * turns.h - quiescent states of workers: from when on no worker stores an answer that was judged by
 * former lists (D-052).
 *
 * A worker judges an answer in an RCU read section. Unbound stores a clean answer after that
 * section, in the same run of the worker through the modules. So an RCU grace period covers the
 * judging, but not the storing. For the storing each worker has a *turn*: the time from a hook
 * after which Unbound may store (busy) to the worker's next hook. By then, everything that Unbound
 * stores because of the first hook has been stored. A hook after which Unbound stores nothing
 * leaves the worker quiet: a quiescent state.
 *
 * Each change of the lists begins a new epoch (`number`), and so does the end of the first round of
 * waiting in sw_turns_wait(). A change, step by step:
 *     worker n                                feeder, sweeper
 *     sw_turns_busy(t, n, ..)                 change the lists
 *     rcu enter, epoch, judge, rcu leave      sw_turns_raise(t)      a new epoch
 *     .. Unbound stores ..                    sw_rcu_synchronize()   judging has ended
 *     sw_turns_quiet(t, n, ..)                sw_turns_wait(t)       storing has ended
 *                                             sweep the caches
 *                                             sw_turns_swept(t, g) from now on sw_turns_at_rest()
 * A query that is judged in several runs of the worker keeps the epoch of the latest judgement.
 * If the epoch differs at the next hook, the whole answer is judged again.
 *
 * Threads      busy, quiet: worker n only; raise: feeder; wait, swept: sweeper; the rest: any
 * Memory       a cache line for each worker
 * Reliability  a wait for a turn ends after SW_TURNS_PATIENCE_US: the worker then counts as quiet
 * Decision     D-014
 */
#ifndef SW_BASE_TURNS_H
#define SW_BASE_TURNS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A turn ends with the next hook, usually microseconds later. A query that joins the resolution of
 * an identical query has no hook until that resolution has an answer, which can take seconds. */
#define SW_TURNS_PATIENCE_US INT64_C(1000000)

struct sw_turn {
    _Alignas(64) _Atomic uint64_t count; /* odd: busy; written by the worker alone */
    uint64_t given_up; /* the count of a turn that was too long to wait for; sweeper only */
};

struct sw_turns {
    _Alignas(64) _Atomic uint64_t number; /* epoch of the lists, raised by each change */
    _Atomic uint64_t swept;               /* epoch of the last completed sweep */
    struct sw_turn *turn;
    size_t n;
};

/** Begin with all workers quiet and caches at rest. False: no memory. */
bool sw_turns_init(struct sw_turns *turns, size_t workers);
void sw_turns_free(struct sw_turns *turns);

/**
 * Call when the worker enters a hook after which Unbound may store, before reading the lists. Then
 * sw_turns_wait() cannot overlook the turn: a read section that does not see a change has begun
 * before the grace period after the change ends, so the busy count is visible after that period.
 *
 * alone  false if another query of this worker was judged in an earlier hook and still waits to be
 *        run: the answer of that query is stored later, so the turn continues
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

/** Call when the worker enters a hook after which Unbound stores nothing. alone as above. */
static inline void sw_turns_quiet(struct sw_turns *turns, size_t worker, bool alone)
{
    if (worker >= turns->n || !alone)
        return;
    _Atomic uint64_t *count = &turns->turn[worker].count;
    uint64_t now = atomic_load_explicit(count, memory_order_relaxed);
    atomic_store_explicit(count, now + 1 + (~now & 1), memory_order_release);
}

/** The epoch of the lists. Read in the same read section as the lists, and before the lists. */
static inline uint64_t sw_turns_epoch(const struct sw_turns *turns)
{
    return atomic_load_explicit(&turns->number, memory_order_acquire);
}

/** Whether the sweep for this epoch is complete: every cached answer agrees with the lists. */
static inline bool sw_turns_at_rest(const struct sw_turns *turns, uint64_t number)
{
    return atomic_load_explicit(&turns->swept, memory_order_acquire) == number;
}

/** How many turns workers have begun: judgements of answers that Unbound may store. Any thread; the
 * sum of numbers that grow meanwhile. */
static inline uint64_t sw_turns_count(const struct sw_turns *turns)
{
    uint64_t n = 0;
    for (size_t i = 0; i < turns->n; i++)
        n += (atomic_load_explicit(&turns->turn[i].count, memory_order_relaxed) + 1) / 2;
    return n;
}

/** Begin a new epoch, after a change of the lists was published. */
void sw_turns_raise(struct sw_turns *turns);

/**
 * Call after sw_rcu_synchronize(): wait until no worker can store an answer that was judged by the
 * former lists, or an answer built from a cached answer of that kind. Takes microseconds when
 * workers are quiet.
 *
 * Returns the epoch to pass to sw_turns_swept() after the sweep; 0 when *stop became true.
 */
uint64_t sw_turns_wait(struct sw_turns *turns, const atomic_bool *stop);

/** Declare the sweep for this epoch complete; 0 is ignored. */
void sw_turns_swept(struct sw_turns *turns, uint64_t number);

#endif
