/*
 * notice.h - plain writes to a list in Redis, noticed through its keyspace notifications.
 *
 * Where the server has them on (notify-keyspace-events with K, h and g), it publishes the key of
 * whatever was written. A second connection subscribes to those of the lists; where they are off,
 * nothing ever comes and reconciliation has to find plain writes (sync.c, audit.c).
 *
 * A notice says which list, not which indicator, nor whether an entry of the change stream tells the
 * same. So it only leads to a look, step by step:
 *     notice of list a -> a.touched
 *     150 ms later: one MULTI copies stream end, policies and sizes (as reconciliation does)
 *     when the stream has been followed to that end: compared; a list of another size is read again
 *     a touched list of the same size also, unless the stream spoke of it in the last seconds
 * A feed that writes entries thus causes no reading, however busy it is; what it hides (a plain
 * write that leaves the size of a list that the stream speaks of) is found by the audit.
 *
 * Threads      the feeder
 * Cost         a copy twice a second at most; reading lists again takes a fifth of the time at most
 * Reliability  nothing that happens to this connection ends the session; notices that were lost with it
 *              are made up for by one look when it is there again
 */
#ifndef SW_FEED_NOTICE_H
#define SW_FEED_NOTICE_H

#include "base/status.h"

#include <stdbool.h>
#include <stdint.h>

struct sw_feed;
struct sw_list;
struct sw_redis;

struct sw_notices {
    struct sw_redis *redis; /* NULL: redis-notices is no; never another */
    bool refused;           /* the server does not let us subscribe: said once */
    bool again;             /* once connected, look: there may have been notices before */
    bool pinged;            /* an answer is due */
    bool waiting;           /* something was written that has not been looked at */
    int64_t connect_due, ping_due, look_due; /* monotonic, microseconds */
};

/** Take what was noticed, and look when it is time. SW_OK, or the session is over. */
enum sw_status sw_feed_take_notices(struct sw_feed *feed);

/** A session begins or ends: the connection is of one server, as the session's own. */
void sw_feed_forget_notices(struct sw_feed *feed);

/** A copy is taken: from now on it answers for what was noticed so far. */
void sw_feed_notices_copied(struct sw_feed *feed);

/** That copy is compared: whether a list of the size it should have is to be read all the same. */
bool sw_feed_noticed(const struct sw_list *list);

/** It has been compared, and lists have been read, since this monotonic time. */
void sw_feed_notices_compared(struct sw_feed *feed, int64_t began_us);

#endif
