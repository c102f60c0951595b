/*
 * run.h - one run of a feed: fetch, put in force, note.
 *
 * `feed run NAME`, and each run of the service:
 *     definition and status are read -> the feed's lease is taken, and fences all writes -> the
 *     fetcher gets the content since the noted state -> the content is put in force, or the list is
 *     left as it is -> status, log and the time of the next run are written -> the lease ends
 *
 * Threads      one; the service runs each feed in a process of its own
 * Decision     D-171, D-172
 */
#ifndef SW_CLI_FEED_RUN_H
#define SW_CLI_FEED_RUN_H

#include "cli/feed/store.h"

#include <signal.h>
#include <sys/types.h>

#define CLI_FILES_MAX 16 /* folders that feeds may read from */

struct cli_run {
    const char *files[CLI_FILES_MAX + 1]; /* folders that feeds may read from, ended by NULL */
    volatile const sig_atomic_t *stop;
    bool now; /* also while paused, or while the source asked for a pause; and unconditionally */
    bool noticed; /* after a notice of the source: also while the source asked for a pause */
    bool service; /* run by the service: say only failures and changes, a line each */
};

/** The result of a run: for --json, or in words. CLI_OK; CLI_PARTLY: in force, but for refused
 * items; CLI_NONE, CLI_INPUT, CLI_REDIS: the list is as it was (reported). */
int cli_feed_run_one(struct cli *cli, const char *name, const struct cli_run *run);

/** Note that the process of a run on this machine died holding the lease, and end the lease. */
void cli_feed_note_death(struct cli *cli, const char *name, pid_t pid, const char *why);

#endif
