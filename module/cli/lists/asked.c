/* asked.c - see asked.h. */
#include "cli/lists/asked.h"

#include <stdlib.h>
#include <string.h>

enum {
    KEY_FORMAT = 400,
    KEY_SCOPE,
    KEY_COLUMNS,
    KEY_ORIGIN,
    KEY_REFANG,
    KEY_ONLY,
    KEY_NO_FACTS,
    KEY_GIVEN,
    KEY_OVERRIDE,
    KEY_WHOLE,
    KEY_SHRINK,
    KEY_GROWTH,
    KEY_TOUCHED,
    KEY_SUFFIX,
    KEY_OWN,
    KEY_TOP,
    KEY_TOP_FILE,
    KEY_TOP_NAMES,
};

const struct argp_option cli_asked_options[] = {
    {"format", KEY_FORMAT, "FORMAT", 0, "a format that 'import --help' names; default: auto", 0},
    {"scope", KEY_SCOPE, "SCOPE", 0,
     "what names cover, whatever the format says: exact, below or both", 0},
    {"columns", KEY_COLUMNS, "NAMES", 0,
     "csv: names of the columns, separated by commas; an empty name is passed over", 0},
    {"origin", KEY_ORIGIN, "NAME", 0, "rpz: name of the zone, where the text does not say it", 0},
    {"refang", KEY_REFANG, NULL, 0, "understand defanged spellings: example[.]net, hxxp://", 0},
    {"only", KEY_ONLY, "ACTION,...", 0, "rpz, adblock, ..: only the entries with these actions", 0},
    {"no-facts", KEY_NO_FACTS, NULL, 0, "leave out what the file says about each indicator", 0},
    {"given", KEY_GIVEN, NULL, 0,
     "each rule has the action that the source gives it, local data included: rules of other "
     "actions than the list's are on lists LIST.ACTION of their own; import: with --replace",
     0},
    {"override", KEY_OVERRIDE, NULL, 0,
     "as --given, but every rule has the action of the list, exceptions and local data too", 0},
    {"whole", KEY_WHOLE, NULL, 0, "a last line without a line end is a cut file: do nothing", 0},
    {"max-shrink", KEY_SHRINK, "PERCENT", 0,
     "with --replace: a list that would shrink by more stays unchanged (default: 50; 100: never)",
     0},
    {"max-growth", KEY_GROWTH, "PERCENT", 0,
     "with --replace: a list that would grow by more stays unchanged (default: any growth; for a "
     "feed 900)",
     0},
    {"max-touched", KEY_TOUCHED, "N", 0,
     "change nothing if the new indicators cover more than N names that were resolved in the last "
     "7 days, by the memory of this resolver; import: all accepted indicators, and reads the file "
     "twice",
     0},
    {"allow-suffix", KEY_SUFFIX, "NAME", 0, "accept this top-level domain or public suffix", 0},
    {"allow-own", KEY_OWN, "NAME", 0,
     "accept this name, though it covers one of a list of kind allow or watch", 0},
    {"allow-top", KEY_TOP, "NAME", 0, "accept this name, though it covers a top name", 0},
    {"top-file", KEY_TOP_FILE, "FILE", 0,
     "refuse what covers a name of this file: rank,name on each line", 0},
    {"top", KEY_TOP_NAMES, "N", 0, "only the first N of that file (default: 10000)", 0},
    {0},
};

static void parse_only(struct cli_importing *im, const struct argp_state *state, const char *text)
{
    char *words = cli_copy(text), *rest = NULL;
    for (char *word = strtok_r(words, ",", &rest); word; word = strtok_r(NULL, ",", &rest)) {
        enum sw_action action;
        if (sw_action_parse(word, &action) != SW_OK)
            argp_error(state, "--only: '%s' is no action", cli_clean_text(word));
        im->only |= 1u << action;
    }
    free(words);
}

/* Options about the source. */
static error_t take_source(struct cli_asked *asked, int key, char *arg,
                           const struct argp_state *state)
{
    struct sw_reader_options *options = &asked->source->options;
    switch (key) {
    case KEY_FORMAT:
        cli_source_format(asked->source, state, arg);
        return 0;
    case KEY_SCOPE:
        cli_source_scope(asked->source, state, arg);
        return 0;
    case KEY_COLUMNS:
        options->columns = arg;
        options->format = SW_FORMAT_CSV;
        return 0;
    case KEY_ORIGIN:
        options->origin = arg;
        return 0;
    case KEY_REFANG:
        options->refang = true;
        return 0;
    case KEY_WHOLE:
        options->whole = true;
        return 0;
    case KEY_ONLY:
        parse_only(asked->im, state, arg);
        return 0;
    case KEY_OVERRIDE:
        asked->im->override = true; /* fall through */
    case KEY_GIVEN:
        options->given = asked->im->given = true;
        return 0;
    case KEY_NO_FACTS:
        asked->im->no_facts = true;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* Options about dangers, and all others. */
error_t cli_asked_take(struct cli_asked *asked, int key, char *arg, const struct argp_state *state)
{
    struct cli_importing *im = asked->im;
    switch (key) {
    case KEY_SHRINK:
        im->max_shrink = (unsigned)cli_number(state, "--max-shrink", arg, 0, 100);
        return 0;
    case KEY_GROWTH:
        im->max_growth = (unsigned)cli_number(state, "--max-growth", arg, 1, 1000000);
        return 0;
    case KEY_TOUCHED:
        im->max_touched = cli_number(state, "--max-touched", arg, 0, UINT64_MAX - 1);
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
        return take_source(asked, key, arg, state);
    }
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    return cli_asked_take(state->input, key, arg, state);
}

const struct argp cli_asked_argp = {.options = cli_asked_options, .parser = parse};

void cli_asked_begin(struct cli_asked *asked)
{
    asked->im->max_shrink = 50;
    asked->im->max_touched = UINT64_MAX;
    asked->im->top_names = CLI_TOP_DEFAULT;
}
