/* deliver.c - see deliver.h. */
#include "cli/notify/deliver.h"

#include "base/clock.h"
#include "cli/notify/consumer_group.h"
#include "cli/notify/hand.h"
#include "cli/notify/pace.h"
#include "cli/output.h"
#include "cli/stop.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAUSE_MS    1000
#define BACKOFF_MAX 60 /* seconds */
#define US_PER_S    1000000

/* Wait between two attempts, and stay the holder; false: this process may not go on. */
static bool pause_for(struct queue *queue, uint32_t seconds)
{
    while (seconds-- > 0) {
        cli_pause(PAUSE_MS);
        if (cli_stopped() || !queue_stay(queue))
            return false;
    }
    return true;
}

/* Attempts until an end: the name of the fate, or NULL when this process may not go on. */
static const char *attempt(struct queue *queue, const struct notify_target *target,
                           struct notice *notice)
{
    int64_t first = sw_clock_mono_us();
    uint32_t wait_s = 1;
    for (bool said = false;; said = true) {
        struct hand_report report;
        enum hand_result result = hand_on(target, notice, &report);
        int64_t seconds = (sw_clock_mono_us() - first) / US_PER_S;
        if (result == HAND_DONE)
            return "handed";
        if (result == HAND_REFUSED || !said)
            cli_error("%s: %s: %s", target->name, notice->id, report.why);
        if (result == HAND_REFUSED)
            return "refused";
        if (target->retry_s > 0 && seconds >= target->retry_s) {
            cli_error("%s: %s: given up: %s", target->name, notice->id, report.why);
            return "given-up";
        }
        if (!pause_for(queue, report.wait_s > wait_s ? report.wait_s : wait_s))
            return NULL;
        wait_s = wait_s < BACKOFF_MAX / 2 ? 2 * wait_s : BACKOFF_MAX;
        notice->repeated = true; /* the attempt may have had an effect */
    }
}

/* Open the queue again, however long Redis is away. false: the process is to end first. */
static bool reopen(struct queue *queue)
{
    do {
        if (cli_stopped())
            return false;
        cli_pause(PAUSE_MS);
    } while (!queue_open(queue));
    return true;
}

/* End an entry, however long Redis is away. false: the process is to end first. */
static bool end(struct queue *queue, const struct queue_entry *entry, const char *fate)
{
    while (!queue_done(queue, entry, fate))
        if (!reopen(queue))
            return false;
    return true;
}

/* Whether quiet times and rate let a notice of this severity through now. */
static bool may_hand(const struct pace *pace, const struct notify_target *target, unsigned severity)
{
    time_t now = (time_t)(sw_clock_wall_us() / US_PER_S);
    struct tm local;
    bool quiet = localtime_r(&now, &local) && pace_is_quiet(target, &local);
    return !(quiet && severity < target->quiet_severity) &&
           pace_has_room(pace, target, sw_clock_mono_us());
}

/* The notice about held notices. */
static void make_summary(struct notice *notice, const json_t *held, const char *number)
{
    const char *type;
    json_t *count;
    json_int_t total = 0;
    json_object_foreach((json_t *)(uintptr_t)held, type, count) total += json_integer_value(count);
    char message[80], when[SW_TIMETEXT_MAX];
    snprintf(message, sizeof(message), "%" JSON_INTEGER_FORMAT " %s held back", total,
             total == 1 ? "notice was" : "notices were");
    json_t *d =
        json_pack("{s:s, s:{s:s, s:s, s:i}, s:s, s:{s:O}}", "@timestamp",
                  sw_time_text(sw_clock_wall_us(), when), "event", "kind", "event", "action",
                  "held", "severity", 50, "message", message, "sinkwatch", "held", held);
    char *text = json_dumps(d, JSON_COMPACT);
    if (!text || !notice_read(notice, "held", number, text, strlen(text)))
        abort();
    free(text);
    json_decref(d);
}

/* Tell about held notices, if there are any and the time has come. false: the queue has to be
 * opened again. */
static bool tell_held(struct queue *queue, const struct notify_target *target, struct pace *pace)
{
    uint64_t number;
    const json_t *held = queue_held(queue, &number);
    if (!held || !may_hand(pace, target, 0))
        return true;
    struct queue_entry entry = {.stream = "held"};
    struct notice notice;
    snprintf(entry.id, sizeof(entry.id), "%ju", (uintmax_t)number);
    make_summary(&notice, held, entry.id);
    notice.repeated = queue_was_begun(queue, &entry);
    const char *fate = queue_begin(queue, &entry) ? attempt(queue, target, &notice) : NULL;
    notice_free(&notice);
    if (!fate)
        return false;
    pace_take(pace, target, sw_clock_mono_us());
    while (!queue_told(queue))
        if (!reopen(queue))
            return false;
    return true;
}

/* Filter and hand on. false: the queue has to be opened again. */
static bool take(struct queue *queue, const struct notify_target *target, struct pace *pace,
                 const struct queue_entry *entry)
{
    char held[NOTICE_TYPE_MAX + 8];
    struct notice notice;
    if (!entry->text || !notice_read(&notice, entry->stream, entry->id, entry->text, entry->len)) {
        cli_error("%s: entry %s of %s %s", target->name, entry->id, entry->stream,
                  entry->text ? "is no document" : "was trimmed before it was handed on");
        return end(queue, entry, entry->text ? "no-document" : "lost");
    }
    if (!notice_is_news(&notice, entry->stream) || !notice_wanted(&notice, target)) {
        notice_free(&notice);
        queue_skip(queue, entry);
        return true;
    }
    if (!entry->repeated && !may_hand(pace, target, notice.severity)) {
        snprintf(held, sizeof(held), "held:%s", notice.type);
        notice_free(&notice);
        return end(queue, entry, held);
    }
    notice.repeated = entry->repeated;
    bool begun = queue_begin(queue, entry);
    const char *fate = begun ? attempt(queue, target, &notice) : NULL;
    notice_free(&notice);
    if (fate)
        pace_take(pace, target, sw_clock_mono_us());
    return fate && end(queue, entry, fate);
}

/* Entries until the queue is away, or the end. */
static bool work(struct queue *queue, const struct notify_target *target, struct pace *pace,
                 bool once)
{
    struct queue_entry entry;
    for (;;) {
        if (!tell_held(queue, target, pace))
            return false;
        enum queue_result result = queue_next(queue, &entry);
        if (result == QUEUE_AWAY)
            return false;
        if (result == QUEUE_NOTHING && (once || cli_stopped()))
            return true;
        if (result == QUEUE_ENTRY && !take(queue, target, pace, &entry))
            return false;
        if (cli_stopped())
            return true;
    }
}

int deliver_run(struct cli *cli, const struct notify_target *target, bool once)
{
    struct queue *queue = queue_new(cli, target, once);
    struct pace pace = {0};
    bool done = false;
    while (!done && !cli_stopped()) {
        done = queue_open(queue) && work(queue, target, &pace, once);
        if (!done && once)
            break;
        if (!done)
            cli_pause(PAUSE_MS);
    }
    queue_free(queue);
    return done || cli_stopped() ? CLI_OK : CLI_REDIS;
}
