/*
 * lost.h - lists that Redis has lost, as the fault test knows and as the feeder reports.
 *
 * Threads      the driver's
 */
#ifndef SW_TESTS_FAULT_LOST_H
#define SW_TESTS_FAULT_LOST_H

#include "fault_history.h"

/* No lists, or no stream: from then on the feeder may report lists that Redis lacks as lost. */
static inline void note_losses(struct history *h)
{
    redisReply *stream = get(h, "EXISTS " P ":changes"), *n = get(h, "HLEN " P ":lists");

    h->lossy =
        h->lossy || stream->integer == 0 || (n->type == REDIS_REPLY_INTEGER && n->integer == 0);
    freeReplyObject(stream);
    freeReplyObject(n);
}

static inline bool status_says_empty(struct history *h)
{
    redisReply *reply = get(h, "HGET " P ":resolver:fault last_error");
    bool says = reply->type == REDIS_REPLY_STRING && strstr(reply->str, "holds no lists");

    freeReplyObject(reply);
    return says;
}

/* Whether the status calls a list lost. */
static inline bool is_called_lost(struct history *h, const char *list)
{
    redisReply *reply = get(h, "HGET " P ":resolver:fault lists");
    json_t *state = reply->type == REDIS_REPLY_STRING ? json_loads(reply->str, 0, NULL) : NULL;
    const char *problem =
        json_string_value(json_object_get(json_object_get(state, list), "problem"));
    bool lost = problem && strstr(problem, "has lost the list");

    json_decref(state);
    freeReplyObject(reply);
    return lost;
}

static inline bool is_in_redis(struct history *h, const char *list)
{
    redisReply *reply = get(h, "HEXISTS " P ":lists %s", list);
    bool is = reply->type == REDIS_REPLY_INTEGER && reply->integer == 1;

    freeReplyObject(reply);
    return is;
}

/* The loss ends by the operator's word. False: the list could not be lost. */
static inline bool drop_lost(struct history *h)
{
    for (size_t i = 0; i < LISTS; i++) {
        if (!is_called_lost(h, lists[i]) || is_in_redis(h, lists[i]))
            continue;
        if (!h->lossy)
            return false;
        run(h, "XADD " P ":changes * op drop list %s", lists[i]);
    }
    return true;
}

/* Until all that is in the stream is enforced, by an entry of ours that changes nothing. */
static inline bool wait_applied(struct history *h)
{
    int64_t until = sw_clock_mono_us() + SETTLE_MS * 1000;
    redisReply *id = get(h, "XADD " P ":changes * op remove list none i x.test");
    bool is = false;

    while (!is && sw_clock_mono_us() < until) {
        redisReply *applied = get(h, "HGET " P ":resolver:fault applied");

        is = applied->type == REDIS_REPLY_STRING && strcmp(applied->str, id->str) == 0;
        freeReplyObject(applied);
        poll(NULL, 0, 5);
    }
    freeReplyObject(id);
    return is;
}

#endif
