/*
 * ring.h - a bounded byte ring with a single producer and a single consumer.
 *
 * Each worker has a ring: the worker puts events, the collector takes events out. If the ring is
 * full, put fails at once and counts the loss; no thread ever waits.
 *
 * Threads      put: the producer; get: the consumer; lost, used: any
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

/** NULL when out of memory. Touches every page, so that workers take no page faults later. */
struct sw_ring *sw_ring_new(size_t capacity);
void sw_ring_free(struct sw_ring *ring); /* NULL is fine */

struct sw_bell;

/** Make put ring the bell when `octets` octets wait, again for each further quarter of `octets`,
 * and for each record that a full ring refuses. Call before the first put. */
void sw_ring_alarm(struct sw_ring *ring, size_t octets, struct sw_bell *bell);

/**
 * Copy a record into the ring. Returns false for a record that does not fit, which only adds to
 * sw_ring_lost(). An empty record (len 0) never fits. A record takes len octets, rounded up to a
 * multiple of 8, and 8 octets more. Wait-free.
 */
bool sw_ring_put(struct sw_ring *ring, const void *record, size_t len);

/**
 * Copy at most max octets of the oldest record out and remove the record. Returns the length of
 * the record, 0 for an empty ring. A length over max means that the record was cut.
 */
size_t sw_ring_get(struct sw_ring *ring, void *record, size_t max);

/** Records refused since creation, and octets waiting now (headers and filling included). */
uint64_t sw_ring_lost(const struct sw_ring *ring);
size_t sw_ring_used(const struct sw_ring *ring);

#endif
