/*
 * audit.h - finding what was written to a list in Redis without an entry in the change stream.
 *
 * Reconciliation compares sizes; a field added and another taken away leave the size as it is.
 * So within each reconcile-interval, or as long as 3,000 fields a second take, every list is read once, a chunk at a time between two turns of
 * the feeder, and each field is looked for in the index. One that is missing becomes a suspect: a
 * change of it may be on its way in the stream. It is asked about again once that stream has been
 * followed to where it ended then; if Redis still has it and the index has not, the list is read
 * anew by the next reconciliation, which is made at once.
 *
 * Threads      the feeder
 * Memory       one chunk, and some suspects
 * Cost         at most some 4 chunks a second, 0.4 % of a core: a million indicators in 5 minutes
 * Reliability  what is wrong with Redis is told by the calls that matter; here it ends the session
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
    int64_t began_us; /* of this pass over all lists, monotonic; 0: none is under way */
    size_t at;        /* list in the feeder's book */
    char list[SW_LISTNAME_MAX];
    char cursor[24];         /* of HSCAN; "" at a list's start */
    uint64_t looked, total;  /* fields in this pass: so far, and about how many there are */
    struct sw_stream_id end; /* where the stream ended when the suspects were seen */
    size_t suspects_n;
    char suspect[SW_SUSPECTS_MAX][SW_INDICATORTEXT_MAX];
    char suspect_list[SW_LISTNAME_MAX];
};

/** Go on for as much as is due now. SW_OK, or the session is over. */
enum sw_status sw_feed_audit(struct sw_feed *feed);

#endif
