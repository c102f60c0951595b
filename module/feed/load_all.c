/*
 * load_all.c - full loads, and the state of stream and server that a load begins from.
 *
 * A full load notes the stream's end before reading the lists. So following from the noted id may
 * repeat changes that were read, but never misses a change.
 */
#include "base/clock.h"
#include "base/log.h"
#include "feed/feeder.h"
#include "redis/reply.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ENTRY_OCTETS ((uint64_t)256 << 10) /* of both entries: asked for with each batch */
#define OCTETS_PER_S ((uint64_t)1 << 20)   /* of larger entries */
#define PAUSE_MAX_US INT64_C(600000000)

/* ---- are the stream and the server still the same ---- */

/* A large entry at an end of the stream is sent with each state: the octets of a second are a
 * fixed number. States that could not wait prolong the pause. */
static void pause_asking(struct sw_feed *feed, uint64_t octets)
{
    int64_t now = sw_clock_mono_us();
    int64_t last = now + PAUSE_MAX_US;
    if (feed->state_due < now || octets < ENTRY_OCTETS)
        feed->state_due = now;
    if (octets >= ENTRY_OCTETS)
        feed->state_due += (int64_t)(octets * 1000000 / OCTETS_PER_S);
    feed->state_due = feed->state_due < last ? feed->state_due : last;
}

bool sw_feed_state_is_due(const struct sw_feed *feed)
{
    return sw_clock_mono_us() >= feed->state_due;
}

enum sw_status sw_feed_take_state(struct sw_feed *feed, enum sw_status status,
                                  const struct sw_stream_state *state)
{
    char key[SW_KEY_MAX];
    if (status == SW_EINVAL) {
        sw_redis_key(feed->redis, key, sizeof(key), "changes");
        if (feed->stream_ok)
            sw_load_refuse(&feed->hooks, SW_REFUSED_KEY, "", key, strlen(key),
                           sw_redis_error(feed->redis));
        feed->stream_ok = false;
        sw_feed_problem(feed, SW_PROBLEM_STREAM,
                        "%s cannot be followed (%s): changes are noticed by reconciliation only",
                        key, sw_redis_error(feed->redis));
        return SW_OK;
    }
    if (status != SW_OK)
        return sw_feed_failed(feed, status, "asking for the change stream");
    feed->stream_ok = true;
    feed->lists.now = state->last;
    feed->asks++;
    sw_stream_await(&feed->end, state);
    pause_asking(feed, state->left_out);
    sw_feed_problem(feed, SW_PROBLEM_STREAM, NULL);
    return SW_OK;
}

static enum sw_status ask_stream(struct sw_feed *feed, struct sw_stream_state *state)
{
    return sw_feed_take_state(feed, sw_stream_ask(feed->redis, state), state);
}

enum sw_status sw_feed_renew_end(struct sw_feed *feed)
{
    struct sw_stream_state state;
    return sw_feed_state_is_due(feed) ? ask_stream(feed, &state) : SW_OK;
}

static void load_if(struct sw_feed *feed, bool missed)
{
    if (!missed)
        return;
    sw_log(SW_LOG_WARNING, "changes were lost (stream trimmed before they were read): reading all "
                           "lists again");
    feed->load_due = true;
}

void sw_feed_look_for_missed(struct sw_feed *feed)
{
    load_if(feed, sw_stream_has_missed(&feed->end, &feed->position));
}

void sw_feed_advance(struct sw_feed *feed, const struct sw_stream_id *id)
{
    load_if(feed, sw_stream_advance(&feed->end, &feed->position, id));
}

enum sw_status sw_feed_judge_stream(struct sw_feed *feed, enum sw_status asked,
                                    const struct sw_stream_state *state)
{
    bool was_ok = feed->stream_ok;
    enum sw_status status = sw_feed_take_state(feed, asked, state);
    if (status != SW_OK || !feed->stream_ok)
        return status;
    if (was_ok && !(feed->stream_gone && state->exists) &&
        !sw_stream_has_gap(state, &feed->position)) {
        sw_feed_look_for_missed(feed);
        return SW_OK;
    }
    sw_log(SW_LOG_WARNING, "changes were lost (stream %s): reading all lists again",
           !was_ok         ? "was unreadable"
           : state->exists ? "trimmed or replaced"
                           : "is gone");
    feed->load_due = true;
    return SW_OK;
}

enum sw_status sw_feed_check_stream(struct sw_feed *feed)
{
    struct sw_stream_state state = {.exists = false};
    if (feed->state == SW_FEED_FOLLOWING && feed->stream_ok && !sw_feed_state_is_due(feed))
        return SW_OK;
    enum sw_status asked = sw_stream_ask(feed->redis, &state);
    return sw_feed_judge_stream(feed, asked, &state);
}

/* Append to out the value of a line "name:value" of an INFO reply. */
static void append_value(char *out, size_t max, const redisReply *info, const char *name)
{
    const char *line = sw_reply_is_text(info) ? info->str : "";
    size_t name_len = strlen(name), used = strlen(out);
    while (line && strncmp(line, name, name_len) != 0) {
        line = strchr(line, '\n');
        line = line ? line + 1 : NULL;
    }
    if (line)
        snprintf(out + used, max - used, "%.*s ", (int)strcspn(line, "\r\n"), line);
}

/* The difference of the clocks; 0 when the server does not tell its own. */
static void note_clock(struct sw_feed *feed, const redisReply *info)
{
    static const char member[] = "server_time_usec:";
    char text[64] = "";
    append_value(text, sizeof(text), info, member);
    long long us = text[0] ? strtoll(text + strlen(member), NULL, 10) : 0;
    feed->server_ahead_us = us > 0 ? us - sw_feed_wall_us(feed) : 0;
}

/*
 * Stream ids follow the clock on every server, so an id cannot tell that a server was restarted
 * with older data, or that a replica without the last entries took over. The run id and the
 * replication id can. When the ACL hides both ids, server stays "".
 */
enum sw_status sw_feed_check_server(struct sw_feed *feed)
{
    char server[sizeof(feed->server)] = "";
    redisReply *reply = sw_redis_command(feed->redis, "INFO server");

    if (!reply)
        return sw_feed_failed(feed, SW_ECLOSED, "asking for the server's identity");
    append_value(server, sizeof(server), reply, "run_id:");
    note_clock(feed, reply);
    freeReplyObject(reply);
    reply = sw_redis_command(feed->redis, "INFO replication");
    if (!reply)
        return sw_feed_failed(feed, SW_ECLOSED, "asking for the server's identity");
    append_value(server, sizeof(server), reply, "master_replid:");
    freeReplyObject(reply);
    if (strcmp(server, feed->server) != 0)
        feed->load_due = true;
    memcpy(feed->server, server, sizeof(server));
    return SW_OK;
}

/* ---- lists ---- */

/* The index may differ from Redis by changes without an entry in the stream: have all lists read
 * again as soon as Redis allows. */
static void distrust_contents(struct sw_feed *feed)
{
    for (size_t i = 0; i < feed->lists.n; i++)
        feed->lists.list[i]->unread = feed->lists.list[i]->held;
}

void sw_feed_keep_unreadable(struct sw_feed *feed, const char *why)
{
    char key[SW_KEY_MAX];
    sw_redis_key(feed->redis, key, sizeof(key), "lists");
    if (!feed->problems[SW_PROBLEM_LISTS][0])
        sw_load_refuse(&feed->hooks, SW_REFUSED_KEY, "", key, strlen(key), why);
    sw_feed_problem(feed, SW_PROBLEM_LISTS, "%s cannot be read (%s): keeping the last good lists",
                    key, why);
}

/*
 * A Redis that suddenly names no lists at all, or has a new stream, has more likely lost the data
 * than been cleared on purpose. With keep-lists the index then keeps each list until Redis names
 * the list again or a `drop` entry ends the list.
 */
static void lose(struct sw_feed *feed)
{
    for (size_t i = 0; i < feed->lists.n; i++)
        feed->lists.list[i]->lost = feed->lists.list[i]->held;
    distrust_contents(feed);
}

/* The names of lost lists, as many as fit; the status has all names. */
static void name_lost(const struct sw_feed *feed, char *out, size_t max)
{
    size_t used = 0;
    for (size_t i = 0; i < feed->lists.n; i++) {
        const struct sw_list *list = feed->lists.list[i];
        size_t len = strlen(list->name);
        if (!list->held || !list->lost || used + len + 2 > max)
            continue;
        used += (size_t)snprintf(out + used, max - used, " %s", list->name);
    }
}

void sw_feed_tell_lost(struct sw_feed *feed)
{
    size_t held = sw_lists_held(&feed->lists), lost = sw_lists_lost(&feed->lists);
    char names[SW_PROBLEM_MAX / 2] = "";
    name_lost(feed, names, sizeof(names));
    if (lost == 0)
        sw_feed_problem(feed, SW_PROBLEM_EMPTY, NULL);
    else if (lost == held)
        sw_feed_problem(feed, SW_PROBLEM_EMPTY,
                        "Redis holds no lists; keeping the last good ones (%zu)", held);
    else
        sw_feed_problem(feed, SW_PROBLEM_EMPTY,
                        "Redis has lost lists; keeping the last good ones (%zu):%s", lost, names);
}

enum sw_status sw_feed_take_lists(struct sw_feed *feed, const redisReply *reply, bool everything,
                                  bool *kept)
{
    enum sw_status status = SW_OK;
    sw_feed_problem(feed, SW_PROBLEM_LISTS, NULL);
    *kept = reply->elements == 0 && sw_lists_held(&feed->lists) > 0 && feed->settings->keep_lists;
    if (*kept)
        lose(feed);
    else
        status = sw_load_lists(feed->redis, &feed->lists, reply, everything, &feed->hooks);
    sw_feed_tell_lost(feed);
    return status == SW_OK ? SW_OK : sw_feed_failed(feed, status, "reading lists");
}

static enum sw_status load_lists(struct sw_feed *feed)
{
    redisReply *reply;
    bool kept;
    enum sw_status status = sw_load_ask_lists(feed->redis, &reply);

    if (status == SW_EINVAL) {
        sw_feed_keep_unreadable(feed, sw_redis_error(feed->redis));
        distrust_contents(feed);
        return SW_OK;
    }
    if (status != SW_OK)
        return sw_feed_failed(feed, status, "reading lists");
    status = sw_feed_take_lists(feed, reply, true, &kept);
    freeReplyObject(reply);
    return status;
}

static size_t indicators(const struct sw_feed *feed)
{
    size_t n = 0;
    for (size_t i = 0; i < feed->lists.n; i++) {
        const struct sw_list *list = feed->lists.list[i];
        n += list->held ? sw_index_count(feed->index, list->id) : 0;
    }
    return n;
}

void sw_copy_clear(struct sw_copy *copy)
{
    freeReplyObject(copy->reply);
    free(copy->names);
    *copy = (struct sw_copy){.reply = NULL};
}

enum sw_status sw_feed_load(struct sw_feed *feed)
{
    struct sw_stream_state state = {.exists = false};
    int64_t began = sw_clock_mono_us();
    bool begun_anew;
    feed->state = SW_FEED_LOADING;
    sw_copy_clear(&feed->copy);
    feed->end.awaited = false;
    enum sw_status status = sw_feed_report(feed);
    if (status == SW_OK)
        status = ask_stream(feed, &state);
    if (status != SW_OK)
        return status;
    for (size_t i = 0; i < feed->lists.n; i++)
        feed->lists.list[i]->read_at = (struct sw_stream_id){0, 0};
    begun_anew =
        feed->stream_ok && (feed->stream_gone || sw_stream_is_new(&state, &feed->position));
    if (begun_anew && feed->settings->keep_lists)
        lose(feed);
    status = load_lists(feed);
    if (status == SW_OK)
        status = sw_feed_load_tracked(feed);
    if (status != SW_OK)
        return status;
    /* A new stream may have `drop` entries for lost lists: follow all of that stream. */
    feed->position = (struct sw_stream_position){state.last, state.added};
    feed->awaited = (struct sw_stream_id){0, 0};
    if (begun_anew && sw_lists_lost(&feed->lists) > 0)
        feed->position = (struct sw_stream_position){.added = 0};
    feed->stream_gone = begun_anew && !state.exists;
    feed->load_due = false;
    feed->tracked_due = false;
    feed->state = SW_FEED_FOLLOWING;
    feed->report_due = 0; /* the status said "loading" */
    sw_local_is_current(feed);
    sw_feed_problem(feed, SW_PROBLEM_REDIS, NULL);
    feed->reconcile_due = sw_clock_mono_us() + (int64_t)feed->settings->reconcile_s * 1000000;
    sw_count(&feed->counters->full_loads, 1);
    sw_log(SW_LOG_INFO, "%zu lists with %zu indicators in force, read from %s in %lld ms",
           sw_lists_held(&feed->lists), indicators(feed), sw_redis_target(feed->redis),
           (long long)(sw_clock_mono_us() - began) / 1000);
    sw_feed_changed_everything(feed);
    return sw_feed_finish_batch(feed);
}

/* Read the current policy of a list. SW_ENOTFOUND: the list has no policy (refused). */
static enum sw_status read_policy(struct sw_feed *feed, const char *name, struct sw_list **out)
{
    char key[SW_KEY_MAX];
    sw_redis_take_part(feed->redis, SW_POLICY_TEXT_MAX + 1, 0);
    redisReply *reply = sw_redis_command(
        feed->redis, "HGET %s %s", sw_redis_key(feed->redis, key, sizeof(key), "lists"), name);
    enum sw_status status = SW_OK;

    if (!reply)
        return SW_ECLOSED;
    if (sw_reply_is_key_error(reply)) {
        sw_feed_keep_unreadable(feed, reply->str);
        status = SW_ENOTFOUND;
    } else if (reply->type == REDIS_REPLY_NIL) {
        sw_load_refuse(&feed->hooks, SW_REFUSED_NO_POLICY, name, "", 0,
                       "the list has no policy in the hash of lists");
        status = SW_ENOTFOUND;
    } else if (!sw_reply_is_text(reply)) {
        status = SW_EREDIS;
    } else if (!(*out = sw_lists_get(&feed->lists, name))) {
        status = SW_ENOMEM;
    } else {
        sw_load_policy(&feed->lists, *out, reply->str, reply->len, &feed->hooks);
    }
    freeReplyObject(reply);
    return status;
}

enum sw_status sw_feed_read_list(struct sw_feed *feed, const char *name, bool content)
{
    struct sw_list *list = NULL;
    enum sw_status status = sw_feed_renew_end(feed);
    if (status != SW_OK)
        return status;
    status = read_policy(feed, name, &list);
    if (status == SW_ENOTFOUND)
        return SW_OK;
    if (status != SW_OK)
        return sw_feed_failed(feed, status, "reading a policy");
    list->lost = false;
    if (content)
        list->narrow = 0;
    sw_feed_tell_lost(feed);
    feed->dirty = true;
    if (!list->held || (!content && !list->unread))
        return SW_OK;
    /* Earlier changes of the batch need not wait for a long list. */
    status = sw_feed_finish_batch(feed);
    if (status != SW_OK)
        return status;
    status = sw_load_content(feed->redis, &feed->lists, list, &feed->hooks);
    return status == SW_OK ? SW_OK : sw_feed_failed(feed, status, "reading a list");
}
