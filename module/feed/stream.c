/* stream.c - see stream.h. */
#include "feed/stream.h"

#include "redis/reply.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

/* Read decimal digits from *text up to end; false for no digits, or more than 64 bits. */
static bool read_number(const char **text, const char *end, uint64_t *out)
{
    const char *at = *text;
    uint64_t value = 0;
    for (; at < end && *at >= '0' && *at <= '9'; at++) {
        unsigned digit = (unsigned)(*at - '0');
        if (value > (UINT64_MAX - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    if (at == *text)
        return false;
    *text = at;
    *out = value;
    return true;
}

enum sw_status sw_stream_id_parse(const char *text, size_t len, struct sw_stream_id *out)
{
    const char *end = text + len;
    struct sw_stream_id id;
    if (!read_number(&text, end, &id.ms) || text == end || *text != '-')
        return SW_ESYNTAX;
    text++;
    if (!read_number(&text, end, &id.seq) || text != end)
        return SW_ESYNTAX;
    *out = id;
    return SW_OK;
}

char *sw_stream_id_text(const struct sw_stream_id *id, char text[SW_STREAMID_MAX])
{
    snprintf(text, SW_STREAMID_MAX, "%" PRIu64 "-%" PRIu64, id->ms, id->seq);
    return text;
}

int sw_stream_id_compare(const struct sw_stream_id *a, const struct sw_stream_id *b)
{
    if (a->ms != b->ms)
        return a->ms < b->ms ? -1 : 1;
    if (a->seq != b->seq)
        return a->seq < b->seq ? -1 : 1;
    return 0;
}

/* Read a name and a value of an XINFO STREAM reply; false when the value has the wrong type. */
static bool read_member(const redisReply *name, const redisReply *value,
                        struct sw_stream_state *out)
{
    if (sw_reply_equals(name, "last-generated-id"))
        return sw_reply_is_text(value) &&
               sw_stream_id_parse(value->str, value->len, &out->last) == SW_OK;
    if (sw_reply_equals(name, "length")) {
        out->length = (uint64_t)value->integer;
        return value->type == REDIS_REPLY_INTEGER;
    }
    if (sw_reply_equals(name, "entries-added")) {
        out->counted = true;
        out->added = (uint64_t)value->integer;
        return value->type == REDIS_REPLY_INTEGER;
    }
    if (sw_reply_equals(name, "first-entry") && sw_reply_is_array(value, 1)) {
        const redisReply *id = value->element[0];
        return sw_reply_is_text(id) && sw_stream_id_parse(id->str, id->len, &out->first) == SW_OK;
    }
    return true;
}

enum sw_status sw_stream_read_state(const redisReply *reply, struct sw_stream_state *out)
{
    struct sw_stream_state state = {.exists = false};
    if (sw_reply_has_code(reply, "ERR no such key")) {
        *out = state;
        return SW_OK;
    }
    if (!sw_reply_is_array(reply, 2))
        return SW_EREDIS;
    for (size_t i = 0; i + 1 < reply->elements; i += 2) {
        if (!read_member(reply->element[i], reply->element[i + 1], &state))
            return SW_EREDIS;
    }
    state.exists = true;
    *out = state;
    return SW_OK;
}

enum sw_status sw_stream_append_ask(struct sw_redis *redis)
{
    char key[SW_KEY_MAX];
    const char *argv[] = {"XINFO", "STREAM", sw_redis_key(redis, key, sizeof(key), "changes")};
    return sw_redis_append_argv(redis, 3, argv, NULL);
}

enum sw_status sw_stream_take_state(struct sw_redis *redis, struct sw_stream_state *out)
{
    sw_redis_take_part(redis, 0, SW_STREAM_STATE_DEPTH);
    redisReply *reply = sw_redis_reply(redis);

    if (!reply)
        return SW_ECLOSED;
    enum sw_status status =
        sw_reply_is_key_error(reply) ? SW_EINVAL : sw_stream_read_state(reply, out);
    if (status == SW_OK)
        out->left_out = sw_redis_left_out(redis);
    freeReplyObject(reply);
    return status;
}

enum sw_status sw_stream_ask(struct sw_redis *redis, struct sw_stream_state *out)
{
    return sw_stream_append_ask(redis) == SW_OK ? sw_stream_take_state(redis, out) : SW_ECLOSED;
}

bool sw_stream_has_gap(const struct sw_stream_state *state, const struct sw_stream_position *at)
{
    bool at_start = at->id.ms == 0 && at->id.seq == 0;
    if (!state->exists)
        return !at_start;
    if (sw_stream_id_compare(&state->last, &at->id) < 0)
        return true;
    /* Counts cannot tell about an empty stream: a recreated stream may have had as many entries. */
    if (state->length == 0)
        return sw_stream_id_compare(&state->last, &at->id) != 0;
    if (sw_stream_id_compare(&state->first, &at->id) <= 0)
        return false;
    /* All remaining entries are younger than the position: are these all entries added since? */
    if (state->counted)
        return state->added != at->added + state->length;
    return !at_start;
}

bool sw_stream_is_new(const struct sw_stream_state *state, const struct sw_stream_position *at)
{
    if (at->id.ms == 0 && at->id.seq == 0)
        return false;
    if (!state->exists)
        return true;
    return state->counted && state->added == state->length &&
           (state->length == 0 || sw_stream_id_compare(&state->first, &at->id) > 0);
}

void sw_stream_await(struct sw_stream_end *end, const struct sw_stream_state *state)
{
    if (end->awaited || !state->exists)
        return;
    *end = (struct sw_stream_end){true, state->counted, {state->last, state->added}};
}

bool sw_stream_has_missed(struct sw_stream_end *end, const struct sw_stream_position *at)
{
    int order = sw_stream_id_compare(&at->id, &end->at.id);
    if (!end->awaited || order < 0)
        return false;
    end->awaited = false;
    return order > 0 || (end->counted && end->at.added != at->added);
}

bool sw_stream_advance(struct sw_stream_end *end, struct sw_stream_position *at,
                       const struct sw_stream_id *id)
{
    bool missed = sw_stream_has_missed(end, at);
    *at = (struct sw_stream_position){*id, at->added + 1};
    return sw_stream_has_missed(end, at) || missed;
}
