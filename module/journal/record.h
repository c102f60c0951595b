/*
 * record.h - equal events with a count, on the way through the journal.
 *
 * The collector makes a record of an event from a ring, folds further equal events into the record
 * (aggregate.h), and hands the record through the queue (queue.h) to the recorder. The recorder
 * adds ownership, writes a document and frees the record. A record without an event is a loss
 * notice.
 *
 * Threads      a single thread owns a record at any time
 * Memory       a block with the record and the used part of the event
 */
#ifndef SW_JOURNAL_RECORD_H
#define SW_JOURNAL_RECORD_H

#include "base/event.h"
#include "journal/map.h"

/* A digest of an event's content (aggregate.c). */
struct sw_digest128 {
    uint64_t half[2];
};

struct sw_record {
    struct sw_node node; /* while the window is open */
    struct sw_digest128 digest;
    struct sw_record *next;
    int64_t first_us, last_us; /* wall clock of the first and last folded event */
    uint64_t count;            /* events folded into this record */
    uint64_t lost;             /* loss notice: how many were lost in rings */
    struct sw_event *event;    /* used part only; NULL in a loss notice */
};

/** A record of an event, with a copy of digest unless NULL. NULL: out of memory. The caller frees
 * with free(). */
struct sw_record *sw_record_new(const struct sw_event *event, const struct sw_digest128 *digest);

/** A loss notice. NULL: out of memory. */
struct sw_record *sw_record_lost(uint64_t lost, int64_t time_us);

/** The rule that was applied: the hit marked winner, else the first hit. False: no hit at all. */
bool sw_event_winner(const struct sw_event *event, struct sw_event_hit *hit);

/** The queried name; false for a missing or damaged name. */
bool sw_event_qname(const struct sw_event *event, struct sw_name *name);

/** Whether len octets from a ring hold a whole event. */
bool sw_event_whole(const struct sw_event *event, size_t len);

#endif
