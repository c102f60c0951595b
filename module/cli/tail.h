/*
 * tail.h - the last and the following entries of a stream of JSON objects: `events` and
 * `anomalies` differ only in the stream and in the line for an object.
 *
 * Step by step: XREVRANGE back to the n-th picked entry, printed oldest first, or with --after or
 * --since XRANGE from an id on; with --follow XREAD BLOCK from the last id on, until the process is
 * ended.
 *
 * Threads      one
 * Interface    module/REDIS.md: each entry has an object in the field e
 */
#ifndef SW_CLI_TAIL_H
#define SW_CLI_TAIL_H

#include "cli/cli.h"

#include <jansson.h>

struct cli_tail {
    const char *stream;   /* suffix of the key: "events" */
    const char *nothing;  /* words when there is none */
    struct cli_usage use; /* words and doc; options are tail.c's */
    /* Print an object as a line for people. */
    void (*line)(const struct cli *cli, const json_t *object);
};

/** Run the sub-command. */
int cli_tail(struct cli *cli, const struct cli_tail *tail, int argc, char **argv);

/** Print an anomaly as a line for people. */
void cli_anomaly_line(const struct cli *cli, const json_t *event);

/** Print " AS8342 RTComm.RU; registrant" of an element of sinkwatch.owners[], as far as known. */
void cli_print_as(const json_t *owner);

#endif
