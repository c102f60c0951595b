/*
 * fuzz_feed.c - the feeder's treatment of answers of Redis: identity of the server, full load,
 * tracked addresses, reconciliation, changes. The input: see fake_redis.h.
 *
 * No answer, in whatever order, of whatever type, may do more than end the session. The feeder's
 * thread is not started: the thread's steps are called here, so that nothing waits.
 */
#include "base/rcu.h"
#include "fake_redis.h"
#include "feed/feeder.h"

static struct fake_redis fake;
static struct sw_settings settings;

static void start_once(void)
{
    static bool started;
    if (started)
        return;
    started = true;
    sw_log_sink(fuzz_drop_log);
    fake_redis_start(&fake);
    fake_redis_settings(&fake, &settings);
    settings.tracked_max = 4; /* a single question for all addresses */
    memcpy(settings.resolver_id, "ns1", 4);
}

/* Book and index say the same, whatever was read. */
static void check_book(const struct sw_feed *feed)
{
    sw_list_id ids[SW_LISTS_MAX];
    FUZZ_CHECK(sw_lists_held(&feed->lists) == sw_index_lists(feed->index, ids, SW_LISTS_MAX));
    for (size_t i = 0; i < feed->lists.n; i++) {
        const struct sw_list *list = feed->lists.list[i];
        sw_list_id id;
        FUZZ_CHECK(sw_listname_ok(list->name));
        if (list->held)
            FUZZ_CHECK(sw_index_list_find(feed->index, list->name, &id) == SW_OK && id == list->id);
    }
    for (size_t i = 0; i < SW_PROBLEM_COUNT; i++)
        FUZZ_CHECK(!feed->problems[i][0] || fuzz_words_ok(feed->problems[i], SW_PROBLEM_MAX));
}

/* The steps of the feeder's thread from connecting to the end of the connection. */
static void session(struct sw_feed *feed)
{
    struct sw_addr addr;
    enum sw_status status = sw_feed_check_server(feed);
    if (status == SW_OK)
        status = sw_feed_load(feed);
    check_book(feed);
    FUZZ_CHECK(sw_addr_parse("192.0.2.1", 9, &addr, NULL) == SW_OK);
    sw_feed_track(feed, &addr);
    sw_feed_take_requests(feed);
    for (unsigned turn = 0; status == SW_OK; turn++) {
        if (feed->load_due)
            status = sw_feed_load(feed);
        else if (turn % 4 == 3)
            status = sw_feed_reconcile(feed);
        else if (turn % 4 == 2 && feed->unsent_n > 0)
            status = sw_feed_send_tracked(feed);
        else
            status = sw_feed_follow(feed);
        check_book(feed);
    }
    FUZZ_CHECK(status == SW_ECLOSED || status == SW_EREDIS || status == SW_ENOMEM);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sw_counters counters = {0};
    start_once();
    fake_redis_says(&fake, data, size);
    struct sw_index *index = sw_index_new();
    struct sw_owners *owners = sw_owners_new(&settings, &counters);
    struct sw_feed *feed = sw_feed_new(&settings, index, owners, &counters, NULL);
    FUZZ_CHECK(index && owners && feed);
    feed->mmdb_due = INT64_MAX;
    FUZZ_CHECK(sw_redis_open(feed->redis) == SW_OK);
    session(feed);
    sw_redis_close(feed->redis);
    sw_feed_enforce(feed);
    sw_feed_free(feed);
    sw_owners_free(owners);
    sw_index_free(index);
    return 0;
}
