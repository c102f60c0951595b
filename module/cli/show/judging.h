/*
 * judging.h - an indicator judged by all lists, with the code that the resolver runs.
 *
 * Threads      one, inside an RCU section as long as a result is used
 * Decisions    D-177, D-226
 */
#ifndef SW_CLI_SHOW_JUDGING_H
#define SW_CLI_SHOW_JUDGING_H

#include "base/indicator.h"
#include "cli/cli.h"
#include "flow/stage.h"

#include <jansson.h>

struct cli_judged {
    struct sw_indicator what; /* set before: a name, an address, an AS number, a holder */
    struct sw_match match;
    struct sw_hits hits;
    struct sw_verdict verdict, over_tcp;
    bool by_transport; /* over_tcp differs from verdict */
};

/** Load all lists of Redis. CLI_OK; CLI_REDIS (reported). Refused items are reported as well. */
int cli_judging_load(struct cli *cli, struct sw_index *index);

/** Judge j->what by any trigger of the rules' lists: a name as the question, as an alias and as a
 * name server, an address in an answer, of a client and of a name server. */
void cli_judge(const struct sw_flow *flow, struct cli_judged *j);

/* Clients of some groups, who all get the same answer. */
struct cli_audience {
    const struct sw_groups *groups; /* with names */
    uint32_t set;                   /* bit i: group i of these; bit 0: clients in no group */
    struct cli_judged judged;       /* for these clients */
};

typedef void (*cli_audience_fn)(void *arg, const struct cli_audience *audience);

/** Judge j->what for the clients of each group: those of the settings, and those that the matching
 * rules' lists name. fn is called for each audience if there are several, else not at all. */
void cli_judge_groups(const struct sw_flow *flow, const struct cli_judged *j, cli_audience_fn fn,
                      void *arg);

/** The object that `sinkwatch --json check` prints for a word: rules, winner, verdict, reason,
 * owner. NULL: not a word to check (reported). Inside an RCU section. */
json_t *cli_check_json(const struct sw_flow *flow, const char *word);

/** Judge each line of a file (-: standard input), and print the lines that a rule acts on. CLI_OK;
 * CLI_NONE: no rule acts on any line; CLI_PARTLY: some lines are refused and reported; CLI_INPUT:
 * reported. */
int cli_judge_file(struct cli *cli, const struct sw_flow *flow, const char *path);

#endif
