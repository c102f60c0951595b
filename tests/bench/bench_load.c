/*
 * bench_load.c - a full load from a Redis on the same machine, by the real feeder.
 *
 *   bench_load [NAMES...]     default 1000000, on a single list and on 1,000; with LONG=1 10000000
 *                             and 50000000 as well
 *
 * load_redis_s       from the feeder's start until all names are in force (median of rounds); the
 *                    baseline is a bare client that reads the same hash (HSCAN, chunk after chunk)
 *                    and drops the data
 * load_peak_ratio    the highest memory while a second feeder's index replaced all content, against
 *                    the memory afterwards
 * load_probe_us      longest delay of a reader that looks names up all the time while the list is
 *                    loaded again; the baseline is the same beside the bare client, since any
 *                    reader of a hash takes Redis and a processor. The line above has the number of
 *                    look-ups, and of look-ups of a millisecond and more, also without other work
 *
 * load_resident_ratio  the same of the whole process, by resident memory
 * load_server_bytes  octets that Redis itself needs for each name
 * lists_*            the names on 1,000 lists: the load, and the time (from a change to the report)
 *                    and size of a status report
 *
 * From 20 M names on there is a single round, and none where memory does not suffice for Redis and
 * us. A JSON object for each figure goes to the file that SW_BENCH_OUT or SINKWATCH_BENCH names
 * (build/bench.jsonl).
 */
#include "../unit/index_hits.h"
#include "../unit/redis_fixture.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/rcu.h"
#include "feed/feed.h"
#include "proc_memory.h"

#include <pthread.h>
#include <stdatomic.h>

#define P      "{sinkwatch}"
#define ROUNDS 3
#define BATCH  1000
#define LISTS  1000
#define MANY   20000000 /* names: a single round is enough from here on */
#define EACH   150.0    /* octets for each name, in Redis and here */

static struct redis_fixture server;
static redisContext *redis;
static struct sw_settings settings;
static struct sw_counters counters;
static struct sw_index *names_index;
static struct sw_owners *owners;
static struct sw_feed *feed;
static int rounds = ROUNDS;
static const char *prefix = ""; /* of a figure's name */

static void fail(const char *what)
{
    fprintf(stderr, "bench_load: %s\n", what);
    exit(EXIT_FAILURE);
}

static void no_log(enum sw_log_level level, const char *line)
{
    (void)level, (void)line;
}

static void figure(const char *name, size_t names, double value, const char *unit, double baseline)
{
    const char *path = getenv("SW_BENCH_OUT") ? getenv("SW_BENCH_OUT") : getenv("SINKWATCH_BENCH");
    FILE *out = fopen(path ? path : "build/bench.jsonl", "a");
    char size[16] = "small";
    if (!out)
        fail("the file for figures cannot be opened");
    if (names >= 1000000)
        snprintf(size, sizeof(size), "%zum", names / 1000000);
    fprintf(out, "{\"name\":\"%s%s_%s\",\"value\":%.3f,\"unit\":\"%s\"", prefix, name, size, value,
            unit);
    printf("%s%-20s %9zu names %10.3f %-5s", prefix, name, names, value, unit);
    if (baseline > 0) {
        fprintf(out, ",\"baseline\":%.3f,\"ratio\":%.3f", baseline, value / baseline);
        printf(" baseline %.3f, ratio %.2f", baseline, value / baseline);
    }
    fprintf(out, ",\"n\":%d}\n", rounds);
    printf("\n");
    fflush(stdout);
    fclose(out);
}

static int by_value(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static double median(double *values)
{
    qsort(values, (size_t)rounds, sizeof(*values), by_value);
    return values[rounds / 2];
}

static void take_reply(void)
{
    redisReply *reply = NULL;
    if (redisGetReply(redis, (void **)&reply) != REDIS_OK || reply->type == REDIS_REPLY_ERROR)
        fail("Redis does not take the names");
    freeReplyObject(reply);
}

static void fill(size_t n)
{
    redisAppendCommand(redis, "FLUSHALL");
    redisAppendCommand(redis, "HSET " P ":lists big {\"action\":\"nxdomain\"}");
    take_reply();
    take_reply();
    for (size_t i = 0; i < n; i += BATCH) {
        for (size_t k = i; k < i + BATCH && k < n; k++)
            redisAppendCommand(redis, "HSET " P ":list:big host%lx.domain%lu.example %s",
                               (unsigned long)k, (unsigned long)(k % 977), "");
        for (size_t k = i; k < i + BATCH && k < n; k++)
            take_reply();
    }
}

/* ---- the two ways to read ---- */

static double read_bare(void)
{
    char cursor[32] = "0";
    double start = (double)sw_clock_mono_us();
    do {
        redisReply *reply = redisCommand(redis, "HSCAN " P ":list:big %s COUNT 1000", cursor);
        if (!reply || reply->type != REDIS_REPLY_ARRAY)
            fail("HSCAN");
        snprintf(cursor, sizeof(cursor), "%s", reply->element[0]->str);
        freeReplyObject(reply);
    } while (strcmp(cursor, "0") != 0);
    return ((double)sw_clock_mono_us() - start) / 1e6;
}

static bool has(size_t i)
{
    char text[80];
    struct sw_name name;
    struct sw_hit hit;
    int len = snprintf(text, sizeof(text), "host%zx.domain%zu.example", i, i % 977);
    if (sw_name_parse(text, (size_t)len, &name, NULL) != SW_OK)
        fail("name");
    sw_rcu_enter();
    struct sw_view view = sw_index_view(names_index);
    bool found = find_name(&view, name.wire, name.len, &hit, 1) > 0;
    sw_rcu_leave();
    return found;
}

static void start_feed(void)
{
    memset(&counters, 0, sizeof(counters));
    names_index = sw_index_new();
    owners = sw_owners_new(&settings, &counters);
    feed = sw_feed_new(&settings, names_index, owners, &counters, NULL);
    if (!names_index || !owners || !feed || sw_feed_start(feed) != SW_OK)
        fail("no feeder");
}

static void stop_feed(void)
{
    sw_feed_stop(feed);
    sw_feed_free(feed);
    sw_owners_free(owners);
    sw_index_free(names_index);
}

static void wait_loads(uint64_t loads)
{
    while (sw_counted(&counters.full_loads) < loads)
        poll(NULL, 0, 1);
}

static double load(size_t n)
{
    double start = (double)sw_clock_mono_us();
    start_feed();
    wait_loads(1);
    double seconds = ((double)sw_clock_mono_us() - start) / 1e6;
    if (!has(0) || !has(n - 1))
        fail("not all names are in force");
    return seconds;
}

/* ---- a reader beside a replacement ---- */

static atomic_bool stop_probe;
static atomic_long longest_ns;
static size_t probes, slow; /* look-ups; look-ups of a millisecond and more */

static void *probe(void *unused)
{
    (void)unused;
    struct timespec a, b;
    size_t i = 0, late = 0;
    for (; !atomic_load_explicit(&stop_probe, memory_order_relaxed); i++) {
        clock_gettime(CLOCK_MONOTONIC, &a);
        has(i % 100000);
        clock_gettime(CLOCK_MONOTONIC, &b);
        long ns = (b.tv_sec - a.tv_sec) * 1000000000L + b.tv_nsec - a.tv_nsec;
        late += ns >= 1000000;
        if (ns > atomic_load_explicit(&longest_ns, memory_order_relaxed))
            atomic_store_explicit(&longest_ns, ns, memory_order_relaxed);
        if (i % 64 == 0)
            usleep(50); /* a reader that never sleeps meets the scheduler, not us */
    }
    probes = i; /* read after the join */
    slow = late;
    return NULL;
}

enum beside { NOTHING, BARE, LOADING }; /* work while the reader reads */

/* The most memory that the index needs until then. */
static uint64_t most_until(int64_t until_us)
{
    uint64_t most = 0;
    while (sw_clock_mono_us() < until_us) {
        uint64_t now = sw_index_bytes(names_index);
        most = now > most ? now : most;
        poll(NULL, 0, 1);
    }
    return most;
}

/* Longest look-up within so many seconds. */
static double longest_us(enum beside beside, size_t names, double seconds)
{
    static const char *const words[] = {"alone", "beside a bare client",
                                        "while it is loaded again"};
    pthread_t thread;
    uint64_t before = sw_index_bytes(names_index), most = 0;
    double held = resident();
    int64_t until_us = sw_clock_mono_us() + (int64_t)(seconds * 1e6);
    atomic_store(&stop_probe, false);
    atomic_store(&longest_ns, 0);
    if (pthread_create(&thread, NULL, probe, NULL) != 0)
        fail("no thread");
    if (beside == BARE)
        (void)read_bare();
    if (beside == LOADING) {
        redisAppendCommand(redis, "XADD " P ":changes * op replace list big");
        take_reply();
    }
    forget_peak();
    most = most_until(until_us);
    atomic_store(&stop_probe, true);
    pthread_join(thread, NULL);
    printf("  a reader %s: %zu look-ups, %zu of a millisecond or more\n", words[beside], probes,
           slow);
    if (beside == LOADING) {
        figure("load_peak_ratio", names, (double)most / (double)before, "ratio", 0);
        figure("load_resident_ratio", names, resident_peak() / held, "ratio", 0);
    }
    return (double)atomic_load(&longest_ns) / 1e3;
}

/* Octets that Redis needs. */
static double server_bytes(void)
{
    redisReply *reply = redisCommand(redis, "INFO memory");
    const char *at = reply ? strstr(reply->str, "used_memory:") : NULL;
    double bytes = at ? strtod(at + strlen("used_memory:"), NULL) : 0;
    freeReplyObject(reply);
    return bytes;
}

static void bench(size_t n)
{
    double ours[ROUNDS], bare[ROUNDS], beside_bare, beside_load;
    if (!has_room("load", EACH * (double)n))
        return;
    rounds = n >= MANY ? 1 : ROUNDS;
    fill(n);
    figure("load_server_bytes", n, server_bytes() / (double)n, "B", 0);
    for (int round = 0; round < rounds; round++) {
        bare[round] = read_bare();
        ours[round] = load(n);
        if (round < rounds - 1)
            stop_feed();
    }
    double seconds = median(ours);
    figure("load_redis_s", n, seconds, "s", median(bare));
    (void)longest_us(NOTHING, n, 2 * seconds);
    beside_bare = longest_us(BARE, n, 2 * seconds);
    beside_load = longest_us(LOADING, n, 2 * seconds);
    figure("load_probe_us", n, beside_load, "us", beside_bare);
    stop_feed();
}

/* ---- many lists ---- */

static void fill_lists(size_t n)
{
    redisAppendCommand(redis, "FLUSHALL");
    take_reply();
    for (size_t i = 0; i < LISTS; i++) {
        redisAppendCommand(redis, "HSET " P ":lists list-%lu {\"action\":\"nxdomain\"}",
                           (unsigned long)i);
        take_reply();
        for (size_t k = i; k < n; k += LISTS)
            redisAppendCommand(redis, "HSET " P ":list:list-%lu host%lx.domain%lu.example %s",
                               (unsigned long)i, (unsigned long)k, (unsigned long)(k % 977), "");
        for (size_t k = i; k < n; k += LISTS)
            take_reply();
    }
}

/* The newest entry of the stream is reported as applied. */
static bool is_applied(const char *id)
{
    redisReply *reply = redisCommand(redis, "HGET " P ":resolver:%s applied", settings.resolver_id);
    bool same = reply && reply->str && strcmp(reply->str, id) == 0;
    freeReplyObject(reply);
    return same;
}

/* Microseconds from a name's change to the report as applied. */
static double report_us(void)
{
    char id[64];
    int64_t start = sw_clock_mono_us();
    redisReply *reply =
        redisCommand(redis, "XADD " P ":changes * op remove list list-7 i a.example");
    if (!reply || reply->type != REDIS_REPLY_STRING)
        fail("XADD");
    snprintf(id, sizeof(id), "%s", reply->str);
    freeReplyObject(reply);
    while (!is_applied(id))
        usleep(50);
    return (double)(sw_clock_mono_us() - start);
}

static size_t report_bytes(void)
{
    redisReply *reply =
        redisCommand(redis, "HSTRLEN " P ":resolver:%s lists", settings.resolver_id);
    size_t bytes = reply ? (size_t)reply->integer : 0;
    freeReplyObject(reply);
    return bytes;
}

static void bench_lists(size_t n)
{
    double ours[ROUNDS], reports[ROUNDS];
    prefix = "lists_";
    rounds = ROUNDS;
    fill_lists(n);
    for (int round = 0; round < rounds; round++) {
        ours[round] = load(n);
        reports[round] = report_us();
        if (round < rounds - 1)
            stop_feed();
    }
    figure("load_redis_s", n, median(ours), "s", 0);
    figure("report_us", n, median(reports), "us", 0);
    figure("report_bytes", n, (double)report_bytes(), "B", 0);
    stop_feed();
    prefix = "";
}

int main(int argc, char **argv)
{
    const char *more = getenv("LONG");
    redis_fixture_start(&server, NULL);
    redis_fixture_settings(&server, &settings);
    sw_log_sink(no_log);
    settings.reconcile_s = 0;
    redis = redisConnectUnix(server.socket);
    if (!redis || redis->err)
        fail("no connection");
    for (int i = 1; i < argc; i++)
        bench(strtoull(argv[i], NULL, 10));
    if (argc < 2) {
        bench(1000000);
        bench_lists(1000000);
    }
    if (argc < 2 && more && more[0] != '\0') {
        bench(10000000);
        bench(50000000);
    }
    redisFree(redis);
    redis_fixture_stop(&server);
    return EXIT_SUCCESS;
}
