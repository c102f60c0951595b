/* put.c - adding a batch of indicators: what is there keeps its facts. See change.h. */
#include "cli/change.h"
#include "cli/output.h"

#include <stdlib.h>

/* Which of them are there: HMGET's array, or NULL: said. */
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

int cli_put(struct cli *cli, char *const *texts, size_t n, const char *facts, uint64_t *fresh,
            struct cli_outcome *outcome)
{
    const char *key = cli_key(cli, "list:%s", outcome->list);
    struct cli_argv set = {0}, entry = {0};
    redisReply *there = ask_there(cli, key, texts, n), *replies;
    uint64_t not_there = 0;

    if (!there)
        return CLI_REDIS;
    cli_argv_add(&set, "HSET");
    cli_argv_add(&set, key);
    cli_change_entry(cli, &entry, "add", outcome->list);
    for (size_t i = 0; i < n; i++) {
        bool is_new = there->element[i]->type == REDIS_REPLY_NIL;
        not_there += is_new;
        if (is_new || facts) {
            cli_argv_add(&set, texts[i]);
            cli_argv_add(&set, facts ? facts : "");
        }
        cli_argv_add(&entry, "i");
        cli_argv_add(&entry, texts[i]);
    }
    cli_begin(cli);
    if (set.n > 2)
        cli_change(cli, &set);
    cli_change(cli, &entry);
    replies = cli_commit(cli);
    if (replies) {
        *fresh += not_there;
        cli_outcome_id(outcome, replies);
    }
    freeReplyObject(there);
    cli_argv_free(&set);
    cli_argv_free(&entry);
    int code = replies ? CLI_OK : CLI_REDIS;
    freeReplyObject(replies);
    return code;
}
