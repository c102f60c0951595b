/* settle.c - see settle.h. */
#include "cli/feed/settle.h"

#include "base/clock.h"
#include "cli/feed/schedule.h"
#include "cli/feed/stale.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#define TRIES 5 /* while other programs change the policies of lists */

/* ---- the new status ---- */

static void set_number(json_t *status, const char *field, uint64_t n)
{
    char text[24];
    snprintf(text, sizeof(text), "%" PRIu64, n);
    cli_json_set(status, field, text);
}

static void set_time(json_t *status, const char *field, int64_t wall_us)
{
    char text[SW_TIMETEXT_MAX];
    cli_json_set(status, field, sw_time_text(wall_us, text));
}

/* The number of indicators on the list now. */
static void note_size(struct cli *cli, const struct cli_settled *settled)
{
    uint64_t there = 0;
    if (cli_parts_length(cli, settled->feed->list, &there) == CLI_OK)
        set_number(settled->status, "indicators", there);
}

/* The content is in force. */
static void note_content(struct cli *cli, const struct cli_settled *settled, int64_t now_us)
{
    const struct cli_importing *im = &settled->apply->im;
    bool whole = settled->fetched == CLI_FETCH_WHOLE;
    bool known = settled->fetch->next && !settled->foreign;
    char *state = known ? json_dumps(settled->fetch->next, JSON_COMPACT) : NULL;
    uint64_t added = whole ? im->diff.added : im->fresh;
    uint64_t removed = whole ? im->diff.removed : settled->apply->removed;
    set_time(settled->status, "applied", now_us);
    if (added || removed || im->diff.changed)
        set_time(settled->status, "changed", now_us);
    set_number(settled->status, "added", added);
    set_number(settled->status, "removed", removed);
    set_number(settled->status, "refused", im->refusals.n);
    cli_json_set(settled->status, "format", sw_format_name(settled->apply->source.format));
    cli_json_set(settled->status, "state", state ? state : "");
    cli_json_set(settled->status, "state_of", settled->state_of);
    note_size(cli, settled);
    free(state);
}

static const char *reason_of(const struct cli_settled *settled)
{
    if (settled->died)
        return settled->died;
    return settled->fetch->why[0] ? settled->fetch->why : cli_error_first();
}

/* The timers of a policy zone, also where the zone is unchanged. */
static void note_timers(const struct cli_settled *settled)
{
    static const char *const timers[][2] = {
        {"refresh", "soa_refresh"}, {"retry", "soa_retry"}, {"expire", "soa_expire"}};
    for (size_t i = 0; i < sizeof(timers) / sizeof(timers[0]); i++) {
        const json_t *timer = json_object_get(settled->fetch->next, timers[i][0]);
        if (json_is_integer(timer))
            set_number(settled->status, timers[i][1], (uint64_t)json_integer_value(timer));
        else if (cli_json_text(settled->status, timers[i][1])[0])
            cli_json_set(settled->status, timers[i][1], "");
    }
}

static void note_times(struct cli_settled *settled, uint32_t failures, int64_t now_us)
{
    const struct cli_feed_times times = {
        .every = settled->feed->every_s,
        .refresh = (uint32_t)cli_feed_number(settled->status, "soa_refresh"),
        .retry = (uint32_t)cli_feed_number(settled->status, "soa_retry"),
    };
    uint32_t random = 0, pause = settled->fetch ? settled->fetch->pause_s : 0;
    (void)!getrandom(&random, sizeof(random), 0);
    uint32_t delay = cli_feed_delay(&times, failures, pause, random);
    if (pause > CLI_PAUSE_MAX)
        pause = CLI_PAUSE_MAX;
    set_time(settled->status, "last_run", now_us);
    set_time(settled->status, "next", now_us + (int64_t)delay * 1000000);
    if (pause)
        set_time(settled->status, "pause_until", now_us + (int64_t)pause * 1000000);
    else
        cli_json_set(settled->status, "pause_until", "");
}

static void note_run(struct cli *cli, struct cli_settled *settled)
{
    static const char *const outcomes[] = {"failed", "unchanged", "updated", "updated"};
    char host[200] = "", took[32];
    int64_t now_us = sw_clock_wall_us();
    bool good = settled->fetched != CLI_FETCH_FAILED;
    uint64_t failures = good ? 0 : cli_feed_number(settled->status, "failures") + 1;
    (void)gethostname(host, sizeof(host) - 1);
    snprintf(took, sizeof(took), "%.3f", (double)settled->took_us / 1e6);
    if (!cli_json_text(settled->status, "since")[0])
        set_time(settled->status, "since", now_us);
    cli_json_set(settled->status, "outcome", outcomes[settled->fetched]);
    cli_json_set(settled->status, "problem", good ? "" : reason_of(settled));
    cli_json_set(settled->status, "host", host);
    cli_json_set(settled->status, "seconds", took);
    set_number(settled->status, "failures", failures);
    if (good)
        note_timers(settled);
    if (good)
        cli_json_set(settled->status, "change", settled->change);
    note_times(settled, (uint32_t)failures, now_us);
    if (good)
        set_time(settled->status, "last_success", now_us);
    if (good && settled->fetched != CLI_FETCH_UNCHANGED)
        note_content(cli, settled, now_us);
}

/* ---- writing ---- */

/* Whether a good run changed the list. */
static bool has_news(const struct cli_settled *settled)
{
    const char *changed = cli_json_text(settled->status, "changed");
    return settled->fetched != CLI_FETCH_UNCHANGED &&
           strcmp(changed, cli_json_text(settled->status, "last_success")) == 0;
}

/* Whether a run is logged. Of failures in a row the 1st, 2nd, 4th, 8th, ... are logged, and each
 * failure with another reason than the failure before (D-222). */
static bool is_told(const struct cli_settled *settled, uint64_t failed_before, const char *before)
{
    uint64_t failures = failed_before + 1;
    if (settled->fetched != CLI_FETCH_FAILED)
        return failed_before > 0 || has_news(settled);
    return (failures & (failures - 1)) == 0 || strcmp(before, reason_of(settled)) != 0;
}

/* The log has changes and failures; all other runs are in the status only. before: the problem of
 * the run before. */
static void log_run(struct cli *cli, const struct cli_settled *settled, uint64_t failed_before,
                    const char *before)
{
    static const char *const fields[] = {"added", "removed", "refused", "indicators", "failures"};
    bool good = settled->fetched != CLI_FETCH_FAILED;
    if (!is_told(settled, failed_before, before))
        return;
    json_t *more = json_object();
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
        if (cli_json_text(settled->status, fields[i])[0])
            json_object_set_new(
                more, fields[i],
                json_integer((json_int_t)cli_feed_number(settled->status, fields[i])));
    cli_json_set(more, "next", cli_json_text(settled->status, "next"));
    const char *action = !good ? "feed-failed" : failed_before ? "feed-recovered" : "feed-updated";
    cli_feed_log(cli, settled->feed, action, good ? NULL : reason_of(settled), more);
}

static void write_status(struct cli *cli, const struct cli_settled *settled)
{
    struct cli_argv argv = {0};
    const char *field;
    json_t *value;
    cli_argv_add(&argv, "HSET");
    cli_argv_add(&argv, cli_key(cli, "feed:%s", settled->feed->name));
    json_object_foreach(settled->status, field, value)
    {
        cli_argv_add(&argv, field);
        cli_argv_add(&argv, json_string_value(value));
    }
    cli_change(cli, &argv);
    cli_argv_free(&argv);
}

int cli_settle(struct cli *cli, struct cli_settled *settled)
{
    uint64_t failed_before = cli_feed_number(settled->status, "failures");
    enum cli_left left = CLI_LEFT_FOILED;
    redisReply *replies = NULL;
    char *stale = cli_copy(cli_json_text(settled->status, "stale"));
    char *problem = cli_copy(cli_json_text(settled->status, "problem"));
    note_run(cli, settled);
    for (int i = 0; i < TRIES && !replies && left == CLI_LEFT_FOILED; i++) {
        struct cli_stale_step step;
        cli_json_set(settled->status, "stale", stale);
        if (cli_stale_prepare(&step, cli, settled->feed, settled->status,
                              settled->fetched != CLI_FETCH_FAILED) != CLI_OK)
            break; /* reported */
        cli_begin(cli);
        cli_stale_write(&step, cli, settled->feed, settled->status);
        write_status(cli, settled);
        log_run(cli, settled, failed_before, problem);
        replies = cli_commit(cli, &left);
        cli_stale_free(&step);
    }
    if (!replies)
        cli_error("feed '%s': the status was not written", settled->feed->name);
    free(stale);
    free(problem);
    int code = replies ? CLI_OK : CLI_REDIS;
    freeReplyObject(replies);
    return code;
}
