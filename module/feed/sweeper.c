/* sweeper.c - see sweeper.h. One mutex guards all; it is never held during a walk. */
#include "feed/sweeper.h"

#include "base/clock.h"
#include "base/rcu.h"

#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>

#define TIMER_SLACK_NS                                                                             \
    1000UL /* a walk makes many short pauses: the usual 50 us would treble them */
#define SETTLE_US INT64_C(1000000) /* from a change to the sweep that looks after it */
#define ADDRS_MAX 4096             /* tracked addresses that wait */

/* What one sweep is for, and the entry that is enforced after it. */
struct job {
    struct sw_indicator *added; /* room for capacity */
    size_t added_n, capacity;
    bool everything;
    struct sw_stream_id upto;
};

struct sw_sweeper {
    const struct sw_feed_host *host;
    struct sw_counters *counters;
    atomic_bool stopping;
    pthread_mutex_t lock; /* guards all that follows but started and thread */
    pthread_cond_t wake;
    struct job next, now; /* now: only its upto is shared, the rest is the thread's during a walk */
    bool waiting, running;
    int64_t interval_us; /* 0: none; constant */
    int64_t again_due;   /* monotonic; the next try of a sweep that no change asked for */
    int64_t again_since; /* since when one is due: it gives way to changes for one interval */
    atomic_bool hurry;   /* a change waits, or stopping */
    struct sw_stream_id done;
    uint64_t last_us;
    struct sw_addr addrs[ADDRS_MAX];
    size_t addrs_n;
    bool started; /* owner's thread only */
    pthread_t thread;
};

/* Condition variables on the monotonic clock. */
static bool init_wake(pthread_cond_t *wake)
{
    pthread_condattr_t attr;
    bool ok;

    if (pthread_condattr_init(&attr) != 0)
        return false;
    ok = pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) == 0 &&
         pthread_cond_init(wake, &attr) == 0;
    pthread_condattr_destroy(&attr);
    return ok;
}

static void again_in(struct sw_sweeper *sweeper, int64_t us)
{
    sweeper->again_due = sweeper->again_since = sw_clock_mono_us() + us;
}

struct sw_sweeper *sw_sweeper_new(const struct sw_feed_host *host, struct sw_counters *counters,
                                  uint32_t interval_s)
{
    struct sw_sweeper *sweeper = calloc(1, sizeof(*sweeper));

    if (!sweeper)
        return NULL;
    sweeper->host = host;
    sweeper->counters = counters;
    sweeper->interval_us = host->sweep ? (int64_t)interval_s * 1000000 : 0;
    again_in(sweeper, sweeper->interval_us);
    if (pthread_mutex_init(&sweeper->lock, NULL) != 0)
        goto no_mutex;
    if (init_wake(&sweeper->wake))
        return sweeper;
    pthread_mutex_destroy(&sweeper->lock);
no_mutex:
    free(sweeper);
    return NULL;
}

/* ---- the thread ---- */

static bool stopping(const struct sw_sweeper *sweeper)
{
    return atomic_load_explicit(&sweeper->stopping, memory_order_acquire);
}

static int64_t cpu_us(void)
{
    struct timespec ts = {0, 0};

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
    return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

/* Evict and sweep, if anything was added. */
static bool walk(const struct sw_feed_host *host, const struct sw_changeset *changes)
{
    if (!changes->everything && changes->added_n == 0)
        return false;
    if (host->evict && changes->added_n > 0)
        host->evict(host->arg, changes);
    if (host->sweep)
        host->sweep(host->arg, changes);
    return host->sweep;
}

/* One walk, without the lock; then what it was for is done. Called and left with the lock. */
static void sweep(struct sw_sweeper *sweeper)
{
    struct job former = sweeper->now;
    struct sw_changeset changes;
    int64_t began = sw_clock_mono_us(), cpu_began = cpu_us();
    bool walked;

    sweeper->now = sweeper->next;
    sweeper->next = (struct job){.added = former.added, .capacity = former.capacity};
    sweeper->waiting = false;
    atomic_store_explicit(&sweeper->hurry, stopping(sweeper), memory_order_relaxed);
    sweeper->running = true;
    changes = (struct sw_changeset){.added = sweeper->now.added,
                                    .added_n = sweeper->now.added_n,
                                    .everything = sweeper->now.everything,
                                    .stop = &sweeper->stopping};
    pthread_mutex_unlock(&sweeper->lock);
    sw_rcu_synchronize();
    walked = walk(sweeper->host, &changes);
    if (walked) {
        sw_count(&sweeper->counters->sweeps, 1);
        sw_count(&sweeper->counters->sweeps_cpu_us, (uint64_t)(cpu_us() - cpu_began));
    }
    pthread_mutex_lock(&sweeper->lock);
    sweeper->running = false;
    if (walked) {
        sweeper->last_us = (uint64_t)(sw_clock_mono_us() - began);
        if (sweeper->again_due > sw_clock_mono_us() + SETTLE_US)
            again_in(sweeper, SETTLE_US);
    }
    if (!stopping(sweeper))
        sweeper->done = sweeper->now.upto;
}

/* Sweep for no change; tried again when one comes in between. Called and left with the lock. */
static void sweep_again(struct sw_sweeper *sweeper)
{
    int64_t cpu_began = cpu_us();
    bool patient = sw_clock_mono_us() < sweeper->again_since + sweeper->interval_us;
    struct sw_changeset changes = {
        .everything = true, .again = true, .stop = patient ? &sweeper->hurry : &sweeper->stopping};

    pthread_mutex_unlock(&sweeper->lock);
    sweeper->host->sweep(sweeper->host->arg, &changes);
    sw_count(&sweeper->counters->sweeps_cpu_us, (uint64_t)(cpu_us() - cpu_began));
    pthread_mutex_lock(&sweeper->lock);
    if (atomic_load_explicit(changes.stop, memory_order_relaxed)) {
        sweeper->again_due = sw_clock_mono_us() + SETTLE_US;
        return;
    }
    sw_count(&sweeper->counters->sweeps_again, 1);
    again_in(sweeper, sweeper->interval_us);
}

static void wait_for_work(struct sw_sweeper *sweeper)
{
    struct timespec until = {.tv_sec = sweeper->again_due / 1000000,
                             .tv_nsec = sweeper->again_due % 1000000 * 1000};

    if (sweeper->interval_us > 0)
        pthread_cond_timedwait(&sweeper->wake, &sweeper->lock, &until);
    else
        pthread_cond_wait(&sweeper->wake, &sweeper->lock);
}

/* Some of the tracked addresses that wait, oldest first. Called and left with the lock. */
static void report_names(struct sw_sweeper *sweeper)
{
    struct sw_addr addrs[SW_FEED_TRACKED_MAX];
    size_t n = sweeper->addrs_n < SW_FEED_TRACKED_MAX ? sweeper->addrs_n : SW_FEED_TRACKED_MAX;

    memcpy(addrs, sweeper->addrs, n * sizeof(addrs[0]));
    sweeper->addrs_n -= n;
    memmove(sweeper->addrs, sweeper->addrs + n, sweeper->addrs_n * sizeof(addrs[0]));
    pthread_mutex_unlock(&sweeper->lock);
    sweeper->host->tracked(sweeper->host->arg, addrs, n);
    pthread_mutex_lock(&sweeper->lock);
}

static void *run(void *arg)
{
    struct sw_sweeper *sweeper = arg;

    prctl(PR_SET_TIMERSLACK, TIMER_SLACK_NS);
    pthread_mutex_lock(&sweeper->lock);
    while (!stopping(sweeper)) {
        if (sweeper->waiting)
            sweep(sweeper);
        else if (sweeper->addrs_n > 0)
            report_names(sweeper);
        else if (sweeper->interval_us > 0 && sw_clock_mono_us() >= sweeper->again_due)
            sweep_again(sweeper);
        else
            wait_for_work(sweeper);
    }
    pthread_mutex_unlock(&sweeper->lock);
    return NULL;
}

/* ---- life ---- */

enum sw_status sw_sweeper_start(struct sw_sweeper *sweeper)
{
    sigset_t all, former;

    assert(!sweeper->started);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &former); /* the host's signals are not for us */
    sweeper->started = pthread_create(&sweeper->thread, NULL, run, sweeper) == 0;
    if (sweeper->started)
        pthread_setname_np(sweeper->thread, "sw-sweeper");
    pthread_sigmask(SIG_SETMASK, &former, NULL);
    return sweeper->started ? SW_OK : SW_ENOMEM;
}

void sw_sweeper_stop(struct sw_sweeper *sweeper)
{
    if (!sweeper || !sweeper->started)
        return;
    pthread_mutex_lock(&sweeper->lock);
    atomic_store_explicit(&sweeper->stopping, true, memory_order_release);
    atomic_store_explicit(&sweeper->hurry, true, memory_order_relaxed);
    pthread_cond_broadcast(&sweeper->wake);
    pthread_mutex_unlock(&sweeper->lock);
    pthread_join(sweeper->thread, NULL);
    sweeper->started = false;
}

void sw_sweeper_free(struct sw_sweeper *sweeper)
{
    if (!sweeper)
        return;
    sw_sweeper_stop(sweeper);
    pthread_cond_destroy(&sweeper->wake);
    pthread_mutex_destroy(&sweeper->lock);
    free(sweeper->next.added);
    free(sweeper->now.added);
    free(sweeper);
}

/* ---- what the feeder asks for ---- */

/* Room for n more; false: too many, or no memory. */
static bool make_room(struct job *job, size_t n)
{
    size_t wanted = job->added_n + n;
    struct sw_indicator *grown;

    if (wanted > SW_FEED_ADDED_MAX)
        return false;
    if (wanted <= job->capacity)
        return true;
    wanted = wanted < 64 ? 64 : wanted * 2;
    grown = realloc(job->added, wanted * sizeof(*grown));
    if (!grown)
        return false;
    job->added = grown;
    job->capacity = wanted;
    return true;
}

void sw_sweeper_hand(struct sw_sweeper *sweeper, const struct sw_changeset *changes)
{
    struct job *job = &sweeper->next;

    pthread_mutex_lock(&sweeper->lock);
    if (!sweeper->waiting)
        job->upto = sweeper->running ? sweeper->now.upto : sweeper->done;
    sweeper->waiting = true;
    atomic_store_explicit(&sweeper->hurry, true, memory_order_relaxed);
    if (changes->everything || !make_room(job, changes->added_n)) {
        job->everything = true;
    } else if (changes->added_n > 0) {
        memcpy(job->added + job->added_n, changes->added, changes->added_n * sizeof(*job->added));
        job->added_n += changes->added_n;
    }
    pthread_cond_broadcast(&sweeper->wake);
    pthread_mutex_unlock(&sweeper->lock);
}

void sw_sweeper_reached(struct sw_sweeper *sweeper, const struct sw_stream_id *id)
{
    pthread_mutex_lock(&sweeper->lock);
    if (sweeper->waiting)
        sweeper->next.upto = *id;
    else if (sweeper->running)
        sweeper->now.upto = *id;
    else
        sweeper->done = *id;
    pthread_mutex_unlock(&sweeper->lock);
}

bool sw_sweeper_track(struct sw_sweeper *sweeper, const struct sw_addr *addr)
{
    bool room;

    if (!sweeper->host->tracked)
        return true;
    pthread_mutex_lock(&sweeper->lock);
    room = sweeper->addrs_n < ADDRS_MAX;
    if (room)
        sweeper->addrs[sweeper->addrs_n++] = *addr;
    pthread_cond_broadcast(&sweeper->wake);
    pthread_mutex_unlock(&sweeper->lock);
    return room;
}

struct sw_stream_id sw_sweeper_done(struct sw_sweeper *sweeper)
{
    struct sw_stream_id done;

    pthread_mutex_lock(&sweeper->lock);
    done = sweeper->done;
    pthread_mutex_unlock(&sweeper->lock);
    return done;
}

bool sw_sweeper_busy(struct sw_sweeper *sweeper)
{
    bool busy;

    pthread_mutex_lock(&sweeper->lock);
    busy = sweeper->waiting || sweeper->running;
    pthread_mutex_unlock(&sweeper->lock);
    return busy;
}

uint64_t sw_sweeper_last_us(struct sw_sweeper *sweeper)
{
    uint64_t last_us;

    pthread_mutex_lock(&sweeper->lock);
    last_us = sweeper->last_us;
    pthread_mutex_unlock(&sweeper->lock);
    return last_us;
}
