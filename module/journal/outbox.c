#include "journal/outbox.h"

#include "base/clock.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct entry {
    char *json;
    size_t len;
    uint64_t events; /* to be counted when this document is lost */
    enum sw_stream stream;
    bool acknowledged; /* but one before it was not */
};

struct sw_outbox {
    struct entry *ring; /* of max + 1: a notice may stand before the last document */
    size_t head, n, max;
    uint64_t lost; /* events lost since the last notice */
    const struct sw_settings *settings;
    struct sw_counters *counters;
    struct sw_writer *writer;
};

struct sw_outbox *sw_outbox_new(const struct sw_settings *settings, struct sw_counters *counters,
                                struct sw_writer *writer)
{
    struct sw_outbox *outbox = calloc(1, sizeof(*outbox));
    if (outbox == NULL) {
        return NULL;
    }
    outbox->settings = settings;
    outbox->counters = counters;
    outbox->writer = writer;
    outbox->max = settings->backlog_max > 0 ? settings->backlog_max : 1;
    outbox->ring = calloc(outbox->max + 1, sizeof(*outbox->ring));
    if (outbox->ring == NULL) {
        free(outbox);
        return NULL;
    }
    return outbox;
}

static struct entry *at(struct sw_outbox *outbox, size_t i)
{
    return &outbox->ring[(outbox->head + i) % (outbox->max + 1)];
}

void sw_outbox_free(struct sw_outbox *outbox)
{
    if (outbox == NULL) {
        return;
    }
    for (size_t i = 0; i < outbox->n; i++) {
        free(at(outbox, i)->json);
    }
    free(outbox->ring);
    free(outbox);
}

static void append(struct sw_outbox *outbox, enum sw_stream stream, char *json, size_t len,
                   uint64_t events)
{
    assert(outbox->n <= outbox->max);
    *at(outbox, outbox->n) =
        (struct entry){.json = json, .len = len, .events = events, .stream = stream};
    outbox->n++;
}

/* With room again after a loss: say how much is missing, right behind what was kept. */
static void append_notice(struct sw_outbox *outbox)
{
    size_t len;
    if (outbox->lost == 0 || outbox->n >= outbox->max) {
        return;
    }
    char *json =
        sw_document_lost(outbox->writer, outbox->lost, "backlog", sw_clock_wall_us(), &len);
    if (json != NULL) {
        append(outbox, SW_STREAM_EVENTS, json, len, 0);
        outbox->lost = 0;
    }
}

void sw_outbox_add(struct sw_outbox *outbox, enum sw_stream stream, char *json, size_t len,
                   uint64_t events, bool counted)
{
    if (outbox->n >= outbox->max) {
        outbox->lost += events;
        sw_count(&outbox->counters->events_lost_backlog, counted ? 0 : events);
        free(json);
        return;
    }
    append_notice(outbox);
    append(outbox, stream, json, len, counted ? 0 : events);
}

size_t sw_outbox_waiting(const struct sw_outbox *outbox)
{
    return outbox->n + (outbox->lost > 0 && outbox->n < outbox->max);
}

/* Take the acknowledged ones off the front. */
static void advance(struct sw_outbox *outbox)
{
    while (outbox->n > 0 && at(outbox, 0)->acknowledged) {
        free(at(outbox, 0)->json);
        outbox->head = (outbox->head + 1) % (outbox->max + 1);
        outbox->n--;
    }
}

static enum sw_status append_xadd(const struct sw_outbox *outbox, struct sw_redis *redis,
                                  const struct entry *entry)
{
    static const char *const streams[SW_STREAM_COUNT] = {"events", "anomalies"};
    char key[SW_REDISKEY_MAX], max[16];
    sw_redis_key(redis, key, sizeof(key), "%s", streams[entry->stream]);
    snprintf(max, sizeof(max), "%u", outbox->settings->event_stream_max);
    const char *argv[] = {"XADD", key, "MAXLEN", "~", max, "*", "e", entry->json};
    size_t lens[] = {4, strlen(key), 6, 1, strlen(max), 1, 1, entry->len};
    return sw_redis_append_argv(redis, 8, argv, lens);
}

enum sw_status sw_outbox_send(struct sw_outbox *outbox, struct sw_redis *redis)
{
    struct entry *sent[SW_BATCH_MAX];
    size_t n = 0;
    enum sw_status status = SW_OK;
    append_notice(outbox);
    for (size_t i = 0; i < outbox->n && n < SW_BATCH_MAX; i++) {
        if (at(outbox, i)->acknowledged) {
            continue;
        }
        if (append_xadd(outbox, redis, at(outbox, i)) != SW_OK) {
            return SW_ECLOSED;
        }
        sent[n++] = at(outbox, i);
    }
    for (size_t i = 0; i < n; i++) {
        redisReply *reply = sw_redis_reply(redis);
        if (reply == NULL) {
            status = SW_ECLOSED;
            break;
        }
        if (reply->type == REDIS_REPLY_ERROR) {
            status = SW_EREDIS;
        } else {
            sent[i]->acknowledged = true;
            sw_count(&outbox->counters->events_written_redis, 1);
        }
        freeReplyObject(reply);
    }
    advance(outbox);
    return status;
}

void sw_outbox_give_up(struct sw_outbox *outbox)
{
    for (size_t i = 0; i < outbox->n; i++) {
        if (!at(outbox, i)->acknowledged) {
            sw_count(&outbox->counters->events_lost_backlog, at(outbox, i)->events);
            at(outbox, i)->acknowledged = true;
        }
    }
    advance(outbox);
}
