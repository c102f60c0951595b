/*
 * aggregate.h - equal events within a window become a single record with an exact count.
 *
 * Equal means: same client, rule, name, type, actions and the same answer (in whatever order
 * the addresses come), so that folding loses nothing but repetition. The window starts with the
 * first event, on the events' own clock. The number of open windows is bounded; a further window
 * closes the oldest early.
 *
 *     sw_aggregate_meet(a, &arrival);            for some events in a row, so that memory is
 *     sw_aggregate_fetch(&arrival);              waited for once
 *     sw_aggregate_add(a, &arrival, &out);       out: a record that had to make room, or NULL
 *     while ((out = sw_aggregate_expired(a, now)) != NULL) ...
 *     at the end: while ((out = sw_aggregate_flush(a)) != NULL) ...
 *
 * Threads      the collector
 * Memory       at most `max` records; a returned record belongs to the caller (free())
 * Reliability  the sum of all counts handed out is the number of events added
 */
#ifndef SW_JOURNAL_AGGREGATE_H
#define SW_JOURNAL_AGGREGATE_H

#include "journal/record.h"

struct sw_aggregate;

/** window_us 0: no folding. max >= 1 open windows. NULL: out of memory. */
struct sw_aggregate *sw_aggregate_new(int64_t window_us, size_t max);

/** Also frees the open records. NULL is fine. */
void sw_aggregate_free(struct sw_aggregate *aggregate);

/* An event about to be added, with digest and bucket. */
struct sw_arrival {
    struct sw_event event; /* used part only is read */
    struct sw_digest128 digest;
    struct sw_node **place;
};

/** First step: compute the event's digest and prefetch the bucket. */
void sw_aggregate_meet(const struct sw_aggregate *aggregate, struct sw_arrival *arrival);

/** Second step: prefetch the content of that bucket. May be left out. */
void sw_aggregate_fetch(const struct sw_arrival *arrival);

/**
 * Third step: add the event. *out is set to a finished record or to NULL.
 * SW_OK, or SW_ENOMEM: the event was not taken, *out is NULL.
 */
enum sw_status sw_aggregate_add(struct sw_aggregate *aggregate, const struct sw_arrival *arrival,
                                struct sw_record **out);

/** The next record with a window that is over at now_us (wall clock), oldest first, or NULL. */
struct sw_record *sw_aggregate_expired(struct sw_aggregate *aggregate, int64_t now_us);

/** Microseconds until the oldest window is over; 0 or less: already over; INT64_MAX: none open. */
int64_t sw_aggregate_left(const struct sw_aggregate *aggregate, int64_t now_us);

/** The oldest record whether over or not, or NULL when none is open. */
struct sw_record *sw_aggregate_flush(struct sw_aggregate *aggregate);

/** Windows open now. */
size_t sw_aggregate_open(const struct sw_aggregate *aggregate);

#endif
