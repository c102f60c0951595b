/*
 * others.h - whether another program has changed the content of a feed's list since the last run.
 *
 * A run that fetches changes only needs the content of the run before. The number of indicators
 * does not tell: a rollback may give back as many. The change stream tells of every change, and so
 * the status of a feed has the id of the entry up to which all changes are the feed's own or known.
 *
 * Threads      one
 * Interface    module/REDIS.md
 * Decision     D-248
 */
#ifndef SW_CLI_FEED_OTHERS_H
#define SW_CLI_FEED_OTHERS_H

#include "cli/lists/edit.h"

/**
 * Look for changes of a list or a part of it behind an entry of the change stream.
 *
 * since  id of this entry; "": only find the last one
 * last   set to the id of the last entry of the stream; "" where this user may not read it
 * Returns whether there are such changes, among the 100,000 entries behind `since` at most. false
 * after an error, and where this user may not read the stream.
 */
bool cli_others_wrote(struct cli *cli, const char *list, const char *since,
                      char last[CLI_STREAMID_MAX]);

#endif
