/*
 * inquiries.c - inquiries to the memory, from the stream {prefix}:memory:inquiries, and the answers
 * of this resolver, to {prefix}:memory:answers:<id>.
 *
 * The host answers (feed.h); here is the way from Redis and to Redis. A session begins with the
 * entries of the last seconds: the asker of an older entry does not wait any more. The position is
 * a time. XINFO STREAM would send the first and the last entry whole, and an analyst decides how
 * large these are. A failure of any kind leaves inquiries out for a while, the status says so, and
 * lists are followed as before (D-163).
 */
#include "base/clock.h"
#include "feed/feeder.h"
#include "redis/reply.h"

#include <stdlib.h>
#include <string.h>

#define ANSWER_TTL   "60"                /* seconds: the asker waits for a tenth of it */
#define WAITED_MS    5000                /* the asker of an entry of this age may still wait */
#define PAUSE_MIN_US INT64_C(60000000)   /* before inquiries are read again after a failure, */
#define PAUSE_MAX_US INT64_C(3600000000) /* twice as long after each further failure */

static bool is_asked(const struct sw_feed *feed)
{
    return feed->host.inquiry && feed->settings->memory_folder[0] &&
           feed->settings->memory_inquiries > 0;
}

/* The time of the server, whose clock the ids of entries have. */
static uint64_t server_ms(const struct sw_feed *feed)
{
    return (uint64_t)((sw_feed_wall_us(feed) + feed->server_ahead_us) / 1000);
}

void sw_feed_begin_inquiries(struct sw_feed *feed)
{
    uint64_t now = server_ms(feed);
    feed->inquiries_ok = is_asked(feed) && sw_clock_mono_us() >= feed->inquiries_due;
    feed->inquiries_new = feed->inquiries_ok;
    if (feed->inquiries_at.ms < now - WAITED_MS || feed->inquiries_at.ms > now)
        feed->inquiries_at = (struct sw_stream_id){.ms = now - WAITED_MS};
}

void sw_feed_leave_inquiries(struct sw_feed *feed, const char *why)
{
    int64_t longer = feed->inquiries_pause_us * 2;
    feed->inquiries_pause_us = longer < PAUSE_MIN_US   ? PAUSE_MIN_US
                               : longer > PAUSE_MAX_US ? PAUSE_MAX_US
                                                       : longer;
    feed->inquiries_due = sw_clock_mono_us() + feed->inquiries_pause_us;
    feed->inquiries_ok = feed->inquiries_new = false;
    if (why)
        sw_feed_problem(feed, SW_PROBLEM_INQUIRY, "inquiries to the memory are not read: %s", why);
}

/* Hand an entry [id, [e, text, ...]] over. */
static void take_inquiry(struct sw_feed *feed, const redisReply *entry)
{
    struct sw_stream_id id;
    char text[SW_STREAMID_MAX];
    if (!sw_reply_is_array(entry, 2) || !sw_reply_is_text(entry->element[0]) ||
        sw_stream_id_parse(entry->element[0]->str, entry->element[0]->len, &id) != SW_OK)
        return;
    feed->inquiries_at = id;
    const redisReply *fields = entry->element[1];
    if (!sw_reply_is_array(fields, 2) || !sw_reply_equals(fields->element[0], "e") ||
        !sw_reply_is_text(fields->element[1]))
        return;
    feed->host.inquiry(feed->host.arg, sw_stream_id_text(&id, text), fields->element[1]->str,
                       fields->element[1]->len);
}

void sw_feed_take_inquiries(struct sw_feed *feed, const redisReply *entries)
{
    if (!feed->inquiries_ok)
        return;
    if (feed->inquiries_new)
        sw_feed_problem(feed, SW_PROBLEM_INQUIRY, NULL);
    feed->inquiries_new = false;
    feed->inquiries_pause_us = 0;
    for (size_t i = 0; entries && i < entries->elements; i++)
        take_inquiry(feed, entries->element[i]);
}

/* HSET and EXPIRE in one transaction, so that no answer stays. */
static enum sw_status append(struct sw_feed *feed, const struct sw_feed_answer *answer)
{
    char key[SW_KEY_MAX];
    const char *id = feed->settings->resolver_id;
    const char *multi[] = {"MULTI"}, *exec[] = {"EXEC"};
    const char *hset[] = {"HSET", key, id, answer->text};
    const char *expire[] = {"EXPIRE", key, ANSWER_TTL};
    sw_redis_key(feed->out, key, sizeof(key), "memory:answers:%s", answer->id);
    const size_t lens[] = {4, strlen(key), strlen(id), answer->len};
    if (sw_redis_append_argv(feed->out, 1, multi, NULL) != SW_OK ||
        sw_redis_append_argv(feed->out, 4, hset, lens) != SW_OK ||
        sw_redis_append_argv(feed->out, 3, expire, NULL) != SW_OK ||
        sw_redis_append_argv(feed->out, 1, exec, NULL) != SW_OK)
        return SW_ECLOSED;
    return SW_OK;
}

static enum sw_status send_answer(struct sw_feed *feed, const struct sw_feed_answer *answer)
{
    enum sw_status status = append(feed, answer);
    bool refused = false;
    for (int i = 0; status == SW_OK && i < 4; i++) {
        redisReply *reply = sw_redis_reply(feed->out);
        if (!reply)
            return SW_ECLOSED;
        if (reply->type == REDIS_REPLY_ERROR && !refused)
            sw_feed_problem(feed, SW_PROBLEM_INQUIRY, "answers of the memory: %s", reply->str);
        refused |= reply->type == REDIS_REPLY_ERROR;
        freeReplyObject(reply);
    }
    if (status == SW_OK && !refused)
        sw_feed_problem(feed, SW_PROBLEM_INQUIRY, NULL);
    return status;
}

enum sw_status sw_feed_send_answers(struct sw_feed *feed)
{
    struct sw_feed_answer answer;
    if (!is_asked(feed) || !sw_feed_writer(feed))
        return SW_OK;
    while (feed->host.answer && feed->host.answer(feed->host.arg, &answer)) {
        enum sw_status status = send_answer(feed, &answer);
        free(answer.text);
        if (status != SW_OK)
            return sw_feed_write_failed(feed, status, "writing answers of the memory");
    }
    return SW_OK;
}
