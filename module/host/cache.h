/*
 * cache.h - make cached answers that contradict the lists unusable.
 *
 * After a change the feeder publishes the lists, waits for readers, and calls sw_cache_sweep().
 * A name that was added by itself is first evicted directly: taking its RRsets out of the RRset
 * cache makes every message that refers to them unusable, aliases to it included, in constant
 * time. Then both caches are walked: messages whose question is covered by a rule go, and RRsets
 * with an alias or address in their data that a rule covers go, and with them the messages that
 * refer to them. The walk holds one bin's lock at a time and only collects keys under it.
 *
 * Threads      the feeder; workers go on meanwhile
 * Cost         tests/bench prints the time for a full cache and the longest wait of a client
 */
#ifndef SW_HOST_CACHE_H
#define SW_HOST_CACHE_H

#include "feed/feed.h"
#include "host/module.h"

/** As sw_feed_host.sweep asks; arg is the struct sw_module. */
void sw_cache_sweep(void *module, const struct sw_changeset *changes);

/** As sw_feed_host.tracked asks: report the names that the cache holds for an address, as
 * SW_EVENT_ANSWER events. arg is the struct sw_module. */
void sw_cache_report_names(void *module, const struct sw_addr *addr);

#endif
