/* web_live.c - events as they come, counted, and some of them shown. See web.h.
 *
 * While at least one page follows, both streams are read on from the last entry, twice a second. A
 * piece has the counts of its entries by list, action, name and client, and SAMPLE whole entries.
 * LOOK_MAX entries are read at once, and the others at the next times. If more than LAG_MAX are
 * left, they are passed over. Nobody follows: nothing is read.
 *
 * No entry is lost in silence: Redis numbers the entries of a stream (entries-added). A piece has
 * the number `upto` that the reading has reached, with entries that were passed over, or that Redis
 * trimmed before they were read. A page adds up the entries that it got, and compares (D-225,
 * D-236). */
#include "base/clock.h"
#include "cli/web/web.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PIECES    64
#define SAMPLE    40 /* entries of a piece that are shown */
#define CHUNK     1000
#define LOOK_MAX  4000  /* entries of a stream read for a piece */
#define LAG_MAX   40000 /* entries of a stream that wait for the next pieces */
#define KEYS_MAX  200   /* different names or clients of a piece */
#define ID_MAX    44
#define PERIOD_US 450000
#define PAUSE_US  INT64_C(5000000) /* after a failure of Redis */
#define ALIVE_US  INT64_C(15000000)

static const char *const streams[] = {"events", "anomalies"};

struct web_live {
    struct cli *cli;
    bool hide_clients;
    struct reading {
        char last[ID_MAX];  /* entry; "": not begun */
        json_int_t reached; /* number of that entry in the stream, by entries-added */
    } of[2];                /* of each stream */
    json_int_t upto;        /* entries of both that were read, passed over or trimmed */
    bool paused;            /* nobody has followed since */
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

/* The indicator of a rule with the trigger client is an address of clients as well. */
static void hide_client(json_t *one, const json_t *e)
{
    json_object_del(one, "client");
    if (strcmp(cli_json_text(e, "sinkwatch.trigger"), "client") == 0)
        json_object_del(one, "indicator");
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
            json_object_set_new(piece, "tops_cut", json_true());
        count(piece, "hits", n);
    }
    if (json_is_object(e) && json_array_size(sample) < (is_anomaly ? 2 * SAMPLE : SAMPLE)) {
        json_t *one = short_form(e, is_anomaly);
        if (live->hide_clients)
            hide_client(one, e);
        json_array_append_new(sample, one);
    }
    json_decref(e);
}

/* ---- reading ---- */

/* The value behind a word in the reply to XINFO STREAM, or NULL. */
static const redisReply *info_of(const redisReply *info, const char *word)
{
    for (size_t i = 0; i + 1 < info->elements; i += 2)
        if (info->element[i]->type == REDIS_REPLY_STRING &&
            strcmp(info->element[i]->str, word) == 0)
            return info->element[i + 1];
    return NULL;
}

static json_int_t number_of(const redisReply *info, const char *word)
{
    const redisReply *value = info ? info_of(info, word) : NULL;
    return value && value->type == REDIS_REPLY_INTEGER ? value->integer : 0;
}

/* The last entry of a stream and its number, 0 where Redis numbers none (before 7.0); *length: the
 * entries that are there. */
static bool find_end(struct web_live *live, size_t i, struct reading *end, json_int_t *length)
{
    const char *key = cli_key(live->cli, "%s", streams[i]);
    redisReply *there = cli_ask(live->cli, "EXISTS", key, CLI_END);
    redisReply *info =
        there && there->integer ? cli_ask(live->cli, "XINFO", "STREAM", key, CLI_END) : NULL;
    bool ok = there && (info || !there->integer);
    *end = (struct reading){.last = "0-0", .reached = number_of(info, "entries-added")};
    *length = number_of(info, "length");
    const redisReply *last = info ? info_of(info, "last-generated-id") : NULL;
    if (last && last->type == REDIS_REPLY_STRING)
        snprintf(end->last, ID_MAX, "%s", last->str);
    freeReplyObject(there);
    freeReplyObject(info);
    return ok;
}

/* Go to an end of the stream: entries before it that were not read are counted as passed over. */
static void go_to(struct web_live *live, size_t i, const struct reading *end)
{
    struct reading *of = &live->of[i];
    if (of->last[0] && end->reached > of->reached)
        live->upto += end->reached - of->reached;
    *of = *end;
}

/* If more entries have no reading than are there, Redis trimmed the others. */
static void count_trimmed(struct web_live *live, size_t i, const struct reading *end,
                          json_int_t length)
{
    struct reading *of = &live->of[i];
    json_int_t trimmed = end->reached - of->reached - length;
    if (trimmed > 0) {
        live->upto += trimmed;
        of->reached += trimmed;
    }
}

/* Entries of a reply, up to an end; false: Redis failed. *n: how many. */
static bool read_chunk(struct web_live *live, size_t i, const char *end, json_t *piece, size_t *n)
{
    struct reading *of = &live->of[i];
    char from[ID_MAX + 1];
    snprintf(from, sizeof(from), "(%s", of->last);
    redisReply *reply = cli_ask(live->cli, "XRANGE", cli_key(live->cli, "%s", streams[i]), from,
                                end, "COUNT", "1000", CLI_END);
    if (!reply)
        return false;
    *n = reply->elements;
    for (size_t k = 0; k < *n; k++)
        take(live, piece, reply->element[k], i == 1);
    if (*n > 0) {
        snprintf(of->last, ID_MAX, "%s", reply->element[*n - 1]->element[0]->str);
        count(piece, "entries", (json_int_t)*n);
    }
    of->reached += (json_int_t)*n;
    live->upto += (json_int_t)*n;
    freeReplyObject(reply);
    return true;
}

/* New entries of a stream, up to its end at the beginning of the look; false: Redis failed. Where
 * the look reaches that end, each entry before it was read or is gone. */
static bool read_on(struct web_live *live, size_t i, json_t *piece)
{
    struct reading *of = &live->of[i], end;
    json_int_t length;
    if (!find_end(live, i, &end, &length))
        return false;
    bool begun = of->last[0], unnumbered = end.reached == 0 && length > 0, ok = true;
    size_t n = begun && !live->paused && strcmp(of->last, end.last) != 0 ? CHUNK : 0;
    if (n > 0)
        count_trimmed(live, i, &end, length);
    for (size_t looked = 0; ok && n == CHUNK && looked < LOOK_MAX; looked += n)
        ok = read_chunk(live, i, end.last, piece, &n);
    if (!ok)
        return false;
    json_int_t lag = end.reached - of->reached;
    if (begun && unnumbered && (live->paused || n == CHUNK))
        json_object_set_new(piece, "uncounted", json_true());
    if (n < CHUNK || lag > LAG_MAX || unnumbered)
        go_to(live, i, &end);
    else if (lag > 0)
        count(piece, "behind", lag);
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
    json_int_t before = live->upto;
    bool ok = web_redis(live->cli);
    for (size_t i = 0; i < 2 && ok; i++)
        ok = read_on(live, i, piece);
    live->paused = live->paused && !ok;
    json_object_set_new(piece, "upto", json_integer(live->upto));
    if (!ok) {
        const char *why = cli_error_first();
        live->read_us = sw_clock_mono_us() + PAUSE_US;
        cli_json_set(piece, "error", why[0] ? why : "Redis does not answer");
    }
    if (!ok || live->upto > before)
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
    if (f->next + PIECES < live->pieces) /* the reader was away for half a minute */
        f->next = live->pieces - PIECES;
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
        f->live->paused = true;
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
