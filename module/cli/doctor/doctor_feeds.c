/* doctor_feeds.c - the feeds in Redis: runs, sources, the service, the files with secrets. See
 * doctor.h. */
#include "cli/doctor/doctor.h"
#include "cli/feed/store.h"
#include "redis/reply.h"

#include <stdlib.h>
#include <string.h>

struct feeds {
    struct cli *cli;
    unsigned n, running, bad; /* all, without the paused ones, with a finding */
    bool here;
};

/* The status of a feed, an object of texts. */
static json_t *status_of(struct cli *cli, const char *name)
{
    json_t *all = json_object();
    redisReply *reply = sw_redis_command(cli->redis, "HGETALL %s", cli_key(cli, "feed:%s", name));
    for (size_t i = 0; sw_reply_is_array(reply, 1) && i + 1 < reply->elements; i += 2)
        if (sw_reply_is_text(reply->element[i]) && sw_reply_is_text(reply->element[i + 1]))
            cli_json_set(all, cli_clean_text(reply->element[i]->str), reply->element[i + 1]->str);
    freeReplyObject(reply);
    return all;
}

/* Options such as "token-file" name files with secrets. */
static void feed_secrets(struct doctor *d, const struct cli_feed_def *feed)
{
    static const char *const secrets[] = {"password-file", "token-file",          "header-file",
                                          "key-file",      "proxy-password-file", "tsig-file"};
    for (size_t i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++) {
        const char *path = cli_json_text(feed->options, secrets[i]);
        if (path[0] == '/')
            doctor_secret(d, "feeds.secret", path,
                          doctor_words("a secret of feed '%s'", feed->name));
    }
}

/* Whether runs and source are in order; says so if not. */
static bool runs_well(struct doctor *d, struct cli *cli, const struct cli_feed_def *feed)
{
    json_t *status = status_of(cli, feed->name);
    bool stale = cli_json_text(status, "stale")[0] != '\0';
    bool failed = strcmp(cli_json_text(status, "outcome"), "failed") == 0;
    const char *success = cli_json_text(status, "last_success");
    if (stale)
        doctor_say(
            d, DOCTOR_FAILURE, "feeds.stale",
            doctor_words("sinkwatch feed log %s; another source: sinkwatch feed add %s SOURCE",
                         feed->name, feed->name),
            "the source of feed '%s' stays away, last success %s; list '%s': %s", feed->name,
            success[0] ? success : "never", feed->list, cli_stale_name(feed->stale));
    else if (failed)
        doctor_say(
            d, DOCTOR_WARNING, "feeds.failed",
            doctor_words("sinkwatch feed log %s; sinkwatch feed run %s", feed->name, feed->name),
            "the last %s of feed '%s' failed, last success %s: %s",
            cli_count(cli_feed_number(status, "failures"), "run", "runs"), feed->name,
            success[0] ? success : "never", cli_json_text(status, "problem"));
    json_decref(status);
    return !stale && !failed;
}

static void one(struct doctor *d, struct feeds *all, const char *name, const redisReply *text)
{
    struct cli_feed_def feed;
    char why[SW_WHY_MAX];
    all->n++;
    if (cli_feed_parse(name, text->str, text->len, &feed, why) != SW_OK) {
        all->bad++;
        doctor_say(d, DOCTOR_FAILURE, "feeds.definition",
                   doctor_words("sinkwatch feed remove %s, then sinkwatch feed add", name),
                   "the definition of feed '%s' is wrong: %s", name, why);
    } else if (!feed.paused) {
        all->running++;
        all->bad += !runs_well(d, all->cli, &feed);
    }
    if (feed.all && feed.options && all->here)
        feed_secrets(d, &feed);
    cli_feed_free(&feed);
}

/* Whether a service holds the lease of the feeds; says so if none does. */
static bool served(struct doctor *d, struct cli *cli)
{
    redisReply *reply = sw_redis_command(cli->redis, "GET %s", cli_key(cli, "feeds:lease"));
    bool held = sw_reply_is_text(reply), known = reply && reply->type != REDIS_REPLY_ERROR;
    freeReplyObject(reply);
    if (known && !held)
        doctor_say(d, DOCTOR_FAILURE, "feeds.service",
                   "sudo systemctl enable --now sinkwatch-feed.service, on one machine or more",
                   "no service runs the feeds: their lists are not kept up to date");
    return held || !known;
}

void doctor_feeds(struct doctor *d, struct cli *cli, bool here)
{
    struct feeds all = {.cli = cli, .here = here};
    redisReply *reply = sw_redis_command(cli->redis, "HGETALL %s", cli_key(cli, "feeds"));
    for (size_t i = 0; sw_reply_is_array(reply, 1) && i + 1 < reply->elements; i += 2)
        if (sw_reply_is_text(reply->element[i]) && sw_reply_is_text(reply->element[i + 1]))
            one(d, &all, cli_clean_text(reply->element[i]->str), reply->element[i + 1]);
    freeReplyObject(reply);
    bool good = all.running == 0 || served(d, cli);
    if (all.n && good && !all.bad)
        doctor_say(d, DOCTOR_OK, "feeds.runs", NULL, "%s, and each that is not paused runs well",
                   cli_count(all.n, "feed", "feeds"));
}
