/* put.c - adding a batch of indicators, which keep known facts, and removing one. See edit.h. */
#include "base/clock.h"
#include "base/expires.h"
#include "cli/lists/edit.h"
#include "cli/output.h"

#include <stdlib.h>
#include <string.h>

/* Ask for the known indicators: HMGET's array, or NULL after an error message. */
static redisReply *ask_there(struct cli *cli, const char *key, char *const *texts, size_t n)
{
    struct cli_argv argv = {0};
    cli_argv_add(&argv, "HMGET");
    cli_argv_add(&argv, key);
    for (size_t i = 0; i < n; i++)
        cli_argv_add(&argv, texts[i]);
    redisReply *reply = cli_ask_argv(cli, &argv);
    cli_argv_free(&argv);
    if (!reply || (reply->type == REDIS_REPLY_ARRAY && reply->elements == n))
        return reply;
    cli_redis_failed(cli, reply);
    return NULL;
}

struct put { /* a batch */
    struct cli_argv set, entry;
    const char *expires;
    char *own[2 * CLI_BATCH]; /* texts made here: the commands only point to the texts */
    size_t own_n;
    uint32_t told; /* the end that the entry has for the indicators that follow */
    bool any_told;
};

static const char *keep(struct put *put, char *text)
{
    return put->own[put->own_n++] = text;
}

/* Put the end of the next indicator into the entry, where different from the indicator before, so
 * that resolvers need not ask Redis for the facts. */
static void tell_end(struct put *put, const char *facts)
{
    char text[SW_TIMETEXT_MAX];
    uint32_t until = 0;
    (void)sw_facts_expires(facts, strlen(facts), &until);
    if (put->any_told && until == put->told)
        return;
    put->told = until;
    put->any_told = true;
    cli_argv_add(&put->entry, "expires");
    cli_argv_add(&put->entry,
                 until ? keep(put, cli_copy(sw_time_text((int64_t)until * 1000000, text))) : "");
}

/* Add an indicator; given: new facts, or ""; there: the present facts, or nil. */
static void put_one(struct put *put, const char *text, const char *given, const redisReply *there)
{
    const char *own = there->type == REDIS_REPLY_STRING ? there->str : "";
    const char *facts = given[0] ? given : own;
    if (put->expires && !strstr(given, "\"expires\""))
        facts = keep(put, cli_facts_until(facts, put->expires));
    if (there->type == REDIS_REPLY_NIL || strcmp(facts, own) != 0) {
        cli_argv_add(&put->set, text);
        cli_argv_add(&put->set, facts);
    }
    tell_end(put, facts);
    cli_argv_add(&put->entry, "i");
    cli_argv_add(&put->entry, text);
}

int cli_put(struct cli *cli, char *const *texts, char *const *facts, size_t n, uint64_t *fresh,
            struct cli_outcome *outcome)
{
    const char *key = cli_key(cli, "list:%s", outcome->list);
    struct put *put = cli_alloc(1, sizeof(*put));
    redisReply *there = ask_there(cli, key, texts, n), *replies;

    if (!there) {
        free(put);
        return CLI_REDIS;
    }
    put->expires = outcome->expires;
    cli_argv_add(&put->set, "HSET");
    cli_argv_add(&put->set, key);
    cli_change_entry(cli, &put->entry, "add", outcome->list);
    for (size_t i = 0; i < n; i++)
        put_one(put, texts[i], facts[i], there->element[i]);
    bool any = put->set.n > 2;
    cli_begin(cli);
    if (any)
        cli_change(cli, &put->set);
    cli_change(cli, &put->entry);
    replies = cli_commit_list(cli, outcome->list);
    if (replies) {
        if (any && replies->element[0]->type == REDIS_REPLY_INTEGER)
            *fresh += (uint64_t)replies->element[0]->integer;
        cli_outcome_id(outcome, replies);
    }
    freeReplyObject(there);
    cli_argv_free(&put->set);
    cli_argv_free(&put->entry);
    for (size_t i = 0; i < put->own_n; i++)
        free(put->own[i]);
    free(put);
    int code = replies ? CLI_OK : CLI_REDIS;
    freeReplyObject(replies);
    return code;
}

int cli_take(struct cli *cli, char *const *texts, size_t n, struct cli_outcome *outcome)
{
    struct cli_argv hdel = {0}, entry = {0};
    cli_argv_add(&hdel, "HDEL");
    cli_argv_add(&hdel, cli_key(cli, "list:%s", outcome->list));
    cli_change_entry(cli, &entry, "remove", outcome->list);
    for (size_t i = 0; i < n; i++) {
        cli_argv_add(&hdel, texts[i]);
        cli_argv_add(&entry, "i");
        cli_argv_add(&entry, texts[i]);
    }
    cli_begin(cli);
    cli_change(cli, &hdel);
    cli_change(cli, &entry);
    redisReply *replies = cli_commit_list(cli, outcome->list);
    if (replies)
        cli_outcome_id(outcome, replies);
    cli_argv_free(&hdel);
    cli_argv_free(&entry);
    int code = replies ? CLI_OK : CLI_REDIS;
    freeReplyObject(replies);
    return code;
}
