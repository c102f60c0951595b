/*
 * clock.c - the real clocks, and time as text.
 */
#include "base/clock.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define US_PER_S    1000000
#define MINUTE_TEXT 17 /* octets of a time up to the seconds */

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

/* Put n decimal digits of value, with leading zeros; returns the place behind the digits. */
static char *put_digits(char *to, unsigned value, int n)
{
    for (int i = n; i-- > 0; value /= 10)
        to[i] = (char)('0' + value % 10);
    return to + n;
}

/* Day of the year (0..365) as month and day, both from 1. */
static void month_of(unsigned day, bool leap, unsigned *month, unsigned *mday)
{
    static const unsigned lengths[2][12] = {{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31},
                                            {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}};
    const unsigned *length = lengths[leap];
    for (*month = 1; day >= *length; ++*month)
        day -= *length++;
    *mday = day + 1;
}

/* Days of the Gregorian calendar from the start of year 0 to that of a year. */
static int64_t days_before(int64_t year)
{
    return 365 * year + (year + 3) / 4 - (year + 99) / 100 + (year + 399) / 400;
}

/* "2026-11-23T01:02:" of a minute since 1970 within years 0 to 9999. */
static void minute_text(int64_t minute, int64_t first, char text[MINUTE_TEXT])
{
    int64_t days = (minute - first) / 1440;
    unsigned of_day = (unsigned)((minute - first) % 1440), month, mday;
    int64_t year = days * 400 / 146097; /* estimate, wrong by a year at most */
    year -= days < days_before(year);
    year += days >= days_before(year + 1);
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    month_of((unsigned)(days - days_before(year)), leap, &month, &mday);
    char *to = put_digits(text, (unsigned)year, 4);
    *to++ = '-';
    to = put_digits(to, month, 2);
    *to++ = '-';
    to = put_digits(to, mday, 2);
    *to++ = 'T';
    to = put_digits(to, of_day / 60, 2);
    *to++ = ':';
    to = put_digits(to, of_day % 60, 2);
    *to = ':';
}

/* Each event has several times, mostly of the same minute, so the text of the last minute is kept.
 * strftime() would cost as much as the rest of the event's document. */
char *sw_time_text(int64_t wall_us, char text[SW_TIMETEXT_MAX])
{
    static _Thread_local int64_t known = INT64_MIN; /* the minute of the kept text */
    static _Thread_local char kept[MINUTE_TEXT];
    const int64_t first = -62167219200, last = 253402300799; /* years 0 to 9999 */
    int64_t s = wall_us / US_PER_S, us = wall_us % US_PER_S;
    if (us < 0) { /* before 1970: round down */
        s--;
        us += US_PER_S;
    }
    s = s < first ? first : s > last ? last : s;
    int64_t minute = (s - first) / 60 + first / 60;
    if (minute != known) {
        minute_text(minute, first / 60, kept);
        known = minute;
    }
    memcpy(text, kept, MINUTE_TEXT);
    char *to = put_digits(text + MINUTE_TEXT, (unsigned)(s - minute * 60), 2);
    *to = '.';
    to = put_digits(to + 1, (unsigned)(us / 1000), 3);
    memcpy(to, "Z", 2);
    return text;
}

/* The number of exactly n digits at *text, -1 for fewer. Moves *text past the digits. */
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
    bool there = *text < end && **text != '\0' && strchr(one_of, **text);
    *text += there;
    return there;
}

/* The fraction after the decimal point, in microseconds; -1: no digit. */
static int fraction(const char **text, const char *end)
{
    int us = 0, unit = US_PER_S / 10;
    const char *first = *text;
    for (; *text < end && **text >= '0' && **text <= '9'; (*text)++, unit /= 10)
        us += (**text - '0') * unit;
    return *text == first ? -1 : us;
}

/* "Z", "+hh:mm", "-hh:mm": seconds east of Greenwich; 86400 for any other text. */
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

/* "2026-11-23T01:02:03". Checked by printing the result again, which refuses February 30th. */
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
    bool leap = tm.tm_sec == 60; /* a leap second counts as the first second of the next minute */
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
