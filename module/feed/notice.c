/* notice.c - see notice.h. */
#include "feed/notice.h"

#include "base/clock.h"
#include "base/log.h"
#include "feed/feeder.h"
#include "redis/reply.h"

#include <stdio.h>
#include <string.h>

#define GRACE_US   INT64_C(150000) /* for a feed that writes the entry after the hash */
#define CONNECT_US INT64_C(5000000)
#define AT_ONCE    100000 /* notices in a call of take_all() */

/* The common beginning of the keys of lists and of the policies: P:list:<name>, P:lists. */
static char *key_begin(const struct sw_feed *feed, char *out)
{
    return sw_redis_key(feed->notices.redis, out, SW_KEY_MAX, "list");
}

/* The pattern to subscribe to, with special characters of the prefix escaped. (The ACL has to grant
 * exactly this pattern.) */
static void make_pattern(const struct sw_feed *feed, char out[2 * SW_KEY_MAX])
{
    char key[SW_KEY_MAX];
    size_t n = (size_t)snprintf(out, SW_KEY_MAX, "__keyspace@0__:");
    key_begin(feed, key);
    for (const char *c = key; *c; c++) {
        if (strchr("*?[\\", *c))
            out[n++] = '\\';
        out[n++] = *c;
    }
    out[n++] = '*';
    out[n] = '\0';
}

/* ---- the connection ---- */

static void lost(struct sw_feed *feed, int64_t now)
{
    sw_redis_close(feed->notices.redis);
    feed->notices.pinged = false;
    feed->notices.again = true;
    feed->notices.connect_due = now + CONNECT_US;
}

/* Connect and subscribe. Writes before the subscription are found by a look. */
static void subscribe(struct sw_feed *feed, int64_t now)
{
    struct sw_notices *notices = &feed->notices;
    char pattern[2 * SW_KEY_MAX];
    redisReply *reply = NULL;

    make_pattern(feed, pattern);
    if (sw_redis_open(notices->redis) == SW_OK)
        reply = sw_redis_command(notices->redis, "PSUBSCRIBE %s", pattern);
    if (!sw_reply_is_array(reply, 3)) {
        if (!notices->refused && !sw_feed_stopping(feed))
            sw_log(SW_LOG_INFO,
                   "feed: no keyspace notifications (%s): plain writes are noticed "
                   "by reconciliation only",
                   sw_redis_error(notices->redis));
        notices->refused = true;
        lost(feed, now);
    } else {
        notices->refused = false;
        notices->waiting = notices->waiting || notices->again;
        notices->ping_due = now + CONNECT_US;
    }
    freeReplyObject(reply);
}

/* A silent connection may be dead: the server has to answer a PING every few seconds. */
static void ping(struct sw_feed *feed, int64_t now)
{
    struct sw_notices *notices = &feed->notices;
    const char *argv[] = {"PING"};
    if (now < notices->ping_due)
        return;
    if (notices->pinged || sw_redis_append_argv(notices->redis, 1, argv, NULL) != SW_OK) {
        lost(feed, now);
        return;
    }
    notices->pinged = true;
    notices->ping_due = now + CONNECT_US;
}

/* ---- notices ---- */

/* [pmessage, pattern, __keyspace@0__:KEY, event] */
static void take(struct sw_feed *feed, const redisReply *reply, int64_t now)
{
    struct sw_notices *notices = &feed->notices;
    char begin[SW_KEY_MAX];
    const char *key;
    struct sw_list *list;
    if (!sw_reply_is_array(reply, 4)) {
        notices->pinged = false; /* PING is the only question on this connection */
        return;
    }
    if (!sw_reply_is_text(reply->element[2]) || !(key = strchr(reply->element[2]->str, ':')))
        return;
    key_begin(feed, begin);
    if (strncmp(++key, begin, strlen(begin)) != 0)
        return;
    key += strlen(begin);
    if (*key == ':') {
        list = sw_lists_find(&feed->lists, key + 1);
        if (!list)
            return; /* an unknown list, or a list being built: P:list:<name>:staging:... */
        list->touched = true;
    } else if (strcmp(key, "s") != 0) {
        return;
    }
    sw_count(&feed->counters->notices, 1);
    if (!notices->waiting && notices->look_due < now + GRACE_US)
        notices->look_due = now + GRACE_US;
    notices->waiting = true;
}

static void take_all(struct sw_feed *feed, int64_t now)
{
    redisReply *reply = NULL;

    for (size_t i = 0; i < AT_ONCE; i++) {
        if (sw_redis_take(feed->notices.redis, &reply) != SW_OK) {
            lost(feed, now);
            return;
        }
        if (!reply)
            return;
        take(feed, reply, now);
        freeReplyObject(reply);
    }
}

/* ---- a look ---- */

static enum sw_status look(struct sw_feed *feed)
{
    enum sw_status status = sw_feed_copy(feed);
    if (status == SW_OK)
        status = sw_feed_compare(feed, NULL);
    if (status == SW_OK && feed->dirty)
        status = sw_feed_finish_batch(feed);
    return status;
}

void sw_feed_forget_notices(struct sw_feed *feed)
{
    struct sw_notices *notices = &feed->notices;
    if (!notices->redis)
        return;
    sw_redis_close(notices->redis);
    notices->again = notices->pinged = notices->waiting = false; /* sw_feed_stop() reads .redis */
    notices->connect_due = notices->ping_due = notices->look_due = 0;
}

enum sw_status sw_feed_take_notices(struct sw_feed *feed)
{
    struct sw_notices *notices = &feed->notices;
    int64_t now = sw_clock_mono_us();
    if (!notices->redis)
        return SW_OK;
    if (!sw_redis_is_open(notices->redis) && now >= notices->connect_due)
        subscribe(feed, now);
    if (sw_redis_is_open(notices->redis))
        take_all(feed, now);
    if (sw_redis_is_open(notices->redis))
        ping(feed, now);
    if (!notices->waiting || feed->load_due || feed->copy.reply || now < notices->look_due)
        return SW_OK;
    return look(feed);
}
