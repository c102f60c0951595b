/*
 * turns_race.c - workers that store judged answers, against a writer that lists and sweeps.
 *
 *   turns_race [SECONDS]      else SINKWATCH_STRESS_SECONDS, else 5
 *
 * A model of the caches: for each key a first store, of data judged clean, and a second store, made
 * of unjudged data found in the first: as a chain of aliases is. Workers store after their read
 * section, and put off some second stores to a later turn. The writer lists a key, waits, sweeps
 * both stores, and holds the workers to the promise that nothing of it comes back while it is
 * listed. Exit code 1 and a line for the first broken promise.
 */
#include "base/clock.h"
#include "base/rcu.h"
#include "base/turns.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define WORKERS 3
#define KEYS    2
#define LOOK_US 500 /* at the stores of a listed key: longer than a worker dawdles, mostly */

static struct sw_turns turns;
static atomic_bool stop, broken;
static atomic_bool listed[KEYS], first[KEYS], second[KEYS];
static atomic_uint_fast64_t stores;

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* Where a worker can be descheduled. */
static void dawdle(uint64_t *random)
{
    uint64_t dice = next_random(random);
    const struct timespec pause = {0, (long)(dice % 100 < 90 ? dice % 40000 : dice % 1000000)};
    if (dice >> 32 & 1)
        nanosleep(&pause, NULL);
}

struct asked { /* a query that is under way */
    unsigned key;
    uint64_t number;
    bool found; /* the first store has data for an answer */
};

static bool judge(const struct asked *q, uint64_t *number)
{
    sw_rcu_enter();
    *number = sw_turns_epoch(&turns);
    bool clean = !atomic_load_explicit(&listed[q->key], memory_order_relaxed);
    sw_rcu_leave();
    return clean;
}

/* A turn: judge the key itself, store; then look for data of another key's answer. */
static void begin(struct asked *q, size_t worker, uint64_t *random)
{
    q->key = (unsigned)(next_random(random) % KEYS);
    if (next_random(random) % 2 == 0)
        atomic_store_explicit(&first[q->key], false, memory_order_release); /* the entry expires */
    sw_turns_busy(&turns, worker, true);
    bool clean = judge(q, &q->number);
    dawdle(random);
    if (clean && next_random(random) % 2 == 0)
        atomic_store_explicit(&first[q->key], true, memory_order_release);
    q->found = false;
    if (sw_turns_at_rest(&turns, q->number) ||
        !atomic_load_explicit(&first[q->key], memory_order_acquire)) {
        dawdle(random);
        q->found = atomic_load_explicit(&first[q->key], memory_order_acquire);
    }
}

/* Another turn of the same query, or the end of the first turn: found data are stored. */
static void finish(struct asked *q, uint64_t *random)
{
    dawdle(random);
    if (!q->found)
        return;
    atomic_store_explicit(&second[q->key], true, memory_order_release);
    atomic_fetch_add_explicit(&stores, 1, memory_order_relaxed);
}

static void *work(void *arg)
{
    size_t worker = (size_t)(uintptr_t)arg;
    uint64_t random = UINT64_C(0x9e3779b97f4a7c15) * (worker + 1), number;
    struct asked q;
    while (!atomic_load_explicit(&stop, memory_order_relaxed)) {
        begin(&q, worker, &random);
        if (next_random(&random) % 4 == 0) { /* the query waits; then the query goes on */
            sw_turns_quiet(&turns, worker, true);
            dawdle(&random);
            sw_turns_busy(&turns, worker, true);
            if (!judge(&q, &number) || number != q.number)
                q.found = false;
        }
        finish(&q, &random);
        sw_turns_quiet(&turns, worker, true);
    }
    return NULL;
}

static bool comes_back(unsigned key)
{
    for (int64_t until = sw_clock_mono_us() + LOOK_US; sw_clock_mono_us() < until; sched_yield())
        if (atomic_load(&first[key]) || atomic_load(&second[key]))
            return true;
    return false;
}

static uint64_t write_for(int64_t until)
{
    uint64_t changes = 0;
    for (; sw_clock_mono_us() < until && !atomic_load(&broken); changes++) {
        unsigned key = (unsigned)(changes % KEYS);
        atomic_store_explicit(&listed[key], true, memory_order_relaxed);
        sw_turns_raise(&turns);
        sw_rcu_synchronize();
        uint64_t number = sw_turns_wait(&turns, NULL);
        atomic_store(&first[key], false);
        atomic_store(&second[key], false);
        sw_turns_swept(&turns, number);
        if (comes_back(key))
            atomic_store(&broken, true);
        atomic_store_explicit(&listed[key], false, memory_order_relaxed);
    }
    return changes;
}

int main(int argc, char **argv)
{
    const char *env = getenv("SINKWATCH_STRESS_SECONDS");
    long seconds = strtol(argc > 1 ? argv[1] : env ? env : "5", NULL, 10);
    pthread_t threads[WORKERS];
    if (!sw_turns_init(&turns, WORKERS))
        return 2;
    for (size_t i = 0; i < WORKERS; i++)
        if (pthread_create(&threads[i], NULL, work, (void *)(uintptr_t)i) != 0)
            return 2;
    uint64_t changes = write_for(sw_clock_mono_us() + seconds * 1000000);
    atomic_store(&stop, true);
    for (size_t i = 0; i < WORKERS; i++)
        pthread_join(threads[i], NULL);
    sw_turns_free(&turns);
    printf("turns_race: %llu changes, %llu second stores%s\n", (unsigned long long)changes,
           (unsigned long long)atomic_load(&stores),
           atomic_load(&broken) ? "; BROKEN: something listed came back" : "");
    return atomic_load(&broken) ? 1 : 0;
}
