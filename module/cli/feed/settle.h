/*
 * settle.h - the end of a run: status, log, the time of the next run, a source that stays away.
 *
 * cli_settle() writes all of these in one MULTI, which the lease of the feed fences.
 *
 * Threads      one
 * Interface    module/REDIS.md, "Feeds"
 */
#ifndef SW_CLI_FEED_SETTLE_H
#define SW_CLI_FEED_SETTLE_H

#include "cli/feed/apply.h"

struct cli_settled {
    const struct cli_feed_def *feed;
    const struct cli_apply *apply; /* NULL: the run died */
    const struct cli_fetch *fetch; /* likewise */
    enum cli_fetched fetched;      /* FAILED also where the content was not put in force */
    json_t *status;                /* before the run; the new fields are set here */
    const char *state_of;
    const char *change; /* the entry of the change stream up to which no change is another's */
    bool foreign;       /* others changed the list meanwhile: the next run fetches the whole */
    const char *died;   /* why there is no result; or NULL */
    int64_t took_us;
};

/** Write the end of a run. CLI_OK, CLI_REDIS (reported). */
int cli_settle(struct cli *cli, struct cli_settled *settled);

#endif
