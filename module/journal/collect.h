/*
 * collect.h - the collector: from the workers' rings through the windows into the queue.
 *
 * Rings are polled, since a worker must not make a system call for an event. The collector visits
 * all rings, takes some events from each until the rings are empty, and hands on all finished
 * records at once. Then the collector sleeps: the fuller a ring was, the shorter the sleep. A ring
 * that fills up meanwhile wakes the collector (base/bell.h). The collector does no I/O, so rings
 * are emptied independently of Redis and the disk. While the queue is full, events wait in the
 * rings.
 *
 * Threads      sw_collect_run(): one thread; sw_rings_*: the workers, see journal.h
 * Reliability  every event is part of a single record, or counted in events_lost_ring and in a
 *              single loss notice (at most a notice each second)
 * Decisions    D-015, D-060
 */
#ifndef SW_JOURNAL_COLLECT_H
#define SW_JOURNAL_COLLECT_H

#include "base/bell.h"
#include "base/counters.h"
#include "base/ring.h"
#include "journal/aggregate.h"
#include "journal/framestream.h"
#include "journal/journal.h"
#include "journal/queue.h"

#include <pthread.h>
#include <stdatomic.h>

/* The rings of all workers, a ring for all other threads, and the losses of callers. */
struct sw_rings {
    /* stored (release) by the creating worker, read (acquire) by the collector */
    _Atomic(struct sw_ring *) worker[SW_WORKERS_MAX];
    struct sw_ring *slow;
    pthread_mutex_t slow_lock; /* makes the other threads a single producer */
    sw_counter lost_elsewhere;
    size_t capacity;     /* octets of each */
    struct sw_bell bell; /* wakes the collector */
};

/* Ends the collector: `stop` is written under the lock, then the bell is rung. */
struct sw_stop {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool stop;
    bool recorder_done;
};

#define SW_ARRIVALS   8 /* events that are taken together */
#define SW_ALARM_PART 8 /* a ring that is filled to this part wakes the collector */

struct sw_collect {
    struct sw_rings *rings;
    struct sw_aggregate *aggregate;
    struct sw_queue *queue;
    struct sw_counters *counters;
    struct sw_stop *stop;
    const struct sw_journal_host *host; /* NULL: none */
    struct sw_frames *frames;           /* gets each hit by dnstap; NULL: no event-dnstap */
    const char *identity;               /* of the resolver, for dnstap */
    uint64_t lost_told;                 /* part of the rings' losses that a notice was made for */
    int64_t next_notice_us;
    int64_t pause_us;        /* before the next round */
    struct sw_records ready; /* not in the queue yet */
    struct sw_arrival scratch[SW_ARRIVALS];
};

/** Run until stop is set; then empty rings and windows, and close the queue. */
void sw_collect_run(struct sw_collect *collect);

/** Wait on stop->changed for at most us; under stop->lock. False: time is up. */
bool sw_stop_wait(struct sw_stop *stop, int64_t us);

#endif
