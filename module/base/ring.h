/*
 * ring.h - a bounded byte ring with one producer and one consumer.
 *
 * One ring for each worker: the worker puts events, the recorder gets them. A full ring makes
 * put fail at once and counts the loss; nobody ever waits.
 *
 * Threads      put: the one producer; get: the one consumer; lost: any
 * Memory       fixed at creation (capacity rounded up to a power of two)
 * Ordering     producer's release store of head pairs with the consumer's acquire load, and
 *              the consumer's release store of tail with the producer's acquire load
 */
#ifndef SW_BASE_RING_H
#define SW_BASE_RING_H

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sw_ring;

/** NULL when out of memory. Every page is touched here, so that workers never fault. */
struct sw_ring *sw_ring_new(size_t capacity);
void sw_ring_free(struct sw_ring *ring); /* NULL is fine */

struct sw_bell;

/** From now on put rings the bell when some octets wait, again for each quarter of that more, and each time
 * that it refuses a record because the ring is full. Before the first put. */
void sw_ring_alarm(struct sw_ring *ring, size_t octets, struct sw_bell *bell);

/**
 * Copy one record in; false when it does not fit, which counts as one lost record and changes
 * nothing else. An empty record (len 0) never fits. Takes len octets rounded up to 8, and 8
 * more. Wait-free.
 */
bool sw_ring_put(struct sw_ring *ring, const void *record, size_t len);

/**
 * Copy the oldest record out into at most max octets and remove it; returns its length, 0 when
 * the ring is empty. A length over max says that the rest of the record was cut off.
 */
size_t sw_ring_get(struct sw_ring *ring, void *record, size_t max);

/** Records refused since creation, and octets waiting now (headers and filling included). */
uint64_t sw_ring_lost(const struct sw_ring *ring);
size_t sw_ring_used(const struct sw_ring *ring);

#endif
