/* test_feed_streams.c - the feeder with entries that the hashes contradict, and with tracked
 * addresses (D-096). */
#include "feed_rig.h"

#include "suite.h"

/* Entries that the hashes contradict: of a writer that may append to the stream, but not change the
 * list. */
START_TEST(test_false_entries)
{
    struct rig rig;
    rig_init(&rig);
    rig.settings.reconcile_s = 0; /* nothing repairs the effect of an entry */
    rig_list(&rig, "l", "{}", "a.test", "b.test", NULL);
    rig_start(&rig);
    rig_wait_loads(&rig, 1);
    rig_entry(&rig, "add", "l", "bank.test");
    redis_fixture_run(&rig.rf, "XADD %s * op add list l expires %s i bank2.test", P ":changes", "");
    rig_entry(&rig, "remove", "l", "a.test");
    rig_entry(&rig, "drop", "l", NULL);
    rig_wait_applied(&rig);
    ck_assert(!rig_lists(&rig, "bank.test") && !rig_lists(&rig, "bank2.test"));
    ck_assert(rig_lists(&rig, "a.test") && rig_lists(&rig, "b.test"));
    /* Of an entry that is right in part, that part. */
    redis_fixture_run(&rig.rf, "HSET %s c.test %s", P ":list:l", "");
    redis_fixture_run(&rig.rf, "XADD %s * op add list l i bank.test i c.test i d.test",
                      P ":changes");
    redis_fixture_run(&rig.rf, "HDEL %s b.test", P ":list:l");
    redis_fixture_run(&rig.rf, "XADD %s * op remove list l i a.test i b.test i c.test",
                      P ":changes");
    rig_wait_applied(&rig);
    ck_assert(rig_lists(&rig, "a.test") && rig_lists(&rig, "c.test"));
    ck_assert(!rig_lists(&rig, "b.test") && !rig_lists(&rig, "bank.test"));
    /* Indicators that came and went before the reading: the hash is right. */
    rig_entry(&rig, "policy", "l", NULL);
    redis_fixture_run(&rig.rf, "HDEL %s l", P ":lists");
    rig_entry(&rig, "drop", "l", NULL);
    rig_wait_applied(&rig);
    ck_assert(!rig_lists(&rig, "a.test"));
    rig_stop(&rig);
}
END_TEST

START_TEST(test_tracking)
{
    struct rig rig;
    struct sw_addr addr, prefix;
    rig_init(&rig);
    redis_fixture_run(&rig.rf, "ZADD %s 1 192.0.2.1 2 2001:db8::1 3 junk", P ":tracked");
    rig_start(&rig);
    rig_wait_loads(&rig, 1);
    ck_assert(rig_tracks(&rig, "192.0.2.1") && rig_tracks(&rig, "2001:db8::1"));
    ck_assert(!rig_tracks(&rig, "192.0.2.2"));
    ck_assert_uint_eq(rig_tracked_told(&rig), 0);
    /* By us: here at once, in Redis and announced soon after. */
    ck_assert_int_eq(sw_addr_parse("192.0.2.2", 9, &addr, NULL), SW_OK);
    ck_assert_int_eq(sw_addr_parse("192.0.2.0/24", 12, &prefix, NULL), SW_OK);
    sw_feed_track(rig.feed, &addr);
    sw_feed_track(rig.feed, &addr);
    sw_feed_track(rig.feed, &prefix);
    RIG_WAIT(rig_tracks(&rig, "192.0.2.2"));
    ck_assert(!rig_tracks(&rig, "192.0.2.3"));
    RIG_WAIT(redis_fixture_run(&rig.rf, "ZCARD %s", P ":tracked") == 4);
    RIG_WAIT(redis_fixture_run(&rig.rf, "XLEN %s", P ":resolvers:tracked") == 1);
    RIG_WAIT(rig_tracked_told(&rig) == 1); /* by the sweeper, by and by */
    /* By another resolver; by a resolver of a former version. */
    redis_fixture_run(&rig.rf, "XADD %s * i 192.0.2.7 i 192.0.2.1 i junk x y",
                      P ":resolvers:tracked");
    RIG_WAIT(rig_tracks(&rig, "192.0.2.7"));
    RIG_WAIT(rig_tracked_told(&rig) == 2);
    ck_assert_int_eq(redis_fixture_run(&rig.rf, "XLEN %s", P ":changes"), 0);
    redis_fixture_run(&rig.rf, "XADD %s * op track i 192.0.2.8 i 192.0.2.1", P ":changes");
    rig_wait_applied(&rig);
    ck_assert(rig_tracks(&rig, "192.0.2.8"));
    /* Whatever becomes of that stream, the lists' is followed. */
    redis_fixture_run(&rig.rf, "DEL %s", P ":resolvers:tracked");
    redis_fixture_run(&rig.rf, "SET %s x", P ":resolvers:tracked");
    rig_list(&rig, "l", "{}", "a.test", NULL);
    rig_entry(&rig, "policy", "l", NULL);
    rig_wait_applied(&rig);
    ck_assert(rig_lists(&rig, "a.test"));
    rig_stop(&rig);
}
END_TEST

/* Without Redis: tracked at once all the same, and written to Redis later. */
START_TEST(test_tracking_without_redis)
{
    struct rig rig;
    struct sw_addr addr;
    rig_init(&rig);
    redis_fixture_kill(&rig.rf);
    rig_start(&rig);
    ck_assert_int_eq(sw_addr_parse("192.0.2.9", 9, &addr, NULL), SW_OK);
    sw_feed_track(rig.feed, &addr);
    RIG_WAIT(rig_tracks(&rig, "192.0.2.9"));
    redis_fixture_restart(&rig.rf);
    RIG_WAIT(redis_fixture_run(&rig.rf, "ZCARD %s", P ":tracked") == 1);
    RIG_WAIT(rig_tracked_told(&rig) == 1); /* by the sweeper, by and by */
    rig_stop(&rig);
}
END_TEST

int main(void)
{
    return RUN_SUITE("feed streams", TIMEOUT(60),
                     TESTS(test_false_entries, test_tracking, test_tracking_without_redis));
}
