/*
 * sweeper.c - see sweeper.h. A mutex guards all state and is never held during a walk.
 *
 * The walk goes through the parts of the caches in a circle. A job joins before some part, takes
 * part in the next SW_FEED_PARTS parts, and leaves. So jobs leave in the order in which they
 * joined, and the indicators of all jobs are a queue: the oldest job's indicators leave first.
 */
#include "feed/sweeper.h"

#include "base/clock.h"
#include "base/rcu.h"
#include "base/thread.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>

#define TIMER_SLACK_NS                                                                             \
    1000UL /* a walk makes many short pauses: the default slack of 50 us would treble each */
#define CALM_US   INT64_C(1000000) /* from the sweep for a change to the next periodic sweep */
#define ADDRS_MAX 4096             /* waiting tracked addresses */

/* Indicators, oldest first. */
struct queue {
    struct sw_indicator *added; /* room for capacity */
    size_t n, capacity;
};

/* Changes that are swept for together. */
struct job {
    size_t added_n; /* the job's share of the queue `sought` */
    bool everything;
    unsigned parts; /* still to be walked */
    int64_t began_us;
    uint64_t epoch;           /* from sw_feed_host.wait_stored, 0: none */
    struct sw_stream_id upto; /* enforced when the job is over */
    uint64_t handed;          /* number of the job's last call of sw_sweeper_hand() */
};

/* At each part at most one job joins, and a job stays for at most SW_FEED_PARTS parts. */
#define JOBS_MAX (SW_FEED_PARTS + 2)

struct sw_sweeper {
    const struct sw_feed_host *host;
    struct sw_counters *counters;
    atomic_bool stopping;
    pthread_mutex_t lock; /* guards all members below except started and thread */
    pthread_cond_t wake;
    struct job next;     /* the job that waits to join, if `waiting` */
    struct queue coming; /* the indicators of `next` */
    bool waiting;
    struct job jobs[JOBS_MAX]; /* oldest first; the feeder touches only upto of the newest */
    size_t jobs_n;
    struct queue sought;        /* the indicators of all jobs; only the sweeper reads and writes */
    size_t part, periodic_part; /* the next part of the walk, and of the periodic sweep */
    size_t new_n;               /* the last job joined before this part: see struct sw_changeset */
    bool all_is_new;            /* likewise */
    int64_t interval_us;        /* between periodic sweeps; 0: none; constant */
    int64_t periodic_due;       /* monotonic; when the periodic sweep is tried next */
    int64_t periodic_since;     /* monotonic; first due then; yields to changes for an interval */
    atomic_bool hurry;          /* a change waits, or the thread has to stop */
    struct sw_stream_id done;
    uint64_t handed, over; /* calls of sw_sweeper_hand(), and calls with a finished sweep */
    uint64_t last_us;
    struct sw_addr addrs[ADDRS_MAX];
    size_t addrs_n;
    bool started; /* owner's thread only */
    pthread_t thread;
};

/* The next periodic sweep is due in us microseconds. */
static void next_periodic(struct sw_sweeper *sweeper, int64_t us)
{
    sweeper->periodic_due = sweeper->periodic_since = sw_clock_mono_us() + us;
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
    next_periodic(sweeper, sweeper->interval_us);
    if (pthread_mutex_init(&sweeper->lock, NULL) != 0)
        goto no_mutex;
    if (sw_cond_init(&sweeper->wake))
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

/* Make room for n more indicators; false: too many, or no memory. */
static bool make_room(struct queue *queue, size_t n)
{
    size_t wanted = queue->n + n;
    struct sw_indicator *grown;
    if (wanted > SW_FEED_ADDED_MAX)
        return false;
    if (wanted <= queue->capacity)
        return true;
    wanted = wanted < 64 ? 64 : wanted * 2;
    grown = realloc(queue->added, wanted * sizeof(*grown));
    if (!grown)
        return false;
    queue->added = grown;
    queue->capacity = wanted;
    return true;
}

/* Append, if there is room. */
static bool append(struct queue *queue, const struct sw_indicator *added, size_t n)
{
    if (!make_room(queue, n))
        return false;
    if (n > 0)
        memcpy(queue->added + queue->n, added, n * sizeof(*added));
    queue->n += n;
    return true;
}

/* The waiting job joins the walk. Wait for readers, and for workers that may still store an answer
 * of an older judgement; then evict the added names again. Called and left with the lock. */
static void join(struct sw_sweeper *sweeper)
{
    struct job *job = &sweeper->jobs[sweeper->jobs_n];
    struct sw_changeset changes = {.stop = &sweeper->stopping};
    assert(sweeper->jobs_n < JOBS_MAX);
    *job = sweeper->next;
    bool fits = append(&sweeper->sought, sweeper->coming.added, sweeper->coming.n);
    job->everything = job->everything || !fits;
    job->added_n = fits ? sweeper->coming.n : 0;
    job->parts = job->everything || job->added_n > 0 ? SW_FEED_PARTS : 0;
    job->began_us = sw_clock_mono_us();
    sweeper->coming.n = 0;
    sweeper->waiting = false;
    sweeper->jobs_n++;
    atomic_store_explicit(&sweeper->hurry, stopping(sweeper), memory_order_relaxed);
    sweeper->all_is_new = job->everything;
    sweeper->new_n = changes.added_n = job->added_n;
    if (fits && job->added_n > 0)
        changes.added = sweeper->sought.added + sweeper->sought.n - job->added_n;
    pthread_mutex_unlock(&sweeper->lock);
    sw_rcu_synchronize();
    if (sweeper->host->wait_stored && job->parts > 0)
        job->epoch = sweeper->host->wait_stored(sweeper->host->arg, &sweeper->stopping);
    if (sweeper->host->evict && changes.added_n > 0)
        sweeper->host->evict(sweeper->host->arg, &changes);
    pthread_mutex_lock(&sweeper->lock);
}

/* The oldest job has taken part in all parts. */
static void leave(struct sw_sweeper *sweeper)
{
    const struct job *job = &sweeper->jobs[0];
    struct queue *sought = &sweeper->sought;
    if (job->everything || job->added_n > 0) {
        sw_count(&sweeper->counters->sweeps, sweeper->host->sweep ? 1 : 0);
        sweeper->last_us = (uint64_t)(sw_clock_mono_us() - job->began_us);
        if (sweeper->periodic_due > sw_clock_mono_us() + CALM_US)
            next_periodic(sweeper, CALM_US);
    }
    if (!stopping(sweeper)) {
        sweeper->done = job->upto;
        sweeper->over = job->handed;
        if (sweeper->host->swept && job->epoch != 0)
            sweeper->host->swept(sweeper->host->arg, job->epoch);
    }
    sought->n -= job->added_n;
    if (job->added_n > 0)
        memmove(sought->added, sought->added + job->added_n, sought->n * sizeof(*sought->added));
    memmove(sweeper->jobs, sweeper->jobs + 1, --sweeper->jobs_n * sizeof(*job));
}

static bool seeks_everything(const struct sw_sweeper *sweeper)
{
    for (size_t i = 0; i < sweeper->jobs_n; i++)
        if (sweeper->jobs[i].everything)
            return true;
    return false;
}

/* Walk a part of the caches, if a job needs a walk. Called and left with the lock, which is
 * released during the walk. */
static void walk_part(struct sw_sweeper *sweeper)
{
    const struct sw_feed_host *host = sweeper->host;
    struct sw_changeset changes = {.added = sweeper->sought.added,
                                   .added_n = sweeper->sought.n,
                                   .everything = seeks_everything(sweeper),
                                   .new_n = sweeper->new_n,
                                   .all_is_new = sweeper->all_is_new,
                                   .stop = &sweeper->stopping};
    int64_t cpu_began = cpu_us();
    pthread_mutex_unlock(&sweeper->lock);
    if (host->sweep && (changes.everything || changes.added_n > 0)) {
        host->sweep(host->arg, &changes, sweeper->part);
        sw_count(&sweeper->counters->sweeps_cpu_us, (uint64_t)(cpu_us() - cpu_began));
    }
    pthread_mutex_lock(&sweeper->lock);
    sweeper->part = (sweeper->part + 1) % SW_FEED_PARTS;
    sweeper->new_n = 0;
    sweeper->all_is_new = false;
    for (size_t i = 0; i < sweeper->jobs_n; i++)
        sweeper->jobs[i].parts -= sweeper->jobs[i].parts > 0;
}

/* The waiting job joins, a part is walked, and finished jobs leave. */
static void sweep(struct sw_sweeper *sweeper)
{
    if (sweeper->waiting)
        join(sweeper);
    walk_part(sweeper);
    while (sweeper->jobs_n > 0 && sweeper->jobs[0].parts == 0)
        leave(sweeper);
}

/* Whether the periodic sweep has yielded to changes for a whole interval. */
static bool is_overdue(const struct sw_sweeper *sweeper)
{
    return sweeper->interval_us > 0 &&
           sw_clock_mono_us() >= sweeper->periodic_since + sweeper->interval_us;
}

/* A part of the periodic sweep. A change ends the part, which is tried again later; an overdue
 * sweep has normal priority and does not yield. Called and left with the lock. */
static void sweep_periodic(struct sw_sweeper *sweeper)
{
    int64_t cpu_began = cpu_us();
    bool patient = !is_overdue(sweeper);
    struct sw_changeset changes = {.everything = true,
                                   .periodic = true,
                                   .low_priority = patient,
                                   .stop = patient ? &sweeper->hurry : &sweeper->stopping};
    pthread_mutex_unlock(&sweeper->lock);
    sweeper->host->sweep(sweeper->host->arg, &changes, sweeper->periodic_part);
    sw_count(&sweeper->counters->sweeps_cpu_us, (uint64_t)(cpu_us() - cpu_began));
    pthread_mutex_lock(&sweeper->lock);
    if (atomic_load_explicit(changes.stop, memory_order_relaxed)) {
        sweeper->periodic_due = sw_clock_mono_us() + CALM_US;
        return;
    }
    sweeper->periodic_part = (sweeper->periodic_part + 1) % SW_FEED_PARTS;
    if (sweeper->periodic_part > 0)
        return;
    sw_count(&sweeper->counters->sweeps_again, 1);
    next_periodic(sweeper, sweeper->interval_us);
}

static void wait_for_work(struct sw_sweeper *sweeper)
{
    if (sweeper->interval_us > 0)
        (void)sw_cond_wait(&sweeper->wake, &sweeper->lock, sweeper->periodic_due);
    else
        pthread_cond_wait(&sweeper->wake, &sweeper->lock);
}

/* Have the cached names of some waiting addresses reported, oldest first. Called and left with the
 * lock. */
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
        if (sweeper->waiting || sweeper->jobs_n > 0) {
            sweep(sweeper);
            if (sweeper->part == 0 && is_overdue(sweeper)) /* one part after each walk */
                sweep_periodic(sweeper);
        } else if (sweeper->addrs_n > 0) {
            report_names(sweeper);
        } else if (sweeper->interval_us > 0 && sw_clock_mono_us() >= sweeper->periodic_due) {
            sweep_periodic(sweeper);
        } else {
            wait_for_work(sweeper);
        }
    }
    pthread_mutex_unlock(&sweeper->lock);
    return NULL;
}

/* ---- life ---- */

enum sw_status sw_sweeper_start(struct sw_sweeper *sweeper)
{
    assert(!sweeper->started);
    sweeper->started = sw_thread_start(&sweeper->thread, "sw-sweeper", run, sweeper);
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
    free(sweeper->coming.added);
    free(sweeper->sought.added);
    free(sweeper);
}

/* ---- the feeder's calls ---- */

/* The stream id that is enforced when all joined jobs are over. */
static struct sw_stream_id *newest(struct sw_sweeper *sweeper)
{
    return sweeper->jobs_n > 0 ? &sweeper->jobs[sweeper->jobs_n - 1].upto : &sweeper->done;
}

void sw_sweeper_hand(struct sw_sweeper *sweeper, const struct sw_changeset *changes)
{
    pthread_mutex_lock(&sweeper->lock);
    if (!sweeper->waiting)
        sweeper->next = (struct job){.upto = *newest(sweeper)};
    sweeper->waiting = true;
    sweeper->next.handed = ++sweeper->handed;
    atomic_store_explicit(&sweeper->hurry, true, memory_order_relaxed);
    if (changes->everything || !append(&sweeper->coming, changes->added, changes->added_n))
        sweeper->next.everything = true;
    pthread_cond_broadcast(&sweeper->wake);
    pthread_mutex_unlock(&sweeper->lock);
}

void sw_sweeper_reached(struct sw_sweeper *sweeper, const struct sw_stream_id *id)
{
    pthread_mutex_lock(&sweeper->lock);
    if (sweeper->waiting)
        sweeper->next.upto = *id;
    else
        *newest(sweeper) = *id;
    pthread_mutex_unlock(&sweeper->lock);
}

bool sw_sweeper_track(struct sw_sweeper *sweeper, const struct sw_addr *addr)
{
    if (!sweeper->host->tracked)
        return true;
    pthread_mutex_lock(&sweeper->lock);
    bool room = sweeper->addrs_n < ADDRS_MAX;
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
    pthread_mutex_lock(&sweeper->lock);
    bool busy = sweeper->waiting || sweeper->jobs_n > 0;
    pthread_mutex_unlock(&sweeper->lock);
    return busy;
}

static uint64_t read_locked(struct sw_sweeper *sweeper, const uint64_t *number)
{
    pthread_mutex_lock(&sweeper->lock);
    uint64_t value = *number;
    pthread_mutex_unlock(&sweeper->lock);
    return value;
}

uint64_t sw_sweeper_handed(struct sw_sweeper *sweeper)
{
    return read_locked(sweeper, &sweeper->handed);
}

uint64_t sw_sweeper_over(struct sw_sweeper *sweeper)
{
    return read_locked(sweeper, &sweeper->over);
}

uint64_t sw_sweeper_last_us(struct sw_sweeper *sweeper)
{
    return read_locked(sweeper, &sweeper->last_us);
}
