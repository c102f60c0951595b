/* The feeder with a Redis that does not behave: away, killed, empty, hanging, with holes in the
 * stream, with keys of the wrong type, read-only. */
#include "feed_rig.h"
#include "mmdb_fixture.h"
#include "suite.h"

#define KEPT "Redis holds no lists; keeping the last good ones (1)"

/* A list l with a.test, loaded and reported. */
static void start_with_a_list(struct rig *rig, uint32_t reconcile_s)
{
    rig_init(rig);
    rig->settings.reconcile_s = reconcile_s;
    rig_list(rig, "l", "{\"action\":\"nxdomain\"}", "a.test", NULL);
    rig_entry(rig, "policy", "l", NULL);
    rig_start(rig);
    rig_wait_applied(rig);
}

START_TEST(test_redis_comes_late)
{
    struct rig rig;
    rig_init(&rig);
    redis_fixture_kill(&rig.rf);
    rig_start(&rig);
    RIG_WAIT(sw_counted(&rig.counters.redis_failures) >= 2);
    ck_assert(!rig_lists(&rig, "a.test"));
    redis_fixture_restart(&rig.rf);
    rig_wait_loads(&rig, 1);
    rig_list(&rig, "l", "{}", "a.test", NULL);
    rig_entry(&rig, "policy", "l", NULL);
    rig_wait_applied(&rig);
    ck_assert(rig_lists(&rig, "a.test"));
    ck_assert_str_eq(rig_status(&rig, "last_error"), "");
    rig_stop(&rig);
}
END_TEST

/* Killed, and back with nothing: the last good lists stay, and the status says so; then lists come
 * back in either way. */
START_TEST(test_killed_and_back_empty)
{
    struct rig rig;
    start_with_a_list(&rig, 1);
    redis_fixture_kill(&rig.rf);
    RIG_WAIT(sw_counted(&rig.counters.redis_failures) >= 1);
    ck_assert(rig_lists(&rig, "a.test"));
    redis_fixture_restart(&rig.rf);
    RIG_WAIT(rig_status_has(&rig, "last_error", KEPT));
    ck_assert(rig_acts(&rig, "a.test", SW_ACTION_NXDOMAIN));
    ck_assert(rig_status_has(&rig, "lists", "\"count\":1"));
    ck_assert_str_eq(rig_status(&rig, "state"), "following");
    /* Still so after the next looks; the other list of the same size is noticed then. */
    redis_fixture_run(&rig.rf, "HSET %s b.test %s", P ":list:l", "");
    redis_fixture_run(&rig.rf, "HSET %s l {}", P ":lists");
    RIG_WAIT(rig_lists(&rig, "b.test"));
    ck_assert(!rig_lists(&rig, "a.test"));
    RIG_WAIT(rig_acts(&rig, "b.test", SW_ACTION_MONITOR));
    RIG_WAIT(!rig_status_has(&rig, "last_error", "Redis"));
    rig_stop(&rig);
}
END_TEST

/* Killed, and back with other data: read as a whole. */
START_TEST(test_killed_and_back_with_data)
{
    struct rig rig;
    start_with_a_list(&rig, 0);
    redis_fixture_run(&rig.rf, "SAVE");
    rig_change(&rig, "add", "l", "after-save.test"); /* will be lost */
    rig_wait_applied(&rig);
    ck_assert(rig_lists(&rig, "after-save.test"));
    redis_fixture_kill(&rig.rf);
    RIG_WAIT(sw_counted(&rig.counters.redis_failures) >= 1);
    ck_assert(rig_lists(&rig, "after-save.test"));
    redis_fixture_restart(&rig.rf);
    rig_wait_loads(&rig, 2);
    ck_assert(rig_lists(&rig, "a.test"));
    ck_assert(!rig_lists(&rig, "after-save.test"));
    rig_change(&rig, "add", "l", "new.test");
    rig_wait_applied(&rig);
    ck_assert(rig_lists(&rig, "new.test"));
    rig_stop(&rig);
}
END_TEST

/* A connection that breaks while the server lives: no need to read everything again. */
START_TEST(test_connection_lost)
{
    struct rig rig;
    start_with_a_list(&rig, 0);
    redis_fixture_run(&rig.rf, "CLIENT KILL TYPE normal SKIPME yes");
    rig_change(&rig, "add", "l", "b.test");
    rig_wait_applied(&rig);
    ck_assert(rig_lists(&rig, "b.test"));
    ck_assert_uint_eq(sw_counted(&rig.counters.redis_connects), 2);
    ck_assert_uint_eq(sw_counted(&rig.counters.full_loads), 1);
    ck_assert_str_eq(rig_status(&rig, "last_error"), "");
    rig_stop(&rig);
}
END_TEST

START_TEST(test_flushall)
{
    struct rig rig;
    start_with_a_list(&rig, 1);
    redis_fixture_run(&rig.rf, "FLUSHALL");
    RIG_WAIT(rig_status_has(&rig, "last_error", KEPT));
    ck_assert(rig_lists(&rig, "a.test"));
    /* The operator's clear word is obeyed. */
    rig_entry(&rig, "drop", "l", NULL);
    rig_wait_applied(&rig);
    ck_assert(!rig_lists(&rig, "a.test"));
    RIG_WAIT(!rig_status_has(&rig, "last_error", "Redis"));
    rig_stop(&rig);
}
END_TEST

/* Where the settings say so, an empty Redis is obeyed. */
START_TEST(test_flushall_obeyed)
{
    struct rig rig;
    rig_init(&rig);
    rig.settings.keep_lists = false;
    rig_list(&rig, "l", "{}", "a.test", NULL);
    rig_start(&rig);
    rig_wait_loads(&rig, 1);
    rig_change(&rig, "add", "l", "b.test");
    rig_wait_applied(&rig);
    redis_fixture_run(&rig.rf, "FLUSHALL");
    RIG_WAIT(!rig_lists(&rig, "a.test") && !rig_lists(&rig, "b.test"));
    ck_assert_str_eq(rig_status(&rig, "last_error"), "");
    rig_stop(&rig);
}
END_TEST

#define LOST "Redis has lost lists; keeping the last good ones (1): l"

/* A list that is written into an emptied Redis does not end the others: each stays until rewritten
 * or dropped. */
START_TEST(test_flushall_and_another_list)
{
    struct rig rig;
    start_with_a_list(&rig, 1);
    rig_list(&rig, "n", "{}", "n.test", NULL);
    rig_entry(&rig, "policy", "n", NULL);
    rig_wait_applied(&rig);
    redis_fixture_run(&rig.rf, "FLUSHALL");
    RIG_WAIT(rig_status_has(&rig, "last_error", "keeping the last good ones (2)"));
    rig_list(&rig, "m", "{}", "m.test", NULL);
    rig_entry(&rig, "policy", "m", NULL);
    rig_wait_applied(&rig);
    ck_assert(rig_lists(&rig, "m.test") && rig_lists(&rig, "a.test") && rig_lists(&rig, "n.test"));
    ck_assert(rig_status_has(&rig, "last_error", "(2): l n"));
    ck_assert(rig_status_has(&rig, "lists", "has lost the list"));
    rig_list(&rig, "n", "{}", "again.test", NULL);
    rig_entry(&rig, "policy", "n", NULL);
    rig_wait_applied(&rig);
    ck_assert(rig_lists(&rig, "again.test") && !rig_lists(&rig, "n.test"));
    RIG_WAIT(rig_status_has(&rig, "last_error", LOST));
    redis_fixture_run(&rig.rf, "HDEL " P ":list:m m.test"); /* a comparison that finds something */
    RIG_WAIT(!rig_lists(&rig, "m.test"));
    ck_assert(rig_lists(&rig, "a.test"));
    rig_entry(&rig, "drop", "l", NULL);
    rig_wait_applied(&rig);
    ck_assert(!rig_lists(&rig, "a.test"));
    RIG_WAIT(!rig_status_has(&rig, "last_error", "Redis"));
    redis_fixture_run(&rig.rf, "HDEL " P ":lists n"); /* nothing is lost: a plain write is obeyed */
    RIG_WAIT(!rig_lists(&rig, "again.test"));
    rig_stop(&rig);
}
END_TEST

/* Emptied and written again before we look: seen by the younger stream. The feeder follows that
 * stream from the beginning, since an entry may drop a lost list. */
START_TEST(test_flushed_and_written_at_once)
{
    static const char at_once[] =
        "local c = '" P ":changes' redis.call('FLUSHALL')"
        "redis.call('HSET', '" P ":lists', 'm', '{}', 'o', '{}') redis.call('HSET', '" P
        ":list:m', 'm.test', '') redis.call('HSET', '" P ":list:l', 'b.test', '')"
        "redis.call('XADD', c, '*', 'op', 'policy', 'list', 'm')"
        "redis.call('XADD', c, '*', 'op', 'drop', 'list', 'n')"
        "redis.call('XADD', c, '*', 'op', 'add', 'list', 'l', 'i', 'b.test')";
    struct rig rig;
    start_with_a_list(&rig, 0);
    rig_list(&rig, "n", "{}", "n.test", NULL);
    rig_entry(&rig, "policy", "n", NULL);
    rig_wait_applied(&rig);
    redis_fixture_run(&rig.rf, "EVAL %s 0", at_once);
    rig_wait_applied(&rig);
    ck_assert(rig_lists(&rig, "m.test") && rig_lists(&rig, "a.test") && rig_lists(&rig, "b.test"));
    ck_assert(!rig_lists(&rig, "n.test"));
    RIG_WAIT(rig_status_has(&rig, "last_error", LOST));
    /* A trimmed stream is no reason to keep a list that Redis does not have. */
    atomic_store(&rig.stall, true);
    rig_change(&rig, "add", "m", "c.test");
    RIG_WAIT(atomic_load(&rig.stalled));
    redis_fixture_run(&rig.rf, "HDEL " P ":lists m");
    rig_entry(&rig, "drop", "l", NULL);
    rig_entry(&rig, "drop", "m", NULL);
    rig_entry(&rig, "drop", "x", NULL);
    redis_fixture_run(&rig.rf, "XTRIM " P ":changes MAXLEN 1");
    atomic_store(&rig.stall, false);
    rig_wait_applied(&rig);
    ck_assert(!rig_lists(&rig, "m.test") && rig_lists(&rig, "a.test"));
    rig_stop(&rig);
}
END_TEST

/* Entries younger than our position were trimmed away before the reading. */
START_TEST(test_trimmed_past_us)
{
    struct rig rig;
    start_with_a_list(&rig, 0);
    atomic_store(&rig.stall, true);
    rig_change(&rig, "add", "l", "b.test");
    RIG_WAIT(atomic_load(&rig.stalled));
    rig_change(&rig, "add", "l", "c.test");
    rig_change(&rig, "remove", "l", "a.test");
    rig_change(&rig, "add", "l", "d.test");
    redis_fixture_run(&rig.rf, "XTRIM %s MAXLEN 1", P ":changes");
    atomic_store(&rig.stall, false);
    rig_wait_applied(&rig);
    ck_assert(rig_lists(&rig, "c.test") && rig_lists(&rig, "d.test"));
    ck_assert(!rig_lists(&rig, "a.test"));
    ck_assert_uint_eq(sw_counted(&rig.counters.full_loads), 2);
    rig_stop(&rig);
}
END_TEST

/* Trimmed, but nothing that we had not seen: no reason to read everything. */
START_TEST(test_trimmed_behind_us)
{
    struct rig rig;
    start_with_a_list(&rig, 0);
    redis_fixture_run(&rig.rf, "XTRIM %s MAXLEN 0", P ":changes");
    rig_change(&rig, "add", "l", "b.test");
    rig_wait_applied(&rig);
    ck_assert(rig_lists(&rig, "b.test"));
    ck_assert_uint_eq(sw_counted(&rig.counters.full_loads), 1);
    rig_stop(&rig);
}
END_TEST

/* The stream begins again and is given as many entries as the former stream had, which are trimmed
 * away: counts say that nothing is missing (seed 5779 of `make fault`). */
START_TEST(test_made_anew_and_trimmed)
{
    static const char script[] = "local n = redis.call('XLEN', KEYS[1]) redis.call('DEL', KEYS[1]) "
                                 "redis.call('HSET', KEYS[2], 'b.test', '') "
                                 "for i = 1, n do redis.call('XADD', KEYS[1], '*', 'op', 'add', "
                                 "'list', 'l', 'i', 'b.test') end "
                                 "return redis.call('XTRIM', KEYS[1], 'MAXLEN', 0)";
    struct rig rig;
    start_with_a_list(&rig, 0);
    rig_change(&rig, "add", "l", "c.test");
    rig_wait_applied(&rig);
    ck_assert_int_gt(
        redis_fixture_run(&rig.rf, "EVAL %s 2 %s %s", script, P ":changes", P ":list:l"), 0);
    RIG_WAIT(rig_lists(&rig, "b.test"));
    rig_wait_loads(&rig, 2); /* counted at the end */
    rig_stop(&rig);
}
END_TEST

/* An entry that we have not seen is taken out of the stream. The next entry from there is never as
 * young as the stream's end, which comparisons wait for. */
START_TEST(test_entry_deleted)
{
    static const char script[] = "redis.call('HSET', KEYS[2], 'b.test', '') "
                                 "return redis.call('XDEL', KEYS[1], redis.call('XADD', KEYS[1], "
                                 "'*', 'op', 'add', 'list', 'l', 'i', 'b.test'))";
    struct rig rig;
    start_with_a_list(&rig, 1);
    ck_assert_int_eq(
        redis_fixture_run(&rig.rf, "EVAL %s 2 %s %s", script, P ":changes", P ":list:l"), 1);
    RIG_WAIT(rig_lists(&rig, "b.test"));
    rig_stop(&rig);
}
END_TEST

/* The stream begins anew with smaller ids, as after a failover to a server with a slow clock. */
START_TEST(test_stream_goes_backwards)
{
    struct rig rig;
    start_with_a_list(&rig, 0);
    redis_fixture_run(&rig.rf, "DEL %s", P ":changes");
    redis_fixture_run(&rig.rf, "HSET %s b.test %s", P ":list:l", "");
    redis_fixture_run(&rig.rf, "XADD %s 1-1 op add list l i b.test", P ":changes");
    rig_wait_applied(&rig);
    ck_assert(rig_lists(&rig, "b.test"));
    redis_fixture_run(&rig.rf, "HSET %s c.test %s", P ":list:l", "");
    redis_fixture_run(&rig.rf, "XADD %s 1-2 op add list l i c.test", P ":changes");
    rig_wait_applied(&rig);
    ck_assert(rig_lists(&rig, "c.test"));
    rig_stop(&rig);
}
END_TEST

/* Everything of the wrong type at once; then mended. */
START_TEST(test_wrong_types)
{
    struct rig rig;
    start_with_a_list(&rig, 1);
    redis_fixture_run(&rig.rf, "DEL %s %s %s", P ":lists", P ":changes", P ":list:l");
    redis_fixture_run(&rig.rf, "MSET %s x %s x %s x", P ":lists", P ":changes", P ":list:l");
    RIG_WAIT(rig_status_has(&rig, "last_error", P ":lists cannot be read"));
    RIG_WAIT(rig_status_has(&rig, "refused", P ":changes"));
    ck_assert(rig_lists(&rig, "a.test"));
    redis_fixture_run(&rig.rf, "DEL %s", P ":lists");
    rig_list(&rig, "m", "{}", "m.test", NULL);
    redis_fixture_run(&rig.rf, "HSET %s l {}", P ":lists");
    RIG_WAIT(rig_lists(&rig, "m.test"));
    RIG_WAIT(rig_status_has(&rig, "last_error", P ":changes cannot be followed"));
    RIG_WAIT(rig_status_has(&rig, "refused", P ":list:l"));
    ck_assert(rig_lists(&rig, "a.test"));
    redis_fixture_run(&rig.rf, "DEL %s %s", P ":changes", P ":list:l");
    rig_change(&rig, "add", "l", "b.test");
    rig_wait_applied(&rig);
    ck_assert(rig_lists(&rig, "b.test"));
    ck_assert(!rig_lists(&rig, "a.test"));
    RIG_WAIT(!rig_status_has(&rig, "last_error", "cannot"));
    ck_assert(!rig_status_has(&rig, "lists", "problem"));
    ck_assert_uint_eq(sw_counted(&rig.counters.items_refused), 3);
    rig_stop(&rig);
}
END_TEST

/* A server that takes no writes is no reason to close the connection; refused writes are repeated
 * later. */
START_TEST(test_read_only_server)
{
    struct rig rig;
    struct sw_addr addr;
    start_with_a_list(&rig, 0);
    redis_fixture_run(&rig.rf, "CONFIG SET min-replicas-to-write 1");
    ck_assert_int_eq(sw_addr_parse("192.0.2.9", 9, &addr, NULL), SW_OK);
    sw_feed_track(rig.feed, &addr);
    RIG_WAIT(rig_tracks(&rig, "192.0.2.9"));
    RIG_WAIT(atomic_load(&rig_errors) > 0);
    redis_fixture_run(&rig.rf, "CONFIG SET min-replicas-to-write 0");
    rig_change(&rig, "add", "l", "b.test");
    rig_wait_applied(&rig);
    ck_assert(rig_lists(&rig, "b.test"));
    RIG_WAIT(redis_fixture_run(&rig.rf, "ZCARD %s", P ":tracked") == 1);
    RIG_WAIT(strcmp(rig_status(&rig, "last_error"), "") == 0);
    ck_assert_uint_eq(sw_counted(&rig.counters.redis_connects), 1);
    rig_stop(&rig);
}
END_TEST

static int64_t time_to_stop_us(struct rig *rig)
{
    int64_t began = sw_clock_mono_us();
    sw_feed_stop(rig->feed);
    return sw_clock_mono_us() - began;
}

/* Of the 60 seconds that Redis may take. A stop takes about a second, on a busy machine longer. */
#define STOPS_US INT64_C(20000000)

/* Stopping does not wait for Redis in any state. */
START_TEST(test_stop_while_redis_hangs)
{
    struct rig rig;
    start_with_a_list(&rig, 0);
    rig.settings.redis_timeout_ms = 60000; /* read at connecting; the first connection keeps 1 s */
    redis_fixture_pause(&rig.rf);
    ck_assert_int_lt(time_to_stop_us(&rig), STOPS_US);
    redis_fixture_resume(&rig.rf);
    rig_stop(&rig);
}
END_TEST

START_TEST(test_stop_while_connecting_hangs)
{
    struct rig rig;
    rig_init(&rig);
    rig.settings.redis_timeout_ms = 60000;
    redis_fixture_pause(&rig.rf);
    rig_start(&rig);
    ck_assert_int_lt(time_to_stop_us(&rig), STOPS_US);
    redis_fixture_resume(&rig.rf);
    rig_stop(&rig);
}
END_TEST

START_TEST(test_stop_while_redis_is_away)
{
    struct rig rig;
    rig_init(&rig);
    redis_fixture_kill(&rig.rf);
    rig_start(&rig);
    RIG_WAIT(sw_counted(&rig.counters.redis_failures) >= 3);
    ck_assert_int_lt(time_to_stop_us(&rig), 1000000);
    sw_feed_stop(rig.feed); /* twice is fine */
    rig_stop(&rig);
}
END_TEST

START_TEST(test_never_started)
{
    struct rig rig;
    rig_init(&rig);
    rig.feed = sw_feed_new(&rig.settings, rig.index, rig.owners, &rig.counters, NULL);
    ck_assert_ptr_nonnull(rig.feed);
    sw_feed_stop(NULL);
    sw_feed_free(NULL);
    rig_stop(&rig);
}
END_TEST

/* A hanging server is a failure after the time-out; when the server goes on, so do we. */
START_TEST(test_hang_and_go_on)
{
    struct rig rig;
    start_with_a_list(&rig, 0);
    redis_fixture_pause(&rig.rf);
    RIG_WAIT(sw_counted(&rig.counters.redis_failures) >= 1);
    ck_assert(rig_lists(&rig, "a.test"));
    redis_fixture_resume(&rig.rf);
    rig_change(&rig, "add", "l", "b.test");
    rig_wait_applied(&rig);
    ck_assert(rig_lists(&rig, "b.test"));
    rig_stop(&rig);
}
END_TEST

static struct mm mm;

static void write_mmdb(const char *path, uint32_t asn)
{
    mm_init(&mm, 6, "GeoLite2-ASN");
    uint32_t record = mm_map(&mm, 2);
    mm_text(&mm, "autonomous_system_number");
    mm_u32(&mm, asn);
    mm_text(&mm, "autonomous_system_organization");
    mm_text(&mm, "Documentation");
    mm_insert(&mm, "192.0.2.0/24", record);
    mm_build(&mm);
    mm_write(&mm, path);
}

static uint32_t asn_of(struct rig *rig, const char *text)
{
    struct sw_addr addr;
    uint32_t asn = 0;
    ck_assert_int_eq(sw_addr_parse(text, strlen(text), &addr, NULL), SW_OK);
    sw_rcu_enter();
    if (sw_owner_find_asn(rig->owners, &addr, &asn, NULL) != SW_OK)
        asn = 0;
    sw_rcu_leave();
    return asn;
}

/* An MMDB file that comes while Redis is there, and a newer file while Redis is away: cached
 * answers are judged again, as their addresses may have other owners; only then the file is
 * reported. */
START_TEST(test_mmdb_files)
{
    struct rig rig;
    struct rig_sweep sweep = {.everything = false};
    rig_init(&rig);
    rig.settings.mmdb_check_s = 1;
    snprintf(rig.settings.asn_mmdb[0], sizeof(rig.settings.asn_mmdb[0]), "%s/asn.mmdb", rig.rf.dir);
    rig_start(&rig);
    rig_wait_loads(&rig, 1);
    RIG_WAIT(rig_status_has(&rig, "mmdb", "asn.mmdb"));
    RIG_WAIT(sw_counted(&rig.counters.sweeps) == 1);
    atomic_store(&rig.hold, true);
    write_mmdb(rig.settings.asn_mmdb[0], 64500);
    RIG_WAIT(asn_of(&rig, "192.0.2.1") == 64500);
    RIG_WAIT(atomic_load(&rig.held));
    ck_assert_uint_eq(rig_sweeps(&rig, &sweep), 2);
    ck_assert(sweep.everything);
    poll(NULL, 0, 200); /* some turns of the feeder */
    ck_assert(!rig_status_has(&rig, "mmdb", "GeoLite2-ASN"));
    atomic_store(&rig.hold, false);
    RIG_WAIT(rig_status_has(&rig, "mmdb", "GeoLite2-ASN"));
    redis_fixture_kill(&rig.rf);
    RIG_WAIT(sw_counted(&rig.counters.redis_failures) >= 1);
    write_mmdb(rig.settings.asn_mmdb[0], 64501);
    RIG_WAIT(asn_of(&rig, "192.0.2.1") == 64501);
    RIG_WAIT(rig_sweeps(&rig, NULL) >= 3);
    rig_stop(&rig);
}
END_TEST

int main(void)
{
    return RUN_SUITE("feed faults", TIMEOUT(120),
                     TESTS(test_redis_comes_late, test_killed_and_back_empty,
                           test_killed_and_back_with_data, test_connection_lost, test_flushall,
                           test_flushall_obeyed, test_flushall_and_another_list,
                           test_flushed_and_written_at_once, test_trimmed_past_us,
                           test_trimmed_behind_us, test_made_anew_and_trimmed, test_entry_deleted,
                           test_stream_goes_backwards, test_wrong_types, test_read_only_server,
                           test_stop_while_redis_hangs, test_stop_while_connecting_hangs,
                           test_stop_while_redis_is_away, test_never_started, test_hang_and_go_on,
                           test_mmdb_files));
}
