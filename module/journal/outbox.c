#include "journal/outbox.h"

#include "base/clock.h"
#include "journal/link.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WRITTEN_SECONDS "2592000" /* the note of written documents outlives any outage: 30 days */

struct entry {
    struct sw_spooled document;
    bool acknowledged; /* while an earlier document was not */
};

/* The note in Redis: documents first..last of a run were in this batch. */
struct note {
    uint64_t run, first, last, batch;
};

struct sw_outbox {
    struct entry *ring; /* of max + 1: a notice may stand before the last document */
    size_t head, n, max;
    bool spooled;       /* documents in memory came from the spool and are on disk as well */
    uint64_t number;    /* of the last document made in this run */
    uint64_t batch;     /* of the last batch sent in this run */
    bool in_doubt;      /* whether the last batch was written is not known */
    struct note before; /* the last note of an earlier run; all zero for none */
    uint64_t lost;      /* events lost since the last notice */
    struct sw_spool *spool;
    const struct sw_settings *settings;
    struct sw_counters *counters;
    struct sw_writer *writer;
};

struct sw_outbox *sw_outbox_new(const struct sw_settings *settings, struct sw_counters *counters,
                                struct sw_writer *writer)
{
    struct sw_outbox *outbox = calloc(1, sizeof(*outbox));
    if (!outbox)
        return NULL;
    outbox->settings = settings;
    outbox->counters = counters;
    outbox->writer = writer;
    outbox->max = settings->backlog_max > 0 ? settings->backlog_max : 1;
    outbox->ring = calloc(outbox->max + 1, sizeof(*outbox->ring));
    outbox->spool = sw_spool_new(settings->event_spool, (uint64_t)settings->spool_max_mib << 20);
    if (!outbox->ring || !outbox->spool) {
        sw_outbox_free(outbox);
        return NULL;
    }
    outbox->in_doubt = sw_spool_waiting(outbox->spool) > 0; /* a run before may have died sending */
    return outbox;
}

static struct entry *at(struct sw_outbox *outbox, size_t i)
{
    return &outbox->ring[(outbox->head + i) % (outbox->max + 1)];
}

/* Take n off the front. */
static void drop(struct sw_outbox *outbox, size_t n)
{
    for (size_t i = 0; i < n; i++)
        free(at(outbox, i)->document.json);
    outbox->n -= n;
    outbox->head = outbox->n > 0 ? (outbox->head + n) % (outbox->max + 1)
                                 : 0; /* the front is in the CPU's cache */
}

void sw_outbox_free(struct sw_outbox *outbox)
{
    if (!outbox)
        return;
    if (outbox->ring)
        drop(outbox, outbox->n);
    sw_spool_free(outbox->spool);
    free(outbox->ring);
    free(outbox);
}

/* ---- adding ---- */

static bool has_room(const struct sw_outbox *outbox)
{
    return sw_spool_waiting(outbox->spool) == 0 && outbox->n < outbox->max;
}

/* Into memory while nothing waits on disk, else behind that. False: there is no room. */
static bool keep(struct sw_outbox *outbox, const struct sw_spooled *document)
{
    if (has_room(outbox)) {
        *at(outbox, outbox->n++) = (struct entry){.document = *document};
        return true;
    }
    if (sw_spool_add(outbox->spool, document) != SW_OK)
        return false;
    sw_count(&outbox->counters->events_spooled, 1);
    free(document->json);
    return true;
}

static struct sw_spooled make(struct sw_outbox *outbox, enum sw_stream stream, char *json,
                              size_t len, uint64_t events)
{
    return (struct sw_spooled){.stream = stream,
                               .run = (uint64_t)outbox->writer->started_us,
                               .number = ++outbox->number,
                               .events = events,
                               .json = json,
                               .len = len};
}

/* With room again after a loss: add a notice of the loss right behind the kept documents. */
static void append_notice(struct sw_outbox *outbox)
{
    size_t len;
    if (outbox->lost == 0 || (!has_room(outbox) && !sw_spool_has_room(outbox->spool)))
        return;
    char *json =
        sw_document_lost(outbox->writer, outbox->lost, "backlog", sw_clock_wall_us(), &len);
    if (!json)
        return;
    struct sw_spooled notice = make(outbox, SW_STREAM_EVENTS, json, len, 0);
    if (keep(outbox, &notice))
        outbox->lost = 0;
    else
        free(json);
}

void sw_outbox_add(struct sw_outbox *outbox, enum sw_stream stream, char *json, size_t len,
                   uint64_t events, bool counted)
{
    append_notice(outbox);
    struct sw_spooled document = make(outbox, stream, json, len, counted ? 0 : events);
    if (outbox->lost > 0 || !keep(outbox, &document)) {
        outbox->lost += events;
        sw_count(&outbox->counters->events_lost_backlog, counted ? 0 : events);
        free(json);
    }
}

size_t sw_outbox_waiting(const struct sw_outbox *outbox)
{
    size_t waiting = (size_t)sw_spool_waiting(outbox->spool) + (outbox->spooled ? 0 : outbox->n);
    return waiting + (outbox->lost > 0 && has_room(outbox));
}

/* ---- to disk and back ---- */

/* All documents that are only in memory go in front of the documents on disk. */
static enum sw_status spill(struct sw_outbox *outbox)
{
    struct sw_spooled *documents = calloc(outbox->n, sizeof(*documents));
    size_t n = 0;
    if (!documents)
        return SW_ENOMEM;
    for (size_t i = 0; i < outbox->n; i++) {
        if (!at(outbox, i)->acknowledged)
            documents[n++] = at(outbox, i)->document;
    }
    enum sw_status status = n > 0 ? sw_spool_put_back(outbox->spool, documents, n) : SW_OK;
    free(documents);
    if (status == SW_OK) {
        sw_count(&outbox->counters->events_spooled, n);
        drop(outbox, outbox->n);
    }
    return status;
}

void sw_outbox_to_disk(struct sw_outbox *outbox, int64_t mono_us)
{
    sw_spool_tick(outbox->spool, mono_us);
    if (outbox->n > 0 && !outbox->spooled && sw_spool_open(outbox->spool))
        spill(outbox);
    sw_outbox_flush(outbox);
}

void sw_outbox_flush(struct sw_outbox *outbox)
{
    sw_spool_flush(outbox->spool);
    atomic_store_explicit(&outbox->counters->spool_octets, sw_spool_octets(outbox->spool),
                          memory_order_relaxed);
    atomic_store_explicit(&outbox->counters->event_spool_error, sw_spool_problem(outbox->spool),
                          memory_order_relaxed);
}

/*
 * Whether an earlier run has sent a document that is still on disk. A segment's file is removed
 * only when all documents in the file are done, so documents of the last segment may be done and
 * still there. A run sends documents in order, and the next batch only after the former was
 * done or known to be lost.
 */
static bool done_before(const struct sw_outbox *outbox, const struct sw_spooled *document)
{
    return document->run == outbox->before.run && document->number <= outbox->before.last;
}

/* With nothing left in memory: take the next documents from disk. */
static void refill(struct sw_outbox *outbox)
{
    size_t max = outbox->max < SW_BATCH_MAX ? outbox->max : SW_BATCH_MAX;
    struct sw_spooled document;
    enum sw_status status = SW_OK;
    if (outbox->n > 0 || sw_spool_waiting(outbox->spool) == 0)
        return;
    while (outbox->n < max && (status = sw_spool_take(outbox->spool, &document)) == SW_OK) {
        *at(outbox, outbox->n++) =
            (struct entry){.document = document, .acknowledged = done_before(outbox, &document)};
    }
    outbox->spooled = outbox->n > 0;
    uint64_t missing = sw_spool_missing(outbox->spool);
    outbox->lost += missing;
    sw_count(&outbox->counters->events_lost_backlog, missing);
    if (status == SW_ENOMEM && outbox->n == 0)
        sw_spool_rewind(outbox->spool);
}

/* Take the acknowledged documents off the front, and off the disk. */
static void advance(struct sw_outbox *outbox)
{
    size_t n = 0;
    while (n < outbox->n && at(outbox, n)->acknowledged)
        n++;
    drop(outbox, n);
    if (outbox->spooled) {
        sw_spool_done(outbox->spool, n);
        outbox->spooled = outbox->n > 0;
    }
}

/* Take the next documents into memory, past all that are done. */
static void fetch(struct sw_outbox *outbox)
{
    uint64_t waiting;
    do {
        waiting = sw_spool_waiting(outbox->spool);
        refill(outbox);
        advance(outbox);
    } while (outbox->n == 0 && sw_spool_waiting(outbox->spool) < waiting);
}

/* ---- sending ---- */

static char *written_key(const struct sw_outbox *outbox, struct sw_redis *redis,
                         char key[SW_REDISKEY_MAX])
{
    return sw_redis_key(redis, key, SW_REDISKEY_MAX, "written:%s", outbox->settings->resolver_id);
}

/* Whether a document of this run was in the batch that the note tells of. */
static bool was_written(const struct sw_outbox *outbox, const struct note *note,
                        const struct sw_spooled *document)
{
    return document->run == note->run && document->number >= note->first &&
           document->number <= note->last && note->batch == outbox->batch;
}

/* A connection broke before the answer came: ask whether the batch was written. */
static enum sw_status resolve_doubt(struct sw_outbox *outbox, struct sw_redis *redis)
{
    char key[SW_REDISKEY_MAX];
    struct note note;
    redisReply *reply = sw_redis_command(redis, "GET %s", written_key(outbox, redis, key));
    if (!reply)
        return SW_ECLOSED;
    if (reply->type == REDIS_REPLY_ERROR) {
        freeReplyObject(reply);
        return SW_EREDIS;
    }
    if (reply->type == REDIS_REPLY_STRING &&
        sscanf(reply->str, "%" SCNx64 " %" SCNu64 " %" SCNu64 " %" SCNu64, &note.run, &note.first,
               &note.last, &note.batch) == 4) {
        bool ours = note.run == (uint64_t)outbox->writer->started_us;
        outbox->before = ours ? outbox->before : note;
        for (size_t i = 0; i < outbox->n; i++) {
            struct entry *entry = at(outbox, i);
            entry->acknowledged |= done_before(outbox, &entry->document) ||
                                   (ours && was_written(outbox, &note, &entry->document));
        }
    }
    freeReplyObject(reply);
    outbox->in_doubt = false;
    advance(outbox);
    return SW_OK;
}

/* The part that all XADD commands of a stream share. */
struct streams {
    size_t len[SW_STREAM_COUNT];
    char head[SW_STREAM_COUNT][SW_REDISKEY_MAX + 192];
};

static void name_streams(const struct sw_outbox *outbox, struct sw_redis *redis,
                         struct streams *streams)
{
    static const char *const names[SW_STREAM_COUNT] = {"events", "anomalies"};
    char key[SW_REDISKEY_MAX], max[16];
    snprintf(max, sizeof(max), "%u", outbox->settings->event_stream_max);
    for (size_t i = 0; i < SW_STREAM_COUNT; i++) {
        sw_redis_key(redis, key, sizeof(key), "%s", names[i]);
        const char *argv[] = {"XADD", key, "MAXLEN", "~", max, "*", "e"};
        streams->len[i] = sw_redis_head(streams->head[i], sizeof(streams->head[i]), 7, argv);
    }
}

static enum sw_status append_xadd(const struct streams *streams, struct sw_redis *redis,
                                  const struct sw_spooled *document)
{
    size_t i = document->stream < SW_STREAM_COUNT ? document->stream : SW_STREAM_EVENTS;
    return sw_redis_append_last(redis, streams->head[i], streams->len[i], document->json,
                                document->len);
}

static enum sw_status append_note(struct sw_outbox *outbox, struct sw_redis *redis,
                                  const struct note *note)
{
    char key[SW_REDISKEY_MAX], text[96];
    snprintf(text, sizeof(text), "%" PRIx64 " %" PRIu64 " %" PRIu64 " %" PRIu64, note->run,
             note->first, note->last, note->batch);
    const char *argv[] = {"SET", written_key(outbox, redis, key), text, "EX", WRITTEN_SECONDS};
    return sw_link_append(redis, 5, argv);
}

/* Queue a batch: the unacknowledged documents in memory of a single run. Returns the number; 0: no
 * connection. */
static size_t append_batch(struct sw_outbox *outbox, struct sw_redis *redis,
                           struct entry *sent[SW_BATCH_MAX])
{
    size_t n = 0;
    struct streams streams;
    struct note note = {.batch = ++outbox->batch};
    name_streams(outbox, redis, &streams);
    enum sw_status status = sw_link_append(redis, 1, (const char *[]){"MULTI"});
    for (size_t i = 0; i < outbox->n && n < SW_BATCH_MAX && status == SW_OK; i++) {
        struct entry *entry = at(outbox, i);
        if (entry->acknowledged)
            continue;
        if (n == 0) {
            note.run = entry->document.run;
            note.first = entry->document.number;
        } else if (entry->document.run != note.run) {
            break;
        }
        status = append_xadd(&streams, redis, &entry->document);
        note.last = entry->document.number;
        sent[n++] = entry;
    }
    if (status == SW_OK)
        status = append_note(outbox, redis, &note);
    if (status == SW_OK)
        status = sw_link_append(redis, 1, (const char *[]){"EXEC"});
    return status == SW_OK ? n : 0;
}

/* Mark the documents that a transaction wrote. SW_EREDIS: some were refused. */
static enum sw_status read_exec(struct sw_outbox *outbox, const redisReply *reply, size_t n,
                                struct entry *sent[SW_BATCH_MAX])
{
    enum sw_status status = SW_OK;
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != n + 1)
        return SW_EREDIS;
    for (size_t i = 0; i < n; i++) {
        if (reply->element[i]->type == REDIS_REPLY_ERROR) {
            status = SW_EREDIS;
        } else {
            sent[i]->acknowledged = true;
            sw_count(&outbox->counters->events_written_redis, 1);
        }
    }
    return status;
}

enum sw_status sw_outbox_send(struct sw_outbox *outbox, struct sw_redis *redis)
{
    struct entry *sent[SW_BATCH_MAX];
    append_notice(outbox);
    fetch(outbox);
    if (outbox->in_doubt && resolve_doubt(outbox, redis) != SW_OK)
        return SW_ECLOSED;
    fetch(outbox);
    if (outbox->n == 0)
        return SW_OK;
    size_t n = append_batch(outbox, redis, sent);
    if (n == 0)
        return SW_ECLOSED;
    outbox->in_doubt = true;
    redisReply *reply = NULL;
    for (size_t i = 0; i < n + 3; i++) { /* MULTI, each, the note, EXEC */
        if (i < n + 2 && sw_redis_was_queued(redis))
            continue;
        freeReplyObject(reply);
        reply = sw_redis_reply(redis);
        if (!reply)
            return SW_ECLOSED;
    }
    outbox->in_doubt = false;
    enum sw_status status = read_exec(outbox, reply, n, sent);
    freeReplyObject(reply);
    advance(outbox);
    return status;
}

void sw_outbox_give_up(struct sw_outbox *outbox)
{
    sw_outbox_to_disk(outbox, sw_clock_mono_us());
    for (size_t i = 0; i < outbox->n && !outbox->spooled; i++) {
        if (!at(outbox, i)->acknowledged)
            sw_count(&outbox->counters->events_lost_backlog, at(outbox, i)->document.events);
    }
    drop(outbox, outbox->n);
    outbox->spooled = false;
}
