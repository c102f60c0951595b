/* Parts of the feeder that need no Redis: stream ids and gaps, refused items, tracked set. */
#include "base/log.h"
#include "base/rcu.h"
#include "feed/refused.h"
#include "feed/stream.h"
#include "feed/tracked.h"
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- stream.h ---- */

START_TEST(test_stream_ids)
{
    static const char *const bad[] = {"",     "-",    "1",    "1-",   "-1",
                                      "1-2-", "1 -2", "1-2 ", "+1-2", "18446744073709551616-0"};
    struct sw_stream_id id = {7, 7}, other = {1, 2};
    char text[SW_STREAMID_MAX];
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        ck_assert_msg(sw_stream_id_parse(bad[i], strlen(bad[i]), &id) == SW_ESYNTAX, "%s", bad[i]);
    ck_assert_uint_eq(id.ms, 7); /* untouched */
    ck_assert_int_eq(sw_stream_id_parse("18446744073709551615-18446744073709551615", 41, &id),
                     SW_OK);
    ck_assert_str_eq(sw_stream_id_text(&id, text), "18446744073709551615-18446744073709551615");
    ck_assert_int_eq(sw_stream_id_parse("1-2junk", 3, &id), SW_OK);
    ck_assert_int_eq(sw_stream_id_compare(&id, &other), 0);
    other.seq = 3;
    ck_assert_int_lt(sw_stream_id_compare(&id, &other), 0);
    other = (struct sw_stream_id){0, 9};
    ck_assert_int_gt(sw_stream_id_compare(&id, &other), 0);
}
END_TEST

START_TEST(test_gaps)
{
    static const struct {
        const char *what;
        struct sw_stream_state state; /* exists counted first last length added */
        struct sw_stream_position at;
        bool gap;
    } cases[] = {
        {"never was", {false, false, {0, 0}, {0, 0}, 0, 0, 0}, {{0, 0}, 0}, false},
        {"gone", {false, false, {0, 0}, {0, 0}, 0, 0, 0}, {{5, 0}, 1}, true},
        {"at the end", {true, true, {1, 0}, {5, 0}, 5, 5, 0}, {{5, 0}, 5}, false},
        {"behind", {true, true, {1, 0}, {9, 0}, 9, 9, 0}, {{5, 0}, 5}, false},
        {"backwards", {true, true, {1, 0}, {4, 9}, 4, 4, 0}, {{5, 0}, 5}, true},
        {"all trimmed, all seen", {true, true, {0, 0}, {5, 0}, 0, 5, 0}, {{5, 0}, 5}, false},
        {"all trimmed, one unseen", {true, true, {0, 0}, {6, 0}, 0, 6, 0}, {{5, 0}, 5}, true},
        {"rebuilt, as many, all trimmed", {true, true, {0, 0}, {9, 0}, 0, 5, 0}, {{5, 0}, 5}, true},
        {"trimmed up to us", {true, true, {6, 0}, {7, 0}, 2, 7, 0}, {{5, 0}, 5}, false},
        {"trimmed past us", {true, true, {7, 0}, {7, 0}, 1, 7, 0}, {{5, 0}, 5}, true},
        {"trimmed, count unknown", {true, false, {6, 0}, {7, 0}, 2, 0, 0}, {{5, 0}, 0}, true},
        {"made since", {true, true, {6, 0}, {7, 0}, 2, 2, 0}, {{0, 0}, 0}, false},
        {"made and trimmed since", {true, true, {6, 0}, {7, 0}, 2, 3, 0}, {{0, 0}, 0}, true},
        {"made since, count unknown", {true, false, {6, 0}, {7, 0}, 2, 0, 0}, {{0, 0}, 0}, false},
        {"rebuilt", {true, true, {6, 0}, {7, 0}, 2, 2, 0}, {{5, 0}, 5}, true},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        ck_assert_msg(sw_stream_has_gap(&cases[i].state, &cases[i].at) == cases[i].gap, "%s",
                      cases[i].what);
}
END_TEST

#define ENTRIES_MAX 4096

/* A stream, entry i has the id i-0, and a feeder that reads. */
struct stream_model {
    bool counted;
    uint64_t first, last; /* remaining entries: first to last */
    uint64_t told;        /* the awaited end; 0: none */
    uint64_t lost;        /* youngest entry that was trimmed unread; 0: none */
    struct sw_stream_end end;
    struct sw_stream_position at;
};

static void model_trims(struct stream_model *model)
{
    uint64_t left = (uint64_t)rand() % 6;
    uint64_t to = rand() % 2 || model->last < left ? model->first + left : model->last - left;
    for (; model->first <= model->last && model->first < to; model->first++)
        if (model->first > model->at.id.ms)
            model->lost = model->first;
}

static void model_tells(struct stream_model *model)
{
    struct sw_stream_state state = {
        .exists = true,
        .counted = model->counted,
        .first = {model->first <= model->last ? model->first : 0, 0},
        .last = {model->last, 0},
        .length = model->last + 1 - model->first,
        .added = model->counted ? model->last : 0,
    };
    sw_stream_await(&model->end, &state);
    if (!model->told)
        model->told = model->last;
}

/* The feeder reads an entry: a loss up to the awaited end is noticed there, none is imagined. With
 * no count the loss is certain to be noticed only if it has the end itself. */
static bool model_reads(struct stream_model *model, unsigned *noticed)
{
    uint64_t next = model->at.id.ms + 1 > model->first ? model->at.id.ms + 1 : model->first;
    if (next > model->last)
        return false;
    const struct sw_stream_id id = {next, 0};
    if (model->told <= model->at.id.ms) /* told by the load: reached, and nothing was lost */
        model->told = 0;
    bool lost = model->lost && model->told && next >= model->told;
    bool missed = sw_stream_advance(&model->end, &model->at, &id);
    ck_assert_msg(!missed || lost, "entry %u: a loss that was none", (unsigned)next);
    if (lost && (model->counted || next > model->told))
        ck_assert_msg(missed, "entry %u: a loss went unnoticed", (unsigned)next);
    if (model->told && next >= model->told)
        model->told = 0;
    if (missed) { /* a full load: the end that the state tells is awaited, and is the position */
        model->at = (struct sw_stream_position){{model->last, 0}, model->last};
        model->end.awaited = false;
        model->told = model->lost = 0;
        model_tells(model);
        ++*noticed;
    }
    return true;
}

START_TEST(test_missed_entries)
{
    for (int counted = 0; counted < 2; counted++) {
        struct stream_model model = {.counted = counted, .first = 1};
        unsigned noticed = 0;
        srand(1);
        while (model.last < ENTRIES_MAX) {
            model.last += (uint64_t)rand() % 8;
            if (rand() % 4 == 0)
                model_trims(&model);
            if (rand() % 4 == 0 && model.last > model.at.id.ms)
                model_tells(&model);
            for (int n = rand() % 8; n > 0 && model_reads(&model, &noticed); n--) {
            }
        }
        ck_assert_uint_gt(noticed, counted ? 20 : 5);
    }
}
END_TEST

/* A reply made from protocol text. */
static redisReply *reply_of(const char *text)
{
    redisReader *reader = redisReaderCreate();
    void *reply = NULL;

    redisReaderFeed(reader, text, strlen(text));
    ck_assert_int_eq(redisReaderGetReply(reader, &reply), REDIS_OK);
    ck_assert_ptr_nonnull(reply);
    redisReaderFree(reader);
    return reply;
}

static enum sw_status state_of(const char *text, struct sw_stream_state *out)
{
    redisReply *reply = reply_of(text);
    enum sw_status status = sw_stream_read_state(reply, out);

    freeReplyObject(reply);
    return status;
}

START_TEST(test_stream_state)
{
    struct sw_stream_state state = {.exists = true};
    ck_assert_int_eq(state_of("-ERR no such key\r\n", &state), SW_OK);
    ck_assert(!state.exists);
    ck_assert_int_eq(state_of("*8\r\n+length\r\n:3\r\n+last-generated-id\r\n+9-1\r\n"
                              "+entries-added\r\n:4\r\n+first-entry\r\n*2\r\n+2-0\r\n*0\r\n",
                              &state),
                     SW_OK);
    ck_assert(state.exists && state.counted);
    ck_assert_uint_eq(state.length, 3);
    ck_assert_uint_eq(state.added, 4);
    ck_assert_uint_eq(state.last.ms, 9);
    ck_assert_uint_eq(state.first.ms, 2);
    /* Lies: untouched. */
    ck_assert_int_eq(state_of("-ERR other\r\n", &state), SW_EREDIS);
    ck_assert_int_eq(state_of(":1\r\n", &state), SW_EREDIS);
    ck_assert_int_eq(state_of("*0\r\n", &state), SW_EREDIS);
    ck_assert_int_eq(state_of("*2\r\n+length\r\n+many\r\n", &state), SW_EREDIS);
    ck_assert_int_eq(state_of("*2\r\n+last-generated-id\r\n+x\r\n", &state), SW_EREDIS);
    ck_assert_int_eq(state_of("*2\r\n+first-entry\r\n*1\r\n:1\r\n", &state), SW_EREDIS);
    ck_assert_uint_eq(state.length, 3);
}
END_TEST

/* ---- refused.h ---- */

static unsigned lines;

static void count_line(enum sw_log_level level, const char *line)
{
    ck_assert_int_eq(level, SW_LOG_WARNING);
    ck_assert_ptr_nonnull(line);
    lines++;
}

static void refuse(struct sw_refused *refused, const char *item, size_t len, int64_t now_us)
{
    struct sw_refusal refusal = {SW_REFUSED_INDICATOR, "l", item, len, "no good"};
    sw_refused_note(refused, &refusal, now_us);
}

START_TEST(test_refused_are_kept_and_counted)
{
    static struct sw_refused refused;
    char item[32], *text;
    sw_log_sink(count_line);
    for (int i = 0; i < 100; i++) {
        snprintf(item, sizeof(item), "item %d", i);
        refuse(&refused, item, strlen(item), 1);
    }
    refuse(&refused, item, strlen(item), 1); /* the same once more */
    ck_assert_uint_eq(refused.counts[SW_REFUSED_INDICATOR], 101);
    json_t *json = sw_refused_items_json(&refused);
    ck_assert_uint_eq(json_array_size(json), SW_REFUSED_KEPT);
    ck_assert_str_eq(json_string_value(json_object_get(json_array_get(json, 0), "item")),
                     "item 99");
    ck_assert_str_eq(json_string_value(json_object_get(json_array_get(json, 19), "item")),
                     "item 80");
    json_decref(json);
    json = sw_refused_reasons_json(&refused);
    text = json_dumps(json, JSON_COMPACT);
    ck_assert_str_eq(text, "{\"indicator\":101}");
    free(text);
    json_decref(json);
    /* The log had enough; a minute later the log says how many lines were left out. */
    ck_assert_uint_eq(lines, 20);
    sw_refused_tick(&refused, 60000001);
    ck_assert_uint_eq(lines, 21);
    sw_refused_tick(&refused, 120000002);
    ck_assert_uint_eq(lines, 21);
    sw_log_sink(NULL);
}
END_TEST

/* Octets of any kind become printable text of bounded size. */
START_TEST(test_refused_octets)
{
    static struct sw_refused refused;
    char long_item[1000];
    sw_log_sink(count_line);
    refuse(&refused, "a\0\n\xc3\xa4", 5, 1);
    memset(long_item, 0xff, sizeof(long_item));
    refuse(&refused, long_item, sizeof(long_item), 1);
    refuse(&refused, "", 0, 1);
    json_t *json = sw_refused_items_json(&refused);
    const char *text = json_string_value(json_object_get(json_array_get(json, 2), "item"));
    ck_assert_str_eq(text, "a\\x00\\x0a\\xc3\\xa4");
    text = json_string_value(json_object_get(json_array_get(json, 1), "item"));
    ck_assert_uint_lt(strlen(text), SW_REFUSED_ITEM_MAX);
    ck_assert_str_eq(text + strlen(text) - 3, "...");
    json_decref(json);
    sw_log_sink(NULL);
}
END_TEST

/* ---- tracked.h ---- */

static struct sw_addr number(unsigned n)
{
    uint8_t octets[4] = {10, (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n};
    struct sw_addr addr;
    ck_assert_int_eq(sw_addr_from_octets(octets, 4, &addr), SW_OK);
    return addr;
}

static bool has(const struct sw_tracked *tracked, unsigned n)
{
    struct sw_addr addr = number(n);
    sw_rcu_enter();
    bool found = sw_tracked_has(tracked, &addr);
    sw_rcu_leave();
    return found;
}

static enum sw_status add(struct sw_tracked *tracked, unsigned n)
{
    struct sw_addr addr = number(n);
    return sw_tracked_add(tracked, &addr);
}

/* Full: the address tracked longest goes, round after round. */
START_TEST(test_tracked_is_bounded)
{
    static struct sw_tracked tracked;
    enum { MAX = 1000, N = 3500 };
    ck_assert_int_eq(sw_tracked_init(&tracked, MAX), SW_OK);
    ck_assert(!has(&tracked, 0));
    for (unsigned i = 0; i < N; i++) {
        ck_assert_int_eq(add(&tracked, i), SW_OK);
        ck_assert_int_eq(add(&tracked, i), SW_EEXIST);
    }
    for (unsigned i = 0; i < N; i++)
        ck_assert_msg(has(&tracked, i) == (i >= N - MAX), "%u", i);
    ck_assert_int_eq(add(&tracked, 0), SW_OK); /* back again */
    ck_assert(has(&tracked, 0) && !has(&tracked, N - MAX));
    sw_tracked_clear(&tracked);
}
END_TEST

START_TEST(test_tracked_one_or_none)
{
    static struct sw_tracked tracked;
    ck_assert_int_eq(sw_tracked_init(&tracked, 1), SW_OK);
    ck_assert_int_eq(add(&tracked, 1), SW_OK);
    ck_assert_int_eq(add(&tracked, 2), SW_OK);
    ck_assert(!has(&tracked, 1) && has(&tracked, 2));
    sw_tracked_clear(&tracked);
    ck_assert_int_eq(sw_tracked_init(&tracked, 0), SW_OK);
    ck_assert_int_eq(add(&tracked, 1), SW_EINVAL);
    ck_assert(!has(&tracked, 1));
    sw_tracked_clear(&tracked);
}
END_TEST

START_TEST(test_tracked_queue)
{
    static struct sw_tracked tracked;
    static struct sw_addr out[SW_TRACKED_QUEUE];
    struct sw_addr addr, none = {.family = 0};
    ck_assert_int_eq(sw_tracked_init(&tracked, 10), SW_OK);
    ck_assert_int_eq(add(&tracked, 1), SW_OK);
    addr = number(1);
    sw_tracked_request(&tracked, &addr); /* tracked already */
    sw_tracked_request(&tracked, &none);
    addr.plen = 8;
    sw_tracked_request(&tracked, &addr); /* a prefix */
    ck_assert_uint_eq(sw_tracked_take(&tracked, out), 0);
    for (unsigned i = 0; i < SW_TRACKED_QUEUE + 5; i++) {
        addr = number(100 + i);
        sw_tracked_request(&tracked, &addr);
    }
    ck_assert_uint_eq(sw_tracked_take(&tracked, out), SW_TRACKED_QUEUE);
    addr = number(100);
    ck_assert(sw_addr_equal(&out[0], &addr));
    ck_assert_uint_eq(sw_tracked_take(&tracked, out), 0);
    sw_tracked_clear(&tracked);
}
END_TEST

int main(void)
{
    return RUN_SUITE("feed parts",
                     TESTS(test_stream_ids, test_gaps, test_missed_entries, test_stream_state,
                           test_refused_are_kept_and_counted, test_refused_octets,
                           test_tracked_is_bounded, test_tracked_one_or_none, test_tracked_queue));
}
