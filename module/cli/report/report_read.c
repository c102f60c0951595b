/* report_read.c - anomalies, histories and clients out of Redis. See report.h. */
#include "cli/output.h"
#include "cli/report/report.h"
#include "cli/sweep/sweep.h"
#include "cli/view/views.h"
#include "journal/history/entry.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

#define LOOKED_AT   100000 /* listed names that are looked for in the history */
#define PAGE        "1000" /* entries of a stream, or names, at a time */
#define PAGE_N      1000
#define STARTS_EACH 50     /* indicators in a pipeline */
#define CLIENTS_MAX 100000 /* pairs of client and name */

/* ---- a stream, backwards ---- */

/* true: go on. */
typedef bool take_fn(struct report *report, const json_t *document);

/* The documents of a reply, until the function has enough. false: it has. */
static bool take_some(struct report *report, const redisReply *reply, take_fn *take)
{
    for (size_t i = 0; i < reply->elements; i++) {
        const redisReply *fields = reply->element[i]->element[1];
        json_t *one = fields->elements >= 2
                          ? json_loadb(fields->element[1]->str, fields->element[1]->len, 0, NULL)
                          : NULL;
        time_t at = report_time(cli_json_text(one, "@timestamp"));
        bool more = at < report->since || at >= report->until || take(report, one);
        json_decref(one);
        if (!more)
            return false;
    }
    return true;
}

/* Give the documents of a stream within the time of the report to a function, latest first. The id
 * of an entry is the time of arrival: a resolver whose Redis was away brings documents later. */
static int backwards(struct report *report, const char *stream, take_fn *take)
{
    char from[32], to[80] = "+";
    const char *key = cli_key(report->cli, "%s", stream);
    snprintf(from, sizeof(from), "%jd", (intmax_t)report->since * 1000);
    for (bool more = true; more;) {
        redisReply *reply =
            cli_ask(report->cli, "XREVRANGE", key, to, from, "COUNT", PAGE, CLI_END);
        if (!reply)
            return CLI_REDIS;
        more = take_some(report, reply, take) && reply->elements == PAGE_N;
        if (more)
            snprintf(to, sizeof(to), "(%.64s", reply->element[PAGE_N - 1]->element[0]->str);
        freeReplyObject(reply);
    }
    return CLI_OK;
}

/* ---- anomalies ---- */

static bool is_named(const struct report *report, const char *name)
{
    for (size_t i = 0; i < report->names; i++)
        if (strcmp(report->name[i], name) == 0)
            return true;
    return report->names == 0;
}

static bool wanted(const struct report *report, const json_t *document)
{
    return json_is_object(cli_json_at(document, "sinkwatch.anomaly")) &&
           is_named(report, cli_json_text(document, "sinkwatch.anomaly.name")) &&
           (!report->list ||
            strcmp(cli_json_text(document, "threat.feed.name"), report->list) == 0);
}

static size_t type_of(struct report *report, const char *type)
{
    for (size_t i = 0; i < report->types; i++)
        if (strcmp(report->type[i], type) == 0)
            return i;
    report->type = cli_grow(report->type, report->types + 1, sizeof(*report->type));
    report->type[report->types] = cli_copy(type);
    return report->types++;
}

/* Each is counted; the latest ones stay. */
static bool take_anomaly(struct report *report, const json_t *document)
{
    if (!wanted(report, document))
        return true;
    if (report->moments == report->moments_room) {
        report->moments_room = report->moments_room ? 2 * report->moments_room : 256;
        report->moment = cli_grow(report->moment, report->moments_room, sizeof(*report->moment));
    }
    report->moment[report->moments++] = (struct report_moment){
        .at = report_time(cli_json_text(document, "@timestamp")),
        .type = type_of(report, cli_json_text(document, "sinkwatch.anomaly.type"))};
    if (json_array_size(report->anomalies) < report->max)
        json_array_append(report->anomalies, (json_t *)(uintptr_t)document);
    return true;
}

/* Oldest first. */
static void turn(json_t *array)
{
    for (size_t i = 0, n = json_array_size(array); i < n / 2; i++) {
        json_t *a = json_incref(json_array_get(array, i));
        json_t *b = json_incref(json_array_get(array, n - 1 - i));
        json_array_set_new(array, i, b);
        json_array_set_new(array, n - 1 - i, a);
    }
}

/* ---- names with a history ---- */

static int by_text(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* Whether a name is on the page already, or among those without room. */
static bool is_known(const struct report *report, const char *name)
{
    return graph_find(report->graph, true, name) || tfind(name, &report->left_out, by_text);
}

/* Each name once: names without room are counted, and an anomaly may name one many times. */
static void start(struct report *report, const char *name)
{
    size_t before = report->graph->nodes;
    if (is_known(report, name))
        return;
    if (before < REPORT_NAMES_MAX && before < report->max / 2) {
        graph_node(report->graph, true, name, 0, GRAPH_NONE);
        return;
    }
    report->cut_names++;
    if (!tsearch(cli_copy(name), &report->left_out, by_text))
        abort();
}

/* Up to a page of names: names with a history become starts. */
static int start_some(struct report *report, char **name, size_t n)
{
    struct cli *cli = report->cli;
    for (size_t i = 0; i < n; i++)
        if (!cli_queue(cli, "EXISTS", cli_key(cli, "seen:name:%s", name[i]), CLI_END))
            return cli_redis_failed(cli, NULL);
    for (size_t i = 0; i < n; i++) {
        redisReply *reply = cli_reply(cli, "i");
        if (!reply)
            return CLI_REDIS;
        if (reply->type == REDIS_REPLY_INTEGER && reply->integer)
            start(report, name[i]);
        freeReplyObject(reply);
    }
    return CLI_OK;
}

/* The listed names, after the names with anomalies. */
static int start_listed(struct report *report)
{
    struct sweep_options select = {.list = {report->list}, .lists = report->list ? 1 : 0};
    struct sweep_names names = {0};
    int code = sweep_collect(report->cli, &select, &names);
    size_t looked = names.n < LOOKED_AT ? names.n : LOOKED_AT;
    for (size_t at = 0; at < looked && code == CLI_OK; at += PAGE_N)
        code = start_some(report, names.name + at, looked - at < PAGE_N ? looked - at : PAGE_N);
    for (size_t i = looked; i < names.n; i++)
        report->cut_names += !is_known(report, names.name[i]);
    sweep_names_free(&names);
    return code;
}

static int read_starts(struct report *report)
{
    const json_t *one;
    size_t i;
    json_array_foreach(report->anomalies, i, one)
    {
        const char *name = cli_json_text(one, "sinkwatch.anomaly.name");
        if (name[0])
            start(report, name);
    }
    for (i = 0; i < report->names; i++)
        start(report, report->name[i]);
    int code = report->names ? CLI_OK : start_listed(report);
    report->starts = report->graph->nodes;
    report->spans = cli_alloc(report->starts + 1, sizeof(*report->spans));
    report->check = cli_alloc(report->starts + 1, sizeof(*report->check));
    report->server = cli_alloc(report->starts + 1, sizeof(*report->server));
    return code == CLI_OK ? graph_walk(report->cli, report->graph, 2) : code;
}

/* The fields of a hash as objects: those of holders, or all others. NULL: none. */
static json_t *objects(const redisReply *reply, bool holders)
{
    json_t *out = NULL;
    for (size_t i = 0; i < reply->elements; i += 2) {
        const char *field = reply->element[i]->str;
        if ((strncmp(field, SW_HOLDER_PREFIX, strlen(SW_HOLDER_PREFIX)) == 0) != holders)
            continue;
        const redisReply *value = reply->element[i + 1];
        json_t *facts = json_loadb(value->str, value->len, 0, NULL);
        if (json_is_object(facts)) {
            out = out ? out : json_object();
            json_object_set_nocheck(out, cli_clean_text(field), facts);
        }
        json_decref(facts);
    }
    return out;
}

/* Episodes and name servers of some indicators. */
static int read_episodes(struct report *report, size_t at, size_t end)
{
    struct cli *cli = report->cli;
    for (size_t i = at; i < end; i++) {
        const char *name = report->graph->node[i]->text;
        if (!cli_queue(cli, "HGETALL", cli_key(cli, "seen:name:%s", name), CLI_END) ||
            !cli_queue(cli, "HGETALL", cli_key(cli, "seen:zone:%s", name), CLI_END))
            return cli_redis_failed(cli, NULL);
    }
    for (size_t i = at; i < end; i++) {
        for (int zone = 0; zone < 2; zone++) {
            redisReply *reply = cli_reply(cli, "[ss]");
            if (!reply)
                return CLI_REDIS;
            if (zone)
                report->server[i] = objects(reply, false);
            else
                report->spans[i] = objects(reply, true);
            freeReplyObject(reply);
        }
    }
    return CLI_OK;
}

/* ---- lists, and the answer to clients ---- */

static int read_check(struct report *report, size_t start)
{
    const char *name = report->graph->node[start]->text;
    struct sw_indicator what;
    char why[SW_WHY_MAX];
    if (sw_indicator_parse(name, strlen(name), &what, why) != SW_OK ||
        what.type != SW_INDICATOR_DOMAIN)
        return CLI_OK;
    report->check[start] = view_check(report->cli, &what);
    return report->check[start] ? CLI_OK : CLI_REDIS;
}

/* ---- clients ---- */

static int by_name(const void *a, const void *b)
{
    const struct report_client *x = a, *y = b;
    int order = strcmp(x->name, y->name);
    return order ? order : strcmp(x->client, y->client);
}

static int by_name_of(const void *a, const void *b)
{
    return by_name(*(struct report_client *const *)a, *(struct report_client *const *)b);
}

/* The pair of client and name, added if new; NULL: no room. */
static struct report_client *client_of(struct report *report, const char *client, const char *name)
{
    struct report_client key = {.client = (char *)(uintptr_t)client,
                                .name = (char *)(uintptr_t)name};
    void *found = tfind(&key, &report->by_client, by_name);
    if (found)
        return *(struct report_client **)found;
    if (report->clients == CLIENTS_MAX)
        return NULL;
    if (report->clients == report->clients_room) {
        report->clients_room = report->clients_room ? 2 * report->clients_room : 64;
        report->client = cli_grow(report->client, report->clients_room, sizeof(void *));
    }
    struct report_client *new = cli_alloc(1, sizeof(*new));
    *new = (struct report_client){.client = cli_copy(client), .name = cli_copy(name)};
    report->client[report->clients++] = new;
    if (!tsearch(new, &report->by_client, by_name))
        abort();
    return new;
}

bool report_is_below(const char *name, const char *other)
{
    size_t len = strlen(name), tail = strlen(other);
    return len >= tail && strcasecmp(name + len - tail, other) == 0 &&
           (len == tail || name[len - tail - 1] == '.');
}

/* Whether a question is for one of the names, or below. */
static bool is_asked(const struct report *report, const char *name)
{
    for (size_t i = 0; i < report->names; i++)
        if (report_is_below(name, report->name[i]))
            return true;
    return report->names == 0;
}

/* Hits of the list and of the names; latest first. */
static bool take_event(struct report *report, const json_t *event)
{
    const char *client = cli_json_text(event, "client.ip");
    const char *name = cli_json_text(event, "dns.question.name");
    const char *at = cli_json_text(event, "@timestamp");
    json_int_t count = json_integer_value(cli_json_at(event, "sinkwatch.count"));
    report->more_events = ++report->events_read > REPORT_EVENTS;
    if (report->more_events)
        return false;
    if (!client[0] || !name[0] || !is_asked(report, name) ||
        (report->list && strcmp(cli_json_text(event, "sinkwatch.list"), report->list) != 0))
        return true;
    struct report_client *one = client_of(report, client, name);
    if (!one) {
        report->cut_clients++;
        return true;
    }
    one->count += count > 0 ? (uint64_t)count : 1;
    snprintf(one->first, sizeof(one->first), "%s", at);
    if (!one->last[0])
        snprintf(one->last, sizeof(one->last), "%s", at);
    return true;
}

int report_read(struct report *report)
{
    int code = backwards(report, "anomalies", take_anomaly);
    turn(report->anomalies);
    if (code == CLI_OK)
        code = read_starts(report);
    for (size_t at = 0; at < report->starts && code == CLI_OK; at += STARTS_EACH)
        code = read_episodes(report, at,
                             at + STARTS_EACH < report->starts ? at + STARTS_EACH : report->starts);
    for (size_t i = 0; i < report->starts && code == CLI_OK; i++)
        code = read_check(report, i);
    if (code == CLI_OK)
        code = backwards(report, "events", take_event);
    if (report->clients > 0)
        qsort(report->client, report->clients, sizeof(void *), by_name_of);
    return code;
}
