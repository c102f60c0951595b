/* metrics_collect.c - questions to Redis for metrics. See metrics.h. */
#include "base/clock.h"
#include "cli/metrics/metrics.h"
#include "feed/stream.h"
#include "redis/reply.h"

#include <stdlib.h>
#include <string.h>

#define BEHIND_MAX 1000 /* entries counted, as in the status */

const char *const metrics_streams[METRICS_STREAMS] = {"changes", "events", "anomalies"};

/* Fields of a report with JSON text. */
static bool is_json(const char *field)
{
    static const char *const fields[] = {"lists",   "refused_by_reason", "mmdb",    "hits_by",
                                         "latency", "anomalies_by",      "refused", "memory"};
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
        if (strcmp(field, fields[i]) == 0)
            return true;
    return false;
}

static json_t *make_state(const redisReply *reply)
{
    json_t *state = reply->elements ? json_object() : NULL;
    for (size_t i = 0; i + 1 < reply->elements; i += 2) {
        const char *field = reply->element[i]->str;
        const redisReply *value = reply->element[i + 1];
        json_t *json = is_json(field) ? json_loadb(value->str, value->len, 0, NULL) : NULL;
        if (json)
            json_object_set_new(state, field, json);
        else if (!is_json(field))
            cli_json_set(state, field, value->str);
    }
    return state;
}

/* The number of entries of the change stream after the applied entry. */
static int ask_behind(struct cli *cli, struct metrics_resolver *r)
{
    const char *applied = cli_json_text(r->state, "applied");
    struct sw_stream_id id;
    if (sw_stream_id_parse(applied, strlen(applied), &id) != SW_OK)
        return CLI_OK;
    redisReply *reply =
        cli_ask(cli, "XRANGE", cli_key(cli, "changes"), applied, "+", "COUNT", "1001", CLI_END);
    if (!reply)
        return CLI_REDIS;
    size_t n = reply->elements;
    if (n > 0 && strcmp(reply->element[0]->element[0]->str, applied) == 0)
        n--; /* the applied entry itself */
    r->behind_least = n >= BEHIND_MAX;
    r->behind = (double)n;
    freeReplyObject(reply);
    return CLI_OK;
}

static int ask_resolver(struct cli *cli, const char *id, struct metrics_resolver *r)
{
    redisReply *reply = cli_ask(cli, "HGETALL", cli_key(cli, "resolver:%s", id), CLI_END);
    if (!reply)
        return CLI_REDIS;
    r->behind = -1;
    r->state = make_state(reply);
    freeReplyObject(reply);
    return r->state ? ask_behind(cli, r) : CLI_OK;
}

static int ask_resolvers(struct cli *cli, struct metrics *out)
{
    redisReply *ids =
        cli_ask(cli, "ZRANGE", cli_key(cli, "resolvers"), "0", "-1", "WITHSCORES", CLI_END);
    int code = CLI_OK;
    if (!ids)
        return CLI_REDIS;
    out->resolver = cli_alloc(ids->elements / 2 + 1, sizeof(*out->resolver));
    for (size_t i = 0; i + 1 < ids->elements && code == CLI_OK; i += 2) {
        struct metrics_resolver *r = &out->resolver[out->resolvers];
        code = metrics_have_time(out) ? ask_resolver(cli, ids->element[i]->str, r) : CLI_REDIS;
        if (code != CLI_OK) { /* nothing is known about it, not even that it is late */
            json_decref(r->state);
            break;
        }
        r->id = cli_copy(ids->element[i]->str);
        r->reported = strtod(ids->element[i + 1]->str, NULL);
        out->resolvers++;
    }
    freeReplyObject(ids);
    return code;
}

/* Length and last entry of a stream. */
static int ask_stream(struct cli *cli, struct metrics *out, size_t i)
{
    const char *key = cli_key(cli, "%s", metrics_streams[i]);
    redisReply *length = cli_ask(cli, "XLEN", key, CLI_END);
    redisReply *last =
        length ? cli_ask(cli, "XREVRANGE", key, "+", "-", "COUNT", "1", CLI_END) : NULL;
    if (length)
        out->stream_entries[i] = (double)length->integer;
    if (last && last->elements == 1)
        out->stream_last[i] = strtod(last->element[0]->element[0]->str, NULL) / 1e3;
    int code = length && last ? CLI_OK : CLI_REDIS;
    freeReplyObject(length);
    freeReplyObject(last);
    return code;
}

/* A user without the right to ask is no fault: the metrics of the server are missing then. */
static int ask_info(struct cli *cli, struct metrics *out)
{
    redisReply *reply = sw_redis_command(cli->redis, "INFO");
    if (!reply)
        return cli_redis_failed(cli, NULL);
    if (sw_reply_is_text(reply))
        out->info = cli_copy(reply->str);
    freeReplyObject(reply);
    return CLI_OK;
}

int metrics_collect(struct cli *cli, struct metrics *out, int64_t until_us)
{
    int64_t began = sw_clock_mono_us();
    int code = CLI_OK;
    *out = (struct metrics){.until_us = until_us};
    for (size_t i = 0; i < METRICS_STREAMS; i++)
        out->stream_entries[i] = -1;
    if (!sw_redis_is_open(cli->redis) && sw_redis_open(cli->redis) != SW_OK)
        code = cli_redis_failed(cli, NULL);
    if (code == CLI_OK)
        code = ask_resolvers(cli, out);
    for (size_t i = 0; i < METRICS_STREAMS && code == CLI_OK; i++)
        code = ask_stream(cli, out, i);
    if (code == CLI_OK)
        code = metrics_ask_feeds(cli, out);
    if (code == CLI_OK)
        code = ask_info(cli, out);
    out->up = code == CLI_OK;
    out->asked_seconds = (double)(sw_clock_mono_us() - began) / 1e6;
    return code;
}

void metrics_free(struct metrics *metrics)
{
    for (size_t i = 0; i < metrics->resolvers; i++) {
        json_decref(metrics->resolver[i].state);
        free(metrics->resolver[i].id);
    }
    free(metrics->resolver);
    json_decref(metrics->feeds);
    free(metrics->info);
    *metrics = (struct metrics){.up = false};
}
