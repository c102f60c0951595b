/*
 * journal.h - everything that goes out: events, anomalies, history.
 *
 * An event's way: the worker's ring -> the collector folds equal hits of a client within the
 * window into a single event with an exact count (collect.h, aggregate.h) -> a bounded
 * queue -> the recorder adds ownership, writes the event, notes history, judges anomalies
 * (recorder.h, sight.h) -> JSON lines in the file, Redis streams in pipelined batches. While
 * Redis is away events wait on disk (spool.h), or without a spool in a bounded backlog in memory.
 * Events beyond that are counted, and the count is written as a separate event when Redis is back.
 *
 * Threads      two, with all signals blocked: the collector never does I/O, so that rings are
 *              emptied even while Redis hangs; the recorder may wait. A worker touches only the
 *              worker's own ring
 * Memory       rings (event-ring each), windows, queue, backlog (event-backlog-max events),
 *              history cache: each bounded
 * Reliability  order is kept; a batch is removed from the backlog only when Redis acknowledged.
 *              None is written twice, also when the acknowledgement was lost (outbox.h).
 *              Every event is counted once: in a written event, in events_lost_ring or in
 *              events_lost_backlog
 * Standards    field names: Elastic Common Schema; module/REDIS.md
 */
#ifndef SW_JOURNAL_JOURNAL_H
#define SW_JOURNAL_JOURNAL_H

#include "base/counters.h"
#include "base/event.h"
#include "base/ring.h"
#include "base/settings.h"
#include "index/index.h"
#include "owner/owner.h"

struct sw_journal;

struct sw_journal_host {
    void *arg;
    /* An indicator's or watched name resolved to this address: track the address from now on. */
    void (*track)(void *arg, const struct sw_addr *addr);
    /* Collector, in each round, and soon after sw_journal_wake(); may be NULL. Does no I/O. */
    void (*round)(void *arg);
    struct sw_addr translation; /* prefix of DNS64 (RFC 6147); family 0: none */
    bool sights_only; /* judge no history again at start or after a change (D-137): a sweep */
};

/** Copies nothing; all arguments must outlive the journal. NULL: no memory. */
struct sw_journal *sw_journal_new(const struct sw_settings *settings, const struct sw_index *index,
                                  const struct sw_owners *owners, struct sw_counters *counters,
                                  const struct sw_journal_host *host);

/** Start both threads, once. SW_ENOMEM: none runs. Never fails because Redis or a file is away. */
enum sw_status sw_journal_start(struct sw_journal *journal);

/** Drain the rings, write for about a second, join the threads. Unwritten events go to the spool,
 * or are counted as lost. NULL or never started is fine. */
void sw_journal_stop(struct sw_journal *journal);

/** Begin a round of the collector now. Any thread; costs a system call, and never blocks. */
void sw_journal_wake(struct sw_journal *journal);

/** Stops a running journal first. Requires: no worker uses a ring any more. NULL is fine. */
void sw_journal_free(struct sw_journal *journal);

#define SW_WORKERS_MAX 256

/**
 * The ring of worker number n (0..SW_WORKERS_MAX-1), created on first use; the host asks for all
 * rings before the workers start. NULL when out of range or memory. Each number has one producer.
 */
struct sw_ring *sw_journal_ring(struct sw_journal *journal, unsigned n);

/** The number of events whose history and documents Redis has acknowledged, or that were given up
 * and counted. Compare with the number of events put into rings. Any thread. */
uint64_t sw_journal_acknowledged(const struct sw_journal *journal);

/** Events lost by the caller for another reason than a full ring (counted as event loss). */
void sw_journal_lost(struct sw_journal *journal, uint64_t n);

/** Put an event from a thread that is no worker (the feeder's cache look for tracked
 * addresses): takes a lock, never called by workers. */
void sw_journal_put_slow(struct sw_journal *journal, const struct sw_event *ev);

/** Whether less than half of the room for sw_journal_put_slow() is in use: a thread with many
 * events waits until then. */
bool sw_journal_slow_has_room(struct sw_journal *journal);

#endif
