/*
 * asked.h - options about a source of entries and its dangers, for `import` and for feeds.
 *
 * `import` takes the options from the command line, by cli_asked_argp as a child of its own argp.
 * `feed add` judges and keeps them as text; `feed run` reads the kept text with the same argp.
 *
 * Threads      one
 * Memory       text of options is borrowed
 * Errors       a wrong value is reported, and ends the process with CLI_USAGE
 */
#ifndef SW_CLI_LISTS_ASKED_H
#define SW_CLI_LISTS_ASKED_H

#include "cli/lists/importing.h"
#include "cli/lists/source.h"

struct cli_asked {
    struct cli_importing *im;
    struct cli_source *source;
};

/** The options, ended by {0}. */
extern const struct argp_option cli_asked_options[];

/** An argp with just these options; its input is a struct cli_asked. */
extern const struct argp cli_asked_argp;

/** Take an option; ARGP_ERR_UNKNOWN for a key of others. */
error_t cli_asked_take(struct cli_asked *asked, int key, char *arg, const struct argp_state *state);

/** Defaults: those of `import`. */
void cli_asked_begin(struct cli_asked *asked);

#endif
