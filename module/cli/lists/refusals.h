/*
 * refusals.h - a bounded report of the refused items of a file.
 *
 * The first few refusals of each reason are named as they come, with file and line; at the end
 * stand the numbers by reason. So 300,000 bad lines are a screen of text, in words and in JSON.
 *
 * Threads      one
 * Memory       REASONS_MAX reasons, and the refusals that are named
 */
#ifndef SW_CLI_LISTS_REFUSALS_H
#define SW_CLI_LISTS_REFUSALS_H

#include "cli/output.h"

#define CLI_REFUSALS_SHOWN 20 /* named in all, by default */

struct cli_refusals {
    const char *file; /* of the refusals to come */
    struct cli_progress *progress;
    uint64_t n;
    uint32_t shown_max;
    json_t *first;     /* those that were named: objects with line, item, why */
    json_t *by_reason; /* words -> number */
};

/** Start, and free. progress is wiped before a refusal is named. */
void cli_refusals_begin(struct cli_refusals *refusals, struct cli_progress *progress);
void cli_refusals_free(struct cli_refusals *refusals);

/** Count a refusal; name it where few have had this reason. kind: words to put before the reason in
 * the numbers, or NULL. */
void cli_refuse(struct cli_refusals *refusals, uint64_t line, const char *text, size_t len,
                const char *kind, const char *why);

/** The numbers by reason, on standard error, where not all refusals were named. */
void cli_refusals_print(const struct cli_refusals *refusals);

#endif
