/* Plain writes to lists that keyspace notifications tell of; reconciliation is off here, unless
 * said. */
#include "feed_rig.h"

#include "suite.h"

#define EVENTS "CONFIG SET notify-keyspace-events %s"

/* A rig with a loaded list, on a server that sends notices. */
static void begin(struct rig *rig, const char *events)
{
    rig_init(rig);
    redis_fixture_run(&rig->rf, EVENTS, events);
    rig_list(rig, "l", "{}", "a.test", "refused..test", "A.TEST.", NULL);
    rig_list(rig, "m", "{}", "m.test", NULL);
    rig_start(rig);
    rig_wait_loads(rig, 1);
}

/* A change in the way of feeds: hash and stream in a single transaction, so n changes at once. */
static void changes(struct rig *rig, const char *list, int from, int n)
{
    redis_fixture_run(&rig->rf, "EVAL %s 0 %s %d %d",
                      "for i=ARGV[2],ARGV[2]+ARGV[3]-1 do "
                      "redis.call('HSET','" P ":list:'..ARGV[1],'n'..i..'.test','') "
                      "redis.call('XADD','" P ":changes','*','op','add','list',ARGV[1],'i',"
                      "'n'..i..'.test') end return 1",
                      list, from, n);
}

START_TEST(test_every_plain_write_is_noticed)
{
    struct rig rig;
    struct rig_sweep sweep = {.everything = false};
    begin(&rig, "Kgh");
    redis_fixture_run(&rig.rf, "HSET %s plain.test %s", P ":list:l", "");
    RIG_WAIT(rig_lists(&rig, "plain.test"));
    RIG_WAIT(rig_sweeps(&rig, &sweep) == 2);
    ck_assert(sweep.everything);
    redis_fixture_run(&rig.rf, "HDEL %s plain.test", P ":list:l");
    RIG_WAIT(!rig_lists(&rig, "plain.test"));
    ck_assert(rig_lists(&rig, "a.test"));
    redis_fixture_run(&rig.rf, "HSET %s m %s", P ":lists", "{\"action\":\"drop\"}");
    RIG_WAIT(rig_acts(&rig, "m.test", SW_ACTION_DROP));
    rig_list(&rig, "n", "{}", "n.test", NULL);
    RIG_WAIT(rig_lists(&rig, "n.test"));
    redis_fixture_run(&rig.rf, "HSET %s moved.test %s", P ":list:m:staging:x", "");
    redis_fixture_run(&rig.rf, "RENAME %s %s", P ":list:m:staging:x", P ":list:m");
    RIG_WAIT(rig_lists(&rig, "moved.test"));
    ck_assert(!rig_lists(&rig, "m.test"));
    redis_fixture_run(&rig.rf, "HDEL %s m", P ":lists");
    RIG_WAIT(!rig_lists(&rig, "moved.test"));
    redis_fixture_run(&rig.rf, "DEL %s", P ":list:l");
    RIG_WAIT(!rig_lists(&rig, "a.test"));
    ck_assert_uint_eq(sw_counted(&rig.counters.full_loads), 1);
    rig_stop(&rig);
}
END_TEST

/* A name in and a name out, and an end that is only in the facts: the size is unchanged. */
START_TEST(test_writes_that_leave_the_size_are_noticed)
{
    struct rig rig;
    begin(&rig, "Kgh");
    redis_fixture_run(&rig.rf, "EVAL %s 0",
                      "redis.call('HDEL','" P ":list:l','a.test','A.TEST.') "
                      "return redis.call('HSET','" P ":list:l','b.test','','c.test','')");
    RIG_WAIT(rig_lists(&rig, "b.test") && rig_lists(&rig, "c.test"));
    ck_assert(!rig_lists(&rig, "a.test"));
    redis_fixture_run(&rig.rf, "HSET %s m.test %s", P ":list:m", "{\"expires\":1000000000}");
    RIG_WAIT(!rig_lists(&rig, "m.test"));
    redis_fixture_run(&rig.rf, "HSET %s m.test %s", P ":list:m", "{}");
    RIG_WAIT(rig_lists(&rig, "m.test"));
    rig_stop(&rig);
}
END_TEST

/* Changes with entries in the stream cause no reading of a list, in any number; a plain write among
 * these changes is noticed all the same. */
START_TEST(test_a_busy_feed_causes_no_reading)
{
    struct rig rig;
    int at = 0;
    begin(&rig, "Kgh");
    for (int64_t until = sw_clock_mono_us() + 2000000; sw_clock_mono_us() < until; at += 20) {
        changes(&rig, at % 3 == 0 ? "l" : "m", at, 20);
        poll(NULL, 0, 10);
    }
    rig_wait_applied(&rig);
    RIG_WAIT(sw_counted(&rig.counters.notices) >= (uint64_t)at);
    ck_assert_uint_eq(sw_counted(&rig.counters.lists_reread), 0);
    redis_fixture_run(&rig.rf, "HSET %s plain.test %s", P ":list:l", "");
    for (int64_t until = sw_clock_mono_us() + RIG_DEADLINE_US; !rig_lists(&rig, "plain.test");) {
        changes(&rig, at % 3 == 0 ? "l" : "m", at, 20);
        at += 20;
        poll(NULL, 0, 10);
        ck_assert(sw_clock_mono_us() < until);
    }
    ck_assert_uint_eq(sw_counted(&rig.counters.lists_reread), 1);
    rig_wait_applied(&rig);
    ck_assert(rig_lists(&rig, "n0.test"));
    rig_stop(&rig);
}
END_TEST

/* An entry that comes a moment behind the hash, and staging, make nobody read a list either. */
START_TEST(test_writers_without_transactions)
{
    struct rig rig;
    begin(&rig, "Kgh");
    rig_change(&rig, "add", "l", "new.test");
    redis_fixture_run(&rig.rf, "HSET %s staged.test %s", P ":list:l:staging:x", "");
    rig_wait_applied(&rig);
    RIG_WAIT(sw_counted(&rig.counters.notices) >= 1);
    rig_change(&rig, "remove", "l", "new.test");
    RIG_WAIT(sw_counted(&rig.counters.notices) >= 2);
    rig_wait_applied(&rig);
    poll(NULL, 0, 1200); /* two looks */
    ck_assert_uint_eq(sw_counted(&rig.counters.lists_reread), 0);
    ck_assert_uint_eq(sw_counted(&rig.counters.notices), 2);
    rig_stop(&rig);
}
END_TEST

/* Notices were lost with the connection: after the reconnection there is a look. */
START_TEST(test_lost_connection)
{
    struct rig rig;
    begin(&rig, "Kgh");
    redis_fixture_run(&rig.rf, "HSET %s first.test %s", P ":list:l", "");
    RIG_WAIT(rig_lists(&rig, "first.test"));
    redis_fixture_run(&rig.rf, "CLIENT KILL TYPE pubsub");
    redis_fixture_run(&rig.rf, "HSET %s lost.test %s", P ":list:l", "");
    RIG_WAIT(rig_lists(&rig, "lost.test"));
    redis_fixture_run(&rig.rf, "HSET %s third.test %s", P ":list:l", "");
    RIG_WAIT(rig_lists(&rig, "third.test"));
    ck_assert_uint_eq(sw_counted(&rig.counters.redis_connects), 1);
    rig_stop(&rig);
}
END_TEST

/* The session of before was cut, notices came to nobody, the position is good. */
START_TEST(test_resumed_session)
{
    struct rig rig;
    begin(&rig, "Kgh");
    redis_fixture_run(&rig.rf, "HSET %s first.test %s", P ":list:l", "");
    RIG_WAIT(rig_lists(&rig, "first.test"));
    redis_fixture_run(&rig.rf, "CLIENT KILL TYPE normal");
    redis_fixture_run(&rig.rf, "CLIENT KILL TYPE pubsub");
    redis_fixture_run(&rig.rf, "HSET %s lost.test %s", P ":list:l", "");
    RIG_WAIT(rig_lists(&rig, "lost.test"));
    ck_assert_uint_eq(sw_counted(&rig.counters.full_loads), 1);
    rig_stop(&rig);
}
END_TEST

/* The server tells nothing, or is not asked: plain writes wait for reconciliation. */
START_TEST(test_off)
{
    struct rig rig;
    rig_init(&rig);
    redis_fixture_run(&rig.rf, EVENTS, _i == 0 ? "" : "Kgh");
    rig.settings.redis_notices = _i == 0;
    rig.settings.reconcile_s = 1;
    rig_list(&rig, "l", "{}", "a.test", NULL);
    rig_start(&rig);
    rig_wait_loads(&rig, 1);
    redis_fixture_run(&rig.rf, "HSET %s plain.test %s", P ":list:l", "");
    RIG_WAIT(rig_lists(&rig, "plain.test"));
    ck_assert_uint_eq(sw_counted(&rig.counters.notices), 0);
    rig_stop(&rig);
}
END_TEST

/* The server does not let us subscribe: that is no fault of the session. */
START_TEST(test_forbidden)
{
    struct rig rig;
    rig_init(&rig);
    redis_fixture_run(&rig.rf, EVENTS, "Kgh");
    redis_fixture_run(&rig.rf, "ACL SETUSER default -psubscribe");
    rig_list(&rig, "l", "{}", "a.test", NULL);
    rig_start(&rig);
    rig_wait_loads(&rig, 1);
    rig_change(&rig, "add", "l", "b.test");
    rig_wait_applied(&rig);
    ck_assert_str_eq(rig_status(&rig, "last_error"), "");
    ck_assert_uint_eq(sw_counted(&rig.counters.redis_connects), 1);
    redis_fixture_run(&rig.rf, "ACL SETUSER default +psubscribe");
    redis_fixture_run(&rig.rf, "HSET %s plain.test %s", P ":list:l", "");
    RIG_WAIT(rig_lists(&rig, "plain.test")); /* at the next attempt */
    rig_stop(&rig);
}
END_TEST

/* Special characters of patterns are not special in a prefix. */
START_TEST(test_prefix_of_pattern_signs)
{
    struct rig rig;
    const char *prefix = "x*[y]?\\z";
    rig_init(&rig);
    redis_fixture_run(&rig.rf, EVENTS, "Kgh");
    snprintf(rig.settings.redis_prefix, sizeof(rig.settings.redis_prefix), "%s", prefix);
    redis_fixture_run(&rig.rf, "HSET %s:lists l {}", prefix);
    redis_fixture_run(&rig.rf, "HSET %s:list:l a.test %s", prefix, "");
    rig_start(&rig);
    rig_wait_loads(&rig, 1);
    redis_fixture_run(&rig.rf, "HSET xxyy?\\z:list:l other.test %s", "");
    redis_fixture_run(&rig.rf, "HSET %s:list:l plain.test %s", prefix, "");
    RIG_WAIT(rig_lists(&rig, "plain.test"));
    ck_assert_uint_eq(sw_counted(&rig.counters.notices), 1);
    rig_stop(&rig);
}
END_TEST

int main(void)
{
    return RUN_SUITE("feed notices", TIMEOUT(120),
                     TESTS(test_every_plain_write_is_noticed,
                           test_writes_that_leave_the_size_are_noticed,
                           test_a_busy_feed_causes_no_reading, test_writers_without_transactions,
                           test_lost_connection, test_resumed_session),
                     LOOP(test_off, 2), TESTS(test_forbidden, test_prefix_of_pattern_signs));
}
