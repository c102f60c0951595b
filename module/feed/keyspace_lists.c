/* keyspace_lists.c - the lists that notifications named, until the comparison. See keyspace.h. */
#include "feed/keyspace.h"

#include "base/clock.h"
#include "feed/feeder.h"

#define EXPLAINED_US INT64_C(2000000) /* an entry about a list explains notifications for so long */
#define PAUSE_TIMES  4                /* and at least that many times the length of the last look */
#define PAUSE_US     INT64_C(500000)  /* shortest pause between two looks */

void sw_feed_notifications_copied(struct sw_feed *feed)
{
    for (size_t i = 0; i < feed->lists.n; i++) {
        struct sw_list *list = feed->lists.list[i];
        list->copied = list->copied || list->touched;
        list->touched = false;
    }
    feed->keyspace.waiting = false;
}

bool sw_feed_is_notified(const struct sw_list *list)
{
    return list->copied && sw_clock_mono_us() - list->entry_us > EXPLAINED_US;
}

void sw_feed_notifications_compared(struct sw_feed *feed, int64_t began_us)
{
    int64_t now = sw_clock_mono_us(), pause_us = (now - began_us) * PAUSE_TIMES;
    for (size_t i = 0; i < feed->lists.n; i++)
        feed->lists.list[i]->copied = false;
    feed->keyspace.look_due = now + (pause_us > PAUSE_US ? pause_us : PAUSE_US);
}
