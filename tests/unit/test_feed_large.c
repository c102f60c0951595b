/* test_feed_large.c - the feeder with lists and entries that are too large for one reply (D-095). */
#include "feed_rig.h"

/* Facts of 65 MiB take their own list's content out of reach, and no other list. Facts that are too large
 * together for one reply, as those of 500 fields at once, are read in smaller parts. */
START_TEST(test_facts_that_no_reply_holds)
{
    struct rig rig;
    rig_init(&rig);
    rig_list(&rig, "huge", "{}", "h.test", NULL);
    rig_list(&rig, "many", "{}", "m.test", NULL);
    rig_list(&rig, "l", "{}", "a.test", NULL);
    redis_fixture_run(&rig.rf, "EVAL %s 1 %s",
                      "redis.call('HSET',KEYS[1],'h.test',string.rep('x',68157440))",
                      P ":list:huge");
    redis_fixture_run(
        &rig.rf, "EVAL %s 1 %s",
        "for i=1,500 do redis.call('HSET',KEYS[1],'m'..i..'.test',string.rep('x',200000)) end",
        P ":list:many");
    rig_entry(&rig, "policy", "l", NULL);
    rig_start(&rig);
    rig_wait_applied(&rig);
    ck_assert(rig_lists(&rig, "a.test"));
    ck_assert(rig_lists(&rig, "m500.test"));
    ck_assert(!rig_lists(&rig, "h.test"));
    ck_assert(rig_status_has(&rig, "lists", "content: facts that are too large for a reply"));
    redis_fixture_run(&rig.rf, "HSET %s h.test %s", P ":list:huge", "{}");
    rig_entry(&rig, "replace", "huge", NULL);
    rig_wait_applied(&rig);
    ck_assert(rig_lists(&rig, "h.test"));
    rig_stop(&rig);
}
END_TEST

/* 30 entries of 4 MiB are followed in smaller batches; one of 65 MiB is passed by with a full load. */
START_TEST(test_entries_that_no_reply_holds)
{
    struct rig rig;
    rig_init(&rig);
    rig.settings.reconcile_s = 0;
    rig_list(&rig, "l", "{}", "a.test", NULL);
    rig_start(&rig);
    rig_wait_loads(&rig, 1);
    redis_fixture_run(&rig.rf, "EVAL %s 1 %s",
                      "for i=1,30 do redis.call('XADD',KEYS[1],'*','op','add','list','l','i',"
                      "'b'..i..'.test','x',string.rep('x',4194304)) end",
                      P ":changes");
    rig_wait_applied(&rig);
    ck_assert(rig_lists(&rig, "b30.test"));
    ck_assert_uint_eq(sw_counted(&rig.counters.full_loads), 1);
    redis_fixture_run(&rig.rf, "HSET %s c.test %s", P ":list:l", "");
    redis_fixture_run(
        &rig.rf, "EVAL %s 1 %s",
        "redis.call('XADD',KEYS[1],'*','op','add','list','l','i','c.test','x',"
        "string.rep('x',68157440)) redis.call('XADD',KEYS[1],'*','op','policy','list','l')",
        P ":changes");
    rig_wait_applied(&rig);
    ck_assert(rig_lists(&rig, "c.test"));
    ck_assert_uint_ge(sw_counted(&rig.counters.full_loads), 2);
    RIG_WAIT(strcmp(rig_status(&rig, "last_error"), "") == 0);
    rig_stop(&rig);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("feed large");
    TCase *tc = tcase_create("feed large");
    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, test_facts_that_no_reply_holds);
    tcase_add_test(tc, test_entries_that_no_reply_holds);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
