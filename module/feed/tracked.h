/*
 * tracked.h - addresses that an indicator's or watched name has resolved to.
 *
 * Private to the feeder. Workers ask for every answer whether one of its addresses is tracked
 * (any client's name on it is then noted: the reverse look-up from live traffic), so the set has
 * the index's own wait-free structure: an instance of its own, with one list. The recorder asks
 * for addresses to be added; they wait in a small queue for the feeder, the only writer.
 *
 * Bounded: when the set is full, the address tracked longest goes. Refusing new ones instead
 * would let one name with many addresses blind us for good; an address that went too early comes
 * back the next time its name is resolved.
 *
 * Threads      sw_tracked_has(): any, inside an RCU section; sw_tracked_request(): any;
 *              everything else: the feeder
 * Memory       max entries of 18 octets, and the index; the queue is fixed
 */
#ifndef SW_FEED_TRACKED_H
#define SW_FEED_TRACKED_H

#include "base/addr.h"
#include "index/index.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#define SW_TRACKED_QUEUE 4096 /* addresses that wait for the feeder, or for Redis */

struct sw_tracked {
    struct sw_index *set;
    sw_list_id list;
    atomic_size_t n;              /* addresses in the set: the fast "no" */
    struct sw_addr *oldest_first; /* ring of the addresses in the set, from start */
    size_t max, capacity, start;
    pthread_mutex_t lock; /* guards the queue */
    struct sw_addr queue[SW_TRACKED_QUEUE];
    size_t queued;
};

/** An empty set of at most max addresses (0: tracks nothing). SW_ENOMEM. */
enum sw_status sw_tracked_init(struct sw_tracked *tracked, size_t max);

/** Free everything; nobody asks any more. */
void sw_tracked_clear(struct sw_tracked *tracked);

/** Whether an address is tracked. Wait-free. */
bool sw_tracked_has(const struct sw_tracked *tracked, const struct sw_addr *addr);

/** Queue an address for the feeder; dropped when tracked already or the queue is full. */
void sw_tracked_request(struct sw_tracked *tracked, const struct sw_addr *addr);

/** Take what is queued: fills out[SW_TRACKED_QUEUE], returns how many. */
size_t sw_tracked_take(struct sw_tracked *tracked, struct sw_addr *out);

/** Add one address. SW_OK: it is new. SW_EEXIST; SW_EINVAL (a prefix, or max is 0); SW_ENOMEM. */
enum sw_status sw_tracked_add(struct sw_tracked *tracked, const struct sw_addr *addr);

#endif
