/* import.c - sinkwatch import LIST FILE. The reading of lines is importer.c's. */
#include "cli/lists/diff.h"
#include "cli/lists/edit.h"
#include "cli/lists/harm.h"
#include "cli/lists/importer.h"
#include "cli/output.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { KEY_FORMAT = 300, KEY_REPLACE, KEY_WAIT, KEY_DRY_RUN, KEY_FORCE, KEY_SHRINK };

static const struct argp_option options[] = {
    {"format", KEY_FORMAT, "FORMAT", 0, "plain, hosts, or auto (default)", 0},
    {"replace", KEY_REPLACE, NULL, 0,
     "the list has exactly these afterwards, from one moment to the next", 0},
    {"dry-run", KEY_DRY_RUN, NULL, 0, "only judge the file; Redis is not asked", 0},
    {"force", KEY_FORCE, NULL, 0,
     "accept top-level domains and public suffixes, and say which; with --replace, any shrinkage",
     0},
    {"max-shrink", KEY_SHRINK, "PERCENT", 0,
     "with --replace: leave a list as it is that would lose more (default: 50)", 0},
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
    bool replace, dry_run, force, safe;
    const char *staging;    /* key that becomes the list's, with --replace */
    char *batch[CLI_BATCH]; /* accepted and not yet written */
    size_t n;
    unsigned max_shrink; /* percent */
    struct cli_diff diff;
    uint64_t accepted, fresh, refused, forced, octets;
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
    case KEY_FORCE:
        im->force = true;
        return 0;
    case KEY_SHRINK:
        im->max_shrink = (unsigned)cli_number(state, "--max-shrink", arg, 0, 100);
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
           "rest is imported, and the exit code is 1."
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

/* A staging key must not stay behind when somebody presses Ctrl-C. */
static void catch_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
}

/* ---- writing ---- */

/* Put the batch into the staging key. */
static int stage(struct import *im)
{
    struct cli_argv argv = {0};
    char *facts = im->outcome.expires ? cli_facts_until(NULL, im->outcome.expires) : NULL;
    cli_argv_add(&argv, "HSET");
    cli_argv_add(&argv, im->staging);
    for (size_t i = 0; i < im->n; i++) {
        cli_argv_add(&argv, im->batch[i]);
        cli_argv_add(&argv, facts ? facts : "");
    }
    redisReply *reply = cli_ask_argv(im->cli, &argv);
    cli_argv_free(&argv);
    free(facts);
    if (!reply)
        return CLI_REDIS;
    im->fresh += (uint64_t)reply->integer;
    freeReplyObject(reply);
    return CLI_OK;
}

/* Write the collected indicators, and empty the batch. */
static void flush_batch(struct import *im)
{
    if (im->n > 0 && !im->dry_run && im->code == CLI_OK)
        im->code = im->replace ? stage(im)
                               : cli_put(im->cli, im->batch, im->n, NULL, &im->fresh, &im->outcome);
    for (size_t i = 0; i < im->n; i++)
        free(im->batch[i]);
    im->n = 0;
}

/* Compare the replacement with the list. CLI_NONE: too much of the list would go. */
static int judge_diff(struct import *im)
{
    int code =
        cli_diff(im->cli, cli_key(im->cli, "list:%s", im->outcome.list), im->staging, &im->diff);
    if (code != CLI_OK || im->force || !cli_diff_shrinks(&im->diff, im->max_shrink))
        return code;
    if (!im->cli->json)
        cli_diff_print(&im->diff);
    cli_error("the list would shrink from %" PRIu64 " to %" PRIu64
              ", by more than %u %% (--max-shrink); --force does it all the same",
              im->diff.before, im->diff.after, im->max_shrink);
    return CLI_NONE;
}

static void add_rename(struct cli_argv *argv, const char *from, const char *to)
{
    cli_argv_add(argv, "RENAME");
    cli_argv_add(argv, from);
    cli_argv_add(argv, to);
}

/* The staging key becomes the list's key; the former content is kept for a rollback. */
static int put_in_place(struct import *im)
{
    const char *now = cli_key(im->cli, "list:%s", im->outcome.list);
    struct cli_argv keep = {0}, rename_key = {0}, entry = {0};
    add_rename(&keep, now, cli_key(im->cli, "list:%s:previous", im->outcome.list));
    add_rename(&rename_key, im->staging, now);
    cli_change_entry(im->cli, &entry, "replace", im->outcome.list);
    cli_begin(im->cli);
    if (im->diff.before > 0)
        cli_change(im->cli, &keep);
    cli_change(im->cli, &rename_key);
    cli_change(im->cli, &entry);
    redisReply *replies = cli_commit(im->cli);
    cli_argv_free(&keep);
    cli_argv_free(&rename_key);
    cli_argv_free(&entry);
    if (!replies)
        return CLI_REDIS;
    cli_outcome_id(&im->outcome, replies);
    freeReplyObject(replies);
    return CLI_OK;
}

/* Give the staging key up; on a new connection if the former connection is gone. */
static void abandon(struct import *im)
{
    if (!sw_redis_is_open(im->cli->redis) && sw_redis_open(im->cli->redis) != SW_OK)
        return;
    freeReplyObject(sw_redis_command(im->cli->redis, "UNLINK %s", im->staging));
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
        if (!im->force) {
            refuse(im, text, len, why);
            return;
        }
        im->forced++;
        say_line(im, text, len, "is accepted by --force", why);
    }
    im->accepted++;
    im->batch[im->n++] = cli_copy(sw_indicator_text(indicator, canonical));
    if (im->n == CLI_BATCH)
        flush_batch(im);
}

/* Whether the file begins as UTF-16 does: the lines cannot be read without conversion. */
static bool is_utf16(const char *line, size_t len)
{
    return len >= 2 && (memcmp(line, "\xff\xfe", 2) == 0 || memcmp(line, "\xfe\xff", 2) == 0);
}

/* All lines. CLI_OK; CLI_NONE: unreadable, said; CLI_REDIS: said. */
static int read_lines(struct import *im, FILE *in)
{
    char *line = NULL;
    size_t room = 0;
    ssize_t len;
    errno = 0;
    while (im->code == CLI_OK && !interrupted && (len = getline(&line, &room, in)) >= 0) {
        if (im->importer.line == 0 && is_utf16(line, (size_t)len)) {
            cli_error("%s: is UTF-16; convert it first: iconv -f UTF-16 -t UTF-8", im->file);
            im->code = CLI_NONE;
            break;
        }
        cli_importer_line(&im->importer, line, (size_t)len);
        im->octets += (uint64_t)len;
        cli_progress_step(&im->progress, im->octets, im->accepted);
    }
    if (ferror(in) && !interrupted) {
        cli_error("%s: %s", cli_clean_text(im->file), strerror(errno));
        im->code = CLI_NONE;
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
        return CLI_NONE;
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
    printf("%s: %s from %s (%s): ", im->outcome.list,
           cli_count(im->accepted, "indicator", "indicators"),
           strcmp(im->file, "-") == 0 ? "standard input" : cli_clean_text(im->file),
           cli_format_name(im->importer.format));
    if (im->dry_run)
        printf("nothing written");
    else if (im->replace)
        printf("%" PRIu64 " different ones are the list now", im->fresh);
    else
        printf("%" PRIu64 " added", im->fresh);
    if (!im->replace && !im->dry_run && im->accepted > im->fresh)
        printf(", %" PRIu64 " there already", im->accepted - im->fresh);
    if (im->refused)
        printf(", %" PRIu64 " refused", im->refused);
    if (im->forced)
        printf(", %" PRIu64 " forced", im->forced);
    printf("\n");
    if (im->replace && !im->dry_run)
        cli_diff_print(&im->diff);
}

static int report(struct import *im)
{
    if (!im->cli->json)
        say_result(im);
    im->outcome.code = im->refused || !im->accepted ? CLI_NONE : CLI_OK;
    im->outcome.members = json_pack(
        "{s:s,s:b,s:I,s:I,s:I,s:I,s:O}", "format", cli_format_name(im->importer.format), "dry_run",
        im->dry_run, "accepted", (json_int_t)im->accepted, "added", (json_int_t)im->fresh, "forced",
        (json_int_t)im->forced, "refused_count", (json_int_t)im->refused, "refused", im->refusals);
    if (im->replace && !im->dry_run)
        json_object_set_new(
            im->outcome.members, "diff",
            json_pack("{s:I,s:I,s:I,s:I,s:O,s:O}", "before", (json_int_t)im->diff.before, "after",
                      (json_int_t)im->diff.after, "added", (json_int_t)im->diff.added, "removed",
                      (json_int_t)im->diff.removed, "added_first", im->diff.added_first,
                      "removed_first", im->diff.removed_first));
    return cli_report(im->cli, &im->outcome);
}

/* Read into a staging key, then put the key in place. */
static int replace(struct import *im)
{
    im->staging = cli_key(im->cli, "list:%s:staging:%ld-%" PRIx64, im->outcome.list, (long)getpid(),
                          (uint64_t)time(NULL));
    catch_signals();
    int code = read_file(im);
    if (code == CLI_OK && !interrupted && im->accepted == 0) {
        cli_error("nothing in %s can be a list: '%s' is left as it is", cli_clean_text(im->file),
                  im->outcome.list);
        return CLI_NONE;
    }
    if (code == CLI_OK && !interrupted)
        code = judge_diff(im);
    if (code == CLI_OK && !interrupted)
        code = put_in_place(im);
    if (code == CLI_OK && !interrupted)
        return CLI_OK;
    abandon(im);
    cli_error("list '%s' is left as it is", im->outcome.list);
    if (interrupted) {
        signal((int)interrupted, SIG_DFL);
        raise((int)interrupted);
    }
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
    if (!im->dry_run) {
        code = cli_connect(cli);
        if (code == CLI_OK)
            code = cli_list_kind(cli, words[0], &kind);
        if (code == CLI_OK)
            code = cli_list_lifetime(cli, words[0], &expires);
        im->outcome.expires = expires;
    }
    im->safe = kind == SW_KIND_IOC || kind == SW_KIND_ALLOW;
    if (code == CLI_OK)
        code = im->replace && !im->dry_run ? replace(im) : read_file(im);
    if (code == CLI_OK)
        code = report(im);
    cli_diff_free(&im->diff);
    json_decref(im->refusals);
    free(expires);
    free(im);
    return code;
}
