#include "journal/collect.h"

#include "base/clock.h"
#include "base/thread.h"
#include "journal/dnstap.h"

#include <stdlib.h>
#include <time.h>

#define PAUSE_MAX_US 100000  /* the longest delay of an event after the end of the window */
#define PAUSE_DUE_US 50000   /* between two looks while some window is always just over */
#define PAUSE_MIN_US 500     /* a shorter pause costs more than it saves */
#define VISIT_MAX    64      /* records from a ring before the next ring follows */
#define ROUND_MAX    65536   /* records before windows are looked at */
#define NOTICE_US    1000000 /* shortest time between two loss notices */
#define ENDING_US    500000  /* for the remaining records, when stopping */

bool sw_stop_wait(struct sw_stop *stop, int64_t us)
{
    return sw_cond_wait(&stop->changed, &stop->lock, sw_clock_mono_us() + us);
}

/* Sleep, or return false when the collector has to stop. */
static bool go_on(struct sw_collect *collect, int64_t sleep_us)
{
    struct sw_stop *stop = collect->stop;
    if (sleep_us > 0)
        sw_bell_sleep(&collect->rings->bell, sleep_us);
    pthread_mutex_lock(&stop->lock);
    bool stopping = stop->stop;
    pthread_mutex_unlock(&stop->lock);
    return !stopping;
}

static void pass_on(struct sw_collect *collect, struct sw_record *record)
{
    if (record)
        sw_records_add(&collect->ready, record);
}

/* How many records the queue takes in addition to the ready records. */
static size_t room(struct sw_collect *collect)
{
    return sw_queue_room(collect->queue) - collect->ready.n;
}

/* Take up to max records of a ring and prefetch for the whole events. *n counts all records. */
static size_t take_some(struct sw_collect *collect, struct sw_ring *ring, size_t max, size_t *n)
{
    size_t whole = 0, len;
    for (*n = 0; *n < max; ++*n) {
        struct sw_arrival *arrival = &collect->scratch[whole];
        if ((len = sw_ring_get(ring, &arrival->event, sizeof(arrival->event))) == 0)
            break;
        if (sw_event_whole(&arrival->event, len)) {
            sw_aggregate_meet(collect->aggregate, arrival);
            whole++;
        } else {
            sw_count(&collect->rings->lost_elsewhere, 1);
        }
    }
    return whole;
}

/* Hand a hit to the reader of dnstap, before it is folded. */
static void tap(struct sw_collect *collect, const struct sw_event *event)
{
    uint8_t message[SW_DNSTAP_MAX];
    size_t len = sw_dnstap_encode(event, collect->identity, message);
    if (len > 0)
        sw_frames_put(collect->frames, message, len);
}

/* Take at most max records of a ring; returns the number of records. */
static size_t visit(struct sw_collect *collect, struct sw_ring *ring, size_t max)
{
    size_t n = 0, some = SW_ARRIVALS;
    max = max < VISIT_MAX ? max : VISIT_MAX;
    for (; n < max && some == SW_ARRIVALS; n += some) {
        size_t left = max - n, whole;
        whole = take_some(collect, ring, left < SW_ARRIVALS ? left : SW_ARRIVALS, &some);
        for (size_t i = 0; i < whole; i++)
            sw_aggregate_fetch(&collect->scratch[i]);
        for (size_t i = 0; i < whole; i++) {
            struct sw_record *out = NULL;
            if (collect->frames)
                tap(collect, &collect->scratch[i].event);
            if (sw_aggregate_add(collect->aggregate, &collect->scratch[i], &out) != SW_OK)
                sw_count(&collect->rings->lost_elsewhere, 1);
            pass_on(collect, out);
        }
    }
    return n;
}

/* Visit every ring once: each event finishes at most a single record. */
static size_t visit_rings(struct sw_collect *collect)
{
    size_t most = room(collect), n = visit(collect, collect->rings->slow, most);
    for (unsigned i = 0; i < SW_WORKERS_MAX; i++) {
        struct sw_ring *ring =
            atomic_load_explicit(&collect->rings->worker[i], memory_order_acquire);
        if (ring)
            n += visit(collect, ring, most - n);
    }
    return n;
}

static void pass_expired(struct sw_collect *collect)
{
    struct sw_record *record;
    int64_t now_us = sw_clock_wall_us();
    for (size_t left = room(collect);
         left > 0 && (record = sw_aggregate_expired(collect->aggregate, now_us)) != NULL; left--) {
        pass_on(collect, record);
    }
}

/* Octets in the fullest ring. */
static size_t fullest(const struct sw_rings *rings)
{
    size_t most = sw_ring_used(rings->slow);
    for (unsigned i = 0; i < SW_WORKERS_MAX; i++) {
        struct sw_ring *ring = atomic_load_explicit(&rings->worker[i], memory_order_acquire);
        size_t used = ring ? sw_ring_used(ring) : 0;
        most = used > most ? used : most;
    }
    return most;
}

/* Empty the rings as far as the queue has room for the results; returns the number of events. */
static size_t go_round(struct sw_collect *collect)
{
    size_t n = 0, taken;
    do {
        n += taken = visit_rings(collect);
    } while (taken >= VISIT_MAX && n < ROUND_MAX);
    return n;
}

/* The next pause: long enough to find rings a 32nd full, too short for the eighth of the bell. */
static int64_t next_pause(const struct sw_collect *collect, size_t found)
{
    int64_t pause_us = collect->pause_us;
    if (found > collect->rings->capacity / SW_ALARM_PART)
        return pause_us / 2 < PAUSE_MIN_US ? 0 : pause_us / 2;
    if (found < collect->rings->capacity / (4 * SW_ALARM_PART)) {
        pause_us = pause_us * 2 < PAUSE_MIN_US ? PAUSE_MIN_US : pause_us * 2;
        return pause_us < PAUSE_MAX_US ? pause_us : PAUSE_MAX_US;
    }
    return pause_us;
}

/* The same, if no window is over before; n: events in the last round. */
static int64_t sleep_time(const struct sw_collect *collect, size_t n)
{
    int64_t pause_us = n == 0 ? PAUSE_MAX_US : collect->pause_us;
    int64_t left_us = sw_aggregate_left(collect->aggregate, sw_clock_wall_us());
    left_us = left_us < PAUSE_DUE_US ? PAUSE_DUE_US : left_us;
    return pause_us < left_us ? pause_us : left_us;
}

static uint64_t lost_so_far(const struct sw_rings *rings)
{
    uint64_t lost = sw_counted(&rings->lost_elsewhere) + sw_ring_lost(rings->slow);
    for (unsigned i = 0; i < SW_WORKERS_MAX; i++) {
        struct sw_ring *ring = atomic_load_explicit(&rings->worker[i], memory_order_acquire);
        if (ring)
            lost += sw_ring_lost(ring);
    }
    return lost;
}

/* Count the events that rings refused since the last time, and report the number in a notice. At
 * the end the loss is counted even when there is no room for the notice. */
static void tell_losses(struct sw_collect *collect, bool at_end)
{
    int64_t mono_us = sw_clock_mono_us();
    if (!at_end && mono_us < collect->next_notice_us)
        return;
    uint64_t lost = lost_so_far(collect->rings) - collect->lost_told;
    struct sw_record *notice = NULL;
    if (lost == 0)
        return;
    if (room(collect) > 0)
        notice = sw_record_lost(lost, sw_clock_wall_us());
    if (!notice && !at_end)
        return;
    collect->lost_told += lost;
    collect->next_notice_us = mono_us + NOTICE_US;
    sw_count(&collect->counters->events_lost_ring, lost);
    pass_on(collect, notice);
}

/* Hand on the ready records; then wait a little for the recorder when the queue is full. False when
 * time is up. */
static bool wait_for_room(struct sw_collect *collect, int64_t until_us)
{
    const struct timespec pause = {.tv_nsec = 1000000};
    sw_queue_push(collect->queue, &collect->ready);
    while (sw_queue_room(collect->queue) == 0) {
        if (sw_clock_mono_us() >= until_us)
            return false;
        nanosleep(&pause, NULL);
    }
    return true;
}

/* The end: first the rings are emptied, then all windows are closed early. */
static void take_the_rest(struct sw_collect *collect)
{
    int64_t until_us = sw_clock_mono_us() + ENDING_US;
    struct sw_record *record;
    while (wait_for_room(collect, until_us) && go_round(collect) > 0 &&
           sw_clock_mono_us() < until_us) {
    }
    while ((record = sw_aggregate_flush(collect->aggregate)) != NULL) {
        if (wait_for_room(collect, until_us)) {
            pass_on(collect, record);
        } else {
            sw_count(&collect->rings->lost_elsewhere, record->count);
            free(record);
        }
    }
    wait_for_room(collect, until_us);
    tell_losses(collect, true);
    sw_queue_push(collect->queue, &collect->ready);
}

void sw_collect_run(struct sw_collect *collect)
{
    size_t n = 0;
    collect->pause_us = PAUSE_MAX_US;
    atomic_store_explicit(&collect->counters->ring_size, collect->rings->capacity,
                          memory_order_relaxed);
    while (go_on(collect, sleep_time(collect, n))) {
        size_t found = fullest(collect->rings);
        atomic_store_explicit(&collect->counters->ring_octets, found, memory_order_relaxed);
        n = go_round(collect);
        if (collect->host && collect->host->round)
            collect->host->round(collect->host->arg);
        pass_expired(collect);
        tell_losses(collect, false);
        sw_queue_push(collect->queue, &collect->ready);
        collect->pause_us = next_pause(collect, found);
    }
    take_the_rest(collect);
    sw_queue_close(collect->queue);
}
