/*
 * fetchers.h - all fetchers, and reading of whole files for them. See fetch.h.
 *
 * Threads      one
 */
#ifndef SW_CLI_FEED_FETCHERS_H
#define SW_CLI_FEED_FETCHERS_H

#include "cli/feed/fetch.h"

extern const struct cli_fetcher cli_fetcher_file;    /* localfile.c: file: */
extern const struct cli_fetcher cli_fetcher_http;    /* https.c: http://, https:// */
extern const struct cli_fetcher cli_fetcher_taxii;   /* taxii.c: taxii+https:// */
extern const struct cli_fetcher cli_fetcher_misp;    /* mispsearch.c: misp+https:// */
extern const struct cli_fetcher cli_fetcher_rpz;     /* rpz_source.c: rpz:// */
extern const struct cli_fetcher cli_fetcher_rpz_tls; /* the same by TLS: rpz+tls:// */

/** Each fetcher in turn, from 0; NULL after the last. */
const struct cli_fetcher *cli_fetcher_at(size_t i);

/** The text of a file as cli_fetch_open() finds it, of 1 to 8192 octets: a certificate, a list of
 * headers. Allocated, or NULL with fetch->why set. */
char *cli_fetch_text(struct cli_fetch *fetch, const char *path);

#endif
