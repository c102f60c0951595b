#include "memory/intake/keeper_parts.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/thread.h"

#include <stdlib.h>
#include <string.h>

#define MIB      ((size_t)1 << 20)
#define RING_MAX (4 * MIB) /* some 40,000 RRsets: the time of a slow write to disk */
#define RING_MIN ((size_t)64 << 10)
#define ALARM    8      /* a ring that is filled to this part wakes the keeper */
#define PAUSE_US 250000 /* between two looks at the rings */
#define STOP_US  700000 /* for the last file, when stopping */
#define US_PER_S INT64_C(1000000)

static void excluded_problem(const char *path, unsigned line, const char *why)
{
    if (line)
        sw_log(SW_LOG_WARNING, "memory-exclude: %s:%u: %s; the other lines are used", path, line,
               why);
    else
        sw_log(SW_LOG_ERROR, "memory-exclude: %s: %s; nothing is left out", path, why);
}

/* Octets of each ring: a quarter of the memory for all rings together. */
static size_t ring_size(size_t ram, unsigned workers)
{
    size_t size = ram / 4 / (workers ? workers : 1);
    return size > RING_MAX ? RING_MAX : size < RING_MIN ? RING_MIN : size;
}

static bool make_rings(struct sw_keeper *keeper, size_t ram, unsigned workers)
{
    keeper->ring = calloc(workers ? workers : 1, sizeof(struct sw_ring *));
    if (!keeper->ring)
        return false;
    keeper->workers = workers;
    for (unsigned i = 0; i < workers; i++) {
        size_t size = ring_size(ram, workers);
        if (!(keeper->ring[i] = sw_ring_new(size)))
            return false;
        sw_ring_alarm(keeper->ring[i], size / ALARM, &keeper->bell);
    }
    return true;
}

struct sw_keeper *sw_keeper_new(const struct sw_settings *settings, unsigned workers)
{
    size_t ram = settings->memory_ram_mib * MIB;
    struct sw_keeper *keeper = calloc(1, sizeof(*keeper));
    if (!keeper)
        return NULL;
    keeper->settings = settings;
    keeper->stop_us = STOP_US;
    pthread_mutex_init(&keeper->lock, NULL);
    bool cond = sw_cond_init(&keeper->changed);
    sw_bell_init(&keeper->bell);
    keeper->domains = sw_domains_new(settings->memory_domain_limit);
    keeper->tally = sw_tally_new(ram / 4);
    keeper->written = sw_tally_new(ram / 4);
    if (!cond || !keeper->domains || !keeper->tally || !keeper->written ||
        !make_rings(keeper, ram, workers)) {
        sw_keeper_free(keeper);
        return NULL;
    }
    if (settings->memory_exclude[0])
        sw_domains_exclude(keeper->domains, settings->memory_exclude, excluded_problem);
    return keeper;
}

void sw_keeper_free(struct sw_keeper *keeper)
{
    if (!keeper)
        return;
    sw_keeper_stop(keeper);
    for (unsigned i = 0; i < keeper->workers; i++)
        sw_ring_free(keeper->ring[i]);
    free(keeper->ring);
    sw_tally_free(keeper->tally);
    sw_tally_free(keeper->written);
    sw_domains_free(keeper->domains);
    sw_bell_free(&keeper->bell);
    pthread_cond_destroy(&keeper->changed);
    pthread_mutex_destroy(&keeper->lock);
    free(keeper);
}

struct sw_ring *sw_keeper_ring(const struct sw_keeper *keeper, unsigned n)
{
    return n < keeper->workers ? keeper->ring[n] : NULL;
}

/* ---- the thread ---- */

static bool stopping(const struct sw_keeper *keeper)
{
    return atomic_load_explicit(&keeper->stop, memory_order_acquire);
}

void sw_keeper_work(struct sw_keeper *keeper, void work(void *arg), void *arg)
{
    keeper->work = work;
    keeper->work_arg = arg;
}

void sw_keeper_wake(struct sw_keeper *keeper)
{
    atomic_store_explicit(&keeper->awake, true, memory_order_release);
    sw_bell_ring(&keeper->bell);
}

const atomic_bool *sw_keeper_stopping(const struct sw_keeper *keeper)
{
    return &keeper->stop;
}

static enum sw_status each_of(const struct sw_tally *tally, sw_sighting_fn *each, void *arg)
{
    enum sw_status status = SW_OK;
    for (size_t i = 0; i < sw_tally_size(tally) && status == SW_OK; i++) {
        const struct sw_sighting s = sw_tally_at(tally, i);
        status = each(arg, &s);
    }
    return status;
}

enum sw_status sw_keeper_each(struct sw_keeper *keeper, sw_sighting_fn *each, void *arg)
{
    keeper->reading++;
    enum sw_status status = each_of(keeper->written, each, arg);
    if (status == SW_OK)
        status = each_of(keeper->tally, each, arg);
    keeper->reading--;
    return status;
}

uint64_t sw_keeper_written(const struct sw_keeper *keeper)
{
    return keeper->times_written;
}

static void *keeper_main(void *arg)
{
    struct sw_keeper *keeper = arg;
    keeper->begun_us = sw_clock_mono_us();
    sw_keeper_measure(keeper);
    while (!stopping(keeper)) {
        sw_keeper_go_on(keeper);
        sw_keeper_do_work(keeper);
        bool more = sw_keeper_tidy(keeper);
        sw_keeper_show(keeper);
        if (!more)
            sw_bell_sleep(&keeper->bell, PAUSE_US);
    }
    sw_keeper_drain(keeper);
    sw_keeper_seal(keeper, true);
    sw_keeper_show(keeper);
    pthread_mutex_lock(&keeper->lock);
    keeper->done = true;
    pthread_cond_broadcast(&keeper->changed);
    pthread_mutex_unlock(&keeper->lock);
    return NULL;
}

void sw_keeper_patience(struct sw_keeper *keeper, int64_t us)
{
    keeper->stop_us = us;
}

enum sw_status sw_keeper_start(struct sw_keeper *keeper)
{
    keeper->started = sw_thread_start(&keeper->thread, "sw-memory", keeper_main, keeper);
    return keeper->started ? SW_OK : SW_ENOMEM;
}

void sw_keeper_end(struct sw_keeper *keeper)
{
    if (!keeper || !keeper->started || stopping(keeper))
        return;
    keeper->until_us = sw_clock_mono_us() + keeper->stop_us;
    atomic_store_explicit(&keeper->stop, true, memory_order_release);
    sw_bell_insist(&keeper->bell);
}

void sw_keeper_stop(struct sw_keeper *keeper)
{
    if (!keeper || !keeper->started)
        return;
    sw_keeper_end(keeper);
    int64_t until_us = keeper->until_us;
    pthread_mutex_lock(&keeper->lock);
    while (!keeper->done && sw_clock_mono_us() < until_us)
        sw_cond_wait(&keeper->changed, &keeper->lock, until_us);
    pthread_mutex_unlock(&keeper->lock);
    atomic_store_explicit(&keeper->abandon, true, memory_order_release);
    pthread_join(keeper->thread, NULL);
    keeper->started = false;
}
