/*
 * cache.h - make cached answers that contradict the lists unusable.
 *
 * After a change the feeder publishes the lists, waits for readers, and has the names that were
 * added evicted: taking a name's RRsets out of the RRset cache makes every message that refers to
 * them unusable, aliases to it included, in constant time; messages whose question is the name, also
 * those that say that it does not exist, go by their keys.
 *
 * What is left (names below it, aliases to what does not exist, targets of HTTPS, addresses, AS
 * numbers) is found by walking both caches: messages whose question is covered by a rule go, and
 * RRsets with an alias or address in their data that a rule covers go, and with them the messages
 * that refer to them. The walk holds the locks of a few bins at a time and only collects
 * keys under them.
 *
 * A part of them is some slabs of one of the two caches: a whole table from its first bin to its last, so
 * that its growth meanwhile is of no concern (cache.c says why).
 *
 * A sweep for no change (sw_changeset.periodic) looks for messages that came in past the lists: it
 * judges each message with its answer, and leaves RRsets alone, as those of remembered answers stay.
 *
 * Threads      evict: the feeder; the others: the sweeper; workers go on meanwhile
 * Cost         tests/bench prints the time for a full cache and the longest wait of a client
 */
#ifndef SW_HOST_CACHE_H
#define SW_HOST_CACHE_H

#include "feed/feed.h"
#include "host/module.h"

/** As sw_feed_host.evict asks; arg is the struct sw_module. */
void sw_cache_evict(void *module, const struct sw_changeset *changes);

/** As sw_feed_host.sweep asks; arg is the struct sw_module. */
void sw_cache_sweep(void *module, const struct sw_changeset *changes, size_t part);

/** As sw_feed_host.tracked asks: report the names that the cache holds for these addresses, as
 * SW_EVENT_ANSWER events. arg is the struct sw_module. */
void sw_cache_report_names(void *module, const struct sw_addr *addrs, size_t n);

#endif
