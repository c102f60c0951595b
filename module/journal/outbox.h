/*
 * outbox.h - documents that Redis has not acknowledged yet, in order, bounded.
 *
 * Documents are added as they are made and sent in batches, each one transaction, which also notes
 * in {prefix}:written:<resolver> which documents it held. When a connection breaks before the
 * answer came, that note tells whether the batch was written: nothing is lost, nothing doubled.
 *
 * While Redis is away documents go to the spool on disk (event-spool), where one is configured;
 * else they wait in memory. They come back from there in order, oldest first, also after a restart.
 *
 * When the backlog and the spool are full the oldest documents are kept and new ones are counted as lost: what
 * was accepted stays a gapless sequence with one gap behind it, whose size the loss notice
 * tells at the very place; and noise made after an incident cannot push out its record.
 *
 * Threads      the recorder
 * Memory       at most event-backlog-max documents (and one notice)
 * Disk         at most event-spool-max MiB
 */
#ifndef SW_JOURNAL_OUTBOX_H
#define SW_JOURNAL_OUTBOX_H

#include "base/redis.h"
#include "journal/document.h"
#include "journal/spool.h"

enum sw_stream { SW_STREAM_EVENTS, SW_STREAM_ANOMALIES, SW_STREAM_COUNT };

#define SW_BATCH_MAX 500 /* documents in one pipeline */

struct sw_outbox;

/** max >= 1 documents. All pointers must outlive it. NULL: out of memory. */
struct sw_outbox *sw_outbox_new(const struct sw_settings *settings, struct sw_counters *counters,
                                struct sw_writer *writer);
void sw_outbox_free(struct sw_outbox *outbox); /* NULL is fine */

/**
 * Add a document; takes json over (malloc'ed), kept or not.
 * events  that it stands for: told in the next loss notice when it does not fit
 * counted whether they are in a counter of losses already (it is a loss notice itself)
 */
void sw_outbox_add(struct sw_outbox *outbox, enum sw_stream stream, char *json, size_t len,
                   uint64_t events, bool counted);

/** Documents waiting (a due loss notice counts as one). */
size_t sw_outbox_waiting(const struct sw_outbox *outbox);

/**
 * Send one batch and wait for its replies.
 * SW_OK: all acknowledged and removed. SW_ECLOSED: the connection broke. SW_EREDIS: some were
 * refused (sw_redis_error() tells); the acknowledged ones are removed, the others stay.
 */
enum sw_status sw_outbox_send(struct sw_outbox *outbox, struct sw_redis *redis);

/** Redis is not there: what waits in memory goes to disk, if that can be used. */
void sw_outbox_to_disk(struct sw_outbox *outbox, int64_t mono_us);

/** Write out what was added for the disk. */
void sw_outbox_flush(struct sw_outbox *outbox);

/** At the end: to disk, or count what is left as lost. */
void sw_outbox_give_up(struct sw_outbox *outbox);

#endif
