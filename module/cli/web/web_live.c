/* web_live.c - events as they come, counted, and some of them shown. See web.h.
 *
 * While at least one page follows, both streams are read on from the last entry, twice a second. A
 * piece has the counts of all entries by list, action, name and client, and SAMPLE whole entries.
 * With more than LOOK_MAX new entries the rest is passed over, and the piece says so. Nobody
 * follows: nothing is read. */
#include "base/clock.h"
#include "cli/web/web.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PIECES    64
#define SAMPLE    40 /* entries of a piece that are shown */
#define CHUNK     1000
#define LOOK_MAX  4000 /* entries of a stream read for a piece */
#define KEYS_MAX  200  /* different names or clients of a piece */
#define ID_MAX    44
#define PERIOD_US 450000
#define PAUSE_US  INT64_C(5000000) /* after a failure of Redis */
#define ALIVE_US  INT64_C(15000000)

static const char *const streams[] = {"events", "anomalies"};

struct web_live {
    struct cli *cli;
    bool hide_clients;
    char last[2][ID_MAX]; /* of each stream; "": not begun */
    char *piece[PIECES];
    uint64_t pieces; /* so far; the last is at (pieces - 1) % PIECES */
    int64_t read_us;
    unsigned readers;
};

struct following {
    struct web_live *live;
    uint64_t next; /* piece */
    int64_t said_us;
};

struct web_live *web_live_new(struct cli *cli, bool hide_clients)
{
    struct web_live *live = cli_alloc(1, sizeof(*live));
    live->cli = cli;
    live->hide_clients = hide_clients;
    return live;
}

void web_live_free(struct web_live *live)
{
    for (size_t i = 0; live && i < PIECES; i++)
        free(live->piece[i]);
    free(live);
}

/* ---- counting ---- */

/* false: there are KEYS_MAX other keys. */
static bool count(json_t *by, const char *key, json_int_t n)
{
    bool fits = true;
    json_t *had = json_object_get(by, key);
    if (had)
        json_integer_set(had, json_integer_value(had) + n);
    else if (key[0] && (fits = json_object_size(by) < KEYS_MAX))
        json_object_set_new(by, key, json_integer(n));
    return fits;
}

static json_t *section(json_t *piece, const char *name)
{
    json_t *had = json_object_get(piece, name);
    if (!had) {
        had = json_object();
        json_object_set_new(piece, name, had);
    }
    return had;
}

/* The members that the page shows. */
static json_t *short_form(const json_t *e, bool is_anomaly)
{
    static const char *const paths[][2] = {
        {"time", "@timestamp"},        {"action", "event.action"},
        {"name", "dns.question.name"}, {"qtype", "dns.question.type"},
        {"list", "sinkwatch.list"},    {"client", "client.ip"},
        {"resolver", "observer.name"}, {"indicator", "sinkwatch.indicator"},
    };
    json_t *out = json_object();
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
        cli_json_set(out, paths[i][0], cli_json_text(e, paths[i][1]));
    json_t *severity = cli_json_at(e, "event.severity"), *n = cli_json_at(e, "sinkwatch.count");
    if (severity)
        json_object_set(out, "severity", severity);
    if (n)
        json_object_set(out, "count", n);
    json_object_set_new(out, "anomaly", json_boolean(is_anomaly));
    if (is_anomaly) {
        cli_json_set(out, "name", cli_json_text(e, "sinkwatch.anomaly.name"));
        cli_json_set(out, "address", cli_json_text(e, "sinkwatch.anomaly.address"));
        cli_json_set(out, "list", cli_json_text(e, "threat.feed.name"));
    }
    return out;
}

static void take(const struct web_live *live, json_t *piece, const redisReply *entry,
                 bool is_anomaly)
{
    const redisReply *fields = entry->element[1];
    json_t *e = fields->elements >= 2
                    ? json_loadb(fields->element[1]->str, fields->element[1]->len, 0, NULL)
                    : NULL;
    json_int_t n = json_integer_value(cli_json_at(e, "sinkwatch.count"));
    json_t *sample = json_object_get(piece, "sample");
    const char *list = cli_json_text(e, is_anomaly ? "threat.feed.name" : "sinkwatch.list");
    if (is_anomaly) {
        count(section(piece, "anomalies"), cli_json_text(e, "event.action"), 1);
    } else {
        n = n > 0 ? n : 1;
        count(section(piece, "lists"), list, n);
        count(section(piece, "actions"), cli_json_text(e, "event.action"), n);
        bool all = count(section(piece, "names"), cli_json_text(e, "dns.question.name"), n);
        if (!live->hide_clients)
            all = count(section(piece, "clients"), cli_json_text(e, "client.ip"), n) && all;
        if (!all)
            json_object_set_new(piece, "passed_over", json_true());
        count(piece, "hits", n);
    }
    if (json_is_object(e) && json_array_size(sample) < (is_anomaly ? 2 * SAMPLE : SAMPLE)) {
        json_t *one = short_form(e, is_anomaly);
        if (live->hide_clients)
            json_object_del(one, "client");
        json_array_append_new(sample, one);
    }
    json_decref(e);
}

/* ---- reading ---- */

static bool go_to_end(struct web_live *live, size_t i)
{
    redisReply *reply = cli_ask(live->cli, "XREVRANGE", cli_key(live->cli, "%s", streams[i]), "+",
                                "-", "COUNT", "1", CLI_END);
    if (!reply)
        return false;
    snprintf(live->last[i], ID_MAX, "%s",
             reply->elements ? reply->element[0]->element[0]->str : "0-0");
    freeReplyObject(reply);
    return true;
}

/* New entries of a stream; false: Redis failed. */
static bool read_on(struct web_live *live, size_t i, json_t *piece)
{
    char from[ID_MAX + 1];
    size_t n = CHUNK;
    if (!live->last[i][0])
        return go_to_end(live, i);
    for (size_t looked = 0; n == CHUNK; looked += n) {
        if (looked >= LOOK_MAX) {
            json_object_set_new(piece, "passed_over", json_true());
            return go_to_end(live, i);
        }
        snprintf(from, sizeof(from), "(%s", live->last[i]);
        redisReply *reply = cli_ask(live->cli, "XRANGE", cli_key(live->cli, "%s", streams[i]), from,
                                    "+", "COUNT", "1000", CLI_END);
        if (!reply)
            return false;
        n = reply->elements;
        for (size_t k = 0; k < n; k++)
            take(live, piece, reply->element[k], i == 1);
        if (n > 0)
            snprintf(live->last[i], ID_MAX, "%s", reply->element[n - 1]->element[0]->str);
        if (n > 0)
            count(piece, "entries", (json_int_t)n);
        freeReplyObject(reply);
    }
    return true;
}

static void keep(struct web_live *live, json_t *piece)
{
    char *json = json_dumps(piece, JSON_COMPACT), *text = NULL;
    if (!json || asprintf(&text, "data: %s\n\n", json) < 0)
        text = NULL;
    free(json);
    if (!text)
        return;
    free(live->piece[live->pieces % PIECES]);
    live->piece[live->pieces++ % PIECES] = text;
}

/* A piece, where there is something new. */
static void read_all(struct web_live *live)
{
    json_t *piece = json_object();
    int64_t now_us = sw_clock_mono_us();
    if (now_us - live->read_us < PERIOD_US) {
        json_decref(piece);
        return;
    }
    live->read_us = now_us;
    json_object_set_new(piece, "sample", json_array());
    bool ok = web_redis(live->cli);
    for (size_t i = 0; i < 2 && ok; i++)
        ok = read_on(live, i, piece);
    if (!ok) {
        const char *why = cli_error_first();
        live->read_us = sw_clock_mono_us() + PAUSE_US;
        cli_json_set(piece, "error", why[0] ? why : "Redis does not answer");
    }
    if (!ok || json_object_get(piece, "entries"))
        keep(live, piece);
    json_decref(piece);
}

/* ---- followers ---- */

static char *next(void *own)
{
    struct following *f = own;
    struct web_live *live = f->live;
    int64_t now_us = sw_clock_mono_us();
    read_all(live);
    if (f->next + PIECES < live->pieces) { /* the reader was away for half a minute */
        f->next = live->pieces - PIECES;
        return strdup("data: {\"sample\":[],\"passed_over\":true}\n\n");
    }
    if (f->next < live->pieces) {
        f->said_us = now_us;
        return strdup(live->piece[f->next++ % PIECES]);
    }
    if (now_us - f->said_us < ALIVE_US)
        return NULL;
    f->said_us = now_us;
    return strdup(": still here\n\n");
}

static void end(void *own)
{
    struct following *f = own;
    if (--f->live->readers == 0)
        f->live->last[0][0] = f->live->last[1][0] = '\0';
    free(f);
}

void web_live(void *arg, const struct serve_request *request, struct serve_answer *answer)
{
    struct web *web = arg;
    struct following *f = cli_alloc(1, sizeof(*f));
    (void)request;
    *f = (struct following){.live = web->live, .next = web->live->pieces};
    web->live->readers++;
    answer->type = "text/event-stream";
    answer->stream = (struct serve_stream){.next = next, .end = end, .own = f};
}
