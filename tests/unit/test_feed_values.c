/* test_feed_values.c - the feeder with facts that no reply holds (D-231). */
/* Some seconds of work here are minutes on a machine with much other work. */
#define RIG_DEADLINE_US INT64_C(200000000)
#include "feed_rig.h"

#include "suite.h"

static void put_large(struct rig *rig, const char *command, const char *key, const char *field)
{
    char script[128];
    snprintf(script, sizeof(script), "redis.call('%s',KEYS[1],ARGV[1],string.rep('x',68157440))",
             command);
    redis_fixture_run(&rig->rf, "EVAL %s 1 %s %s", script, key, field);
}

static void follows(struct rig *rig, const char *name)
{
    rig_change(rig, "add", "l", name);
    rig_wait_applied(rig);
    ck_assert(rig_lists(rig, name));
}

/* An entry whose facts no reply holds costs a load, and the content of its own list; the lists are
 * followed. Streams, members and policies: tests/daemon/test_acl.py. */
START_TEST(facts_of_an_entry)
{
    struct rig rig;
    rig_init(&rig);
    rig.settings.redis_timeout_ms = 20000;
    rig.settings.reconcile_s = 1;
    rig_list(&rig, "l", "{}", "a.test", NULL);
    rig_list(&rig, "m", "{}", "m.test", NULL);
    rig_start(&rig);
    rig_wait_loads(&rig, 1);
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
    return RUN_SUITE("feed values", TIMEOUT(240), TESTS(facts_of_an_entry));
}
