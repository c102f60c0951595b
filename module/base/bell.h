/*
 * bell.h - ends the sleep of a polling thread early.
 *
 * The collector polls the workers' rings (ring.h), so that a worker needs no system call for an
 * event. The collector can sleep long between two polls only if a ring that fills quickly can end
 * the sleep. So the collector sleeps at a bell, and a worker rings the bell when a ring is filled
 * to an eighth (SW_ALARM_PART):
 *
 *     collector                              worker
 *     sw_bell_sleep(bell, 100 ms)            sw_ring_put(): an eighth is full: sw_bell_ring(bell)
 *
 * sw_bell_ring() reads a flag, and writes to an eventfd only if the flag says that the collector
 * sleeps. A call just before the collector sets the flag has no effect. That is harmless: the
 * worker rings again while the ring fills further, and for each record that a full ring refuses;
 * and every sleep has a time limit.
 *
 * Threads      sw_bell_sleep(): a single thread; the other functions: any thread, wait-free
 * Memory       a file descriptor, nothing else
 * Reliability  without a file descriptor sleeping works and ringing does nothing
 */
#ifndef SW_BASE_BELL_H
#define SW_BASE_BELL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct sw_bell {
    int fd;             /* -1: none */
    atomic_bool asleep; /* set by the sleeper, cleared by the ringer that writes to fd */
};

/** Returns false without a file descriptor; sw_bell_free() is needed in any case. */
bool sw_bell_init(struct sw_bell *bell);
void sw_bell_free(struct sw_bell *bell);

/** Sleep for at most us microseconds, or until another thread rings the bell. */
void sw_bell_sleep(struct sw_bell *bell, int64_t us);

/** Wake the sleeper, if any. Can have no effect on a thread that is about to sleep. */
void sw_bell_ring(struct sw_bell *bell);

/** Wake the sleeper, or end the next sleep at once. For a request that must not get lost, such as
 * a stop. Costs a system call. */
void sw_bell_insist(struct sw_bell *bell);

#endif
