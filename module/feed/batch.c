/*
 * batch.c - the way of a batch of changes: updated in the index -> host.changed -> added names
 * evicted -> handed over to the sweeper -> reported as applied when the sweep is over.
 *
 * The sweeper waits for readers and for the answers that they store, evicts the names again, and
 * walks the caches (sweeper.h).
 *
 * Decision     D-065
 */
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

void sw_feed_removed(struct sw_feed *feed, const struct sw_list *list,
                     const struct sw_indicator *indicator)
{
    if (sw_lists_shields(&feed->lists, list))
        sw_feed_added(feed, indicator);
}

void sw_feed_came(struct sw_feed *feed, const struct sw_list *list)
{
    if (feed->state != SW_FEED_FOLLOWING && !feed->told_in_force)
        return;
    if (!list->held || list->effect.kind != SW_KIND_IOC)
        return;
    sw_list_set_add(&feed->came, list->id);
}

void sw_feed_enforce(struct sw_feed *feed)
{
    struct sw_changeset changes = {.added = feed->added,
                                   .added_n = feed->added_n,
                                   .everything = feed->everything,
                                   .stop = &feed->stopping};
    if (!feed->dirty)
        return;
    if (feed->host.changed && (changes.everything || changes.added_n > 0))
        feed->host.changed(feed->host.arg);
    if (feed->host.evict && changes.added_n > 0)
        feed->host.evict(feed->host.arg, &changes);
    sw_sweeper_hand(feed->sweeper, &changes);
    const struct sw_in_force now = {feed->added, feed->added_n, &feed->came, feed->position.id.ms,
                                    feed->position.id.seq};
    if (feed->host.in_force &&
        (feed->state == SW_FEED_FOLLOWING || now.added_n > 0 || now.lists->any)) {
        feed->host.in_force(feed->host.arg, &now);
        feed->told_in_force = true;
    }
    feed->came = (struct sw_list_set){.any = false};
    feed->added_n = 0;
    feed->everything = false;
    feed->dirty = false;
}
