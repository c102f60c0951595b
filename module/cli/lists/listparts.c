/* listparts.c - see listparts.h. */
#include "cli/lists/listparts.h"

#include "cli/output.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A hash of JSON objects by the names of lists. */
static json_t *read_hash(struct cli *cli, const char *key)
{
    redisReply *reply = cli_ask(cli, "HGETALL", key, CLI_END);
    if (!reply)
        return NULL;
    json_t *all = json_object();
    for (size_t i = 0; i + 1 < reply->elements; i += 2) {
        json_t *members = json_loads(reply->element[i + 1]->str, 0, NULL);
        if (json_is_object(members) && sw_listname_ok(reply->element[i]->str))
            json_object_set(all, reply->element[i]->str, members);
        json_decref(members);
    }
    freeReplyObject(reply);
    return all;
}

json_t *cli_parts(struct cli *cli, const char *list)
{
    return read_hash(cli, cli_key(cli, "list:%s:parts", list));
}

json_t *cli_parts_former(struct cli *cli, const char *list)
{
    return read_hash(cli, cli_key(cli, "list:%s:parts:previous", list));
}

json_t *cli_lists(struct cli *cli)
{
    redisReply *reply = cli_ask(cli, "HGETALL", cli_key(cli, "lists"), CLI_END);
    json_t *all = json_object();
    for (size_t i = 0; reply && i + 1 < reply->elements; i += 2)
        json_object_set_new(
            all, cli_clean_text(reply->element[i]->str),
            json_stringn_nocheck(reply->element[i + 1]->str, reply->element[i + 1]->len));
    if (!reply) {
        json_decref(all);
        return NULL;
    }
    freeReplyObject(reply);
    return all;
}

json_t *cli_former(json_t *members, bool kept, uint64_t n)
{
    return kept ? json_pack("{s:O,s:b,s:I}", "members", members, "kept", 1, "indicators",
                            (json_int_t)n)
                : json_pack("{s:O,s:b}", "members", members, "kept", 0);
}

char *cli_part_policy(const char *part, const json_t *head, const json_t *members,
                      char why[SW_WHY_MAX])
{
    static const char *const own[] = {"triggers", "owner",     "kind",      "action",
                                      "records",  "sinkhole4", "sinkhole6", "cname"};
    struct sw_policy policy;
    json_t *all = json_copy((json_t *)(uintptr_t)head);
    /* A part with the action of the head, for other triggers, has the same answer. */
    const char *action = cli_json_text(members, "action");
    bool same = !json_object_get(members, "records") && !json_object_get(members, "cname") &&
                strcmp(action, cli_json_text(head, "action")) == 0;
    for (size_t i = 0; i < (same ? 2 : sizeof(own) / sizeof(own[0])); i++)
        json_object_del(all, own[i]);
    json_object_update(all, (json_t *)(uintptr_t)members);
    /* A list of kind allow has no shadow mode. */
    bool exempts = strcmp(cli_json_text(members, "kind"), "allow") == 0;
    if (exempts && json_is_true(json_object_get(head, "shadow"))) {
        cli_json_set(all, "kind", "ioc");
        cli_json_set(all, "action", "passthru");
    }
    char *text = json_dumps(all, JSON_COMPACT);
    json_decref(all);
    bool good = text && sw_policy_parse(part, text, strlen(text), &policy, why) == SW_OK;
    free(text);
    return good ? sw_policy_json(&policy) : NULL;
}

int cli_read_policy(struct cli *cli, const char *list, json_t **policy)
{
    redisReply *reply = cli_ask(cli, "HGET", cli_key(cli, "lists"), list, CLI_END);
    *policy = NULL;
    if (!reply)
        return CLI_REDIS;
    if (reply->type == REDIS_REPLY_STRING)
        *policy = reply->len ? json_loadb(reply->str, reply->len, 0, NULL) : json_object();
    if (!json_is_object(*policy)) {
        json_decref(*policy);
        *policy = NULL;
    }
    freeReplyObject(reply);
    return CLI_OK;
}

/* ---- in a MULTI ---- */

void cli_change_words(struct cli *cli, const char *a, const char *b, const char *c)
{
    struct cli_argv argv = {0};
    cli_argv_add(&argv, a);
    cli_argv_add(&argv, b);
    if (c)
        cli_argv_add(&argv, c);
    cli_change(cli, &argv);
    cli_argv_free(&argv);
}

static void tell(struct cli *cli, const char *op, const char *list)
{
    struct cli_argv entry = {0};
    cli_change_entry(cli, &entry, op, list);
    cli_change(cli, &entry);
    cli_argv_free(&entry);
}

void cli_change_policy(struct cli *cli, const char *list, const char *text)
{
    struct cli_argv set = {0};
    cli_argv_add(&set, "HSET");
    cli_argv_add(&set, cli_key(cli, "lists"));
    cli_argv_add(&set, list);
    cli_argv_add(&set, text);
    cli_change(cli, &set);
    cli_argv_free(&set);
    tell(cli, "policy", list);
}

void cli_parts_follow(struct cli *cli, const json_t *parts, const json_t *head)
{
    const char *part;
    json_t *members;
    char why[SW_WHY_MAX];
    json_object_foreach((json_t *)(uintptr_t)parts, part, members)
    {
        char *text = cli_part_policy(part, head, members, why);
        if (text)
            cli_change_policy(cli, part, text);
        else
            cli_error("list '%s' keeps its policy: %s", part, why);
        free(text);
    }
}

void cli_change_drop(struct cli *cli, const char *list)
{
    cli_change_words(cli, "HDEL", cli_key(cli, "lists"), list);
    cli_change_words(cli, "UNLINK", cli_key(cli, "list:%s", list),
                     cli_key(cli, "list:%s:previous", list));
    tell(cli, "drop", list);
}

void cli_change_hash(struct cli *cli, const char *key, const json_t *object)
{
    struct cli_argv set = {0};
    const char *field;
    json_t *value;
    cli_change_words(cli, "UNLINK", key, NULL);
    if (json_object_size(object) == 0)
        return;
    char **texts = cli_alloc(json_object_size(object), sizeof(*texts));
    size_t n = 0;
    cli_argv_add(&set, "HSET");
    cli_argv_add(&set, key);
    json_object_foreach((json_t *)(uintptr_t)object, field, value)
    {
        texts[n] = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
        cli_argv_add(&set, field);
        cli_argv_add(&set, texts[n] ? texts[n] : "{}");
        n++;
    }
    cli_change(cli, &set);
    cli_argv_free(&set);
    while (n > 0)
        free(texts[--n]);
    free(texts);
}

void cli_change_field(struct cli *cli, const char *key, const char *field, const json_t *value)
{
    struct cli_argv set = {0};
    char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    if (!text)
        abort();
    cli_argv_add(&set, "HSET");
    cli_argv_add(&set, key);
    cli_argv_add(&set, field);
    cli_argv_add(&set, text);
    cli_change(cli, &set);
    cli_argv_free(&set);
    free(text);
}

/* ---- questions ---- */

int cli_parts_length(struct cli *cli, const char *list, uint64_t *out)
{
    const char *part;
    json_t *members;
    uint64_t n = 0;
    json_t *parts = cli_parts(cli, list);
    int code = parts ? cli_hash_length(cli, cli_key(cli, "list:%s", list), out) : CLI_REDIS;
    json_object_foreach(parts, part, members)
    {
        if (code == CLI_OK)
            code = cli_hash_length(cli, cli_key(cli, "list:%s", part), &n);
        *out += code == CLI_OK ? n : 0;
    }
    json_decref(parts);
    return code;
}

int cli_part_of(struct cli *cli, const char *list, char **head)
{
    char name[SW_LISTNAME_MAX];
    snprintf(name, sizeof(name), "%s", list);
    *head = NULL;
    for (char *dot; (dot = strrchr(name, '.')) != NULL && dot > name;) {
        *dot = '\0';
        redisReply *reply = sw_redis_command(cli->redis, "HEXISTS %s %s",
                                             cli_key(cli, "list:%s:parts", name), list);
        if (!reply)
            return cli_redis_failed(cli, NULL);
        /* A user who may not ask may write no part of that list either. */
        bool there = reply->type == REDIS_REPLY_INTEGER && reply->integer != 0;
        freeReplyObject(reply);
        if (!there)
            continue;
        *head = cli_copy(name);
        return CLI_OK;
    }
    return CLI_OK;
}

int cli_refuse_part(struct cli *cli, const char *list)
{
    char *head = NULL;
    int code = cli_part_of(cli, list, &head);
    if (code == CLI_OK && head) {
        cli_error("'%s' is a part of the list '%s', and changes with this list", list, head);
        cli_hint("name the list '%s', which takes its parts along", head);
        code = CLI_NONE;
    }
    free(head);
    return code;
}
