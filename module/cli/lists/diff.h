/*
 * diff.h - the indicators that a replacement would remove and add.
 *
 * Threads      one
 * Memory       counts, and the first few indicators of each side
 * Interface    module/REDIS.md
 * Decision     D-036, D-246, D-254
 */
#ifndef SW_CLI_LISTS_DIFF_H
#define SW_CLI_LISTS_DIFF_H

#include "base/policy.h"
#include "cli/cli.h"

#include <jansson.h>

#define CLI_DIFF_SHOWN 10 /* indicators of each side that are named */

struct cli_diff {
    uint64_t before, after; /* indicators of the list now, and then */
    uint64_t added, removed;
    uint64_t exempt_before, exempt_added, exempt_removed; /* of these: exceptions of a zone */
    uint64_t changed;                    /* indicators of both whose facts differ */
    json_t *added_first, *removed_first; /* arrays of up to CLI_DIFF_SHOWN texts */
};

/** Compare the list's hash with the hash to replace the list, both in Redis, chunk by chunk.
 * CLI_OK; CLI_REDIS after an error message. cli_diff_free() in any case. */
int cli_diff(struct cli *cli, const char *now, const char *then, struct cli_diff *diff);
void cli_diff_free(struct cli_diff *diff);

/** Gets an indicator that the replacement has and the list has not. */
typedef void cli_added_fn(void *arg, const char *text, size_t len);

/** Hand over each indicator of `then` that `now` lacks; one may come twice. CLI_OK; CLI_REDIS after
 * an error message. */
int cli_diff_added(struct cli *cli, const char *now, const char *then, cli_added_fn *each,
                   void *arg);

/** For people: "+12 -3", and the first of each. */
void cli_diff_print(const struct cli_diff *diff);

enum cli_judged { CLI_DIFF_FITS, CLI_DIFF_SHRINKS, CLI_DIFF_GROWS };

/** Whether a list of some size would lose or gain more than so many percent of the indicators:
 * all of them, the rules that act, or the exceptions. Exceptions of a list without any are measured
 * by the smallest list that is judged. max_growth 0: any growth fits. why: set where it does not
 * fit. */
enum cli_judged cli_diff_judge(const struct cli_diff *diff, unsigned max_shrink,
                               unsigned max_growth, char why[SW_WHY_MAX]);

#endif
