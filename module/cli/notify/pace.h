/*
 * pace.h - whether a target may get a notice now: quiet times and the rate.
 *
 * A notice that may not be handed on now is held: counted by type in Redis. One notice of type
 * "held" reports the counts as soon as neither a quiet time nor the rate forbids it (deliver.c,
 * D-190).
 *
 * Threads      pure functions; a struct pace belongs to one thread
 */
#ifndef SW_CLI_NOTIFY_PACE_H
#define SW_CLI_NOTIFY_PACE_H

#include "cli/notify/targets.h"

#include <time.h>

/* The present window of the rate; begins zeroed. */
struct pace {
    int64_t begin_us; /* of the first notice of the window */
    uint32_t handed;  /* notices so far */
};

/** Whether a time is a quiet time of the target. */
bool pace_is_quiet(const struct notify_target *target, const struct tm *local);

/** Whether the rate has room at a time of the monotonic clock. */
bool pace_has_room(const struct pace *pace, const struct notify_target *target, int64_t now_us);

/** Count a notice. */
void pace_take(struct pace *pace, const struct notify_target *target, int64_t now_us);

#endif
