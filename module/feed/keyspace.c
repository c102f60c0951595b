/* keyspace.c - see keyspace.h. */
#include "feed/keyspace.h"

#include "base/clock.h"
#include "base/log.h"
#include "feed/feeder.h"
#include "redis/reply.h"

#include <stdio.h>
#include <string.h>

#define GRACE_US   INT64_C(150000) /* for a feed that writes the entry after the hash */
#define CONNECT_US INT64_C(5000000)
#define AT_ONCE    100000 /* notifications in a call of take_all() */

/* The common beginning of the keys of lists and of the policies: P:list:<name>, P:lists. */
static char *key_begin(const struct sw_feed *feed, char *out)
{
    return sw_redis_key(feed->keyspace.redis, out, SW_KEY_MAX, "list");
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
    sw_redis_close(feed->keyspace.redis);
    feed->keyspace.pinged = false;
    feed->keyspace.again = true;
    feed->keyspace.connect_due = now + CONNECT_US;
}

/* Connect and subscribe. Writes before the subscription are found by a look. */
static void subscribe(struct sw_feed *feed, int64_t now)
{
    struct sw_keyspace *keyspace = &feed->keyspace;
    char pattern[2 * SW_KEY_MAX];
    redisReply *reply = NULL;

    make_pattern(feed, pattern);
    if (sw_redis_open(keyspace->redis) == SW_OK)
        reply = sw_redis_command(keyspace->redis, "PSUBSCRIBE %s", pattern);
    if (!sw_reply_is_array(reply, 3)) {
        if (!keyspace->refused && !sw_feed_stopping(feed))
            sw_log(SW_LOG_INFO,
                   "feed: no keyspace notifications (%s): plain writes are noticed "
                   "by reconciliation only",
                   sw_redis_error(keyspace->redis));
        keyspace->refused = true;
        lost(feed, now);
    } else {
        keyspace->refused = false;
        keyspace->waiting = keyspace->waiting || keyspace->again;
        keyspace->ping_due = now + CONNECT_US;
    }
    freeReplyObject(reply);
}

/* A silent connection may be dead: the server has to answer a PING every few seconds. */
static void ping(struct sw_feed *feed, int64_t now)
{
    struct sw_keyspace *keyspace = &feed->keyspace;
    const char *argv[] = {"PING"};
    if (now < keyspace->ping_due)
        return;
    if (keyspace->pinged || sw_redis_append_argv(keyspace->redis, 1, argv, NULL) != SW_OK) {
        lost(feed, now);
        return;
    }
    keyspace->pinged = true;
    keyspace->ping_due = now + CONNECT_US;
}

/* ---- notifications ---- */

/* [pmessage, pattern, __keyspace@0__:KEY, event] */
static void take(struct sw_feed *feed, const redisReply *reply, int64_t now)
{
    struct sw_keyspace *keyspace = &feed->keyspace;
    char begin[SW_KEY_MAX];
    const char *key;
    struct sw_list *list;
    if (!sw_reply_is_array(reply, 4)) {
        keyspace->pinged = false; /* PING is the only question on this connection */
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
    if (!keyspace->waiting && keyspace->look_due < now + GRACE_US)
        keyspace->look_due = now + GRACE_US;
    keyspace->waiting = true;
}

static void take_all(struct sw_feed *feed, int64_t now)
{
    redisReply *reply = NULL;

    for (size_t i = 0; i < AT_ONCE; i++) {
        if (sw_redis_take(feed->keyspace.redis, &reply) != SW_OK) {
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
    if (status == SW_OK && !feed->load_due)
        status = sw_feed_compare(feed, NULL);
    if (status == SW_OK && feed->dirty)
        status = sw_feed_finish_batch(feed);
    return status;
}

void sw_feed_forget_notifications(struct sw_feed *feed)
{
    struct sw_keyspace *keyspace = &feed->keyspace;
    if (!keyspace->redis)
        return;
    sw_redis_close(keyspace->redis);
    keyspace->again = keyspace->pinged = keyspace->waiting =
        false; /* sw_feed_stop() reads .redis */
    keyspace->connect_due = keyspace->ping_due = keyspace->look_due = 0;
}

enum sw_status sw_feed_take_notifications(struct sw_feed *feed)
{
    struct sw_keyspace *keyspace = &feed->keyspace;
    int64_t now = sw_clock_mono_us();
    if (!keyspace->redis)
        return SW_OK;
    if (!sw_redis_is_open(keyspace->redis) && now >= keyspace->connect_due)
        subscribe(feed, now);
    if (sw_redis_is_open(keyspace->redis))
        take_all(feed, now);
    if (sw_redis_is_open(keyspace->redis))
        ping(feed, now);
    if (!keyspace->waiting || feed->load_due || feed->copy.reply || now < keyspace->look_due ||
        !sw_feed_state_is_due(feed))
        return SW_OK;
    return look(feed);
}
