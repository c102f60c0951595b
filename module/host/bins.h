/*
 * bins.h - spin locks of Unbound's tables, taken without spinning for long.
 *
 * Who holds one of them holds it for less than a microsecond, unless the kernel takes the processor away
 * meanwhile. If it was for our sake, since we woke up on the same core, then spinning lasts
 * until our slice is over, milliseconds later; and so does a worker's that wakes up while it is us who hold it. So
 * feeder and sweeper try, and sleep between tries; and what they need memory for is asked
 * for ahead, so that the lock of a whole table is held for some nanoseconds only.
 *
 * Threads      feeder, sweeper; workers take the same locks in Unbound's code
 * Source       D-059, with what it was worth
 */
#ifndef SW_HOST_BINS_H
#define SW_HOST_BINS_H

#include "flow/ub.h"

#include <stdbool.h>
#include <stddef.h>

/** Whether the lock could be had, and is had now. */
bool sw_bins_try(lock_quick_type *lock);

/**
 * Lock the bin at a position; NULL: the table has no such bin. While it is held the table's array and
 * size stay what they are. Nothing may be held, and unlocking it is the caller's.
 */
struct lruhash_bin *sw_bins_hold(struct lruhash *table, size_t at);

/** Lock the bin that a hash belongs to; likewise. */
struct lruhash_bin *sw_bins_hold_hash(struct lruhash *table, hashvalue_type hash);

/** Ask for the memory of the bin that a hash belongs to. Holds the table's lock for a moment. */
void sw_bins_ask(struct lruhash *table, hashvalue_type hash);

#endif
