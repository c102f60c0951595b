/*
 * test_pace.c - quiet times and rates of notices: each minute of a week, and each notice, compared
 * with a model that knows no wrapping: a set of the quiet minutes, a list of the times of notices.
 */
#include "cli/notify/pace.h"
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WEEK   (7 * 1440)
#define ROUNDS 100

static unsigned pick(unsigned n)
{
    return (unsigned)random() % n;
}

/* Text of a random quiet time; its minutes go into the set. */
static void make_time(char text[64], bool set[WEEK])
{
    static const char *const names[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};
    unsigned from = pick(1440), to = pick(4) ? pick(1441) : from, days = pick(3) ? pick(128) : 0;
    size_t used = 0;
    for (unsigned d = 0; d < 7; d++)
        if (days & 1U << d)
            used += (size_t)snprintf(text + used, 64 - used, "%s ", names[d]);
    snprintf(text + used, 64 - used, "%02u:%02u-%02u:%02u", from / 60, from % 60, to / 60, to % 60);
    unsigned length = to > from ? to - from : to + 1440 - from;
    for (unsigned d = 0; d < 7; d++)
        for (unsigned m = 0; (days == 0 || days & 1U << d) && m < length; m++)
            set[(d * 1440 + from + m) % WEEK] = true;
}

START_TEST(quiet_minutes_are_those_of_the_model)
{
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct notify_target target = {.quiet_n = pick(4)};
        bool set[WEEK] = {false};
        char text[64] = "";
        for (uint32_t i = 0; i < target.quiet_n; i++) {
            make_time(text, set);
            ck_assert_msg(notify_quiet_parse(text, &target.quiet[i]), "%s", text);
        }
        for (int m = 0; m < WEEK; m++) {
            struct tm at = {.tm_wday = m / 1440, .tm_hour = m / 60 % 24, .tm_min = m % 60};
            if (pace_is_quiet(&target, &at) != set[m])
                ck_abort_msg("minute %d of %s", m, text);
        }
    }
}
END_TEST

START_TEST(other_texts_are_no_time)
{
    static const char *const bad[] = {
        "",
        "sun",
        "24:00-01:00",
        "00:00",
        "1:00-2:00",
        "00:60-01:00",
        "00:00-24:1",
        "00:00 01:00",
        "00:00-24:01",
        "sun0:00-1:0",
        "day 00:00-01:00",
        "00:00-01:00 sun",
    };
    struct notify_quiet quiet;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        ck_assert_msg(!notify_quiet_parse(bad[i], &quiet), "%s", bad[i]);
}
END_TEST

/* In no window that begins with a notice are there more than rate_max; a notice is refused only
 * where the window is full. */
START_TEST(a_rate_is_kept_and_used)
{
    for (unsigned round = 0; round < ROUNDS; round++) {
        const struct notify_target target = {.rate_max = 1 + pick(5), .rate_s = 1 + pick(10)};
        struct pace pace = {0};
        int64_t now = 0, begin = INT64_MIN / 2;
        unsigned handed = 0;
        for (unsigned i = 0; i < 200; i++) {
            now += pick(3000000);
            if (now - begin >= target.rate_s * INT64_C(1000000))
                handed = 0;
            ck_assert(pace_has_room(&pace, &target, now) == (handed < target.rate_max));
            if (handed == target.rate_max)
                continue;
            begin = handed == 0 ? now : begin;
            handed++;
            pace_take(&pace, &target, now);
        }
    }
}
END_TEST

int main(void)
{
    return RUN_SUITE("pace", TESTS(quiet_minutes_are_those_of_the_model, other_texts_are_no_time,
                                   a_rate_is_kept_and_used));
}
