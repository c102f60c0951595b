/* rejudge.c - the walk through the names of the ioc lists. See rejudge.h. */
#include "journal/history/rejudge.h"

#include "base/rcu.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CURSOR_MAX 24 /* digits of 64 bits */

struct page_name {
    struct sw_name name;
    char indicator[SW_INDICATORTEXT_MAX];
};

struct sw_rejudge {
    const struct sw_settings *settings;
    uint64_t seen, judged; /* versions: noticed last, of the last walk */
    int64_t changed_us, next_us;
    bool walking, begun;
    unsigned list; /* id of the list */
    char name[SW_LISTNAME_MAX];
    char cursor[CURSOR_MAX]; /* "0": the list begins */
    size_t n;
    struct page_name page[SW_REJUDGE_PAGE];
    char watched[SW_INDICATORTEXT_MAX]; /* the indicator of a watch list in `sight` */
    struct sw_sight sight;
};

struct sw_rejudge *sw_rejudge_new(const struct sw_settings *settings)
{
    struct sw_rejudge *rejudge = calloc(1, sizeof(*rejudge));
    if (rejudge)
        rejudge->settings = settings;
    if (rejudge)
        rejudge->judged = UINT64_MAX; /* a walk at the start */
    return rejudge;
}

void sw_rejudge_free(struct sw_rejudge *rejudge)
{
    free(rejudge);
}

/* Changes with each change of what histories are judged by. */
static uint64_t version(const struct sw_raise_with *with)
{
    return sw_index_owner_changes(with->index) + sw_owners_changes(with->owners);
}

static void begin(struct sw_rejudge *rejudge)
{
    rejudge->walking = true;
    rejudge->judged = rejudge->seen;
    rejudge->list = 0;
    rejudge->name[0] = '\0';
}

bool sw_rejudge_due(struct sw_rejudge *rejudge, const struct sw_raise_with *with, int64_t mono_us)
{
    uint64_t now = version(with);
    if (now != rejudge->seen || !rejudge->begun) {
        rejudge->begun = true;
        rejudge->seen = now;
        rejudge->changed_us = mono_us;
    }
    bool quiet = mono_us - rejudge->changed_us >= SW_REJUDGE_QUIET_US;
    if (!rejudge->walking && rejudge->judged != rejudge->seen && quiet)
        begin(rejudge);
    return rejudge->walking && mono_us >= rejudge->next_us;
}

/* The next list of kind ioc, if the last is done; false: the walk is at its end. */
static bool find_list(struct sw_rejudge *rejudge, const struct sw_raise_with *with)
{
    if (rejudge->name[0] != '\0')
        return true;
    sw_rcu_enter();
    struct sw_view view = sw_index_view(with->index);
    for (; rejudge->list < SW_LISTS_MAX && rejudge->name[0] == '\0'; rejudge->list++) {
        const struct sw_policy *list = sw_view_list(&view, (sw_list_id)rejudge->list);
        if (list && list->kind == SW_KIND_IOC)
            snprintf(rejudge->name, sizeof(rejudge->name), "%s", list->name);
    }
    sw_rcu_leave();
    snprintf(rejudge->cursor, sizeof(rejudge->cursor), "0");
    return rejudge->name[0] != '\0';
}

/* ---- a page ---- */

static void take_field(struct sw_rejudge *rejudge, const redisReply *field)
{
    struct sw_indicator indicator;
    char why[SW_WHY_MAX];
    if (field->type != REDIS_REPLY_STRING ||
        sw_indicator_parse(field->str, field->len, &indicator, why) != SW_OK ||
        indicator.type != SW_INDICATOR_DOMAIN || indicator.form == SW_FORM_BELOW)
        return;
    struct page_name *to = &rejudge->page[rejudge->n++];
    to->name = indicator.name;
    sw_indicator_text(&indicator, to->indicator);
}

/* The name of a sight, and the room for the text of the indicator. */
struct watching {
    struct sw_sight *sight;
    char *text;
};

/* sw_hit_fn */
static void take_watch(void *arg, const struct sw_hit *hit)
{
    const struct watching *watching = arg;
    struct sw_sight *sight = watching->sight;
    if (hit->list->kind != SW_KIND_WATCH || sight->is_watched)
        return;
    sight->is_watched = true;
    snprintf(sight->watch_list, sizeof(sight->watch_list), "%s", hit->list->name);
    sw_hit_text(hit, sight->qname.wire, NULL, watching->text);
    sight->watched = watching->text;
}

/* Whether a watch list covers the name, as for a present sight. A watch list that covers an alias
 * target only is unknown here: histories have no alias chains. */
static void find_watch(struct sw_rejudge *rejudge, const struct sw_raise_with *with)
{
    struct watching watching = {.sight = &rejudge->sight, .text = rejudge->watched};
    const struct sw_name *name = &rejudge->sight.qname;
    sw_rcu_enter();
    struct sw_view view = sw_index_view(with->index);
    sw_view_find_name(&view, SW_TRIGGERS_DEFAULT, name->wire, name->len, take_watch, &watching);
    sw_rcu_leave();
}

static void judge_name(struct sw_rejudge *rejudge, const struct sw_raise_with *with,
                       const struct page_name *of)
{
    bool created;
    struct sw_sight *sight = &rejudge->sight;
    struct sw_name_history *history =
        sw_history_get(sw_recall_history(with->recall, SW_OF_NAME), &of->name, &created);
    if (!history || history->n == 0)
        return;
    memset(sight, 0, offsetof(struct sw_sight, owned));
    sight->concerned = sight->is_ioc = true;
    snprintf(sight->list, sizeof(sight->list), "%s", rejudge->name);
    sight->indicator = of->indicator;
    sight->watched = "";
    sight->qname = of->name;
    sw_name_text(of->name.wire, sight->name);
    find_watch(rejudge, with);
    for (size_t i = 0; i < history->n; i++) {
        struct sw_name_addr *seen = &history->addrs[i];
        struct sw_record record = {
            .first_us = seen->first_us, .last_us = seen->last_us, .count = seen->count};
        sight->n = 1;
        sight->owned[0].addr = seen->addr;
        sw_rcu_enter();
        sw_owner_find(with->owners, &seen->addr, &sight->owned[0].owner);
        sw_rcu_leave();
        sw_raise_again(with, &record, sight);
    }
}

/* Load the histories of the names of the page and judge each. */
static enum sw_status judge_page(struct sw_rejudge *rejudge, const struct sw_raise_with *with,
                                 struct sw_redis *redis)
{
    for (size_t i = 0; i < rejudge->n; i++)
        sw_recall_want_name(with->recall, SW_OF_NAME, &rejudge->page[i].name);
    enum sw_status status = sw_recall_load(with->recall, redis);
    for (size_t i = 0; status == SW_OK && i < rejudge->n; i++)
        judge_name(rejudge, with, &rejudge->page[i]);
    rejudge->n = 0;
    return status;
}

/* All fields of a reply of HSCAN: small hashes come whole, whatever COUNT says. */
static enum sw_status judge_fields(struct sw_rejudge *rejudge, const struct sw_raise_with *with,
                                   struct sw_redis *redis, const redisReply *fields)
{
    enum sw_status status = SW_OK;
    rejudge->n = 0;
    for (size_t i = 0; i + 1 < fields->elements && status == SW_OK; i += 2) {
        take_field(rejudge, fields->element[i]);
        if (rejudge->n == SW_REJUDGE_PAGE)
            status = judge_page(rejudge, with, redis);
    }
    return status == SW_OK ? judge_page(rejudge, with, redis) : status;
}

static bool is_page(const redisReply *reply)
{
    return reply->type == REDIS_REPLY_ARRAY && reply->elements == 2 &&
           reply->element[0]->type == REDIS_REPLY_STRING && reply->element[0]->len < CURSOR_MAX &&
           reply->element[1]->type == REDIS_REPLY_ARRAY;
}

enum sw_status sw_rejudge_step(struct sw_rejudge *rejudge, const struct sw_raise_with *with,
                               struct sw_redis *redis, int64_t mono_us)
{
    rejudge->next_us = mono_us + SW_REJUDGE_PAUSE_US;
    if (!find_list(rejudge, with)) {
        rejudge->walking = false;
        return SW_OK;
    }
    char key[SW_REDISKEY_MAX];
    snprintf(key, sizeof(key), "%s:list:%s", rejudge->settings->redis_prefix, rejudge->name);
    sw_redis_take_part(redis, SW_INDICATORTEXT_MAX, 0); /* the facts are not read here */
    redisReply *reply =
        sw_redis_command(redis, "HSCAN %s %s COUNT %d", key, rejudge->cursor, SW_REJUDGE_PAGE);
    if (!reply)
        return SW_ECLOSED;
    enum sw_status status = SW_OK;
    bool last = true; /* a refusal (rights, another type) ends the list */
    if (is_page(reply)) {
        status = judge_fields(rejudge, with, redis, reply->element[1]);
        last = strcmp(reply->element[0]->str, "0") == 0;
        if (status == SW_OK)
            snprintf(rejudge->cursor, sizeof(rejudge->cursor), "%s", reply->element[0]->str);
    }
    if (status == SW_OK && last)
        rejudge->name[0] = '\0';
    freeReplyObject(reply);
    return status;
}
