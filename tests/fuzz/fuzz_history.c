/*
 * fuzz_history.c - the recorder's treatment of the history in Redis: loading
 * (journal/history/recall.h), adding (journal/history/seen.h). The input: see fake_redis.h.
 */
#include "base/clock.h"
#include "fake_redis.h"
#include "journal/history/recall.h"
#include "journal/history/seen.h"

#define TIME_US INT64_C(1431000000000000)
#define ROUNDS  3

static struct fake_redis fake;
static struct sw_settings settings;
static struct sw_counters counters;
static struct sw_name name;
static struct sw_addr addr;

static void start_once(void)
{
    static const char domain[] = "systemsvc.net", address[] = "213.24.76.23";
    static bool started;
    if (started)
        return;
    started = true;
    sw_log_sink(fuzz_drop_log);
    fake_redis_start(&fake);
    fake_redis_settings(&fake, &settings);
    settings.history_max = 4; /* so that there is a surplus to delete */
    FUZZ_CHECK(sw_name_parse(domain, strlen(domain), &name, NULL) == SW_OK);
    FUZZ_CHECK(sw_addr_parse(address, strlen(address), &addr, NULL) == SW_OK);
}

static void note(struct sw_seens *seens, bool of_name, const char *key, const char *field)
{
    struct sw_owner owner = {.asn = 8342};
    struct sw_seen_note one = {
        .of_name = of_name,
        .key = key,
        .field = field,
        .first_us = TIME_US,
        .last_us = TIME_US,
        .count = 1,
        .owner = &owner,
        .list = "carbanak",
        .anomaly = "shared-address",
    };
    sw_seens_note(seens, &one);
}

/* The cached history stays within the bounds. */
static void check_mind(struct sw_recall *recall)
{
    bool created;
    struct sw_name_history *of =
        sw_history_get(sw_recall_history(recall, SW_OF_NAME), &name, &created);
    struct sw_place *place = sw_places_get(sw_recall_places(recall), &addr);
    FUZZ_CHECK(of && of->n <= settings.history_max);
    FUZZ_CHECK(place && place->n <= settings.history_max);
    for (size_t i = 0; i < place->n; i++) {
        FUZZ_CHECK(strlen(place->names[i].name) < SW_NAMETEXT_MAX);
        FUZZ_CHECK(place->names[i].list[0] == '\0' || sw_listname_ok(place->names[i].list));
    }
}

static void session(struct sw_recall *recall, struct sw_seens *seens, struct sw_redis *redis)
{
    enum sw_status status = SW_OK;
    for (unsigned i = 0; i < ROUNDS && status != SW_ECLOSED; i++) {
        sw_recall_want_name(recall, SW_OF_NAME, &name);
        sw_recall_want_addr(recall, &addr, 1 + i * INT64_C(100000000));
        status = sw_recall_load(recall, redis);
        check_mind(recall);
        note(seens, true, "systemsvc.net", "213.24.76.23");
        note(seens, false, "213.24.76.23", "systemsvc.net");
        note(seens, false, "213.24.76.23", "www.example.org");
        if (status != SW_ECLOSED)
            status = sw_seens_flush(seens, redis);
        FUZZ_CHECK(sw_seens_waiting(seens) <= 3);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    start_once();
    fake_redis_says(&fake, data, size);
    struct sw_redis *redis = sw_redis_new(&settings);
    struct sw_recall *recall = sw_recall_new(&settings);
    struct sw_seens *seens = sw_seens_new(&settings, &counters);
    FUZZ_CHECK(redis && recall && seens);
    FUZZ_CHECK(sw_redis_open(redis) == SW_OK);
    session(recall, seens, redis);
    sw_seens_free(seens);
    sw_recall_free(recall);
    sw_redis_free(redis);
    return 0;
}
