/* changes.c - what a batch changed: update in place -> wait for readers -> sweep -> report. */
#include "base/rcu.h"
#include "feed/feeder.h"

#include <stdlib.h>

void sw_feed_changed_everything(struct sw_feed *feed)
{
    feed->everything = true;
    feed->dirty = true;
}

void sw_feed_added(struct sw_feed *feed, const struct sw_indicator *indicator)
{
    feed->dirty = true;
    if (feed->everything)
        return;
    if (feed->added_n == feed->added_capacity) {
        size_t capacity = feed->added_capacity ? feed->added_capacity * 2 : 64;
        struct sw_indicator *grown = NULL;

        if (capacity <= SW_FEED_ADDED_MAX)
            grown = realloc(feed->added, capacity * sizeof(*grown));
        if (!grown) {
            sw_feed_changed_everything(feed);
            return;
        }
        feed->added = grown;
        feed->added_capacity = capacity;
    }
    feed->added[feed->added_n++] = *indicator;
}

void sw_feed_enforce(struct sw_feed *feed)
{
    struct sw_changeset changes = {feed->added, feed->added_n, feed->everything};

    if (!feed->dirty)
        return;
    sw_rcu_synchronize();
    if (feed->host.sweep && (changes.everything || changes.added_n > 0))
        feed->host.sweep(feed->host.arg, &changes);
    feed->added_n = 0;
    feed->everything = false;
    feed->dirty = false;
}

enum sw_status sw_feed_finish_batch(struct sw_feed *feed)
{
    sw_feed_enforce(feed);
    feed->applied = feed->position.id;
    return sw_feed_report(feed);
}
