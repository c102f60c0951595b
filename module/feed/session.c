/*
 * session.c - the floor of the feeder: problems, the connection for writing, the wall clock, and
 * whether the thread has to stop.
 */
#include "base/clock.h"
#include "base/log.h"
#include "feed/feeder.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void sw_feed_problem(struct sw_feed *feed, enum sw_problem which, const char *format, ...)
{
    char words[SW_PROBLEM_MAX] = "";
    va_list args;

    if (format) {
        va_start(args, format);
        vsnprintf(words, sizeof(words), format, args);
        va_end(args);
    }
    for (char *c = words; *c; c++) {
        if ((unsigned char)*c < 0x20 || (unsigned char)*c > 0x7e)
            *c = '?';
    }
    if (strcmp(words, feed->problems[which]) == 0)
        return;
    memcpy(feed->problems[which], words, sizeof(words));
    feed->report_due = 0;
    if (words[0])
        sw_log(SW_LOG_ERROR, "feed: %s", words);
}

enum sw_status sw_feed_failed(struct sw_feed *feed, enum sw_status status, const char *doing)
{
    const char *error = sw_redis_error(feed->redis);
    if (!sw_feed_stopping(feed))
        sw_feed_problem(feed, SW_PROBLEM_REDIS, "%s: %s", doing,
                        *error ? error : sw_strerror(status));
    return status;
}

struct sw_redis *sw_feed_writer(struct sw_feed *feed)
{
    int64_t now = sw_clock_mono_us();
    if (sw_redis_is_open(feed->out))
        return feed->out;
    if (feed->out == feed->redis || now < feed->out_due)
        return NULL;
    if (sw_redis_open(feed->out) == SW_OK)
        return feed->out;
    sw_feed_write_failed(feed, SW_EIO, "connecting");
    return NULL;
}

enum sw_status sw_feed_write_failed(struct sw_feed *feed, enum sw_status status, const char *doing)
{
    const char *error = sw_redis_error(feed->out);
    if (feed->out == feed->redis)
        return sw_feed_failed(feed, status, doing);
    if (!sw_feed_stopping(feed))
        sw_feed_problem(feed, SW_PROBLEM_REPORT, "redis-primary: %s: %s", doing,
                        *error ? error : sw_strerror(status));
    sw_redis_close(feed->out);
    feed->out_due = sw_clock_mono_us() + SW_FEED_REPORT_US;
    return SW_OK;
}

bool sw_feed_stopping(const struct sw_feed *feed)
{
    return atomic_load_explicit(&feed->stopping, memory_order_acquire);
}

int64_t sw_feed_wall_us(const struct sw_feed *feed)
{
    return feed->host.wall_us ? feed->host.wall_us(feed->host.arg) : sw_clock_wall_us();
}
