/*
 * consumer_group.h - the notices of a target in Redis: a consumer group of each stream.
 *
 * The group of the target NAME is "notify:NAME" in the streams anomalies, notices, feeds:log and
 * events. An entry that was read and is not done is pending in the group, so a killed process loses
 * nothing: the next process reads the pending entries first. Step by step: queue_open() becomes the
 * holder of the target, makes the groups, and claims the pending entries of former holders;
 * queue_next() gives an entry; queue_begin() notes in Redis that the entry is about to be handed
 * on; queue_done() ends the entry and the note in one transaction.
 *
 * A process that was killed between hand-over and queue_done() leaves the note. The entry is handed
 * on once more then, marked as repeated; no other entry is handed on twice (D-188).
 *
 * Threads      one
 * Memory       the text of an entry belongs to the queue until the next call of queue_next() or
 *              queue_open()
 * Errors       a failure is reported once until Redis answers again
 * Reliability  one holder at a time: the key P:notify:NAME:holder expires after a time in which no
 *              attempt to hand a notice on can still run
 */
#ifndef SW_CLI_NOTIFY_CONSUMER_GROUP_H
#define SW_CLI_NOTIFY_CONSUMER_GROUP_H

#include "cli/notify/targets.h"

#include <jansson.h>

#define QUEUE_ID_MAX 48 /* octets with the NUL of "1764510000000-0" */

enum { QUEUE_ANOMALIES, QUEUE_NOTICES, QUEUE_FEEDS, QUEUE_EVENTS, QUEUE_STREAMS };

struct queue_entry {
    const char *stream; /* "anomalies" */
    char id[QUEUE_ID_MAX];
    const char *text; /* the object; NULL: the stream has lost the entry */
    size_t len;
    bool repeated; /* may have been handed on before */
};

enum queue_result { QUEUE_ENTRY, QUEUE_NOTHING, QUEUE_AWAY };

struct queue;

/** A queue, not yet open; ends the process without memory. With `once` queue_next() does not wait
 * for new entries. */
struct queue *queue_new(struct cli *cli, const struct notify_target *target, bool once);
void queue_free(struct queue *queue);

/** Connect, become the holder, make the groups. false: Redis is away, or another host is the
 * holder; reported. */
bool queue_open(struct queue *queue);

/** The next entry, pending entries first. QUEUE_NOTHING: none within a second, or the process is
 * to end. QUEUE_AWAY: reported; call queue_open() again. */
enum queue_result queue_next(struct queue *queue, struct queue_entry *entry);

/** Whether a former process noted that the entry was about to be handed on, and did not end it. */
bool queue_was_begun(const struct queue *queue, const struct queue_entry *entry);

/** Note that the entry is about to be handed on. false: Redis is away. */
bool queue_begin(struct queue *queue, const struct queue_entry *entry);

/** End the entry and count the fate: a field of the hash P:notify:NAME, such as "handed". false:
 * Redis is away, and the entry is still pending; the call may be repeated after queue_open(). */
bool queue_done(struct queue *queue, const struct queue_entry *entry, const char *fate);

/** End an entry of no interest, together with others before the next entries are read. */
void queue_skip(struct queue *queue, const struct queue_entry *entry);

/** The counts of held notices, which were ended with a fate "held:TYPE": an object, type -> count.
 * *number: of the coming notice that reports these counts, from 1 on. NULL: none. Borrowed. */
const json_t *queue_held(const struct queue *queue, uint64_t *number);

/** Clear the counts of held notices, after a notice has reported them. Results as queue_done(). */
bool queue_told(struct queue *queue);

/** Renew the key of the holder during a long wait. Returns whether this process is the holder. */
bool queue_stay(struct queue *queue);

#endif
