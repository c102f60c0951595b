#include "journal/queue.h"

#include "base/clock.h"
#include "base/thread.h"

#include <assert.h>
#include <stdlib.h>

struct sw_queue {
    pthread_mutex_t lock;
    pthread_cond_t filled;
    struct sw_record *head, *tail;
    size_t n, max;
    bool closed;
};

struct sw_queue *sw_queue_new(size_t max)
{
    struct sw_queue *queue = calloc(1, sizeof(*queue));
    if (!queue)
        return NULL;
    queue->max = max;
    pthread_mutex_init(&queue->lock, NULL);
    if (sw_cond_init(&queue->filled))
        return queue;
    pthread_mutex_destroy(&queue->lock);
    free(queue);
    return NULL;
}

void sw_queue_free(struct sw_queue *queue)
{
    if (!queue)
        return;
    while (queue->head) {
        struct sw_record *next = queue->head->next;
        free(queue->head);
        queue->head = next;
    }
    pthread_cond_destroy(&queue->filled);
    pthread_mutex_destroy(&queue->lock);
    free(queue);
}

void sw_records_add(struct sw_records *records, struct sw_record *record)
{
    record->next = NULL;
    if (records->tail)
        records->tail->next = record;
    else
        records->head = record;
    records->tail = record;
    records->n++;
}

size_t sw_queue_room(struct sw_queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    size_t room = queue->max - queue->n;
    pthread_mutex_unlock(&queue->lock);
    return room;
}

void sw_queue_push(struct sw_queue *queue, struct sw_records *records)
{
    if (records->n == 0)
        return;
    pthread_mutex_lock(&queue->lock);
    assert(records->n <= queue->max - queue->n && !queue->closed);
    if (queue->tail) {
        queue->tail->next = records->head;
    } else {
        queue->head = records->head;
        pthread_cond_signal(&queue->filled);
    }
    queue->tail = records->tail;
    queue->n += records->n;
    pthread_mutex_unlock(&queue->lock);
    *records = (struct sw_records){NULL, NULL, 0};
}

void sw_queue_close(struct sw_queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    queue->closed = true;
    pthread_cond_signal(&queue->filled);
    pthread_mutex_unlock(&queue->lock);
}

/* Cut the first up to max records off the list. Under the lock, not empty. */
static struct sw_record *cut(struct sw_queue *queue, size_t max)
{
    struct sw_record *first = queue->head, *last = first;
    size_t n = 1;
    while (n < max && last->next) {
        last = last->next;
        n++;
    }
    queue->head = last->next;
    if (!queue->head)
        queue->tail = NULL;
    last->next = NULL;
    queue->n -= n;
    return first;
}

struct sw_record *sw_queue_take(struct sw_queue *queue, size_t max, int64_t wait_us, bool *closed)
{
    struct sw_record *first = NULL;
    int64_t until_us = sw_clock_mono_us() + wait_us;
    pthread_mutex_lock(&queue->lock);
    while (!queue->head && !queue->closed && wait_us > 0) {
        if (!sw_cond_wait(&queue->filled, &queue->lock, until_us))
            break;
    }
    if (queue->head)
        first = cut(queue, max);
    *closed = queue->closed && !queue->head;
    pthread_mutex_unlock(&queue->lock);
    return first;
}
