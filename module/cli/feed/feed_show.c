/* feed_show.c - sinkwatch feed list, show and log. */
#include "cli/feed/feeds.h"
#include "cli/tail.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "90" -> "90s", "3600" -> "1h". */
static const char *span_text(uint32_t seconds, char text[16])
{
    static const struct {
        uint32_t size;
        char unit;
    } units[] = {{86400, 'd'}, {3600, 'h'}, {60, 'm'}, {1, 's'}};
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (seconds % units[i].size != 0)
            continue;
        snprintf(text, 16, "%u%c", seconds / units[i].size, units[i].unit);
        break;
    }
    return text;
}

/* A feed in one word. */
static const char *state_of(const struct cli_feed_def *feed, const json_t *status)
{
    if (feed->paused)
        return "paused";
    if (cli_json_text(status, "stale")[0])
        return "stale";
    const char *outcome = cli_json_text(status, "outcome");
    return outcome[0] ? outcome : "new";
}

/* ---- list ---- */

/* Redis has text alone: numbers of the status become numbers. */
static void set_numbers(json_t *status)
{
    static const char *const fields[] = {"failures",    "indicators", "added",
                                         "removed",     "refused",    "seconds",
                                         "soa_refresh", "soa_retry",  "soa_expire"};
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        const char *text = cli_json_text(status, fields[i]);
        char *end;
        double value = strtod(text, &end);
        if (end == text || *end != '\0' || !isfinite(value) || fabs(value) > 9e15)
            continue;
        bool whole = value == floor(value);
        json_object_set_new(status, fields[i],
                            whole ? json_integer((json_int_t)value) : json_real(value));
    }
}

/* The definition and the status as JSON, as 'show' and 'list' print them. */
static json_t *as_json(const char *name, const struct cli_feed_def *feed, json_t *status)
{
    set_numbers(status);
    json_t *all = json_pack("{s:s,s:s,s:O,s:O}", "feed", name, "state", state_of(feed, status),
                            "definition", feed->all, "status", status);
    return all ? all : json_object();
}

static void add_row(struct cli *cli, struct cli_table *table, const struct cli_feed_def *feed,
                    const json_t *status)
{
    char every[16];
    char *shown = cli_feed_shown(feed->source);
    const char *state = state_of(feed, status);
    (void)cli;
    cli_table_row(table, feed->name, state, feed->list, cli_json_text(status, "indicators"),
                  span_text(feed->every_s, every),
                  cli_time(cli_json_text(status, "last_success"), false),
                  cli_time(cli_json_text(status, "next"), false), shown);
    if (strcmp(state, "failed") == 0 || strcmp(state, "stale") == 0)
        cli_table_style(table, CLI_BAD);
    free(shown);
}

static int show_one(struct cli *cli, struct cli_table *table, const char *name, const json_t *text)
{
    struct cli_feed_def feed;
    char why[SW_WHY_MAX];
    int code = CLI_OK;
    if (cli_feed_parse(name, json_string_value(text), json_string_length(text), &feed, why) !=
        SW_OK) {
        cli_error("feed '%s': its definition is wrong: %s", cli_clean_text(name), why);
        cli_feed_free(&feed);
        return CLI_OK;
    }
    json_t *status = cli_feed_status(cli, name);
    if (!status)
        code = CLI_REDIS;
    else if (cli->json)
        cli_json(as_json(name, &feed, status));
    else
        add_row(cli, table, &feed, status);
    json_decref(status);
    cli_feed_free(&feed);
    return code;
}

/* Name the machine that runs the feeds. */
static int say_service(struct cli *cli)
{
    redisReply *reply = cli_ask(cli, "GET", cli_key(cli, "feeds:lease"), CLI_END);
    if (!reply)
        return CLI_REDIS;
    if (reply->type == REDIS_REPLY_STRING)
        printf("run by: %s\n", cli_clean(reply->str, strcspn(reply->str, " ")));
    else
        cli_hint("no service runs the feeds: sinkwatch feed run --daemon");
    freeReplyObject(reply);
    return CLI_OK;
}

int cli_feed_all(struct cli *cli)
{
    const char *name;
    json_t *text;
    int code = cli_connect(cli);
    json_t *all = code == CLI_OK ? cli_feeds(cli) : NULL;
    if (!all)
        return code == CLI_OK ? CLI_REDIS : code;
    struct cli_table *table =
        cli->json ? NULL
                  : cli_table_new(cli, "feed", "state", "list", ">indicators", ">every",
                                  "last success", "next run", "~source", CLI_END);
    json_object_foreach(all, name, text)
    {
        code = code == CLI_OK ? show_one(cli, table, name, text) : code;
    }
    bool none = json_object_size(all) == 0;
    json_decref(all);
    if (none)
        cli_error("there is no feed; 'sinkwatch feed add NAME SOURCE' adds one");
    if (table)
        cli_table_print(table, 0);
    if (none || cli->json)
        return none ? CLI_NONE : code;
    return code == CLI_OK ? say_service(cli) : code;
}

int cli_feed_list(struct cli *cli, int argc, char **argv)
{
    static const struct cli_usage usage = {
        .words = "", .doc = "All feeds: state, list, times.", .min = 0, .max = 0};
    char **words;
    cli_parse(cli, &usage, NULL, argc, argv, &words);
    return cli_feed_all(cli);
}

/* ---- show ---- */

static void print_line(const char *name, const char *value)
{
    if (value[0])
        printf("  %-13s %s\n", name, cli_clean_text(value));
}

static void print_options(const json_t *options)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)options, name, value)
    {
        char *text = json_is_string(value) ? cli_copy(json_string_value(value))
                                           : json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
        print_line(cli_clean_text(name), text ? text : "");
        free(text);
    }
}

static void print_feed(const struct cli_feed_def *feed, const json_t *status)
{
    static const char *const fields[] = {"problem",     "failures",     "stale",     "stale_did",
                                         "last_run",    "last_success", "changed",   "next",
                                         "pause_until", "indicators",   "added",     "removed",
                                         "refused",     "format",       "seconds",   "host",
                                         "soa_refresh", "soa_retry",    "soa_expire"};
    char every[16], after[16];
    char *shown = cli_feed_shown(feed->source);
    printf("%s: %s\n", feed->name, state_of(feed, status));
    print_line("source", shown);
    print_line("list", feed->list);
    print_line("every", span_text(feed->every_s, every));
    if (feed->stale_s) {
        print_line("stale after", span_text(feed->stale_s, after));
        print_line("then", cli_stale_name(feed->stale));
    }
    print_options(feed->options);
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
        print_line(fields[i], cli_json_text(status, fields[i]));
    free(shown);
}

int cli_feed_show(struct cli *cli, int argc, char **argv)
{
    static const struct cli_usage usage = {
        .words = "NAME", .doc = "A feed: definition and status.", .min = 1, .max = 1};
    struct cli_feed_def feed;
    char **words;
    cli_parse(cli, &usage, NULL, argc, argv, &words);
    int code = cli_connect(cli);
    if (code == CLI_OK)
        code = cli_feed_load(cli, words[0], &feed);
    if (code != CLI_OK)
        return code;
    json_t *status = cli_feed_status(cli, words[0]);
    if (!status)
        code = CLI_REDIS;
    else if (cli->json)
        cli_json(as_json(words[0], &feed, status));
    else
        print_feed(&feed, status);
    json_decref(status);
    cli_feed_free(&feed);
    return code;
}

/* ---- log ---- */

static void log_line(const struct cli *cli, const json_t *object)
{
    const char *action = cli_json_text(object, "event.action");
    const char *reason = cli_json_text(object, "event.reason");
    bool bad = reason[0] != '\0';
    printf("%s%s%s  %s  %s%s%s", cli_style(cli, CLI_DIM),
           cli_time(cli_json_text(object, "@timestamp"), true), cli_style(cli, CLI_PLAIN),
           cli_clean_text(cli_json_text(object, "sinkwatch.feed.name")),
           cli_style(cli, bad ? CLI_BAD : CLI_GOOD), cli_clean_text(action),
           cli_style(cli, CLI_PLAIN));
    if (bad)
        printf("  %s", cli_clean_text(reason));
    else
        printf("  +%" JSON_INTEGER_FORMAT " -%" JSON_INTEGER_FORMAT ", %" JSON_INTEGER_FORMAT
               " on the list",
               json_integer_value(cli_json_at(object, "sinkwatch.feed.added")),
               json_integer_value(cli_json_at(object, "sinkwatch.feed.removed")),
               json_integer_value(cli_json_at(object, "sinkwatch.feed.indicators")));
    printf("\n");
}

int cli_feed_log_show(struct cli *cli, int argc, char **argv)
{
    static const struct cli_tail tail = {
        .stream = "feeds:log",
        .nothing = "no run of a feed has changed or failed",
        .use.doc = "Runs of feeds that changed a list or failed, the latest last."
                   "\vThe exit code is 1 when there is none.\n\n"
                   "Examples:\n"
                   "  sinkwatch feed log -n 50\n"
                   "  sinkwatch --json feed log --follow",
        .line = log_line,
    };
    return cli_tail(cli, &tail, argc, argv);
}
