/*
 * sweeper.h - the thread that walks the host's caches, so that the feeder need not wait for a walk.
 *
 * Private to feed/. A walk through full caches takes tenths of a second; a change must be in force
 * sooner. So the feeder publishes a change, evicts the names that the change lists, and hands the
 * change to this thread. The sweeper waits for readers (10 ms when a reader was descheduled),
 * evicts the names again, since readers may have stored older answers, and walks the caches, part
 * by part in a circle:
 *     sw_sweeper_hand(s, &changes);      sweep for these changes
 *     sw_sweeper_reached(s, &id);        all changes up to this stream entry are handed over
 *     ...
 *     sw_sweeper_done(s)                 the last entry with a finished sweep, or in need of none
 * Changes that are handed over during a walk are merged and join the walk before the next part.
 * The sweep for these changes is over when the walk is at that part again. So a change waits for at
 * most a walk and a part.
 *
 * The periodic sweep walks all caches at low priority, every interval and a second after a change,
 * and yields to changes. The periodic sweep finds answers that were cached without a judgement by
 * the lists (D-019).
 *
 * Threads      a separate thread; all calls except sw_sweeper_stop() come from the feeder
 * Memory       at most SW_FEED_ADDED_MAX indicators wait; more become "everything"
 * Reliability  stopping ends a walk at the next pause
 * Decision     D-064
 */
#ifndef SW_FEED_SWEEPER_H
#define SW_FEED_SWEEPER_H

#include "base/counters.h"
#include "base/status.h"
#include "feed/feed.h"
#include "feed/stream.h"

#include <stdbool.h>
#include <stdint.h>

/* Added indicators in a walk; beyond that the walk is for everything. The number leaves room for
 * 10,000 changes a second during a walk through a million messages. */
#define SW_FEED_ADDED_MAX 16384

struct sw_sweeper;

/** Copies nothing: host and counters must outlive the sweeper. interval_s: seconds between periodic
 * sweeps, 0 for none. NULL: no memory. */
struct sw_sweeper *sw_sweeper_new(const struct sw_feed_host *host, struct sw_counters *counters,
                                  uint32_t interval_s);

/** Start the thread; SW_ENOMEM. */
enum sw_status sw_sweeper_start(struct sw_sweeper *sweeper);

/** Stop and join; waiting changes are not swept for. NULL, never started and stopped already are
 * fine. A stopped sweeper cannot be started again; the other calls stay allowed until the free. */
void sw_sweeper_stop(struct sw_sweeper *sweeper);
void sw_sweeper_free(struct sw_sweeper *sweeper);

/** Have the caches swept for these changes (copied), which the index holds. Without added
 * indicators and without `everything` the sweeper only waits for readers. */
void sw_sweeper_hand(struct sw_sweeper *sweeper, const struct sw_changeset *changes);

/** Note that all changes up to this stream entry are handed over. Ids ascend within a stream. */
void sw_sweeper_reached(struct sw_sweeper *sweeper, const struct sw_stream_id *id);

/** Have the cached names with a tracked address reported, after the waiting sweeps. False: too many
 * addresses wait already, and this address is left out. */
bool sw_sweeper_track(struct sw_sweeper *sweeper, const struct sw_addr *addr);

/** The last entry that is enforced, sweep included; 0-0 before the first. */
struct sw_stream_id sw_sweeper_done(struct sw_sweeper *sweeper);

/** Whether a sweep runs or waits. */
bool sw_sweeper_busy(struct sw_sweeper *sweeper);

/** The number of calls of sw_sweeper_hand(), and how many of the calls have a finished sweep.
 * Sweeps end in the order of the calls: the n-th call is enforced when the second number is n or
 * more. */
uint64_t sw_sweeper_handed(struct sw_sweeper *sweeper);
uint64_t sw_sweeper_over(struct sw_sweeper *sweeper);

/** How long the last sweep took, microseconds; 0 before the first. */
uint64_t sw_sweeper_last_us(struct sw_sweeper *sweeper);

#endif
