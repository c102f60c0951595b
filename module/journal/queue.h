/*
 * queue.h - finished records on their way from the collector to the recorder.
 *
 * The collector must never wait for Redis or a disk, or rings would overflow; so the two are
 * threads of their own with this bounded list between them. When it is full, the collector
 * leaves events in the rings until there is room: nothing is dropped here.
 *
 * Threads      push, close: the collector; take: the recorder; a mutex inside
 * Memory       records change owner; at most `max` of them
 */
#ifndef SW_JOURNAL_QUEUE_H
#define SW_JOURNAL_QUEUE_H

#include "journal/record.h"

struct sw_queue;

struct sw_queue *sw_queue_new(size_t max);  /* NULL: out of memory */
void sw_queue_free(struct sw_queue *queue); /* with what is in it; NULL is fine */

/* Records in order, over ->next; of the thread that collects them. */
struct sw_records {
    struct sw_record *head, *tail;
    size_t n;
};

/** Append one. */
void sw_records_add(struct sw_records *records, struct sw_record *record);

/** How many a push would take. Gets no less until the one pushing thread pushes. */
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
