/* test_feed_large.c - the feeder with lists and entries that are too large for a reply (D-095), or
 * for the index (D-106). */
/* Some seconds of work here are minutes on a machine with much other work. */
#define RIG_DEADLINE_US INT64_C(200000000)
#include "feed_rig.h"

#include "index/impl.h"
#include "suite.h"

/* A server on a busy machine takes seconds for a large value. */
static void rig_init_patient(struct rig *rig)
{
    rig_init(rig);
    rig->settings.redis_timeout_ms = 20000;
}

/* Facts of 65 MiB take the content of their own list out of reach, and no other list. Facts that
 * are too large together for a reply, as those of 500 fields at once, are read in smaller parts. */
START_TEST(test_facts_that_no_reply_holds)
{
    struct rig rig;
    rig_init_patient(&rig);
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

/* 30 entries of 4 MiB are followed in smaller batches; an entry of 65 MiB is passed by with a full
 * load. */
START_TEST(test_entries_that_no_reply_holds)
{
    struct rig rig;
    rig_init_patient(&rig);
    rig.settings.reconcile_s = 0;
    rig_list(&rig, "l", "{}", "a.test", NULL);
    rig_start(&rig);
    rig_wait_loads(&rig, 1);
    redis_fixture_run(&rig.rf, "EVAL %s 2 %s %s",
                      "for i=1,30 do redis.call('HSET',KEYS[2],'b'..i..'.test','') "
                      "redis.call('XADD',KEYS[1],'*','op','add','list','l','i',"
                      "'b'..i..'.test','x',string.rep('x',4194304)) end",
                      P ":changes", P ":list:l");
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

/* The last inquiry that the host was handed. */
static struct {
    pthread_mutex_t lock;
    char text[64];
    unsigned n;
} asked = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void on_inquiry(void *arg, const char *id, const char *text, size_t len)
{
    (void)arg, (void)id;
    pthread_mutex_lock(&asked.lock);
    snprintf(asked.text, sizeof(asked.text), "%.*s", (int)len, text);
    asked.n++;
    pthread_mutex_unlock(&asked.lock);
}

static bool is_asked(const char *text)
{
    pthread_mutex_lock(&asked.lock);
    bool is = strcmp(asked.text, text) == 0;
    pthread_mutex_unlock(&asked.lock);
    return is;
}

static void rig_init_asked(struct rig *rig)
{
    rig_init_patient(rig);
    snprintf(rig->settings.memory_folder, sizeof(rig->settings.memory_folder), "/nowhere");
    rig->settings.memory_inquiries = 60;
    rig->host.inquiry = on_inquiry;
    rig_list(rig, "l", "{}", "a.test", NULL);
}

static void ask(struct rig *rig, const char *id, const char *text)
{
    redis_fixture_run(&rig->rf, "XADD %s %s e %s", P ":memory:inquiries", id, text);
}

static void ask_too_much(struct rig *rig, const char *id)
{
    redis_fixture_run(&rig->rf, "EVAL %s 1 %s %s",
                      "redis.call('XADD',KEYS[1],ARGV[1],'e',string.rep('x',68157440))",
                      P ":memory:inquiries", id);
}

/* An inquiry that no reply holds stops neither lists nor, when it is old, later inquiries. */
START_TEST(inquiries_that_no_reply_holds)
{
    struct rig rig;
    rig_init_asked(&rig);
    ask_too_much(&rig, "1-1");
    rig_start(&rig);
    rig_wait_loads(&rig, 1);
    ask(&rig, "*", "first");
    RIG_WAIT(is_asked("first"));
    ask_too_much(&rig, "*");
    RIG_WAIT(rig_status_has(&rig, "last_error", "inquiries to the memory are not read"));
    rig_change(&rig, "add", "l", "b.test");
    rig_wait_applied(&rig);
    ck_assert(rig_lists(&rig, "b.test"));
    ck_assert_uint_eq(sw_counted(&rig.counters.full_loads), 1);
    rig_stop(&rig);
}
END_TEST

/* Inquiries with ids of the far future are read, and do not hide later ones, once the stream was
 * deleted. Each entry is handed over at least once. */
START_TEST(inquiries_of_the_future)
{
    struct rig rig;
    rig_init_asked(&rig);
    rig.settings.reconcile_s = 1;
    ask(&rig, "18446744073709551615-1", "future");
    rig_start(&rig);
    RIG_WAIT(is_asked("future"));
    ask(&rig, "*", "behind");
    RIG_WAIT(is_asked("behind"));
    redis_fixture_run(&rig.rf, "DEL %s", P ":memory:inquiries");
    ask(&rig, "*", "present");
    RIG_WAIT(is_asked("present"));
    rig_stop(&rig);
}
END_TEST

/* Indicators that need a combination of lists for which there is no room: each is refused by
 * itself, from the hash and from the stream. */
START_TEST(test_no_room_for_combinations)
{
    struct rig rig;
    rig_init_patient(&rig);
    rig.index->sets.last = SW_REF_FIRST + 1; /* list l alone, list m alone */
    rig_list(&rig, "l", "{}", "both.test", "first.test", NULL);
    rig_start(&rig);
    rig_wait_loads(&rig, 1);
    rig_list(&rig, "m", "{\"action\":\"refused\"}", "alone.test", "both.test", "more.test", NULL);
    rig_entry(&rig, "policy", "m", NULL);
    rig_wait_applied(&rig);
    ck_assert(rig_lists(&rig, "both.test") && rig_lists(&rig, "first.test"));
    ck_assert(rig_lists(&rig, "alone.test") && rig_lists(&rig, "more.test"));
    RIG_WAIT(rig_status_has(&rig, "refused_by_reason", "\"room\":1"));
    rig_change(&rig, "add", "m", "first.test");
    rig_wait_applied(&rig);
    RIG_WAIT(rig_status_has(&rig, "refused_by_reason", "\"room\":2"));
    ck_assert(rig_status_has(&rig, "refused", "no room for another combination"));
    ck_assert(rig_status_has(&rig, "lists", "\"m\":{\"kind\":\"ioc\",\"count\":2,\"refused\":2}"));
    /* Reading the list again would need combinations of the old content and the new content: the
     * old content stays. */
    rig_entry(&rig, "replace", "m", NULL);
    rig_wait_applied(&rig);
    ck_assert(rig_lists(&rig, "alone.test") && rig_lists(&rig, "more.test"));
    ck_assert(rig_status_has(&rig, "lists", "content: "));
    rig_stop(&rig);
}
END_TEST

/* Octets that the server was sent, by everybody. */
static unsigned long long sent(struct rig *rig)
{
    redisReply *reply = redis_fixture_command(&rig->rf, "INFO stats");
    const char *name = "total_net_input_bytes:", *at = strstr(reply->str, name);
    unsigned long long n = at ? strtoull(at + strlen(name), NULL, 10) : 0;

    freeReplyObject(reply);
    return n;
}

/* With 1,000 lists each change is reported at once, and the lists' figures once a second. */
START_TEST(test_reports_of_many_lists)
{
    enum { LISTS = 1000, CHANGES = 100, SMALL = 6000, LARGE = 80 * LISTS };
    struct rig rig;
    char script[] = "for i=1,1000 do redis.call('HSET',KEYS[1],'l'..i,'{}') "
                    "redis.call('HSET',KEYS[2]..i,'n'..i..'.test','') end";
    rig_init_patient(&rig);
    redis_fixture_run(&rig.rf, "EVAL %s 2 %s %s", script, P ":lists", P ":list:l");
    rig_start(&rig);
    rig_wait_loads(&rig, 1);
    RIG_WAIT(rig_status_has(&rig, "lists", "\"l1000\":{\"kind\":\"ioc\",\"count\":1,"));
    unsigned long long before = sent(&rig);
    int64_t began = sw_clock_mono_us();
    for (int i = 0; i < CHANGES; i++) {
        char name[32];
        snprintf(name, sizeof(name), "more%d.test", i);
        rig_change(&rig, "add", "l1000", name);
        rig_wait_applied(&rig);
    }
    int64_t seconds = (sw_clock_mono_us() - began) / 1000000 + 2;
    ck_assert_uint_le(sent(&rig) - before, CHANGES * SMALL + (uint64_t)seconds * LARGE);
    RIG_WAIT(rig_status_has(&rig, "lists", "\"l1000\":{\"kind\":\"ioc\",\"count\":101,"));
    rig_stop(&rig);
}
END_TEST

int main(void)
{
    return RUN_SUITE("feed large", TIMEOUT(240),
                     TESTS(test_facts_that_no_reply_holds, test_entries_that_no_reply_holds,
                           inquiries_that_no_reply_holds, inquiries_of_the_future,
                           test_no_room_for_combinations, test_reports_of_many_lists));
}
