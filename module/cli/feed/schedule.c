/* schedule.c - see schedule.h. */
#include "cli/feed/schedule.h"

#define FIRST_S   60   /* to the second attempt */
#define LONGEST_S 3600 /* between attempts, where the feed's own interval is shorter */

/* Twice as long after each failure, or the same time each if the zone gives one. */
static uint32_t backoff(const struct cli_feed_times *times, uint32_t failures)
{
    uint32_t longest = times->every > LONGEST_S ? times->every : LONGEST_S;
    uint64_t delay = times->retry ? times->retry : FIRST_S;
    if (delay < FIRST_S)
        delay = FIRST_S;
    if (delay > times->every && !times->retry)
        delay = times->every;
    for (uint32_t i = 1; i < failures && delay < longest && !times->retry; i++)
        delay *= 2;
    return (uint32_t)(delay < longest ? delay : longest);
}

uint32_t cli_feed_delay(const struct cli_feed_times *times, uint32_t failures, uint32_t pause,
                        uint32_t random)
{
    uint32_t every = times->every;
    if (times->refresh && times->refresh < every)
        every = times->refresh < FIRST_S ? FIRST_S : times->refresh;
    uint32_t base = failures ? backoff(times, failures) : every;
    uint32_t span = failures ? base - base / 2 : base / 10; /* of the jitter */
    uint32_t least = failures ? base / 2 : base;
    uint32_t delay = least + (span ? random % (span + 1) : 0);
    if (pause > CLI_PAUSE_MAX)
        pause = CLI_PAUSE_MAX;
    return delay > pause ? delay : pause;
}
