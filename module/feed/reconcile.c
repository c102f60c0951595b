/*
 * reconcile.c - reconciliation with the lists in Redis.
 *
 * Reconciliation finds writes without an entry in the stream. Sizes cannot be compared at any
 * moment, since the feeder may not have applied the last entries yet. So a MULTI copies the
 * stream's end, the policies and the sizes at the same moment. The copy waits until the feeder has
 * applied all entries up to that end (usually at once), and is compared then.
 */
#include "base/clock.h"
#include "base/log.h"
#include "feed/feeder.h"
#include "redis/reply.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum sw_status append_hlen(struct sw_feed *feed, const char *name)
{
    char key[SW_KEY_MAX];
    const char *argv[] = {"HLEN", sw_redis_key(feed->redis, key, sizeof(key), "list:%s", name)};
    return sw_redis_append_argv(feed->redis, 2, argv, NULL);
}

/* Send MULTI, XINFO STREAM, HGETALL, HLEN for each name, EXEC, and fetch EXEC's reply. */
static enum sw_status take_copy(struct sw_feed *feed, struct sw_copy *copy)
{
    char changes[SW_KEY_MAX], lists[SW_KEY_MAX];
    const char *multi[] = {"MULTI"}, *exec[] = {"EXEC"};
    const char *xinfo[] = {"XINFO", "STREAM", changes}, *hgetall[] = {"HGETALL", lists};
    struct sw_redis *redis = feed->redis;
    sw_redis_key(redis, changes, sizeof(changes), "changes");
    sw_redis_key(redis, lists, sizeof(lists), "lists");
    enum sw_status status = sw_redis_append_argv(redis, 1, multi, NULL);
    if (status == SW_OK)
        status = sw_redis_append_argv(redis, 3, xinfo, NULL);
    if (status == SW_OK)
        status = sw_redis_append_argv(redis, 2, hgetall, NULL);
    for (size_t i = 0; i < copy->n && status == SW_OK; i++)
        status = append_hlen(feed, copy->names[i]);
    if (status == SW_OK)
        status = sw_redis_append_argv(redis, 1, exec, NULL);
    for (size_t i = 0; i < copy->n + 4 && status == SW_OK; i++) {
        freeReplyObject(copy->reply);
        sw_redis_take_part(redis, SW_POLICY_TEXT_MAX + 1, 1 + SW_STREAM_STATE_DEPTH);
        copy->reply = sw_redis_reply(redis);
        if (!copy->reply)
            status = SW_ECLOSED;
    }
    return status;
}

static enum sw_status name_lists(const struct sw_feed *feed, struct sw_copy *copy)
{
    copy->names = calloc(feed->lists.n + 1, sizeof(*copy->names));
    if (!copy->names)
        return SW_ENOMEM;
    for (size_t i = 0; i < feed->lists.n; i++) {
        if (feed->lists.list[i]->held)
            memcpy(copy->names[copy->n++], feed->lists.list[i]->name, SW_LISTNAME_MAX);
    }
    return SW_OK;
}

enum sw_status sw_feed_copy(struct sw_feed *feed)
{
    struct sw_stream_state state;
    struct sw_copy copy = {.reply = NULL};
    sw_copy_clear(&feed->copy);
    sw_feed_notifications_copied(feed);
    enum sw_status status = name_lists(feed, &copy);
    if (status == SW_OK)
        status = take_copy(feed, &copy);
    if (status != SW_OK || !sw_reply_is_array(copy.reply, copy.n + 2)) {
        if (status == SW_OK)
            sw_feed_problem(feed, SW_PROBLEM_RECONCILE, "cannot compare with Redis: %s",
                            sw_reply_words(copy.reply));
        sw_copy_clear(&copy);
        return status == SW_OK ? SW_OK : sw_feed_failed(feed, status, "comparing with Redis");
    }
    sw_feed_problem(feed, SW_PROBLEM_RECONCILE, NULL);
    if (!feed->stream_ok || sw_stream_read_state(copy.reply->element[0], &state) != SW_OK) {
        feed->copy = copy;
        return SW_OK;
    }
    state.left_out = sw_redis_left_out(feed->redis);
    copy.at = state.last;
    feed->copy = copy;
    return sw_feed_judge_stream(feed, SW_OK, &state);
}

enum sw_status sw_feed_reconcile(struct sw_feed *feed)
{
    feed->reconcile_due = sw_clock_mono_us() + (int64_t)feed->settings->reconcile_s * 1000000;
    return sw_feed_copy(feed);
}

/* Read a list again that has an unexpected size, was never read to the end, or was written without
 * an entry. */
static enum sw_status compare_contents(struct sw_feed *feed, const struct sw_copy *copy)
{
    for (size_t i = 0; i < copy->n; i++) {
        struct sw_list *list = sw_lists_find(&feed->lists, copy->names[i]);
        const redisReply *fields = copy->reply->element[2 + i];
        if (!list || !list->held || list->lost)
            continue;
        if (!list->unread && !sw_feed_is_notified(list) && fields->type == REDIS_REPLY_INTEGER &&
            fields->integer == (long long)sw_index_count(feed->index, list->id) + list->surplus)
            continue;
        sw_count(&feed->counters->lists_reread, 1);
        enum sw_status status = sw_load_content(feed->redis, &feed->lists, list, &feed->hooks);
        if (status != SW_OK)
            return sw_feed_failed(feed, status, "reading a list");
        feed->dirty = true;
    }
    return SW_OK;
}

/* Compare a copy with the index, which holds all entries up to the copy's stream id and no more. */
static enum sw_status compare(struct sw_feed *feed, const struct sw_copy *copy)
{
    const redisReply *lists = copy->reply->element[1];
    bool kept = false;
    if (!sw_reply_is_array(lists, 0)) {
        sw_feed_keep_unreadable(feed, sw_reply_words(lists));
        return SW_OK;
    }
    /* Asked before any list is read: a list read later holds all changes up to this id. */
    enum sw_status status = sw_feed_renew_end(feed);
    if (status == SW_OK)
        status = sw_feed_take_lists(feed, lists, false, &kept);
    if (status == SW_OK && !kept)
        status = compare_contents(feed, copy);
    return status;
}

enum sw_status sw_feed_compare(struct sw_feed *feed, const struct sw_stream_id *next)
{
    struct sw_copy copy = feed->copy;
    int64_t began = sw_clock_mono_us();
    if (!copy.reply)
        return SW_OK;
    if (next ? sw_stream_id_compare(next, &copy.at) <= 0
             : sw_stream_id_compare(&feed->position.id, &copy.at) < 0)
        return SW_OK;
    feed->copy = (struct sw_copy){.reply = NULL};
    enum sw_status status = compare(feed, &copy);
    sw_feed_notifications_compared(feed, began);
    sw_copy_clear(&copy);
    return status;
}
