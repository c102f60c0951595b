/* interval.c - minutes, hours, days and months, and the names of their files. See folder.h. */
#include "memory/folder.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

/* The letters of DNSDB's files, and digits of the date: YYYYMMDD, YYYYMM. */
static const struct {
    char letter;
    int date;
    bool has_time; /* HHMM follows the date */
} tiers[] = {
    [SW_TIER_MINUTE] = {'m', 8, true},
    [SW_TIER_HOUR] = {'H', 8, true},
    [SW_TIER_DAY] = {'D', 8, false},
    [SW_TIER_MONTH] = {'M', 6, false},
};

struct sw_interval sw_interval_at(enum sw_tier tier, uint64_t time)
{
    struct sw_interval interval = {.tier = tier};
    static const uint64_t seconds[] = {60, 3600, 86400};
    if (tier != SW_TIER_MONTH) {
        interval.start = time - time % seconds[tier];
        interval.end = interval.start + seconds[tier];
        return interval;
    }
    time_t at = (time_t)time;
    struct tm tm;
    gmtime_r(&at, &tm);
    struct tm first = {.tm_year = tm.tm_year, .tm_mon = tm.tm_mon, .tm_mday = 1};
    struct tm next = {.tm_year = tm.tm_year, .tm_mon = tm.tm_mon + 1, .tm_mday = 1};
    interval.start = (uint64_t)timegm(&first);
    interval.end = (uint64_t)timegm(&next);
    return interval;
}

void sw_interval_name(const struct sw_interval *interval, unsigned number,
                      char name[SW_FILE_NAME_MAX])
{
    time_t at = (time_t)interval->start;
    struct tm tm;
    char date[32], clock[8] = "", again[16] = "";
    gmtime_r(&at, &tm);
    strftime(date, sizeof(date), "%Y%m%d", &tm);
    if (tiers[interval->tier].has_time)
        strftime(clock, sizeof(clock), ".%H%M", &tm);
    if (number > 1)
        snprintf(again, sizeof(again), ".%u", number);
    snprintf(name, SW_FILE_NAME_MAX, "dns.%.*s%s.%c%s.mtbl", tiers[interval->tier].date, date,
             clock, tiers[interval->tier].letter, again);
}

/* The number behind the letter of a name: 1 if there is none, 0 if the rest is something else. */
static unsigned parse_number(const char *rest)
{
    unsigned number = 0, n = 0;
    if (strcmp(rest, ".mtbl") == 0)
        return 1;
    for (rest++; *rest >= '0' && *rest <= '9' && n < 6; rest++, n++)
        number = 10 * number + (unsigned)(*rest - '0');
    return strcmp(rest, ".mtbl") == 0 ? number : 0;
}

/* The number of n digits at text, or -1. */
static int digits(const char *text, int n)
{
    int number = 0;
    for (int i = 0; i < n; i++) {
        if (text[i] < '0' || text[i] > '9')
            return -1;
        number = 10 * number + text[i] - '0';
    }
    return number;
}

/* The time that a name tells in the form of a tier, and the rest of the name; false: another. */
static bool parse_time(const char *name, enum sw_tier tier, uint64_t *start, const char **rest)
{
    struct tm tm = {.tm_mday = 1};
    size_t date = (size_t)tiers[tier].date, len = 4 + date + (tiers[tier].has_time ? 5 : 0);
    if (strncmp(name, "dns.", 4) != 0 || strlen(name) < len)
        return false;
    tm.tm_year = digits(name + 4, 4) - 1900;
    tm.tm_mon = digits(name + 8, 2) - 1;
    if (date == 8)
        tm.tm_mday = digits(name + 10, 2);
    if (tiers[tier].has_time) {
        tm.tm_hour = digits(name + 13, 2);
        tm.tm_min = digits(name + 15, 2);
    }
    time_t at = timegm(&tm);
    if (at < 0)
        return false;
    *start = (uint64_t)at;
    *rest = name + len;
    return true;
}

bool sw_interval_parse(const char *name, struct sw_interval *interval)
{
    for (enum sw_tier tier = SW_TIER_MINUTE; tier <= SW_TIER_MONTH; tier++) {
        char again[SW_FILE_NAME_MAX];
        const char *rest;
        uint64_t start;
        if (!parse_time(name, tier, &start, &rest) || rest[0] != '.' ||
            rest[1] != tiers[tier].letter || rest[2] != '.')
            continue;
        struct sw_interval found = sw_interval_at(tier, start);
        sw_interval_name(&found, parse_number(rest + 2), again);
        if (strcmp(name, again) != 0)
            continue;
        *interval = found;
        return true;
    }
    return false;
}
