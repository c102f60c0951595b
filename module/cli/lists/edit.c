/* edit.c - a single MULTI for the hash and the change stream. See edit.h. */
#include "cli/lists/edit.h"

#include "base/clock.h"

#include "cli/output.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- does the list exist ---- */

/* Name the lists with similar names. */
static void say_alike(struct cli *cli, const char *name)
{
    redisReply *reply = cli_ask(cli, "HKEYS", cli_key(cli, "lists"), CLI_END);

    for (size_t i = 0; reply && reply->type == REDIS_REPLY_ARRAY && i < reply->elements; i++) {
        const char *other = reply->element[i]->str;
        if (other && sw_listname_ok(other) && cli_alike(other, name))
            cli_hint("did you mean '%s'?", other);
    }
    freeReplyObject(reply);
}

int cli_list_kind(struct cli *cli, const char *name, enum sw_kind *kind)
{
    struct sw_policy policy;
    char why[SW_WHY_MAX];
    if (!sw_listname_ok(name)) {
        cli_error("'%s' is no list name; 1 to 63 characters of a-z 0-9 . _ -",
                  cli_clean_text(name));
        return CLI_NONE;
    }
    redisReply *reply = cli_ask(cli, "HGET", cli_key(cli, "lists"), name, CLI_END);
    if (!reply)
        return CLI_REDIS;
    if (reply->type != REDIS_REPLY_STRING) {
        freeReplyObject(reply);
        cli_error("there is no list '%s' in Redis at %s", name, sw_redis_target(cli->redis));
        say_alike(cli, name);
        cli_hint("'sinkwatch list set %s' creates the list; 'sinkwatch list' shows all lists",
                 name);
        return CLI_NONE;
    }
    *kind = sw_policy_parse(name, reply->str, reply->len, &policy, why) == SW_OK ? policy.kind
                                                                                 : SW_KIND_IOC;
    freeReplyObject(reply);
    return CLI_OK;
}

int cli_hash_length(struct cli *cli, const char *key, uint64_t *out)
{
    redisReply *reply = cli_ask(cli, "HLEN", key, CLI_END);

    if (!reply)
        return CLI_REDIS;
    *out = reply->type == REDIS_REPLY_INTEGER ? (uint64_t)reply->integer : 0;
    freeReplyObject(reply);
    return CLI_OK;
}

int cli_list_lifetime(struct cli *cli, const char *name, char **expires)
{
    struct sw_policy policy;
    char why[SW_WHY_MAX], text[SW_TIMETEXT_MAX];
    redisReply *reply = cli_ask(cli, "HGET", cli_key(cli, "lists"), name, CLI_END);

    *expires = NULL;
    if (!reply)
        return CLI_REDIS;
    if (reply->type == REDIS_REPLY_STRING &&
        sw_policy_parse(name, reply->str, reply->len, &policy, why) == SW_OK && policy.lifetime > 0)
        *expires =
            cli_copy(sw_time_text(sw_clock_wall_us() + (int64_t)policy.lifetime * 1000000, text));
    freeReplyObject(reply);
    return CLI_OK;
}

char *cli_facts_until(const char *facts, const char *expires)
{
    json_t *object = facts && facts[0] ? json_loads(facts, 0, NULL) : NULL;
    if (!json_is_object(object)) {
        json_decref(object);
        object = json_object();
    }
    if (expires[0])
        cli_json_set(object, "expires", expires);
    else
        json_object_del(object, "expires");
    char *text = json_object_size(object) ? json_dumps(object, JSON_COMPACT) : cli_copy("");
    json_decref(object);
    return text;
}

/* ---- MULTI ---- */

static int queued;  /* commands since MULTI, itself included */
static bool fenced; /* another one holds the fence */

/* WATCH the fence, and compare. */
static bool has_fence(struct cli *cli)
{
    redisReply *reply = NULL;
    if (cli_watch(cli, cli->fence_key, CLI_END) == CLI_OK)
        reply = cli_ask(cli, "GET", cli->fence_key, CLI_END);
    bool mine = reply && reply->type == REDIS_REPLY_STRING && strcmp(reply->str, cli->fence) == 0;
    freeReplyObject(reply);
    return mine;
}

void cli_begin(struct cli *cli)
{
    fenced = cli->fence_key && !has_fence(cli);
    queued = 1;
    cli_queue(cli, "MULTI", CLI_END); /* a failure shows in cli_commit() */
}

void cli_change(struct cli *cli, const struct cli_argv *argv)
{
    queued++;
    cli_queue_argv(cli, argv);
}

void cli_change_entry(struct cli *cli, struct cli_argv *argv, const char *op, const char *list)
{
    static const char *const before[] = {"MAXLEN", "~", CLI_CHANGES_KEPT, "*", "op"};
    cli->entries += strcmp(op, "policy") != 0;
    cli_argv_add(argv, "XADD");
    cli_argv_add(argv, cli_key(cli, "changes"));
    for (size_t i = 0; i < sizeof(before) / sizeof(before[0]); i++)
        cli_argv_add(argv, before[i]);
    cli_argv_add(argv, op);
    cli_argv_add(argv, "list");
    cli_argv_add(argv, list);
}

/* Judge the reply to EXEC, which has a reply for each change; says the errors. */
static bool all_done(struct cli *cli, const redisReply *replies, size_t changes,
                     enum cli_left *left)
{
    const char *target = sw_redis_target(cli->redis);
    size_t failed = 0;
    if (replies->type == REDIS_REPLY_NIL) {
        *left = CLI_LEFT_FOILED;
        return false;
    }
    if (replies->type != REDIS_REPLY_ARRAY || replies->elements != changes) {
        cli_error("Redis at %s: the change was not made", target);
        return false;
    }
    for (size_t i = 0; i < replies->elements; i++) {
        if (replies->element[i]->type != REDIS_REPLY_ERROR)
            continue;
        failed++;
        cli_error("Redis at %s: %s", target, replies->element[i]->str);
    }
    if (failed > 0 && failed < changes)
        *left = CLI_LEFT_PARTLY;
    return failed == 0;
}

/* The replies to MULTI and to each queued command. *refused: the server refused to queue a command.
 * false: the connection broke; reported. */
static bool read_queued(struct cli *cli, bool *refused)
{
    for (; queued > 0; queued--) {
        redisReply *reply = sw_redis_reply(cli->redis);
        if (reply && reply->type != REDIS_REPLY_ERROR) {
            freeReplyObject(reply);
            continue;
        }
        if (!reply || !*refused)
            cli_redis_failed(cli, reply);
        else
            freeReplyObject(reply);
        if (!reply)
            return false;
        *refused = true;
    }
    return true;
}

redisReply *cli_commit(struct cli *cli, enum cli_left *left)
{
    bool refused = fenced;
    size_t changes = (size_t)queued - 1;
    *left = CLI_LEFT_AS_IT_WAS;
    if (fenced)
        cli_error("the lease %s is lost: nothing more is written", cli->fence_key);
    if (!cli_queue(cli, fenced ? "DISCARD" : "EXEC", CLI_END)) {
        cli_redis_failed(cli, NULL);
        return NULL;
    }
    if (!read_queued(cli, &refused)) {
        *left = CLI_LEFT_UNKNOWN;
        return NULL;
    }
    redisReply *replies = sw_redis_reply(cli->redis);
    if (!replies)
        *left = CLI_LEFT_UNKNOWN;
    if (refused || !replies || replies->type == REDIS_REPLY_ERROR) {
        if (refused)
            freeReplyObject(replies);
        else
            cli_redis_failed(cli, replies);
        return NULL;
    }
    if (all_done(cli, replies, changes, left))
        return replies;
    freeReplyObject(replies);
    return NULL;
}

void cli_say_left(const char *list, enum cli_left left)
{
    if (left == CLI_LEFT_UNKNOWN)
        cli_error(
            "whether the list '%s' was changed is not known: the answer of Redis did not come",
            list);
    else if (left == CLI_LEFT_PARTLY)
        cli_error("the list '%s' was changed, but not all of the change was carried out", list);
    else
        cli_error("list '%s' is left as it is", list);
}

redisReply *cli_commit_list(struct cli *cli, const char *list)
{
    enum cli_left left;
    redisReply *replies = cli_commit(cli, &left);
    if (!replies)
        cli_say_left(list, left);
    return replies;
}

int cli_watch(struct cli *cli, const char *key, ...)
{
    struct cli_argv argv = {0};
    va_list rest;
    cli_argv_add(&argv, "WATCH");
    va_start(rest, key);
    for (; key; key = va_arg(rest, const char *))
        cli_argv_add(&argv, key);
    va_end(rest);
    redisReply *reply = cli_ask_argv(cli, &argv);
    cli_argv_free(&argv);
    int code = reply ? CLI_OK : CLI_REDIS;
    freeReplyObject(reply);
    return code;
}

int cli_changes_usable(struct cli *cli)
{
    const char *key = cli_key(cli, "changes");
    redisReply *reply = sw_redis_command(cli->redis, "TYPE %s", key);
    if (!reply)
        return cli_redis_failed(cli, NULL);
    bool other = reply->type == REDIS_REPLY_STATUS && strcmp(reply->str, "none") != 0 &&
                 strcmp(reply->str, "stream") != 0;
    if (other)
        cli_error("Redis at %s: %s is no stream but a %s, so no resolver could be told",
                  sw_redis_target(cli->redis), key, cli_clean_text(reply->str));
    freeReplyObject(reply);
    return other ? CLI_REDIS : CLI_OK;
}

/* ---- the outcome ---- */

void cli_outcome_id(struct cli_outcome *outcome, const redisReply *replies)
{
    const redisReply *last = replies->elements ? replies->element[replies->elements - 1] : NULL;
    if (last && last->type == REDIS_REPLY_STRING)
        snprintf(outcome->id, sizeof(outcome->id), "%s", last->str);
}

/* "ns1, ns2" of an array of names. */
static char *names(const json_t *array)
{
    char *text = NULL;
    size_t len = 0, i;
    const json_t *one;
    FILE *out = open_memstream(&text, &len);

    if (!out)
        abort();
    json_array_foreach(array, i, one)
    {
        fprintf(out, "%s%s", i ? ", " : "", cli_clean_text(json_string_value(one)));
    }
    if (fclose(out) != 0)
        abort();
    return text;
}

/* How the waiting ended, for people. */
static void say_waited(const struct cli_outcome *outcome, const json_t *done, const json_t *late,
                       int waited)
{
    char *who = names(waited == CLI_OK ? done : late);
    if (waited == CLI_OK && json_array_size(done) == 0)
        cli_error("no resolver is live, so nothing enforces this yet ('sinkwatch status')");
    else if (waited == CLI_OK)
        printf("enforced by %s: %s\n", cli_count(json_array_size(done), "resolver", "resolvers"),
               who);
    else if (waited == CLI_TIMEOUT) {
        cli_error("not applied within %s by: %s", cli_count(outcome->wait_s, "second", "seconds"),
                  who);
        cli_hint("the change is in Redis and stays there; 'sinkwatch status' shows the resolvers' "
                 "states");
    }
    free(who);
}

int cli_report(struct cli *cli, struct cli_outcome *outcome)
{
    json_t *done = json_array(), *late = json_array();
    int waited = CLI_OK;
    bool wait = outcome->wait_s > 0 && outcome->id[0];
    if (wait) {
        fflush(stdout);
        waited = cli_wait(cli, outcome->id, outcome->wait_s, done, late);
        if (!cli->json || json_array_size(late) > 0)
            say_waited(outcome, done, late, waited);
    }
    if (cli->json) {
        json_t *all = json_object();
        cli_json_set(all, "op", outcome->op);
        cli_json_set(all, "list", outcome->list);
        if (outcome->members)
            json_object_update(all, outcome->members);
        json_object_set_new(all, "change", outcome->id[0] ? json_string(outcome->id) : json_null());
        if (wait) {
            json_object_set(all, "applied_by", done);
            json_object_set(all, "not_applied_by", late);
        }
        cli_json(all);
    }
    json_decref(outcome->members);
    json_decref(done);
    json_decref(late);
    return waited == CLI_OK ? outcome->code : waited;
}
