/*
 * edit.h - changing lists as module/REDIS.md describes: the hash and the change stream in a single
 * MULTI; and waiting until every live resolver enforces the change.
 *
 * `add`, step by step: cli_list_kind() (does the list exist) -> each indicator is parsed and judged
 * (add.c) -> cli_put() (MULTI with HSET and XADD) -> cli_report() (waits with --wait, prints).
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
 * Look a list up. CLI_OK: *kind is set (ioc for a policy that does not parse). CLI_NONE: no such
 * list, or no permitted name; prints similar names and the command to create the list. CLI_REDIS
 * after an error message.
 */
int cli_list_kind(struct cli *cli, const char *name, enum sw_kind *kind);

/** Copy facts (JSON text, or NULL) with another end: allocated. Facts that are no JSON object are
 * replaced. expires "": no end. */
char *cli_facts_until(const char *facts, const char *expires);

/** Fields of a hash; 0 when there is no such key. CLI_OK, CLI_REDIS (reported). */
int cli_hash_length(struct cli *cli, const char *key, uint64_t *out);

/** The end that a list's policy gives to an indicator added now: allocated, or NULL for never.
 * CLI_OK, CLI_REDIS. */
int cli_list_lifetime(struct cli *cli, const char *name, char **expires);

/** Whether the change stream can be written: no key of another type is in its place. CLI_OK (also
 * where that may not be asked), CLI_REDIS (reported). */
int cli_changes_usable(struct cli *cli);

/* A MULTI. */

/** WATCH keys, ended by CLI_END: the next MULTI does nothing when one of these keys has changed by
 * then. CLI_OK, CLI_REDIS (reported). */
int cli_watch(struct cli *cli, const char *key, ...) __attribute__((sentinel));

/** Open a MULTI. With cli->fence_key the MULTI does nothing, and cli_commit() fails, unless the key
 * has the value cli->fence from now to the end of the MULTI (D-171). */
void cli_begin(struct cli *cli);

/** Queue a command in the MULTI. */
void cli_change(struct cli *cli, const struct cli_argv *argv);

/** Begin an entry for the change stream: XADD key MAXLEN ~ n * op OP list LIST; indicators may be
 * added to argv as "i", text. */
void cli_change_entry(struct cli *cli, struct cli_argv *argv, const char *op, const char *list);

/* The state of a list after a MULTI that failed. */
enum cli_left {
    CLI_LEFT_AS_IT_WAS, /* nothing was carried out */
    CLI_LEFT_FOILED,    /* nothing was carried out: a watched key has changed; not reported */
    CLI_LEFT_PARTLY,    /* some commands were carried out */
    CLI_LEFT_UNKNOWN,   /* the connection broke before the answer came */
};

/** Execute the MULTI: the array of replies, freed by the caller, or NULL after an error message.
 * left  set on NULL */
redisReply *cli_commit(struct cli *cli, enum cli_left *left);

/** Execute a MULTI without WATCH, and say after a failure how the list is left. */
redisReply *cli_commit_list(struct cli *cli, const char *list);

/** Say how a list is left after a failure. */
void cli_say_left(const char *list, enum cli_left left);

#define CLI_BATCH 1000 /* indicators in a MULTI */

/* The outcome of a change, for cli_report(). */
struct cli_outcome {
    const char *list;
    const char *op;            /* "add": for --json */
    char id[CLI_STREAMID_MAX]; /* the last entry in the change stream; "" for none */
    json_t *members;           /* more for --json, or NULL; taken over */
    uint32_t wait_s;           /* --wait; 0: do not */
    const char *expires; /* end of the added indicators (RFC 3339), "": never; NULL: in the facts */
    int code;            /* so far: CLI_OK, CLI_NONE or CLI_PARTLY */
};

/** Copy the id out of the last reply of a committed MULTI. Requires: the last command was XADD. */
void cli_outcome_id(struct cli_outcome *outcome, const redisReply *replies);

/**
 * Wait if wanted, print (JSON object, or how the waiting ended), and return the exit code:
 * outcome->code, CLI_TIMEOUT, or CLI_REDIS.
 */
int cli_report(struct cli *cli, struct cli_outcome *outcome);

/**
 * Add up to CLI_BATCH indicators, in canonical form, to a list and to the change stream. An
 * indicator on the list keeps the facts where facts[i] is ""; otherwise facts[i] (JSON text)
 * replaces them. outcome->expires goes into the facts of all indicators.
 *
 * fresh  grows by the number of indicators that were not on the list, each counted once
 * CLI_OK: outcome has the id. CLI_REDIS after an error message.
 */
int cli_put(struct cli *cli, char *const *texts, char *const *facts, size_t n, uint64_t *fresh,
            struct cli_outcome *outcome);

/** Remove up to CLI_BATCH indicators, in canonical form, from the list. Results as cli_put(). */
int cli_take(struct cli *cli, char *const *texts, size_t n, struct cli_outcome *outcome);

/** Value of --wait[=SECONDS]; 1 to 86400. */
uint32_t cli_wait_seconds(const struct argp_state *state, const char *arg);

/** With --wait, a word of digits is meant as the seconds: say how these are written. */
void cli_wait_hint(char *const *words, int n, uint32_t wait_s);

/**
 * Wait until every live resolver has applied the change with this id, at most so many seconds.
 * The arrays done and late get the resolvers' names. CLI_OK, CLI_TIMEOUT, CLI_REDIS.
 */
int cli_wait(struct cli *cli, const char *id, uint32_t seconds, json_t *done, json_t *late);

#endif
