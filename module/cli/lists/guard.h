/*
 * guard.h - names that a block list should not hold: the operator's own, and the most visited.
 *
 * Own names are those of the operator's lists of kind allow and watch; top names come from a file
 * in Tranco's form (rank,name). An indicator is guarded against when it covers such a name, also
 * as one of the names below it.
 *
 * Threads      one
 * Source       D-145
 * Memory       16 octets for each name, and for each name above it but for top-level domains
 */
#ifndef SW_CLI_LISTS_GUARD_H
#define SW_CLI_LISTS_GUARD_H

#include "base/indicator.h"
#include "cli/cli.h"

#include <stdio.h>

#define CLI_TOP_DEFAULT 10000 /* names of a top file, from the first */

/* A set of digests of names. */
struct cli_digests {
    uint64_t *slot; /* 0: empty */
    size_t n, room; /* room is a power of two */
};

struct cli_guard {
    struct cli_digests names; /* guarded themselves */
    struct cli_digests above; /* have such a name below */
    int64_t end_us; /* set before cli_guard_own(): the monotonic time to end at; 0: none */
    bool cut;       /* the time was over: some own names are not guarded */
};

/** Add the names of all lists of kind allow and watch that this user may read; the others are
 * reported. CLI_OK, CLI_REDIS (reported). */
int cli_guard_own(struct cli_guard *guard, struct cli *cli);

/** Add the first names of a file: "rank,name" or a name on each line. open: the file, or NULL:
 * opened by its path. CLI_OK, CLI_INPUT (reported). */
int cli_guard_top(struct cli_guard *guard, const char *path, FILE *open, uint64_t names);

/** Whether an indicator covers a guarded name. */
bool cli_guarded(const struct cli_guard *guard, const struct sw_indicator *indicator);

/** Free the sets. */
void cli_guard_free(struct cli_guard *guard);

#endif
