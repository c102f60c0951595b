/* Changes, evictions and sweeps beside each other: feeder and sweeper with a host that delays
 * both. */
#include "feed/feeder.h"
#include "feed/stream.h"
#include "feed_rig.h"
#include "suite.h"

/* A sweep takes long: changes that come meanwhile are in force at once, but not reported as
 * applied, and are swept for together. */
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
    rig_change(&rig, "remove", "l", "old.test"); /* needs no sweep, but is no earlier than these */
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

/* The id of the newest entry. */
static void newest_id(struct rig *rig, char out[SW_STREAMID_MAX])
{
    redisReply *reply = redis_fixture_command(&rig->rf, "XREVRANGE %s + - COUNT 1", P ":changes");

    snprintf(out, SW_STREAMID_MAX, "%s", reply->element[0]->element[0]->str);
    freeReplyObject(reply);
}

/* Let the part at hand go; the next part waits again. */
static void next_part(struct rig *rig)
{
    atomic_store(&rig->held, false);
    atomic_store(&rig->hold_next, true);
    atomic_store(&rig->hold, false);
    RIG_WAIT(atomic_load(&rig->held));
}

/* Wait until the sweeper has got so many hand-overs, and knows the entry that the last hand-over
 * reaches. The feeder hands over both in the same turn, and reads the stream again in the next
 * turn. */
static void wait_handed(struct rig *rig, uint64_t times)
{
    RIG_WAIT(sw_sweeper_handed(rig->feed->sweeper) >= times);
    unsigned long reads = rig_calls(rig, "xread");
    RIG_WAIT(rig_calls(rig, "xread") >= reads + 2);
}

static size_t sought(struct rig *rig)
{
    pthread_mutex_lock(&rig->lock);
    size_t n = rig->sought_n;
    pthread_mutex_unlock(&rig->lock);
    return n;
}

/* Changes join the running walk, each before another part. Each change is reported after a full
 * round from there, though the walk goes on for the other changes. */
START_TEST(test_changes_join_a_walk)
{
    struct rig rig;
    struct rig_sweep sweep = {.everything = false};
    char id[3][SW_STREAMID_MAX], name[32];
    size_t began = 0;
    rig_init(&rig);
    rig_list(&rig, "l", "{}", NULL);
    rig_start(&rig);
    rig_wait_loads(&rig, 1);
    rig_entry(&rig, "remove", "l", "nothing.test");
    rig_wait_applied(&rig);
    atomic_store(&rig.hold, true);
    for (size_t i = 0; i < 3; i++) {
        snprintf(name, sizeof(name), "n%zu.test", i);
        rig_change(&rig, "add", "l", name);
        newest_id(&rig, id[i]);
        RIG_WAIT(rig_lists(&rig, name));
        wait_handed(&rig, i + 2);
        if (i == 0)
            RIG_WAIT(atomic_load(&rig.held));
        else
            next_part(&rig);
        RIG_WAIT(rig_sweeps(&rig, &sweep) == i + 2); /* the first was the load's */
        began = i == 0 ? sweep.part : began;
        ck_assert_uint_eq(sweep.part, (began + i) % SW_FEED_PARTS);
        ck_assert_uint_eq(sweep.added_n, 1);
        ck_assert_str_eq(sweep.first, name);
        ck_assert_uint_eq(sweep.sought_n, i + 1);
    }
    for (size_t part = 3; part < SW_FEED_PARTS; part++) {
        ck_assert_uint_eq(sought(&rig), 3);
        next_part(&rig);
    }
    ck_assert_str_ne(rig_status(&rig, "applied"), id[0]);
    for (size_t i = 0; i < 2; i++) {
        next_part(&rig);
        ck_assert_uint_eq(sought(&rig), 2 - i);
        RIG_WAIT(strcmp(rig_status(&rig, "applied"), id[i]) == 0);
    }
    atomic_store(&rig.hold, false);
    rig_wait_applied(&rig);
    for (size_t part = 0; part < SW_FEED_PARTS; part++) /* the load's, once round, and two more */
        ck_assert_uint_eq(rig.parts[(began + part) % SW_FEED_PARTS], part < 2 ? 3 : 2);
    ck_assert_uint_eq(sw_counted(&rig.counters.sweeps), 4);
    rig_stop(&rig);
}
END_TEST

/* A list is loaded while single names are looked for: everything is, and then the names again. */
START_TEST(test_everything_joins_and_leaves)
{
    struct rig rig;
    struct rig_sweep sweep = {.everything = false};
    rig_init(&rig);
    rig_list(&rig, "l", "{}", NULL);
    rig_start(&rig);
    rig_wait_loads(&rig, 1);
    rig_entry(&rig, "remove", "l", "nothing.test");
    rig_wait_applied(&rig);
    atomic_store(&rig.hold, true);
    rig_list(&rig, "m", "{}", "m.test", NULL);
    rig_entry(&rig, "replace", "m", NULL);
    RIG_WAIT(atomic_load(&rig.held));
    rig_sweeps(&rig, &sweep);
    ck_assert(sweep.everything);
    rig_change(&rig, "add", "l", "a.test");
    RIG_WAIT(rig_lists(&rig, "a.test"));
    wait_handed(&rig, 3);
    for (size_t part = 0; part < SW_FEED_PARTS; part++)
        next_part(&rig);
    rig_sweeps(&rig, &sweep);
    ck_assert(!sweep.everything);
    ck_assert_str_eq(sweep.first, "a.test");
    ck_assert_uint_eq(sought(&rig), 1);
    atomic_store(&rig.hold, false);
    rig_wait_applied(&rig);
    rig_stop(&rig);
}
END_TEST

int main(void)
{
    return RUN_SUITE("feed sweeps", TIMEOUT(120),
                     TESTS(test_changes_during_a_sweep, test_changes_join_a_walk,
                           test_everything_joins_and_leaves));
}
