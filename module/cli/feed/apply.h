/*
 * apply.h - puts the content of a fetch on the list of a feed.
 *
 * `feed run`, step by step: cli_apply_begin() sets the sinks of a fetch -> the fetcher calls them
 * -> cli_apply_end() puts the content in force, or leaves the list as it is.
 *
 * Whole content is staged and swapped in, as by `import --replace`. Changes are kept in memory, of
 * several changes of one indicator the last. At the end they are written: first all additions, then
 * all removals, a thousand in a transaction.
 *
 * Threads      one
 * Memory       whole: a thousand entries; changes: some 100 octets each
 * Errors       reported on standard error; the first one is cli_error_first()
 */
#ifndef SW_CLI_FEED_APPLY_H
#define SW_CLI_FEED_APPLY_H

#include "cli/feed/fetch.h"
#include "cli/feed/lease.h"
#include "cli/feed/store.h"
#include "cli/lists/asked.h"
#include "cli/lists/preview.h"

struct cli_changes {
    struct cli_change *one;
    size_t n, room;
};

struct cli_apply {
    struct cli *cli;
    struct cli_fetch *fetch;
    struct cli_lease *lease;
    struct cli_importing im;
    struct cli_source source; /* its options */
    struct cli_asked asked;
    struct cli_argv words;    /* options as a command line; `asked` points into these */
    struct sw_reader *reader; /* of the document that is open */
    char *document;           /* its name */
    enum cli_document meaning;
    bool open;  /* a document is open */
    bool begun; /* the import has begun */
    bool lost;  /* a sink returned false */
    struct cli_changes changes;
    struct cli_preview *look; /* the look ahead takes the additions among them; NULL: none */
    uint64_t removed;         /* result, of changes */
};

/** Set the sinks of a fetch, and read the feed's options about the source. Ends the process for
 * options that do not parse. lease: renewed meanwhile; the fence of cli. */
void cli_apply_begin(struct cli_apply *apply, struct cli *cli, const struct cli_feed_def *feed,
                     struct cli_lease *lease, struct cli_fetch *fetch);

/** Put the content in force. CLI_OK: the list has the content; otherwise the list is as before, or
 * has a part of the changes (reported). */
int cli_apply_end(struct cli_apply *apply, enum cli_fetched fetched);

/** Free all but the structure itself. */
void cli_apply_free(struct cli_apply *apply);

#endif
