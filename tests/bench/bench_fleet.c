/*
 * bench_fleet.c - many resolvers on the same Redis: the real feeder, so many times in a process.
 *
 *   bench_fleet
 *
 * For 1, 50 and 200 resolvers, each with a separate index that holds the same list:
 *
 * fleet_idle_commands_per_s  commands that Redis serves for a resolver while nothing changes
 * fleet_idle_redis_cpu_us    Redis's processor time for a resolver and second, likewise
 * fleet_change_redis_cpu_us  Redis's processor time for a change and a resolver
 * fleet_visible_p50_ms, _p99 from the XADD of an indicator until every index has the indicator
 * fleet_applied_p50_ms, _p99 likewise until Redis has the report of every resolver: the wait of
 *                            `sinkwatch add --wait`
 * fleet_burst_s              10,000 changes at once until every index has the last
 *
 * A JSON object for each figure goes to the file that SW_BENCH_OUT or SINKWATCH_BENCH names
 * (build/bench.jsonl).
 */
#include "../unit/index_hits.h"
#include "../unit/redis_fixture.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/rcu.h"
#include "feed/feed.h"

#include <inttypes.h>

#define FLEET_MAX 200
#define NAMES     2000  /* in the list before */
#define CHANGES   200   /* singly, for the percentiles */
#define BURST     10000 /* at once */
#define IDLE_MS   6000  /* longer than a resolver's interval of reports */
#define P         "{sinkwatch}"

struct resolver {
    struct sw_settings settings;
    struct sw_counters counters;
    struct sw_index *index;
    struct sw_owners *owners;
    struct sw_feed *feed;
};

static struct redis_fixture server;
static redisContext *redis;
static struct resolver fleet[FLEET_MAX];
static unsigned last_name = NAMES;

static void fail(const char *what)
{
    fprintf(stderr, "bench_fleet: %s\n", what);
    exit(EXIT_FAILURE);
}

static void ok(redisReply *reply)
{
    if (!reply || reply->type == REDIS_REPLY_ERROR)
        fail(reply ? reply->str : "no answer");
    freeReplyObject(reply);
}

/* ---- figures ---- */

static void report(unsigned resolvers, const char *name, double value, const char *unit, unsigned n)
{
    const char *path = getenv("SW_BENCH_OUT") ? getenv("SW_BENCH_OUT") : getenv("SINKWATCH_BENCH");
    printf("%-30s %4u resolvers %12.2f %s\n", name, resolvers, value, unit);
    fflush(stdout);
    FILE *file = fopen(path ? path : "build/bench.jsonl", "a");
    if (!file)
        return;
    fprintf(file, "{\"name\":\"%s_%u\",\"value\":%.4f,\"unit\":\"%s\",\"n\":%u}\n", name, resolvers,
            value, unit, n);
    fclose(file);
}

static int by_value(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return *x < *y ? -1 : *x > *y;
}

static void report_percentiles(unsigned resolvers, const char *what, double *ms, unsigned n)
{
    char name[64];
    qsort(ms, n, sizeof(*ms), by_value);
    snprintf(name, sizeof(name), "%s_p50_ms", what);
    report(resolvers, name, ms[n / 2], "ms", n);
    snprintf(name, sizeof(name), "%s_p99_ms", what);
    report(resolvers, name, ms[n * 99 / 100], "ms", n);
    snprintf(name, sizeof(name), "%s_max_ms", what);
    report(resolvers, name, ms[n - 1], "ms", n);
}

/* A number of INFO: "used_cpu_user:1.23" of a section. */
static double info(const char *section, const char *field)
{
    redisReply *reply = redisCommand(redis, "INFO %s", section);
    const char *at = reply && reply->str ? strstr(reply->str, field) : NULL;
    if (!at)
        fail("INFO");
    double value = strtod(at + strlen(field) + 1, NULL);
    freeReplyObject(reply);
    return value;
}

static double redis_cpu_us(void)
{
    return (info("cpu", "used_cpu_user") + info("cpu", "used_cpu_sys")) * 1e6;
}

/* ---- resolvers ---- */

static void fill_list(void)
{
    ok(redisCommand(redis, "HSET " P ":lists l {\"action\":\"nxdomain\"}"));
    for (unsigned i = 0; i < NAMES; i++)
        ok(redisCommand(redis, "HSET " P ":list:l n%u.fleet.example %s", i, ""));
    ok(redisCommand(redis, "XADD " P ":changes * op policy list l"));
}

static bool has(const struct resolver *resolver, unsigned number)
{
    char text[64];
    struct sw_name name;
    struct sw_hit hit;
    int len = snprintf(text, sizeof(text), "n%u.fleet.example", number);
    if (sw_name_parse(text, (size_t)len, &name, NULL) != SW_OK)
        fail("name");
    sw_rcu_enter();
    struct sw_view view = sw_index_view(resolver->index);
    bool found = find_name(&view, name.wire, name.len, &hit, 1) > 0;
    sw_rcu_leave();
    return found;
}

/* Wait until every resolver has a name; microseconds of the monotonic clock then. */
static int64_t wait_for_all(unsigned resolvers, unsigned number)
{
    int64_t until_us = sw_clock_mono_us() + INT64_C(120000000);
    for (unsigned i = 0; i < resolvers; i++)
        while (!has(&fleet[i], number)) {
            if (sw_clock_mono_us() > until_us)
                fail("a resolver never had the change");
            usleep(20);
        }
    return sw_clock_mono_us();
}

static void start_fleet(unsigned resolvers)
{
    for (unsigned i = 0; i < resolvers; i++) {
        struct resolver *r = &fleet[i];
        memset(r, 0, sizeof(*r));
        redis_fixture_settings(&server, &r->settings);
        r->settings.redis_timeout_ms = 60000;
        r->settings.reconcile_s = 0;
        snprintf(r->settings.resolver_id, sizeof(r->settings.resolver_id), "r%u", i);
        r->index = sw_index_new();
        r->owners = sw_owners_new(&r->settings, &r->counters);
        if (!r->index || !r->owners)
            fail("out of memory");
        r->feed = sw_feed_new(&r->settings, r->index, r->owners, &r->counters, NULL);
        if (!r->feed || sw_feed_start(r->feed) != SW_OK)
            fail("no feeder");
    }
    wait_for_all(resolvers, last_name - 1);
}

static void stop_fleet(unsigned resolvers)
{
    for (unsigned i = 0; i < resolvers; i++) {
        sw_feed_stop(fleet[i].feed);
        sw_feed_free(fleet[i].feed);
        sw_owners_free(fleet[i].owners);
        sw_index_free(fleet[i].index);
    }
}

/* ---- measuring ---- */

static void measure_idle(unsigned resolvers)
{
    double commands = info("stats", "total_commands_processed");
    double cpu_us = redis_cpu_us();
    int64_t begin_us = sw_clock_mono_us();
    poll(NULL, 0, IDLE_MS);
    double seconds = (double)(sw_clock_mono_us() - begin_us) / 1e6;
    commands = info("stats", "total_commands_processed") - commands;
    report(resolvers, "fleet_idle_commands_per_s", commands / seconds / resolvers, "1/s", 1);
    report(resolvers, "fleet_idle_redis_cpu_us", (redis_cpu_us() - cpu_us) / seconds / resolvers,
           "us/s", 1);
}

/* Add the next name; the id of the stream entry goes to id. */
static void add_one(char id[64])
{
    ok(redisCommand(redis, "HSET " P ":list:l n%u.fleet.example %s", last_name, ""));
    redisReply *reply = redisCommand(
        redis, "XADD " P ":changes MAXLEN ~ 100000 * op add list l i n%u.fleet.example", last_name);
    if (!reply || reply->type != REDIS_REPLY_STRING)
        fail("XADD");
    snprintf(id, 64, "%s", reply->str);
    freeReplyObject(reply);
    last_name++;
}

static void measure_visible(unsigned resolvers)
{
    static double ms[CHANGES];
    char id[64];
    double cpu_us = redis_cpu_us();
    for (unsigned i = 0; i < CHANGES; i++) {
        int64_t begin_us = sw_clock_mono_us();
        add_one(id);
        ms[i] = (double)(wait_for_all(resolvers, last_name - 1) - begin_us) / 1e3;
    }
    report_percentiles(resolvers, "fleet_visible", ms, CHANGES);
    report(resolvers, "fleet_change_redis_cpu_us", (redis_cpu_us() - cpu_us) / CHANGES / resolvers,
           "us", CHANGES);
}

/* "123-4" is no less than "123-3". */
static bool reached(const char *is, const char *wanted)
{
    uint64_t ms, n, wanted_ms, wanted_n;
    return is && sscanf(is, "%" SCNu64 "-%" SCNu64, &ms, &n) == 2 &&
           sscanf(wanted, "%" SCNu64 "-%" SCNu64, &wanted_ms, &wanted_n) == 2 &&
           (ms > wanted_ms || (ms == wanted_ms && n >= wanted_n));
}

static unsigned count_applied(unsigned resolvers, const char *id)
{
    unsigned n = 0;
    for (unsigned i = 0; i < resolvers; i++)
        redisAppendCommand(redis, "HGET " P ":resolver:r%u applied", i);
    for (unsigned i = 0; i < resolvers; i++) {
        redisReply *reply = NULL;
        if (redisGetReply(redis, (void **)&reply) != REDIS_OK)
            fail("HGET");
        n += reached(reply->str, id);
        freeReplyObject(reply);
    }
    return n;
}

static void measure_applied(unsigned resolvers)
{
    static double ms[CHANGES];
    char id[64];
    for (unsigned i = 0; i < CHANGES; i++) {
        int64_t begin_us = sw_clock_mono_us();
        add_one(id);
        while (count_applied(resolvers, id) < resolvers)
            usleep(500);
        ms[i] = (double)(sw_clock_mono_us() - begin_us) / 1e3;
    }
    report_percentiles(resolvers, "fleet_applied", ms, CHANGES);
}

static void measure_burst(unsigned resolvers)
{
    int64_t begin_us = sw_clock_mono_us();
    for (unsigned i = 0; i < BURST; i++) {
        redisAppendCommand(redis, "HSET " P ":list:l n%u.fleet.example %s", last_name, "");
        redisAppendCommand(redis,
                           "XADD " P ":changes MAXLEN ~ 100000 * op add list l i n%u.fleet.example",
                           last_name);
        last_name++;
    }
    for (unsigned i = 0; i < 2 * BURST; i++) {
        redisReply *reply = NULL;
        if (redisGetReply(redis, (void **)&reply) != REDIS_OK)
            fail("burst");
        ok(reply);
    }
    double seconds = (double)(wait_for_all(resolvers, last_name - 1) - begin_us) / 1e6;
    report(resolvers, "fleet_burst_s", seconds, "s", BURST);
}

static void no_log(enum sw_log_level level, const char *line)
{
    (void)level, (void)line; /* 200 resolvers log a loaded list */
}

int main(void)
{
    static const unsigned sizes[] = {1, 50, FLEET_MAX};
    sw_log_sink(no_log);
    redis_fixture_start(&server, NULL);
    redis = redisConnectUnix(server.socket);
    if (!redis || redis->err)
        fail("no connection");
    fill_list();
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        start_fleet(sizes[i]);
        measure_idle(sizes[i]);
        measure_visible(sizes[i]);
        measure_applied(sizes[i]);
        measure_burst(sizes[i]);
        stop_fleet(sizes[i]);
    }
    redisFree(redis);
    redis_fixture_stop(&server);
    return EXIT_SUCCESS;
}
