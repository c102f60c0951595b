/* Changes, evictions and sweeps beside each other: feeder and sweeper with a host that holds them up. */
#include "feed/stream.h"
#include "feed_rig.h"

/* A sweep takes long: changes that come meanwhile are in force at once, but not reported as applied,
 * and are swept for together. */
START_TEST(test_changes_during_a_sweep)
{
    struct rig rig;
    struct rig_sweep sweep = {.everything = false};
    char before[SW_STREAMID_MAX];

    rig_init(&rig);
    rig_list(&rig, "l", "{}", "old.test", NULL);
    rig_start(&rig);
    rig_wait_loads(&rig, 1);
    rig_entry(&rig, "remove", "l", "nothing.test");
    rig_wait_applied(&rig);
    snprintf(before, sizeof(before), "%.*s", SW_STREAMID_MAX - 1, rig_status(&rig, "applied"));
    atomic_store(&rig.hold, true);
    rig_change(&rig, "add", "l", "first.test");
    RIG_WAIT(atomic_load(&rig.held));
    for (int i = 0; i < 20; i++) {
        char name[32];

        snprintf(name, sizeof(name), "n%d.test", i);
        rig_change(&rig, "add", "l", name);
    }
    rig_change(&rig, "remove", "l", "old.test"); /* needs no sweep, but is no earlier than they */
    RIG_WAIT(!rig_lists(&rig, "old.test"));
    ck_assert(rig_lists(&rig, "n19.test"));
    ck_assert_uint_ge(atomic_load(&rig.evictions), 2);
    ck_assert_str_eq(rig_status(&rig, "applied"), before);
    atomic_store(&rig.hold, false);
    rig_wait_applied(&rig);
    ck_assert_uint_eq(rig_sweeps(&rig, &sweep), 3); /* load, first, all others */
    ck_assert_uint_eq(sweep.added_n, 20);
    ck_assert_str_eq(sweep.first, "n0.test");
    ck_assert_uint_eq(sw_counted(&rig.counters.sweeps), 3);
    rig_stop(&rig);
}
END_TEST

/* What was swept for is reported though another sweep waits already. */
START_TEST(test_applied_between_sweeps)
{
    struct rig rig;
    char first[SW_STREAMID_MAX];

    rig_init(&rig);
    rig_list(&rig, "l", "{}", NULL);
    rig_start(&rig);
    rig_wait_loads(&rig, 1);
    atomic_store(&rig.hold, true);
    rig_change(&rig, "add", "l", "first.test");
    RIG_WAIT(atomic_load(&rig.held));
    redisReply *reply = redis_fixture_command(&rig.rf, "XREVRANGE %s + - COUNT 1", P ":changes");
    snprintf(first, sizeof(first), "%.*s", SW_STREAMID_MAX - 1, reply->element[0]->element[0]->str);
    freeReplyObject(reply);
    rig_change(&rig, "add", "l", "second.test");
    RIG_WAIT(rig_lists(&rig, "second.test"));
    atomic_store(&rig.held, false);
    atomic_store(&rig.hold_next, true);
    atomic_store(&rig.hold, false);
    RIG_WAIT(atomic_load(&rig.held));
    RIG_WAIT(strcmp(rig_status(&rig, "applied"), first) == 0);
    atomic_store(&rig.hold, false);
    rig_wait_applied(&rig);
    rig_stop(&rig);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("feed sweeps");
    TCase *tc = tcase_create("held up");
    SRunner *runner;
    int failed;

    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, test_changes_during_a_sweep);
    tcase_add_test(tc, test_applied_between_sweeps);
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
