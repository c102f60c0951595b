/*
 * garden.h - reports a walled garden that could not be resolved, from a worker to the feeder, for
 * the log.
 *
 * There is room for a single name. A worker stores a name if there is none, and otherwise drops the
 * name; the feeder takes the name out.
 *
 * Threads      put: any worker, wait-free; take: the feeder
 * Atomics      state: the store of FULL pairs with the load in take, the store of EMPTY with the
 *              exchange in put
 * Decision     D-093
 */
#ifndef SW_HOST_GARDEN_H
#define SW_HOST_GARDEN_H

#include "base/name.h"

#include <stdatomic.h>
#include <stdbool.h>

enum sw_garden_state { SW_GARDEN_EMPTY, SW_GARDEN_BUSY, SW_GARDEN_FULL };

struct sw_garden {
    _Atomic unsigned state; /* enum sw_garden_state; zeroed memory is empty */
    struct sw_name name;
};

/** Store a garden's name; no effect while another name is stored. */
static inline void sw_garden_put(struct sw_garden *garden, const struct sw_name *name)
{
    unsigned empty = SW_GARDEN_EMPTY;
    if (!atomic_compare_exchange_strong_explicit(&garden->state, &empty, SW_GARDEN_BUSY,
                                                 memory_order_acquire, memory_order_relaxed))
        return;
    garden->name = *name;
    atomic_store_explicit(&garden->state, SW_GARDEN_FULL, memory_order_release);
}

/** Take the name out. False: there is none. */
static inline bool sw_garden_take(struct sw_garden *garden, struct sw_name *name)
{
    if (atomic_load_explicit(&garden->state, memory_order_acquire) != SW_GARDEN_FULL)
        return false;
    *name = garden->name;
    atomic_store_explicit(&garden->state, SW_GARDEN_EMPTY, memory_order_release);
    return true;
}

#endif
