/* stale.c - see stale.h. */
#include "cli/feed/stale.h"

#include "base/clock.h"
#include "cli/lists/listparts.h"

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

/* Read policy and parts of the list, under WATCH; the policy is NULL where there is none. */
static int read_list(struct cli_stale_step *step, struct cli *cli, const char *list,
                     json_t **policy)
{
    *policy = NULL;
    if (cli_watch(cli, cli_key(cli, "lists"), cli_key(cli, "list:%s", list),
                  cli_key(cli, "list:%s:parts", list), CLI_END) != CLI_OK)
        return CLI_REDIS;
    step->parts = cli_parts(cli, list);
    return step->parts ? cli_read_policy(cli, list, policy) : CLI_REDIS;
}

/* The lists, of the list and its parts, that have indicators: an array in step->full. */
static int find_full(struct cli_stale_step *step, struct cli *cli, const char *list)
{
    uint64_t there = 0;
    json_t *names = json_pack("[s]", list), *members, *one;
    const char *part;
    size_t i;
    int code = CLI_OK;
    step->full = json_array();
    json_object_foreach(step->parts, part, members)
    {
        json_array_append_new(names, json_string(part));
    }
    json_array_foreach(names, i, one)
    {
        const char *name = json_string_value(one);
        if (code == CLI_OK && i > 0)
            code = cli_watch(cli, cli_key(cli, "list:%s", name), CLI_END);
        if (code == CLI_OK)
            code = cli_hash_length(cli, cli_key(cli, "list:%s", name), &there);
        if (code == CLI_OK && there > 0)
            json_array_append(step->full, one);
    }
    json_decref(names);
    return code;
}

/* The source has been away for too long. */
static int begin_stale(struct cli_stale_step *step, struct cli *cli,
                       const struct cli_feed_def *feed, json_t *status)
{
    char now[SW_TIMETEXT_MAX];
    json_t *policy;
    int code = read_list(step, cli, feed->list, &policy);
    if (code == CLI_OK)
        code = find_full(step, cli, feed->list);
    if (code != CLI_OK) {
        json_decref(policy);
        return code;
    }
    step->kind = CLI_STEP_BEGIN;
    step->empties = feed->stale == CLI_STALE_DROP && json_array_size(step->full) > 0;
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
        code = read_list(step, cli, feed->list, &policy);
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
    char *text = json_dumps(step->policy, JSON_COMPACT);
    if (!text)
        abort();
    cli_change_policy(cli, list, text);
    cli_parts_follow(cli, step->parts, step->policy);
    free(text);
}

/* The former content of each part, as cli_given_swap() notes it. */
static void note_former(const struct cli_stale_step *step, struct cli *cli, const char *list)
{
    const char *part;
    json_t *members, *one;
    size_t i;
    json_t *former = json_object(), *none = json_object();
    json_object_set_new(former, list, cli_former(none, true, 0)); /* empty, unless in step->full */
    json_decref(none);
    json_object_foreach(step->parts, part, members)
    {
        json_object_set_new(former, part, cli_former(members, true, 0));
    }
    json_array_foreach(step->full, i, one)
    {
        json_t *full = json_object_get(former, json_string_value(one));
        json_object_set_new(full, "kept", json_false());
        json_object_del(full, "indicators");
    }
    cli_change_hash(cli, cli_key(cli, "list:%s:parts:previous", list), former);
    json_decref(former);
}

/* The content stays for a rollback. */
static void write_empty(const struct cli_stale_step *step, struct cli *cli, const char *list)
{
    size_t i;
    json_t *one;
    if (json_object_size(step->parts) > 0)
        note_former(step, cli, list);
    else /* the parts of an older content do not belong to the present content */
        cli_change_words(cli, "UNLINK", cli_key(cli, "list:%s:parts:previous", list), NULL);
    json_array_foreach(step->full, i, one)
    {
        const char *name = json_string_value(one);
        struct cli_argv entry = {0};
        cli_change_words(cli, "RENAME", cli_key(cli, "list:%s", name),
                         cli_key(cli, "list:%s:previous", name));
        cli_change_entry(cli, &entry, "replace", name);
        cli_change(cli, &entry);
        cli_argv_free(&entry);
    }
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
        write_empty(step, cli, feed->list);
    if (step->kind == CLI_STEP_BEGIN)
        cli_feed_log(cli, feed, "feed-stale", reasons[feed->stale],
                     json_pack("{s:s}", "last_success", cli_json_text(status, "last_success")));
}

void cli_stale_free(struct cli_stale_step *step)
{
    json_decref(step->policy);
    json_decref(step->parts);
    json_decref(step->full);
    *step = (struct cli_stale_step){0};
}
