/*
 * edit.h - changing lists as module/REDIS.md says it: the hash and the change stream in one
 * MULTI; and waiting until every live resolver enforces the change.
 *
 * `add`, step by step: cli_list_kind() (does the list exist) -> each indicator is parsed and judged
 * (add.c) -> cli_put() (one MULTI with HSET and XADD) -> cli_report() (waits with --wait, prints).
 *
 * Threads      one
 * Interface    module/REDIS.md
 */
#ifndef SW_CLI_LISTS_EDIT_H
#define SW_CLI_LISTS_EDIT_H

#include "base/indicator.h"
#include "base/policy.h"
#include "cli/cli.h"

#include <jansson.h>

#define CLI_STREAMID_MAX 44       /* two 64-bit numbers, '-', NUL */
#define CLI_CHANGES_KEPT "100000" /* entries of the change stream, about */
#define CLI_WAIT_DEFAULT 10       /* seconds */

/**
 * Look a list up. CLI_OK: *kind is set (ioc when its policy does not parse). CLI_NONE: no such
 * list, or no permitted name: said, with names that are alike and what would create it.
 * CLI_REDIS: said.
 */
int cli_list_kind(struct cli *cli, const char *name, enum sw_kind *kind);

/** What facts (JSON text, or NULL) are with another end: allocated. Facts that are no JSON object
 * are replaced. expires "": no end. */
char *cli_facts_until(const char *facts, const char *expires);

/** Fields of a hash; 0 when there is no such key. CLI_OK, CLI_REDIS (said). */
int cli_hash_length(struct cli *cli, const char *key, uint64_t *out);

/** When indicators that are added to a list now end by its policy: allocated, or NULL for never.
 * CLI_OK, CLI_REDIS. */
int cli_list_lifetime(struct cli *cli, const char *name, char **expires);

/* One MULTI. */

/** Open it. */
void cli_begin(struct cli *cli);

/** Queue one command of it. */
void cli_change(struct cli *cli, const struct cli_argv *argv);

/** Begin an entry for the change stream: XADD key MAXLEN ~ n * op OP list LIST; indicators may be
 * added to argv as "i", text. */
void cli_change_entry(struct cli *cli, struct cli_argv *argv, const char *op, const char *list);

/** Execute it: the array of replies, the caller's to free, or NULL: said. */
redisReply *cli_commit(struct cli *cli);

#define CLI_BATCH 1000 /* indicators of one MULTI */

/* What a change did, for cli_report(). */
struct cli_outcome {
    const char *list;
    const char *op;            /* "add": for --json */
    char id[CLI_STREAMID_MAX]; /* of its last entry in the change stream; "" when none */
    json_t *members;           /* more for --json, or NULL; taken over */
    uint32_t wait_s;           /* --wait; 0: do not */
    const char *expires; /* when what is added ends (RFC 3339), "": never; NULL: facts say it */
    int code;            /* so far: CLI_OK or CLI_NONE */
};

/** Copy the id out of the last reply of a committed MULTI, whose last command was XADD. */
void cli_outcome_id(struct cli_outcome *outcome, const redisReply *replies);

/**
 * Wait if wanted, print (JSON object, or how the waiting ended), and return the exit code:
 * outcome->code, CLI_TIMEOUT, or CLI_REDIS.
 */
int cli_report(struct cli *cli, struct cli_outcome *outcome);

/**
 * Add up to CLI_BATCH indicators, in canonical form, to a list and tell the stream. One that is
 * there already keeps its facts, unless facts (JSON text) are given; NULL: none. outcome->expires
 * goes into the facts of all of them.
 * CLI_OK: *fresh grows by how many were not there, outcome has the id. CLI_REDIS: said.
 */
int cli_put(struct cli *cli, char *const *texts, size_t n, const char *facts, uint64_t *fresh,
            struct cli_outcome *outcome);

/** Value of --wait[=SECONDS]; 1 to 86400. */
uint32_t cli_wait_seconds(const struct argp_state *state, const char *arg);

/**
 * Wait until every live resolver has applied the change with this id, at most so many seconds.
 * done and late, arrays, get their names. CLI_OK, CLI_TIMEOUT, CLI_REDIS (said).
 */
int cli_wait(struct cli *cli, const char *id, uint32_t seconds, json_t *done, json_t *late);

#endif
