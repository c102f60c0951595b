/* import.c - sinkwatch import LIST FILE. The reading of lines is importer.c's. */
#include "cli/lists/diff.h"
#include "cli/lists/edit.h"
#include "cli/lists/harm.h"
#include "cli/lists/importer.h"
#include "cli/lists/staging.h"
#include "cli/output.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { KEY_FORMAT = 300, KEY_REPLACE, KEY_WAIT, KEY_DRY_RUN, KEY_SUFFIX, KEY_SHRINK, KEY_GROWTH };

static const struct argp_option options[] = {
    {"format", KEY_FORMAT, "FORMAT", 0, "plain, hosts, or auto (default)", 0},
    {"replace", KEY_REPLACE, NULL, 0,
     "the list has exactly these afterwards, from one moment to the next", 0},
    {"dry-run", KEY_DRY_RUN, NULL, 0,
     "do all but the change: judge the file for this list, and with --replace show the difference; "
     "with - for LIST only the file is judged, and Redis is not asked",
     0},
    {"allow-suffix", KEY_SUFFIX, "NAME", 0,
     "accept this top-level domain or public suffix (may be given several times)", 0},
    {"max-shrink", KEY_SHRINK, "PERCENT", 0,
     "with --replace: leave a list as it is that would shrink by more (default: 50; 100: never)",
     0},
    {"max-growth", KEY_GROWTH, "PERCENT", 0,
     "with --replace: leave a list as it is that would grow by more (default: any growth)", 0},
    {"wait", KEY_WAIT, "SECONDS", OPTION_ARG_OPTIONAL,
     "return when every live resolver enforces it (default: 10 seconds at most)", 0},
    {0},
};

struct import {
    struct cli *cli;
    struct cli_importer importer;
    struct cli_outcome outcome;
    struct cli_progress progress;
    const char *file; /* as given; "-": standard input */
    enum cli_format format;
    bool replace, dry_run, safe;
    bool offline;               /* only the file is judged */
    struct cli_staging staging; /* with --replace: the new content */
    char *batch[CLI_BATCH];     /* accepted and not yet written */
    char *facts[CLI_BATCH];     /* of these; JSON text or "" */
    size_t n;
    struct cli_names suffixes;       /* permitted */
    unsigned max_shrink, max_growth; /* percent; max_growth 0: any */
    struct cli_diff diff;
    uint64_t written_line; /* the lines up to here are written */
    uint64_t accepted, fresh, refused, allowed, octets;
    json_t *refusals; /* for --json */
    int code;         /* CLI_REDIS: nothing more is written */
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct import *im = state->input;
    switch (key) {
    case KEY_FORMAT:
        if (cli_format_parse(arg, &im->format) != SW_OK)
            argp_error(state, "--format: '%s' is not allowed; plain, hosts, auto",
                       cli_clean_text(arg));
        return 0;
    case KEY_REPLACE:
        im->replace = true;
        return 0;
    case KEY_DRY_RUN:
        im->dry_run = true;
        return 0;
    case KEY_SUFFIX:
        cli_names_add(&im->suffixes, state, "--allow-suffix", arg);
        return 0;
    case KEY_SHRINK:
        im->max_shrink = (unsigned)cli_number(state, "--max-shrink", arg, 0, 100);
        return 0;
    case KEY_GROWTH:
        im->max_growth = (unsigned)cli_number(state, "--max-growth", arg, 1, 1000000);
        return 0;
    case KEY_WAIT:
        im->outcome.wait_s = cli_wait_seconds(state, arg);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct cli_usage usage = {
    .words = "LIST FILE",
    .doc = "Put the indicators of a file (-: standard input) on a list.\n\n"
           "  plain  one indicator a line: example.net, =example.net, *.example.net,\n"
           "         192.0.2.0/24, AS64500\n"
           "  hosts  '0.0.0.0 name name ...'; each name becomes =name\n"
           "  auto   hosts if the first line is one\n\n"
           "'#' and ';' begin a comment. What is refused is named with file, line and reason; the "
           "rest is imported, and the exit code is 6."
           "\vExamples:\n"
           "  sinkwatch import carbanak conf/carbanak-2015.txt --wait\n"
           "  sinkwatch import --replace --format hosts ads hosts.txt\n"
           "  sinkwatch import --dry-run ads -",
    .options = options,
    .parser = parse,
    .min = 2,
    .max = 2,
};

static volatile sig_atomic_t interrupted; /* by this signal */

static void on_signal(int signal_number)
{
    interrupted = signal_number;
}

/* A staging key must not stay behind when somebody presses Ctrl-C. A signal that is ignored, as
 * SIGHUP is under nohup, stays ignored. */
static void catch_signals(void)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
    struct sigaction action = {.sa_handler = on_signal}, former;
    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
        if (sigaction(signals[i], NULL, &former) == 0 && former.sa_handler != SIG_IGN)
            sigaction(signals[i], &action, NULL);
}

/* ---- writing ---- */

static void forget_batch(struct import *im)
{
    for (size_t i = 0; i < im->n; i++) {
        free(im->batch[i]);
        free(im->facts[i]);
    }
    im->n = 0;
}

/* Count the indicators of the batch that the list does not have. */
static int count_fresh(struct import *im)
{
    struct cli_argv argv = {0};
    cli_argv_add(&argv, "HMGET");
    cli_argv_add(&argv, cli_key(im->cli, "list:%s", im->outcome.list));
    for (size_t i = 0; i < im->n; i++)
        cli_argv_add(&argv, im->batch[i]);
    redisReply *reply = cli_ask_argv(im->cli, &argv);
    cli_argv_free(&argv);
    for (size_t i = 0; reply && i < reply->elements; i++)
        im->fresh += reply->element[i]->type == REDIS_REPLY_NIL;
    int code = reply ? CLI_OK : CLI_REDIS;
    freeReplyObject(reply);
    return code;
}

/* Put the batch into the staging key, with the end that the list's lifetime gives. */
static int stage(struct import *im)
{
    for (size_t i = 0; im->outcome.expires && i < im->n; i++) {
        char *facts = cli_facts_until(im->facts[i], im->outcome.expires);
        free(im->facts[i]);
        im->facts[i] = facts;
    }
    int code = cli_staging_put(&im->staging, im->batch, im->facts, im->n);
    im->fresh = im->staging.n;
    return code;
}

/* Write the collected indicators, and empty the batch. */
static void flush_batch(struct import *im)
{
    if (im->n > 0 && !im->offline && im->code == CLI_OK) {
        if (im->replace)
            im->code = stage(im);
        else if (im->dry_run)
            im->code = count_fresh(im);
        else
            im->code = cli_put(im->cli, im->batch, im->facts, im->n, &im->fresh, &im->outcome);
        if (im->code == CLI_OK)
            im->written_line = im->importer.line;
    }
    forget_batch(im);
}

/* Compare the replacement with the list. CLI_NONE: too much of the list would go or come. */
static int judge_diff(struct import *im)
{
    int code = cli_diff(im->cli, cli_key(im->cli, "list:%s", im->outcome.list), im->staging.key,
                        &im->diff);
    bool shrinks = code == CLI_OK && cli_diff_shrinks(&im->diff, im->max_shrink);
    bool grows = code == CLI_OK && im->max_growth && cli_diff_grows(&im->diff, im->max_growth);
    if (!shrinks && !grows)
        return code;
    if (!im->cli->json)
        cli_diff_print(&im->diff);
    cli_error("the list would %s from %" PRIu64 " to %" PRIu64 ", by more than %u %%",
              shrinks ? "shrink" : "grow", im->diff.before, im->diff.after,
              shrinks ? im->max_shrink : im->max_growth);
    cli_hint(shrinks ? "--max-shrink=PERCENT says how much is allowed (100: any)"
                     : "--max-growth=PERCENT says how much is allowed");
    return CLI_NONE;
}

/* ---- lines ---- */

static void say_line(struct import *im, const char *text, size_t len, const char *word,
                     const char *why)
{
    cli_progress_wipe(&im->progress);
    fprintf(stderr, "%s:%" PRIu64 ": '%s' %s: %s\n", cli_clean_text(im->file), im->importer.line,
            cli_clean(text, len), word, why);
}

static void refuse(void *arg, const char *text, size_t len, const char *why)
{
    struct import *im = arg;
    im->refused++;
    say_line(im, text, len, "is refused", why);
    if (im->cli->json) {
        json_t *one = json_object();
        json_object_set_new(one, "line", json_integer((json_int_t)im->importer.line));
        cli_json_set(one, "item", cli_clean(text, len));
        cli_json_set(one, "why", why);
        json_array_append_new(im->refusals, one);
    }
}

static void take(void *arg, const struct sw_indicator *indicator, const char *text, size_t len)
{
    struct import *im = arg;
    char why[SW_WHY_MAX], canonical[SW_INDICATORTEXT_MAX];
    if (im->safe && cli_harmful(indicator, why)) {
        if (!cli_allowed(&im->suffixes, indicator)) {
            refuse(im, text, len, why);
            return;
        }
        im->allowed++;
        say_line(im, text, len, "is accepted by --allow-suffix", why);
    }
    im->accepted++;
    im->facts[im->n] = cli_copy("");
    im->batch[im->n++] = cli_copy(sw_indicator_text(indicator, canonical));
    if (im->n == CLI_BATCH)
        flush_batch(im);
}

/* Whether the file begins as UTF-16 does: the lines cannot be read without conversion. */
static bool is_utf16(const char *line, size_t len)
{
    return len >= 2 && (memcmp(line, "\xff\xfe", 2) == 0 || memcmp(line, "\xfe\xff", 2) == 0);
}

/* All lines. CLI_OK; CLI_INPUT: unreadable, said; CLI_REDIS: said. */
static int read_lines(struct import *im, FILE *in)
{
    char *line = NULL;
    size_t room = 0;
    ssize_t len;
    errno = 0;
    while (im->code == CLI_OK && !interrupted && (len = getline(&line, &room, in)) >= 0) {
        if (im->importer.line == 0 && is_utf16(line, (size_t)len)) {
            cli_error("%s: is UTF-16; convert it first: iconv -f UTF-16 -t UTF-8", im->file);
            im->code = CLI_INPUT;
            break;
        }
        cli_importer_line(&im->importer, line, (size_t)len);
        im->octets += (uint64_t)len;
        cli_progress_step(&im->progress, im->octets, im->accepted);
    }
    if (ferror(in) && !interrupted) {
        cli_error("%s: %s", cli_clean_text(im->file), strerror(errno));
        im->code = CLI_INPUT;
    }
    free(line);
    flush_batch(im);
    cli_progress_wipe(&im->progress);
    return im->code;
}

static int read_file(struct import *im)
{
    bool is_stdin = strcmp(im->file, "-") == 0;
    FILE *in = is_stdin ? stdin : fopen(im->file, "r");
    struct stat st = {0};

    if (!in) {
        cli_error("%s: %s", cli_clean_text(im->file), strerror(errno));
        return CLI_INPUT;
    }
    if (fstat(fileno(in), &st) != 0 || !S_ISREG(st.st_mode))
        st.st_size = 0;
    cli_importer_init(&im->importer, im->format);
    im->importer.arg = im;
    im->importer.take = take;
    im->importer.refuse = refuse;
    cli_progress_begin(&im->progress, "importing", (uint64_t)st.st_size);
    int code = read_lines(im, in);
    if (!is_stdin)
        fclose(in);
    return code;
}

/* ---- the whole ---- */

static void say_result(const struct import *im)
{
    if (!im->offline)
        printf("%s: ", im->outcome.list);
    printf("%s from %s (%s): ", cli_count(im->accepted, "indicator", "indicators"),
           strcmp(im->file, "-") == 0 ? "standard input" : cli_clean_text(im->file),
           cli_format_name(im->importer.format));
    if (im->offline)
        printf("nothing written");
    else if (im->replace)
        printf("%" PRIu64 " different ones %s", im->fresh,
               im->dry_run ? "would be the list" : "are the list now");
    else
        printf("%" PRIu64 " %s", im->fresh, im->dry_run ? "would be added" : "added");
    if (!im->replace && !im->offline && im->accepted > im->fresh)
        printf(", %" PRIu64 " there already or repeated", im->accepted - im->fresh);
    if (im->refused)
        printf(", %" PRIu64 " refused", im->refused);
    if (im->allowed)
        printf(", %" PRIu64 " accepted by --allow-suffix", im->allowed);
    printf("\n");
    if (im->replace && !im->offline)
        cli_diff_print(&im->diff);
}

static int report(struct import *im)
{
    if (!im->cli->json)
        say_result(im);
    im->outcome.code = !im->accepted ? CLI_NONE : im->refused ? CLI_PARTLY : CLI_OK;
    im->outcome.members =
        json_pack("{s:s,s:b,s:I,s:I,s:I,s:I,s:O}", "format", cli_format_name(im->importer.format),
                  "dry_run", im->dry_run, "accepted", (json_int_t)im->accepted, "added",
                  (json_int_t)im->fresh, "allowed", (json_int_t)im->allowed, "refused_count",
                  (json_int_t)im->refused, "refused", im->refusals);
    if (im->replace && !im->offline)
        json_object_set_new(
            im->outcome.members, "diff",
            json_pack("{s:I,s:I,s:I,s:I,s:I,s:O,s:O}", "before", (json_int_t)im->diff.before,
                      "after", (json_int_t)im->diff.after, "added", (json_int_t)im->diff.added,
                      "removed", (json_int_t)im->diff.removed, "changed",
                      (json_int_t)im->diff.changed, "added_first", im->diff.added_first,
                      "removed_first", im->diff.removed_first));
    return cli_report(im->cli, &im->outcome);
}

static int end_by_signal(void)
{
    signal((int)interrupted, SIG_DFL);
    raise((int)interrupted);
    return CLI_NONE;
}

/* Read into a staging key, then put the key in place. */
static int replace(struct import *im)
{
    enum cli_left left = CLI_LEFT_AS_IT_WAS;
    catch_signals();
    int code = cli_staging_begin(&im->staging, im->cli, im->outcome.list);
    if (code == CLI_OK)
        code = read_file(im);
    if (code == CLI_OK && !interrupted && im->accepted == 0) {
        cli_error("nothing in %s can be a list", cli_clean_text(im->file));
        code = CLI_NONE;
    }
    if (code == CLI_OK && !interrupted)
        code = judge_diff(im);
    if (code == CLI_OK && !interrupted && im->dry_run) {
        cli_staging_drop(&im->staging);
        return CLI_OK;
    }
    if (code == CLI_OK && !interrupted)
        code = cli_staging_swap(&im->staging, &im->diff, &im->outcome, &left);
    else
        code = code == CLI_OK ? CLI_NONE : code;
    if (code == CLI_OK)
        return CLI_OK;
    cli_staging_drop(&im->staging);
    cli_say_left(im->outcome.list, left);
    return interrupted ? end_by_signal() : code;
}

/* Add batch by batch; a failure or a signal ends between two batches. */
static int add(struct import *im)
{
    catch_signals();
    int code = read_file(im);
    if (code == CLI_OK && !interrupted)
        return code;
    if (im->written_line == 0 || im->dry_run)
        cli_error("list '%s' is left as it is", im->outcome.list);
    else
        cli_error("list '%s': the first %" PRIu64
                  " lines of %s are on the list (%s added), the rest is "
                  "not",
                  im->outcome.list, im->written_line, cli_clean_text(im->file),
                  cli_count(im->fresh, "indicator", "indicators"));
    return interrupted ? end_by_signal() : code;
}

/* Connect, and look the list up. */
static int find_list(struct import *im, enum sw_kind *kind, char **expires)
{
    int code = cli_connect(im->cli);
    if (code == CLI_OK)
        code = cli_list_kind(im->cli, im->outcome.list, kind);
    if (code == CLI_OK)
        code = cli_list_lifetime(im->cli, im->outcome.list, expires);
    if (code == CLI_OK && !im->dry_run)
        code = cli_changes_usable(im->cli);
    im->outcome.expires = *expires;
    return code;
}

int cli_import(struct cli *cli, int argc, char **argv)
{
    struct import *im = cli_alloc(1, sizeof(*im));
    enum sw_kind kind = SW_KIND_IOC;
    char **words;
    char *expires = NULL;
    int code = CLI_OK;
    im->cli = cli;
    im->max_shrink = 50;
    im->refusals = json_array();
    cli_parse(cli, &usage, im, argc, argv, &words);
    im->outcome.list = words[0];
    im->file = words[1];
    im->outcome.op = im->replace ? "replace" : "add";
    im->offline = im->dry_run && strcmp(words[0], "-") == 0;
    if (!im->offline)
        code = find_list(im, &kind, &expires);
    im->safe = kind == SW_KIND_IOC || kind == SW_KIND_ALLOW;
    if (code == CLI_OK)
        code = im->offline ? read_file(im) : im->replace ? replace(im) : add(im);
    if (code == CLI_OK)
        code = report(im);
    cli_diff_free(&im->diff);
    json_decref(im->refusals);
    free(im->suffixes.name);
    free(expires);
    free(im);
    return code;
}
