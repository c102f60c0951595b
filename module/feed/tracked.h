/*
 * tracked.h - tracked addresses: an indicator's or watched name has resolved to each of these.
 *
 * Private to the feeder. For every answer a worker asks whether an address of the answer is
 * tracked; if so, the queried name is recorded: a reverse look-up from live traffic. The set has to
 * be as fast as the index, and is a separate instance of the wait-free index with a single list.
 * The recorder asks for addresses to be tracked; requests wait in a small queue for the feeder, the
 * only writer.
 *
 * The set is bounded: when the set is full, the address tracked longest goes. If new addresses were
 * refused instead, a single name with many addresses could fill the set for good. An address that
 * went too early is tracked again the next time the name is resolved.
 *
 * Threads      sw_tracked_has(): any, inside an RCU section; sw_tracked_request(): any;
 *              everything else: the feeder
 * Memory       18 octets for each of max addresses, and the index; the queue is fixed
 */
#ifndef SW_FEED_TRACKED_H
#define SW_FEED_TRACKED_H

#include "base/addr.h"
#include "index/index.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#define SW_TRACKED_QUEUE 4096 /* addresses waiting for the feeder, or for Redis */

struct sw_tracked {
    struct sw_index *set;
    sw_list_id list;
    atomic_size_t n;              /* addresses in the set; 0 is a fast "no" */
    struct sw_addr *oldest_first; /* ring of the addresses in the set, from start */
    size_t max, capacity, start;
    pthread_mutex_t lock; /* guards the queue */
    struct sw_addr queue[SW_TRACKED_QUEUE];
    size_t queued;
};

/** An empty set of at most max addresses (0: tracks nothing). SW_ENOMEM. */
enum sw_status sw_tracked_init(struct sw_tracked *tracked, size_t max);

/** Free everything; no thread may use the set any more. */
void sw_tracked_clear(struct sw_tracked *tracked);

/** Whether an address is tracked. Wait-free. */
bool sw_tracked_has(const struct sw_tracked *tracked, const struct sw_addr *addr);

/** Queue an address for the feeder; ignored when already tracked or the queue is full. */
void sw_tracked_request(struct sw_tracked *tracked, const struct sw_addr *addr);

/** Take all queued addresses: fills out[SW_TRACKED_QUEUE], returns the number. */
size_t sw_tracked_take(struct sw_tracked *tracked, struct sw_addr *out);

/** Track an address. SW_OK: it is new. SW_EEXIST; SW_EINVAL (a prefix, or max is 0); SW_ENOMEM. */
enum sw_status sw_tracked_add(struct sw_tracked *tracked, const struct sw_addr *addr);

#endif
