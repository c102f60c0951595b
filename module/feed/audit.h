/*
 * audit.h - finds fields that were written to a list without an entry in the change stream.
 *
 * Reconciliation compares sizes; a field added and another field removed leave the size unchanged.
 * So the audit reads every list once in a reconcile-interval (or slower, at 3,000 fields a second)
 * and looks each field up in the index. The lists are read chunk by chunk, a few chunks in each
 * round of the feeder's loop.
 *
 * A field that is missing in the index becomes a suspect, since the stream may have an entry for
 * the field that is not applied yet. The stream's end is noted. When the feeder has applied all
 * entries up to that end, Redis is asked for the suspect again. If Redis still has the field and
 * the index does not, a reconciliation follows at once and reads the list again.
 *
 * Threads      the feeder
 * Memory       a chunk, and some suspects
 * Cost         at most some 4 chunks a second, 0.4 % of a core: a million indicators in 5 minutes
 * Reliability  a lost connection ends the session; other errors are left to reconciliation
 * Decision     D-037
 */
#ifndef SW_FEED_AUDIT_H
#define SW_FEED_AUDIT_H

#include "base/indicator.h"
#include "base/policy.h"
#include "base/status.h"
#include "feed/stream.h"

#include <stddef.h>
#include <stdint.h>

#define SW_SUSPECTS_MAX 8

struct sw_feed;

struct sw_audit {
    int64_t began_us; /* start of this pass over all lists, monotonic; 0: no pass yet */
    size_t at;        /* current list: position in struct sw_lists */
    char list[SW_LISTNAME_MAX];
    char cursor[24];         /* of HSCAN; "" at a list's start */
    uint64_t looked, total;  /* fields in this pass: so far, and about how many in all lists */
    uint64_t asks;           /* sw_feed.asks when the suspects were found */
    struct sw_stream_id end; /* the stream's end after that; 0-0: not told yet */
    size_t suspects_n;
    char suspect[SW_SUSPECTS_MAX][SW_INDICATORTEXT_MAX];
    char suspect_list[SW_LISTNAME_MAX];
};

/** Read the chunks that are due now, or judge the suspects. SW_OK, or the session is over. */
enum sw_status sw_feed_audit(struct sw_feed *feed);

#endif
