/*
 * feeds.h - the sub-commands of `sinkwatch feed`.
 *
 * Threads      one
 */
#ifndef SW_CLI_FEED_FEEDS_H
#define SW_CLI_FEED_FEEDS_H

#include "cli/feed/run.h"

/** Each reads argv as main() does and returns the exit code. */
int cli_feed_add(struct cli *cli, int argc, char **argv);
int cli_feed_remove(struct cli *cli, int argc, char **argv);
int cli_feed_pause(struct cli *cli, int argc, char **argv);
int cli_feed_resume(struct cli *cli, int argc, char **argv);
int cli_feed_list(struct cli *cli, int argc, char **argv);
int cli_feed_show(struct cli *cli, int argc, char **argv);
int cli_feed_log_show(struct cli *cli, int argc, char **argv);
int cli_feed_run(struct cli *cli, int argc, char **argv);

/** All feeds in short, for `sinkwatch feed` without a word. */
int cli_feed_all(struct cli *cli);

#endif
