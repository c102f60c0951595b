/*
 * record.h - an event on its way through the journal: one or more equal events, counted.
 *
 * The collector makes a record of an event from a ring, folds further equal ones into it
 * (aggregate.h), and hands it through the queue (queue.h) to the recorder, which adds
 * ownership, writes it out and frees it. A record without an event is a loss notice.
 *
 * Threads      one thread owns a record at any time
 * Memory       one block: the record and the used part of its event
 */
#ifndef SW_JOURNAL_RECORD_H
#define SW_JOURNAL_RECORD_H

#include "base/event.h"
#include "journal/map.h"

/* Stands for what an event says (aggregate.c). */
struct sw_digest128 {
    uint64_t half[2];
};

struct sw_record {
    struct sw_node node; /* while its window is open */
    struct sw_digest128 digest;
    struct sw_record *next;
    int64_t first_us, last_us; /* wall clock of the first and last folded event */
    uint64_t count;            /* events folded into this one */
    uint64_t lost;             /* loss notice: how many were lost in rings */
    struct sw_event *event;    /* used part only; NULL in a loss notice */
};

/** A record of one event, with a copy of digest, if there is one. NULL: out of memory. free() it. */
struct sw_record *sw_record_new(const struct sw_event *event, const struct sw_digest128 *digest);

/** A loss notice. NULL: out of memory. */
struct sw_record *sw_record_lost(uint64_t lost, int64_t time_us);

/** The rule that was applied: the hit marked winner, else the first one. False: no hit at all. */
bool sw_event_winner(const struct sw_event *event, struct sw_event_hit *hit);

/** The queried name; false when it is missing or damaged. */
bool sw_event_qname(const struct sw_event *event, struct sw_name *name);

/** Whether len octets from a ring hold a whole event. */
bool sw_event_whole(const struct sw_event *event, size_t len);

#endif
