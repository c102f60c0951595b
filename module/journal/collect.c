#include "journal/collect.h"

#include "base/clock.h"

#include <stdlib.h>
#include <time.h>

#define COLLECT_IDLE_US 20000   /* 50 wake-ups a second cost about 0.1 % of a CPU */
#define TURN_MAX        64      /* records from one ring before the next has its turn */
#define NOTICE_US       1000000 /* loss notices: at most one in this time */
#define ENDING_US       500000  /* for what is left, when stopping */

bool sw_stop_wait(struct sw_stop *stop, int64_t us)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    int64_t ns = at.tv_nsec + (us % 1000000) * 1000;
    at.tv_sec += us / 1000000 + ns / 1000000000;
    at.tv_nsec = ns % 1000000000;
    return pthread_cond_timedwait(&stop->changed, &stop->lock, &at) == 0;
}

/* Sleep unless it is time to stop; false when it is. */
static bool go_on(struct sw_stop *stop, int64_t sleep_us)
{
    pthread_mutex_lock(&stop->lock);
    if (!stop->stop && sleep_us > 0) {
        sw_stop_wait(stop, sleep_us);
    }
    bool stopping = stop->stop;
    pthread_mutex_unlock(&stop->lock);
    return !stopping;
}

static void pass_on(struct sw_collect *collect, struct sw_record *record)
{
    if (record != NULL) {
        sw_queue_push(collect->queue, record);
    }
}

/* One turn of one ring; returns how many records it had. */
static size_t take_turn(struct sw_collect *collect, struct sw_ring *ring)
{
    size_t n = 0, len;
    struct sw_event *event = &collect->scratch;
    while (n < TURN_MAX && sw_queue_has_room(collect->queue) &&
           (len = sw_ring_get(ring, event, sizeof(*event))) > 0) {
        struct sw_record *out = NULL;
        n++;
        if (!sw_event_whole(event, len) ||
            sw_aggregate_add(collect->aggregate, event, &out) != SW_OK) {
            sw_count(&collect->rings->lost_elsewhere, 1);
        }
        pass_on(collect, out);
    }
    return n;
}

/* One turn of every ring. */
static size_t go_round(struct sw_collect *collect)
{
    size_t n = take_turn(collect, collect->rings->slow);
    for (unsigned i = 0; i < SW_WORKERS_MAX; i++) {
        struct sw_ring *ring =
            atomic_load_explicit(&collect->rings->worker[i], memory_order_acquire);
        if (ring != NULL) {
            n += take_turn(collect, ring);
        }
    }
    return n;
}

static void pass_expired(struct sw_collect *collect)
{
    struct sw_record *record;
    int64_t now_us = sw_clock_wall_us();
    while (sw_queue_has_room(collect->queue) &&
           (record = sw_aggregate_expired(collect->aggregate, now_us)) != NULL) {
        pass_on(collect, record);
    }
}

static uint64_t lost_so_far(const struct sw_rings *rings)
{
    uint64_t lost = sw_counted(&rings->lost_elsewhere) + sw_ring_lost(rings->slow);
    for (unsigned i = 0; i < SW_WORKERS_MAX; i++) {
        struct sw_ring *ring = atomic_load_explicit(&rings->worker[i], memory_order_acquire);
        if (ring != NULL) {
            lost += sw_ring_lost(ring);
        }
    }
    return lost;
}

/* Count what rings refused since the last time, and say so in a notice. At the end it is counted
 * even when there is no room for the notice. */
static void tell_losses(struct sw_collect *collect, bool at_end)
{
    int64_t mono_us = sw_clock_mono_us();
    bool room = sw_queue_has_room(collect->queue);
    if (!at_end && (mono_us < collect->next_notice_us || !room)) {
        return;
    }
    uint64_t lost = lost_so_far(collect->rings) - collect->lost_told;
    struct sw_record *notice = NULL;
    if (lost == 0) {
        return;
    }
    if (room) {
        notice = sw_record_lost(lost, sw_clock_wall_us());
    }
    if (notice == NULL && !at_end) {
        return;
    }
    collect->lost_told += lost;
    collect->next_notice_us = mono_us + NOTICE_US;
    sw_count(&collect->counters->events_lost_ring, lost);
    pass_on(collect, notice);
}

/* Wait a little for the recorder when the queue is full; false when time is up. */
static bool wait_for_room(struct sw_collect *collect, int64_t until_us)
{
    const struct timespec pause = {.tv_nsec = 1000000};
    while (!sw_queue_has_room(collect->queue)) {
        if (sw_clock_mono_us() >= until_us) {
            return false;
        }
        nanosleep(&pause, NULL);
    }
    return true;
}

/* The end: what is in the rings, then all windows, whether over or not. */
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
}

void sw_collect_run(struct sw_collect *collect)
{
    size_t n = 0;
    while (go_on(collect->stop, n == 0 ? COLLECT_IDLE_US : 0)) {
        n = go_round(collect);
        pass_expired(collect);
        tell_losses(collect, false);
    }
    take_the_rest(collect);
    sw_queue_close(collect->queue);
}
