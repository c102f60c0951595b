/*
 * test_ring.c - the ring: order, wrap-around, loss; against a model, and between two threads.
 */
#include "base/bell.h"
#include "base/ring.h"

#include "base/clock.h"
#include "rounds.h"
#include "suite.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define RECORD_MAX  200
#define DEADLINE_US 60000000

/* Fill a record so that any mix-up of octets or records shows. */
static void make_record(uint8_t *record, size_t len, uint64_t number)
{
    for (size_t i = 0; i < len; i++)
        record[i] = (uint8_t)(number * 31 + i * 7 + (number >> 8));
}

static bool is_record(const uint8_t *record, size_t len, uint64_t number)
{
    uint8_t want[RECORD_MAX];
    make_record(want, len, number);
    return memcmp(record, want, len) == 0;
}

START_TEST(empty_ring)
{
    struct sw_ring *ring = sw_ring_new(1000);
    uint8_t record[8];
    ck_assert_uint_eq(sw_ring_get(ring, record, sizeof(record)), 0);
    ck_assert_uint_eq(sw_ring_used(ring), 0);
    ck_assert_uint_eq(sw_ring_lost(ring), 0);
    sw_ring_free(ring);
    sw_ring_free(NULL);
}
END_TEST

/* Whether a sleeper has been woken; then he sleeps again. */
static bool rung(struct sw_bell *bell)
{
    bool was = !atomic_load(&bell->asleep);
    if (was)
        sw_bell_sleep(bell, DEADLINE_US); /* ends at once: the bell was rung */
    atomic_store(&bell->asleep, true);
    return was;
}

START_TEST(rings_when_part_is_full)
{
    struct sw_ring *ring = sw_ring_new(1024);
    struct sw_bell bell;
    uint8_t record[24] = {0};
    ck_assert(sw_bell_init(&bell));
    sw_ring_alarm(ring, 256, &bell);
    atomic_store(&bell.asleep, true);
    for (int round = 0; round < 3; round++) { /* at other places of the ring */
        for (int i = 0; i < 7; i++)
            ck_assert(sw_ring_put(ring, record, sizeof(record))); /* 32 octets each */
        ck_assert(!rung(&bell));
        ck_assert(sw_ring_put(ring, record, sizeof(record)));
        ck_assert(rung(&bell)); /* 256 */
        ck_assert(sw_ring_put(ring, record, sizeof(record)));
        ck_assert(!rung(&bell));
        ck_assert(sw_ring_put(ring, record, sizeof(record)));
        ck_assert(rung(&bell)); /* nobody came: again at 320 */
        while (sw_ring_get(ring, record, sizeof(record)) > 0)
            ;
        for (int i = 0; i < 7;
             i++) /* the known position of the consumer is old: the producer looks, and is silent */
            ck_assert(sw_ring_put(ring, record, sizeof(record)));
        ck_assert(!rung(&bell));
        while (sw_ring_get(ring, record, sizeof(record)) > 0)
            ;
    }
    sw_bell_free(&bell);
    sw_ring_free(ring);
}
END_TEST

static void *sleep_long(void *arg)
{
    sw_bell_sleep(arg, 4 * DEADLINE_US);
    return NULL;
}

/* The ring was filled just before the collector fell asleep, without a ringing that the collector
 * could see. */
START_TEST(a_full_ring_wakes_whoever_sleeps)
{
    struct sw_ring *ring = sw_ring_new(1024);
    struct sw_bell bell;
    uint8_t record[24] = {0};
    ck_assert(sw_bell_init(&bell));
    sw_ring_alarm(ring, 256, &bell);
    while (sw_ring_used(ring) < 1024)
        ck_assert(sw_ring_put(ring, record, sizeof(record)));
    atomic_store(&bell.asleep, true);
    ck_assert(!sw_ring_put(ring, record, sizeof(record)));
    ck_assert(rung(&bell));
    ck_assert(!sw_ring_put(ring, record, 2000)); /* never fits: nobody could make room */
    ck_assert(!rung(&bell));
    ck_assert_uint_eq(sw_ring_lost(ring), 2);
    sw_bell_free(&bell);
    sw_ring_free(ring);
}
END_TEST

START_TEST(a_sleeper_is_woken)
{
    struct sw_ring *ring = sw_ring_new(1024);
    struct sw_bell bell;
    pthread_t thread;
    uint8_t record[24] = {0};
    int64_t from = sw_clock_mono_us();
    ck_assert(sw_bell_init(&bell));
    sw_ring_alarm(ring, 256, &bell);
    ck_assert_int_eq(pthread_create(&thread, NULL, sleep_long, &bell), 0);
    while (!atomic_load(&bell.asleep))
        sched_yield();
    for (int i = 0; i < 8; i++)
        ck_assert(sw_ring_put(ring, record, sizeof(record)));
    pthread_join(thread, NULL);
    ck_assert_int_lt(sw_clock_mono_us() - from, DEADLINE_US);
    sw_bell_insist(&bell); /* also when nobody sleeps yet */
    sleep_long(&bell);
    ck_assert_int_lt(sw_clock_mono_us() - from, DEADLINE_US);
    sw_bell_free(&bell);
    sw_ring_free(ring);
}
END_TEST

START_TEST(impossible_capacity)
{
    ck_assert_ptr_null(sw_ring_new(SIZE_MAX));
    struct sw_ring *ring = sw_ring_new(0); /* gets the least there is */
    ck_assert_ptr_nonnull(ring);
    ck_assert(sw_ring_put(ring, "x", 1));
    sw_ring_free(ring);
}
END_TEST

START_TEST(capacity_is_rounded_up)
{
    struct sw_ring *ring = sw_ring_new(1000); /* 1024 */
    static const uint8_t record[1024];
    ck_assert(!sw_ring_put(ring, record, 1017));
    ck_assert_uint_eq(sw_ring_lost(ring), 1);
    ck_assert(sw_ring_put(ring, record, 1016)); /* with the header: the whole ring */
    ck_assert_uint_eq(sw_ring_used(ring), 1024);
    ck_assert(!sw_ring_put(ring, record, 1));
    ck_assert_uint_eq(sw_ring_lost(ring), 2);
    sw_ring_free(ring);
}
END_TEST

START_TEST(refused_records_change_nothing)
{
    struct sw_ring *ring = sw_ring_new(64);
    static const uint8_t big[4096];
    ck_assert(sw_ring_put(ring, "first", 5));
    size_t used = sw_ring_used(ring);
    ck_assert(!sw_ring_put(ring, big, sizeof(big)));
    ck_assert(!sw_ring_put(ring, big, SIZE_MAX));
    ck_assert(!sw_ring_put(ring, big, SIZE_MAX - 8));
    ck_assert(!sw_ring_put(ring, big, 0));
    ck_assert(!sw_ring_put(ring, big, 41)); /* 8 + 48 > 64 - 16 */
    ck_assert_uint_eq(sw_ring_lost(ring), 5);
    ck_assert_uint_eq(sw_ring_used(ring), used);
    uint8_t record[64];
    ck_assert_uint_eq(sw_ring_get(ring, record, sizeof(record)), 5);
    ck_assert_mem_eq(record, "first", 5);
    ck_assert_uint_eq(sw_ring_get(ring, record, sizeof(record)), 0);
    sw_ring_free(ring);
}
END_TEST

START_TEST(short_buffer_cuts_the_record)
{
    struct sw_ring *ring = sw_ring_new(256);
    ck_assert(sw_ring_put(ring, "0123456789", 10));
    ck_assert(sw_ring_put(ring, "gone", 4));
    ck_assert(sw_ring_put(ring, "next", 4));
    uint8_t record[5] = "....";
    ck_assert_uint_eq(sw_ring_get(ring, record, 4), 10);
    ck_assert_mem_eq(record, "0123\0", 5);
    ck_assert_uint_eq(sw_ring_get(ring, NULL, 0), 4);
    ck_assert_uint_eq(sw_ring_get(ring, record, sizeof(record)), 4);
    ck_assert_mem_eq(record, "next", 4);
    sw_ring_free(ring);
}
END_TEST

/* Random puts and gets against a plain queue of lengths. */
START_TEST(agrees_with_a_model)
{
    struct sw_ring *ring = sw_ring_new(512);
    size_t lengths[64], used = 0;
    uint64_t put = 0, got = 0, lost = 0;
    srandom(24076);
    for (unsigned n = rounds(200000); n > 0; n--) {
        uint8_t record[RECORD_MAX];
        if (random() % 2 == 0) {
            size_t len = 1 + (size_t)random() % RECORD_MAX;
            size_t need = 8 + (len + 7) / 8 * 8;
            make_record(record, len, put);
            bool fits = used + need <= 512;
            ck_assert_int_eq(sw_ring_put(ring, record, len), fits);
            if (fits) {
                lengths[put++ % 64] = len;
                used += need;
            } else {
                lost++;
            }
        } else {
            size_t len = sw_ring_get(ring, record, sizeof(record));
            ck_assert_uint_eq(len, got == put ? 0 : lengths[got % 64]);
            if (len > 0) {
                ck_assert(is_record(record, len, got++));
                used -= 8 + (len + 7) / 8 * 8;
            }
        }
        ck_assert_uint_eq(sw_ring_used(ring), used);
        ck_assert_uint_eq(sw_ring_lost(ring), lost);
    }
    sw_ring_free(ring);
}
END_TEST

/* ---- two threads ---- */

struct traffic {
    struct sw_ring *ring;
    uint64_t attempts;
    uint64_t accepted, refused;
    atomic_bool done;
};

/* A record's octets: the number (8), then the pattern of that number. */
static size_t make_numbered(uint8_t *record, uint64_t number)
{
    size_t len = 8 + (size_t)(number * 37 % (RECORD_MAX - 8));
    memcpy(record, &number, 8);
    make_record(record + 8, len - 8, number);
    return len;
}

static void *produce(void *arg)
{
    struct traffic *traffic = arg;
    for (uint64_t number = 0; number < traffic->attempts; number++) {
        uint8_t record[RECORD_MAX];
        size_t len = make_numbered(record, number);
        if (sw_ring_put(traffic->ring, record, len)) {
            traffic->accepted++;
        } else {
            traffic->refused++;
            sched_yield();
        }
    }
    atomic_store(&traffic->done, true);
    return NULL;
}

/* Whether a record is whole and newer than the former record. */
static bool numbered_ok(const uint8_t *record, size_t len, uint64_t *next)
{
    uint64_t number;
    if (len < 8 || len > RECORD_MAX)
        return false;
    memcpy(&number, record, 8);
    uint8_t want[RECORD_MAX];
    if (number < *next || make_numbered(want, number) != len || memcmp(record, want, len) != 0)
        return false;
    *next = number + 1;
    return true;
}

START_TEST(producer_and_consumer)
{
    static const size_t capacities[] = {256, 4096, 1 << 20};
    struct traffic traffic = {.ring = sw_ring_new(capacities[_i]), .attempts = rounds(300000)};
    pthread_t producer;
    ck_assert_int_eq(pthread_create(&producer, NULL, produce, &traffic), 0);
    int64_t deadline = sw_clock_mono_us() + DEADLINE_US;
    uint64_t got = 0, next = 0, broken = 0;
    for (;;) {
        bool done = atomic_load(&traffic.done); /* before the look that finds the ring empty */
        uint8_t record[RECORD_MAX];
        size_t len = sw_ring_get(traffic.ring, record, sizeof(record));
        if (len > 0) {
            got++;
            broken += !numbered_ok(record, len, &next);
        } else if (done) {
            break;
        } else {
            sched_yield();
        }
        ck_assert_int_lt(sw_clock_mono_us(), deadline);
        if (sw_ring_used(traffic.ring) > capacities[_i])
            broken++;
    }
    pthread_join(producer, NULL);
    ck_assert_uint_eq(broken, 0);
    ck_assert_uint_eq(got, traffic.accepted);
    ck_assert_uint_gt(got, 0);
    ck_assert_uint_eq(sw_ring_lost(traffic.ring), traffic.refused);
    ck_assert_uint_eq(traffic.accepted + traffic.refused, traffic.attempts);
    ck_assert_uint_eq(sw_ring_used(traffic.ring), 0);
    sw_ring_free(traffic.ring);
}
END_TEST

int main(void)
{
    return RUN_SUITE("ring", TIMEOUT(120),
                     TESTS(empty_ring, impossible_capacity, rings_when_part_is_full,
                           a_full_ring_wakes_whoever_sleeps, a_sleeper_is_woken,
                           capacity_is_rounded_up, refused_records_change_nothing,
                           short_buffer_cuts_the_record, agrees_with_a_model),
                     LOOP(producer_and_consumer, 3));
}
