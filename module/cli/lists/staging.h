/*
 * staging.h - the new content of a list, built aside and put in place at one moment.
 *
 * `import --replace`, step by step: cli_staging_begin() (a random key, noted in the list's registry
 * of stagings) -> cli_staging_put() for each batch -> cli_staging_settle() -> cli_diff() ->
 * cli_staging_swap(), or cli_staging_drop(). Between two writers each builds a key of its own, and
 * the later swap wins.
 *
 * Threads      one
 * Reliability  the key and the registry expire an hour after the last batch, so that nothing stays
 *              behind a killed command; the swap compares the number of indicators under WATCH, so
 *              that a key that was evicted, expired or deleted is never put in force
 * Interface    module/REDIS.md; D-143, D-254
 */
#ifndef SW_CLI_LISTS_STAGING_H
#define SW_CLI_LISTS_STAGING_H

#include "cli/lists/diff.h"
#include "cli/lists/edit.h"

#define CLI_STAGING_LIFE_S "3600"

struct cli_staging {
    struct cli *cli;
    const char *list;
    const char *key, *registry; /* under the prefix */
    char name[33];              /* random, in hexadecimal digits: the key's last part */
    uint64_t n;                 /* distinct indicators written, without a batch on the way */
    bool lost;                  /* a batch was not written */
};

/** Choose a key that nobody else has, and note the key in the registry. CLI_OK, CLI_REDIS. */
int cli_staging_begin(struct cli_staging *staging, struct cli *cli, const char *list);

/**
 * Send n indicators in canonical form; facts[i] is JSON text or "". Redis writes them while the
 * caller collects the next batch, so the next call tells of a failure.
 *
 * CLI_OK, CLI_REDIS (reported).
 */
int cli_staging_put(struct cli_staging *staging, char *const *texts, char *const *facts, size_t n);

/** Wait for the last batch. Other commands of cli.h wait for a batch on the way by themselves.
 * CLI_OK; CLI_REDIS: a batch was not written (reported). */
int cli_staging_settle(struct cli_staging *staging);

/**
 * Give the list the staged content, keep the present content for a rollback, and tell resolvers:
 * all of this or nothing. A replacement that adds and removes nothing keeps the former content of
 * the rollback; a replacement that changes no facts either is not made, and outcome->id stays "".
 *
 * left    the state of the list after a failure
 * CLI_OK, CLI_REDIS (reported).
 */
int cli_staging_swap(struct cli_staging *staging, const struct cli_diff *diff,
                     struct cli_outcome *outcome, enum cli_left *left);

/** Delete the staged content; on a new connection if the former connection is gone. */
void cli_staging_drop(struct cli_staging *staging);

/** Names of the stagings of a list that are under way or were abandoned, each with the time of the
 * begin; an object, or NULL after an error message. */
json_t *cli_stagings(struct cli *cli, const char *list);

#endif
