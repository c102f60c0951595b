/*
 * export.c - sinkwatch export LIST: the list in a format of others.
 *
 * The hash of the list is scanned once, chunk by chunk, and written as it comes; so a list of any
 * size needs the memory of a chunk. A file is written beside its place and renamed at the end. A
 * list that is replaced during the scan is an error, since the text would be of two lists.
 */
#include "base/clock.h"
#include "base/expires.h"
#include "cli/failure.h"
#include "cli/lists/listparts.h"
#include "cli/lists/refusals.h"
#include "cli/output.h"
#include "formats/writer.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { KEY_FORMAT = 300, KEY_OUTPUT, KEY_ORIGIN, KEY_SERIAL, KEY_ACTION, KEY_NARROW, KEY_SHOW };

static const struct argp_option options[] = {
    {"format", KEY_FORMAT, "FORMAT", 0, "one of those above; default: plain", 0},
    {"output", KEY_OUTPUT, "FILE", 0, "this file instead of standard output, replaced at the end",
     0},
    {"action", KEY_ACTION, "ACTION", 0, "rpz, dnsmasq: this action instead of the list's", 0},
    {"narrow", KEY_NARROW, NULL, 0,
     "hosts, stix: write the name alone where the list has the name and all below", 0},
    {"origin", KEY_ORIGIN, "NAME", 0, "rpz: name of the zone (default: LIST.rpz)", 0},
    {"serial", KEY_SERIAL, "N", 0, "rpz: serial number (default: seconds since 1970)", 0},
    {"show-refused", KEY_SHOW, "N", 0,
     "name at most N indicators that the format cannot say (default: 20)", 0},
    {0},
};

struct export
{
    struct cli *cli;
    const char *list, *path; /* path NULL: standard output */
    char *aside;             /* file that is written, renamed to path */
    FILE *out;
    struct sw_policy policy; /* of the list or the part that is written now */
    json_t *parts;           /* rpz: of the list (listparts.h) */
    struct sw_writer_options options;
    struct sw_format_writer *writer;
    struct cli_refusals refusals; /* indicators without a form in the format */
    struct cli_progress progress;
    bool action_set;
    enum sw_action action; /* of --action */
    uint64_t total, done;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct export *ex = state->input;
    const char *why;
    switch (key) {
    case KEY_FORMAT:
        if (sw_format_parse(arg, &ex->options.format) != SW_OK ||
            !sw_format_writable(ex->options.format))
            argp_error(state, "--format: '%s' is no format of an export", cli_clean_text(arg));
        return 0;
    case KEY_OUTPUT:
        ex->path = arg;
        return 0;
    case KEY_ACTION:
        if (sw_action_parse(arg, &ex->action) != SW_OK)
            argp_error(state, "--action: '%s' is no action", cli_clean_text(arg));
        ex->action_set = true;
        return 0;
    case KEY_NARROW:
        ex->options.narrow = true;
        return 0;
    case KEY_ORIGIN:
        if (sw_name_parse(arg, strlen(arg), &ex->options.origin, &why) != SW_OK)
            argp_error(state, "--origin: '%s' is no name: %s", cli_clean_text(arg), why);
        return 0;
    case KEY_SERIAL:
        ex->options.serial = (uint32_t)cli_number(state, "--serial", arg, 1, UINT32_MAX);
        return 0;
    case KEY_SHOW:
        ex->refusals.shown_max = (uint32_t)cli_number(state, "--show-refused", arg, 0, 1000000);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* The text of --help, with the formats. */
static void write_doc(FILE *out)
{
    fprintf(out, "Write the indicators of a list in a format that other programs read. Nothing is "
                 "written that covers more than the list does: an indicator that the format cannot "
                 "say is left out, counted and named.\n\nFormats, and what a name covers:\n");
    for (int i = SW_FORMAT_PLAIN; i < SW_FORMAT_COUNT; i++)
        if (sw_format_writable((enum sw_format)i))
            fprintf(out, "  %-9s %s\n", sw_format_name((enum sw_format)i),
                    sw_format_meaning((enum sw_format)i));
    fprintf(out, "\vExamples:\n"
                 "  sinkwatch export carbanak --format=rpz --output=/etc/bind/carbanak.rpz\n"
                 "  sinkwatch export carbanak --format=csv > carbanak.csv");
}

/* ---- the list ---- */

/* Read the policy of the list or of a part, and choose the data of rules by it. */
static int choose(struct export *ex, const char *list)
{
    struct cli *cli = ex->cli;
    struct sw_writer_options *o = &ex->options;
    char why[SW_WHY_MAX];
    sw_policy_init(&ex->policy, list);
    redisReply *reply = cli_ask(cli, "HGET", cli_key(cli, "lists"), list, CLI_END);
    if (!reply)
        return CLI_REDIS;
    if (reply->type == REDIS_REPLY_STRING &&
        sw_policy_parse(list, reply->str, reply->len, &ex->policy, why) != SW_OK)
        cli_error("the policy of list '%s' does not parse; its defaults are taken: %s", list,
                  cli_clean_text(why));
    freeReplyObject(reply);
    const struct sw_policy *p = &ex->policy;
    bool alone = p->records.len > 0; /* as resolvers do: local data are the whole answer */
    o->policy = p;
    if (p->kind == SW_KIND_ALLOW && !(ex->action_set && strcmp(list, ex->list) == 0))
        o->action = SW_ACTION_PASSTHRU;
    else if (ex->action_set)
        o->action = ex->action;
    else
        o->action = p->shadow ? SW_ACTION_MONITOR : p->action;
    o->sinkhole4 = p->sinkhole4.family || alone ? p->sinkhole4 : cli->settings.sinkhole4;
    o->sinkhole6 = p->sinkhole6.family || alone ? p->sinkhole6 : cli->settings.sinkhole6;
    o->cname = p->cname.len ? p->cname : cli->settings.cname;
    return CLI_OK;
}

static int find_list(struct export *ex)
{
    enum sw_kind kind;
    int code = cli_list_kind(ex->cli, ex->list, &kind);
    if (code == CLI_OK)
        code = choose(ex, ex->list);
    if (code != CLI_OK)
        return code;
    ex->parts = cli_parts(ex->cli, ex->list);
    if (json_object_size(ex->parts) > 0 && ex->options.format != SW_FORMAT_RPZ) {
        cli_hint("the list has parts, such as '%s', which only rpz says with the list",
                 json_object_iter_key(json_object_iter(ex->parts)));
        json_object_clear(ex->parts);
    }
    return ex->parts ? cli_parts_length(ex->cli, ex->list, &ex->total) : CLI_REDIS;
}

/* Default name and serial of a zone. CLI_USAGE, reported: the name of the list is no name. */
static int set_zone(struct export *ex)
{
    char origin[SW_LISTNAME_MAX + 8];
    const char *why = NULL;
    if (!ex->options.serial)
        ex->options.serial = (uint32_t)(ex->options.now_us / 1000000);
    snprintf(origin, sizeof(origin), "%s.rpz", ex->list);
    if (ex->options.origin.len ||
        sw_name_parse(origin, strlen(origin), &ex->options.origin, &why) == SW_OK)
        return CLI_OK;
    cli_error("'%s' is no name of a zone: %s; --origin names the zone", origin, why);
    return CLI_USAGE;
}

/* What a zone says otherwise than the list. */
static void hint_zone(const struct export *ex)
{
    unsigned names = SW_TRIGGER_BIT(SW_TRIGGER_QNAME) | SW_TRIGGER_BIT(SW_TRIGGER_CNAME);
    unsigned both = ex->policy.triggers & names;
    if (ex->options.format != SW_FORMAT_RPZ)
        return;
    if (both && both != names)
        cli_hint("the list compares only %s; the zone's names are compared with both",
                 both == SW_TRIGGER_BIT(SW_TRIGGER_QNAME) ? "questions, no aliases"
                                                          : "aliases, no questions");
    if (ex->policy.groups[0])
        cli_hint("the list is for some client groups; the zone is for all clients");
}

/* ---- output ---- */

static void take_text(void *arg, const char *p, size_t len)
{
    struct export *ex = arg;
    if (ex->out == stdout)
        failure_begun();
    fwrite(p, 1, len, ex->out); /* errors: ferror() at the end */
}

static int output_failed(const struct export *ex)
{
    cli_error("%s: %s", ex->path ? cli_clean_text(ex->path) : "standard output", strerror(errno));
    return CLI_INPUT;
}

/* Open a file beside the path, with the rights that a new file gets. */
static int open_output(struct export *ex)
{
    ex->out = stdout;
    if (!ex->path)
        return CLI_OK;
    size_t room = strlen(ex->path) + sizeof(".XXXXXX");
    ex->aside = cli_alloc(room, 1);
    snprintf(ex->aside, room, "%s.XXXXXX", ex->path);
    mode_t mask = umask(077);
    int fd = mkstemp(ex->aside);
    umask(mask);
    if (fd < 0) {
        int code = output_failed(ex);
        free(ex->aside);
        ex->aside = NULL;
        return code;
    }
    FILE *out = fchmod(fd, 0666 & ~mask) == 0 ? fdopen(fd, "w") : NULL;
    if (out) {
        ex->out = out;
        return CLI_OK;
    }
    int code = output_failed(ex);
    close(fd);
    unlink(ex->aside);
    free(ex->aside);
    ex->aside = NULL;
    return code;
}

/* Put the file in place, or give it up. */
static int close_output(struct export *ex, int code)
{
    if (!ex->aside)
        return code;
    bool written =
        code == CLI_OK && fflush(ex->out) == 0 && !ferror(ex->out) && fsync(fileno(ex->out)) == 0;
    if (fclose(ex->out) != 0)
        written = false;
    if (code == CLI_OK && !(written && rename(ex->aside, ex->path) == 0))
        code = output_failed(ex);
    if (code != CLI_OK) {
        unlink(ex->aside);
        cli_error("%s is left as it is", cli_clean_text(ex->path));
    }
    free(ex->aside);
    ex->aside = NULL;
    return code;
}

/* ---- scanning ---- */

static void refuse(struct export *ex, const redisReply *text, const char *why)
{
    cli_refuse(&ex->refusals, ex->done, text->str, text->len, NULL, why);
}

/* An indicator and its facts. */
static void put(struct export *ex, const redisReply *text, const redisReply *facts)
{
    struct sw_indicator indicator;
    char why[SW_WHY_MAX];
    uint32_t ends = 0;
    ex->done++;
    if (sw_indicator_parse(text->str, text->len, &indicator, why) != SW_OK) {
        refuse(ex, text, why);
        return;
    }
    if (sw_facts_expires(facts->str, facts->len, &ends) == SW_OK && ends != 0 &&
        (int64_t)ends * 1000000 <= ex->options.now_us) {
        refuse(ex, text, "its end has passed");
        return;
    }
    const char *no = sw_writer_put(ex->writer, &indicator, facts->str);
    if (no)
        refuse(ex, text, no);
}

/* cli_fields_fn */
static int take(void *arg, const redisReply *fields)
{
    struct export *ex = arg;
    for (size_t i = 0; i + 1 < fields->elements; i += 2)
        put(ex, fields->element[i], fields->element[i + 1]);
    cli_progress_step(&ex->progress, ex->done, ex->done);
    return ferror(ex->out) ? CLI_INPUT : CLI_OK;
}

/* The last id of the change stream; "0" for none. */
static int last_change(struct cli *cli, char id[CLI_STREAMID_MAX])
{
    redisReply *reply =
        cli_ask(cli, "XREVRANGE", cli_key(cli, "changes"), "+", "-", "COUNT", "1", CLI_END);
    if (!reply)
        return CLI_REDIS;
    snprintf(id, CLI_STREAMID_MAX, "%s",
             reply->elements ? reply->element[0]->element[0]->str : "0");
    freeReplyObject(reply);
    return CLI_OK;
}

/* Whether an entry of the change stream says that the whole list was replaced or dropped. */
static bool replaces(const struct export *ex, const redisReply *entry)
{
    const redisReply *fields = entry->element[1];
    bool whole = false, ours = false;
    for (size_t i = 0; i + 1 < fields->elements; i += 2) {
        const char *field = fields->element[i]->str, *value = fields->element[i + 1]->str;
        whole = whole || (strcmp(field, "op") == 0 &&
                          (strcmp(value, "replace") == 0 || strcmp(value, "drop") == 0));
        ours = ours || (strcmp(field, "list") == 0 &&
                        (strcmp(value, ex->list) == 0 || json_object_get(ex->parts, value)));
    }
    return whole && ours;
}

/* CLI_NONE, reported: the list was replaced since the change with this id. */
static int check_unreplaced(const struct export *ex, const char *since)
{
    char from[CLI_STREAMID_MAX + 1];
    int code = CLI_OK;
    snprintf(from, sizeof(from), "(%s", since);
    redisReply *reply = cli_ask(ex->cli, "XRANGE", cli_key(ex->cli, "changes"), from, "+", CLI_END);
    if (!reply)
        return CLI_REDIS;
    for (size_t i = 0; i < reply->elements && code == CLI_OK; i++)
        if (replaces(ex, reply->element[i]))
            code = CLI_NONE;
    freeReplyObject(reply);
    if (code == CLI_NONE)
        cli_error("list '%s' was replaced meanwhile: the output is of two lists; export again",
                  ex->list);
    return code;
}

/* The indicators of the list, then those of its parts. */
static int scan_lists(struct export *ex)
{
    const char *part;
    json_t *members;
    int code = cli_scan(ex->cli, cli_key(ex->cli, "list:%s", ex->list), take, ex);
    json_object_foreach(ex->parts, part, members)
    {
        if (code == CLI_OK)
            code = choose(ex, part);
        if (code == CLI_OK) {
            sw_writer_list(ex->writer, &ex->options);
            code = cli_scan(ex->cli, cli_key(ex->cli, "list:%s", part), take, ex);
        }
    }
    if (code == CLI_OK && json_object_size(ex->parts) > 0)
        code = choose(ex, ex->list); /* the last messages are about the whole list */
    return code;
}

static int write_list(struct export *ex)
{
    char since[CLI_STREAMID_MAX];
    int code = last_change(ex->cli, since);
    if (code == CLI_OK)
        code = open_output(ex);
    if (code != CLI_OK)
        return code;
    ex->writer = sw_writer_new(&ex->options, take_text, ex);
    cli_progress_begin(&ex->progress, ex->list, ex->total);
    code = scan_lists(ex);
    cli_progress_wipe(&ex->progress);
    if (code == CLI_OK)
        sw_writer_end(ex->writer);
    if (code == CLI_INPUT || (code == CLI_OK && fflush(ex->out) != 0))
        code = output_failed(ex);
    if (code == CLI_OK)
        code = check_unreplaced(ex, since);
    if (code == CLI_OK && ex->path && ex->total > 0 && sw_writer_counts(ex->writer)->written == 0) {
        cli_error("%s can say nothing of list '%s'", sw_format_name(ex->options.format), ex->list);
        code = CLI_NONE;
    }
    return code;
}

/* ---- the result ---- */

static void say_result(const struct export *ex)
{
    const struct sw_writer_counts *n = sw_writer_counts(ex->writer);
    fprintf(stderr, "%s: %s as %s", ex->list, cli_count(n->written, "indicator", "indicators"),
            sw_format_name(ex->options.format));
    if (n->narrowed)
        fprintf(stderr, ", %" PRIu64 " of them without the names below", n->narrowed);
    if (n->facts)
        fprintf(stderr, ", %" PRIu64 " without all facts", n->facts);
    if (ex->refusals.n)
        fprintf(stderr, ", %" PRIu64 " left out", ex->refusals.n);
    fprintf(stderr, "\n");
}

static void print_result(const struct export *ex)
{
    const struct sw_writer_counts *n = sw_writer_counts(ex->writer);
    cli_refusals_print(&ex->refusals);
    hint_zone(ex);
    if (!ex->cli->json) {
        say_result(ex);
        return;
    }
    cli_json(json_pack("{s:s,s:s,s:I,s:I,s:I,s:I,s:O,s:O}", "list", ex->list, "format",
                       sw_format_name(ex->options.format), "written", (json_int_t)n->written,
                       "narrowed", (json_int_t)n->narrowed, "without_all_facts",
                       (json_int_t)n->facts, "refused_count", (json_int_t)ex->refusals.n, "refused",
                       ex->refusals.first, "refused_by_reason", ex->refusals.by_reason));
}

static int run(struct export *ex)
{
    int code = cli_connect(ex->cli);
    if (code == CLI_OK)
        code = find_list(ex);
    if (code == CLI_OK)
        code = set_zone(ex);
    if (code == CLI_OK)
        code = close_output(ex, write_list(ex));
    if (!ex->writer)
        return code;
    if (code == CLI_OK || code == CLI_NONE)
        print_result(ex);
    if (code == CLI_OK && ex->refusals.n)
        code = sw_writer_counts(ex->writer)->written ? CLI_PARTLY : CLI_NONE;
    return code;
}

int cli_export(struct cli *cli, int argc, char **argv)
{
    struct export *ex = cli_alloc(1, sizeof(*ex));
    const struct cli_usage usage = {.words = "LIST",
                                    .doc = cli_doc(write_doc),
                                    .options = options,
                                    .parser = parse,
                                    .min = 1,
                                    .max = 1};
    char **words;
    cli_refusals_begin(&ex->refusals, &ex->progress);
    ex->options.format = SW_FORMAT_PLAIN;
    ex->options.now_us = sw_clock_wall_us();
    ex->cli = cli;
    cli_parse(cli, &usage, ex, argc, argv, &words);
    ex->list = words[0];
    int code = CLI_USAGE;
    if (cli->json && !ex->path)
        cli_error("--json prints the counts on standard output; the list then needs --output=FILE");
    else
        code = run(ex);
    sw_writer_free(ex->writer);
    json_decref(ex->parts);
    cli_refusals_free(&ex->refusals);
    free((char *)(uintptr_t)usage.doc);
    free(ex);
    return code;
}
