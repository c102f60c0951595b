/* load.c - see load.h. */
#include "feed/load.h"

#include "base/clock.h"
#include "base/expires.h"
#include "base/log.h"
#include "redis/reply.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROOM_MAX ((size_t)1 << 26) /* bounds the room reserved for a count from Redis */
/* COUNT of HSCAN: large enough to make round trips negligible, small enough not to delay other
 * clients of Redis (about a millisecond). The smaller count follows a reply that was too large. */
static const char *const chunks[SW_LIST_NARROW_MAX] = {"1000", "10"};

void sw_load_refuse(const struct sw_load_hooks *hooks, enum sw_refused_reason reason,
                    const char *list, const char *item, size_t item_len, const char *why)
{
    struct sw_refusal refusal = {reason, list, item, item_len, why};
    if (hooks->refused)
        hooks->refused(hooks->arg, &refusal);
}

static void tell_changed(const struct sw_load_hooks *hooks, const struct sw_list *list, bool sweep)
{
    if (hooks->changed)
        hooks->changed(hooks->arg, list, sweep);
}

/* ---- policies ---- */

/* Keep the policy text, so that an unchanged text is not parsed again. */
static enum sw_status remember_text(struct sw_list *list, const char *text, size_t len)
{
    char *copy = malloc(len + 1);
    if (!copy)
        return SW_ENOMEM;
    memcpy(copy, text, len);
    copy[len] = '\0';
    free(list->policy_text);
    list->policy_text = copy;
    list->policy_len = len;
    return SW_OK;
}

static enum sw_status refuse_policy(struct sw_list *list, enum sw_refused_reason reason,
                                    const char *text, size_t len, const char *why,
                                    const struct sw_load_hooks *hooks)
{
    snprintf(list->problem, sizeof(list->problem), "policy: %.*s", SW_WHY_MAX - 9, why);
    sw_load_refuse(hooks, reason, list->name, text, len, why);
    return reason == SW_REFUSED_ROOM ? SW_ENOMEM : SW_EINVAL;
}

enum sw_status sw_load_policy(struct sw_lists *lists, struct sw_list *list, const char *text,
                              size_t len, const struct sw_load_hooks *hooks)
{
    struct sw_policy policy;
    char why[SW_WHY_MAX] = "";
    struct sw_effect former = list->effect;
    bool was_held = list->held;
    if (list->policy_text && list->policy_len == len && memcmp(list->policy_text, text, len) == 0)
        return SW_EEXIST;
    if (remember_text(list, text, len) != SW_OK)
        return refuse_policy(list, SW_REFUSED_ROOM, text, len, "out of memory", hooks);
    if (len > SW_POLICY_TEXT_MAX)
        return refuse_policy(list, SW_REFUSED_POLICY, text, len, "longer than 131,072 octets",
                             hooks);
    if (sw_policy_parse(list->name, text, len, &policy, why) != SW_OK)
        return refuse_policy(list, SW_REFUSED_POLICY, text, len, why, hooks);
    if (sw_index_list_set(lists->index, &policy, &list->id) != SW_OK) {
        free(list->policy_text);
        list->policy_text = NULL; /* the next load tries again */
        return refuse_policy(list, SW_REFUSED_ROOM, text, len,
                             "no room for another list in the index", hooks);
    }
    list->unread = list->unread || !was_held;
    list->held = true;
    list->effect = sw_effect_of(&policy);
    list->problem[0] = '\0';
    tell_changed(hooks, list,
                 was_held && !sw_effect_equal(&list->effect, &former) &&
                     (sw_effect_decides(&former) || sw_effect_decides(&list->effect)));
    return SW_OK;
}

/* ---- content ---- */

struct scan { /* a reading of a list */
    struct sw_redis *redis;
    struct sw_lists *lists;
    struct sw_list *list;
    const struct sw_load_hooks *hooks;
    char key[SW_KEY_MAX];
    sw_list_id staged;
    uint64_t fields, refused, expired;
    uint32_t now;              /* seconds; an indicator that ends by then is skipped */
    struct sw_stream_id began; /* the youngest change before the first chunk */
};

/* Keep the list's content; the reason is reported once. Reconciliation tries again. */
static void keep_former(struct sw_list *list, const char *key, enum sw_refused_reason reason,
                        const char *why, const struct sw_load_hooks *hooks)
{
    char problem[SW_WHY_MAX];
    snprintf(problem, sizeof(problem), "content: %.*s", SW_WHY_MAX - 10, why);
    if (strcmp(problem, list->problem) == 0)
        return;
    memcpy(list->problem, problem, sizeof(problem));
    sw_load_refuse(hooks, reason, list->name, key, strlen(key), why);
}

/* The end from a field's facts; 0: no valid end. */
static uint32_t end_of(struct scan *scan, const redisReply *field, const redisReply *facts)
{
    uint32_t until = 0;
    if (sw_reply_is_text(facts) && sw_facts_expires(facts->str, facts->len, &until) != SW_OK)
        sw_load_refuse(scan->hooks, SW_REFUSED_FACTS, scan->list->name, field->str, field->len,
                       SW_EXPIRES_WHY);
    return until;
}

/* Add one field of the hash to the staged list. */
static enum sw_status take_field(struct scan *scan, const redisReply *field,
                                 const redisReply *facts)
{
    struct sw_indicator indicator;
    char why[SW_WHY_MAX] = "";
    if (!sw_reply_is_text(field))
        return SW_EREDIS;
    scan->fields++;
    if (sw_indicator_parse(field->str, field->len, &indicator, why) != SW_OK) {
        scan->refused++;
        sw_load_refuse(scan->hooks, SW_REFUSED_INDICATOR, scan->list->name, field->str, field->len,
                       why);
        return SW_OK;
    }
    uint32_t until = end_of(scan, field, facts);
    if (until != 0 && until <= scan->now) {
        scan->expired++;
        return SW_OK;
    }
    enum sw_status status = sw_index_add_until(scan->lists->index, scan->staged, &indicator, until);
    /* A list with content keeps that content, which is better than a new content with gaps. */
    if (status == SW_ETOOBIG && sw_index_count(scan->lists->index, scan->list->id) == 0) {
        sw_load_refuse(scan->hooks, SW_REFUSED_ROOM, scan->list->name, field->str, field->len,
                       SW_LOAD_NO_SET);
        scan->refused++;
        return SW_OK;
    }
    return status == SW_EEXIST ? SW_OK : status;
}

/* Whether a reply is [cursor, [field, value, ...]]; copies the cursor. */
static bool is_chunk(const redisReply *reply, char *cursor, size_t max)
{
    if (!sw_reply_is_array(reply, 2) || !sw_reply_is_text(reply->element[0]) ||
        !sw_reply_is_array(reply->element[1], 0) || reply->element[0]->len >= max)
        return false;
    memcpy(cursor, reply->element[0]->str, reply->element[0]->len + 1);
    return true;
}

static enum sw_status take_fields(struct scan *scan, const redisReply *fields)
{
    for (size_t i = 0; i + 1 < fields->elements; i += 2) {
        enum sw_status status = take_field(scan, fields->element[i], fields->element[i + 1]);
        if (status != SW_OK)
            return status;
    }
    return SW_OK;
}

const char *sw_load_chunk(const struct sw_list *list)
{
    return list->narrow < SW_LIST_NARROW_MAX ? chunks[list->narrow] : NULL;
}

/* Ask for the next chunk early: the server prepares that chunk while this thread takes another. */
static enum sw_status ask_chunk(struct scan *scan, const char *cursor)
{
    const char *argv[] = {"HSCAN", scan->key, cursor, "COUNT", sw_load_chunk(scan->list)};
    if (sw_redis_append_argv(scan->redis, 5, argv, NULL) != SW_OK)
        return SW_ECLOSED;
    sw_redis_flush(scan->redis);
    return SW_OK;
}

/* Take a chunk from a reply, after asking for the next chunk. *asked: there is a next chunk. */
static enum sw_status take_chunk(struct scan *scan, const redisReply *reply, bool *asked,
                                 char why[SW_WHY_MAX])
{
    char cursor[24];
    *asked = false;
    if (sw_reply_is_key_error(reply)) {
        snprintf(why, SW_WHY_MAX, "%s", reply->str);
        return SW_EINVAL;
    }
    if (!is_chunk(reply, cursor, sizeof(cursor)))
        return SW_EREDIS;
    if (scan->hooks->go_on && !scan->hooks->go_on(scan->hooks->arg))
        return SW_ECLOSED;
    if (strcmp(cursor, "0") != 0) {
        if (ask_chunk(scan, cursor) != SW_OK)
            return SW_ECLOSED;
        *asked = true;
    }
    return take_fields(scan, reply->element[1]);
}

/* Take all chunks. SW_EINVAL: the key is unreadable, for the reason in why. */
static enum sw_status take_all(struct scan *scan, char why[SW_WHY_MAX])
{
    enum sw_status status = ask_chunk(scan, "0");
    bool asked = status == SW_OK;
    while (asked && status == SW_OK) {
        redisReply *reply = sw_redis_reply(scan->redis);

        if (!reply) {
            scan->list->narrow += sw_redis_was_too_large(scan->redis);
            return SW_ECLOSED;
        }
        status = take_chunk(scan, reply, &asked, why);
        freeReplyObject(reply);
    }
    if (asked) /* the reply that was asked for before the failure */
        freeReplyObject(sw_redis_reply(scan->redis));
    return status;
}

/* Reserve room for the growth of a list. The first chunk reports a key of the wrong type. */
static enum sw_status reserve(struct scan *scan)
{
    size_t count = sw_index_count(scan->lists->index, scan->list->id);
    redisReply *reply = sw_redis_command(scan->redis, "HLEN %s", scan->key);
    enum sw_status status = SW_OK;

    if (!reply)
        return SW_ECLOSED;
    if (reply->type == REDIS_REPLY_INTEGER && reply->integer > 0 &&
        (size_t)reply->integer > count) {
        size_t more = (size_t)reply->integer - count;
        status = sw_index_reserve(scan->lists->index, more < ROOM_MAX ? more : ROOM_MAX);
    }
    freeReplyObject(reply);
    return status;
}

/* Swap in the staged content, and note the counts of refused and expired fields. */
static enum sw_status put_in_place(struct scan *scan)
{
    struct sw_list *list = scan->list;
    enum sw_status status = sw_index_stage_swap(scan->lists->index, &list->id, scan->staged);
    if (status != SW_OK)
        return status;
    list->refused = scan->refused;
    list->expired = scan->expired;
    list->surplus = (int64_t)scan->fields - (int64_t)sw_index_count(scan->lists->index, list->id);
    list->unread = false;
    list->read_at = scan->began;
    if (strncmp(list->problem, "content:", 8) == 0)
        list->problem[0] = '\0';
    tell_changed(scan->hooks, list, sw_effect_decides(&list->effect));
    return SW_OK;
}

enum sw_status sw_load_content(struct sw_redis *redis, struct sw_lists *lists, struct sw_list *list,
                               const struct sw_load_hooks *hooks)
{
    struct scan scan = {.redis = redis, .lists = lists, .list = list, .hooks = hooks};
    char why[SW_WHY_MAX] = "";
    assert(list->held);
    scan.began = lists->now;
    scan.now =
        (uint32_t)((hooks->wall_us ? hooks->wall_us(hooks->arg) : sw_clock_wall_us()) / 1000000);
    list->unread = true;
    sw_redis_key(redis, scan.key, sizeof(scan.key), "list:%s", list->name);
    if (!sw_load_chunk(list)) {
        keep_former(list, scan.key, SW_REFUSED_ROOM, "facts that are too large for a reply", hooks);
        return SW_OK;
    }
    enum sw_status status = reserve(&scan);
    if (status == SW_OK)
        status = sw_index_stage_begin(lists->index, list->id, &scan.staged);
    if (status == SW_OK) {
        status = take_all(&scan, why);
        if (status == SW_OK)
            status = put_in_place(&scan);
        if (status != SW_OK)
            sw_index_stage_abandon(lists->index, scan.staged);
    }
    if (status == SW_OK || status == SW_ECLOSED || status == SW_EREDIS)
        return status;
    if (status == SW_EINVAL)
        keep_former(list, scan.key, SW_REFUSED_KEY, why, hooks);
    else
        keep_former(list, scan.key, SW_REFUSED_ROOM, sw_strerror(status), hooks);
    return SW_OK;
}

/* ---- all lists ---- */

/* One member of {prefix}:lists. */
static enum sw_status take_list(struct sw_redis *redis, struct sw_lists *lists,
                                const redisReply *name, const redisReply *text, bool everything,
                                const struct sw_load_hooks *hooks)
{
    if (!sw_reply_is_text(name) || !sw_reply_is_text(text))
        return SW_EREDIS;
    if (strlen(name->str) != name->len || !sw_listname_ok(name->str)) {
        sw_load_refuse(hooks, SW_REFUSED_LIST_NAME, "", name->str, name->len,
                       "a list name has 1 to 63 characters of a-z 0-9 . _ -");
        return SW_OK;
    }
    struct sw_list *list = sw_lists_get(lists, name->str);
    if (!list) {
        sw_load_refuse(hooks, SW_REFUSED_ROOM, name->str, "", 0, "out of memory");
        return SW_OK;
    }
    list->seen = true;
    list->lost = false;
    bool was_held = list->held;
    sw_load_policy(lists, list, text->str, text->len, hooks);
    if (!list->held || (was_held && !everything))
        return SW_OK;
    return sw_load_content(redis, lists, list, hooks);
}

/* Tell the index the number of indicators in all lists before reading. Unreadable keys count 0. */
static enum sw_status announce(struct sw_redis *redis, struct sw_lists *lists,
                               const redisReply *reply)
{
    size_t all = 0;
    for (size_t i = 0; i + 1 < reply->elements; i += 2) {
        const redisReply *name = reply->element[i];
        char key[SW_KEY_MAX];
        if (!sw_reply_is_text(name) || strlen(name->str) != name->len || !sw_listname_ok(name->str))
            continue;
        sw_redis_key(redis, key, sizeof(key), "list:%s", name->str);
        redisReply *count = sw_redis_command(redis, "HLEN %s", key);
        if (!count)
            return SW_ECLOSED;
        if (count->type == REDIS_REPLY_INTEGER && count->integer > 0)
            all += (size_t)count->integer;
        freeReplyObject(count);
    }
    (void)sw_index_renew(lists->index, all < ROOM_MAX ? all : ROOM_MAX);
    return SW_OK;
}

enum sw_status sw_load_lists(struct sw_redis *redis, struct sw_lists *lists,
                             const redisReply *reply, bool everything,
                             const struct sw_load_hooks *hooks)
{
    enum sw_status status;
    for (size_t i = 0; i < lists->n; i++)
        lists->list[i]->seen = false;
    if (everything && (status = announce(redis, lists, reply)) != SW_OK)
        return status;
    for (size_t i = 0; i + 1 < reply->elements; i += 2) {
        status =
            take_list(redis, lists, reply->element[i], reply->element[i + 1], everything, hooks);
        if (status != SW_OK)
            return status;
    }
    for (size_t i = lists->n; i-- > 0;) {
        if (!lists->list[i]->seen && !lists->list[i]->lost) {
            sw_log(SW_LOG_INFO, "list %s is not in Redis any more", lists->list[i]->name);
            tell_changed(hooks, lists->list[i], sw_lists_shields(lists, lists->list[i]));
            sw_lists_drop(lists, lists->list[i]);
        }
    }
    return SW_OK;
}

enum sw_status sw_load_ask_lists(struct sw_redis *redis, redisReply **out)
{
    char key[SW_KEY_MAX];
    sw_redis_take_part(redis, SW_POLICY_TEXT_MAX + 1, 0);
    redisReply *reply =
        sw_redis_command(redis, "HGETALL %s", sw_redis_key(redis, key, sizeof(key), "lists"));
    enum sw_status status = SW_OK;

    if (!reply)
        return SW_ECLOSED;
    if (sw_reply_is_key_error(reply))
        status = SW_EINVAL;
    else if (!sw_reply_is_array(reply, 0))
        status = SW_EREDIS;
    if (status == SW_OK)
        *out = reply;
    else
        freeReplyObject(reply);
    return status;
}

enum sw_status sw_load_all(struct sw_redis *redis, struct sw_index *index,
                           const struct sw_load_hooks *hooks)
{
    struct sw_lists lists;
    redisReply *reply;
    enum sw_status status = sw_load_ask_lists(redis, &reply);

    if (status != SW_OK)
        return status == SW_EINVAL ? SW_EREDIS : status;
    sw_lists_init(&lists, index);
    status = sw_load_lists(redis, &lists, reply, true, hooks);
    sw_lists_clear(&lists);
    freeReplyObject(reply);
    return status;
}
