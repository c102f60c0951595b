/*
 * sweeper.h - the thread that walks the host's caches, so that the feeder need not wait for it.
 *
 * Private to feed/. A walk through full caches takes tenths of a second; a change that comes
 * meanwhile must not. So the feeder publishes a change, evicts what can be named, and hands the rest
 * to this thread, which waits for readers (10 ms when one was descheduled), evicts once more what
 * they may have stored, and walks, part by part of the caches and round in a circle:
 *     sw_sweeper_hand(s, &changes);      what has to be swept for, if anything
 *     sw_sweeper_reached(s, &id);        everything up to this stream entry has been handed over
 *     ...
 *     sw_sweeper_done(s)                 the last entry whose sweep, if it needed one, is over
 * What is handed over during a walk is merged and joins before its next part; it is done when the walk has
 * come round to there. So nothing waits for more than a walk and one of its parts.
 *
 * Every interval, and a second after a change, all is swept once more, without haste and giving way
 * to changes: for what came into a cache past the lists (D-019).
 *
 * Threads      one of its own; all calls but sw_sweeper_stop() from the feeder
 * Memory       at most SW_FEED_ADDED_MAX indicators wait; more become "everything"
 * Reliability  stopping ends a walk at its next pause
 */
#ifndef SW_FEED_SWEEPER_H
#define SW_FEED_SWEEPER_H

#include "base/counters.h"
#include "base/status.h"
#include "feed/feed.h"
#include "feed/stream.h"

#include <stdbool.h>
#include <stdint.h>

/* Indicators that are looked for at a time; more: everything is. A walk through a million messages
 * takes so long that 10,000 changes a second should fit. */
#define SW_FEED_ADDED_MAX 16384

struct sw_sweeper;

/** Copies nothing: host and counters must outlive it. interval_s: seconds between sweeps that no
 * change asked for, 0 for none. NULL: no memory. */
struct sw_sweeper *sw_sweeper_new(const struct sw_feed_host *host, struct sw_counters *counters,
                                  uint32_t interval_s);

/** Start the thread; SW_ENOMEM. */
enum sw_status sw_sweeper_start(struct sw_sweeper *sweeper);

/** Stop and join; what waits is given up. NULL, never started and stopped already are fine. Not to
 * be started again; the other calls stay allowed until it is freed. */
void sw_sweeper_stop(struct sw_sweeper *sweeper);
void sw_sweeper_free(struct sw_sweeper *sweeper);

/** Have the caches swept for these changes (copied), which the index holds. Nothing added means that
 * only readers have to be waited for. */
void sw_sweeper_hand(struct sw_sweeper *sweeper, const struct sw_changeset *changes);

/** All that had to be swept for up to this entry has been handed over. Never an earlier entry than
 * last time, unless the stream is another one. */
void sw_sweeper_reached(struct sw_sweeper *sweeper, const struct sw_stream_id *id);

/** Have the names reported that the caches hold for a tracked address, after the sweeps. With
 * thousands waiting more are left out (false). */
bool sw_sweeper_track(struct sw_sweeper *sweeper, const struct sw_addr *addr);

/** The last entry that is enforced, sweep included; 0-0 before there is one. */
struct sw_stream_id sw_sweeper_done(struct sw_sweeper *sweeper);

/** Whether a sweep runs or waits. */
bool sw_sweeper_busy(struct sw_sweeper *sweeper);

/** How often something has been handed over, and how many of these sweeps are over: whatever was
 * handed over as the n-th is enforced once n are. */
uint64_t sw_sweeper_handed(struct sw_sweeper *sweeper);
uint64_t sw_sweeper_over(struct sw_sweeper *sweeper);

/** How long the last sweep took, microseconds; 0 before there was one. */
uint64_t sw_sweeper_last_us(struct sw_sweeper *sweeper);

#endif
