/*
 * store.h - feeds in Redis: the definition and the status of each.
 *
 * `feed add` writes the definition, a JSON object, into the hash P:feeds. Each run reads the
 * definition, and writes the status hash P:feed:NAME and a document into the stream P:feeds:log.
 *
 * Threads      one
 * Memory       a definition is some hundred octets
 * Errors       reported on standard error; the codes are those of cli.h
 * Interface    module/REDIS.md, "Feeds"
 */
#ifndef SW_CLI_FEED_STORE_H
#define SW_CLI_FEED_STORE_H

#include "cli/output.h"

#include "base/policy.h"

#define CLI_FEED_EVERY_MIN 60 /* seconds between two runs; a week at most */
#define CLI_FEED_EVERY_MAX 604800
#define CLI_FEED_LOG_KEPT  "10000" /* documents in the log, about */

/* The fate of the list when the source stays away. */
enum cli_stale { CLI_STALE_KEEP, CLI_STALE_SHADOW, CLI_STALE_DROP, CLI_STALE_COUNT };

struct cli_feed_def {
    char name[SW_LISTNAME_MAX];
    char list[SW_LISTNAME_MAX];
    const char *source; /* in `all` */
    uint32_t every_s;
    uint32_t stale_s; /* 0: the source may stay away for ever */
    enum cli_stale stale;
    bool paused;
    const json_t *options; /* in `all`: name without "--" -> text, array of texts, or true */
    json_t *all;           /* the definition */
};

/** Parse a definition. SW_OK; SW_EINVAL with why set: the member, the value, the allowed values. */
enum sw_status cli_feed_parse(const char *name, const char *text, size_t len,
                              struct cli_feed_def *out, char why[SW_WHY_MAX]);
void cli_feed_free(struct cli_feed_def *feed);

/** "keep", "shadow", "drop"; and back: SW_OK, SW_ENOTFOUND. */
const char *cli_stale_name(enum cli_stale stale);
enum sw_status cli_stale_parse(const char *text, enum cli_stale *out);

/** Read a feed. CLI_OK; CLI_NONE: no such feed, or no definition (reported); CLI_REDIS. */
int cli_feed_load(struct cli *cli, const char *name, struct cli_feed_def *out);

/** All definitions: an object, name -> definition text; NULL after an error message. */
json_t *cli_feeds(struct cli *cli);

/** The status of a feed: an object of texts, empty before the first run; NULL: reported. */
json_t *cli_feed_status(struct cli *cli, const char *name);

/** A number of the status, 0 where there is none. */
uint64_t cli_feed_number(const json_t *status, const char *field);

/** A source without the query, which may have a key in it. Allocated. */
char *cli_feed_shown(const char *source);

/** Append a document to the log, in the open MULTI. Members of `feed` go to sinkwatch.feed. */
void cli_feed_log(struct cli *cli, const struct cli_feed_def *feed, const char *action,
                  const char *reason, json_t *more);

#endif
