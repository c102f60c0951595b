/*
 * feed_rig.h - a complete feeder for tests: redis-server, index, owners, and a host that writes
 * down each requested sweep, and can hold the sweeper or the feeder up.
 *
 * A test, step by step:
 *     rig_init(&rig);                       // server is up, feeder is not
 *     rig_list(&rig, "l", "{}", "a.test", NULL);
 *     rig_start(&rig);  rig_wait_loads(&rig, 1);
 *     rig_change(&rig, "add", "l", "b.test");  rig_wait_applied(&rig);
 *     ck_assert(rig_lists(&rig, "b.test"));
 *     rig_stop(&rig);
 *
 * Threads      the test's; sweeps are written down by the sweeper's, under a lock
 */
#ifndef SW_TESTS_UNIT_FEED_RIG_H
#define SW_TESTS_UNIT_FEED_RIG_H

#include "index_hits.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/rcu.h"
#include "feed/feed.h"
#include "redis_fixture.h"

#include <check.h>
#include <jansson.h>
#include <pthread.h>
#include <stdatomic.h>

#ifndef RIG_DEADLINE_US
#define RIG_DEADLINE_US INT64_C(20000000) /* for anything to happen; generous, never waited out */
#endif
#define RIG_SWEEPS_MAX 64
#define P              "{sinkwatch}"

struct rig_sweep { /* the changes that joined the walk before a part */
    bool everything;
    size_t added_n;
    char first[SW_INDICATORTEXT_MAX]; /* text of the first added indicator */
    size_t sought_n;                  /* added indicators in the search */
    size_t part;
};

struct rig {
    struct redis_fixture rf;
    struct sw_settings settings;
    struct sw_index *index;
    struct sw_owners *owners;
    struct sw_counters counters;
    struct sw_feed *feed;
    struct sw_feed_host host;
    pthread_mutex_t lock; /* guards the following members */
    struct rig_sweep sweeps[RIG_SWEEPS_MAX];
    size_t sweeps_n;
    size_t parts[SW_FEED_PARTS]; /* how often each was walked */
    size_t sought_n;             /* indicators in the last search */
    size_t tracked_n;
    atomic_uint evictions;
    atomic_bool hold, held;     /* the next sweep waits while hold is set; held: a sweep waits */
    atomic_bool hold_next;      /* the following sweep sets hold */
    atomic_bool stall, stalled; /* likewise the feeder, at the next eviction */
};

static atomic_uint rig_errors; /* lines logged as errors */

/* Log lines are printed only on request. */
static inline void rig_log(enum sw_log_level level, const char *line)
{
    if (level == SW_LOG_ERROR)
        atomic_fetch_add(&rig_errors, 1);
    if (getenv("VERBOSE"))
        fprintf(stderr, "%d %s\n", (int)level, line);
}

/* Joining changes are written down; without a joining change the walk goes on. */
static inline void rig_on_sweep(void *arg, const struct sw_changeset *changes, size_t part)
{
    struct rig *rig = arg;
    ck_assert_uint_lt(part, SW_FEED_PARTS);
    ck_assert_uint_le(changes->new_n, changes->added_n);
    if (changes->periodic)
        return;
    pthread_mutex_lock(&rig->lock);
    rig->parts[part]++;
    rig->sought_n = changes->added_n;
    if (rig->sweeps_n < RIG_SWEEPS_MAX && (changes->all_is_new || changes->new_n > 0)) {
        struct rig_sweep *sweep = &rig->sweeps[rig->sweeps_n++];
        *sweep = (struct rig_sweep){.everything = changes->all_is_new,
                                    .added_n = changes->new_n,
                                    .sought_n = changes->added_n,
                                    .part = part};
        if (changes->new_n > 0)
            sw_indicator_text(&changes->added[changes->added_n - changes->new_n], sweep->first);
    }
    pthread_mutex_unlock(&rig->lock);
    if (atomic_exchange(&rig->hold_next, false))
        atomic_store(&rig->hold, true);
    while (atomic_load(&rig->hold)) {
        atomic_store(&rig->held, true);
        poll(NULL, 0, 1);
    }
}

static inline void rig_on_evict(void *arg, const struct sw_changeset *changes)
{
    struct rig *rig = arg;
    ck_assert_uint_gt(changes->added_n, 0);
    atomic_fetch_add(&rig->evictions, 1);
    while (atomic_load(&rig->stall)) {
        atomic_store(&rig->stalled, true);
        poll(NULL, 0, 1);
    }
}

static inline void rig_on_tracked(void *arg, const struct sw_addr *addrs, size_t n)
{
    struct rig *rig = arg;
    (void)addrs;
    pthread_mutex_lock(&rig->lock);
    rig->tracked_n += n;
    pthread_mutex_unlock(&rig->lock);
}

/** Wait until the expression is true; the test fails after the deadline. */
#define RIG_WAIT(expression)                                                                       \
    do {                                                                                           \
        int64_t rig_until = sw_clock_mono_us() + RIG_DEADLINE_US;                                  \
        while (!(expression)) {                                                                    \
            ck_assert_msg(sw_clock_mono_us() < rig_until, "never came true: %s", #expression);     \
            poll(NULL, 0, 2);                                                                      \
        }                                                                                          \
    } while (0)

/** Server started; reconciliation off unless the test sets settings.reconcile_s. */
static inline void rig_init(struct rig *rig)
{
    memset(rig, 0, sizeof(*rig));
    sw_log_sink(rig_log);
    pthread_mutex_init(&rig->lock, NULL);
    redis_fixture_start(&rig->rf, NULL);
    redis_fixture_settings(&rig->rf, &rig->settings);
    snprintf(rig->settings.resolver_id, sizeof(rig->settings.resolver_id), "test");
    rig->settings.reconcile_s = 0;
    rig->index = sw_index_new();
    ck_assert_ptr_nonnull(rig->index);
    rig->host = (struct sw_feed_host){.arg = rig,
                                      .evict = rig_on_evict,
                                      .sweep = rig_on_sweep,
                                      .tracked = rig_on_tracked,
                                      .version = "1.2.3",
                                      .host_version = "Unbound 0"};
}

static inline void rig_start(struct rig *rig)
{
    rig->owners = sw_owners_new(&rig->settings, &rig->counters);
    ck_assert_ptr_nonnull(rig->owners);
    rig->feed = sw_feed_new(&rig->settings, rig->index, rig->owners, &rig->counters, &rig->host);
    ck_assert_ptr_nonnull(rig->feed);
    ck_assert_int_eq(sw_feed_start(rig->feed), SW_OK);
}

static inline void rig_stop(struct rig *rig)
{
    sw_feed_stop(rig->feed);
    sw_feed_free(rig->feed);
    sw_owners_free(rig->owners);
    sw_index_free(rig->index);
    redis_fixture_stop(&rig->rf);
    pthread_mutex_destroy(&rig->lock);
}

/** Sweeps so far, and the purpose of the newest. */
static inline size_t rig_sweeps(struct rig *rig, struct rig_sweep *newest)
{
    pthread_mutex_lock(&rig->lock);
    size_t n = rig->sweeps_n;
    if (n > 0 && newest)
        *newest = rig->sweeps[n - 1];
    pthread_mutex_unlock(&rig->lock);
    return n;
}

/** n loads are over, and the sweep for the first load is under way: no later change is merged with
 * this sweep. */
static inline void rig_wait_loads(struct rig *rig, uint64_t n)
{
    RIG_WAIT(sw_counted(&rig->counters.full_loads) >= n);
    RIG_WAIT(rig_sweeps(rig, NULL) > 0);
}

/* ---- writing to Redis ---- */

/** A list: the policy, and indicators up to NULL. Not announced in the stream. */
static inline void rig_list(struct rig *rig, const char *name, const char *policy, ...)
{
    va_list args;
    const char *item;

    redis_fixture_run(&rig->rf, "HSET %s %s %s", P ":lists", name, policy);
    va_start(args, policy);
    while ((item = va_arg(args, const char *)))
        redis_fixture_run(&rig->rf, "HSET " P ":list:%s %s %s", name, item, "");
    va_end(args);
}

/** Append to the stream only. */
static inline void rig_entry(struct rig *rig, const char *op, const char *list, const char *item)
{
    if (item)
        redis_fixture_run(&rig->rf, "XADD %s * op %s list %s i %s", P ":changes", op, list, item);
    else
        redis_fixture_run(&rig->rf, "XADD %s * op %s list %s", P ":changes", op, list);
}

/** As feeds do: hash and stream. op: add or remove. */
static inline void rig_change(struct rig *rig, const char *op, const char *list, const char *item)
{
    if (strcmp(op, "add") == 0)
        redis_fixture_run(&rig->rf, "HSET " P ":list:%s %s %s", list, item, "");
    else
        redis_fixture_run(&rig->rf, "HDEL " P ":list:%s %s", list, item);
    rig_entry(rig, op, list, item);
}

/* ---- reading the results ---- */

/** A field of the status hash in a static buffer; "" when there is none. */
static inline const char *rig_status(struct rig *rig, const char *field)
{
    static char text[65536];
    redisReply *reply = redis_fixture_command(&rig->rf, "HGET %s %s", P ":resolver:test", field);

    snprintf(text, sizeof(text), "%s",
             reply && reply->type == REDIS_REPLY_STRING ? reply->str : "");
    freeReplyObject(reply);
    return text;
}

static inline bool rig_status_has(struct rig *rig, const char *field, const char *words)
{
    return strstr(rig_status(rig, field), words) != NULL;
}

/** How often the server was given a command, by whomever. */
static inline unsigned long rig_calls(struct rig *rig, const char *command)
{
    redisReply *reply = redis_fixture_command(&rig->rf, "INFO commandstats");
    char words[64];

    snprintf(words, sizeof(words), "cmdstat_%s:calls=", command);
    const char *at = strstr(reply->str, words);
    unsigned long n = at ? strtoul(at + strlen(words), NULL, 10) : 0;
    freeReplyObject(reply);
    return n;
}

/** Whether the newest entry of the stream has been reported as applied. */
static inline bool rig_is_applied(struct rig *rig)
{
    redisReply *reply = redis_fixture_command(&rig->rf, "XREVRANGE %s + - COUNT 1", P ":changes");
    bool applied = reply && reply->type == REDIS_REPLY_ARRAY && reply->elements == 1 &&
                   strcmp(rig_status(rig, "applied"), reply->element[0]->element[0]->str) == 0;

    freeReplyObject(reply);
    return applied;
}

static inline void rig_wait_applied(struct rig *rig)
{
    RIG_WAIT(rig_is_applied(rig));
}

/** The policy of the first list that covers a name, copied; false when there is none. */
static inline bool rig_find(struct rig *rig, const char *text, struct sw_policy *policy)
{
    struct sw_name name;
    struct sw_hit hits[HITS_MAX];
    ck_assert_int_eq(sw_name_parse(text, strlen(text), &name, NULL), SW_OK);
    sw_rcu_enter();
    struct sw_view view = sw_index_view(rig->index);
    size_t n = find_name(&view, name.wire, name.len, hits, HITS_MAX);
    if (n > 0 && policy)
        *policy = *hits[0].list;
    sw_rcu_leave();
    return n > 0;
}

static inline bool rig_lists(struct rig *rig, const char *text)
{
    return rig_find(rig, text, NULL);
}

/** Whether a list with this action covers the name. */
static inline bool rig_acts(struct rig *rig, const char *text, enum sw_action action)
{
    struct sw_policy policy;
    return rig_find(rig, text, &policy) && policy.action == action;
}

static inline bool rig_tracks(struct rig *rig, const char *text)
{
    struct sw_addr addr;
    ck_assert_int_eq(sw_addr_parse(text, strlen(text), &addr, NULL), SW_OK);
    sw_rcu_enter();
    bool tracked = sw_feed_is_tracked(rig->feed, &addr);
    sw_rcu_leave();
    return tracked;
}

static inline size_t rig_tracked_told(struct rig *rig)
{
    pthread_mutex_lock(&rig->lock);
    size_t n = rig->tracked_n;
    pthread_mutex_unlock(&rig->lock);
    return n;
}

#endif
