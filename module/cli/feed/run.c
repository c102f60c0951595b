/* run.c - see run.h. */
#include "cli/feed/run.h"

#include "base/clock.h"
#include "cli/feed/apply.h"
#include "cli/feed/fetch.h"
#include "cli/feed/lease.h"
#include "cli/feed/others.h"
#include "cli/feed/settle.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>

#define LEASE_MS     60000 /* of a feed, while it is fetched */
#define SIZE_DEFAULT (UINT64_C(1) << 30)
#define TIMEOUT_S    600

struct running {
    struct cli *cli;
    const struct cli_run *run;
    struct cli_feed_def feed;
    json_t *status, *state; /* of the last run */
    struct cli_lease lease;
    struct cli_fetch fetch;
    struct cli_apply *apply;
    enum cli_fetched fetched;
    char change[CLI_STREAMID_MAX]; /* the last entry of the change stream that was looked at */
    char state_of[20];             /* digest of the definition that the state belongs to */
    int64_t began_us;              /* on the monotonic clock */
};

/* ---- the state that a fetch begins from ---- */

/* The members of the policy that part the rules of a zone between the list and its parts.
 * Allocated; NULL: no parts, or no policy (the run reports this). */
static char *parting(struct running *r)
{
    json_t *policy = NULL;
    char *text = NULL;
    if (!json_object_get(r->feed.options, "given") && !json_object_get(r->feed.options, "override"))
        return NULL;
    if (cli_read_policy(r->cli, r->feed.list, &policy) == CLI_OK) {
        json_t *members = json_pack("[O?,O?]", json_object_get(policy, "action"),
                                    json_object_get(policy, "triggers"));
        text = json_dumps(members, JSON_COMPACT);
        json_decref(members);
    }
    json_decref(policy);
    return text;
}

/* Source, list, options and policy: content of another definition is no former content. */
static void digest(struct running *r)
{
    char *text = json_dumps(r->feed.options ? r->feed.options : json_null(),
                            JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);
    char *policy = parting(r);
    XXH64_hash_t hash = XXH64(r->feed.source, strlen(r->feed.source), 0);
    hash = XXH64(r->feed.list, strlen(r->feed.list), hash);
    hash = XXH64(text ? text : "", text ? strlen(text) : 0, hash);
    hash = policy ? XXH64(policy, strlen(policy), hash) : hash;
    snprintf(r->state_of, sizeof(r->state_of), "%016jx", (uintmax_t)hash);
    free(policy);
    free(text);
}

/* Whether the indicators of the list end before long, so that they have to be written again. */
static bool ends_soon(struct running *r)
{
    struct sw_policy policy;
    char why[SW_WHY_MAX];
    int64_t changed_us = 0;
    redisReply *reply = cli_ask(r->cli, "HGET", cli_key(r->cli, "lists"), r->feed.list, CLI_END);
    bool has_end = reply && reply->type == REDIS_REPLY_STRING &&
                   sw_policy_parse(r->feed.list, reply->str, reply->len, &policy, why) == SW_OK &&
                   policy.lifetime > 0;
    freeReplyObject(reply);
    const char *applied = cli_json_text(r->status, "applied");
    if (!has_end || sw_time_parse(applied, strlen(applied), &changed_us) != SW_OK)
        return has_end;
    return sw_clock_wall_us() - changed_us > (int64_t)policy.lifetime * 1000000 / 2;
}

/* The state of the last fetch, unless the list does not have its content any more. */
static void find_state(struct running *r)
{
    uint64_t there = 0;
    const char *text = cli_json_text(r->status, "state");
    digest(r);
    bool others =
        cli_others_wrote(r->cli, r->feed.list, cli_json_text(r->status, "change"), r->change);
    if (!text[0] || r->run->now || strcmp(cli_json_text(r->status, "state_of"), r->state_of) != 0)
        return;
    if (cli_parts_length(r->cli, r->feed.list, &there) != CLI_OK ||
        there != cli_feed_number(r->status, "indicators") || others || ends_soon(r))
        return;
    r->state = json_loads(text, 0, NULL);
}

/* ---- the fetch ---- */

/* A size or a number of seconds of the options, judged by `feed add`. */
static uint64_t option_number(const struct running *r, const char *name, uint64_t otherwise)
{
    const char *text = json_string_value(json_object_get(r->feed.options, name));
    uint64_t n = text ? strtoull(text, NULL, 10) : 0;
    return n ? n : otherwise;
}

/* Open the file of top names here: by its name, another file might be there later. */
static bool open_top(struct running *r)
{
    const char *top = cli_fetch_option(&r->fetch, "top-file");
    int fd = top ? cli_fetch_open(&r->fetch, top) : -1;
    r->apply->im.top_in = fd >= 0 ? fdopen(fd, "r") : NULL;
    return !top || r->apply->im.top_in;
}

/* Fetch, and put the content in force. */
static int fetch_and_apply(struct running *r)
{
    enum sw_kind kind;
    const struct cli_fetcher *fetcher = cli_fetcher_of(r->feed.source);
    r->fetch.source = r->feed.source;
    r->fetch.options = r->feed.options;
    r->fetch.state = r->state;
    r->fetch.files = r->run->files;
    r->fetch.stop = r->run->stop;
    r->fetch.max_octets = option_number(r, "max-size", SIZE_DEFAULT);
    r->fetch.max_s = (uint32_t)option_number(r, "timeout", TIMEOUT_S);
    cli_error_forget();
    int there = cli_list_kind(r->cli, r->feed.list, &kind);
    if (there != CLI_OK)
        return there;
    cli_apply_begin(r->apply, r->cli, &r->feed, &r->lease, &r->fetch);
    if (!fetcher)
        r->fetched = cli_fetch_failed(&r->fetch, "no such kind of source");
    else if (fetcher->judge(&r->fetch) && open_top(r))
        r->fetched = fetcher->fetch(&r->fetch);
    return cli_apply_end(r->apply, r->fetched);
}

/* ---- words ---- */

static void say_run(const struct running *r)
{
    const struct cli_importing *im = &r->apply->im;
    if (r->fetched == CLI_FETCH_UNCHANGED) {
        if (!r->run->service)
            printf("%s: unchanged\n", r->feed.name);
        return;
    }
    printf("%s: %s from the source (%s)", r->feed.name,
           cli_count(im->accepted, "indicator", "indicators"),
           sw_format_name(r->apply->source.format));
    if (r->fetched == CLI_FETCH_WHOLE)
        printf(", %" PRIu64 " added, %" PRIu64 " removed", im->diff.added, im->diff.removed);
    else
        printf(", %" PRIu64 " added, %" PRIu64 " removed by changes", im->fresh, r->apply->removed);
    if (im->refusals.n)
        printf(", %" PRIu64 " refused", im->refusals.n);
    printf("\n");
}

static int report(struct running *r, const struct cli_settled *settled, int code)
{
    if (r->cli->json && !r->run->service)
        cli_json(json_copy(settled->status));
    else if (code == CLI_OK)
        say_run(r);
    if (code != CLI_OK)
        cli_error("feed '%s': tried again at %s", r->feed.name,
                  cli_time(cli_json_text(settled->status, "next"), true));
    fflush(stdout);
    return code == CLI_OK && r->apply->im.refusals.n ? CLI_PARTLY : code;
}

/* ---- a run ---- */

/* Whether now is a time to run the feed: CLI_OK, or CLI_NONE, reported. */
static int judge_time(const struct running *r)
{
    const char *pause = cli_json_text(r->status, "pause_until");
    int64_t until = 0;
    if (r->run->now)
        return CLI_OK;
    if (r->feed.paused) {
        cli_error("feed '%s' is paused ('sinkwatch feed resume %s'; --now runs it all the same)",
                  r->feed.name, r->feed.name);
        return CLI_NONE;
    }
    if (!r->run->noticed && sw_time_parse(pause, strlen(pause), &until) == SW_OK &&
        until > sw_clock_wall_us()) {
        cli_error("feed '%s': the source asks to be left alone until %s (--now asks it all the "
                  "same)",
                  r->feed.name, cli_time(pause, true));
        return CLI_NONE;
    }
    return CLI_OK;
}

static int run_with_lease(struct running *r)
{
    struct cli_settled settled = {.feed = &r->feed, .apply = r->apply, .fetch = &r->fetch};
    r->cli->fence_key = r->lease.key;
    r->cli->fence = r->lease.value;
    r->began_us = sw_clock_mono_us();
    find_state(r);
    r->cli->entries = 0;
    int code = fetch_and_apply(r);
    settled.foreign = code == CLI_OK && r->fetched == CLI_FETCH_CHANGES &&
                      cli_others_wrote_meanwhile(r->cli, r->feed.list, r->change,
                                                 r->apply->im.outcome.id, r->cli->entries);
    settled.fetched = code == CLI_OK ? r->fetched : CLI_FETCH_FAILED;
    settled.status = r->status;
    settled.state_of = r->state_of;
    settled.change = r->apply->im.outcome.id[0] ? r->apply->im.outcome.id : r->change;
    settled.took_us = sw_clock_mono_us() - r->began_us;
    if (code != CLI_OK && *r->run->stop) {
        cli_error("feed '%s': interrupted", r->feed.name);
        code = CLI_NONE;
    } else {
        int written = cli_settle(r->cli, &settled);
        code = written == CLI_OK ? report(r, &settled, code) : written;
    }
    r->cli->fence_key = r->cli->fence = NULL;
    return code;
}

/* Take the lease, and read the status under it. */
static int begin(struct running *r, const char *name)
{
    char holder[CLI_LEASE_HOLDER_MAX];
    int code = cli_feed_load(r->cli, name, &r->feed);
    if (code != CLI_OK)
        return code;
    code =
        cli_lease_take(&r->lease, r->cli, cli_key(r->cli, "feed:%s:lease", name), LEASE_MS, holder);
    if (code == CLI_NONE)
        cli_error("feed '%s' is being run by %s", name, holder);
    if (code != CLI_OK)
        return code;
    r->status = cli_feed_status(r->cli, name);
    return r->status ? judge_time(r) : CLI_REDIS;
}

int cli_feed_run_one(struct cli *cli, const char *name, const struct cli_run *run)
{
    struct running *r = cli_alloc(1, sizeof(*r));
    r->cli = cli;
    r->run = run;
    r->apply = cli_alloc(1, sizeof(*r->apply));
    int code = begin(r, name);
    if (code == CLI_OK)
        code = run_with_lease(r);
    if (r->lease.value[0] && r->status)
        cli_lease_drop(&r->lease, cli);
    cli_apply_free(r->apply);
    free(r->apply);
    json_decref(r->fetch.next);
    json_decref(r->state);
    json_decref(r->status);
    cli_feed_free(&r->feed);
    free(r);
    return code;
}

/* ---- a run that died ---- */

void cli_feed_note_death(struct cli *cli, const char *name, pid_t pid, const char *why)
{
    struct cli_feed_def feed = {0};
    struct cli_lease lease;
    const char *key = cli_key(cli, "feed:%s:lease", name);
    struct cli_settled settled = {.feed = &feed, .died = why};
    if (cli_feed_load(cli, name, &feed) != CLI_OK)
        return;
    if (cli_lease_inherit(&lease, cli, key, pid, LEASE_MS) == CLI_OK) {
        settled.status = cli_feed_status(cli, name);
        cli->fence_key = lease.key;
        cli->fence = lease.value;
        if (settled.status)
            (void)cli_settle(cli, &settled);
        cli->fence_key = cli->fence = NULL;
        cli_lease_drop(&lease, cli);
    }
    json_decref(settled.status);
    cli_feed_free(&feed);
}
