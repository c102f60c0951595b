/* watch.c - see watch.h. */
#include "cli/notify/watch.h"

#include "base/clock.h"
#include "cli/output.h"
#include "cli/stop.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROUND_MS    2000
#define AWAY_MS     5000
#define NOTICES_MAX "10000" /* entries kept in the stream, about */
#define FIELD_MAX   256

/* Conditions that are true in this round, or were true in a former one. */
struct watch {
    struct cli *cli;
    json_t *now;  /* field of the hash -> document */
    json_t *then; /* field of the hash -> document or count, as Redis has it */
    json_t *lost; /* field of the hash -> [count, resolver, place]; null: no report */
};

/* ---- the conditions ---- */

static json_t *make_document(const char *type, int severity, const char *resolver,
                             const char *message)
{
    json_t *d = json_object(), *event = json_object(), *observer = json_object();
    cli_json_set(event, "kind", "alert");
    json_object_set_new(event, "category", json_pack("[s]", "network"));
    json_object_set_new(event, "type", json_pack("[s]", "info"));
    cli_json_set(event, "action", type);
    json_object_set_new(event, "severity", json_integer(severity));
    cli_json_set(observer, "name", resolver);
    cli_json_set(observer, "product", "sinkwatch");
    json_object_set_new(d, "event", event);
    json_object_set_new(d, "observer", observer);
    cli_json_set(d, "message", message);
    return d;
}

/* A condition is true: "resolver-silent ns1", "list-problem ns1 ads". */
static void note(struct watch *w, const char *type, int severity, const char *resolver,
                 const char *list, const char *message)
{
    char field[FIELD_MAX];
    json_t *d = make_document(type, severity, resolver, message);
    snprintf(field, sizeof(field), "%s %.128s%s%.64s", type, resolver, list ? " " : "",
             list ? list : "");
    if (list) {
        json_t *sinkwatch = json_object();
        cli_json_set(sinkwatch, "list", list);
        json_object_set_new(d, "sinkwatch", sinkwatch);
    }
    cli_json_set(w->now, field, ""); /* makes the name UTF-8, as in the JSON of the hash */
    json_object_set_new(w->now, field, d);
}

static void judge_lists(struct watch *w, const char *resolver, const redisReply *lists)
{
    json_t *object = lists->str ? json_loadb(lists->str, lists->len, 0, NULL) : NULL, *list;
    const char *name;
    json_object_foreach(object, name, list)
    {
        const char *problem = cli_json_text(list, "problem");
        if (problem[0])
            note(w, "list-problem", 60, resolver, name, problem);
    }
    json_decref(object);
}

/* A counter of lost events. */
static void judge_losses(struct watch *w, const char *resolver, const char *place,
                         const redisReply *count)
{
    char field[FIELD_MAX];
    snprintf(field, sizeof(field), "lost-%s %.128s", place, resolver);
    json_t *row = json_array();
    json_array_append_new(row, json_integer(count->str ? strtoll(count->str, NULL, 10) : 0));
    json_array_append_new(row, json_string_nocheck(cli_clean_text(resolver)));
    json_array_append_new(row, json_string(place));
    json_object_set_new(w->lost, cli_clean_text(field), count->str ? row : json_null());
    if (!count->str)
        json_decref(row);
}

static bool judge_resolver(struct watch *w, const char *id)
{
    redisReply *reply =
        cli_ask(w->cli, "HMGET", cli_key(w->cli, "resolver:%s", id), "updated", "last_error",
                "lists", "events_lost_ring", "events_lost_backlog", CLI_END);
    if (!reply)
        return false;
    const redisReply *updated = reply->element[0], *fault = reply->element[1];
    if (updated->type == REDIS_REPLY_NIL)
        note(w, "resolver-silent", 80, id, NULL, "no report for half a minute or more");
    else if (fault->str && fault->len > 0)
        note(w, "resolver-fault", 60, id, NULL, fault->str);
    judge_lists(w, id, reply->element[2]);
    judge_losses(w, id, "ring", reply->element[3]);
    judge_losses(w, id, "backlog", reply->element[4]);
    freeReplyObject(reply);
    return true;
}

static bool look(struct watch *w)
{
    redisReply *ids = cli_ask(w->cli, "ZRANGE", cli_key(w->cli, "resolvers"), "0", "-1", CLI_END);
    bool good = ids;
    for (size_t i = 0; good && i < ids->elements; i++)
        good = judge_resolver(w, ids->element[i]->str);
    freeReplyObject(ids);
    redisReply *then =
        good ? cli_ask(w->cli, "HGETALL", cli_key(w->cli, "notices:state"), CLI_END) : NULL;
    for (size_t i = 0; then && i + 1 < then->elements; i += 2) {
        const redisReply *value = then->element[i + 1];
        json_t *document = json_loadb(value->str, value->len, JSON_DECODE_ANY, NULL);
        json_object_set_new(w->then, cli_clean_text(then->element[i]->str),
                            document ? document : json_object());
    }
    good = then;
    freeReplyObject(then);
    return good;
}

/* ---- begins and ends ---- */

/* "resolver-silent" -> "resolver-silent-over", of low severity. */
static void make_end(json_t *document)
{
    json_t *event = json_object_get(document, "event");
    char action[64];
    snprintf(action, sizeof(action), "%.40s-over", cli_json_text(event, "action"));
    cli_json_set(event, "action", action);
    cli_json_set(event, "kind", "event");
    json_object_set_new(event, "severity", json_integer(10));
}

/* Change a field of the hash and append a notice, or neither. value NULL: remove the field. notice
 * NULL: no notice. */
static bool transaction(struct watch *w, const char *field, const char *value, const char *notice)
{
    struct cli *cli = w->cli;
    const char *state = cli_key(cli, "notices:state"), *stream = cli_key(cli, "notices");
    bool ok = cli_queue(cli, "MULTI", CLI_END);
    ok = ok && (value ? cli_queue(cli, "HSET", state, field, value, CLI_END)
                      : cli_queue(cli, "HDEL", state, field, CLI_END));
    if (notice)
        ok = ok &&
             cli_queue(cli, "XADD", stream, "MAXLEN", "~", NOTICES_MAX, "*", "e", notice, CLI_END);
    ok = ok && cli_queue(cli, "EXEC", CLI_END);
    for (unsigned i = 0; ok && i < (notice ? 3 : 2); i++) {
        redisReply *reply = cli_reply(cli, "s");
        ok = reply;
        freeReplyObject(reply);
    }
    redisReply *reply = ok ? cli_reply(cli, "?[*]") : NULL; /* nil: another notifier was first */
    ok = reply;
    freeReplyObject(reply);
    return ok;
}

/* Change the hash and append the notice, unless another notifier has done both. */
static bool change(struct watch *w, const char *field, json_t *document, bool begins)
{
    char when[SW_TIMETEXT_MAX];
    const char *state = cli_key(w->cli, "notices:state");
    redisReply *watched = cli_ask(w->cli, "WATCH", state, CLI_END);
    redisReply *there = watched ? cli_ask(w->cli, "HEXISTS", state, field, CLI_END) : NULL;
    bool good = there, due = there && (there->integer == 0) == begins;
    freeReplyObject(watched);
    freeReplyObject(there);
    if (!due)
        return good; /* the next WATCH and EXEC replace this WATCH */
    char *value = begins ? json_dumps(document, JSON_COMPACT) : NULL;
    if (!begins)
        make_end(document);
    cli_json_set(document, "@timestamp", sw_time_text(sw_clock_wall_us(), when));
    char *notice = json_dumps(document, JSON_COMPACT);
    if (!notice || (begins && !value))
        abort();
    good = transaction(w, field, value, notice);
    free(value);
    free(notice);
    return good;
}

/* The notice of lost events. */
static char *loss_notice(const json_t *row, json_int_t lost)
{
    char when[SW_TIMETEXT_MAX];
    json_t *d = make_document("events-lost", 70, json_string_value(json_array_get(row, 1)), "");
    json_object_del(d, "message");
    json_object_set_new(d, "sinkwatch",
                        json_pack("{s:I, s:s}", "lost", lost, "lost_where",
                                  json_string_value(json_array_get(row, 2))));
    cli_json_set(d, "@timestamp", sw_time_text(sw_clock_wall_us(), when));
    char *text = json_dumps(d, JSON_COMPACT);
    json_decref(d);
    return text;
}

/* Whether the hash still has the count that this round began with; under WATCH from now on. */
static bool is_current(struct watch *w, const char *field, const json_t *then, bool *current)
{
    const char *state = cli_key(w->cli, "notices:state");
    redisReply *watched = cli_ask(w->cli, "WATCH", state, CLI_END);
    redisReply *there = watched ? cli_ask(w->cli, "HGET", state, field, CLI_END) : NULL;
    bool good = there;
    *current = there && !there->str == !json_is_integer(then) &&
               (!there->str || strtoll(there->str, NULL, 10) == json_integer_value(then));
    freeReplyObject(watched);
    freeReplyObject(there);
    return good;
}

/* Write a count of lost events to the hash, with a notice if events were lost since the last
 * count. A resolver that started again counts from zero. */
static bool count(struct watch *w, const char *field, const json_t *row)
{
    char value[32];
    bool current;
    const json_t *then = json_object_get(w->then, field);
    json_int_t now = json_integer_value(json_array_get(row, 0)), former = json_integer_value(then);
    if (json_is_null(row) || (json_is_integer(then) && now == former))
        return true;
    if (!is_current(w, field, then, &current))
        return false;
    if (!current)
        return true; /* another notifier was first */
    char *notice = json_is_integer(then) && now > former ? loss_notice(row, now - former) : NULL;
    snprintf(value, sizeof(value), "%" JSON_INTEGER_FORMAT, now);
    bool good = transaction(w, field, value, notice);
    free(notice);
    return good;
}

static bool round_of(struct watch *w)
{
    const char *field;
    json_t *document;
    bool good = cli_connect(w->cli) == CLI_OK && look(w);
    if (!good)
        return false;
    json_object_foreach(w->now, field, document)
    {
        if (good && !json_object_get(w->then, field))
            good = change(w, field, document, true);
    }
    json_object_foreach(w->then, field, document)
    {
        bool gone = !json_object_get(w->now, field) && !json_object_get(w->lost, field);
        if (good && gone && json_is_integer(document))
            good = transaction(w, field, NULL, NULL);
        else if (good && gone)
            good = change(w, field, document, false);
    }
    json_object_foreach(w->lost, field, document)
    {
        if (good)
            good = count(w, field, document);
    }
    return good;
}

int watch_run(struct cli *cli, bool once)
{
    bool good;
    do {
        struct watch w = {
            .cli = cli, .now = json_object(), .then = json_object(), .lost = json_object()};
        good = round_of(&w);
        json_decref(w.now);
        json_decref(w.then);
        json_decref(w.lost);
        if (!good) {
            sw_redis_free(cli->redis); /* the next round connects */
            cli->redis = NULL;
        }
        if (!once)
            cli_pause(good ? ROUND_MS : AWAY_MS);
    } while (!once && !cli_stopped());
    return good ? CLI_OK : CLI_REDIS;
}
