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
 * last   set to the id of the last entry of the stream; "" for an empty stream, and where this user
 *        may not read it
 * Returns whether there are such changes, or may be: entries behind `since` were trimmed, are more
 * than 99,000, or are over the limits of a reply. false where this user may not read the stream.
 */
bool cli_others_wrote(struct cli *cli, const char *list, const char *since,
                      char last[CLI_STREAMID_MAX]);

/** Whether others may have changed the list while a run wrote `own` entries: there are more behind
 * the entry `from`, up to `upto`, the run's last one. false where one of both ids is "". */
bool cli_others_wrote_meanwhile(struct cli *cli, const char *list, const char *from,
                                const char *upto, uint64_t own);

#endif
