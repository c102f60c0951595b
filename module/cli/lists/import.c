/* import.c - sinkwatch import LIST FILE. */
#include "cli/lists/asked.h"
#include "cli/lists/preview.h"
#include "cli/stop.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_REPLACE = 300, KEY_DRY_RUN, KEY_SHOW, KEY_PREVIEW, KEY_WAIT };

static const struct argp_option options[] = {
    {"replace", KEY_REPLACE, NULL, 0,
     "the list has exactly these indicators afterwards; the change is a single step", 0},
    {"dry-run", KEY_DRY_RUN, NULL, 0,
     "do all but the change: judge the file for this list, and with --replace show the difference; "
     "with - for LIST only the file is judged, and Redis is not asked",
     0},
    {"preview", KEY_PREVIEW, "DAYS", OPTION_ARG_OPTIONAL,
     "as --dry-run, and show the names that were resolved in the last days (default: 7) and that "
     "the accepted indicators cover, by the memory of this resolver",
     0},
    {"show-refused", KEY_SHOW, "N", 0, "name at most N refused items (default: 20)", 0},
    {"wait", KEY_WAIT, "SECONDS", OPTION_ARG_OPTIONAL,
     "return when every live resolver enforces the change (default: 10 seconds at most)", 0},
    {0},
};

struct import {
    struct cli_importing im;
    struct cli_source source;
    struct cli_asked asked;
    uint32_t show;
    bool looks, quiet;    /* looks: ask the memory; quiet: the pass before the import */
    uint64_t days;        /* of --preview */
    uint64_t max_touched; /* judged here, over all accepted indicators; UINT64_MAX: any number */
    struct cli_preview preview;
    struct sw_reader_hooks inner; /* of the import */
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct import *own = state->input;
    struct cli_importing *im = &own->im;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &own->asked;
        return 0;
    case KEY_REPLACE:
        im->replace = true;
        return 0;
    case KEY_DRY_RUN:
        im->dry_run = true;
        return 0;
    case KEY_SHOW:
        own->show = (uint32_t)cli_number(state, "--show-refused", arg, 0, 1000000);
        return 0;
    case KEY_PREVIEW:
        own->looks = im->dry_run = true;
        own->days = arg ? cli_number(state, "--preview", arg, 1, 3650) : own->days;
        return 0;
    case KEY_WAIT:
        im->outcome.wait_s = cli_wait_seconds(state, arg);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* The text of --help, with the table of formats. */
static void write_doc(FILE *out)
{
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
}

static volatile sig_atomic_t interrupted; /* by this signal */

static void on_signal(int signal_number)
{
    interrupted = signal_number;
}

/* arg is that of the hooks: the import in its pass, or the structure that begins with it. */
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
    if (own->looks)
        cli_preview_print(&own->preview, im->cli);
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
    if (own->looks)
        json_object_set_new(all, "touched", cli_preview_json(&own->preview, im->cli));
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

/* ---- the look ahead ---- */

static void look_at_entry(void *arg, const struct sw_entry *entry)
{
    struct import *own = arg;
    uint64_t before = own->im.accepted;
    own->inner.entry(own->inner.arg, entry);
    if (own->im.accepted > before)
        cli_preview_add(&own->preview, &entry->indicator);
}

static void pass_rejection(void *arg, const struct sw_rejection *rejection)
{
    struct import *own = arg;
    own->inner.reject(own->inner.arg, rejection);
}

static int begin_look(struct import *own)
{
    own->inner = own->source.hooks;
    own->source.hooks = (struct sw_reader_hooks){own, look_at_entry, pass_rejection};
    return cli_preview_begin(&own->preview, own->im.cli, own->days);
}

static int run(struct import *own)
{
    struct cli_importing *im = &own->im;
    int code = cli_importing_begin(im);
    im->refusals.shown_max = own->show;
    if (code != CLI_OK)
        return code;
    cli_handle_signals(on_signal); /* a staging key must not stay behind after Ctrl-C */
    own->source.hooks = cli_importing_hooks(im);
    code = own->looks ? begin_look(own) : CLI_OK;
    if (code == CLI_OK)
        code = cli_source_read(&own->source);
    if (!own->quiet)
        cli_refusals_print(&im->refusals);
    code = cli_importing_end(im, code);
    if (code == CLI_OK && own->looks)
        code = cli_preview_judge(&own->preview, im->cli, own->max_touched);
    if (interrupted && code != CLI_OK) {
        signal((int)interrupted, SIG_DFL);
        raise((int)interrupted);
    }
    return code == CLI_OK && !own->quiet ? report(own) : code;
}

/* Where the parts of an import find each other. */
static void connect_parts(struct import *own)
{
    own->im.stop = &interrupted;
    own->source.progress = &own->im.progress;
    own->source.taken = &own->im.accepted;
    own->source.stop = &interrupted;
    own->source.begin = begin_file;
}

/* The pass before an import with a limit: reads the file, and changes nothing. */
static int look_first(const struct import *own)
{
    struct import *first = cli_alloc(1, sizeof(*first));
    if (strcmp(own->source.path, "-") == 0) {
        cli_error("--max-touched reads the file twice: standard input cannot be read again");
        free(first);
        return CLI_USAGE;
    }
    *first = *own;
    first->im.dry_run = first->looks = first->quiet = true;
    connect_parts(first);
    int code = run(first);
    cli_preview_free(&first->preview);
    first->im.suffixes = first->im.own = first->im.top = (struct cli_names){0}; /* of *own */
    cli_importing_free(&first->im);
    free(first);
    return code;
}

int cli_import(struct cli *cli, int argc, char **argv)
{
    struct import *own = cli_alloc(1, sizeof(*own));
    static const struct argp_child more[] = {{&cli_asked_argp, 0, NULL, 0}, {0}};
    const struct cli_usage usage = {.words = "LIST FILE",
                                    .doc = cli_doc(write_doc),
                                    .options = options,
                                    .children = more,
                                    .parser = parse,
                                    .min = 2,
                                    .max = 2};
    char **words;
    own->im.cli = cli;
    own->asked = (struct cli_asked){&own->im, &own->source};
    cli_asked_begin(&own->asked);
    own->show = CLI_REFUSALS_SHOWN;
    own->days = CLI_PREVIEW_DAYS;
    cli_parse(cli, &usage, own, argc, argv, &words);
    own->im.list = words[0];
    own->im.source = strcmp(words[1], "-") == 0 ? "standard input" : words[1];
    own->im.offline = own->im.dry_run && strcmp(words[0], "-") == 0;
    own->source.path = words[1];
    own->max_touched = own->im.max_touched;
    own->im.max_touched = UINT64_MAX;
    connect_parts(own);
    own->looks |= own->im.dry_run && own->max_touched != UINT64_MAX;
    int code = CLI_OK;
    if (own->max_touched != UINT64_MAX && !own->im.dry_run)
        code = look_first(own);
    if (code == CLI_OK)
        code = run(own);
    cli_preview_free(&own->preview);
    cli_importing_free(&own->im);
    free((char *)(uintptr_t)usage.doc);
    free(own);
    return code;
}
