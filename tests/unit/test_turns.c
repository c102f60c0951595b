/*
 * test_turns.c - when a worker's turn is waited for, and when not; tests/stress/turns_race.c has
 * the promise that this is for.
 */
#include "base/turns.h"

#include "base/clock.h"
#include "suite.h"

#include <pthread.h>

static struct sw_turns turns;

static void start(void)
{
    ck_assert(sw_turns_init(&turns, 2));
}

static void end(void)
{
    sw_turns_free(&turns);
    sw_turns_free(&turns);
}

static int64_t waited(uint64_t *number, const atomic_bool *stop)
{
    int64_t began = sw_clock_mono_us();
    *number = sw_turns_wait(&turns, stop);
    return sw_clock_mono_us() - began;
}

START_TEST(number_and_rest)
{
    uint64_t first = sw_turns_epoch(&turns), settled;
    ck_assert(sw_turns_at_rest(&turns, first));
    sw_turns_raise(&turns);
    ck_assert_uint_ne(sw_turns_epoch(&turns), first);
    ck_assert(!sw_turns_at_rest(&turns, sw_turns_epoch(&turns)));
    waited(&settled, NULL);
    ck_assert(!sw_turns_at_rest(&turns, sw_turns_epoch(&turns)));
    sw_turns_swept(&turns, settled);
    ck_assert(sw_turns_at_rest(&turns, sw_turns_epoch(&turns)));
    ck_assert(!sw_turns_at_rest(&turns, first));
}
END_TEST

/* A change that comes during a sweep is not settled by that sweep. */
START_TEST(change_during_a_sweep)
{
    uint64_t settled;
    sw_turns_raise(&turns);
    waited(&settled, NULL);
    sw_turns_raise(&turns);
    sw_turns_swept(&turns, settled);
    ck_assert(!sw_turns_at_rest(&turns, sw_turns_epoch(&turns)));
}
END_TEST

/* A turn without an end is waited for once, as long as the patience, and not again. */
START_TEST(busy_worker_is_given_up)
{
    uint64_t number;
    sw_turns_busy(&turns, 1, true);
    ck_assert_int_ge(waited(&number, NULL), SW_TURNS_PATIENCE_US);
    ck_assert_uint_ne(number, 0);
    ck_assert_int_lt(waited(&number, NULL), SW_TURNS_PATIENCE_US);
    sw_turns_busy(&turns, 1, true); /* another turn */
    ck_assert_int_ge(waited(&number, NULL), SW_TURNS_PATIENCE_US);
    sw_turns_quiet(&turns, 1, true);
    ck_assert_int_lt(waited(&number, NULL), SW_TURNS_PATIENCE_US);
}
END_TEST

/* While another query of the worker is still to be run, the worker's turn goes on, through any
 * hook. */
START_TEST(turn_that_goes_on)
{
    uint64_t number;
    sw_turns_busy(&turns, 0, false); /* from quiet to busy in any case */
    sw_turns_quiet(&turns, 0, false);
    ck_assert_int_ge(waited(&number, NULL), SW_TURNS_PATIENCE_US);
    sw_turns_busy(&turns, 0, false);
    ck_assert_int_lt(waited(&number, NULL), SW_TURNS_PATIENCE_US); /* still given up */
    sw_turns_busy(&turns, 0, true);
    sw_turns_quiet(&turns, 0, true);
    ck_assert_int_lt(waited(&number, NULL), SW_TURNS_PATIENCE_US);
}
END_TEST

START_TEST(unknown_worker_is_ignored)
{
    uint64_t number;
    sw_turns_busy(&turns, 2, true);
    sw_turns_quiet(&turns, 2, true);
    ck_assert_int_lt(waited(&number, NULL), SW_TURNS_PATIENCE_US);
}
END_TEST

START_TEST(stopping_ends_the_wait)
{
    atomic_bool stop = true;
    uint64_t number = 1, now = sw_turns_epoch(&turns);
    sw_turns_busy(&turns, 0, true);
    ck_assert_int_lt(waited(&number, &stop), SW_TURNS_PATIENCE_US);
    ck_assert_uint_eq(number, 0);
    sw_turns_swept(&turns, number);
    ck_assert(sw_turns_at_rest(&turns, now)); /* as it was before: nothing was swept */
}
END_TEST

static void *end_turn(void *arg)
{
    (void)arg;
    sw_turns_quiet(&turns, 0, true);
    return NULL;
}

START_TEST(end_of_a_turn_is_seen)
{
    uint64_t number;
    pthread_t thread;
    sw_turns_busy(&turns, 0, true);
    ck_assert_int_eq(pthread_create(&thread, NULL, end_turn, NULL), 0);
    ck_assert_int_lt(waited(&number, NULL), SW_TURNS_PATIENCE_US);
    pthread_join(thread, NULL);
}
END_TEST

int main(void)
{
    return RUN_SUITE("turns", TIMEOUT(60), FIXTURE(start, end),
                     TESTS(number_and_rest, change_during_a_sweep, busy_worker_is_given_up,
                           turn_that_goes_on, unknown_worker_is_ignored, stopping_ends_the_wait,
                           end_of_a_turn_is_seen));
}
