/*
 * fault_history.h - a history of the fault test: random numbers, servers, feeder, words.
 *
 * Threads      the driver's; the feeder has a separate thread
 */
#ifndef SW_TESTS_FAULT_FAULT_HISTORY_H
#define SW_TESTS_FAULT_FAULT_HISTORY_H

#include "../unit/redis_fixture.h"
#include "between.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/rcu.h"
#include "feed/feed.h"
#include "feed/local.h"

#define P         "{sinkwatch}"
#define LISTS     4
#define STEPS     25
#define SETTLE_MS 20000
#define LINES     256 /* of a history */
#define LINE_MAX_ 160

static const char *const lists[LISTS] = {"a", "b", "c", "d"};
static const char *const universe[] = {
    "n0.test",     "n1.test",       "n2.test",      "n3.test",   "=n0.test",  "=n1.test",
    "*.n0.test",   "*.n2.test",     "sub.n0.test",  "192.0.2.1", "192.0.2.2", "192.0.2.0/24",
    "2001:db8::1", "2001:db8::/32", "AS64500",      "AS64501",   "N1.TEST.",  "N2.test",
    "as64500",     "bad..test",     "192.0.2.1/24",
};
#define UNIVERSE (sizeof(universe) / sizeof(universe[0]))

static const char *const policies[] = {"{}", "{\"action\":\"nxdomain\"}", "{\"action\":\"drop\"}",
                                       "{\"action\":\"refused\"}"};

struct history {
    struct redis_fixture servers[2];
    struct redis_fixture *rf; /* the primary among these */
    struct between between;   /* the feeder's way to the primary */
    char folder[128];
    struct sw_settings settings;
    struct sw_index *index;
    struct sw_owners *owners;
    struct sw_feed *feed;
    struct sw_counters counters;
    redisContext *link;
    uint64_t seed, state;
    size_t steps;
    bool lossy; /* at some time there were no lists, or there was no stream */
    char line[LINES][LINE_MAX_];
};

/* ---- random ---- */

static inline uint64_t draw(struct history *h) /* xorshift64* (Vigna 2016) */
{
    h->state ^= h->state >> 12;
    h->state ^= h->state << 25;
    h->state ^= h->state >> 27;
    return h->state * UINT64_C(2685821657736338717);
}

static inline unsigned below(struct history *h, unsigned n)
{
    return (unsigned)((draw(h) >> 33) % n);
}

static inline const char *any_list(struct history *h)
{
    return lists[below(h, LISTS)];
}

static inline const char *any_item(struct history *h)
{
    return universe[below(h, UNIVERSE)];
}

static inline const char *any_policy(struct history *h)
{
    return policies[below(h, sizeof(policies) / sizeof(policies[0]))];
}

/* ---- Redis ---- */

static inline void note(struct history *h, const char *format, va_list args)
{
    if (h->steps < LINES)
        vsnprintf(h->line[h->steps++], LINE_MAX_, format, args);
}

/* A single command; without a connection the function connects. Some faults lead to an error
 * reply. */
static inline redisReply *ask(struct history *h, const char *format, va_list args)
{
    redisReply *reply = NULL;

    for (int i = 0; i < 3 && !reply; i++) {
        va_list again;

        if (h->link && h->link->err) {
            redisFree(h->link);
            h->link = NULL;
        }
        if (!h->link)
            h->link = redisConnectUnix(h->rf->socket);
        va_copy(again, args);
        if (h->link && !h->link->err)
            reply = (redisReply *)redisvCommand(h->link, format, again);
        va_end(again);
    }
    if (!reply)
        redis_fixture_fail(h->rf, "no answer to the driver");
    return reply;
}

__attribute__((format(printf, 2, 3))) static inline redisReply *get(struct history *h,
                                                                    const char *format, ...)
{
    va_list args;

    va_start(args, format);
    redisReply *reply = ask(h, format, args);
    va_end(args);
    return reply;
}

/* A command of the history, which is also remembered. */
__attribute__((format(printf, 2, 3))) static inline void run(struct history *h, const char *format,
                                                             ...)
{
    va_list args;

    va_start(args, format);
    note(h, format, args);
    va_end(args);
    va_start(args, format);
    freeReplyObject(ask(h, format, args));
    va_end(args);
}

__attribute__((format(printf, 2, 3))) static inline void say(struct history *h, const char *format,
                                                             ...)
{
    va_list args;

    va_start(args, format);
    note(h, format, args);
    va_end(args);
}

/* ---- the feeder ---- */

static inline void feeder_start(struct history *h)
{
    struct sw_local_start start = {.index = NULL};
    sw_local_open(&h->settings, sw_clock_wall_us(), &start);
    h->index = start.index ? start.index : sw_index_new();
    h->owners = sw_owners_new(&h->settings, &h->counters);
    if (h->index && h->owners)
        h->feed = sw_feed_new(&h->settings, h->index, h->owners, &h->counters, NULL);
    if (h->feed)
        sw_local_adopt(h->feed, &start);
    sw_local_forget(&start);
    if (!h->feed || sw_feed_start(h->feed) != SW_OK)
        redis_fixture_fail(h->rf, "no feeder");
}

static inline void feeder_stop(struct history *h)
{
    sw_feed_stop(h->feed);
    sw_feed_free(h->feed);
    sw_owners_free(h->owners);
    sw_index_free(h->index);
    h->feed = NULL;
}

#endif
