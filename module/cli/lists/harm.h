/*
 * harm.h - indicators that a list should not hold: names that would hurt the operator's own
 * clients, and holders of addresses on a list of a kind that is not compared with holders.
 *
 * Harmful names are top-level domains and public suffixes, since very many owners have names below.
 * `add` and `import` refuse such indicators for lists that act, unless --allow-suffix names them.
 * The root and prefixes of length 0 never get here: sw_indicator_parse() refuses both.
 *
 * Threads      one
 * Source       the Public Suffix List (libpsl: the system's newest copy, or the built-in one)
 */
#ifndef SW_CLI_LISTS_HARM_H
#define SW_CLI_LISTS_HARM_H

#include "base/indicator.h"

#include <argp.h>

#include <stdbool.h>

/**
 * Whether a list that acts should not hold an indicator: a top-level domain in any form; another
 * public suffix in the forms that cover names below ("=github.io" is a single name).
 * why  SW_WHY_MAX bytes, set when true
 */
bool cli_harmful(const struct sw_indicator *indicator, char why[SW_WHY_MAX]);

/**
 * The reason why an indicator matches nothing on a list of this kind: a holder of addresses
 * (registrant:, class:, country:) matches on lists of kind protected and known only. NULL: the
 * indicator matches. The text is static.
 */
const char *cli_never_matches(const struct sw_indicator *indicator, enum sw_kind kind);

/* Names that an option permits; empty: {0}. */
struct cli_names {
    struct sw_name *name;
    size_t n;
};

/** Add a name given to an option; ends the process with CLI_USAGE where text is no name. */
void cli_names_add(struct cli_names *names, const struct argp_state *state, const char *option,
                   const char *text);

/** Whether the indicator's name is one of the permitted names, in any form. */
bool cli_allowed(const struct cli_names *names, const struct sw_indicator *indicator);

#endif
