/*
 * cache.h - remove cached answers that contradict the lists.
 *
 * After a change the feeder publishes the lists, waits for readers, and has the added names
 * evicted. Evicting a name removes its RRsets from the RRset cache in constant time. Every message
 * that refers to these RRsets becomes unusable, messages with aliases to the name included.
 * Messages with the name as question, negative answers included, are removed by key.
 *
 * All other contradictions (names below a listed name, aliases to a name that does not exist,
 * targets of HTTPS, addresses, AS numbers) are found by walking both caches. The walk removes
 * messages with a question that a rule acts on, and RRsets with an alias or address that a rule
 * acts on. A removed RRset makes the messages that refer to it unusable. The walk locks a few bins
 * at a time and only collects keys while holding locks.
 *
 * A sweep is done in parts. A part is some slabs of one of the two caches, each slab from the first
 * bin to the last, so that growth of the table during the walk does no harm (cache_walk.c has the
 * proof).
 *
 * A periodic sweep (sw_changeset.periodic) looks for messages that were cached despite the lists.
 * Such a sweep judges each message together with its answer, and removes RRsets for their aliases
 * alone, since the addresses of remembered answers stay.
 *
 * Threads      evict: the feeder; the others: the sweeper; workers continue meanwhile
 * Cost         tests/bench prints the time for a full cache and the longest wait of a client
 */
#ifndef SW_HOST_CACHE_H
#define SW_HOST_CACHE_H

#include "feed/feed.h"
#include "host/module.h"

/** Implements sw_feed_host.evict; module is a struct sw_module. */
void sw_cache_evict(void *module, const struct sw_changeset *changes);

/** Implements sw_feed_host.sweep; module is a struct sw_module. */
void sw_cache_sweep(void *module, const struct sw_changeset *changes, size_t part);

/** Implements sw_feed_host.tracked: report the names that the cache has for these addresses, as
 * SW_EVENT_ANSWER events. The time of an event is the time at which the RRset was stored, and
 * SW_TAG_UNTIL has the end of the RRset's time to live. Expired RRsets are not reported (D-138).
 * module is a struct sw_module. */
void sw_cache_report_names(void *module, const struct sw_addr *addrs, size_t n);

#endif
