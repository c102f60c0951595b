/*
 * deliver.h - the process of a target: takes notices from the queue, filters, hands on, repeats.
 *
 * Step by step: deliver_run() opens the queue, and for each entry reads the notice, asks the
 * filters, and hands the notice on, in the order of the stream. After a failure the same notice is
 * handed on again: after 1, 2, 4, ... seconds, 60 at most, until `retry-for` is over. Then the
 * notice is counted as given up, and the next one follows.
 *
 * Threads      one; each target has a process of its own, so that a slow target delays no other
 * Reliability  Redis may be away at any moment: a notice that is handed on is remembered until
 *              Redis takes the end of the entry
 */
#ifndef SW_CLI_NOTIFY_DELIVER_H
#define SW_CLI_NOTIFY_DELIVER_H

#include "cli/notify/targets.h"

/** Work until the process is asked to end, or, with `once`, until there is no further entry.
 * Returns the exit code: CLI_OK, or CLI_REDIS when Redis is away and `once` is true. */
int deliver_run(struct cli *cli, const struct notify_target *target, bool once);

#endif
