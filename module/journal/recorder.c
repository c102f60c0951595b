#include "journal/recorder.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/sums.h"
#include "journal/filelog.h"
#include "journal/history/sight.h"
#include "journal/outbox.h"

#include <stdatomic.h>
#include <stdlib.h>

#define TAKE_MAX     256     /* records between two writes */
#define IDLE_US      1000000 /* longest wait: the file is checked this often */
#define HISTORY_US   200000  /* history is merged this often */
#define HISTORY_MANY 1024    /* or once so many fields wait */
#define CHUNKS_MAX   16      /* pipelines of history, likewise */
#define BATCHES_MAX  4       /* batches sent before the queue is looked at again */

struct sw_recorder {
    const struct sw_settings *settings;
    struct sw_counters *counters;
    struct sw_queue *queue;
    struct sw_writer writer;
    struct sw_link *link;
    struct sw_outbox *outbox;
    struct sw_filelog *file;
    struct sw_seens *seens;
    struct sw_sights *sights;
    struct sw_sight *sight;
    int64_t next_history_us;
    uint64_t taken;                /* events taken from the queue */
    _Atomic uint64_t acknowledged; /* part of taken that is written, spooled or lost */
    atomic_bool interrupted;
};

/* Write a document to the file and to a stream; takes over json, NULL: out of memory. events and
 * counted: as in sw_outbox_add(). */
static void put_out(struct sw_recorder *recorder, enum sw_stream stream, char *json, size_t len,
                    uint64_t events, bool counted)
{
    if (!json) {
        sw_log(SW_LOG_ERROR, "events: out of memory, %llu lost", (unsigned long long)events);
        sw_count(&recorder->counters->events_lost_backlog, counted ? 0 : events);
        return;
    }
    sw_filelog_add(recorder->file, json, len);
    if (stream == SW_STREAM_EVENTS && !recorder->settings->event_redis) {
        free(json);
        return;
    }
    sw_outbox_add(recorder->outbox, stream, json, len, events, counted);
}

static void raise_anomaly(void *arg, const struct sw_anomaly_report *report)
{
    struct sw_recorder *recorder = arg;
    size_t len = 0;
    char *json = sw_document_anomaly(&recorder->writer, report, &len);
    const struct sw_anomaly *anomaly = report->anomaly;
    sw_count(&recorder->counters->anomalies, 1);
    sw_sums_anomaly(recorder->counters->sums, sw_anomaly_name(anomaly->type),
                    sw_anomaly_severity(anomaly, report->is_watched, report->zone));
    put_out(recorder, SW_STREAM_ANOMALIES, json, len, 1, false);
}

static enum sw_status make_parts(struct sw_recorder *recorder, const struct sw_index *index,
                                 const struct sw_owners *owners, const struct sw_journal_host *host)
{
    const struct sw_settings *settings = recorder->settings;
    recorder->link = sw_link_new(settings, recorder->counters);
    recorder->outbox = sw_outbox_new(settings, recorder->counters, &recorder->writer);
    recorder->file = sw_filelog_new(settings->event_file, recorder->counters);
    recorder->seens = sw_seens_new(settings, recorder->counters);
    recorder->sight = calloc(1, sizeof(*recorder->sight));
    struct sw_sights_with with = {
        .settings = settings,
        .index = index,
        .owners = owners,
        .host = host,
        .link = recorder->link,
        .seens = recorder->seens,
        .raise = raise_anomaly,
        .arg = recorder,
    };
    recorder->sights = sw_sights_new(&with);
    bool all = recorder->link && recorder->outbox && recorder->file && recorder->seens &&
               recorder->sight && recorder->sights;
    return all ? SW_OK : SW_ENOMEM;
}

struct sw_recorder *sw_recorder_new(const struct sw_settings *settings,
                                    const struct sw_index *index, const struct sw_owners *owners,
                                    struct sw_counters *counters,
                                    const struct sw_journal_host *host, struct sw_queue *queue)
{
    struct sw_recorder *recorder = calloc(1, sizeof(*recorder));
    if (!recorder)
        return NULL;
    recorder->settings = settings;
    recorder->counters = counters;
    recorder->queue = queue;
    recorder->writer.observer = settings->resolver_id;
    recorder->writer.started_us = sw_clock_wall_us();
    if (make_parts(recorder, index, owners, host) != SW_OK) {
        sw_recorder_free(recorder);
        return NULL;
    }
    return recorder;
}

void sw_recorder_free(struct sw_recorder *recorder)
{
    if (!recorder)
        return;
    sw_sights_free(recorder->sights);
    free(recorder->sight);
    sw_seens_free(recorder->seens);
    sw_filelog_free(recorder->file);
    sw_outbox_free(recorder->outbox);
    sw_link_free(recorder->link);
    free(recorder);
}

void sw_recorder_interrupt(struct sw_recorder *recorder)
{
    atomic_store(&recorder->interrupted, true);
    sw_link_interrupt(recorder->link);
}

/* Whether a record about the past is new, for the fleet or for this resolver's own history. The
 * times and the count of the memory become those of the record. */
static bool claim_past(struct sw_recorder *recorder, struct sw_record *record)
{
    struct sw_event_span span;
    if (!sw_event_span(record->event, &span))
        return true;
    record->first_us = span.first_us;
    record->last_us = span.last_us;
    record->count = span.count;
    return sw_sights_claim_past(recorder->sights, record->event);
}

/* Count a hit by the rule that won. */
static void tally(struct sw_recorder *recorder, const struct sw_record *record)
{
    struct sw_event_hit hit;
    if (record->event->type != SW_EVENT_HIT || !sw_event_winner(record->event, &hit))
        return;
    sw_sums_hits(recorder->counters->sums, hit.list, (enum sw_action)record->event->action_taken,
                 (enum sw_trigger)hit.trigger, record->count);
}

static void record_one(struct sw_recorder *recorder, struct sw_record *record)
{
    char *json;
    size_t len = 0;
    if (!record->event) {
        json = sw_document_lost(&recorder->writer, record->lost, "ring", record->first_us, &len);
        put_out(recorder, SW_STREAM_EVENTS, json, len, record->lost, true);
        return;
    }
    struct sw_sight *sight = recorder->sight;
    uint64_t events = record->count;
    recorder->taken += events;
    if (!claim_past(recorder, record))
        return;
    tally(recorder, record);
    sw_sights_look(recorder->sights, record->event, sight);
    if (record->event->type != SW_EVENT_PAST && record->event->type != SW_EVENT_REST) {
        json = sw_document_event(&recorder->writer, record, sight->owned,
                                 sight->concerned ? sight->n : 0, &len);
        put_out(recorder, SW_STREAM_EVENTS, json, len, events, false);
    }
    if (record->event->type == SW_EVENT_BEFORE)
        return; /* each address has a record of its own, with its times */
    /* Judging what waits could take minutes. Events are written to the last, the history is not. */
    if (atomic_load(&recorder->interrupted))
        sw_count(&recorder->counters->history_dropped, 1);
    else
        sw_sights_note(recorder->sights, record, sight);
}

/* Prefetch a record and the event: another thread wrote both some time ago. */
static void fetch(const struct sw_record *record)
{
    const char *at = (const char *)record;
    for (size_t i = 0; record && i < 4; i++)
        __builtin_prefetch(at + 64 * i);
}

static void record_batch(struct sw_recorder *recorder, struct sw_record *records)
{
    sw_sights_prefetch(recorder->sights, records, sw_clock_mono_us());
    while (records) {
        struct sw_record *next = records->next;
        fetch(next);
        record_one(recorder, records);
        free(records);
        records = next;
    }
    sw_filelog_flush(recorder->file, sw_clock_mono_us());
    sw_outbox_flush(recorder->outbox);
}

/* History that waits longer folds better; a large amount does not wait, so that none is dropped. */
static bool is_due(const struct sw_recorder *recorder, int64_t mono_us)
{
    size_t waiting = sw_seens_waiting(recorder->seens);
    return waiting > HISTORY_MANY || (waiting > 0 && mono_us >= recorder->next_history_us);
}

uint64_t sw_recorder_acknowledged(const struct sw_recorder *recorder)
{
    return atomic_load_explicit(&recorder->acknowledged, memory_order_relaxed);
}

static void note_acknowledged(struct sw_recorder *recorder)
{
    atomic_store_explicit(&recorder->counters->backlog, sw_outbox_waiting(recorder->outbox),
                          memory_order_relaxed);
    if (sw_outbox_waiting(recorder->outbox) == 0 && sw_seens_waiting(recorder->seens) == 0 &&
        sw_sights_pending(recorder->sights) == 0)
        atomic_store_explicit(&recorder->acknowledged, recorder->taken, memory_order_relaxed);
}

/* Send up to `batches` of the backlog, and history when due. False: Redis is not there now. */
static bool send_some(struct sw_recorder *recorder, size_t batches, int64_t mono_us)
{
    bool history = is_due(recorder, mono_us);
    if (sw_outbox_waiting(recorder->outbox) == 0 && !history)
        return true;
    struct sw_redis *redis = sw_link_up(recorder->link, mono_us);
    if (!redis) {
        sw_outbox_to_disk(recorder->outbox, mono_us);
        return false;
    }
    enum sw_status status = SW_OK;
    while (status == SW_OK && batches-- > 0 && sw_outbox_waiting(recorder->outbox) > 0)
        status = sw_outbox_send(recorder->outbox, redis);
    for (size_t i = 0; status == SW_OK && history && i < CHUNKS_MAX; i++) {
        status = sw_seens_flush(recorder->seens, redis);
        history = sw_seens_waiting(recorder->seens) > 0;
        recorder->next_history_us = mono_us + HISTORY_US;
    }
    if (status != SW_OK) {
        sw_link_failed(recorder->link, sw_clock_mono_us());
        sw_outbox_to_disk(recorder->outbox, mono_us);
        return false;
    }
    sw_link_worked(recorder->link);
    return true;
}

/* How long there is nothing to do unless a record comes. */
static int64_t idle_time(const struct sw_recorder *recorder, int64_t mono_us)
{
    int64_t wait_us = IDLE_US;
    bool backlog = sw_outbox_waiting(recorder->outbox) > 0;
    if (sw_seens_waiting(recorder->seens) > 0)
        wait_us = recorder->next_history_us - mono_us;
    if (backlog)
        wait_us = 0;
    int64_t rest_us = sw_link_wait_us(recorder->link, mono_us);
    if (wait_us < rest_us && (backlog || wait_us < IDLE_US))
        wait_us = rest_us;
    wait_us = wait_us < IDLE_US ? wait_us : IDLE_US;
    return wait_us > 0 ? wait_us : 0;
}

/* The last try; ends when all is written, or at the first failure. */
static void send_the_rest(struct sw_recorder *recorder)
{
    sw_sights_finish(recorder->sights);
    sw_filelog_flush(recorder->file, sw_clock_mono_us());
    sw_link_hurry(recorder->link);
    while (sw_outbox_waiting(recorder->outbox) > 0 || sw_seens_waiting(recorder->seens) > 0) {
        recorder->next_history_us = 0;
        if (!send_some(recorder, BATCHES_MAX, sw_clock_mono_us()))
            break;
    }
    sw_outbox_give_up(recorder->outbox);
}

void sw_recorder_run(struct sw_recorder *recorder)
{
    bool closed = false;
    while (!closed) {
        int64_t wait_us = idle_time(recorder, sw_clock_mono_us());
        record_batch(recorder, sw_queue_take(recorder->queue, TAKE_MAX, wait_us, &closed));
        if (!closed) {
            int64_t mono_us = sw_clock_mono_us();
            send_some(recorder, BATCHES_MAX, mono_us);
            sw_sights_rejudge(recorder->sights, mono_us);
            note_acknowledged(recorder);
            sw_filelog_tick(recorder->file, mono_us);
        }
    }
    send_the_rest(recorder);
}
