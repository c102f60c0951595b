/*
 * queue.h - finished records between the collector and the recorder.
 *
 * The collector must never wait for Redis or a disk, or rings would overflow. So collector and
 * recorder are two threads with this bounded list in between. While the list is full, the collector
 * leaves events in the rings: nothing is dropped here.
 *
 * Threads      push, close: the collector; take: the recorder; a mutex inside
 * Memory       records change owner; at most `max` of them
 */
#ifndef SW_JOURNAL_QUEUE_H
#define SW_JOURNAL_QUEUE_H

#include "journal/record.h"

struct sw_queue;

struct sw_queue *sw_queue_new(size_t max);  /* NULL: out of memory */
void sw_queue_free(struct sw_queue *queue); /* with all records; NULL is fine */

/* Records in order, linked by ->next; of the collecting thread. */
struct sw_records {
    struct sw_record *head, *tail;
    size_t n;
};

/** Append a record. */
void sw_records_add(struct sw_records *records, struct sw_record *record);

/** How many records a push would take. Only a push makes the number smaller. */
size_t sw_queue_room(struct sw_queue *queue);

/** Append all, wake the recorder if there were some, and leave *records empty. Requires room. */
void sw_queue_push(struct sw_queue *queue, struct sw_records *records);

/** No more records will come; wakes the recorder. */
void sw_queue_close(struct sw_queue *queue);

/**
 * Take up to max records in order, as a list over ->next; NULL when none came within wait_us.
 * *closed: closed and nothing left after this.
 */
struct sw_record *sw_queue_take(struct sw_queue *queue, size_t max, int64_t wait_us, bool *closed);

#endif
