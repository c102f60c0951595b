#include "journal/journal.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/thread.h"
#include "journal/collect.h"
#include "journal/dnstap.h"
#include "journal/recorder.h"

#include <stdlib.h>

#define WINDOWS_MAX 16384   /* open aggregation windows: about 10 MB with usual events */
#define QUEUE_MAX   65536   /* records between the two threads, while Redis hangs */
#define STOP_US     1000000 /* for Redis, when stopping */

struct sw_journal {
    const struct sw_settings *settings;
    struct sw_rings rings;
    struct sw_stop stop;
    struct sw_queue *queue;
    struct sw_recorder *recorder;
    struct sw_collect collect;
    bool started;
    bool tapped; /* hits go to a reader of dnstap */
    pthread_t collector_thread, recorder_thread;
};

static size_t ring_size(const struct sw_settings *settings)
{
    return (size_t)settings->ring_kib * 1024;
}

static bool init_locks(struct sw_journal *journal)
{
    pthread_mutex_init(&journal->rings.slow_lock, NULL);
    pthread_mutex_init(&journal->stop.lock, NULL);
    return sw_cond_init(&journal->stop.changed);
}

/* A ring that wakes the collector in time. */
static struct sw_ring *make_ring(struct sw_journal *journal)
{
    struct sw_ring *ring = sw_ring_new(journal->rings.capacity);
    if (ring)
        sw_ring_alarm(ring, journal->rings.capacity / SW_ALARM_PART, &journal->rings.bell);
    return ring;
}

struct sw_journal *sw_journal_new(const struct sw_settings *settings, const struct sw_index *index,
                                  const struct sw_owners *owners, struct sw_counters *counters,
                                  const struct sw_journal_host *host)
{
    struct sw_journal *journal = calloc(1, sizeof(*journal));
    if (!journal)
        return NULL;
    if (!init_locks(journal)) {
        free(journal);
        return NULL;
    }
    journal->settings = settings;
    journal->rings.capacity = ring_size(settings);
    if (!sw_bell_init(&journal->rings.bell))
        sw_log(SW_LOG_WARNING, "events: no descriptor to be woken by; full rings are found late");
    journal->rings.slow = make_ring(journal);
    journal->queue = sw_queue_new(QUEUE_MAX);
    journal->collect.rings = &journal->rings;
    journal->collect.queue = journal->queue;
    journal->collect.counters = counters;
    journal->collect.stop = &journal->stop;
    journal->collect.host = host;
    journal->collect.identity = settings->resolver_id;
    journal->tapped = settings->event_dnstap[0] && !(host && host->sights_only);
    journal->collect.aggregate =
        sw_aggregate_new((int64_t)settings->event_window_ms * 1000, WINDOWS_MAX);
    if (journal->queue) {
        journal->recorder =
            sw_recorder_new(settings, index, owners, counters, host, journal->queue);
    }
    if (!journal->rings.slow || !journal->recorder || !journal->collect.aggregate) {
        sw_journal_free(journal);
        return NULL;
    }
    return journal;
}

void sw_journal_free(struct sw_journal *journal)
{
    if (!journal)
        return;
    sw_journal_stop(journal);
    sw_recorder_free(journal->recorder);
    sw_aggregate_free(journal->collect.aggregate);
    sw_queue_free(journal->queue);
    for (unsigned i = 0; i < SW_WORKERS_MAX; i++)
        sw_ring_free(atomic_load_explicit(&journal->rings.worker[i], memory_order_acquire));
    sw_ring_free(journal->rings.slow);
    sw_bell_free(&journal->rings.bell);
    pthread_cond_destroy(&journal->stop.changed);
    pthread_mutex_destroy(&journal->stop.lock);
    pthread_mutex_destroy(&journal->rings.slow_lock);
    free(journal);
}

static void *collector_main(void *arg)
{
    struct sw_journal *journal = arg;
    sw_collect_run(&journal->collect);
    return NULL;
}

static void *recorder_main(void *arg)
{
    struct sw_journal *journal = arg;
    sw_recorder_run(journal->recorder);
    pthread_mutex_lock(&journal->stop.lock);
    journal->stop.recorder_done = true;
    pthread_cond_broadcast(&journal->stop.changed);
    pthread_mutex_unlock(&journal->stop.lock);
    return NULL;
}

static void ask_to_stop(struct sw_journal *journal)
{
    pthread_mutex_lock(&journal->stop.lock);
    journal->stop.stop = true;
    pthread_cond_broadcast(&journal->stop.changed);
    pthread_mutex_unlock(&journal->stop.lock);
    sw_bell_insist(&journal->rings.bell);
}

void sw_journal_wake(struct sw_journal *journal)
{
    sw_bell_insist(&journal->rings.bell);
}

static bool start_dnstap(struct sw_journal *journal)
{
    if (!journal->tapped)
        return true;
    journal->collect.frames = sw_frames_start(journal->settings->event_dnstap,
                                              SW_DNSTAP_CONTENT_TYPE, journal->collect.counters);
    return journal->collect.frames;
}

static void stop_dnstap(struct sw_journal *journal)
{
    sw_frames_stop(journal->collect.frames);
    journal->collect.frames = NULL;
}

enum sw_status sw_journal_start(struct sw_journal *journal)
{
    if (!start_dnstap(journal))
        return SW_ENOMEM;
    if (!sw_thread_start(&journal->collector_thread, "sw-collector", collector_main, journal)) {
        stop_dnstap(journal);
        return SW_ENOMEM;
    }
    if (sw_thread_start(&journal->recorder_thread, "sw-recorder", recorder_main, journal)) {
        journal->started = true;
        return SW_OK;
    }
    ask_to_stop(journal);
    pthread_join(journal->collector_thread, NULL);
    stop_dnstap(journal);
    return SW_ENOMEM;
}

void sw_journal_stop(struct sw_journal *journal)
{
    if (!journal || !journal->started)
        return;
    ask_to_stop(journal);
    int64_t until_us = sw_clock_mono_us() + STOP_US, left_us;
    pthread_mutex_lock(&journal->stop.lock);
    while (!journal->stop.recorder_done && (left_us = until_us - sw_clock_mono_us()) > 0)
        sw_stop_wait(&journal->stop, left_us);
    bool done = journal->stop.recorder_done;
    pthread_mutex_unlock(&journal->stop.lock);
    if (!done)
        sw_recorder_interrupt(journal->recorder);
    pthread_join(journal->collector_thread, NULL);
    pthread_join(journal->recorder_thread, NULL);
    stop_dnstap(journal);
    journal->started = false;
}

struct sw_ring *sw_journal_ring(struct sw_journal *journal, unsigned n)
{
    if (n >= SW_WORKERS_MAX)
        return NULL;
    struct sw_ring *ring = atomic_load_explicit(&journal->rings.worker[n], memory_order_acquire);
    if (!ring) {
        ring = make_ring(journal);
        atomic_store_explicit(&journal->rings.worker[n], ring, memory_order_release);
    }
    return ring;
}

uint64_t sw_journal_acknowledged(const struct sw_journal *journal)
{
    return sw_recorder_acknowledged(journal->recorder);
}

void sw_journal_lost(struct sw_journal *journal, uint64_t n)
{
    sw_count(&journal->rings.lost_elsewhere, n);
}

void sw_journal_put_slow(struct sw_journal *journal, const struct sw_event *ev)
{
    pthread_mutex_lock(&journal->rings.slow_lock);
    sw_ring_put(journal->rings.slow, ev, sw_event_size(ev));
    pthread_mutex_unlock(&journal->rings.slow_lock);
}

bool sw_journal_slow_has_room(struct sw_journal *journal)
{
    return sw_ring_used(journal->rings.slow) < journal->rings.capacity / 2;
}
