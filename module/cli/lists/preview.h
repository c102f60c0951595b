/*
 * preview.h - the look ahead: what a change would have touched in the last days, by the memory.
 *
 * An import collects its accepted indicators, and the memory is asked once for all of them:
 *     cli_preview_begin() -> cli_preview_add() for each indicator -> cli_preview_end()
 *     -> cli_preview_print() or cli_preview_json() -> cli_preview_free()
 *
 * Threads      one
 * Memory       the octets of the indicators, and an entry for each touched name
 */
#ifndef SW_CLI_LISTS_PREVIEW_H
#define SW_CLI_LISTS_PREVIEW_H

#define CLI_PREVIEW_DAYS 7 /* where no other number is asked for */

#include "base/indicator.h"
#include "cli/output.h"

struct cli_touched;

struct cli_preview {
    uint64_t days;           /* asked: seen in so many days before now */
    uint64_t indicators;     /* added */
    uint64_t left_out;       /* AS numbers and holders, which are not looked for */
    uint64_t touched;        /* indicators that were resolved */
    uint64_t names, count;   /* different owner names, and how often their records were received */
    struct cli_touched *all; /* inside */
    size_t n, max;
    bool *hit; /* by tag */
    void *hunt;
    uint64_t since, rows; /* rows looked at */
    size_t limit;         /* entries of `all`; 0: no limit. Set after cli_preview_begin() */
    int64_t end_us;       /* the monotonic time to end the search at; 0: none. Set likewise */
    bool cut;             /* the search ended at `limit` or `end_us`: all numbers are too low */
};

/** CLI_OK, or CLI_SETTINGS after an error message: memory-folder is not set. */
int cli_preview_begin(struct cli_preview *preview, struct cli *cli, uint64_t days);
void cli_preview_add(struct cli_preview *preview, const struct sw_indicator *indicator);

/** The same for an indicator of a list in Redis; text that is none is passed over. */
void cli_preview_add_text(void *arg, const char *text, size_t len);

/** Ask the memory. CLI_OK (also for a look that was cut), or CLI_INPUT after an error message. */
int cli_preview_end(struct cli_preview *preview, struct cli *cli);

/** Ask as cli_preview_end(), and compare: CLI_NONE after an error message and the table, when the
 * change would touch more than `most` names. A look that was cut counts as too many. */
int cli_preview_judge(struct cli_preview *preview, struct cli *cli, uint64_t most);

/** For people: the sum, and the names that were resolved most, with AS and holder. */
void cli_preview_print(const struct cli_preview *preview, struct cli *cli);

/** The same as an object. */
json_t *cli_preview_json(const struct cli_preview *preview, struct cli *cli);
void cli_preview_free(struct cli_preview *preview);

#endif
