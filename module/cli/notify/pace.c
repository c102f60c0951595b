/* pace.c - see pace.h. */
#include "cli/notify/pace.h"

#define US_PER_S 1000000

bool pace_is_quiet(const struct notify_target *target, const struct tm *local)
{
    int minute = local->tm_hour * 60 + local->tm_min;
    unsigned today = 1U << local->tm_wday, yesterday = 1U << (local->tm_wday + 6) % 7;
    for (uint32_t i = 0; i < target->quiet_n; i++) {
        const struct notify_quiet *q = &target->quiet[i];
        bool over_night = q->to <= q->from;
        if (q->days & today && minute >= q->from && (over_night || minute < q->to))
            return true;
        if (over_night && q->days & yesterday && minute < q->to)
            return true;
    }
    return false;
}

static bool is_over(const struct pace *pace, const struct notify_target *target, int64_t now_us)
{
    return now_us - pace->begin_us >= (int64_t)target->rate_s * US_PER_S;
}

bool pace_has_room(const struct pace *pace, const struct notify_target *target, int64_t now_us)
{
    return target->rate_max == 0 || pace->handed < target->rate_max ||
           is_over(pace, target, now_us);
}

void pace_take(struct pace *pace, const struct notify_target *target, int64_t now_us)
{
    if (pace->handed == 0 || is_over(pace, target, now_us))
        *pace = (struct pace){.begin_us = now_us};
    pace->handed++;
}
