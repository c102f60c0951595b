/* metrics_feeds.c - the feeds of lists, from Redis to families. See metrics.h, D-183. */
#include "base/clock.h"
#include "cli/metrics/metrics.h"

#include <stdlib.h>
#include <string.h>

/* ---- collect ---- */

static bool is_paused(const redisReply *definition)
{
    json_t *all = json_loadb(definition->str, definition->len, 0, NULL);
    bool paused = json_is_true(json_object_get(all, "paused"));
    json_decref(all);
    return paused;
}

/* Definition and status of a feed, as an object of texts. */
static int ask_feed(struct cli *cli, json_t *feeds, const char *name, const redisReply *definition)
{
    redisReply *reply = cli_ask(cli, "HGETALL", cli_key(cli, "feed:%s", name), CLI_END);
    if (!reply)
        return CLI_REDIS;
    json_t *feed = json_object();
    for (size_t i = 0; i + 1 < reply->elements; i += 2)
        cli_json_set(feed, reply->element[i]->str, reply->element[i + 1]->str);
    cli_json_set(feed, "paused", is_paused(definition) ? "1" : "0");
    json_object_set_new(feeds, cli_clean_text(name), feed);
    freeReplyObject(reply);
    return CLI_OK;
}

int metrics_ask_feeds(struct cli *cli, struct metrics *out)
{
    redisReply *all = cli_ask(cli, "HGETALL", cli_key(cli, "feeds"), CLI_END);
    redisReply *lease = all ? cli_ask(cli, "EXISTS", cli_key(cli, "feeds:lease"), CLI_END) : NULL;
    int code = all && lease ? CLI_OK : CLI_REDIS;
    out->feeds = json_object();
    for (size_t i = 0; code == CLI_OK && i + 1 < all->elements; i += 2)
        code = !metrics_have_time(out)
                   ? CLI_REDIS
                   : ask_feed(cli, out->feeds, all->element[i]->str, all->element[i + 1]);
    out->feed_service = lease && lease->integer > 0;
    freeReplyObject(all);
    freeReplyObject(lease);
    return code;
}

/* ---- write ---- */

/* The forms of a field. */
enum form {
    FORM_NUMBER,
    FORM_TIME,  /* RFC 3339, to seconds since 1970 */
    FORM_GOOD,  /* an outcome: 1 unless it is "failed" */
    FORM_THERE, /* 1 for a text that is not empty; without the field 0 */
};

static const struct row {
    const char *field, *name, *help;
    enum form form;
} rows[] = {
    {"paused", "sinkwatch_feed_paused", "1 while the feed is paused.", FORM_NUMBER},
    {"outcome", "sinkwatch_feed_up", "1 if the last run of the feed succeeded.", FORM_GOOD},
    {"stale", "sinkwatch_feed_stale", "1 while the source has been away for too long.", FORM_THERE},
    {"failures", "sinkwatch_feed_failures", "Failed runs of the feed in a row.", FORM_NUMBER},
    {"last_run", "sinkwatch_feed_last_run_timestamp_seconds", "End of the last run.", FORM_TIME},
    {"last_success", "sinkwatch_feed_last_success_timestamp_seconds",
     "End of the last run that succeeded.", FORM_TIME},
    {"changed", "sinkwatch_feed_changed_timestamp_seconds",
     "End of the last run that changed the list.", FORM_TIME},
    {"next", "sinkwatch_feed_next_run_timestamp_seconds", "Time of the next run.", FORM_TIME},
    {"indicators", "sinkwatch_feed_indicators", "Indicators of the list after the last run.",
     FORM_NUMBER},
    {"refused", "sinkwatch_feed_refused", "Items of the source that were refused.", FORM_NUMBER},
    {"seconds", "sinkwatch_feed_run_duration_seconds", "Duration of the last run.", FORM_NUMBER},
};

/* The value of a field; false: none, no sample. */
static bool value_of(const json_t *feed, const struct row *row, double *out)
{
    const char *text = cli_json_text(feed, row->field);
    char *end;
    int64_t us;
    switch (row->form) {
    case FORM_NUMBER:
        *out = strtod(text, &end);
        return end != text && *end == '\0';
    case FORM_TIME:
        if (sw_time_parse(text, strlen(text), &us) != SW_OK)
            return false;
        *out = (double)us / 1e6;
        return true;
    case FORM_GOOD:
        *out = strcmp(text, "failed") != 0;
        return text[0] != '\0';
    default:
        *out = text[0] != '\0';
        return true;
    }
}

void metrics_write_feeds(const struct metrics *m, struct expo *out)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *name;
        json_t *feed;
        double value;
        expo_family(out, rows[i].name, EXPO_GAUGE, rows[i].help);
        json_object_foreach(m->feeds, name, feed) if (value_of(feed, &rows[i], &value))
            expo_sample(out, value, "feed", name, NULL);
    }
    expo_family(out, "sinkwatch_feed_service_up", EXPO_GAUGE,
                "1 while some machine runs the feeds; only where there are feeds.");
    if (json_object_size(m->feeds) > 0)
        expo_sample(out, m->feed_service, NULL);
}
