/* test_feed_values.c - the feeder with values of others that no reply holds (D-231): streams,
 * members, policies, facts. */
/* Some seconds of work here are minutes on a machine with much other work. */
#define RIG_DEADLINE_US INT64_C(200000000)
#include "feed_rig.h"

#include "suite.h"

/* Put a text of 65 MiB by a command with ARGV[1..n). */
static void put_large(struct rig *rig, const char *command, const char *key, const char *field)
{
    char script[128];
    snprintf(script, sizeof(script), "redis.call('%s',KEYS[1],ARGV[1],%s)", command,
             strcmp(command, "XADD") == 0 ? "'e',string.rep('x',68157440)"
                                          : "string.rep('x',68157440)");
    redis_fixture_run(&rig->rf, "EVAL %s 1 %s %s", script, key, field);
}

static void follows(struct rig *rig, const char *name)
{
    rig_change(rig, "add", "l", name);
    rig_wait_applied(rig);
    ck_assert(rig_lists(rig, name));
}

/* Whatever is too large for a reply before the start: the lists are loaded and followed. */
START_TEST(values_that_no_reply_holds)
{
    struct rig rig;
    rig_init(&rig);
    rig.settings.redis_timeout_ms = 20000;
    rig_list(&rig, "l", "{}", "a.test", NULL);
    put_large(&rig, "XADD", P ":changes", "*");
    put_large(&rig, "XADD", P ":resolvers:tracked", "*");
    put_large(&rig, "ZADD", P ":tracked", "1");
    put_large(&rig, "HSET", P ":lists", "huge");
    rig_start(&rig);
    rig_wait_loads(&rig, 1);
    follows(&rig, "b.test");
    ck_assert(rig_status_has(&rig, "lists", "policy: longer than 131,072 octets"));
    ck_assert_uint_eq(sw_counted(&rig.counters.full_loads), 1);
    redis_fixture_run(&rig.rf, "DEL %s %s", P ":tracked", P ":changes");
    rig_stop(&rig);
}
END_TEST

/* Likewise while lists are followed: an entry about addresses costs no load, facts cost a load. */
START_TEST(values_that_come_later)
{
    struct rig rig;
    rig_init(&rig);
    rig.settings.redis_timeout_ms = 20000;
    rig.settings.reconcile_s = 1;
    rig_list(&rig, "l", "{}", "a.test", NULL);
    rig_list(&rig, "m", "{}", "m.test", NULL);
    rig_start(&rig);
    rig_wait_loads(&rig, 1);
    put_large(&rig, "XADD", P ":resolvers:tracked", "*");
    follows(&rig, "b.test");
    put_large(&rig, "HSET", P ":lists", "huge");
    rig_entry(&rig, "policy", "huge", NULL);
    follows(&rig, "c.test");
    ck_assert_uint_eq(sw_counted(&rig.counters.full_loads), 1);
    put_large(&rig, "HSET", P ":list:m", "n.test");
    rig_entry(&rig, "add", "m", "n.test");
    follows(&rig, "d.test");
    ck_assert(rig_lists(&rig, "m.test"));
    RIG_WAIT(rig_status_has(&rig, "lists", "content: facts that are too large for a reply"));
    rig_stop(&rig);
}
END_TEST

int main(void)
{
    return RUN_SUITE("feed values", TIMEOUT(240),
                     TESTS(values_that_no_reply_holds, values_that_come_later));
}
