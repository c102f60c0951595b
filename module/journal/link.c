#include "journal/link.h"

#include "base/clock.h"
#include "base/log.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAUSE_MIN_US 100000  /* a Redis that restarts is back soon */
#define PAUSE_MAX_US 5000000 /* bounds both the load on a sick server and the delay after */
#define ARGS_MAX     12

struct sw_link {
    struct sw_redis *redis;
    struct sw_counters *counters;
    int64_t pause_us;
    int64_t next_try_us;
    bool down_told;
    char told[256]; /* last problem that was logged */
};

struct sw_link *sw_link_new(const struct sw_settings *settings, struct sw_counters *counters)
{
    struct sw_link *link = calloc(1, sizeof(*link));
    if (!link)
        return NULL;
    link->counters = counters;
    link->redis = sw_redis_new_writer(settings);
    if (!link->redis) {
        free(link);
        return NULL;
    }
    return link;
}

void sw_link_free(struct sw_link *link)
{
    if (link) {
        sw_redis_free(link->redis);
        free(link);
    }
}

struct sw_redis *sw_link_up(struct sw_link *link, int64_t mono_us)
{
    if (sw_redis_is_open(link->redis))
        return link->redis;
    if (mono_us < link->next_try_us)
        return NULL;
    if (sw_redis_open(link->redis) != SW_OK) {
        sw_link_failed(link, sw_clock_mono_us());
        return NULL;
    }
    sw_count(&link->counters->redis_connects, 1);
    return link->redis;
}

void sw_link_failed(struct sw_link *link, int64_t mono_us)
{
    const char *error = sw_redis_error(link->redis);
    sw_redis_close(link->redis);
    sw_count(&link->counters->redis_failures, 1);
    if (!link->down_told || strcmp(link->told, error) != 0) {
        sw_log(SW_LOG_WARNING, "events: Redis: %s; events wait in memory", error);
        snprintf(link->told, sizeof(link->told), "%s", error);
        link->down_told = true;
    }
    link->pause_us = link->pause_us == 0 ? PAUSE_MIN_US : link->pause_us * 2;
    if (link->pause_us > PAUSE_MAX_US)
        link->pause_us = PAUSE_MAX_US;
    /* Jitter of up to a quarter, from the noise in the clock's low digits. */
    uint64_t noise = (uint64_t)mono_us * UINT64_C(0x9e3779b97f4a7c15) >> 20;
    link->next_try_us =
        mono_us + link->pause_us - (int64_t)(noise % (uint64_t)(link->pause_us / 4));
}

void sw_link_worked(struct sw_link *link)
{
    link->pause_us = 0;
    if (link->down_told) {
        link->down_told = false;
        sw_log(SW_LOG_INFO, "events: Redis: %s takes events again", sw_redis_target(link->redis));
    }
}

int64_t sw_link_wait_us(const struct sw_link *link, int64_t mono_us)
{
    if (sw_redis_is_open(link->redis) || link->next_try_us <= mono_us)
        return 0;
    return link->next_try_us - mono_us;
}

void sw_link_hurry(struct sw_link *link)
{
    link->next_try_us = 0;
}

void sw_link_interrupt(struct sw_link *link)
{
    sw_redis_interrupt(link->redis);
}

enum sw_status sw_link_append(struct sw_redis *redis, int n, const char **texts)
{
    size_t lens[ARGS_MAX];
    assert(n <= ARGS_MAX);
    for (int i = 0; i < n; i++)
        lens[i] = strlen(texts[i]);
    return sw_redis_append_argv(redis, n, texts, lens);
}
