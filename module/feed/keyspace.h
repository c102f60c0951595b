/*
 * keyspace.h - plain writes to a list, noticed through the keyspace notifications of Redis.
 *
 * A plain write changes a list without an entry in the change stream. A server with notifications
 * on (notify-keyspace-events with K, h and g) publishes the key of every write. A second connection
 * subscribes to the keys of the lists. Without notifications, reconciliation and audit find plain
 * writes (load_all.c, audit.c).
 *
 * A notification names the list, but neither the indicator nor whether the change stream has an
 * entry for the write. So a notification only leads to a look, step by step:
 *     notification of list a -> a.touched
 *     150 ms later: a MULTI copies stream end, policies and sizes (as reconciliation does)
 *     when the feeder has applied all entries up to that end, the copy is compared with the index
 *     a list of another size is read again
 *     a touched list of equal size also, without an entry about the list in the last two seconds
 * So a feed that writes entries never causes a reading. The audit finds a plain write that is
 * hidden by the entries of such a feed: the list has entries, and the size stays equal.
 *
 * Threads      the feeder
 * Cost         at most two copies a second; reading lists again takes at most a fifth of the time
 * Reliability  a failure of this connection does not end the session; a look after the next
 *              connection replaces the notifications that were lost
 * Decision     D-063
 */
#ifndef SW_FEED_KEYSPACE_H
#define SW_FEED_KEYSPACE_H

#include "base/status.h"

#include <stdbool.h>
#include <stdint.h>

struct sw_feed;
struct sw_list;
struct sw_redis;

struct sw_keyspace {
    struct sw_redis *redis; /* constant after the start; NULL: redis-notices is no */
    bool refused;           /* the server refused the subscription: logged once */
    bool again;             /* look after connecting: earlier notifications may be lost */
    bool pinged;            /* a reply to PING is due */
    bool waiting;           /* a write waits for a look */
    int64_t connect_due, ping_due, look_due; /* monotonic, microseconds */
};

/** Take the arrived notifications, and look when a look is due. SW_OK, or the session is over. */
enum sw_status sw_feed_take_notifications(struct sw_feed *feed);

/** A session begins or ends: close the connection, so that session and notifications have the same
 * server. */
void sw_feed_forget_notifications(struct sw_feed *feed);

/** A copy is about to be taken: comparing that copy answers the notifications so far. */
void sw_feed_notifications_copied(struct sw_feed *feed);

/** During the comparison: whether a notification asks for reading a list of the expected size. */
bool sw_feed_is_notified(const struct sw_list *list);

/** The comparison is over, lists read again included; began_us: when it began, monotonic. */
void sw_feed_notifications_compared(struct sw_feed *feed, int64_t began_us);

#endif
