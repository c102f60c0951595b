/* deliver.c - see deliver.h. */
#include "cli/notify/deliver.h"

#include "base/clock.h"
#include "cli/notify/consumer_group.h"
#include "cli/notify/hand.h"
#include "cli/notify/stop.h"
#include "cli/output.h"

#include <stdio.h>

#define PAUSE_MS    1000
#define BACKOFF_MAX 60 /* seconds */
#define US_PER_S    1000000

/* Wait between two attempts, and stay the holder; false: this process may not go on. */
static bool pause_for(struct queue *queue, uint32_t seconds)
{
    while (seconds-- > 0) {
        notify_pause(PAUSE_MS);
        if (notify_stopped() || !queue_stay(queue))
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

/* End an entry, however long Redis is away. false: the process is to end first. */
static bool end(struct queue *queue, const struct queue_entry *entry, const char *fate)
{
    while (!queue_done(queue, entry, fate))
        do {
            if (notify_stopped())
                return false;
            notify_pause(PAUSE_MS);
        } while (!queue_open(queue));
    return true;
}

/* Filter and hand on. false: the queue has to be opened again. */
static bool take(struct queue *queue, const struct notify_target *target,
                 const struct queue_entry *entry)
{
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
    notice.repeated = entry->repeated;
    bool begun = queue_begin(queue, entry);
    const char *fate = begun ? attempt(queue, target, &notice) : NULL;
    notice_free(&notice);
    return fate && end(queue, entry, fate);
}

/* Entries until the queue is away, or the end. */
static bool work(struct queue *queue, const struct notify_target *target, bool once)
{
    struct queue_entry entry;
    for (;;) {
        enum queue_result result = queue_next(queue, &entry);
        if (result == QUEUE_AWAY)
            return false;
        if (result == QUEUE_NOTHING && (once || notify_stopped()))
            return true;
        if (result == QUEUE_ENTRY && !take(queue, target, &entry))
            return false;
        if (notify_stopped())
            return true;
    }
}

int deliver_run(struct cli *cli, const struct notify_target *target, bool once)
{
    struct queue *queue = queue_new(cli, target, once);
    bool done = false;
    while (!done && !notify_stopped()) {
        done = queue_open(queue) && work(queue, target, once);
        if (!done && once)
            break;
        if (!done)
            notify_pause(PAUSE_MS);
    }
    queue_free(queue);
    return done || notify_stopped() ? CLI_OK : CLI_REDIS;
}
