/*
 * fetch.h - the content of a feed's source, as the daemon and `feed run` get it.
 *
 * A fetcher knows a family of schemes, such as http and https. `feed run NAME`, step by step:
 *     cli_fetcher_of() finds the fetcher by the scheme of the source
 *     fetch(): the source is asked for its content since `state`
 *         UNCHANGED  no sink was called
 *         WHOLE      document(WHOLE), octets(), octets(), ..., for each document of the content
 *         CHANGES    document(REMOVE or ADD), octets(), ..., in the order of the changes
 *         FAILED     `why` is set; sinks may have been called, and their octets are thrown away
 *     the octets go to readers (formats/formats.h), and the entries are put in force; only when the
 *     list has the content, `next` is kept as the state of the following fetch
 *
 * Each document is one input of a reader, such as a file, a page of TAXII, or a zone as text. The
 * end of a document is the begin of the next one, or the return of fetch() without failure.
 *
 * Threads      one; each fetch runs in a process of its own under the daemon
 * Memory       fetchers hold a page or a message at a time; WHOLE is of any size up to max_octets.
 *              CHANGES are held until fetch() returns, CLI_FETCH_CHANGES_MAX entries at most: a
 *              source that has more gives the whole content instead
 * Errors       a fetcher says nothing itself: cli_fetch_failed() keeps the reason
 * Reliability  a fetch ends by max_s and by *stop; the list is touched after fetch() only
 * Security     a source may be hostile: sizes, times, redirects and pages are bounded. Files (keys,
 *              passwords, certificates) are opened by cli_fetch_open() only, which stays below the
 *              folders that the operator of the machine allows
 * Decision     D-170
 */
#ifndef SW_CLI_FEED_FETCH_H
#define SW_CLI_FEED_FETCH_H

#include "base/status.h"

#include <jansson.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CLI_FETCH_CHANGES_MAX 1000000 /* entries of a fetch */
#define CLI_FETCH_WHY_MAX     512

enum cli_fetched {
    CLI_FETCH_FAILED,    /* `why` is set */
    CLI_FETCH_UNCHANGED, /* since `state` */
    CLI_FETCH_WHOLE,     /* the sinks got all of the content */
    CLI_FETCH_CHANGES,   /* the sinks got removals and additions since `state` */
};

/* The meaning of a document's entries. All documents of a fetch are WHOLE, or none is. */
enum cli_document { CLI_DOCUMENT_WHOLE, CLI_DOCUMENT_REMOVE, CLI_DOCUMENT_ADD };

/* A fetch: the request, the sinks, the result. */
struct cli_fetch {
    /* request */
    const char *source;       /* as given to `feed add`, such as "https://example.net/list.txt" */
    const json_t *options;    /* object of the feed's options: text, or an array of texts */
    const json_t *state;      /* object: `next` of the last fetch in force; NULL: none */
    uint64_t max_octets;      /* of the content, unpacked by the transport */
    uint32_t max_s;           /* seconds for the whole fetch */
    const char *const *files; /* folders that may be read from, ended by NULL */
    volatile const sig_atomic_t *stop; /* not 0: end early, as a failure */

    /* sinks; a false result: give up and return, the reason is kept already */
    void *arg;
    bool (*document)(void *arg, enum cli_document meaning,
                     const char *name); /* name: for messages */
    bool (*octets)(void *arg, const void *octets, size_t len);
    void (*alive)(void *arg); /* called at least each second while the fetcher waits or works */

    /* result */
    json_t *next;     /* new reference, or NULL: state for the next fetch */
    uint32_t pause_s; /* seconds to wait, asked for by the source (Retry-After); 0: none */
    char why[CLI_FETCH_WHY_MAX];
};

/* The feeds that a notice may be about. */
struct cli_notified {
    const json_t *feeds;      /* object: name of the feed -> {"source": ..., "options": {...}} */
    const char *const *files; /* as in struct cli_fetch */
    void (*due)(void *arg, const char *name); /* called for each feed of a notice */
    void *arg;
};

/* A family of schemes. */
struct cli_fetcher {
    const char *const *schemes; /* such as "https", ended by NULL */
    const char *const
        *options;  /* names of the options of `feed add` that this fetcher knows, without
                                   "--", ended by NULL; the values are text */
    bool no_rules; /* the source has indicators without actions, and can be no policy zone */
    /** Judge source and options at `feed add`, without asking the source. false: fetch->why. */
    bool (*judge)(struct cli_fetch *fetch);
    enum cli_fetched (*fetch)(struct cli_fetch *fetch);

    /* For sources that tell of changes by themselves (NOTIFY), else NULL. The daemon polls the file
     * descriptor.
     *
     * Open a non-blocking file descriptor to listen with, for all feeds of this family; -1: not
     * wanted, or failed with why (CLI_FETCH_WHY_MAX octets) set. at: value of --listen. */
    int (*listen)(const char *at, char *why);
    /** Read the notices that have arrived, and call due() with the name of each feed of a
     * notice. */
    void (*ready)(int fd, const struct cli_notified *to);
};

/** The fetcher for a source, or NULL. */
const struct cli_fetcher *cli_fetcher_of(const char *source);

/** Keep the reason for a failure, cut, without control characters. Returns CLI_FETCH_FAILED. */
enum cli_fetched cli_fetch_failed(struct cli_fetch *fetch, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/** Text of an option, or NULL where the feed does not have it. Borrowed. */
const char *cli_fetch_option(const struct cli_fetch *fetch, const char *name);

/**
 * Open a file for reading that a source or option names: a regular file or a folder below one of
 * fetch->files, symbolic links resolved. Returns a file descriptor, or -1 with fetch->why set.
 */
int cli_fetch_open(struct cli_fetch *fetch, const char *path);

/**
 * The first line of such a file, without the line end: a password or key. A file with lines
 * "# host: NAME" is for these hosts only (D-169).
 *
 * host  the receiver of the secret, without port and brackets; NULL: the host of the source
 *
 * Allocated, or NULL with fetch->why set.
 */
char *cli_fetch_secret(struct cli_fetch *fetch, const char *path, const char *host);

/** The authority of "scheme://authority/path": host and port. *len 0: none. libcurl takes
 * "scheme:/host" as well, which has none here. Borrowed from url. Source: RFC 3986 3.2. */
const char *cli_fetch_authority(const char *url, size_t *len);

#endif
