/*
 * stale.h - the list of a source that stays away.
 *
 * A feed that was added with --stale-after is stale when no run has succeeded for that time, and
 * the list is then kept, put into shadow mode, or emptied: once, and the log says so. The next
 * success ends a shadow mode that was begun here.
 *
 * `feed run`, step by step: cli_stale_prepare() reads the policy of the list, under WATCH
 * -> cli_begin() -> cli_stale_write() -> cli_commit() -> cli_stale_free().
 *
 * Threads      one
 * Decision     D-173
 */
#ifndef SW_CLI_FEED_STALE_H
#define SW_CLI_FEED_STALE_H

#include "cli/feed/store.h"

struct cli_stale_step {
    enum { CLI_STEP_NONE, CLI_STEP_BEGIN, CLI_STEP_END } kind;
    json_t *policy; /* new policy of the list, or NULL: stays */
    bool empties;   /* all indicators are removed, the list stays */
    json_t *parts;  /* of the list (cli/lists/listparts.h), or NULL */
    json_t *full;   /* with `empties`: names of the lists that have indicators; or NULL */
};

/** Choose the step for the status of a run; sets "stale" and "stale_did" in the status. CLI_OK,
 * CLI_REDIS (reported). */
int cli_stale_prepare(struct cli_stale_step *step, struct cli *cli, const struct cli_feed_def *feed,
                      json_t *status, bool good);

/** Add the step to the open MULTI. */
void cli_stale_write(const struct cli_stale_step *step, struct cli *cli,
                     const struct cli_feed_def *feed, const json_t *status);

void cli_stale_free(struct cli_stale_step *step); /* all but the structure itself */

#endif
