/*
 * notices.h - notices (NOTIFY) of primaries, by UDP.
 *
 * A notice for the zone of a feed makes the feed due at once if it comes from an address of the
 * primary, and is not signed by another key than the one of --tsig-file. All other datagrams are
 * neither followed nor answered.
 *
 * Threads      one
 * Security     a notice only leads to a question, which is signed: an unsigned notice is followed
 * Standards    RFC 1996, RFC 8945 5.2
 * Decisions    D-167, D-178
 */
#ifndef SW_CLI_FEED_NOTICES_H
#define SW_CLI_FEED_NOTICES_H

#include "cli/feed/fetch.h"

/** A socket at ADDRESS:PORT; -1 with why (CLI_FETCH_WHY_MAX octets) set. */
int cli_notices_listen(const char *at, char *why);

/** Take the datagrams that have come. */
void cli_notices_ready(int fd, const struct cli_notified *to);

#endif
