/* report.c - sinkwatch report: options, and the page to the file. See report.h. */
#include "cli/report/report.h"

#include "base/file.h"
#include "base/indicator.h"
#include "cli/failure.h"
#include "cli/output.h"

#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#define MAX_DEFAULT 500
#define DAY         86400

enum { KEY_OUTPUT = 300, KEY_SINCE, KEY_UNTIL, KEY_LIST, KEY_NAME, KEY_MAX, KEY_FOLDER };

struct options {
    const char *output, *list, *since, *until;
    const char *folder; /* of the memory; NULL: memory-folder */
    const char **name;
    size_t names;
    uint64_t max;
};

static const struct argp_option options[] = {
    {"output", KEY_OUTPUT, "FILE", 0, "write the page here (default: standard output)", 0},
    {"since", KEY_SINCE, "TIME", 0, "only data since a date or span: 2026-11-01, or 30d for days",
     0},
    {"until", KEY_UNTIL, "TIME", 0, "only data up to the end of a date, or older than a span", 0},
    {"list", KEY_LIST, "NAME", 0, "only indicators of this list", 0},
    {"name", KEY_NAME, "NAME", 0, "only this domain name; may be repeated", 0},
    {"max", KEY_MAX, "N", 0, "at most so many anomalies, names and addresses (default 500)", 0},
    {"memory-folder", KEY_FOLDER, "FOLDER", 0,
     "records of this memory on the cards of indicators (default: memory-folder of the settings)",
     0},
    {0},
};

/* A name as the history spells it. */
static void add_name(struct argp_state *state, struct options *o, const char *arg)
{
    struct sw_indicator what;
    char why[SW_WHY_MAX] = "no domain name", text[SW_NAMETEXT_MAX];
    if (sw_indicator_parse(arg, strlen(arg), &what, why) != SW_OK ||
        what.type != SW_INDICATOR_DOMAIN)
        argp_error(state, "--name: '%s' is no domain name: %s", cli_clean_text(arg), why);
    o->name = cli_grow(o->name, o->names + 1, sizeof(*o->name));
    o->name[o->names++] = cli_copy(sw_name_text(what.name.wire, text));
}

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
    case KEY_UNTIL:
        o->until = arg;
        return 0;
    case KEY_LIST:
        o->list = arg;
        return 0;
    case KEY_NAME:
        add_name(state, o, arg);
        return 0;
    case KEY_MAX:
        o->max = cli_number(state, "--max", arg, 10, 5000);
        return 0;
    case KEY_FOLDER:
        o->folder = arg;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct cli_usage usage = {
    .words = "",
    .doc = "An HTML page about the ownership of indicators: anomalies and the holders of each "
           "indicator's addresses on a time axis, names and holders as a graph, a card for each "
           "name and address, clients, and tables that sort. The page has a search, prints well, "
           "is complete and fetches nothing."
           "\vThe exit code is 1 when there is neither an anomaly nor history; the page says so. "
           "With --json the data is printed instead.\n\n"
           "Examples:\n"
           "  sinkwatch report --output report.html\n"
           "  sinkwatch report --list carbanak --since 30d --output carbanak.html\n"
           "  sinkwatch report --name systemsvc.net --until 2026-11-30 --output name.html",
    .options = options,
    .parser = parse,
    .min = 0,
    .max = 0,
};

/* "2026-11-01", or "30d" before now; *date: which of both. false: neither. */
static bool parse_time(const char *text, time_t now, time_t *at, bool *date)
{
    struct tm tm = {0};
    char *end;
    const char *rest = strptime(text, "%Y-%m-%d", &tm);
    *date = rest && *rest == '\0';
    if (*date) {
        *at = timegm(&tm);
        return true;
    }
    unsigned long days = strtoul(text, &end, 10);
    if (end == text || strcmp(end, "d") != 0 || days > 36500 || text[0] == '-')
        return false;
    *at = now - (time_t)days * DAY;
    return true;
}

/* The time of the report; CLI_OK, or CLI_USAGE (reported). */
static int set_times(struct report *report, const struct options *o)
{
    bool date;
    const char *bad = NULL, *option = "--since";
    report->until = report->now + DAY; /* clocks of resolvers may be ahead */
    report->cut_until = o->until != NULL;
    if (o->since && !parse_time(o->since, report->now, &report->since, &date))
        bad = o->since;
    if (!bad && o->until) {
        option = "--until";
        if (!parse_time(o->until, report->now, &report->until, &date))
            bad = o->until;
        else if (date)
            report->until += DAY;
    }
    if (bad) {
        cli_error("%s: '%s' is not allowed; a date such as 2026-11-01, or days such as 30d", option,
                  bad);
        return CLI_USAGE;
    }
    if (report->since < report->until)
        return CLI_OK;
    cli_error("--since %s is not before --until %s: no time is left",
              o->since ? o->since : "1970-01-01", o->until ? o->until : "now");
    return CLI_USAGE;
}

/* ---- to the file ---- */

/* All of it or nothing: nobody sees half a page. */
static int write_page(const char *path, const char *page, size_t len)
{
    char buf[64];
    if (!path)
        failure_begun();
    if (!path)
        return fwrite(page, 1, len, stdout) == len ? CLI_OK : CLI_NONE;
    if (sw_file_replace(path, page, len))
        return CLI_OK;
    cli_error("%s: %s", path, sw_file_words(errno, buf));
    return CLI_NONE;
}

/* What the limits left out, as the page says it. */
static json_t *left_out_json(const struct report *report)
{
    size_t shown = json_array_size(report->anomalies);
    return json_pack("{s:I,s:I}", "anomalies", (json_int_t)(report->moments - shown), "indicators",
                     (json_int_t)report->cut_names);
}

static int put_out(struct report *report, const char *path)
{
    char *page = NULL;
    size_t len = 0;
    if (report->cli->json) {
        json_t *out = graph_json(report->graph);
        json_object_set(out, "anomalies", report->anomalies);
        json_object_set_new(out, "left_out", left_out_json(report));
        report_past_json(report, out);
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

static int make(struct report *report, const struct options *o)
{
    int code = report_read(report);
    if (code == CLI_OK)
        report_read_past(report, o->folder ? o->folder : report->cli->settings.memory_folder);
    if (code == CLI_OK)
        code = put_out(report, o->output);
    if (code != CLI_OK || report->moments > 0 || report->graph->edges > 0)
        return code;
    cli_error("there is neither an anomaly nor history to report");
    return CLI_NONE;
}

static void keep(void *client)
{
    (void)client; /* the tree only points to clients */
}

static void free_all(struct report *report)
{
    for (size_t i = 0; i < report->starts && report->server; i++) {
        json_decref(report->spans[i]);
        json_decref(report->check[i]);
        json_decref(report->server[i]);
        json_decref(report->past ? report->past[i] : NULL);
    }
    for (size_t i = 0; i < report->holders; i++) {
        free(report->holder[i].key);
        free(report->holder[i].name);
        free(report->holder[i].carrier);
        free(report->holder[i].class);
        free(report->holder[i].body);
    }
    tdestroy(report->by_client, keep);
    tdestroy(report->left_out, free);
    for (size_t i = 0; i < report->clients; i++) {
        free(report->client[i]->client);
        free(report->client[i]->name);
        free(report->client[i]);
    }
    for (size_t i = 0; i < report->types; i++)
        free(report->type[i]);
    free(report->client);
    free(report->holder);
    free(report->spans);
    free(report->check);
    free(report->server);
    free(report->past);
    free(report->type);
    free(report->moment);
    json_decref(report->anomalies);
    graph_free(report->graph);
}

static void free_names(struct options *o)
{
    for (size_t i = 0; i < o->names; i++)
        free((char *)(uintptr_t)o->name[i]);
    free(o->name);
}

int cli_report_page(struct cli *cli, int argc, char **argv)
{
    struct options o = {.max = MAX_DEFAULT};
    struct report report = {.cli = cli, .now = time(NULL)};
    char **words;
    cli_parse(cli, &usage, &o, argc, argv, &words);
    int code = set_times(&report, &o);
    if (code == CLI_OK)
        code = cli_connect(cli);
    report.list = o.list;
    report.name = o.name;
    report.names = o.names;
    report.max = o.max;
    report.graph = graph_new(o.max);
    report.anomalies = json_array();
    if (code == CLI_OK)
        code = make(&report, &o);
    free_all(&report);
    free_names(&o);
    return code;
}
