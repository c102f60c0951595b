/* report.c - sinkwatch report: anomalies and history as an HTML page. See report.h. */
#include "cli/report/report.h"

#include "base/file.h"
#include "cli/output.h"
#include "cli/sweep/sweep.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_DEFAULT 500
#define LOOKED_AT   100000 /* listed names that are looked for in the history */
#define NAMES_MAX   200    /* indicators on a page */
#define DAY         86400

enum { KEY_OUTPUT = 300, KEY_SINCE, KEY_LIST, KEY_MAX };

struct options {
    const char *output, *list, *since;
    uint64_t max;
};

static const struct argp_option options[] = {
    {"output", KEY_OUTPUT, "FILE", 0, "write the page here (default: standard output)", 0},
    {"since", KEY_SINCE, "TIME", 0, "only data since a date or span: 2026-11-01, or 30d for days",
     0},
    {"list", KEY_LIST, "NAME", 0, "only indicators of this list", 0},
    {"max", KEY_MAX, "N", 0, "at most so many anomalies, names and addresses (default 500)", 0},
    {0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct options *o = state->input;
    switch (key) {
    case KEY_OUTPUT:
        o->output = arg;
        return 0;
    case KEY_SINCE:
        o->since = arg;
        return 0;
    case KEY_LIST:
        o->list = arg;
        return 0;
    case KEY_MAX:
        o->max = cli_number(state, "--max", arg, 10, 5000);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct cli_usage usage = {
    .words = "",
    .doc = "An HTML page about the ownership of indicators: anomalies on a time line, the owners "
           "of each indicator's addresses over time, names, addresses and owners as a graph, and "
           "tables that sort. The page is complete and fetches nothing."
           "\vThe exit code is 1 when there is neither an anomaly nor history; the page says so. "
           "With --json the data is printed instead.\n\n"
           "Examples:\n"
           "  sinkwatch report --output report.html\n"
           "  sinkwatch report --list carbanak --since 30d --output carbanak.html",
    .options = options,
    .parser = parse,
    .min = 0,
    .max = 0,
};

/* ---- times and owners ---- */

/* "2026-11-01" or "30d"; false: neither. */
static bool parse_since(const char *text, time_t now, time_t *since)
{
    struct tm tm = {0};
    char *end;
    const char *rest = strptime(text, "%Y-%m-%d", &tm);
    if (rest && *rest == '\0') {
        *since = timegm(&tm);
        return true;
    }
    unsigned long days = strtoul(text, &end, 10);
    if (end == text || strcmp(end, "d") != 0 || days > 36500 || text[0] == '-')
        return false;
    *since = now - (time_t)days * DAY;
    return true;
}

/* ---- out of Redis ---- */

static bool wanted(const struct report *report, const json_t *document)
{
    return json_is_object(cli_json_at(document, "sinkwatch.anomaly")) &&
           (!report->list ||
            strcmp(cli_json_text(document, "threat.feed.name"), report->list) == 0);
}

/* The latest anomalies, as far as there is room; oldest first. */
static int read_anomalies(struct report *report)
{
    char from[32], to[80] = "+";
    snprintf(from, sizeof(from), "%jd", (intmax_t)report->since * 1000);
    for (bool more = true; more;) {
        redisReply *reply = cli_ask(report->cli, "XREVRANGE", cli_key(report->cli, "anomalies"), to,
                                    from, "COUNT", "1000", CLI_END);
        if (!reply)
            return CLI_REDIS;
        if (reply->type != REDIS_REPLY_ARRAY)
            return cli_redis_failed(report->cli, reply);
        more = reply->elements == 1000;
        for (size_t i = 0; i < reply->elements; i++) {
            const redisReply *fields = reply->element[i]->element[1];
            snprintf(to, sizeof(to), "(%.64s", reply->element[i]->element[0]->str);
            json_t *one =
                fields->type == REDIS_REPLY_ARRAY && fields->elements >= 2
                    ? json_loadb(fields->element[1]->str, fields->element[1]->len, 0, NULL)
                    : NULL;
            if (wanted(report, one) && json_array_size(report->anomalies) < report->max)
                json_array_insert(report->anomalies, 0, one);
            else if (wanted(report, one))
                report->cut_anomalies++;
            json_decref(one);
        }
        freeReplyObject(reply);
    }
    return CLI_OK;
}

static void start(struct report *report, const char *name)
{
    size_t before = report->graph->nodes;
    if (before >= NAMES_MAX || before >= report->max / 2)
        report->cut_names++;
    else
        graph_node(report->graph, true, name, 0, GRAPH_NONE);
}

/* Up to 1000 listed names: names with a history become starts. */
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

/* Names with anomalies first, then the other listed names that were seen. */
static int read_history(struct report *report)
{
    struct sweep_options select = {.list = {report->list}, .lists = report->list ? 1 : 0};
    struct sweep_names names = {0};
    const json_t *one;
    size_t i;
    json_array_foreach(report->anomalies, i, one)
    {
        const char *name = cli_json_text(one, "sinkwatch.anomaly.name");
        if (name[0])
            start(report, name);
    }
    int code = sweep_collect(report->cli, &select, &names);
    size_t looked = names.n < LOOKED_AT ? names.n : LOOKED_AT;
    for (size_t at = 0; at < looked && code == CLI_OK; at += 1000)
        code = start_some(report, names.name + at, looked - at < 1000 ? looked - at : 1000);
    report->cut_names += names.n - looked;
    sweep_names_free(&names);
    report->starts = report->graph->nodes;
    return code == CLI_OK ? graph_walk(report->cli, report->graph, 2) : code;
}

/* ---- to the file ---- */

/* All of it or nothing: nobody sees half a page. */
static int write_page(const char *path, const char *page, size_t len)
{
    char buf[64];
    if (!path)
        return fwrite(page, 1, len, stdout) == len ? CLI_OK : CLI_NONE;
    if (sw_file_replace(path, page, len))
        return CLI_OK;
    cli_error("%s: %s", path, sw_file_words(errno, buf));
    return CLI_NONE;
}

static int put_out(struct report *report, const char *path)
{
    char *page = NULL;
    size_t len = 0;
    if (report->cli->json) {
        json_t *out = graph_json(report->graph);
        json_object_set(out, "anomalies", report->anomalies);
        cli_json(out);
        return CLI_OK;
    }
    report->out = open_memstream(&page, &len);
    if (!report->out)
        abort();
    report_page(report);
    if (fclose(report->out) != 0)
        abort();
    int code = write_page(path, page, len);
    free(page);
    return code;
}

static int make(struct report *report, const char *path)
{
    int code = read_anomalies(report);
    if (code == CLI_OK)
        code = read_history(report);
    if (code == CLI_OK)
        code = put_out(report, path);
    if (code == CLI_OK && json_array_size(report->anomalies) == 0 && report->graph->edges == 0)
        code = CLI_NONE;
    return code;
}

int cli_report_page(struct cli *cli, int argc, char **argv)
{
    struct options o = {.max = MAX_DEFAULT};
    struct report report = {.cli = cli, .now = time(NULL)};
    char **words;
    cli_parse(cli, &usage, &o, argc, argv, &words);
    if (o.since && !parse_since(o.since, report.now, &report.since)) {
        cli_error("--since: '%s' is not allowed; a date such as 2026-11-01, or days such as 30d",
                  o.since);
        return CLI_USAGE;
    }
    report.list = o.list;
    report.max = o.max;
    report.graph = graph_new(o.max);
    report.anomalies = json_array();
    int code = cli_connect(cli);
    if (code == CLI_OK)
        code = make(&report, o.output);
    json_decref(report.anomalies);
    graph_free(report.graph);
    for (size_t i = 0; i < report.owners; i++)
        free(report.owner[i]);
    free(report.owner);
    return code;
}
