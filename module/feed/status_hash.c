/*
 * status_hash.c - the status of this resolver in {prefix}:resolver:<id>, described in
 * module/REDIS.md.
 *
 * A MULTI writes the hash, the hash's time to live, and this resolver's member of
 * {prefix}:resolvers. When a server refuses the write (a replica, an ACL), the feeder still follows
 * the stream. Each batch of changes is reported at once. The field `lists` has some 50 octets for
 * each list: with many lists, at most one report in a second has the field, and a report without
 * the field is followed by a report that has the field (D-106).
 */
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/sums.h"
#include "feed/feeder.h"
#include "redis/reply.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define AMOUNTS   8  /* room for numbers that are no counters: put_amounts(), the last sweep */
#define TEXTS     20 /* room for the other fields */
#define FEW_LISTS 64 /* up to so many lists, each report has the field `lists` */
#define LISTS_US  INT64_C(1000000)

#define COUNT_ONE(field, name) +1
enum { NUMBERS = SW_COUNTERS(COUNT_ONE) + AMOUNTS, FIELDS_MAX = NUMBERS + TEXTS };
#undef COUNT_ONE

struct fields { /* name, value, name, value ... after HSET and the key */
    const char *argv[2 + 2 * FIELDS_MAX];
    int argc;
    char numbers[NUMBERS][24];
    size_t numbers_n;
};

static void put(struct fields *fields, const char *name, const char *value)
{
    if (fields->argc + 2 > (int)(sizeof(fields->argv) / sizeof(fields->argv[0])))
        return;
    fields->argv[fields->argc++] = name;
    fields->argv[fields->argc++] = value ? value : "";
}

static void put_number(struct fields *fields, const char *name, uint64_t number)
{
    if (fields->numbers_n == NUMBERS)
        return;
    char *text = fields->numbers[fields->numbers_n++];
    snprintf(text, sizeof(fields->numbers[0]), "%" PRIu64, number);
    put(fields, name, text);
}

static const char *state_name(enum sw_feed_state state)
{
    static const char *const names[] = {"loading", "following", "disconnected"};
    return names[state];
}

/* Set or clear the problem of a file that the recorder writes; the recorder logs the error. */
static void note_file(struct sw_feed *feed, enum sw_problem which, const char *key,
                      const char *path, int error)
{
    char buf[64];
    feed->problems[which][0] = '\0';
    if (error != 0)
        snprintf(feed->problems[which], SW_PROBLEM_MAX, "%s %.150s: %s", key, path,
                 sw_file_words(error, buf));
}

static void note_files(struct sw_feed *feed)
{
    struct sw_counters *counters = feed->counters;
    note_file(feed, SW_PROBLEM_FILE, "event-file", feed->settings->event_file,
              atomic_load_explicit(&counters->event_file_error, memory_order_relaxed));
    note_file(feed, SW_PROBLEM_SPOOL, "event-spool", feed->settings->event_spool,
              atomic_load_explicit(&counters->event_spool_error, memory_order_relaxed));
}

static const char *last_error(const struct sw_feed *feed)
{
    for (size_t i = 0; i < SW_PROBLEM_COUNT; i++) {
        if (feed->problems[i][0])
            return feed->problems[i];
    }
    return "";
}

/* {"carbanak":{"kind":"ioc","count":12,"refused":0},...}; "problem" for a list with a problem. */
static json_t *lists_json(const struct sw_feed *feed)
{
    json_t *object = json_object();
    for (size_t i = 0; object && i < feed->lists.n; i++) {
        const struct sw_list *list = feed->lists.list[i];
        size_t count = list->held ? sw_index_count(feed->index, list->id) : 0;
        json_t *one =
            json_pack("{s:s, s:I, s:I}", "kind", list->held ? sw_kind_name(list->effect.kind) : "",
                      "count", (json_int_t)count, "refused", (json_int_t)list->refused);
        const char *problem = list->lost ? SW_FEED_LOST : list->problem;
        if (one && problem[0])
            json_object_set_new(one, "problem", json_string(problem));
        json_object_set_new(object, list->name, one);
    }
    return object;
}

/* The text of a JSON value, which is released here; NULL: no memory. The caller frees the text. */
static char *dump(json_t *json)
{
    char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;
    json_decref(json);
    return text;
}

/* Send MULTI, HSET, EXPIRE, ZADD, EXEC. */
static enum sw_status send_report(struct sw_feed *feed, const struct fields *fields)
{
    char resolvers[SW_KEY_MAX], now[24];
    const char *key = fields->argv[1];
    const char *multi[] = {"MULTI"}, *exec[] = {"EXEC"};
    const char *expire[] = {"EXPIRE", key, SW_FEED_STATUS_TTL};
    const char *zadd[] = {"ZADD", resolvers, now, feed->settings->resolver_id};
    struct sw_redis *redis = feed->out;
    const char *argv[2 + 2 * FIELDS_MAX];
    for (int i = 0; i < fields->argc; i++)
        argv[i] = fields->argv[i];
    sw_redis_key(redis, resolvers, sizeof(resolvers), "resolvers");
    snprintf(now, sizeof(now), "%" PRId64, sw_clock_wall_us() / 1000000);
    if (sw_redis_append_argv(redis, 1, multi, NULL) != SW_OK ||
        sw_redis_append_argv(redis, fields->argc, argv, NULL) != SW_OK ||
        sw_redis_append_argv(redis, 3, expire, NULL) != SW_OK ||
        sw_redis_append_argv(redis, 4, zadd, NULL) != SW_OK ||
        sw_redis_append_argv(redis, 1, exec, NULL) != SW_OK)
        return SW_ECLOSED;
    return SW_OK;
}

/* The first error in a reply or in the elements of an EXEC reply; NULL: no error. */
static const char *first_error(const redisReply *reply)
{
    if (reply->type == REDIS_REPLY_ERROR)
        return reply->str;
    for (size_t i = 0; reply->type == REDIS_REPLY_ARRAY && i < reply->elements; i++) {
        if (reply->element[i]->type == REDIS_REPLY_ERROR)
            return reply->element[i]->str;
    }
    return NULL;
}

/* Take the five replies: the first error is SW_PROBLEM_REPORT; no error clears the problem. */
static enum sw_status take_replies(struct sw_feed *feed)
{
    bool failed = false;
    for (int i = 0; i < 5; i++) {
        redisReply *reply = sw_redis_reply(feed->out);

        if (!reply)
            return SW_ECLOSED;
        const char *error = first_error(reply);
        if (error && !failed)
            sw_feed_problem(feed, SW_PROBLEM_REPORT, "status of this resolver: %s", error);
        failed = failed || error;
        freeReplyObject(reply);
    }
    if (!failed)
        sw_feed_problem(feed, SW_PROBLEM_REPORT, NULL);
    return SW_OK;
}

/* The time from the change stream's id of an entry, on the clock of Redis, to this report. */
static void take_time(struct sw_feed *feed)
{
    if (feed->timed.ms == 0 || sw_stream_id_compare(&feed->applied, &feed->timed) < 0)
        return;
    int64_t began = (int64_t)feed->timed.ms * 1000;
    sw_sums_enforced(feed->counters->sums, sw_clock_wall_us() - began);
    feed->timed = (struct sw_stream_id){0, 0};
}

/* Resident memory of this process in octets (proc(5), statm); 0: not known, as in a chroot. */
static uint64_t resident(void)
{
    unsigned long long all, pages = 0;
    FILE *in = fopen("/proc/self/statm", "re");
    if (in && fscanf(in, "%llu %llu", &all, &pages) != 2)
        pages = 0;
    if (in)
        fclose(in);
    return (uint64_t)pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* Present amounts. */
static void put_amounts(const struct sw_feed *feed, struct fields *fields)
{
    const struct sw_counters *counters = feed->counters;
    put_number(fields, "index_octets", sw_index_bytes(feed->index));
    put_number(fields, "resident_octets", resident());
    put_number(fields, "backlog", sw_counted(&counters->backlog));
    put_number(fields, "spool_octets", sw_counted(&counters->spool_octets));
    put_number(fields, "ring_octets", sw_counted(&counters->ring_octets));
    put_number(fields, "ring_size", sw_counted(&counters->ring_size));
    if (feed->host.judged)
        put_number(fields, "judged", feed->host.judged(feed->host.arg));
}

/* Set when the next report is due after a report at `now`, and the next with the field `lists`. */
static void next_report(struct sw_feed *feed, int64_t now, bool with_lists)
{
    if (with_lists)
        feed->lists_due = now + LISTS_US;
    feed->report_due = now + SW_FEED_REPORT_US;
    if (!with_lists && feed->lists_due < feed->report_due)
        feed->report_due = feed->lists_due;
}

enum sw_status sw_feed_report(struct sw_feed *feed)
{
    int64_t now = sw_clock_mono_us();
    bool with_lists = feed->lists.n <= FEW_LISTS || now >= feed->lists_due;
    struct fields fields = {.argc = 0};
    char key[SW_KEY_MAX], started[SW_TIMETEXT_MAX], updated[SW_TIMETEXT_MAX];
    char applied[SW_STREAMID_MAX];
    char *lists = with_lists ? dump(lists_json(feed)) : NULL;
    char *hits = with_lists ? dump(sw_sums_hits_json(feed->counters->sums)) : NULL;
    char *anomalies = dump(sw_sums_anomalies_json(feed->counters->sums));
    char *latency = dump(sw_sums_latency_json(feed->counters->sums));
    char *refused = dump(sw_refused_items_json(&feed->refused));
    char *reasons = dump(sw_refused_reasons_json(&feed->refused));
    char *snapshot = dump(sw_local_json(feed));
    char *memory = feed->host.memory ? dump(feed->host.memory(feed->host.arg)) : NULL;
    enum sw_status status;
    note_files(feed);
    sw_feed_mmdb_enforced(feed);
    feed->applied = sw_sweeper_done(feed->sweeper);
    take_time(feed);
    sw_redis_key(feed->out, key, sizeof(key), "resolver:%s", feed->settings->resolver_id);
    put(&fields, "HSET", key);
    put(&fields, "version", feed->host.version);
    put(&fields, "unbound", feed->host.host_version);
    put(&fields, "started", sw_time_text(feed->started_us, started));
    put(&fields, "updated", sw_time_text(sw_clock_wall_us(), updated));
    put(&fields, "state", state_name(feed->state));
    put(&fields, "applied", sw_stream_id_text(&feed->applied, applied));
    if (with_lists) {
        put(&fields, "lists", lists ? lists : "{}");
        put(&fields, "hits_by", hits ? hits : "[]");
    }
    put(&fields, "anomalies_by", anomalies ? anomalies : "[]");
    put(&fields, "latency", latency ? latency : "{}");
    put(&fields, "refused", refused ? refused : "[]");
    put(&fields, "refused_by_reason", reasons ? reasons : "{}");
    put(&fields, "snapshot", snapshot ? snapshot : "{}");
    put(&fields, "memory", memory ? memory : "{}");
    put(&fields, "mmdb", feed->mmdb_json ? feed->mmdb_json : "{}");
    put(&fields, "last_error", last_error(feed));
    put_number(&fields, "sweep_last_us", sw_sweeper_last_us(feed->sweeper));
    put_amounts(feed, &fields);
#define PUT_COUNTER(field, name) put_number(&fields, name, sw_counted(&feed->counters->field));
    SW_COUNTERS(PUT_COUNTER)
#undef PUT_COUNTER
    if (!sw_feed_writer(feed))
        status = feed->out == feed->redis ? SW_ECLOSED : SW_OK;
    else if ((status = send_report(feed, &fields)) == SW_OK)
        status = take_replies(feed);
    free(lists);
    free(hits);
    free(anomalies);
    free(latency);
    free(refused);
    free(reasons);
    free(snapshot);
    free(memory);
    next_report(feed, now, with_lists);
    return status == SW_OK ? SW_OK : sw_feed_write_failed(feed, status, "reporting status");
}

void sw_feed_farewell(struct sw_feed *feed)
{
    char key[SW_KEY_MAX], resolvers[SW_KEY_MAX];
    sw_redis_key(feed->out, key, sizeof(key), "resolver:%s", feed->settings->resolver_id);
    sw_redis_key(feed->out, resolvers, sizeof(resolvers), "resolvers");
    redisReply *reply = sw_redis_command(feed->out, "DEL %s", key);
    if (!reply)
        return;
    freeReplyObject(reply);
    reply = sw_redis_command(feed->out, "ZREM %s %s", resolvers, feed->settings->resolver_id);
    freeReplyObject(reply);
}

/* ---- after a batch ---- */

enum sw_status sw_feed_finish_batch(struct sw_feed *feed)
{
    sw_feed_enforce(feed);
    sw_sweeper_reached(feed->sweeper, &feed->position.id);
    return sw_feed_report_applied(feed);
}

bool sw_feed_mmdb_enforced(struct sw_feed *feed)
{
    if (!feed->mmdb_next || sw_sweeper_over(feed->sweeper) < feed->mmdb_handed)
        return false;
    free(feed->mmdb_json);
    feed->mmdb_json = feed->mmdb_next;
    feed->mmdb_next = NULL;
    return true;
}

enum sw_status sw_feed_report_applied(struct sw_feed *feed)
{
    struct sw_stream_id done = sw_sweeper_done(feed->sweeper);
    bool mmdb = sw_feed_mmdb_enforced(feed);
    if (!mmdb && sw_stream_id_compare(&done, &feed->applied) == 0)
        return SW_OK;
    return sw_feed_report(feed);
}
