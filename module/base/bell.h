/*
 * bell.h - wakes the one thread that sleeps for a while, before its time.
 *
 * The collector polls rings, so that workers need no system call for an event. Between two looks it
 * may sleep long only if a ring that fills faster than was thought can wake it. So it sleeps at a
 * bell, and the ring's producer rings it once the ring is filled to some part:
 *
 *     collector                              worker
 *     sw_bell_sleep(bell, 100 ms)            put; the ring is a 16th full: sw_bell_ring(bell)
 *
 * Ringing is one look at a flag, and one write to an eventfd if somebody sleeps. A ring just before
 * the other falls asleep can be missed: whoever rings does so again as the ring goes on to fill, and when
 * it is full for each record that it refuses; and no sleep is without end.
 *
 * Threads      sw_bell_sleep(): one; the others: any, wait-free
 * Memory       none but a file descriptor
 * Reliability  without a descriptor to be had sleeping works, ringing does nothing
 */
#ifndef SW_BASE_BELL_H
#define SW_BASE_BELL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct sw_bell {
    int fd;             /* -1: none */
    atomic_bool asleep; /* set by the sleeper, cleared by whoever rings: one write for each sleep */
};

/** False: nobody can be woken. Free it in any case. */
bool sw_bell_init(struct sw_bell *bell);
void sw_bell_free(struct sw_bell *bell);

/** Sleep for at most us microseconds, or until the bell is rung. */
void sw_bell_sleep(struct sw_bell *bell, int64_t us);

/** Wake the sleeper, if there is one. */
void sw_bell_ring(struct sw_bell *bell);

/** Wake the sleeper, or end its next sleep at once. For what must not be missed. */
void sw_bell_insist(struct sw_bell *bell);

#endif
