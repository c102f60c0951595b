/*
 * test_rcu.c - read sections: a writer that frees replaced data never pulls the data from under a
 * reader; synchronize waits for open sections, and only for open sections.
 */
#include "base/rcu.h"

#include "base/clock.h"
#include "base/log.h"
#include "suite.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#define DEADLINE_US 60000000
#define READERS     3
#define UPDATES     200

/* Wait until a flag is set; false when the deadline passed. */
static bool wait_for(atomic_bool *flag)
{
    int64_t deadline = sw_clock_mono_us() + DEADLINE_US;
    while (!atomic_load(flag)) {
        if (sw_clock_mono_us() > deadline)
            return false;
        sched_yield();
    }
    return true;
}

START_TEST(synchronize_without_readers_returns)
{
    sw_rcu_synchronize();
    sw_rcu_enter();
    sw_rcu_leave();
    sw_rcu_synchronize();
}
END_TEST

/* ---- a writer that frees ---- */

struct item {
    uint64_t a, b; /* b = ~a while the item is alive */
};

struct shared {
    _Atomic(struct item *) current; /* release by the writer, acquire by readers */
    atomic_bool stop;
    atomic_uint ready; /* readers that have read once */
    atomic_uint_fast64_t broken;
};

static bool item_ok(const struct item *item, uint64_t *last)
{
    bool ok = item->b == ~item->a && item->a >= *last;
    *last = item->a;
    return ok;
}

static void *read_items(void *arg)
{
    struct shared *shared = arg;
    uint64_t last = 0, rounds = 0;
    while (!atomic_load_explicit(&shared->stop, memory_order_relaxed)) {
        sw_rcu_enter();
        struct item *item = atomic_load_explicit(&shared->current, memory_order_acquire);
        uint64_t before = last;
        bool ok = item_ok(item, &last);
        sw_rcu_enter(); /* nested, as a stage called from another would */
        if (++rounds % 64 == 0)
            sched_yield(); /* now and then long enough for an update during the section */
        sw_rcu_leave();
        ok = ok && item->a == last && item_ok(item, &before); /* still there */
        sw_rcu_leave();
        if (!ok)
            atomic_fetch_add(&shared->broken, 1);
        if (rounds == 1)
            atomic_fetch_add(&shared->ready, 1);
    }
    return NULL;
}

static struct item *new_item(uint64_t number)
{
    struct item *item = malloc(sizeof(*item));
    ck_assert_ptr_nonnull(item);
    *item = (struct item){.a = number, .b = ~number};
    return item;
}

START_TEST(writer_frees_after_readers_left)
{
    struct shared shared = {.current = new_item(1)};
    pthread_t readers[READERS];
    for (int i = 0; i < READERS; i++)
        ck_assert_int_eq(pthread_create(&readers[i], NULL, read_items, &shared), 0);
    int64_t deadline = sw_clock_mono_us() + DEADLINE_US;
    while (atomic_load(&shared.ready) < READERS) {
        ck_assert_int_lt(sw_clock_mono_us(), deadline);
        sched_yield();
    }
    for (uint64_t number = 2; number < UPDATES; number++) {
        struct item *fresh = new_item(number);
        struct item *old = atomic_exchange_explicit(&shared.current, fresh, memory_order_acq_rel);
        sw_rcu_synchronize();
        old->a = old->b = 0; /* a reader that still looks would notice, even without ASan */
        free(old);
    }
    atomic_store(&shared.stop, true);
    for (int i = 0; i < READERS; i++)
        pthread_join(readers[i], NULL);
    ck_assert_uint_eq(atomic_load(&shared.broken), 0);
    free(atomic_load(&shared.current));
}
END_TEST

/* ---- synchronize waits ---- */

struct section {
    bool nested;
    atomic_bool inside, writer_started, synchronized, seen_early;
};

/* Stay in a section until the writer waits, then see whether the writer came back too early. */
static void *hold_section(void *arg)
{
    struct section *section = arg;
    sw_rcu_enter();
    if (section->nested) { /* the end of the inner section does not end the outer section */
        sw_rcu_enter();
        sw_rcu_leave();
    }
    atomic_store(&section->inside, true);
    if (!wait_for(&section->writer_started))
        atomic_store(&section->seen_early, true);
    for (int i = 0; i < 2000; i++) {
        sched_yield();
        if (atomic_load(&section->synchronized))
            atomic_store(&section->seen_early, true);
    }
    sw_rcu_leave();
    return NULL;
}

static void *synchronize(void *arg)
{
    struct section *section = arg;
    atomic_store(&section->writer_started, true);
    sw_rcu_synchronize();
    atomic_store(&section->synchronized, true);
    return NULL;
}

START_TEST(synchronize_waits_for_an_open_section)
{
    struct section section = {.nested = _i == 1};
    pthread_t reader, writer;
    ck_assert_int_eq(pthread_create(&reader, NULL, hold_section, &section), 0);
    ck_assert(wait_for(&section.inside));
    ck_assert_int_eq(pthread_create(&writer, NULL, synchronize, &section), 0);
    ck_assert(wait_for(&section.synchronized)); /* synchronize does return in the end */
    pthread_join(reader, NULL);
    pthread_join(writer, NULL);
    ck_assert(!atomic_load(&section.seen_early));
}
END_TEST

struct idler {
    atomic_bool left, end;
};

static void *leave_and_stay(void *arg)
{
    struct idler *idler = arg;
    sw_rcu_enter();
    sw_rcu_leave();
    atomic_store(&idler->left, true);
    wait_for(&idler->end);
    return NULL;
}

START_TEST(synchronize_ignores_threads_outside)
{
    struct idler idler = {.left = false};
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, leave_and_stay, &idler), 0);
    ck_assert(wait_for(&idler.left));
    sw_rcu_synchronize(); /* would hang into Check's time-out */
    atomic_store(&idler.end, true);
    pthread_join(thread, NULL);
}
END_TEST

START_TEST(threads_that_ended_are_forgotten)
{
    for (int i = 0; i < 200; i++) {
        struct idler idler = {.end = true};
        pthread_t thread;
        ck_assert_int_eq(pthread_create(&thread, NULL, leave_and_stay, &idler), 0);
        pthread_join(thread, NULL);
        if (i % 50 == 0)
            sw_rcu_synchronize();
    }
    sw_rcu_synchronize();
}
END_TEST

static int warnings;

static void count_warning(enum sw_log_level level, const char *line)
{
    (void)line;
    warnings += level <= SW_LOG_WARNING;
}

START_TEST(pin_finds_the_library)
{
    sw_log_sink(count_warning);
    sw_rcu_pin();
    sw_rcu_pin(); /* again, as after a reload */
    sw_log_sink(NULL);
    ck_assert_int_eq(warnings, 0);
}
END_TEST

int main(void)
{
    return RUN_SUITE("rcu", TIMEOUT(120),
                     TESTS(synchronize_without_readers_returns, writer_frees_after_readers_left),
                     LOOP(synchronize_waits_for_an_open_section, 2),
                     TESTS(synchronize_ignores_threads_outside, threads_that_ended_are_forgotten,
                           pin_finds_the_library));
}
