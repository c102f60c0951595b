/*
 * bins.h - lock the bins of Unbound's tables without spinning for long.
 *
 * The spin lock of a bin is held for less than a microsecond, unless the kernel preempts the
 * holder. A holder that we preempted on the same core cannot release the lock until our time slice
 * ends, milliseconds later, so spinning wastes the whole slice. The same happens to a worker that
 * preempts us while we hold the lock. So feeder and sweeper try the lock and sleep between tries.
 * They also prefetch the memory that the locked section needs, so that the lock of a whole table is
 * held for some nanoseconds only.
 *
 * Threads      feeder, sweeper; workers take the same locks in Unbound's code
 * Decision     D-059
 */
#ifndef SW_HOST_BINS_H
#define SW_HOST_BINS_H

#include "flow/ub.h"

#include <stdbool.h>
#include <stddef.h>

/** Try a lock without waiting; whether the lock is now held. */
bool sw_bins_try(lock_quick_type *lock);

/** Lock the bin at a position; NULL: the table has no such bin. While the bin is locked, the
 * table's array and size do not change. The caller holds no other lock of the table, and unlocks
 * the bin. */
struct lruhash_bin *sw_bins_hold(struct lruhash *table, size_t at);

/** The same for the bin of a hash. */
struct lruhash_bin *sw_bins_hold_hash(struct lruhash *table, hashvalue_type hash);

/** Prefetch the bin of a hash. Holds the table's lock for a moment. */
void sw_bins_ask(struct lruhash *table, hashvalue_type hash);

#endif
