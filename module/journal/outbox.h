/*
 * outbox.h - documents that Redis has not acknowledged yet, in order, bounded.
 *
 * Each document is added when made. A batch of documents is sent as a single transaction, which
 * also notes the numbers of the documents in {prefix}:written:<resolver>. When a connection breaks
 * before the answer, the note tells whether the batch was written: nothing is lost, nothing
 * doubled.
 *
 * While Redis is away documents go to the spool on disk (event-spool), if configured, else
 * documents wait in memory. The spool gives documents back in order, oldest first, also after a
 * restart.
 *
 * When the backlog and the spool are full, the oldest documents are kept and new documents are
 * counted as lost. The accepted documents stay a sequence without a gap; the loss notice behind the
 * sequence gives the size of the loss. So noise after an incident cannot push out the incident.
 *
 * Threads      the recorder
 * Memory       at most event-backlog-max documents (and a notice)
 * Disk         at most event-spool-max MiB
 * Decision     D-017
 */
#ifndef SW_JOURNAL_OUTBOX_H
#define SW_JOURNAL_OUTBOX_H

#include "journal/document.h"
#include "journal/spool.h"
#include "redis/redis.h"

enum sw_stream { SW_STREAM_EVENTS, SW_STREAM_ANOMALIES, SW_STREAM_COUNT };

#define SW_BATCH_MAX 500 /* documents in a pipeline */

struct sw_outbox;

/** max >= 1 documents. All pointers must outlive the outbox. NULL: out of memory. */
struct sw_outbox *sw_outbox_new(const struct sw_settings *settings, struct sw_counters *counters,
                                struct sw_writer *writer);
void sw_outbox_free(struct sw_outbox *outbox); /* NULL is fine */

/**
 * Add a document; takes over json (malloc'ed), kept or not.
 * events  number of events in the document, for the next loss notice when there is no room
 * counted the document is a loss notice: a counter of losses has the events already
 */
void sw_outbox_add(struct sw_outbox *outbox, enum sw_stream stream, char *json, size_t len,
                   uint64_t events, bool counted);

/** Documents waiting (a due loss notice is counted). */
size_t sw_outbox_waiting(const struct sw_outbox *outbox);

/**
 * Send a batch and wait for the replies.
 * SW_OK: all acknowledged and removed. SW_ECLOSED: the connection broke. SW_EREDIS: some were
 * refused (sw_redis_error() has the reason); acknowledged documents are removed, the others stay.
 */
enum sw_status sw_outbox_send(struct sw_outbox *outbox, struct sw_redis *redis);

/** Redis is away: documents in memory go to the spool, if usable. */
void sw_outbox_to_disk(struct sw_outbox *outbox, int64_t mono_us);

/** Write the documents added to the spool. */
void sw_outbox_flush(struct sw_outbox *outbox);

/** At the end: documents go to the spool, or are counted as lost. */
void sw_outbox_give_up(struct sw_outbox *outbox);

#endif
