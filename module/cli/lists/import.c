/* import.c - sinkwatch import LIST FILE. */
#include "cli/lists/importing.h"
#include "cli/lists/source.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    KEY_FORMAT = 300,
    KEY_SCOPE,
    KEY_COLUMNS,
    KEY_ORIGIN,
    KEY_REFANG,
    KEY_ONLY,
    KEY_NO_FACTS,
    KEY_REPLACE,
    KEY_DRY_RUN,
    KEY_WHOLE,
    KEY_SHRINK,
    KEY_GROWTH,
    KEY_SUFFIX,
    KEY_OWN,
    KEY_TOP,
    KEY_TOP_FILE,
    KEY_TOP_NAMES,
    KEY_SHOW,
    KEY_WAIT
};

static const struct argp_option options[] = {
    {"format", KEY_FORMAT, "FORMAT", 0, "one of those above; default: auto", 0},
    {"scope", KEY_SCOPE, "SCOPE", 0,
     "what names cover, whatever the format says: exact, below or both", 0},
    {"columns", KEY_COLUMNS, "NAMES", 0,
     "csv: names of the columns, separated by commas; an empty name is passed over", 0},
    {"origin", KEY_ORIGIN, "NAME", 0, "rpz: name of the zone, where the text does not say it", 0},
    {"refang", KEY_REFANG, NULL, 0, "understand defanged spellings: example[.]net, hxxp://", 0},
    {"only", KEY_ONLY, "ACTION,...", 0, "rpz, adblock, ..: only the entries with these actions", 0},
    {"no-facts", KEY_NO_FACTS, NULL, 0, "leave out what the file says about each indicator", 0},
    {"replace", KEY_REPLACE, NULL, 0,
     "the list has exactly these indicators afterwards; the change is a single step", 0},
    {"dry-run", KEY_DRY_RUN, NULL, 0,
     "do all but the change: judge the file for this list, and with --replace show the difference; "
     "with - for LIST only the file is judged, and Redis is not asked",
     0},
    {"whole", KEY_WHOLE, NULL, 0, "a last line without a line end is a cut file: do nothing", 0},
    {"max-shrink", KEY_SHRINK, "PERCENT", 0,
     "with --replace: a list that would shrink by more stays unchanged (default: 50; 100: never)",
     0},
    {"max-growth", KEY_GROWTH, "PERCENT", 0,
     "with --replace: leave a list as it is that would grow by more (default: any growth)", 0},
    {"allow-suffix", KEY_SUFFIX, "NAME", 0, "accept this top-level domain or public suffix", 0},
    {"allow-own", KEY_OWN, "NAME", 0,
     "accept this name, though it covers one of a list of kind allow or watch", 0},
    {"allow-top", KEY_TOP, "NAME", 0, "accept this name, though it covers a top name", 0},
    {"top-file", KEY_TOP_FILE, "FILE", 0,
     "refuse what covers a name of this file: rank,name on each line", 0},
    {"top", KEY_TOP_NAMES, "N", 0, "only the first N of that file (default: 10000)", 0},
    {"show-refused", KEY_SHOW, "N", 0, "name at most N refused items (default: 20)", 0},
    {"wait", KEY_WAIT, "SECONDS", OPTION_ARG_OPTIONAL,
     "return when every live resolver enforces the change (default: 10 seconds at most)", 0},
    {0},
};

struct import {
    struct cli_importing im;
    struct cli_source source;
    uint32_t show;
};

static void parse_only(struct import *own, const struct argp_state *state, const char *text)
{
    char *words = cli_copy(text), *rest = NULL;
    for (char *word = strtok_r(words, ",", &rest); word; word = strtok_r(NULL, ",", &rest)) {
        enum sw_action action;
        if (sw_action_parse(word, &action) != SW_OK)
            argp_error(state, "--only: '%s' is no action", cli_clean_text(word));
        own->im.only |= 1u << action;
    }
    free(words);
}

/* Options about the source. */
static error_t parse_source(int key, char *arg, struct argp_state *state)
{
    struct import *own = state->input;
    switch (key) {
    case KEY_FORMAT:
        cli_source_format(&own->source, state, arg);
        return 0;
    case KEY_SCOPE:
        cli_source_scope(&own->source, state, arg);
        return 0;
    case KEY_COLUMNS:
        own->source.options.columns = arg;
        own->source.options.format = SW_FORMAT_CSV;
        return 0;
    case KEY_ORIGIN:
        own->source.options.origin = arg;
        return 0;
    case KEY_REFANG:
        own->source.options.refang = true;
        return 0;
    case KEY_WHOLE:
        own->source.options.whole = true;
        return 0;
    case KEY_ONLY:
        parse_only(own, state, arg);
        return 0;
    case KEY_SHOW:
        own->show = (uint32_t)cli_number(state, "--show-refused", arg, 0, 1000000);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* Options about dangers. */
static error_t parse_guard(int key, char *arg, struct argp_state *state)
{
    struct cli_importing *im = &((struct import *)state->input)->im;
    switch (key) {
    case KEY_SHRINK:
        im->max_shrink = (unsigned)cli_number(state, "--max-shrink", arg, 0, 100);
        return 0;
    case KEY_GROWTH:
        im->max_growth = (unsigned)cli_number(state, "--max-growth", arg, 1, 1000000);
        return 0;
    case KEY_SUFFIX:
        cli_names_add(&im->suffixes, state, "--allow-suffix", arg);
        return 0;
    case KEY_OWN:
        cli_names_add(&im->own, state, "--allow-own", arg);
        return 0;
    case KEY_TOP:
        cli_names_add(&im->top, state, "--allow-top", arg);
        return 0;
    case KEY_TOP_FILE:
        im->top_file = arg;
        return 0;
    case KEY_TOP_NAMES:
        im->top_names = cli_number(state, "--top", arg, 1, 100000000);
        return 0;
    default:
        return parse_source(key, arg, state);
    }
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct cli_importing *im = &((struct import *)state->input)->im;
    switch (key) {
    case KEY_REPLACE:
        im->replace = true;
        return 0;
    case KEY_DRY_RUN:
        im->dry_run = true;
        return 0;
    case KEY_NO_FACTS:
        im->no_facts = true;
        return 0;
    case KEY_WAIT:
        im->outcome.wait_s = cli_wait_seconds(state, arg);
        return 0;
    default:
        return parse_guard(key, arg, state);
    }
}

/* The text of --help, with the table of formats. */
static const char *make_doc(void)
{
    char *doc = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&doc, &len);
    if (!out)
        abort();
    fprintf(out,
            "Put the indicators of a file (-: standard input) on a list. A folder is a feed of "
            "MISP, with a manifest.json. Gzip and zstd are undone.\n\nFormats, and what a name "
            "covers:\n");
    for (int i = SW_FORMAT_PLAIN; i < SW_FORMAT_COUNT; i++)
        fprintf(out, "  %-9s %s\n", sw_format_name((enum sw_format)i),
                sw_format_meaning((enum sw_format)i));
    fprintf(
        out,
        "  auto      recognised from the first lines\n"
        "\vWhat is refused is named with file, line and reason, a few items of each reason; the "
        "rest is imported, and the exit code is 6. A comment begins with '#' or ';' at the "
        "start of a line or after white space.\n\n"
        "Examples:\n"
        "  sinkwatch import carbanak conf/carbanak-2015.txt --wait\n"
        "  sinkwatch import --replace --whole ads hosts.txt.gz\n"
        "  sinkwatch import --columns=,,indicator,type, --refang bad report.csv\n"
        "  sinkwatch import --dry-run - unknown.txt");
    if (fclose(out) != 0)
        abort();
    return doc;
}

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

static void begin_file(void *arg, const char *path)
{
    struct cli_importing *im = arg;
    im->refusals.file = path;
}

/* ---- the result ---- */

static void say_covers(const struct cli_importing *im)
{
    const struct {
        uint64_t n;
        const char *words;
    } parts[] = {{im->names[SW_FORM_SUBTREE], "names and all below them"},
                 {im->names[SW_FORM_EXACT], "names alone"},
                 {im->names[SW_FORM_BELOW], "only what is below names"},
                 {im->addresses, "addresses or prefixes"},
                 {im->numbers, "AS numbers"},
                 {im->holders, "holders of addresses"}};
    bool any = false;
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        if (parts[i].n == 0)
            continue;
        printf("%s%" PRIu64 " %s", any ? ", " : "  they cover: ", parts[i].n, parts[i].words);
        any = true;
    }
    if (any)
        printf("\n");
    for (int i = 0; i < SW_ACTION_COUNT; i++)
        if (im->actions[i])
            printf("  %" PRIu64 " of them say %s; the list's action is %s\n", im->actions[i],
                   sw_action_name((enum sw_action)i), sw_action_name(im->policy.action));
}

static void say_result(const struct import *own)
{
    const struct cli_importing *im = &own->im;
    if (!im->offline)
        printf("%s: ", im->list);
    printf("%s from %s (%s): ", cli_count(im->accepted, "indicator", "indicators"),
           cli_clean_text(im->source), sw_format_name(own->source.format));
    if (im->offline)
        printf("nothing written");
    else if (im->replace)
        printf("%" PRIu64 " different ones %s", im->fresh,
               im->dry_run ? "would be the list" : "are the list now");
    else
        printf("%" PRIu64 " %s", im->fresh, im->dry_run ? "would be added" : "added");
    if (!im->replace && !im->offline && im->accepted > im->fresh)
        printf(", %" PRIu64 " there already or repeated", im->accepted - im->fresh);
    if (im->refusals.n)
        printf(", %" PRIu64 " refused", im->refusals.n);
    if (im->allowed)
        printf(", %" PRIu64 " accepted by --allow-...", im->allowed);
    printf("\n");
    say_covers(im);
    if (im->replace && !im->offline)
        cli_diff_print(&im->diff);
}

static json_t *members(const struct import *own)
{
    const struct cli_importing *im = &own->im;
    json_t *all =
        json_pack("{s:s,s:b,s:I,s:I,s:I,s:I,s:O,s:O}", "format", sw_format_name(own->source.format),
                  "dry_run", im->dry_run, "accepted", (json_int_t)im->accepted, "added",
                  (json_int_t)im->fresh, "allowed", (json_int_t)im->allowed, "refused_count",
                  (json_int_t)im->refusals.n, "refused", im->refusals.first, "refused_by_reason",
                  im->refusals.by_reason);
    json_object_set_new(
        all, "covers",
        json_pack("{s:I,s:I,s:I,s:I,s:I,s:I}", "both", (json_int_t)im->names[SW_FORM_SUBTREE],
                  "exact", (json_int_t)im->names[SW_FORM_EXACT], "below",
                  (json_int_t)im->names[SW_FORM_BELOW], "addresses", (json_int_t)im->addresses,
                  "as_numbers", (json_int_t)im->numbers, "holders", (json_int_t)im->holders));
    if (im->replace && !im->offline)
        json_object_set_new(
            all, "diff",
            json_pack("{s:I,s:I,s:I,s:I,s:I,s:O,s:O}", "before", (json_int_t)im->diff.before,
                      "after", (json_int_t)im->diff.after, "added", (json_int_t)im->diff.added,
                      "removed", (json_int_t)im->diff.removed, "changed",
                      (json_int_t)im->diff.changed, "added_first", im->diff.added_first,
                      "removed_first", im->diff.removed_first));
    return all;
}

static int report(struct import *own)
{
    struct cli_importing *im = &own->im;
    if (own->source.unterminated && own->source.lines > 1)
        cli_hint("the last line of %s has no line end: if the file was cut, its last entry is cut "
                 "too (--whole refuses such a file)",
                 cli_clean_text(im->source));
    if (!im->cli->json)
        say_result(own);
    im->outcome.code = !im->accepted ? CLI_NONE : im->refusals.n ? CLI_PARTLY : CLI_OK;
    im->outcome.members = members(own);
    return cli_report(im->cli, &im->outcome);
}

static int run(struct import *own)
{
    struct cli_importing *im = &own->im;
    int code = cli_importing_begin(im);
    im->refusals.shown_max = own->show;
    if (code != CLI_OK)
        return code;
    catch_signals();
    own->source.hooks = cli_importing_hooks(im);
    code = cli_source_read(&own->source);
    cli_refusals_print(&im->refusals);
    code = cli_importing_end(im, code);
    if (interrupted && code != CLI_OK) {
        signal((int)interrupted, SIG_DFL);
        raise((int)interrupted);
    }
    return code == CLI_OK ? report(own) : code;
}

int cli_import(struct cli *cli, int argc, char **argv)
{
    struct import *own = cli_alloc(1, sizeof(*own));
    const struct cli_usage usage = {.words = "LIST FILE",
                                    .doc = make_doc(),
                                    .options = options,
                                    .parser = parse,
                                    .min = 2,
                                    .max = 2};
    char **words;
    own->im.cli = cli;
    own->im.max_shrink = 50;
    own->im.top_names = CLI_TOP_DEFAULT;
    own->show = CLI_REFUSALS_SHOWN;
    cli_parse(cli, &usage, own, argc, argv, &words);
    own->im.list = words[0];
    own->im.source = strcmp(words[1], "-") == 0 ? "standard input" : words[1];
    own->im.offline = own->im.dry_run && strcmp(words[0], "-") == 0;
    own->im.stop = &interrupted;
    own->source.path = words[1];
    own->source.progress = &own->im.progress;
    own->source.taken = &own->im.accepted;
    own->source.stop = &interrupted;
    own->source.begin = begin_file;
    int code = run(own);
    cli_importing_free(&own->im);
    free((char *)(uintptr_t)usage.doc);
    free(own);
    return code;
}
