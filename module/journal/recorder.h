/*
 * recorder.h - the recorder: from the queue to the file and to Redis.
 *
 * For each batch of records: load the needed histories, look up owners, write the event to the file
 * and to the outbox, note history, raise anomalies; then send documents to Redis, and merge history
 * every HISTORY_US. After a change of lists or databases the recorder judges histories again, a
 * page at a time (history/rejudge.h). While Redis is away, the file and the bounded backlog go on.
 *
 * Threads      sw_recorder_run(): one thread; sw_recorder_interrupt(): any
 */
#ifndef SW_JOURNAL_RECORDER_H
#define SW_JOURNAL_RECORDER_H

#include "journal/journal.h"
#include "journal/queue.h"

struct sw_recorder;

/** Arguments as of sw_journal_new(); all outlive the recorder. NULL: out of memory. */
struct sw_recorder *sw_recorder_new(const struct sw_settings *settings,
                                    const struct sw_index *index, const struct sw_owners *owners,
                                    struct sw_counters *counters,
                                    const struct sw_journal_host *host, struct sw_queue *queue);
void sw_recorder_free(struct sw_recorder *recorder); /* NULL is fine */

/** Run until the queue is closed and empty; then try a last time to write everything. */
void sw_recorder_run(struct sw_recorder *recorder);

/** As sw_journal_acknowledged(). */
uint64_t sw_recorder_acknowledged(const struct sw_recorder *recorder);

/** Give Redis up, at once and for good. Events that wait are written to file and spool still; the
 * history takes no more of these (counted in history_dropped). */
void sw_recorder_interrupt(struct sw_recorder *recorder);

#endif
