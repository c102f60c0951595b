/*
 * clock.c - the real clocks, and time as text.
 */
#include "base/clock.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
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

/* Exactly n digits at *text; -1 when there are not. Moves on. */
static int digits(const char **text, const char *end, int n)
{
    int value = 0;
    if (end - *text < n)
        return -1;
    for (int i = 0; i < n; i++, (*text)++) {
        if (**text < '0' || **text > '9')
            return -1;
        value = value * 10 + (**text - '0');
    }
    return value;
}

static bool skip(const char **text, const char *end, const char *one_of)
{
    bool there = *text < end && **text != '\0' && strchr(one_of, **text) != NULL;
    *text += there;
    return there;
}

/* A fraction after its point, in microseconds; -1: no digit. */
static int fraction(const char **text, const char *end)
{
    int us = 0, unit = US_PER_S / 10;
    const char *first = *text;
    for (; *text < end && **text >= '0' && **text <= '9'; (*text)++, unit /= 10)
        us += (**text - '0') * unit;
    return *text == first ? -1 : us;
}

/* "Z", "+hh:mm", "-hh:mm": seconds east of Greenwich; 86400 when it is none of these. */
static int offset(const char **text, const char *end)
{
    if (skip(text, end, "Zz"))
        return 0;
    bool west = *text < end && **text == '-';
    if (!skip(text, end, "+-"))
        return 86400;
    int hours = digits(text, end, 2);
    int minutes = skip(text, end, ":") ? digits(text, end, 2) : -1;
    if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59)
        return 86400;
    return (west ? -1 : 1) * (hours * 3600 + minutes * 60);
}

/* "2026-11-23T01:02:03": checked by writing it again, so that there is no February 30th. */
static bool date_and_time(const char **text, const char *end, int64_t *seconds)
{
    struct tm tm = {0}, again = {0};
    tm.tm_year = digits(text, end, 4) - 1900;
    tm.tm_mon = (skip(text, end, "-") ? digits(text, end, 2) : 0) - 1;
    tm.tm_mday = skip(text, end, "-") ? digits(text, end, 2) : 0;
    tm.tm_hour = skip(text, end, "Tt ") ? digits(text, end, 2) : -1;
    tm.tm_min = skip(text, end, ":") ? digits(text, end, 2) : -1;
    tm.tm_sec = skip(text, end, ":") ? digits(text, end, 2) : -1;
    if (tm.tm_year < -1900 || tm.tm_mon < 0 || tm.tm_mday < 1 || tm.tm_hour < 0 || tm.tm_min < 0 ||
        tm.tm_sec < 0)
        return false;
    bool leap = tm.tm_sec == 60; /* a leap second is the next minute's first */
    struct tm wanted = tm;
    wanted.tm_sec = leap ? 59 : tm.tm_sec;
    tm.tm_sec = wanted.tm_sec;
    time_t at = timegm(&tm);
    gmtime_r(&at, &again);
    *seconds = (int64_t)at + leap;
    return again.tm_year == wanted.tm_year && again.tm_mon == wanted.tm_mon &&
           again.tm_mday == wanted.tm_mday && again.tm_hour == wanted.tm_hour &&
           again.tm_min == wanted.tm_min && again.tm_sec == wanted.tm_sec;
}

enum sw_status sw_time_parse(const char *text, size_t len, int64_t *wall_us)
{
    const char *at = text, *end = text + len;
    int64_t seconds = 0;
    int us = 0;
    while (at < end && *at >= '0' && *at <= '9' && at - text < 12)
        seconds = seconds * 10 + (*at++ - '0');
    if (len > 0 && at == end) {
        *wall_us = seconds * US_PER_S;
        return SW_OK;
    }
    at = text;
    if (!date_and_time(&at, end, &seconds))
        return SW_ESYNTAX;
    if (skip(&at, end, "."))
        us = fraction(&at, end);
    int east = offset(&at, end);
    if (us < 0 || east == 86400 || at != end)
        return SW_ESYNTAX;
    *wall_us = (seconds - east) * US_PER_S + us;
    return SW_OK;
}
