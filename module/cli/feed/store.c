/* store.c - see store.h. */
#include "cli/feed/store.h"

#include "base/clock.h"
#include "cli/lists/edit.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const stales[CLI_STALE_COUNT] = {"keep", "shadow", "drop"};

const char *cli_stale_name(enum cli_stale stale)
{
    return stales[stale];
}

enum sw_status cli_stale_parse(const char *text, enum cli_stale *out)
{
    for (int i = 0; i < CLI_STALE_COUNT; i++) {
        if (strcmp(text, stales[i]) != 0)
            continue;
        *out = (enum cli_stale)i;
        return SW_OK;
    }
    return SW_ENOTFOUND;
}

/* ---- definitions ---- */

__attribute__((format(printf, 2, 3))) static enum sw_status wrong(char why[SW_WHY_MAX],
                                                                  const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(why, SW_WHY_MAX, format, args);
    va_end(args);
    return SW_EINVAL;
}

/* Options are texts, arrays of texts, or true. */
static bool options_ok(const json_t *options)
{
    const char *name;
    json_t *value;
    const json_t *one;
    size_t i;
    json_object_foreach((json_t *)(uintptr_t)options, name, value)
    {
        if (json_is_string(value) || json_is_true(value))
            continue;
        if (!json_is_array(value))
            return false;
        json_array_foreach(value, i, one)
        {
            if (!json_is_string(one))
                return false;
        }
    }
    return json_is_object(options);
}

/* A span in seconds: digits. false: not in min..max. */
static bool take_seconds(const json_t *all, const char *member, uint32_t min, uint32_t max,
                         uint32_t *out)
{
    const json_t *value = json_object_get(all, member);
    if (!value)
        return true;
    json_int_t seconds = json_integer_value(value);
    if (!json_is_integer(value) || seconds < min || seconds > max)
        return false;
    *out = (uint32_t)seconds;
    return true;
}

static enum sw_status judge(struct cli_feed_def *feed, char why[SW_WHY_MAX])
{
    const char *list = cli_json_text(feed->all, "list");
    const char *stale = cli_json_text(feed->all, "stale");
    feed->source = cli_json_text(feed->all, "source");
    feed->options = json_object_get(feed->all, "options");
    feed->paused = json_is_true(json_object_get(feed->all, "paused"));
    if (!feed->source[0])
        return wrong(why, "no member source");
    if (!sw_listname_ok(list))
        return wrong(why, "list is no list name");
    snprintf(feed->list, sizeof(feed->list), "%s", list);
    if (feed->options && !options_ok(feed->options))
        return wrong(why, "options: an object of texts, arrays of texts, and true");
    if (stale[0] && cli_stale_parse(stale, &feed->stale) != SW_OK)
        return wrong(why, "stale: keep, shadow or drop");
    if (!take_seconds(feed->all, "every", CLI_FEED_EVERY_MIN, CLI_FEED_EVERY_MAX, &feed->every_s))
        return wrong(why, "every: %d to %d seconds", CLI_FEED_EVERY_MIN, CLI_FEED_EVERY_MAX);
    if (!take_seconds(feed->all, "stale_after", 0, 315360000, &feed->stale_s))
        return wrong(why, "stale_after: 0 to 315360000 seconds");
    return SW_OK;
}

enum sw_status cli_feed_parse(const char *name, const char *text, size_t len,
                              struct cli_feed_def *out, char why[SW_WHY_MAX])
{
    *out = (struct cli_feed_def){.every_s = 900};
    snprintf(out->name, sizeof(out->name), "%s", name);
    if (!sw_listname_ok(name))
        return wrong(why, "no name of a feed; 1 to 63 characters of a-z 0-9 . _ -");
    out->all = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
    if (!json_is_object(out->all))
        return wrong(why, "no JSON object");
    return judge(out, why);
}

void cli_feed_free(struct cli_feed_def *feed)
{
    json_decref(feed->all);
    *feed = (struct cli_feed_def){0};
}

int cli_feed_load(struct cli *cli, const char *name, struct cli_feed_def *out)
{
    char why[SW_WHY_MAX];
    *out = (struct cli_feed_def){0};
    redisReply *reply = cli_ask(cli, "HGET", cli_key(cli, "feeds"), name, CLI_END);
    if (!reply)
        return CLI_REDIS;
    int code = CLI_OK;
    if (reply->type == REDIS_REPLY_NIL) {
        cli_error("there is no feed '%s'", cli_clean_text(name));
        cli_hint("'sinkwatch feed list' shows all feeds");
        code = CLI_NONE;
    } else if (cli_feed_parse(name, reply->str, reply->len, out, why) != SW_OK) {
        cli_error("feed '%s': its definition in %s is wrong: %s", cli_clean_text(name),
                  cli_key(cli, "feeds"), why);
        cli_feed_free(out);
        code = CLI_NONE;
    }
    freeReplyObject(reply);
    return code;
}

/* A hash as an object of texts. */
static json_t *hash_of(struct cli *cli, const char *key)
{
    redisReply *reply = cli_ask(cli, "HGETALL", key, CLI_END);
    if (!reply)
        return NULL;
    json_t *all = json_object();
    for (size_t i = 0; i + 1 < reply->elements; i += 2)
        cli_json_set(all, cli_clean_text(reply->element[i]->str), reply->element[i + 1]->str);
    freeReplyObject(reply);
    return all;
}

json_t *cli_feeds(struct cli *cli)
{
    return hash_of(cli, cli_key(cli, "feeds"));
}

json_t *cli_feed_status(struct cli *cli, const char *name)
{
    return hash_of(cli, cli_key(cli, "feed:%s", name));
}

uint64_t cli_feed_number(const json_t *status, const char *field)
{
    return strtoull(cli_json_text(status, field), NULL, 10);
}

char *cli_feed_shown(const char *source)
{
    size_t len = strcspn(source, "?");
    char *shown = NULL;
    if (asprintf(&shown, "%.*s%s", (int)len, source, source[len] ? "?..." : "") < 0)
        abort();
    return shown;
}

/* ---- the log ---- */

static json_t *document(const struct cli_feed_def *feed, const char *action, const char *reason,
                        json_t *more)
{
    char now[SW_TIMETEXT_MAX];
    char *shown = cli_feed_shown(feed->source);
    json_t *all = json_object(), *event = json_object(), *mine = json_object();
    cli_json_set(all, "@timestamp", sw_time_text(sw_clock_wall_us(), now));
    cli_json_set(event, "kind", "event");
    json_object_set_new(event, "category", json_pack("[s]", "configuration"));
    json_object_set_new(event, "type", json_pack("[s]", reason ? "error" : "change"));
    cli_json_set(event, "action", action);
    cli_json_set(event, "outcome", reason ? "failure" : "success");
    if (reason)
        cli_json_set(event, "reason", reason);
    cli_json_set(mine, "name", feed->name);
    cli_json_set(mine, "list", feed->list);
    cli_json_set(mine, "source", shown);
    json_object_update(mine, more);
    json_object_set_new(all, "event", event);
    json_object_set_new(all, "sinkwatch", json_pack("{s:o}", "feed", mine));
    json_decref(more);
    free(shown);
    return all;
}

void cli_feed_log(struct cli *cli, const struct cli_feed_def *feed, const char *action,
                  const char *reason, json_t *more)
{
    static const char *const before[] = {"MAXLEN", "~", CLI_FEED_LOG_KEPT, "*", "e"};
    struct cli_argv argv = {0};
    json_t *all = document(feed, action, reason, more);
    char *text = json_dumps(all, JSON_COMPACT);
    cli_argv_add(&argv, "XADD");
    cli_argv_add(&argv, cli_key(cli, "feeds:log"));
    for (size_t i = 0; i < sizeof(before) / sizeof(before[0]); i++)
        cli_argv_add(&argv, before[i]);
    cli_argv_add(&argv, text ? text : "{}");
    cli_change(cli, &argv);
    cli_argv_free(&argv);
    free(text);
    json_decref(all);
}
