/*
 * suite.h - main() of a test program with Check: the tests, in the order in which they run.
 *
 *   int main(void)
 *   {
 *       return RUN_SUITE("turns", TIMEOUT(60), FIXTURE(start, end), TESTS(one, two),
 *                        LOOP(row_of_a_table, COUNT(table)));
 *   }
 *
 * Each test runs in a process of its own, except behind NO_FORK. TIMEOUT and FIXTURE hold for the
 * rows below them. A test whose data are not on this machine calls suite_skip().
 *
 * Result       EXIT_SUCCESS, or EXIT_FAILURE; the last line of output counts, for
 *              scripts/run/programs
 */
#ifndef SUITE_H
#define SUITE_H

#include <check.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

struct suite_row {
    const TTest *const *tests; /* NULL after the last */
    const TTest *loop;         /* runs `times` times, with _i from 0 */
    int times;
    int timeout_s; /* of each test, multiplied by CK_TIMEOUT_MULTIPLIER */
    bool fixture;  /* setup and teardown of each test, NULL: none */
    void (*setup)(void);
    void (*teardown)(void);
    bool no_fork;
    bool end;
};

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))
#define TESTS(...)                                                                                 \
    {                                                                                              \
        .tests = (const TTest *const[])                                                            \
        {                                                                                          \
            __VA_ARGS__, NULL                                                                      \
        }                                                                                          \
    }
#define LOOP(test, n)                                                                              \
    {                                                                                              \
        .loop = (test), .times = (n)                                                               \
    }
#define TIMEOUT(seconds)                                                                           \
    {                                                                                              \
        .timeout_s = (seconds)                                                                     \
    }
#define FIXTURE(before, after)                                                                     \
    {                                                                                              \
        .fixture = true, .setup = (before), .teardown = (after)                                    \
    }
#define NO_FORK                                                                                    \
    {                                                                                              \
        .no_fork = true                                                                            \
    }
#define RUN_SUITE(name, ...) run_suite(name, (const struct suite_row[]){__VA_ARGS__, {.end = true}})

static atomic_int *suite_skipped; /* shared with the process of each test */

/** Count the running test as skipped, and name the missing data. The test returns after this. */
static inline void suite_skip(const char *what)
{
    printf("skipped: %s is not here\n", what);
    atomic_fetch_add(suite_skipped, 1);
}

/* The tests between two fixtures are a test case of Check. */
static inline TCase *suite_case(Suite *suite, const char *name, const struct suite_row *fixture,
                                int timeout_s)
{
    TCase *tcase = tcase_create(name);
    if (fixture)
        tcase_add_checked_fixture(tcase, fixture->setup, fixture->teardown);
    if (timeout_s)
        tcase_set_timeout(tcase, timeout_s);
    suite_add_tcase(suite, tcase);
    return tcase;
}

static inline void suite_add(TCase *tcase, const struct suite_row *row)
{
    for (const TTest *const *test = row->tests; test && *test; test++)
        tcase_add_test(tcase, *test);
    if (row->loop)
        tcase_add_loop_test(tcase, row->loop, 0, row->times);
}

static inline int run_suite(const char *name, const struct suite_row *row)
{
    const struct suite_row *fixture = NULL;
    bool no_fork = false;
    int timeout_s = 0;
    TCase *tcase = NULL;
    Suite *suite = suite_create(name);
    suite_skipped = mmap(NULL, sizeof(*suite_skipped), PROT_READ | PROT_WRITE,
                         MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (suite_skipped == MAP_FAILED)
        return EXIT_FAILURE;
    for (; !row->end; row++) {
        bool is_test = row->tests || row->loop;
        no_fork = no_fork || row->no_fork;
        timeout_s = row->timeout_s ? row->timeout_s : timeout_s;
        fixture = row->fixture ? row : fixture;
        if (!is_test)
            tcase = NULL;
        else if (!tcase)
            tcase = suite_case(suite, name, fixture, timeout_s);
        if (is_test)
            suite_add(tcase, row);
    }
    SRunner *runner = srunner_create(suite);
    if (no_fork)
        srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner), skipped = atomic_load(suite_skipped);
    printf("%d passed, %d failed, %d skipped\n", srunner_ntests_run(runner) - failed - skipped,
           failed, skipped);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#endif
