/* feed.c - see feed.h; the feeder's thread with connection, loop and pauses. */
#include "feed/feed.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/thread.h"
#include "feed/feeder.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BACKOFF_MIN_MS 100
#define BACKOFF_MAX_MS 5000
#define GARDEN_US      INT64_C(60000000) /* without a failure until SW_PROBLEM_GARDEN is cleared */
#define TICK_MS        100 /* between two calls of sw_feed_tick() while Redis is away */
#define GRACE_MS       300 /* for the thread to end, before the connections are interrupted */

/* ---- hooks of load.h ---- */

static void on_refused(void *arg, const struct sw_refusal *refusal)
{
    struct sw_feed *feed = arg;
    sw_count(&feed->counters->items_refused, 1);
    sw_refused_note(&feed->refused, refusal, sw_clock_mono_us());
}

/* Between two chunks of a list: a long load must not delay other work. False: stop the load. */
static bool on_turn(void *arg)
{
    struct sw_feed *feed = arg;
    if (sw_feed_stopping(feed))
        return false;
    sw_feed_tick(feed);
    return sw_clock_mono_us() < feed->report_due || sw_feed_report(feed) == SW_OK;
}

static int64_t on_wall_us(void *arg)
{
    return sw_feed_wall_us(arg);
}

/* While a reply of Redis is awaited: indicators expire also then. */
static void on_wait(void *arg)
{
    sw_feed_expire(arg);
}

static void on_changed(void *arg, const struct sw_list *list, bool sweep)
{
    struct sw_feed *feed = arg;
    sw_feed_came(feed, list);
    feed->dirty = true;
    if (sweep)
        sw_feed_changed_everything(feed);
}

/* ---- the wait between two rounds ---- */

/* Open new MMDB files, in which addresses of cached answers may have other owners. */
static void check_mmdb(struct sw_feed *feed, bool first)
{
    bool replaced = sw_owners_refresh(feed->owners);
    const char *former = feed->mmdb_next ? feed->mmdb_next : feed->mmdb_json;
    char *json = sw_owners_status(feed->owners);
    feed->mmdb_due = sw_clock_mono_us() + (int64_t)feed->settings->mmdb_check_s * 1000000;
    if (replaced && !first) {
        sw_feed_changed_everything(feed);
        sw_feed_enforce(feed);
        feed->mmdb_handed = sw_sweeper_handed(feed->sweeper);
    }
    if (!json || (former && strcmp(json, former) == 0)) {
        free(json);
        return;
    }
    free(feed->mmdb_next);
    feed->mmdb_next = json;
}

void sw_feed_tick(struct sw_feed *feed)
{
    int64_t now = sw_clock_mono_us();
    sw_feed_expire(feed);
    sw_feed_take_requests(feed);
    sw_refused_tick(&feed->refused, now);
    if (now >= feed->mmdb_due)
        check_mmdb(feed, false);
}

/* Wait until the time is over, or the feeder has to stop. */
static void wait_ms(struct sw_feed *feed, uint32_t ms)
{
    int64_t until_us = sw_clock_mono_us() + (int64_t)ms * 1000;
    pthread_mutex_lock(&feed->lock);
    while (!sw_feed_stopping(feed) && sw_cond_wait(&feed->wake, &feed->lock, until_us))
        continue;
    pthread_mutex_unlock(&feed->lock);
}

/* Pause before the next connection, longer each time. The random part keeps resolvers from
 * connecting all at once. */
static void back_off(struct sw_feed *feed)
{
    uint32_t ms = feed->backoff_ms / 2 + arc4random_uniform(feed->backoff_ms / 2 + 1);
    int64_t until = sw_clock_mono_us() + (int64_t)ms * 1000;
    int64_t left;
    feed->backoff_ms =
        feed->backoff_ms * 2 < BACKOFF_MAX_MS ? feed->backoff_ms * 2 : BACKOFF_MAX_MS;
    while ((left = until - sw_clock_mono_us()) > 0 && !sw_feed_stopping(feed)) {
        sw_feed_tick(feed);
        sw_local_tick(feed);
        wait_ms(feed, left < TICK_MS * 1000 ? (uint32_t)(left / 1000) + 1 : TICK_MS);
    }
}

/* Report a walled garden that cannot be resolved, until a minute has passed without a failure. */
static void check_gardens(struct sw_feed *feed, int64_t now)
{
    struct sw_name name;
    char text[SW_NAMETEXT_MAX];
    if (feed->host.garden && feed->host.garden(feed->host.arg, &name)) {
        if (!feed->problems[SW_PROBLEM_GARDEN][0])
            sw_feed_problem(feed, SW_PROBLEM_GARDEN,
                            "walled garden %.150s cannot be resolved: clients get the alias alone",
                            sw_name_text(name.wire, text));
        feed->garden_until = now + GARDEN_US;
    } else if (feed->problems[SW_PROBLEM_GARDEN][0] && now >= feed->garden_until) {
        sw_feed_problem(feed, SW_PROBLEM_GARDEN, NULL);
    }
}

/* Periodic work while connected: report, reconciliation, tracked addresses. */
static enum sw_status do_what_is_due(struct sw_feed *feed)
{
    enum sw_status status = SW_OK;
    int64_t now = sw_clock_mono_us();
    bool may_copy = sw_feed_state_is_due(feed); /* the check of the stream would take its turn */
    check_gardens(feed, now);
    if (now >= feed->report_due) {
        status = sw_feed_check_stream(feed);
        if (status == SW_OK)
            status = sw_feed_report(feed);
    }
    if (status == SW_OK && feed->settings->reconcile_s > 0 && now >= feed->reconcile_due &&
        may_copy) {
        status = sw_feed_check_server(feed);
        if (status == SW_OK)
            status = sw_feed_check_stream(feed);
        if (status == SW_OK && !feed->load_due)
            status = sw_feed_reconcile(feed);
        if (status == SW_OK)
            sw_feed_begin_inquiries(feed);
    }
    if (!feed->inquiries_ok && now >= feed->inquiries_due)
        sw_feed_begin_inquiries(feed);
    if (status == SW_OK && !feed->tracks_ok && now >= feed->tracks_due && !feed->load_due)
        status = sw_feed_load_tracked(feed);
    if (status == SW_OK && feed->unsent_n > 0 && now >= feed->unsent_due && !feed->load_due)
        status = sw_feed_send_tracked(feed);
    return status == SW_OK ? sw_feed_send_answers(feed) : status;
}

/* One round of the loop while connected. */
static enum sw_status round_of(struct sw_feed *feed)
{
    sw_feed_tick(feed);
    enum sw_status status = sw_feed_take_notifications(feed);
    if (status != SW_OK)
        return status;
    if (feed->load_due)
        return sw_feed_load(feed);
    feed->backoff_ms = BACKOFF_MIN_MS;
    status = sw_feed_report_applied(feed);
    if (status == SW_OK)
        status = do_what_is_due(feed);
    if (status != SW_OK || feed->load_due)
        return status;
    sw_local_tick(feed);
    if (feed->stream_ok) {
        status = sw_feed_audit(feed);
        return status == SW_OK ? sw_feed_follow(feed) : status;
    }
    status = sw_feed_compare(feed, NULL);
    if (status == SW_OK && feed->dirty)
        status = sw_feed_finish_batch(feed);
    wait_ms(feed, TICK_MS);
    return status;
}

/* Follow the stream from the position of the last session, or of the local snapshot, if the stream
 * still has all later entries. */
static enum sw_status resume(struct sw_feed *feed)
{
    enum sw_status status = sw_feed_check_stream(feed);
    if (status != SW_OK || feed->load_due)
        return status;
    feed->state = SW_FEED_FOLLOWING;
    sw_feed_problem(feed, SW_PROBLEM_REDIS, NULL);
    sw_feed_tell_lost(feed);
    if (!feed->tracked_due)
        return SW_OK;
    sw_log(SW_LOG_INFO, "following the changes since the snapshot");
    feed->tracked_due = false;
    status = sw_feed_load_tracked(feed);
    if (status != SW_OK)
        return status;
    feed->dirty = true;
    sw_local_is_current(feed);
    return sw_feed_finish_batch(feed);
}

/* From a fresh connection until the connection is lost or the feeder has to stop. */
static void session(struct sw_feed *feed)
{
    enum sw_status status = sw_feed_check_server(feed);
    if (feed->server[0] == '\0')
        feed->load_due = true;
    sw_feed_begin_inquiries(feed);
    if (status == SW_OK && !feed->load_due)
        status = resume(feed);
    feed->report_due = feed->lists_due = 0; /* Redis may not have the status hash any more */
    sw_feed_forget_notifications(feed);
    feed->keyspace.again = !feed->load_due; /* notifications between two sessions are lost */
    while (status == SW_OK && !sw_feed_stopping(feed))
        status = round_of(feed);
    sw_copy_clear(&feed->copy);
    sw_feed_enforce(feed);
    if (sw_feed_stopping(feed) && sw_redis_is_open(feed->out))
        sw_feed_farewell(feed);
    else if (!sw_feed_stopping(feed))
        sw_count(&feed->counters->redis_failures, 1);
    sw_feed_forget_notifications(feed);
    sw_redis_close(feed->redis);
    feed->state = SW_FEED_DISCONNECTED;
}

static void *run(void *arg)
{
    struct sw_feed *feed = arg;
    check_mmdb(feed, true);
    while (!sw_feed_stopping(feed)) {
        sw_feed_tick(feed);
        if (sw_redis_open(feed->redis) == SW_OK) {
            sw_count(&feed->counters->redis_connects, 1);
            session(feed);
        } else {
            sw_count(&feed->counters->redis_failures, 1);
            sw_feed_failed(feed, SW_EIO, "connecting");
        }
        back_off(feed);
    }
    sw_local_stop(feed);
    pthread_mutex_lock(&feed->lock);
    feed->finished = true;
    pthread_cond_broadcast(&feed->wake);
    pthread_mutex_unlock(&feed->lock);
    return NULL;
}

/* ---- life ---- */

/* A condition variable on the monotonic clock, and the mutex. */
static enum sw_status init_locks(struct sw_feed *feed)
{
    if (!sw_cond_init(&feed->wake))
        return SW_ENOMEM;
    if (pthread_mutex_init(&feed->lock, NULL) == 0)
        return SW_OK;
    pthread_cond_destroy(&feed->wake);
    return SW_ENOMEM;
}

static void free_connections(struct sw_feed *feed)
{
    if (feed->out != feed->redis)
        sw_redis_free(feed->out);
    sw_redis_free(feed->keyspace.redis);
    sw_redis_free(feed->redis);
}

struct sw_feed *sw_feed_new(const struct sw_settings *settings, struct sw_index *index,
                            struct sw_owners *owners, struct sw_counters *counters,
                            const struct sw_feed_host *host)
{
    struct sw_feed *feed = calloc(1, sizeof(*feed));
    if (!feed)
        return NULL;
    feed->settings = settings;
    feed->index = index;
    feed->owners = owners;
    feed->counters = counters;
    if (host)
        feed->host = *host;
    feed->hooks = (struct sw_load_hooks){feed, on_refused, on_turn, on_changed, on_wall_us};
    feed->state = SW_FEED_DISCONNECTED;
    feed->started_us = sw_clock_wall_us();
    feed->load_due = true;
    feed->stream_ok = true;
    feed->backoff_ms = BACKOFF_MIN_MS;
    sw_lists_init(&feed->lists, index);
    feed->sweeper = sw_sweeper_new(&feed->host, counters, settings->sweep_s);
    if (!feed->sweeper)
        goto no_sweeper;
    feed->redis = sw_redis_new(settings);
    feed->out = settings->redis_primary[0] ? sw_redis_new_writer(settings) : feed->redis;
    if (!feed->redis || !feed->out)
        goto no_locks;
    if (settings->redis_notices && !(feed->keyspace.redis = sw_redis_new(settings)))
        goto no_locks;
    sw_redis_on_wait(feed->redis, on_wait, feed);
    sw_redis_on_wait(feed->out, on_wait, feed);
    if (feed->keyspace.redis)
        sw_redis_on_wait(feed->keyspace.redis, on_wait, feed);
    if (init_locks(feed) != SW_OK)
        goto no_locks;
    if (sw_tracked_init(&feed->tracked, settings->tracked_max) == SW_OK)
        return feed;
    pthread_mutex_destroy(&feed->lock);
    pthread_cond_destroy(&feed->wake);
no_locks:
    free_connections(feed);
    sw_sweeper_free(feed->sweeper);
no_sweeper:
    free(feed);
    return NULL;
}

enum sw_status sw_feed_start(struct sw_feed *feed)
{
    assert(!feed->started);
    if (sw_sweeper_start(feed->sweeper) != SW_OK)
        return SW_ENOMEM;
    feed->started = sw_thread_start(&feed->thread, "sw-feeder", run, feed);
    return feed->started ? SW_OK : SW_ENOMEM;
}

void sw_feed_stop(struct sw_feed *feed)
{
    if (!feed)
        return;
    sw_sweeper_stop(feed->sweeper);
    if (!feed->started)
        return;
    int64_t until_us = sw_clock_mono_us() + GRACE_MS * 1000;
    pthread_mutex_lock(&feed->lock);
    atomic_store_explicit(&feed->stopping, true, memory_order_release);
    pthread_cond_broadcast(&feed->wake);
    while (!feed->finished && sw_cond_wait(&feed->wake, &feed->lock, until_us))
        continue;
    pthread_mutex_unlock(&feed->lock);
    sw_redis_interrupt(feed->redis);
    sw_redis_interrupt(feed->out);
    if (feed->keyspace.redis)
        sw_redis_interrupt(feed->keyspace.redis);
    pthread_join(feed->thread, NULL);
    feed->started = false;
}

void sw_feed_free(struct sw_feed *feed)
{
    if (!feed)
        return;
    sw_feed_stop(feed);
    sw_sweeper_free(feed->sweeper);
    sw_copy_clear(&feed->copy);
    sw_lists_clear(&feed->lists);
    sw_tracked_clear(&feed->tracked);
    free_connections(feed);
    pthread_mutex_destroy(&feed->lock);
    pthread_cond_destroy(&feed->wake);
    free(feed->mmdb_json);
    free(feed->mmdb_next);
    free(feed->added);
    free(feed);
}

void sw_feed_track(struct sw_feed *feed, const struct sw_addr *addr)
{
    sw_tracked_request(&feed->tracked, addr);
}

bool sw_feed_is_tracked(const struct sw_feed *feed, const struct sw_addr *addr)
{
    return sw_tracked_has(&feed->tracked, addr);
}
