/*
 * clock.c - the real clocks, and time as text.
 */
#include "base/clock.h"

#include <stdio.h>
#include <time.h>

#define US_PER_S 1000000

static int64_t clock_us(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now); /* cannot fail for these two clocks */
    return (int64_t)now.tv_sec * US_PER_S + now.tv_nsec / 1000;
}

int64_t sw_clock_wall_us(void)
{
    return clock_us(CLOCK_REALTIME);
}

int64_t sw_clock_mono_us(void)
{
    return clock_us(CLOCK_MONOTONIC);
}

char *sw_time_text(int64_t wall_us, char text[SW_TIMETEXT_MAX])
{
    int64_t s = wall_us / US_PER_S;
    int64_t us = wall_us % US_PER_S;
    if (us < 0) { /* before 1970: round down */
        s--;
        us += US_PER_S;
    }
    time_t seconds = (time_t)s;
    struct tm utc = {0};
    gmtime_r(&seconds, &utc);
    size_t used = strftime(text, SW_TIMETEXT_MAX, "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(text + used, SW_TIMETEXT_MAX - used, ".%03uZ", (unsigned)(us / 1000) % 1000);
    return text;
}
