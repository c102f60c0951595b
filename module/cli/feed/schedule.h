/*
 * schedule.h - the time from a run of a feed to the next one.
 *
 * Threads      pure functions
 * Standards    RFC 1035 3.3.13 (timers of the SOA record)
 * Decisions    D-168, D-172
 */
#ifndef SW_CLI_FEED_SCHEDULE_H
#define SW_CLI_FEED_SCHEDULE_H

#include <stdint.h>

#define CLI_PAUSE_MAX 86400 /* seconds that a source may ask for */

struct cli_feed_times {
    uint32_t every;          /* seconds, of the feed */
    uint32_t refresh, retry; /* seconds, of the SOA record of a policy zone; 0: not known */
};

/**
 * Seconds from the end of a run to the begin of the next.
 *
 * failures  in a row, 0 after a success
 * pause     seconds that the source asked for, 0: none; cut to CLI_PAUSE_MAX
 * random    any number: the jitter
 *
 * After a success: the smaller of `every` and `refresh`, and up to a tenth more. After a failure:
 * `retry` if there is one; otherwise a minute (or `every`, if that is less), twice as long after
 * each further failure; both up to the larger of `every` and an hour; then between half and all of
 * that. Timers of a zone under a minute count as a minute. Never less than `pause`.
 */
uint32_t cli_feed_delay(const struct cli_feed_times *times, uint32_t failures, uint32_t pause,
                        uint32_t random);

#endif
