/*
 * schedule.h - the time from a run of a feed to the next one.
 *
 * Threads      pure functions
 * Decision     D-172
 */
#ifndef SW_CLI_FEED_SCHEDULE_H
#define SW_CLI_FEED_SCHEDULE_H

#include <stdint.h>

#define CLI_PAUSE_MAX 86400 /* seconds that a source may ask for */

/**
 * Seconds from the end of a run to the begin of the next.
 *
 * every     of the feed
 * failures  in a row, 0 after a success
 * pause     seconds that the source asked for, 0: none; cut to CLI_PAUSE_MAX
 * random    any number: the jitter
 *
 * After a success: `every`, and up to a tenth more. After a failure: a minute (or `every`, if that
 * is less), twice as long after each further failure, up to the larger of `every` and an hour;
 * then between half and all of that. Never less than `pause`.
 */
uint32_t cli_feed_delay(uint32_t every, uint32_t failures, uint32_t pause, uint32_t random);

#endif
