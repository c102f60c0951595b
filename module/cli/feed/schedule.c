/* schedule.c - see schedule.h. */
#include "cli/feed/schedule.h"

#define FIRST_S   60   /* to the second attempt */
#define LONGEST_S 3600 /* between attempts, where the feed's own interval is shorter */

/* Twice as long after each failure. */
static uint32_t backoff(uint32_t every, uint32_t failures)
{
    uint32_t longest = every > LONGEST_S ? every : LONGEST_S;
    uint64_t delay = every < FIRST_S ? every : FIRST_S;
    for (uint32_t i = 1; i < failures && delay < longest; i++)
        delay *= 2;
    return (uint32_t)(delay < longest ? delay : longest);
}

uint32_t cli_feed_delay(uint32_t every, uint32_t failures, uint32_t pause, uint32_t random)
{
    uint32_t base = failures ? backoff(every, failures) : every;
    uint32_t span = failures ? base - base / 2 : base / 10; /* of the jitter */
    uint32_t least = failures ? base / 2 : base;
    uint32_t delay = least + (span ? random % (span + 1) : 0);
    if (pause > CLI_PAUSE_MAX)
        pause = CLI_PAUSE_MAX;
    return delay > pause ? delay : pause;
}
