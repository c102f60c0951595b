/*
 * track.c - tracked addresses: requests from the recorder, {prefix}:tracked, other resolvers.
 *
 * An address is tracked as soon as the recorder asks, with or without Redis, and is written to
 * Redis when possible: ZADD, and for an address that was new to Redis an entry in the stream
 * {prefix}:resolvers:tracked, which the other resolvers read. Resolvers before 0.1 wrote `track`
 * entries to the change stream; such entries are still read (D-096).
 */
#include "base/clock.h"
#include "feed/feeder.h"
#include "redis/reply.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define CHUNK      1000    /* members in a reply of ZRANGE */
#define TRACKS_MAX "10000" /* entries kept in the stream: {prefix}:tracked has all addresses */
#define FIXED      6       /* words of XADD before the fields */
#define PAUSE_US   INT64_C(60000000) /* before the stream is read again after a failure */

void sw_feed_track_one(struct sw_feed *feed, const struct sw_addr *addr)
{
    if (sw_tracked_add(&feed->tracked, addr) == SW_OK)
        sw_sweeper_track(feed->sweeper, addr);
}

void sw_feed_track_text(struct sw_feed *feed, const redisReply *item)
{
    struct sw_addr addr;
    const char *why = "";
    if (!sw_reply_is_text(item))
        return;
    if (sw_addr_parse(item->str, item->len, &addr, &why) == SW_OK)
        sw_feed_track_one(feed, &addr);
    else
        sw_load_refuse(&feed->hooks, SW_REFUSED_INDICATOR, "", item->str, item->len, why);
}

void sw_feed_take_requests(struct sw_feed *feed)
{
    struct sw_addr requests[SW_TRACKED_QUEUE];
    size_t n = sw_tracked_take(&feed->tracked, requests);
    for (size_t i = 0; i < n; i++) {
        if (sw_tracked_add(&feed->tracked, &requests[i]) != SW_OK)
            continue;
        if (feed->unsent_n < SW_TRACKED_QUEUE)
            feed->unsent[feed->unsent_n++] = requests[i];
        sw_sweeper_track(feed->sweeper, &requests[i]);
    }
}

/* ---- to Redis ---- */

static enum sw_status append(struct sw_feed *feed, int argc, const char **argv)
{
    return sw_redis_append_argv(feed->out, argc, argv, NULL);
}

/* Read the reply to an appended command. *integer, if given: the number in the reply, 0 for another
 * reply. SW_EREDIS: Redis refuses the write, and SW_PROBLEM_TRACK is set. */
static enum sw_status take_reply(struct sw_feed *feed, long long *integer)
{
    redisReply *reply = sw_redis_reply(feed->out);
    if (!reply)
        return SW_ECLOSED;
    bool refused = reply->type == REDIS_REPLY_ERROR;
    if (refused)
        sw_feed_problem(feed, SW_PROBLEM_TRACK, "tracked addresses: %s", reply->str);
    if (integer)
        *integer = reply->type == REDIS_REPLY_INTEGER ? reply->integer : 0;
    freeReplyObject(reply);
    return refused ? SW_EREDIS : SW_OK;
}

/* ZADD for each unsent address; isnew[i]: Redis did not have address i. SW_EREDIS: Redis refuses
 * the write. */
static enum sw_status add_members(struct sw_feed *feed, size_t n, bool *isnew)
{
    enum sw_status status = SW_OK;
    char key[SW_KEY_MAX], score[24], text[SW_ADDRTEXT_MAX];
    const char *argv[] = {"ZADD", key, score, text};
    sw_redis_key(feed->out, key, sizeof(key), "tracked");
    snprintf(score, sizeof(score), "%" PRId64, sw_clock_wall_us() / 1000000);
    for (size_t i = 0; i < n; i++) {
        sw_addr_text(&feed->unsent[i], text);
        if (append(feed, 4, argv) != SW_OK)
            return SW_ECLOSED;
    }
    for (size_t i = 0; i < n; i++) {
        long long added = 0;
        enum sw_status taken = take_reply(feed, &added);
        if (taken == SW_ECLOSED)
            return taken;
        if (taken != SW_OK)
            status = taken;
        isnew[i] = added == 1;
    }
    return status;
}

/* Write a stream entry with the addresses that are new to Redis, and trim the set to the maximum.
 * SW_EREDIS: Redis refuses the write, and SW_PROBLEM_TRACK is set. */
static enum sw_status announce(struct sw_feed *feed, size_t n, const bool *isnew)
{
    char tracks[SW_KEY_MAX], tracked[SW_KEY_MAX], last[24];
    char text[100][SW_ADDRTEXT_MAX];
    const char *argv[FIXED + 2 * 100] = {"XADD", tracks, "MAXLEN", "~", TRACKS_MAX, "*"};
    const char *trim[] = {"ZREMRANGEBYRANK", tracked, "0", last};
    enum sw_status status = SW_OK;
    int argc = FIXED;
    sw_redis_key(feed->out, tracks, sizeof(tracks), SW_STREAM_TRACKS);
    sw_redis_key(feed->out, tracked, sizeof(tracked), "tracked");
    snprintf(last, sizeof(last), "-%" PRIu32, feed->settings->tracked_max + 1);
    for (size_t i = 0; i < n; i++) {
        if (isnew[i]) {
            size_t slot = (size_t)(argc - FIXED) / 2;
            argv[argc++] = "i";
            argv[argc++] = sw_addr_text(&feed->unsent[i], text[slot]);
        }
    }
    if (argc == FIXED)
        return SW_OK;
    if (append(feed, argc, argv) != SW_OK || append(feed, 4, trim) != SW_OK)
        return SW_ECLOSED;
    for (int i = 0; i < 2; i++) {
        enum sw_status taken = take_reply(feed, NULL);
        if (taken == SW_ECLOSED)
            return taken;
        if (taken != SW_OK)
            status = taken;
    }
    return status;
}

enum sw_status sw_feed_send_tracked(struct sw_feed *feed)
{
    bool isnew[100];
    while (feed->unsent_n > 0 && sw_feed_writer(feed)) {
        size_t n = feed->unsent_n < 100 ? feed->unsent_n : 100;
        enum sw_status status = add_members(feed, n, isnew);
        if (status == SW_EREDIS) {
            feed->unsent_due = sw_clock_mono_us() + SW_FEED_REPORT_US;
            return SW_OK;
        }
        if (status == SW_OK)
            status = announce(feed, n, isnew);
        if (status != SW_OK && status != SW_EREDIS)
            return sw_feed_write_failed(feed, status, "writing tracked addresses");
        feed->unsent_n -= n;
        memmove(feed->unsent, feed->unsent + n, feed->unsent_n * sizeof(feed->unsent[0]));
        if (status == SW_OK)
            sw_feed_problem(feed, SW_PROBLEM_TRACK, NULL);
    }
    return SW_OK;
}

/* ---- from Redis ---- */

/* Track the members of a ZRANGE reply. Cached names with such an address are not reported: names
 * were reported when the address was first tracked, and searching the cache for a hundred thousand
 * addresses would take minutes. */
static void take_members(struct sw_feed *feed, const redisReply *reply)
{
    for (size_t i = 0; i < reply->elements; i++) {
        const redisReply *member = reply->element[i];
        struct sw_addr addr;
        const char *why = "not text";
        if (sw_reply_is_text(member) &&
            sw_addr_parse(member->str, member->len, &addr, &why) == SW_OK)
            sw_tracked_add(&feed->tracked, &addr);
        else
            sw_load_refuse(&feed->hooks, SW_REFUSED_INDICATOR, "",
                           sw_reply_is_text(member) ? member->str : "",
                           sw_reply_is_text(member) ? member->len : 0, why);
    }
}

/* Note the end of {prefix}:resolvers:tracked before the set is read: the set may miss the addresses
 * of later entries. */
static enum sw_status note_end(struct sw_feed *feed)
{
    char key[SW_KEY_MAX];
    struct sw_stream_state state = {.exists = false};
    sw_redis_take_part(feed->redis, 0, SW_STREAM_STATE_DEPTH);
    redisReply *reply =
        sw_redis_command(feed->redis, "XINFO STREAM %s",
                         sw_redis_key(feed->redis, key, sizeof(key), SW_STREAM_TRACKS));

    if (!reply)
        return sw_feed_failed(feed, SW_ECLOSED, "asking for tracked addresses");
    feed->tracks_ok = sw_stream_read_state(reply, &state) == SW_OK;
    feed->tracks_at = state.last;
    if (!feed->tracks_ok) {
        sw_load_refuse(&feed->hooks, SW_REFUSED_KEY, "", key, strlen(key), sw_reply_words(reply));
        sw_feed_leave_tracks(feed);
    }
    freeReplyObject(reply);
    return SW_OK;
}

void sw_feed_leave_tracks(struct sw_feed *feed)
{
    feed->tracks_ok = false;
    feed->tracks_due = sw_clock_mono_us() + PAUSE_US;
}

/* Track the addresses of a stream entry [id, [i, address, ...]]. */
static void take_track(struct sw_feed *feed, const redisReply *entry)
{
    struct sw_stream_id id;
    if (!sw_reply_is_array(entry, 2) || !sw_reply_is_text(entry->element[0]) ||
        sw_stream_id_parse(entry->element[0]->str, entry->element[0]->len, &id) != SW_OK)
        return;
    feed->tracks_at = id;
    if (!sw_reply_is_array(entry->element[1], 2))
        return;
    for (size_t i = 0; i + 1 < entry->element[1]->elements; i += 2)
        if (sw_reply_equals(entry->element[1]->element[i], "i"))
            sw_feed_track_text(feed, entry->element[1]->element[i + 1]);
}

void sw_feed_take_tracks(struct sw_feed *feed, const redisReply *entries)
{
    for (size_t i = 0; entries && i < entries->elements; i++)
        take_track(feed, entries->element[i]);
}

enum sw_status sw_feed_load_tracked(struct sw_feed *feed)
{
    char key[SW_KEY_MAX];
    int64_t from = -(int64_t)feed->settings->tracked_max;
    enum sw_status status = note_end(feed);
    if (status != SW_OK)
        return status;
    sw_redis_key(feed->redis, key, sizeof(key), "tracked");
    for (; from < 0; from += CHUNK) {
        int64_t to = from + CHUNK - 1 < 0 ? from + CHUNK - 1 : -1;
        sw_redis_take_part(feed->redis, SW_ADDRTEXT_MAX, 0); /* a longer member is no address */
        redisReply *reply = sw_redis_command(feed->redis, "ZRANGE %s %lld %lld", key,
                                             (long long)from, (long long)to);

        if (!reply)
            return sw_feed_failed(feed, SW_ECLOSED, "reading tracked addresses");
        if (reply->type == REDIS_REPLY_ERROR)
            sw_load_refuse(&feed->hooks, SW_REFUSED_KEY, "", key, strlen(key), reply->str);
        else if (sw_reply_is_array(reply, 1))
            take_members(feed, reply);
        if (reply->type == REDIS_REPLY_ERROR)
            from = 0;
        freeReplyObject(reply);
    }
    return SW_OK;
}
