/*
 * watch.h - failures of resolvers and of their lists, found in the reports and put into the stream
 * of notices.
 *
 * Step by step: every few seconds watch_run() reads the report of each resolver, and compares the
 * conditions (no report, a fault, a list with a problem) with the hash P:notices:state. A condition
 * that begins or ends changes the hash and appends the notice in one transaction under WATCH. So
 * any number of notifiers, killed at any moment, write each notice once.
 *
 * Threads      one, in a process of its own
 * Reliability  waits while Redis is away
 */
#ifndef SW_CLI_NOTIFY_WATCH_H
#define SW_CLI_NOTIFY_WATCH_H

#include "cli/cli.h"

/** Work until the process is asked to end, or one round with `once`. Returns CLI_OK, or CLI_REDIS
 * when Redis is away and `once` is true. */
int watch_run(struct cli *cli, bool once);

#endif
