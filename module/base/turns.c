#include "base/turns.h"

#include "base/clock.h"
#include "base/rcu.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define POLL_FIRST_NS 20000L
#define POLL_LAST_NS  1000000L

bool sw_turns_init(struct sw_turns *turns, size_t workers)
{
    memset(turns, 0, sizeof(*turns));
    turns->turn = aligned_alloc(_Alignof(struct sw_turn), workers * sizeof(turns->turn[0]));
    if (!turns->turn)
        return false;
    memset(turns->turn, 0, workers * sizeof(turns->turn[0]));
    turns->n = workers;
    return true;
}

void sw_turns_free(struct sw_turns *turns)
{
    free(turns->turn);
    turns->turn = NULL;
    turns->n = 0;
}

void sw_turns_raise(struct sw_turns *turns)
{
    atomic_fetch_add_explicit(&turns->number, 1, memory_order_acq_rel);
}

void sw_turns_swept(struct sw_turns *turns, uint64_t number)
{
    if (number != 0)
        atomic_store_explicit(&turns->swept, number, memory_order_release);
}

static bool stopped(const atomic_bool *stop)
{
    return stop && atomic_load_explicit(stop, memory_order_relaxed);
}

/* Wait for the end of a worker's current turn. */
static void wait_for(struct sw_turn *turn, const atomic_bool *stop)
{
    uint64_t seen = atomic_load_explicit(&turn->count, memory_order_acquire);
    int64_t until = 0;
    struct timespec pause = {0, POLL_FIRST_NS};
    if ((seen & 1) == 0 || seen == turn->given_up)
        return;
    until = sw_clock_mono_us() + SW_TURNS_PATIENCE_US;
    while (atomic_load_explicit(&turn->count, memory_order_acquire) == seen && !stopped(stop)) {
        if (sw_clock_mono_us() > until) {
            turn->given_up = seen;
            return;
        }
        nanosleep(&pause, NULL);
        pause.tv_nsec = pause.tv_nsec * 2 < POLL_LAST_NS ? pause.tv_nsec * 2 : POLL_LAST_NS;
    }
}

static void wait_for_all(struct sw_turns *turns, const atomic_bool *stop)
{
    for (size_t i = 0; i < turns->n; i++)
        wait_for(&turns->turn[i], stop);
}

/*
 * Why two rounds of waiting: worker A may judge by the former lists and store late. Worker B may
 * have seen the change, and may still read A's answer from the cache in the same turn. After the
 * first round no worker stores by the former lists any more. After the second round no worker is
 * in a turn that began before, so no worker still uses such an answer. A query that read such an
 * answer and waits for another resolution finds a new epoch at the next hook, and is judged again.
 */
uint64_t sw_turns_wait(struct sw_turns *turns, const atomic_bool *stop)
{
    wait_for_all(turns, stop);
    uint64_t number = atomic_fetch_add_explicit(&turns->number, 1, memory_order_acq_rel) + 1;
    sw_rcu_synchronize();
    wait_for_all(turns, stop);
    return stopped(stop) ? 0 : number;
}
