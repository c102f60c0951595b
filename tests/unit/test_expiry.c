/* Indicators with an end: as text, in facts, in the stream, in time; on a clock of the test's. */
#include "feed_rig.h"

#include "base/expires.h"
#include "suite.h"

static atomic_llong clock_offset_s; /* added by the test to the real wall clock */

static int64_t test_wall_us(void *arg)
{
    (void)arg;
    return sw_clock_wall_us() + atomic_load(&clock_offset_s) * 1000000;
}

static void pass(long long seconds)
{
    atomic_fetch_add(&clock_offset_s, seconds);
}

/* Seconds from the test's now, as text. */
static const char *in(long long seconds)
{
    static char text[4][SW_TIMETEXT_MAX];
    static unsigned turn;
    return sw_time_text(test_wall_us(NULL) + seconds * 1000000, text[turn++ % 4]);
}

static void start(struct rig *rig)
{
    atomic_store(&clock_offset_s, 0);
    rig_init(rig);
    rig->host.wall_us = test_wall_us;
}

static void set_facts(struct rig *rig, const char *item, const char *expires)
{
    redisReply *reply =
        redis_fixture_command(&rig->rf, "HSET " P ":list:l %s {\"expires\":\"%s\"}", item, expires);
    ck_assert(reply && reply->type == REDIS_REPLY_INTEGER);
    freeReplyObject(reply);
}

static void add_until(struct rig *rig, const char *item, const char *expires)
{
    set_facts(rig, item, expires);
    redis_fixture_run(&rig->rf, "XADD " P ":changes * op add list l expires %s i %s", expires,
                      item);
    rig_wait_applied(rig);
}

/* ---- text ---- */

static int64_t time_of(const char *text)
{
    int64_t us = -1;
    enum sw_status status = sw_time_parse(text, strlen(text), &us);
    ck_assert_int_eq(status, us == -1 ? SW_ESYNTAX : SW_OK);
    return us;
}

START_TEST(times)
{
    ck_assert_int_eq(time_of("1970-01-01T00:00:00Z"), 0);
    ck_assert_int_eq(time_of("2026-11-24T14:00:00Z"), 1795528800000000);
    ck_assert_int_eq(time_of("2026-11-24t16:30:00.25+02:30"), 1795528800250000);
    ck_assert_int_eq(time_of("2026-11-24 09:00:00.1234567-05:00"), 1795528800123456);
    ck_assert_int_eq(time_of("2016-12-31T23:59:60Z"), time_of("2017-01-01T00:00:00Z"));
    ck_assert_int_eq(time_of("2028-02-29T00:00:00Z"), 1835395200000000);
    ck_assert_int_eq(time_of("1795528800"), 1795528800000000);
    const char *const wrong[] = {"",
                                 "2026-11-24",
                                 "2026-11-24T14:00:00",
                                 "2026-11-24T14:00Z",
                                 "2026-02-29T00:00:00Z",
                                 "2026-13-01T00:00:00Z",
                                 "2026-11-24T24:00:00Z",
                                 "2026-11-24T14:00:00.Z",
                                 "2026-11-24T14:00:00Zx",
                                 "2026-11-24T14:00:00+25:00",
                                 "2026-1-24T14:00:00Z",
                                 "1234567890123",
                                 "-5",
                                 "soon"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        ck_assert_msg(time_of(wrong[i]) == -1, "%s", wrong[i]);
}
END_TEST

/* Every day of some centuries, at odd times, against the C library. */
START_TEST(times_as_text)
{
    char text[SW_TIMETEXT_MAX], wanted[SW_TIMETEXT_MAX + 16];
    for (int64_t day = -720000; day < 110000; day++) {
        int64_t us = (day * 86400 + (day * 7919 % 86400)) * 1000000 + day * 104729 % 1000000;
        time_t seconds = (time_t)(us / 1000000 - (us % 1000000 < 0));
        struct tm utc;
        gmtime_r(&seconds, &utc);
        if (utc.tm_year + 1900 < 0)
            continue;
        snprintf(wanted, sizeof(wanted), "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", utc.tm_year + 1900,
                 utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec,
                 (int)((us - (int64_t)seconds * 1000000) / 1000));
        ck_assert_str_eq(sw_time_text(us, text), wanted);
    }
    ck_assert_str_eq(sw_time_text(INT64_MAX, text), "9999-12-31T23:59:59.775Z");
    ck_assert_str_eq(sw_time_text(INT64_MIN, text), "0000-01-01T00:00:00.224Z");
}
END_TEST

static uint32_t end_of(const char *facts, enum sw_status wanted)
{
    uint32_t at = 7;
    enum sw_status status = sw_facts_expires(facts, strlen(facts), &at);
    ck_assert_msg(status == wanted, "%s: %d", facts, (int)status);
    return at;
}

START_TEST(facts)
{
    ck_assert_uint_eq(end_of("", SW_OK), 0);
    ck_assert_uint_eq(end_of("\n{ \"a\": 1 } ", SW_OK), 0);
    ck_assert_uint_eq(end_of("not JSON \"expires\"", SW_ESYNTAX), 0);
    ck_assert_uint_eq(end_of("{\"expires\":1795528800", SW_ESYNTAX), 0);
    ck_assert_uint_eq(end_of("[\"expires\"]", SW_ESYNTAX), 0);
    ck_assert_uint_eq(end_of("a note", SW_ESYNTAX), 0);
    ck_assert_uint_eq(end_of("{", SW_ESYNTAX), 0);
    ck_assert_uint_eq(end_of("  ", SW_ESYNTAX), 0);
    ck_assert_uint_eq(end_of("{\"campaign\":\"expires\"}", SW_OK), 0);
    ck_assert_uint_eq(end_of("{\"expires\":null}", SW_OK), 0);
    ck_assert_uint_eq(end_of("{\"in\":{\"expires\":5}}", SW_OK), 0);
    ck_assert_uint_eq(end_of("{\"a\":1,\"expires\":1795528800}", SW_OK), 1795528800);
    ck_assert_uint_eq(end_of("{\"expires\":1795528800.25}", SW_OK), 1795528801);
    ck_assert_uint_eq(end_of("{\"expires\":\"2026-11-24T14:00:00.001Z\"}", SW_OK), 1795528801);
    ck_assert_uint_eq(end_of("{\"expires\":\"1795528800\"}", SW_OK), 1795528800);
    ck_assert_uint_eq(end_of("{\"expires\":-3}", SW_OK), 1);
    ck_assert_uint_eq(end_of("{\"expires\":\"\"}", SW_ESYNTAX), 0);
    ck_assert_uint_eq(end_of("{\"expires\":true}", SW_ESYNTAX), 0);
    ck_assert_uint_eq(end_of("{\"expires\":1e300}", SW_ESYNTAX), 0);
    ck_assert_uint_eq(end_of("{\"expires\":\"2200-01-01T00:00:00Z\"}", SW_ESYNTAX), 0);
}
END_TEST

/* ---- the feeder ---- */

START_TEST(read_with_the_list)
{
    struct rig rig;
    start(&rig);
    rig_list(&rig, "l", "{}", "ever.test", NULL);
    set_facts(&rig, "later.test", in(1000));
    set_facts(&rig, "over.test", in(-1));
    set_facts(&rig, "odd.test", "soon");
    rig_start(&rig);
    rig_wait_loads(&rig, 1);
    ck_assert(rig_lists(&rig, "ever.test") && rig_lists(&rig, "later.test"));
    ck_assert(!rig_lists(&rig, "over.test"));
    ck_assert(rig_lists(&rig, "odd.test")); /* in force, and told */
    RIG_WAIT(rig_status_has(&rig, "refused_by_reason", "\"facts\":1"));
    pass(1001);
    RIG_WAIT(!rig_lists(&rig, "later.test"));
    ck_assert(rig_lists(&rig, "ever.test") && rig_lists(&rig, "odd.test"));
    ck_assert_uint_eq(sw_counted(&rig.counters.indicators_expired), 1);
    rig_stop(&rig);
}
END_TEST

START_TEST(from_the_stream)
{
    struct rig rig;
    start(&rig);
    rig_list(&rig, "l", "{}", "ever.test", NULL);
    rig_start(&rig);
    rig_wait_loads(&rig, 1);
    add_until(&rig, "short.test", in(500));
    add_until(&rig, "longer.test", in(500));
    add_until(&rig, "longer.test", in(1500));
    add_until(&rig, "shorter.test", in(5000));
    add_until(&rig, "shorter.test", in(500));
    add_until(&rig, "kept.test", in(500));
    add_until(&rig, "kept.test", "");
    add_until(&rig, "gone.test", in(500));
    add_until(&rig, "gone.test", in(-5));
    ck_assert(!rig_lists(&rig, "gone.test"));
    ck_assert(rig_lists(&rig, "short.test") && rig_lists(&rig, "shorter.test"));
    pass(501);
    RIG_WAIT(!rig_lists(&rig, "short.test") && !rig_lists(&rig, "shorter.test"));
    ck_assert(rig_lists(&rig, "longer.test") && rig_lists(&rig, "kept.test"));
    pass(1000);
    RIG_WAIT(!rig_lists(&rig, "longer.test"));
    add_until(&rig, "short.test", in(500)); /* once more */
    ck_assert(rig_lists(&rig, "short.test"));
    rig_change(&rig, "remove", "l", "short.test");
    rig_change(&rig, "add", "l", "short.test"); /* for good: the former end is forgotten */
    rig_wait_applied(&rig);
    pass(600);
    RIG_WAIT(sw_counted(&rig.counters.indicators_expired) == 3);
    ck_assert(rig_lists(&rig, "short.test") && rig_lists(&rig, "kept.test"));
    rig_stop(&rig);
}
END_TEST

/* A feed that knows nothing of the field in the stream: the facts count. */
START_TEST(entry_without_a_word)
{
    struct rig rig;
    start(&rig);
    rig_list(&rig, "l", "{}", "ever.test", NULL);
    rig_start(&rig);
    rig_wait_loads(&rig, 1);
    set_facts(&rig, "a.test", in(500));
    redis_fixture_run(&rig.rf, "HSET " P ":list:l b.test {} c.test {}");
    redis_fixture_run(&rig.rf, "XADD " P ":changes * op add list l i a.test i b.test i c.test");
    rig_wait_applied(&rig);
    ck_assert(rig_lists(&rig, "a.test") && rig_lists(&rig, "b.test") && rig_lists(&rig, "c.test"));
    pass(501);
    RIG_WAIT(!rig_lists(&rig, "a.test"));
    ck_assert(rig_lists(&rig, "b.test") && rig_lists(&rig, "c.test"));
    rig_stop(&rig);
}
END_TEST

START_TEST(without_redis)
{
    struct rig rig;
    start(&rig);
    rig_list(&rig, "l", "{}", "ever.test", NULL);
    set_facts(&rig, "later.test", in(1000));
    rig_start(&rig);
    rig_wait_loads(&rig, 1);
    redis_fixture_kill(&rig.rf);
    pass(1001);
    RIG_WAIT(!rig_lists(&rig, "later.test"));
    ck_assert(rig_lists(&rig, "ever.test"));
    redis_fixture_restart(&rig.rf);
    rig_stop(&rig);
}
END_TEST

/* A server that says nothing: longer than the test would wait, unless waiting does the work. */
START_TEST(while_redis_keeps_silent)
{
    struct rig rig;
    start(&rig);
    rig.settings.redis_timeout_ms = 60000;
    rig_list(&rig, "l", "{}", "ever.test", NULL);
    set_facts(&rig, "later.test", in(1000));
    rig_start(&rig);
    rig_wait_loads(&rig, 1);
    redis_fixture_pause(&rig.rf);
    pass(1001);
    RIG_WAIT(!rig_lists(&rig, "later.test"));
    redis_fixture_kill(&rig.rf);
    redis_fixture_restart(&rig.rf);
    rig_stop(&rig);
}
END_TEST

/* A field that stays in Redis is no difference to be read again, and may be cleaned up at any
 * time. */
START_TEST(fields_that_stay)
{
    struct rig rig;
    start(&rig);
    rig.settings.reconcile_s = 1;
    rig_list(&rig, "l", "{}", "ever.test", NULL);
    set_facts(&rig, "over.test", in(-1));
    set_facts(&rig, "later.test", in(1000));
    rig_start(&rig);
    rig_wait_loads(&rig, 1);
    pass(1001);
    RIG_WAIT(!rig_lists(&rig, "later.test"));
    rig_change(&rig, "remove", "l", "over.test");
    rig_change(&rig, "remove", "l", "later.test");
    rig_wait_applied(&rig);
    size_t sweeps = rig_sweeps(&rig, NULL);
    redis_fixture_run(&rig.rf, "HSET " P ":list:l new.test %s", ""); /* without the stream */
    RIG_WAIT(rig_lists(&rig, "new.test"));                           /* a reconciliation has been */
    RIG_WAIT(rig_sweeps(&rig, NULL) > sweeps);
    ck_assert_uint_eq(rig_sweeps(&rig, NULL), sweeps + 1);
    rig_stop(&rig);
}
END_TEST

START_TEST(clock_set_back)
{
    struct rig rig;
    start(&rig);
    rig_list(&rig, "l", "{}", "ever.test", NULL);
    set_facts(&rig, "later.test", in(1000));
    rig_start(&rig);
    rig_wait_loads(&rig, 1);
    pass(5000); /* wrongly */
    RIG_WAIT(!rig_lists(&rig, "later.test"));
    pass(-5000);
    RIG_WAIT(rig_lists(&rig, "later.test"));
    pass(1001);
    RIG_WAIT(!rig_lists(&rig, "later.test"));
    rig_stop(&rig);
}
END_TEST

int main(void)
{
    return RUN_SUITE("expiry", TIMEOUT(60),
                     TESTS(times, times_as_text, facts, read_with_the_list, from_the_stream,
                           entry_without_a_word, without_redis, while_redis_keeps_silent,
                           fields_that_stay, clock_set_back));
}
