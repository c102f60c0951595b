/* The feeder with a Redis that behaves: full load, every kind of change, reconciliation, refused
 * items, status, tracked addresses. */
#include "feed_rig.h"

#include "feed/load.h"
#include "suite.h"

START_TEST(test_full_load)
{
    struct rig rig;
    struct rig_sweep sweep = {.everything = false};
    rig_init(&rig);
    rig_list(&rig, "a", "{\"action\":\"sinkhole\"}", "one.test", "=two.test", "192.0.2.0/24", NULL);
    rig_list(&rig, "b", "{\"kind\":\"allow\"}", "three.test", "AS64500", NULL);
    rig_entry(&rig, "add", "a", "one.test"); /* older than the load: not followed again */
    rig_start(&rig);
    rig_wait_loads(&rig, 1);
    ck_assert(rig_acts(&rig, "www.one.test", SW_ACTION_SINKHOLE));
    ck_assert(rig_lists(&rig, "two.test"));
    ck_assert(!rig_lists(&rig, "www.two.test"));
    ck_assert(rig_lists(&rig, "three.test"));
    ck_assert(!rig_lists(&rig, "four.test"));
    rig_wait_applied(&rig);
    ck_assert_uint_eq(rig_sweeps(&rig, &sweep), 1);
    ck_assert(sweep.everything);
    ck_assert_str_eq(rig_status(&rig, "state"), "following");
    ck_assert_str_eq(rig_status(&rig, "last_error"), "");
    rig_stop(&rig);
}
END_TEST

START_TEST(test_status_hash)
{
    struct rig rig;
    int count = 0, refused = 0;
    const char *kind = "";
    rig_init(&rig);
    rig_list(&rig, "a", "{}", "one.test", "two.test", "not a name", NULL);
    rig_start(&rig);
    RIG_WAIT(rig_status_has(&rig, "state", "following"));
    ck_assert_str_eq(rig_status(&rig, "version"), "1.2.3");
    ck_assert_str_eq(rig_status(&rig, "unbound"), "Unbound 0");
    ck_assert_str_eq(rig_status(&rig, "applied"), "0-0");
    ck_assert_str_eq(rig_status(&rig, "full_loads"), "1");
    ck_assert_str_eq(rig_status(&rig, "items_refused"), "1");
    ck_assert_str_eq(rig_status(&rig, "redis_connects"), "1");
    ck_assert_ptr_nonnull(strchr(rig_status(&rig, "started"), 'T'));
    ck_assert_ptr_nonnull(strchr(rig_status(&rig, "updated"), 'T'));
    ck_assert_str_eq(rig_status(&rig, "refused_by_reason"), "{\"indicator\":1}");
    ck_assert(rig_status_has(&rig, "refused", "\"item\":\"not a name\""));
    json_t *lists = json_loads(rig_status(&rig, "lists"), 0, NULL);
    ck_assert_int_eq(json_unpack(lists, "{s:{s:s,s:i,s:i}}", "a", "kind", &kind, "count", &count,
                                 "refused", &refused),
                     0);
    ck_assert_str_eq(kind, "ioc");
    ck_assert_int_eq(count, 2);
    ck_assert_int_eq(refused, 1);
    json_decref(lists);
    ck_assert_int_gt(redis_fixture_run(&rig.rf, "TTL %s", P ":resolver:test"), 20);
    ck_assert_int_le(redis_fixture_run(&rig.rf, "TTL %s", P ":resolver:test"), 30);
    ck_assert_int_eq(redis_fixture_run(&rig.rf, "ZCARD %s", P ":resolvers"), 1);
    /* A clean stop takes the resolver off the books. */
    sw_feed_stop(rig.feed);
    ck_assert_int_eq(redis_fixture_run(&rig.rf, "EXISTS %s", P ":resolver:test"), 0);
    ck_assert_int_eq(redis_fixture_run(&rig.rf, "ZCARD %s", P ":resolvers"), 0);
    rig_stop(&rig);
}
END_TEST

START_TEST(test_add_and_remove)
{
    struct rig rig;
    struct rig_sweep sweep = {.everything = false};
    rig_init(&rig);
    rig_list(&rig, "l", "{\"action\":\"nxdomain\"}", "a.test", NULL);
    rig_start(&rig);
    rig_wait_loads(&rig, 1);
    rig_change(&rig, "add", "l", "b.test");
    rig_wait_applied(&rig);
    ck_assert(rig_lists(&rig, "b.test"));
    ck_assert_uint_eq(rig_sweeps(&rig, &sweep), 2);
    ck_assert(!sweep.everything);
    ck_assert_uint_eq(sweep.added_n, 1);
    ck_assert_str_eq(sweep.first, "b.test");
    /* Known already: applied, nothing to sweep. */
    rig_change(&rig, "add", "l", "B.test.");
    rig_wait_applied(&rig);
    ck_assert_uint_eq(rig_sweeps(&rig, NULL), 2);
    /* Removal needs no sweep: rewritten answers are never cached. */
    rig_change(&rig, "remove", "l", "b.test");
    rig_change(&rig, "remove", "l", "never-there.test");
    rig_wait_applied(&rig);
    ck_assert(!rig_lists(&rig, "b.test"));
    ck_assert(rig_lists(&rig, "a.test"));
    ck_assert_uint_eq(rig_sweeps(&rig, NULL), 2);
    /* Several indicators in an entry. */
    redis_fixture_run(&rig.rf, "HSET %s c.test %s =d.test %s 192.0.2.1 %s", P ":list:l", "", "",
                      "");
    redis_fixture_run(&rig.rf, "XADD %s * op add list l i c.test i =d.test i 192.0.2.1",
                      P ":changes");
    rig_wait_applied(&rig);
    ck_assert(rig_lists(&rig, "c.test") && rig_lists(&rig, "d.test"));
    rig_sweeps(&rig, &sweep);
    ck_assert_uint_eq(sweep.added_n, 3);
    ck_assert_uint_eq(sw_counted(&rig.counters.full_loads), 1);
    rig_stop(&rig);
}
END_TEST

/* Lists that are not acted on are not swept for. */
START_TEST(test_sweeps_only_for_ioc)
{
    struct rig rig;
    rig_init(&rig);
    rig_list(&rig, "w", "{\"kind\":\"watch\"}", "a.test", NULL);
    rig_start(&rig);
    rig_wait_loads(&rig, 1);
    rig_change(&rig, "add", "w", "b.test");
    rig_entry(&rig, "replace", "w", NULL);
    rig_wait_applied(&rig);
    ck_assert(rig_lists(&rig, "b.test"));
    ck_assert_uint_eq(rig_sweeps(&rig, NULL), 1);
    rig_stop(&rig);
}
END_TEST

/* More indicators than the feeder names singly. */
START_TEST(test_large_batch_is_everything)
{
    struct rig rig;
    struct rig_sweep sweep = {.everything = false};
    enum { N = 20000 };
    static char names[N][32];
    static const char *argv[7 + 2 * N] = {"XADD", P ":changes", "*", "op", "add", "list", "l"};
    rig_init(&rig);
    rig_list(&rig, "l", "{}", NULL);
    rig_start(&rig);
    rig_wait_loads(&rig, 1);
    for (int i = 0; i < N; i++) {
        snprintf(names[i], sizeof(names[i]), "n%d.test", i);
        argv[7 + 2 * i] = "i";
        argv[8 + 2 * i] = names[i];
    }
    redis_fixture_run(&rig.rf, "EVAL %s 1 %s",
                      "for i=0,19999 do redis.call('HSET',KEYS[1],'n'..i..'.test','') end",
                      P ":list:l");
    redisContext *context = redisConnectUnix(rig.rf.socket);
    redisReply *reply = redisCommandArgv(context, 7 + 2 * N, argv, NULL);
    ck_assert_ptr_nonnull(reply);
    freeReplyObject(reply);
    redisFree(context);
    rig_wait_applied(&rig);
    rig_sweeps(&rig, &sweep);
    ck_assert(sweep.everything);
    ck_assert(rig_lists(&rig, "n19999.test"));
    ck_assert_uint_eq(sw_counted(&rig.counters.changes_applied), N);
    rig_stop(&rig);
}
END_TEST

START_TEST(test_replace)
{
    struct rig rig;
    struct rig_sweep sweep = {.everything = false};
    rig_init(&rig);
    rig_list(&rig, "l", "{}", "old.test", "both.test", NULL);
    rig_list(&rig, "other", "{}", "other.test", NULL);
    rig_start(&rig);
    rig_wait_loads(&rig, 1);
    redis_fixture_run(&rig.rf, "HSET %s new.test %s both.test %s", P ":staging", "", "");
    redis_fixture_run(&rig.rf, "RENAME %s %s", P ":staging", P ":list:l");
    rig_entry(&rig, "replace", "l", NULL);
    rig_wait_applied(&rig);
    ck_assert(!rig_lists(&rig, "old.test"));
    ck_assert(rig_lists(&rig, "new.test") && rig_lists(&rig, "both.test"));
    ck_assert(rig_lists(&rig, "other.test"));
    ck_assert_uint_eq(rig_sweeps(&rig, &sweep), 2);
    ck_assert(sweep.everything);
    rig_stop(&rig);
}
END_TEST

/* A full reading contains all earlier changes: an earlier entry is not applied again. */
START_TEST(test_replaced_often_is_read_once)
{
    struct rig rig;
    rig_init(&rig);
    rig_list(&rig, "l", "{}", "a.test", NULL);
    rig_start(&rig);
    rig_wait_loads(&rig, 1);
    atomic_store(&rig.stall, true);
    rig_change(&rig, "add", "l", "first.test");
    RIG_WAIT(atomic_load(&rig.stalled));
    for (int i = 0; i < 10; i++)
        rig_entry(&rig, "replace", "l", NULL);
    rig_entry(&rig, "add", "l", "not-in-the-hash.test");
    atomic_store(&rig.stall, false);
    rig_wait_applied(&rig);
    ck_assert(rig_lists(&rig, "first.test") && rig_lists(&rig, "a.test"));
    ck_assert(!rig_lists(&rig, "not-in-the-hash.test"));
    ck_assert_uint_le(rig_sweeps(&rig, NULL), 3); /* load; first and a reading, maybe together */
    rig_stop(&rig);
}
END_TEST

START_TEST(test_drop)
{
    struct rig rig;
    rig_init(&rig);
    rig_list(&rig, "l", "{}", "a.test", NULL);
    rig_start(&rig);
    rig_wait_loads(&rig, 1);
    redis_fixture_run(&rig.rf, "HDEL %s l", P ":lists");
    redis_fixture_run(&rig.rf, "DEL %s", P ":list:l");
    rig_entry(&rig, "drop", "l", NULL);
    rig_entry(&rig, "drop", "unheard-of", NULL);
    rig_wait_applied(&rig);
    ck_assert(!rig_lists(&rig, "a.test"));
    ck_assert_str_eq(rig_status(&rig, "lists"), "{}");
    ck_assert_str_eq(rig_status(&rig, "last_error"), "");
    rig_stop(&rig);
}
END_TEST

START_TEST(test_new_list)
{
    struct rig rig;
    struct rig_sweep sweep = {.everything = false};
    rig_init(&rig);
    rig_start(&rig);
    rig_wait_loads(&rig, 1);
    rig_list(&rig, "l", "{\"action\":\"nodata\"}", "a.test", NULL);
    rig_entry(&rig, "policy", "l", NULL);
    rig_wait_applied(&rig);
    ck_assert(rig_acts(&rig, "a.test", SW_ACTION_NODATA));
    rig_sweeps(&rig, &sweep);
    ck_assert(sweep.everything);
    /* A list that was never announced, only added to: read as a whole. */
    rig_list(&rig, "m", "{}", "b.test", NULL);
    rig_change(&rig, "add", "m", "c.test");
    rig_wait_applied(&rig);
    ck_assert(rig_lists(&rig, "b.test") && rig_lists(&rig, "c.test"));
    ck_assert_uint_eq(sw_counted(&rig.counters.full_loads), 1);
    rig_stop(&rig);
}
END_TEST

START_TEST(test_policy_change)
{
    struct rig rig;
    struct rig_sweep sweep = {.everything = false};
    struct sw_policy policy;
    rig_init(&rig);
    rig_list(&rig, "l", "{\"kind\":\"watch\"}", "a.test", NULL);
    rig_start(&rig);
    rig_wait_loads(&rig, 1);
    rig_list(&rig, "l", "{\"kind\":\"ioc\",\"action\":\"monitor\"}", NULL);
    rig_entry(&rig, "policy", "l", NULL);
    rig_wait_applied(&rig);
    ck_assert(rig_find(&rig, "a.test", &policy));
    ck_assert_int_eq(policy.kind, SW_KIND_IOC);
    ck_assert_uint_eq(rig_sweeps(&rig, &sweep), 2);
    ck_assert(sweep.everything);
    /* Another action of a list that acts: true answers that the former action let through may be
     * cached. */
    rig_list(&rig, "l", "{\"kind\":\"ioc\",\"action\":\"sinkhole\",\"ttl\":7}", NULL);
    rig_entry(&rig, "policy", "l", NULL);
    rig_wait_applied(&rig);
    ck_assert(rig_acts(&rig, "a.test", SW_ACTION_SINKHOLE));
    ck_assert_uint_eq(rig_sweeps(&rig, &sweep), 3);
    ck_assert(sweep.everything);
    rig_stop(&rig);
}
END_TEST

/* A bad policy is refused: the former policy stays, and the list goes on living. */
START_TEST(test_bad_policy)
{
    struct rig rig;
    rig_init(&rig);
    rig_list(&rig, "l", "{\"action\":\"nxdomain\"}", "a.test", NULL);
    rig_list(&rig, "never", "{\"action\":\"explode\"}", "never.test", NULL);
    rig_start(&rig);
    rig_wait_loads(&rig, 1);
    ck_assert(!rig_lists(&rig, "never.test"));
    rig_list(&rig, "l", "{\"action\":", NULL);
    rig_entry(&rig, "policy", "l", NULL);
    rig_change(&rig, "add", "l", "b.test");
    rig_wait_applied(&rig);
    ck_assert(rig_acts(&rig, "a.test", SW_ACTION_NXDOMAIN));
    ck_assert(rig_acts(&rig, "b.test", SW_ACTION_NXDOMAIN));
    ck_assert_str_eq(rig_status(&rig, "refused_by_reason"), "{\"policy\":2}");
    ck_assert(rig_status_has(&rig, "lists", "\"problem\":\"policy: "));
    /* The same bad text again is not counted again. */
    rig_entry(&rig, "policy", "l", NULL);
    rig_wait_applied(&rig);
    ck_assert_str_eq(rig_status(&rig, "items_refused"), "2");
    /* Both mended. */
    rig_list(&rig, "l", "{\"action\":\"nodata\"}", NULL);
    rig_entry(&rig, "policy", "l", NULL);
    rig_list(&rig, "never", "{\"action\":\"drop\"}", NULL);
    rig_entry(&rig, "policy", "never", NULL);
    rig_wait_applied(&rig);
    ck_assert(rig_acts(&rig, "a.test", SW_ACTION_NODATA));
    ck_assert(rig_acts(&rig, "never.test", SW_ACTION_DROP));
    ck_assert(!rig_status_has(&rig, "lists", "problem"));
    rig_stop(&rig);
}
END_TEST

/* Every way to write nonsense: each is refused singly, all else applies. */
START_TEST(test_refused_items)
{
    struct rig rig;
    rig_init(&rig);
    rig_list(&rig, "l", "{}", "good.test", "bad..test", "192.0.2.1/24", "AS0", "\xff\x01", NULL);
    rig_list(&rig, "Bad Name", "{}", "x.test", NULL);
    redis_fixture_run(&rig.rf, "HSET %s typed {}", P ":lists");
    redis_fixture_run(&rig.rf, "SET %s text", P ":list:typed");
    rig_start(&rig);
    rig_wait_loads(&rig, 1);
    ck_assert(rig_lists(&rig, "good.test"));
    RIG_WAIT(rig_status_has(&rig, "refused_by_reason", "\"indicator\":4"));
    ck_assert(rig_status_has(&rig, "refused_by_reason", "\"list-name\":1"));
    ck_assert(rig_status_has(&rig, "refused_by_reason", "\"key\":1"));
    ck_assert(rig_status_has(&rig, "refused", "\\\\xff\\\\x01"));
    ck_assert(rig_status_has(&rig, "refused", P ":list:typed"));
    ck_assert(rig_status_has(&rig, "refused", "WRONGTYPE"));
    rig_change(&rig, "add", "l", "also..bad");
    rig_change(&rig, "add", "no-policy", "x.test");
    rig_entry(&rig, "explode", "l", "x.test");
    redis_fixture_run(&rig.rf, "XADD %s * hello world", P ":changes");
    redis_fixture_run(&rig.rf, "XADD %s * op add i x.test", P ":changes");
    redis_fixture_run(&rig.rf, "XADD %s * op add list Bad/Name i x.test", P ":changes");
    redis_fixture_run(&rig.rf, "XADD %s * op track i nowhere", P ":changes");
    rig_change(&rig, "add", "l", "better.test");
    rig_wait_applied(&rig);
    ck_assert(rig_lists(&rig, "better.test"));
    ck_assert(!rig_lists(&rig, "x.test"));
    ck_assert_str_eq(rig_status(&rig, "refused_by_reason"),
                     "{\"indicator\":6,\"no-policy\":1,\"list-name\":2,\"key\":1,\"entry\":3}");
    ck_assert_str_eq(rig_status(&rig, "items_refused"), "13");
    rig_stop(&rig);
}
END_TEST

/* ---- reconciliation ---- */

START_TEST(test_plain_writes_are_noticed)
{
    struct rig rig;
    struct rig_sweep sweep = {.everything = false};
    rig_init(&rig);
    rig.settings.reconcile_s = 1;
    rig_list(&rig, "l", "{}", "a.test", "refused..test", "A.TEST.", NULL);
    rig_list(&rig, "m", "{}", "m.test", NULL);
    rig_start(&rig);
    rig_wait_loads(&rig, 1);
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
    redis_fixture_run(&rig.rf, "HDEL %s m", P ":lists");
    RIG_WAIT(!rig_lists(&rig, "m.test"));
    redis_fixture_run(&rig.rf, "DEL %s", P ":list:l");
    RIG_WAIT(!rig_lists(&rig, "a.test"));
    ck_assert_uint_eq(sw_counted(&rig.counters.full_loads), 1);
    rig_stop(&rig);
}
END_TEST

/* A name in, a name out, without an entry: the size is unchanged. */
START_TEST(test_plain_writes_of_the_same_size_are_noticed)
{
    struct rig rig;
    rig_init(&rig);
    rig.settings.reconcile_s = 1;
    rig_list(&rig, "l", "{}", "a.test", "refused..test", "B.TEST.", NULL);
    rig_list(&rig, "other", "{}", "o.test", NULL);
    redis_fixture_run(&rig.rf, "HSET %s past.test %s", P ":list:l", "{\"expires\":1000000000}");
    for (int i = 0; i < 3000; i++)
        redis_fixture_run(&rig.rf, "HSET %s n%d.test %s", P ":list:l", i, "");
    rig_start(&rig);
    rig_wait_loads(&rig, 1);
    redis_fixture_run(&rig.rf, "HSET %s new.test %s", P ":list:l", "");
    redis_fixture_run(&rig.rf, "HDEL %s a.test", P ":list:l");
    RIG_WAIT(rig_lists(&rig, "new.test"));
    ck_assert(!rig_lists(&rig, "a.test"));
    ck_assert(rig_lists(&rig, "b.test") && rig_lists(&rig, "n2999.test"));
    rig_change(&rig, "add", "l", "later.test"); /* with an entry: no suspect for long */
    rig_wait_applied(&rig);
    ck_assert(rig_lists(&rig, "later.test"));
    ck_assert_uint_eq(sw_counted(&rig.counters.full_loads), 1);
    rig_stop(&rig);
}
END_TEST

/* HSCAN calls that Redis has counted. */
/* A list that is too large to be looked through in each interval is looked through more slowly. */
START_TEST(test_an_audit_takes_its_time)
{
    struct rig rig;
    char script[] = "for i=1,40000 do redis.call('HSET',KEYS[1],'n'..i..'.test','') end";
    rig_init(&rig);
    rig.settings.reconcile_s = 1;
    rig_list(&rig, "l", "{}", "a.test", NULL);
    redis_fixture_run(&rig.rf, "EVAL %s 1 %s", script, P ":list:l");
    rig_start(&rig);
    rig_wait_loads(&rig, 1);
    RIG_WAIT(rig_lists(&rig, "n40000.test"));
    unsigned long before = rig_calls(&rig, "hscan");
    int64_t began = sw_clock_mono_us();
    RIG_WAIT(rig_calls(&rig, "hscan") >= before + 8); /* the chunks go on, */
    /* at some four a second, and no faster than twice that on a machine that was busy before */
    ck_assert_int_ge(sw_clock_mono_us() - began, 1000000);
    rig_stop(&rig);
}
END_TEST

/* Unchanged lists are not read again, though refused items and second spellings make the sizes
 * differ; nor is a bad policy refused again. */
START_TEST(test_reconciliation_is_quiet)
{
    struct rig rig;
    rig_init(&rig);
    rig.settings.reconcile_s = 1;
    rig_list(&rig, "l", "{}", "a.test", "refused..test", "A.TEST.", NULL);
    rig_list(&rig, "bad", "{\"x\":1}", NULL);
    rig_start(&rig);
    rig_wait_loads(&rig, 1);
    rig_change(&rig, "add", "l", "b.test");
    rig_change(&rig, "add", "l", "bad..too");
    rig_change(&rig, "remove", "l", "refused..test");
    rig_wait_applied(&rig);
    size_t sweeps = rig_sweeps(&rig, NULL);
    /* Two more reconciliations: each reconciliation that reads a list sweeps. The marker needs a
     * sweep too. */
    rig_list(&rig, "marker", "{}", "marker1.test", NULL);
    RIG_WAIT(rig_lists(&rig, "marker1.test"));
    rig_list(&rig, "marker", "{}", "marker2.test", NULL);
    RIG_WAIT(rig_lists(&rig, "marker2.test"));
    RIG_WAIT(rig_sweeps(&rig, NULL) == sweeps + 2);
    ck_assert_uint_eq(sw_counted(&rig.counters.items_refused), 3);
    rig_stop(&rig);
}
END_TEST

/* ---- tracked addresses ---- */

/* ---- load.h as used by the command ---- */

static size_t told; /* refusals */

static void count_refusal(void *arg, const struct sw_refusal *refusal)
{
    ck_assert_ptr_nonnull(refusal->why);
    ck_assert_ptr_eq(arg, &told);
    told++;
}

START_TEST(test_load_all)
{
    struct rig rig;
    struct sw_load_hooks hooks = {.arg = &told, .refused = count_refusal};
    rig_init(&rig);
    rig_list(&rig, "l", "{}", "a.test", "b..test", NULL);
    rig_list(&rig, "bad", "[]", "c.test", NULL);
    struct sw_redis *redis = sw_redis_new(&rig.settings);
    ck_assert_int_eq(sw_redis_open(redis), SW_OK);
    ck_assert_int_eq(sw_load_all(redis, rig.index, &hooks), SW_OK);
    ck_assert(rig_lists(&rig, "a.test"));
    ck_assert(!rig_lists(&rig, "c.test"));
    ck_assert_uint_eq(told, 2);
    redis_fixture_run(&rig.rf, "DEL %s", P ":lists");
    redis_fixture_run(&rig.rf, "SET %s x", P ":lists");
    ck_assert_int_eq(sw_load_all(redis, rig.index, &hooks), SW_EREDIS);
    ck_assert_ptr_nonnull(strstr(sw_redis_error(redis), "WRONGTYPE"));
    redis_fixture_kill(&rig.rf);
    ck_assert_int_eq(sw_load_all(redis, rig.index, &hooks), SW_ECLOSED);
    sw_redis_free(redis);
    rig_stop(&rig);
}
END_TEST

static bool give_up(void *arg)
{
    size_t *chunks = arg;
    return ++*chunks < 2;
}

/* A load that is given up half way leaves the former content, and nothing else. */
START_TEST(test_abandoned_load)
{
    struct rig rig;
    size_t chunks = 0;
    struct sw_load_hooks none = {.arg = NULL}, hooks = {.arg = &chunks, .go_on = give_up};
    struct sw_lists lists;
    rig_init(&rig);
    rig_list(&rig, "l", "{}", "a.test", NULL);
    struct sw_redis *redis = sw_redis_new(&rig.settings);
    ck_assert_int_eq(sw_redis_open(redis), SW_OK);
    sw_lists_init(&lists, rig.index);
    struct sw_list *list = sw_lists_get(&lists, "l");
    ck_assert_int_eq(sw_load_policy(&lists, list, "{}", 2, &none), SW_OK);
    ck_assert(list->unread);
    ck_assert_int_eq(sw_load_content(redis, &lists, list, &none), SW_OK);
    ck_assert(!list->unread);
    redis_fixture_run(&rig.rf, "EVAL %s 0",
                      "redis.call('DEL','" P ":list:l') for i=1,5000 do "
                      "redis.call('HSET','" P ":list:l','n'..i..'.test','') end");
    ck_assert_int_eq(sw_load_content(redis, &lists, list, &hooks), SW_ECLOSED);
    ck_assert_uint_eq(chunks, 2);
    ck_assert(list->unread);
    ck_assert(rig_lists(&rig, "a.test"));
    ck_assert(!rig_lists(&rig, "n1.test") && !rig_lists(&rig, "n5000.test"));
    ck_assert_uint_eq(sw_index_lists(rig.index, NULL, 0), 1);
    ck_assert_uint_eq(sw_index_count(rig.index, list->id), 1);
    ck_assert_int_eq(sw_load_content(redis, &lists, list, &none), SW_OK);
    ck_assert(!rig_lists(&rig, "a.test"));
    ck_assert_uint_eq(sw_index_count(rig.index, list->id), 5000);
    sw_lists_clear(&lists);
    sw_redis_free(redis);
    rig_stop(&rig);
}
END_TEST

int main(void)
{
    return RUN_SUITE(
        "feed", TIMEOUT(120),
        TESTS(test_full_load, test_status_hash, test_add_and_remove, test_sweeps_only_for_ioc,
              test_large_batch_is_everything, test_replace, test_replaced_often_is_read_once,
              test_drop, test_new_list, test_policy_change, test_bad_policy, test_refused_items,
              test_plain_writes_are_noticed, test_plain_writes_of_the_same_size_are_noticed,
              test_an_audit_takes_its_time, test_reconciliation_is_quiet, test_load_all,
              test_abandoned_load));
}
