/*
 * expire.c - removal of expired indicators from the index.
 *
 * The index knows the end of each indicator (index/expiry.h). Expired indicators are removed at
 * least five times a second, with or without Redis, also while the feeder waits for a reply. The
 * field of an expired indicator may stay in Redis for ever: each reader of a list skips the field.
 */
#include "base/clock.h"
#include "base/log.h"
#include "feed/feeder.h"

#define BUDGET_US INT64_C(10000)   /* for a call of sw_feed_expire(): bounds the delay of changes */
#define SOME      256              /* indicators removed between two looks at the clock */
#define JUMP_US   INT64_C(2000000) /* a slewed clock makes no steps of this size */

/* An indicator was removed: the list's hash in Redis still has the field, so the surplus grows. */
static void on_gone(void *arg, sw_list_id id)
{
    struct sw_feed *feed = arg;
    sw_count(&feed->counters->indicators_expired, 1);
    for (size_t i = 0; i < feed->lists.n; i++) {
        struct sw_list *list = feed->lists.list[i];
        if (list->held && list->id == id) {
            list->expired++;
            list->surplus++;
            if (sw_lists_shields(&feed->lists, list))
                sw_feed_changed_everything(feed);
        }
    }
}

/* A clock that was set back: a full load restores indicators that expired by the wrong time. */
static void notice_jump(struct sw_feed *feed, int64_t wall_us)
{
    int64_t ahead = wall_us - sw_clock_mono_us();
    bool back = feed->clock_known && ahead < feed->clock_ahead - JUMP_US, any = false;
    feed->clock_ahead = ahead;
    feed->clock_known = true;
    for (size_t i = 0; back && i < feed->lists.n; i++)
        any = any || feed->lists.list[i]->expired > 0;
    if (!any)
        return;
    sw_log(SW_LOG_WARNING, "the clock was set back: reading all lists again, since indicators "
                           "have expired");
    feed->load_due = true;
}

void sw_feed_expire(struct sw_feed *feed)
{
    int64_t wall_us = sw_feed_wall_us(feed), until = sw_clock_mono_us() + BUDGET_US;
    uint32_t now = wall_us < 0 ? 0 : (uint32_t)(wall_us / 1000000);
    bool before = feed->everything; /* set by the current batch, which is enforced at its end */
    notice_jump(feed, wall_us);
    feed->expiring = true;
    while (feed->expiring && sw_clock_mono_us() < until)
        feed->expiring = sw_index_expire(feed->index, now, SOME, on_gone, feed) == SOME;
    if (feed->everything && !before)
        sw_feed_enforce(feed);
}
