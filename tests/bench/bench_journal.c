/*
 * bench_journal.c - events through the journal, in figures.
 *
 *   bench_journal
 *
 * events_ring_per_s    put into rings by a single worker (and by two: events_ring_2_per_s), taken
 *                      out and folded by the collector, without a loss: a producer that finds the
 *                      ring more than half full waits
 * events_redis_per_s   different events, from a ring to an acknowledged entry in a stream of a
 *                      real redis-server on a unix socket; the baseline is that server taking
 *                      the same documents from a bare pipeline
 *
 * Every figure is the median of rounds; losses would be printed, and fail the run. A JSON object
 * for each figure goes to the file that SW_BENCH_OUT or SINKWATCH_BENCH names (build/bench.jsonl).
 */
#include "../unit/redis_fixture.h"

#include "base/clock.h"
#include "journal/journal.h"
#include "redis/redis.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#define ROUNDS       5
#define RING_EVENTS  2000000
#define RING_NAMES   1000 /* different events; the rest is folded */
#define REDIS_EVENTS 100000
#define BATCH        500

static struct redis_fixture server;
static struct sw_settings settings;
static struct sw_counters counters;
static struct sw_journal *journal;
static struct sw_index *indicators;
static struct sw_owners *owners;

static void fail(const char *what)
{
    fprintf(stderr, "bench_journal: %s\n", what);
    exit(EXIT_FAILURE);
}

/* ---- events ---- */

/* A usual hit: name, a rule, an address of the true answer. */
static void make_event(struct sw_event *ev, unsigned number, unsigned worker)
{
    char text[64];
    struct sw_name name;
    const uint8_t address[4] = {192, 0, 2, 1};
    struct sw_event_hit hit = {
        .winner = 1, .action = SW_ACTION_MONITOR, .list = "carbanak", .indicator = "example.net"};
    sw_event_init(ev, SW_EVENT_HIT, sw_clock_wall_us());
    ev->flags = SW_EVENT_CLIENT | SW_EVENT_RESOLVED;
    ev->client_family = 4;
    ev->client[3] = (uint8_t)worker;
    ev->qtype = 1;
    ev->qclass = 1;
    ev->action_wanted = ev->action_taken = SW_ACTION_MONITOR;
    int len = snprintf(text, sizeof(text), "host-%u.example.net", number);
    if (sw_name_parse(text, (size_t)len, &name, NULL) != SW_OK)
        fail("name");
    sw_event_put(ev, SW_TAG_QNAME, name.wire, name.len);
    sw_event_put_hit(ev, &hit);
    sw_event_put(ev, SW_TAG_ADDRESS, address, sizeof(address));
}

static void start(bool redis, uint32_t window_ms)
{
    memset(&counters, 0, sizeof(counters));
    settings.event_redis = redis;
    settings.event_window_ms = window_ms;
    settings.backlog_max = REDIS_EVENTS;
    journal = sw_journal_new(&settings, indicators, owners, &counters, NULL);
    if (!journal || sw_journal_start(journal) != SW_OK)
        fail("no journal");
}

static void stop(void)
{
    sw_journal_stop(journal);
    uint64_t lost =
        sw_counted(&counters.events_lost_ring) + sw_counted(&counters.events_lost_backlog);
    sw_journal_free(journal);
    if (lost != 0)
        fail("events were lost");
}

/* ---- rings ---- */

static struct sw_event *prepared; /* RING_NAMES for each of two workers */

static void *produce(void *arg)
{
    const unsigned worker = *(const unsigned *)arg;
    struct sw_ring *ring = sw_journal_ring(journal, worker);
    const size_t half = (size_t)settings.ring_kib * 1024 / 2;
    for (unsigned i = 0; i < RING_EVENTS; i++) {
        struct sw_event *ev = &prepared[worker * RING_NAMES + i % RING_NAMES];
        if (i % 16 == 0) {
            ev->time_us = sw_clock_wall_us();
            while (sw_ring_used(ring) > half)
                sched_yield();
        }
        sw_ring_put(ring, ev, sw_event_size(ev));
    }
    while (sw_ring_used(ring) > 0)
        sched_yield();
    return NULL;
}

static double ring_round(unsigned producers)
{
    pthread_t threads[2];
    unsigned numbers[2] = {0, 1};
    start(false, 10000);
    for (unsigned w = 0; w < producers; w++)
        sw_journal_ring(journal, w);
    int64_t from = sw_clock_mono_us();
    for (unsigned w = 0; w < producers; w++) {
        if (pthread_create(&threads[w], NULL, produce, &numbers[w]) != 0)
            fail("no thread");
    }
    for (unsigned w = 0; w < producers; w++)
        pthread_join(threads[w], NULL);
    double seconds = (double)(sw_clock_mono_us() - from) / 1e6;
    stop();
    return producers * (double)RING_EVENTS / seconds;
}

/* ---- Redis ---- */

static void clear_redis(void)
{
    redis_fixture_run(&server, "FLUSHALL");
}

static double redis_round(void)
{
    struct sw_event ev;
    clear_redis();
    start(true, 0);
    struct sw_ring *ring = sw_journal_ring(journal, 0);
    const size_t half = (size_t)settings.ring_kib * 1024 / 2;
    int64_t from = sw_clock_mono_us();
    for (unsigned i = 0; i < REDIS_EVENTS; i++) {
        make_event(&ev, i, 0);
        /* Observing addresses costs separate look-ups in Redis: not measured here. */
        ev.body_len -= 3 + 4;
        while (sw_ring_used(ring) > half)
            poll(NULL, 0, 1);
        sw_ring_put(ring, &ev, sw_event_size(&ev));
    }
    while (sw_counted(&counters.events_written_redis) < REDIS_EVENTS)
        poll(NULL, 0, 1);
    double seconds = (double)(sw_clock_mono_us() - from) / 1e6;
    stop();
    if (redis_fixture_run(&server, "XLEN {sinkwatch}:events") != REDIS_EVENTS)
        fail("the stream has not all events");
    return REDIS_EVENTS / seconds;
}

/* The same number of documents of the same size, straight into the server. */
static double bare_round(char *json, size_t len)
{
    struct sw_redis *redis = sw_redis_new(&settings);
    if (!redis || sw_redis_open(redis) != SW_OK)
        fail("no Redis");
    clear_redis();
    int64_t from = sw_clock_mono_us();
    for (unsigned i = 0; i < REDIS_EVENTS; i += BATCH) {
        const char *argv[] = {"XADD", "{sinkwatch}:events", "MAXLEN", "~", "1000000", "*", "e",
                              json};
        const size_t lens[] = {4, 18, 6, 1, 7, 1, 1, len};
        for (unsigned k = 0; k < BATCH; k++)
            sw_redis_append_argv(redis, 8, argv, lens);
        for (unsigned k = 0; k < BATCH; k++)
            freeReplyObject(sw_redis_reply(redis));
    }
    double seconds = (double)(sw_clock_mono_us() - from) / 1e6;
    sw_redis_free(redis);
    return REDIS_EVENTS / seconds;
}

/* A document that the journal has just written; the caller frees. */
static char *sample_document(size_t *len)
{
    redisReply *reply = redis_fixture_command(&server, "XREVRANGE {sinkwatch}:events + - COUNT 1");
    if (!reply || reply->type != REDIS_REPLY_ARRAY || reply->elements != 1)
        fail("no document to copy");
    const redisReply *text = reply->element[0]->element[1]->element[1];
    char *copy = strdup(text->str);
    *len = strlen(copy);
    freeReplyObject(reply);
    return copy;
}

/* ---- figures ---- */

static int by_value(const void *a, const void *b)
{
    const double *one = a, *two = b;
    return (*one > *two) - (*one < *two);
}

static double median(double *values)
{
    qsort(values, ROUNDS, sizeof(*values), by_value);
    return values[ROUNDS / 2];
}

static void figure(const char *name, double value, double baseline, const char *what)
{
    const char *path = getenv("SW_BENCH_OUT");
    path = path ? path : getenv("SINKWATCH_BENCH");
    FILE *out = fopen(path ? path : "build/bench.jsonl", "a");
    if (!out)
        fail("the file for figures cannot be opened");
    fprintf(out, "{\"name\":\"%s\",\"value\":%.0f,\"unit\":\"1/s\",\"n\":%d", name, value, ROUNDS);
    printf("%-22s %12.0f /s   %s", name, value, what);
    if (baseline > 0) {
        fprintf(out, ",\"baseline\":%.0f,\"ratio\":%.3f", baseline, value / baseline);
        printf("; bare pipeline %.0f /s, ratio %.2f", baseline, value / baseline);
    }
    fprintf(out, "}\n");
    printf("\n");
    fclose(out);
}

int main(void)
{
    double one[ROUNDS], two[ROUNDS], redis[ROUNDS], bare[ROUNDS];
    redis_fixture_start(&server, NULL);
    redis_fixture_settings(&server, &settings);
    settings.redis_timeout_ms = 10000;
    indicators = sw_index_new();
    owners = sw_owners_new(&settings, &counters);
    prepared = calloc(2 * RING_NAMES, sizeof(*prepared));
    if (!indicators || !owners || !prepared)
        fail("out of memory");
    for (unsigned i = 0; i < 2 * RING_NAMES; i++)
        make_event(&prepared[i], i % RING_NAMES, i / RING_NAMES);
    for (int round = 0; round < ROUNDS; round++) {
        size_t len;
        one[round] = ring_round(1);
        two[round] = ring_round(2);
        redis[round] = redis_round();
        char *json = sample_document(&len);
        bare[round] = bare_round(json, len);
        free(json);
    }
    figure("events_ring_per_s", median(one), 0, "one worker, folded, none lost");
    figure("events_ring_2_per_s", median(two), 0, "two workers, folded, none lost");
    figure("events_redis_per_s", median(redis), median(bare), "ring to acknowledged entry");
    free(prepared);
    sw_owners_free(owners);
    sw_index_free(indicators);
    redis_fixture_stop(&server);
    return EXIT_SUCCESS;
}
