/* test_sums.c - base/sums.h: sums against a plain model, from many threads, and beyond the
 * limits. */
#include "base/sums.h"

#include "base/policy.h"
#include "suite.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define THREADS 4
#define EACH    20000
#define LISTS   50

static void *add(void *arg)
{
    struct sw_sums *sums = arg;
    char list[16];
    for (unsigned i = 0; i < EACH; i++) {
        snprintf(list, sizeof(list), "l%u", i % LISTS);
        sw_sums_hits(sums, list, (enum sw_action)(i % 3), (enum sw_trigger)(i % 2), 1 + i % 3);
        if (i % 100 == 0)
            sw_sums_anomaly(sums, i % 200 ? "woke" : "no-owner", 10 * (i % 3));
    }
    return NULL;
}

/* Sum of the last member of each row with this first member; NULL: of all rows. */
static json_int_t sum_of(const json_t *rows, const char *first)
{
    json_int_t sum = 0;
    size_t i;
    json_t *row;
    json_array_foreach(
        rows, i, row) if (!first || strcmp(json_string_value(json_array_get(row, 0)), first) == 0)
        sum += json_integer_value(json_array_get(row, json_array_size(row) - 1));
    return sum;
}

START_TEST(test_threads)
{
    struct sw_sums *sums = sw_sums_new();
    pthread_t thread[THREADS];
    json_int_t all = 0, seventh = 0;
    for (size_t i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&thread[i], NULL, add, sums), 0);
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(thread[i], NULL);
    for (unsigned i = 0; i < EACH; i++) {
        all += THREADS * (1 + i % 3);
        seventh += i % LISTS == 7 ? THREADS * (1 + i % 3) : 0;
    }
    json_t *hits = sw_sums_hits_json(sums), *anomalies = sw_sums_anomalies_json(sums);
    ck_assert_int_eq(sum_of(hits, NULL), all);
    ck_assert_int_eq(sum_of(hits, "l7"), seventh);
    ck_assert_int_eq(sum_of(hits, ""), 0);
    ck_assert_int_eq(sum_of(anomalies, NULL), THREADS * EACH / 100);
    ck_assert_int_eq(sum_of(anomalies, "woke"), THREADS * EACH / 200);
    json_decref(hits);
    json_decref(anomalies);
    sw_sums_free(sums);
}
END_TEST

START_TEST(test_limits)
{
    struct sw_sums *sums = sw_sums_new();
    char list[16];
    for (unsigned i = 0; i < 2 * SW_SUMS_ROWS; i++) {
        snprintf(list, sizeof(list), "l%u", i);
        sw_sums_hits(sums, list, SW_ACTION_NXDOMAIN, SW_TRIGGER_QNAME, 2);
        sw_sums_anomaly(sums, "woke", i);
    }
    sw_sums_hits(sums, "l0", SW_ACTION_NXDOMAIN, SW_TRIGGER_QNAME, 1);
    json_t *hits = sw_sums_hits_json(sums), *anomalies = sw_sums_anomalies_json(sums);
    ck_assert_uint_eq(json_array_size(hits), SW_SUMS_ROWS + 1);
    ck_assert_int_eq(sum_of(hits, NULL), 4 * SW_SUMS_ROWS + 1);
    ck_assert_int_eq(sum_of(hits, "l0"), 3);
    ck_assert_int_eq(sum_of(hits, ""), 2 * SW_SUMS_ROWS);
    ck_assert_uint_eq(json_array_size(anomalies), SW_SUMS_ANOMALIES);
    json_decref(hits);
    json_decref(anomalies);
    sw_sums_free(sums);
}
END_TEST

START_TEST(test_latency)
{
    struct sw_sums *sums = sw_sums_new();
    static const int64_t us[] = {-5, 0, 1000, 1001, 30000000, 30000001};
    for (size_t i = 0; i < sizeof(us) / sizeof(us[0]); i++)
        sw_sums_enforced(sums, us[i]);
    json_t *all = sw_sums_latency_json(sums);
    const json_t *le = json_object_get(all, "le"), *n = json_object_get(all, "n");
    size_t bounds = json_array_size(le);
    ck_assert_uint_eq(json_array_size(n), bounds + 1);
    for (size_t i = 1; i < bounds; i++)
        ck_assert(json_real_value(json_array_get(le, i)) >
                  json_real_value(json_array_get(le, i - 1)));
    ck_assert_int_eq(json_integer_value(json_array_get(n, 0)), 3);
    ck_assert_int_eq(json_integer_value(json_array_get(n, 1)), 1);
    ck_assert_int_eq(json_integer_value(json_array_get(n, bounds - 1)), 1);
    ck_assert_int_eq(json_integer_value(json_array_get(n, bounds)), 1);
    ck_assert_double_eq_tol(json_real_value(json_object_get(all, "sum")), 60.002002, 1e-6);
    json_decref(all);
    sw_sums_free(sums);
}
END_TEST

START_TEST(test_none)
{
    sw_sums_hits(NULL, "l", SW_ACTION_MONITOR, SW_TRIGGER_QNAME, 1);
    sw_sums_anomaly(NULL, "woke", 1);
    sw_sums_enforced(NULL, 1);
    ck_assert_ptr_null(sw_sums_hits_json(NULL));
    ck_assert_ptr_null(sw_sums_latency_json(NULL));
    sw_sums_free(NULL);
}
END_TEST

int main(void)
{
    return RUN_SUITE("sums", TESTS(test_threads, test_limits, test_latency, test_none));
}
