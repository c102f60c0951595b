/* noticed.c - which lists a notice named, between the notice and the comparison. See notice.h. */
#include "feed/notice.h"

#include "base/clock.h"
#include "feed/feeder.h"

#define EXPLAINED_US INT64_C(2000000) /* an entry about the list explains notices for that long */
#define PAUSE_TIMES  4                /* and at least that many times the length of the last look */
#define PAUSE_US     INT64_C(500000)  /* shortest pause between two looks */

void sw_feed_notices_copied(struct sw_feed *feed)
{
    for (size_t i = 0; i < feed->lists.n; i++) {
        struct sw_list *list = feed->lists.list[i];
        list->copied = list->copied || list->touched;
        list->touched = false;
    }
    feed->notices.waiting = false;
}

bool sw_feed_noticed(const struct sw_list *list)
{
    return list->copied && sw_clock_mono_us() - list->entry_us > EXPLAINED_US;
}

void sw_feed_notices_compared(struct sw_feed *feed, int64_t began_us)
{
    int64_t now = sw_clock_mono_us(), pause_us = (now - began_us) * PAUSE_TIMES;
    for (size_t i = 0; i < feed->lists.n; i++)
        feed->lists.list[i]->copied = false;
    feed->notices.look_due = now + (pause_us > PAUSE_US ? pause_us : PAUSE_US);
}
