/* audit.c - see audit.h. */
#include "feed/audit.h"

#include "base/clock.h"
#include "base/expires.h"
#include "base/log.h"
#include "feed/feeder.h"
#include "redis/reply.h"

#include <stdio.h>
#include <string.h>

#define CHUNKS_MAX 4    /* in a round of the feeder's loop: changes go first */
#define PER_S      3000 /* fields a second; a field costs about a microsecond, less in Redis */

/* Whether a field is an indicator that should be in force and is not in the index. */
static bool is_missing(struct sw_feed *feed, const struct sw_list *list, const char *field,
                       size_t field_len, const redisReply *facts)
{
    struct sw_indicator indicator;
    char why[SW_WHY_MAX];
    uint32_t until = 0;
    if (sw_indicator_parse(field, field_len, &indicator, why) != SW_OK ||
        sw_index_has(feed->index, list->id, &indicator))
        return false;
    if (sw_reply_is_text(facts))
        (void)sw_facts_expires(facts->str, facts->len, &until);
    return until == 0 || (int64_t)until * 1000000 > sw_feed_wall_us(feed);
}

static void suspect(struct sw_audit *audit, const struct sw_list *list, const redisReply *field)
{
    if (audit->suspects_n == SW_SUSPECTS_MAX || field->len >= SW_INDICATORTEXT_MAX)
        return;
    memcpy(audit->suspect_list, list->name, sizeof(audit->suspect_list));
    memcpy(audit->suspect[audit->suspects_n], field->str, field->len);
    audit->suspect[audit->suspects_n++][field->len] = '\0';
}

/* ---- suspects ---- */

/* *missing: Redis has the field and the index does not, after every change up to the noted end was
 * applied. */
static enum sw_status ask_again(struct sw_feed *feed, struct sw_list *list, const char *field,
                                bool *missing)
{
    char key[SW_KEY_MAX];
    sw_redis_key(feed->redis, key, sizeof(key), "list:%s", list->name);
    redisReply *reply = sw_redis_command(feed->redis, "HGET %s %s", key, field);
    if (!reply) {
        list->narrow += sw_redis_was_too_large(feed->redis);
        return sw_feed_failed(feed, SW_ECLOSED, "looking for changes without an entry");
    }
    *missing = sw_reply_is_text(reply) && is_missing(feed, list, field, strlen(field), reply);
    freeReplyObject(reply);
    return SW_OK;
}

/* Whether the feeder has applied all entries up to an end of the stream that was told after the
 * suspects were found. Without a readable stream the suspects are dropped. */
static bool has_reached_end(struct sw_feed *feed)
{
    struct sw_audit *audit = &feed->audit;
    if (!feed->stream_ok)
        audit->suspects_n = 0;
    if (audit->asks == feed->asks)
        return false;
    if (audit->end.ms == 0)
        audit->end = feed->lists.now;
    return sw_stream_id_compare(&feed->position.id, &audit->end) >= 0;
}

/* Judge the suspects, if all entries up to the noted end are applied. */
static enum sw_status judge_suspects(struct sw_feed *feed)
{
    struct sw_audit *audit = &feed->audit;
    struct sw_list *list = sw_lists_find(&feed->lists, audit->suspect_list);
    bool missing = false;
    if (!has_reached_end(feed))
        return SW_OK;
    for (size_t i = 0; i < audit->suspects_n && list && list->held && !missing; i++) {
        enum sw_status status = ask_again(feed, list, audit->suspect[i], &missing);
        if (status != SW_OK)
            return status;
        if (missing)
            sw_log(SW_LOG_INFO, "list %s: %s was written without an entry in the change stream",
                   list->name, audit->suspect[i]);
    }
    audit->suspects_n = 0;
    if (missing && list) {
        list->unread = true;
        feed->reconcile_due = 0;
    }
    return SW_OK;
}

/* ---- a pass over all lists ---- */

/* A chunk of a list that was read may have been too large in a former pass: a larger chunk is tried
 * once more. */
static void begin_pass(struct sw_feed *feed, int64_t now_us)
{
    struct sw_audit *audit = &feed->audit;
    *audit = (struct sw_audit){.began_us = now_us};
    for (size_t i = 0; i < feed->lists.n; i++) {
        struct sw_list *list = feed->lists.list[i];
        if (!list->held)
            continue;
        audit->total += sw_index_count(feed->index, list->id);
        if (!list->unread && list->narrow > 0)
            list->narrow--;
    }
}

/* The current list, or the next held list; NULL at the end of the pass. A pass may miss lists when
 * lists are created or dropped during the pass. */
static struct sw_list *list_at_hand(struct sw_feed *feed)
{
    struct sw_audit *audit = &feed->audit;
    for (; audit->at < feed->lists.n; audit->at++, audit->cursor[0] = '\0') {
        struct sw_list *list = feed->lists.list[audit->at];
        if (!list->held || list->unread || !sw_load_chunk(list))
            continue;
        if (strcmp(audit->list, list->name) != 0)
            audit->cursor[0] = '\0';
        memcpy(audit->list, list->name, sizeof(audit->list));
        return list;
    }
    return NULL;
}

/* Look up the fields of an HSCAN reply, and store the cursor. */
static void look_at(struct sw_feed *feed, const struct sw_list *list, const redisReply *reply)
{
    struct sw_audit *audit = &feed->audit;
    if (!sw_reply_is_array(reply, 2) || !sw_reply_is_text(reply->element[0]) ||
        !sw_reply_is_array(reply->element[1], 0) ||
        reply->element[0]->len >= sizeof(audit->cursor)) {
        audit->at++; /* a key of another type is reported by reconciliation */
        return;
    }
    const redisReply *fields = reply->element[1];
    for (size_t i = 0; i + 1 < fields->elements; i += 2)
        if (sw_reply_is_text(fields->element[i]) &&
            is_missing(feed, list, fields->element[i]->str, fields->element[i]->len,
                       fields->element[i + 1]))
            suspect(audit, list, fields->element[i]);
    audit->looked += fields->elements / 2;
    memcpy(audit->cursor, reply->element[0]->str, reply->element[0]->len + 1);
    if (strcmp(audit->cursor, "0") == 0)
        audit->at++, audit->cursor[0] = '\0';
}

/* Read the next chunk; *done at the end of the pass. */
static enum sw_status next_chunk(struct sw_feed *feed, bool *done)
{
    struct sw_audit *audit = &feed->audit;
    struct sw_list *list = list_at_hand(feed);
    char key[SW_KEY_MAX];
    *done = !list;
    if (!list)
        return SW_OK;
    sw_redis_key(feed->redis, key, sizeof(key), "list:%s", list->name);
    redisReply *reply =
        sw_redis_command(feed->redis, "HSCAN %s %s COUNT %s", key,
                         audit->cursor[0] ? audit->cursor : "0", sw_load_chunk(list));
    if (!reply) {
        list->narrow += sw_redis_was_too_large(feed->redis);
        return sw_feed_failed(feed, SW_ECLOSED, "looking for changes without an entry");
    }
    look_at(feed, list, reply);
    freeReplyObject(reply);
    return SW_OK;
}

/* The length of this pass: the interval, or longer, so that large lists do not exceed PER_S. */
static int64_t pass_us(const struct sw_feed *feed)
{
    int64_t asked = (int64_t)feed->settings->reconcile_s * 1000000;
    int64_t least = (int64_t)(feed->audit.total * 1000000 / PER_S);
    return asked > least ? asked : least;
}

enum sw_status sw_feed_audit(struct sw_feed *feed)
{
    struct sw_audit *audit = &feed->audit;
    int64_t now_us = sw_clock_mono_us();
    enum sw_status status = SW_OK;
    bool done = false;
    if (feed->settings->reconcile_s == 0)
        return SW_OK;
    if (audit->suspects_n > 0)
        return judge_suspects(feed);
    if (audit->began_us == 0 || now_us - audit->began_us >= pass_us(feed))
        begin_pass(feed, now_us);
    for (int i = 0; i < CHUNKS_MAX && status == SW_OK && !done && audit->suspects_n == 0; i++) {
        double part = (double)(now_us - audit->began_us) / (double)pass_us(feed);
        if ((double)audit->looked > part * 1.25 * (double)audit->total + 1000 * part)
            break; /* ahead of schedule; the schedule ends a pass after 0.8 of the time */
        status = next_chunk(feed, &done);
    }
    audit->asks = feed->asks;
    audit->end = (struct sw_stream_id){0, 0};
    return status;
}
