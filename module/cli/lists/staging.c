/* staging.c - see staging.h. */
#include "cli/lists/staging.h"

#include "base/clock.h"
#include "cli/lists/listparts.h"
#include "cli/output.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define TRIES 10 /* swaps that another writer may foil one after the other */

static const char *registry_of(struct cli *cli, const char *list)
{
    return cli_key(cli, "list:%s:staging", list);
}

static void random_name(char name[33])
{
    uint8_t octets[16];
    if (getrandom(octets, sizeof(octets), 0) != sizeof(octets))
        abort();
    for (size_t i = 0; i < sizeof(octets); i++)
        snprintf(name + 2 * i, 3, "%02x", octets[i]);
}

/* Three replies of a pipeline that are counts; the first is returned, or -1: reported. */
static long long three_replies(struct cli *cli)
{
    long long first = -1;
    bool failed = false;
    for (int i = 0; i < 3 && sw_redis_is_open(cli->redis); i++) {
        redisReply *reply = cli_reply(cli, "i");
        if (reply && reply->integer < 0) { /* no number of fields, nor of keys */
            cli_redis_failed(cli, reply);
            reply = NULL;
        }
        failed = failed || !reply;
        if (i == 0 && reply)
            first = reply->integer;
        freeReplyObject(reply);
    }
    if (!failed && !sw_redis_is_open(cli->redis)) { /* lost between two replies: not reported yet */
        cli_redis_failed(cli, NULL);
        failed = true;
    }
    return failed ? -1 : first;
}

/* Send a write, and both keys live on. The three replies are on the way then. */
static bool write_and_expire(struct cli_staging *staging, const struct cli_argv *argv)
{
    struct cli *cli = staging->cli;
    if (cli_queue_argv(cli, argv) &&
        cli_queue(cli, "EXPIRE", staging->key, CLI_STAGING_LIFE_S, CLI_END) &&
        cli_queue(cli, "EXPIRE", staging->registry, CLI_STAGING_LIFE_S, CLI_END)) {
        sw_redis_flush(cli->redis);
        return true;
    }
    cli_redis_failed(cli, NULL);
    return false;
}

int cli_staging_begin(struct cli_staging *staging, struct cli *cli, const char *list)
{
    char now[SW_TIMETEXT_MAX];
    struct cli_argv argv = {0};
    *staging = (struct cli_staging){.cli = cli, .list = list};
    random_name(staging->name);
    staging->key = cli_key(cli, "list:%s:staging:%s", list, staging->name);
    staging->registry = registry_of(cli, list);
    cli_argv_add(&argv, "HSET");
    cli_argv_add(&argv, staging->registry);
    cli_argv_add(&argv, staging->name);
    cli_argv_add(&argv, sw_time_text(sw_clock_wall_us(), now));
    bool done = write_and_expire(staging, &argv) && three_replies(cli) >= 0;
    cli_argv_free(&argv);
    return done ? CLI_OK : CLI_REDIS;
}

/* Take the replies to the batch that is on the way. */
static void settle(struct cli *cli)
{
    struct cli_staging *staging = cli->staging;
    cli->settle = NULL;
    long long fresh = three_replies(cli);
    if (fresh < 0)
        staging->lost = true;
    else
        staging->n += (uint64_t)fresh;
}

int cli_staging_settle(struct cli_staging *staging)
{
    struct cli *cli = staging->cli;
    if (cli && cli->settle)
        cli->settle(cli);
    return staging->lost ? CLI_REDIS : CLI_OK;
}

int cli_staging_put(struct cli_staging *staging, char *const *texts, char *const *facts, size_t n)
{
    struct cli_argv argv = {0};
    int code = cli_staging_settle(staging);
    cli_argv_add(&argv, "HSET");
    cli_argv_add(&argv, staging->key);
    for (size_t i = 0; i < n; i++) {
        cli_argv_add(&argv, texts[i]);
        cli_argv_add(&argv, facts[i]);
    }
    if (code == CLI_OK && !write_and_expire(staging, &argv))
        code = CLI_REDIS;
    cli_argv_free(&argv);
    if (code != CLI_OK)
        return code;
    staging->cli->staging = staging;
    staging->cli->settle = settle;
    return CLI_OK;
}

/* ---- the swap ---- */

/* Whether the staged content is whole; says so if not. CLI_OK, CLI_REDIS. */
static int judge_size(struct cli_staging *staging)
{
    uint64_t there = 0;
    int code = cli_hash_length(staging->cli, staging->key, &there);
    if (code != CLI_OK || there == staging->n)
        return code;
    cli_error("Redis at %s: of %" PRIu64 " indicators written to %s only %" PRIu64
              " are there: evicted, expired or deleted by another program",
              sw_redis_target(staging->cli->redis), staging->n, staging->key, there);
    return CLI_REDIS;
}

/* Another program may have replaced the list by a zone with parts meanwhile. */
static int judge_parts(const struct cli_staging *staging)
{
    uint64_t parts = 0;
    int code = cli_hash_length(staging->cli, cli_key(staging->cli, "list:%s:parts", staging->list),
                               &parts);
    if (code != CLI_OK || parts == 0)
        return code;
    cli_error("the list '%s' has parts by now: --given replaces them as well", staging->list);
    return CLI_REDIS;
}

/* One attempt, under WATCH of all keys that are renamed. keep: the present content. */
static redisReply *attempt(struct cli_staging *staging, bool keep, enum cli_left *left)
{
    struct cli *cli = staging->cli;
    const char *now = cli_key(cli, "list:%s", staging->list);
    const char *previous = cli_key(cli, "list:%s:previous", staging->list);
    struct cli_argv entry = {0};
    uint64_t before = 0;
    if (cli_watch(cli, staging->key, now, previous, cli_key(cli, "list:%s:parts", staging->list),
                  CLI_END) != CLI_OK ||
        judge_size(staging) != CLI_OK || judge_parts(staging) != CLI_OK ||
        cli_hash_length(cli, now, &before) != CLI_OK)
        return NULL;
    cli_begin(cli);
    cli_change_words(cli, "PERSIST", staging->key, NULL);
    if (keep && before > 0)
        cli_change_words(cli, "RENAME", now, previous);
    cli_change_words(cli, "RENAME", staging->key, now);
    cli_change_words(cli, "HDEL", staging->registry, staging->name);
    cli_change_words(cli, "UNLINK", cli_key(cli, "list:%s:parts:previous", staging->list), NULL);
    cli_change_entry(cli, &entry, "replace", staging->list);
    cli_change(cli, &entry);
    cli_argv_free(&entry);
    return cli_commit(cli, left);
}

int cli_staging_swap(struct cli_staging *staging, const struct cli_diff *diff,
                     struct cli_outcome *outcome, enum cli_left *left)
{
    bool same_indicators = diff->added == 0 && diff->removed == 0;
    redisReply *replies = NULL;
    *left = CLI_LEFT_AS_IT_WAS;
    if (same_indicators && diff->changed == 0) {
        cli_staging_drop(staging);
        return CLI_OK;
    }
    if (cli_changes_usable(staging->cli) != CLI_OK)
        return CLI_REDIS;
    for (int i = 0; i < TRIES && !replies; i++) {
        *left = CLI_LEFT_AS_IT_WAS;
        replies = attempt(staging, !same_indicators, left);
        if (!replies && *left != CLI_LEFT_FOILED)
            return CLI_REDIS;
    }
    if (!replies) {
        *left = CLI_LEFT_AS_IT_WAS;
        cli_error("other programs changed the list '%s' each time", staging->list);
        return CLI_REDIS;
    }
    cli_outcome_id(outcome, replies);
    freeReplyObject(replies);
    return CLI_OK;
}

void cli_staging_drop(struct cli_staging *staging)
{
    struct sw_redis *redis = staging->cli->redis;
    (void)cli_staging_settle(staging);
    if (!sw_redis_is_open(redis) && sw_redis_open(redis) != SW_OK)
        return;
    freeReplyObject(sw_redis_command(redis, "UNWATCH"));
    freeReplyObject(sw_redis_command(redis, "UNLINK %s", staging->key));
    freeReplyObject(sw_redis_command(redis, "HDEL %s %s", staging->registry, staging->name));
}

json_t *cli_stagings(struct cli *cli, const char *list)
{
    redisReply *reply = cli_ask(cli, "HGETALL", registry_of(cli, list), CLI_END);
    json_t *all = json_object();
    if (!reply)
        return NULL;
    for (size_t i = 0; i + 1 < reply->elements; i += 2)
        cli_json_set(all, cli_clean_text(reply->element[i]->str), reply->element[i + 1]->str);
    freeReplyObject(reply);
    return all;
}
