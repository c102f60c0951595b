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
    feed->added_n = 0;
    feed->everything = false;
    feed->dirty = false;
}

enum sw_status sw_feed_finish_batch(struct sw_feed *feed)
{
    sw_feed_enforce(feed);
    sw_sweeper_reached(feed->sweeper, &feed->position.id);
    return sw_feed_report_applied(feed);
}

bool sw_feed_mmdb_enforced(struct sw_feed *feed)
{
    if (!feed->mmdb_next || sw_sweeper_over(feed->sweeper) < feed->mmdb_handed)
        return false;
    free(feed->mmdb_json);
    feed->mmdb_json = feed->mmdb_next;
    feed->mmdb_next = NULL;
    return true;
}

enum sw_status sw_feed_report_applied(struct sw_feed *feed)
{
    struct sw_stream_id done = sw_sweeper_done(feed->sweeper);
    bool mmdb = sw_feed_mmdb_enforced(feed);
    if (!mmdb && sw_stream_id_compare(&done, &feed->applied) == 0)
        return SW_OK;
    return sw_feed_report(feed);
}
