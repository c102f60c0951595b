/* test_subscription.c - feeds: the time of the next run, definitions, sources without secrets. */
#include "cli/feed/fetch.h"
#include "cli/feed/schedule.h"
#include "cli/feed/store.h"
#include "suite.h"

#include <stdlib.h>
#include <string.h>

static const uint32_t intervals[] = {60, 61, 900, 3600, 7200, 604800};
static const uint32_t pauses[] = {0, 1, 5000, 86400, 86401, UINT32_MAX};
static const uint32_t numbers[] = {0, 1, 12345, UINT32_MAX - 1, UINT32_MAX};

/* Timers of a zone: none, small and large ones. */
static const uint32_t timers[][2] = {{0, 0}, {1, 1}, {3600, 600}, {UINT32_MAX, UINT32_MAX}};

static uint64_t smaller(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t larger(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* The time before jitter, by the words of schedule.h. */
static uint64_t expected(const struct cli_feed_times *times, uint32_t failures)
{
    uint64_t delay = 60;
    if (failures == 0)
        return times->refresh ? smaller(times->every, larger(times->refresh, 60)) : times->every;
    for (uint32_t i = 1; i < failures && i < 40; i++)
        delay *= 2;
    if (times->retry)
        delay = larger(times->retry, 60);
    return smaller(delay, larger(times->every, 3600));
}

static void check_delay(const struct cli_feed_times *times, uint32_t failures, uint32_t asked,
                        uint32_t random)
{
    uint32_t delay = cli_feed_delay(times, failures, asked, random);
    uint64_t base = expected(times, failures), pause = smaller(asked, CLI_PAUSE_MAX);
    ck_assert_uint_ge(delay, larger(failures ? base / 2 : base, pause));
    ck_assert_uint_le(delay, larger(failures ? base : base + base / 10, pause));
}

START_TEST(delays_stay_within_their_bounds)
{
    static const uint32_t failures[] = {0, 1, 2, 3, 7, 40, UINT32_MAX};
    for (size_t e = 0; e < (size_t)(COUNT(intervals) * COUNT(timers)); e++) {
        const uint32_t *timer = timers[e % COUNT(timers)];
        struct cli_feed_times times = {intervals[e / COUNT(timers)], timer[0], timer[1]};
        for (size_t f = 0; f < (size_t)COUNT(failures); f++)
            for (size_t p = 0; p < (size_t)COUNT(pauses); p++)
                for (size_t r = 0; r < (size_t)COUNT(numbers); r++)
                    check_delay(&times, failures[f], pauses[p], numbers[r]);
    }
}
END_TEST

START_TEST(jitter_spreads_over_the_whole_span)
{
    const struct cli_feed_times times = {.every = 7200};
    uint32_t least = UINT32_MAX, most = 0;
    for (uint32_t i = 0; i < 2000; i++) {
        uint32_t delay = cli_feed_delay(&times, 5, 0, i * 2654435761u);
        least = delay < least ? delay : least;
        most = delay > most ? delay : most;
    }
    ck_assert_uint_lt(least, 500);
    ck_assert_uint_gt(most, 940);
}
END_TEST

static const struct {
    const char *text, *why;
} definitions[] = {
    {"{\"source\":\"file:/x\",\"list\":\"ads\"}", NULL},
    {"{\"source\":\"file:/x\",\"list\":\"ads\",\"every\":60,\"stale\":\"drop\",\"stale_after\":1,"
     "\"paused\":true,\"options\":{\"a\":true,\"b\":\"c\",\"d\":[\"e\"]},\"further\":1}",
     NULL},
    {"", "no JSON object"},
    {"[]", "no JSON object"},
    {"{\"source\":\"a\",\"source\":\"b\",\"list\":\"ads\"}", "no JSON object"},
    {"{\"list\":\"ads\"}", "source"},
    {"{\"source\":7,\"list\":\"ads\"}", "source"},
    {"{\"source\":\"file:/x\"}", "list"},
    {"{\"source\":\"file:/x\",\"list\":\"../x\"}", "list"},
    {"{\"source\":\"file:/x\",\"list\":\"ads\",\"every\":59}", "every"},
    {"{\"source\":\"file:/x\",\"list\":\"ads\",\"every\":\"900\"}", "every"},
    {"{\"source\":\"file:/x\",\"list\":\"ads\",\"every\":604801}", "every"},
    {"{\"source\":\"file:/x\",\"list\":\"ads\",\"stale_after\":-1}", "stale_after"},
    {"{\"source\":\"file:/x\",\"list\":\"ads\",\"stale\":\"burn\"}", "stale"},
    {"{\"source\":\"file:/x\",\"list\":\"ads\",\"options\":[]}", "options"},
    {"{\"source\":\"file:/x\",\"list\":\"ads\",\"options\":{\"a\":1}}", "options"},
    {"{\"source\":\"file:/x\",\"list\":\"ads\",\"options\":{\"a\":[true]}}", "options"},
};

START_TEST(definitions_are_judged)
{
    struct cli_feed_def feed;
    char why[SW_WHY_MAX] = "";
    const char *text = definitions[_i].text;
    enum sw_status status = cli_feed_parse("ads", text, strlen(text), &feed, why);
    ck_assert_int_eq(status, definitions[_i].why ? SW_EINVAL : SW_OK);
    if (definitions[_i].why)
        ck_assert_msg(strstr(why, definitions[_i].why), "%s", why);
    cli_feed_free(&feed);
}
END_TEST

START_TEST(each_source_has_its_fetcher)
{
    static const char *const good[] = {"file:/x", "https://a/", "http://a/", "taxii+https://a/",
                                       "misp+https://a/"};
    static const char *const none[] = {"",  "file",  "files:/x",  "HTTPS://a",
                                       ":", "htt:x", "gopher://a"};
    for (size_t i = 0; i < (size_t)COUNT(good); i++)
        ck_assert_ptr_nonnull(cli_fetcher_of(good[i]));
    for (size_t i = 0; i < (size_t)COUNT(none); i++)
        ck_assert_ptr_null(cli_fetcher_of(none[i]));
}
END_TEST

START_TEST(a_source_is_shown_without_its_query)
{
    char *shown = cli_feed_shown("https://a.example/l?key=secret");
    ck_assert_str_eq(shown, "https://a.example/l?...");
    free(shown);
    shown = cli_feed_shown("file:/x");
    ck_assert_str_eq(shown, "file:/x");
    free(shown);
}
END_TEST

int main(void)
{
    return RUN_SUITE("subscription",
                     TESTS(delays_stay_within_their_bounds, jitter_spreads_over_the_whole_span,
                           each_source_has_its_fetcher, a_source_is_shown_without_its_query),
                     LOOP(definitions_are_judged, COUNT(definitions)));
}
