/* stale.c - see stale.h. */
#include "cli/feed/stale.h"

#include "base/clock.h"
#include "cli/lists/edit.h"

#include <stdlib.h>
#include <string.h>

/* Microseconds since the last success, or since the first run where there was none. */
static int64_t away_us(const json_t *status)
{
    const char *last = cli_json_text(status, "last_success");
    int64_t at = 0;
    if (!last[0])
        last = cli_json_text(status, "since");
    return sw_time_parse(last, strlen(last), &at) == SW_OK ? sw_clock_wall_us() - at : 0;
}

/* Seconds without a success after which the source is stale, 0: never. The time of the feed counts,
 * else the expiry time of a policy zone (RFC 1035 3.3.13). */
static uint64_t stale_after(const struct cli_feed_def *feed, const json_t *status)
{
    return feed->stale_s ? feed->stale_s : cli_feed_number(status, "soa_expire");
}

/* Read the policy of the list: an object, or NULL where there is none. */
static int read_policy(struct cli *cli, const char *list, json_t **policy)
{
    *policy = NULL;
    if (cli_watch(cli, cli_key(cli, "lists"), cli_key(cli, "list:%s", list), CLI_END) != CLI_OK)
        return CLI_REDIS;
    redisReply *reply = cli_ask(cli, "HGET", cli_key(cli, "lists"), list, CLI_END);
    if (!reply)
        return CLI_REDIS;
    if (reply->type == REDIS_REPLY_STRING)
        *policy = json_loadb(reply->len ? reply->str : "{}", reply->len ? reply->len : 2, 0, NULL);
    if (!json_is_object(*policy)) {
        json_decref(*policy);
        *policy = NULL;
    }
    freeReplyObject(reply);
    return CLI_OK;
}

/* The source has been away for too long. */
static int begin_stale(struct cli_stale_step *step, struct cli *cli,
                       const struct cli_feed_def *feed, json_t *status)
{
    char now[SW_TIMETEXT_MAX];
    uint64_t there = 0;
    json_t *policy;
    int code = read_policy(cli, feed->list, &policy);
    if (code == CLI_OK)
        code = cli_hash_length(cli, cli_key(cli, "list:%s", feed->list), &there);
    if (code != CLI_OK)
        return code;
    step->kind = CLI_STEP_BEGIN;
    step->empties = feed->stale == CLI_STALE_DROP && there > 0;
    bool shadows = feed->stale == CLI_STALE_SHADOW && policy &&
                   !json_is_true(json_object_get(policy, "shadow"));
    if (shadows) {
        json_object_set_new(policy, "shadow", json_true());
        step->policy = json_incref(policy);
    }
    cli_json_set(status, "stale", sw_time_text(sw_clock_wall_us(), now));
    cli_json_set(status, "stale_did", shadows ? "shadow" : step->empties ? "drop" : "keep");
    json_decref(policy);
    return CLI_OK;
}

/* The source is back. */
static int end_stale(struct cli_stale_step *step, struct cli *cli, const struct cli_feed_def *feed,
                     json_t *status)
{
    json_t *policy = NULL;
    int code = CLI_OK;
    step->kind = CLI_STEP_END;
    if (strcmp(cli_json_text(status, "stale_did"), "shadow") == 0)
        code = read_policy(cli, feed->list, &policy);
    if (code != CLI_OK)
        return code;
    if (policy && json_is_true(json_object_get(policy, "shadow"))) {
        json_object_del(policy, "shadow");
        step->policy = json_incref(policy);
    }
    json_decref(policy);
    cli_json_set(status, "stale", "");
    return CLI_OK;
}

int cli_stale_prepare(struct cli_stale_step *step, struct cli *cli, const struct cli_feed_def *feed,
                      json_t *status, bool good)
{
    bool is_stale = cli_json_text(status, "stale")[0] != '\0';
    *step = (struct cli_stale_step){0};
    if (good)
        return is_stale ? end_stale(step, cli, feed, status) : CLI_OK;
    uint64_t after_s = stale_after(feed, status);
    if (is_stale || !after_s || away_us(status) < (int64_t)after_s * 1000000)
        return CLI_OK;
    return begin_stale(step, cli, feed, status);
}

/* ---- writing ---- */

static void write_policy(const struct cli_stale_step *step, struct cli *cli, const char *list)
{
    struct cli_argv set = {0}, entry = {0};
    char *text = json_dumps(step->policy, JSON_COMPACT);
    if (!text)
        abort();
    cli_argv_add(&set, "HSET");
    cli_argv_add(&set, cli_key(cli, "lists"));
    cli_argv_add(&set, list);
    cli_argv_add(&set, text);
    cli_change(cli, &set);
    cli_change_entry(cli, &entry, "policy", list);
    cli_change(cli, &entry);
    cli_argv_free(&set);
    cli_argv_free(&entry);
    free(text);
}

/* The content stays for a rollback. */
static void write_empty(struct cli *cli, const char *list)
{
    struct cli_argv away = {0}, entry = {0};
    cli_argv_add(&away, "RENAME");
    cli_argv_add(&away, cli_key(cli, "list:%s", list));
    cli_argv_add(&away, cli_key(cli, "list:%s:previous", list));
    cli_change(cli, &away);
    cli_change_entry(cli, &entry, "replace", list);
    cli_change(cli, &entry);
    cli_argv_free(&away);
    cli_argv_free(&entry);
}

void cli_stale_write(const struct cli_stale_step *step, struct cli *cli,
                     const struct cli_feed_def *feed, const json_t *status)
{
    static const char *const reasons[] = {
        [CLI_STALE_KEEP] = "the source stays away; the list is kept",
        [CLI_STALE_SHADOW] = "the source stays away; the list is in shadow mode",
        [CLI_STALE_DROP] = "the source stays away; the list is empty now",
    };
    if (step->policy)
        write_policy(step, cli, feed->list);
    if (step->empties)
        write_empty(cli, feed->list);
    if (step->kind == CLI_STEP_BEGIN)
        cli_feed_log(cli, feed, "feed-stale", reasons[feed->stale],
                     json_pack("{s:s}", "last_success", cli_json_text(status, "last_success")));
}

void cli_stale_free(struct cli_stale_step *step)
{
    json_decref(step->policy);
    *step = (struct cli_stale_step){0};
}
