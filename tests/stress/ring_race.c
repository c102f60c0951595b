/*
 * ring_race.c - a producer, a consumer that sleeps at the bell, and a looker, on the same ring.
 *
 *   ring_race [SECONDS]      else SINKWATCH_STRESS_SECONDS, else 5
 *
 * Records of random length, in bursts that a small ring often refuses. Held against: each record
 * arrives whole and in order, or is counted as lost; the waiting records never exceed the ring; a
 * refused put leaves nobody asleep that slept before the put (tests/model/bell.pml). Exit code 1
 * and a line for the first broken promise.
 */
#include "base/bell.h"
#include "base/clock.h"
#include "base/ring.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CAPACITY   1024
#define RECORD_MAX 200
#define SLEEP_US   20000

static struct sw_ring *ring;
static struct sw_bell bell;
static atomic_bool stop, done;
static atomic_uint_fast64_t sleeps; /* counted before each */
static atomic_uint_fast64_t put, got;
static _Atomic(const char *) broken;

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* Where a thread can be descheduled: seldom, and for long enough to fill or to empty the ring. */
static void dawdle(uint64_t *random)
{
    uint64_t dice = next_random(random);
    const struct timespec pause = {0, (long)(dice % 100000)};
    if ((dice >> 32) % 64 == 0)
        nanosleep(&pause, NULL);
}

/* A record's number in front, then octets that differ from the neighbours'. */
static size_t make_record(uint8_t *record, uint64_t number, uint64_t *random)
{
    size_t len = sizeof(number) + (size_t)(next_random(random) % (RECORD_MAX - sizeof(number)));
    memcpy(record, &number, sizeof(number));
    memset(record + sizeof(number), (int)(number * 37 % 251), len - sizeof(number));
    return len;
}

static bool is_whole(const uint8_t *record, size_t len, uint64_t number)
{
    for (size_t i = sizeof(number); i < len; i++)
        if (record[i] != (uint8_t)(number * 37 % 251))
            return false;
    return true;
}

/* A put, and the duty to wake a consumer that slept before the put. */
static void put_one(const uint8_t *record, size_t len)
{
    uint64_t sleep_before = atomic_load(&sleeps);
    bool slept = atomic_load(&bell.asleep);
    if (sw_ring_put(ring, record, len))
        return;
    if (slept && atomic_load(&bell.asleep) && atomic_load(&sleeps) == sleep_before)
        atomic_store(&broken, "a put was refused, and the consumer sleeps on");
}

static void *produce(void *arg)
{
    uint64_t random = UINT64_C(0x9e3779b97f4a7c15), number = 0;
    uint8_t record[RECORD_MAX];
    (void)arg;
    while (!atomic_load_explicit(&stop, memory_order_relaxed)) {
        size_t len = make_record(record, ++number, &random);
        put_one(record, len);
        dawdle(&random);
    }
    atomic_store(&put, number);
    atomic_store(&done, true);
    return NULL;
}

/* Take all that is there. */
static void take_all(uint64_t *last, uint64_t *random)
{
    uint8_t record[RECORD_MAX];
    size_t len;
    while ((len = sw_ring_get(ring, record, sizeof(record))) > 0) {
        uint64_t number;
        memcpy(&number, record, sizeof(number));
        if (len > sizeof(record) || number <= *last || !is_whole(record, len, number))
            atomic_store(&broken, "a record is not whole, or not in order");
        *last = number;
        atomic_fetch_add_explicit(&got, 1, memory_order_relaxed);
        dawdle(random);
    }
}

static void *consume(void *arg)
{
    uint64_t random = UINT64_C(0xd1342543de82ef95), last = 0;
    (void)arg;
    while (!atomic_load(&done)) {
        take_all(&last, &random);
        for (int i = 0; i < 8; i++)
            dawdle(&random); /* while the ring is filled, and rings in vain */
        atomic_fetch_add(&sleeps, 1);
        sw_bell_sleep(&bell, SLEEP_US);
    }
    take_all(&last, &random);
    return NULL;
}

static void *look(void *arg)
{
    uint64_t lost = 0;
    (void)arg;
    while (!atomic_load_explicit(&stop, memory_order_relaxed)) {
        const struct timespec pause = {0, 1000};
        uint64_t now = sw_ring_lost(ring);
        if (sw_ring_used(ring) > CAPACITY || now < lost)
            atomic_store(&broken, "more waits than the ring holds, or fewer are lost than before");
        lost = now;
        nanosleep(&pause, NULL);
    }
    return NULL;
}

static void run_for(int64_t until)
{
    const struct timespec pause = {0, 10000000};
    while (sw_clock_mono_us() < until && !atomic_load(&broken))
        nanosleep(&pause, NULL);
    atomic_store(&stop, true);
}

int main(int argc, char **argv)
{
    static void *(*const threads[])(void *) = {produce, consume, look};
    const char *env = getenv("SINKWATCH_STRESS_SECONDS");
    long seconds = strtol(argc > 1 ? argv[1] : env ? env : "5", NULL, 10);
    pthread_t thread[3];
    ring = sw_ring_new(CAPACITY);
    if (!ring || !sw_bell_init(&bell))
        return 2;
    sw_ring_alarm(ring, CAPACITY / 8, &bell);
    for (size_t i = 0; i < 3; i++)
        if (pthread_create(&thread[i], NULL, threads[i], NULL) != 0)
            return 2;
    run_for(sw_clock_mono_us() + seconds * 1000000);
    for (size_t i = 0; i < 3; i++)
        pthread_join(thread[i], NULL);
    uint64_t lost = sw_ring_lost(ring), all = atomic_load(&put), taken = atomic_load(&got);
    if (taken + lost != all)
        atomic_store(&broken, "some are neither got nor lost");
    const char *words = atomic_load(&broken);
    printf("ring_race: %llu put, %llu got, %llu lost, %llu sleeps%s%s\n", (unsigned long long)all,
           (unsigned long long)taken, (unsigned long long)lost,
           (unsigned long long)atomic_load(&sleeps), words ? "; BROKEN: " : "", words ? words : "");
    sw_bell_free(&bell);
    sw_ring_free(ring);
    return words ? 1 : 0;
}
