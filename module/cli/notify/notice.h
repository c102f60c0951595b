/*
 * notice.h - a notice: an entry of a stream, handed to people and programs.
 *
 * Step by step: notice_read() parses the JSON object of an entry and takes the members that filters
 * need; notice_wanted() compares with the filters of a target; notice_json() makes the text that
 * commands and webhooks get.
 *
 * Threads      one
 * Memory       notice_free() frees the object
 * Security     type and id have a few safe characters only. The summary is printable ASCII without
 *              characters that a shell, HTML or a chat gives a meaning to. Everything else is
 *              inside strings of JSON, in ASCII, with < > & ' and ` escaped as well (D-188).
 */
#ifndef SW_CLI_NOTIFY_NOTICE_H
#define SW_CLI_NOTIFY_NOTICE_H

#include "cli/notify/targets.h"

#include <jansson.h>

#define NOTICE_ID_MAX      80
#define NOTICE_TYPE_MAX    48
#define NOTICE_SUMMARY_MAX 400

struct notice {
    char id[NOTICE_ID_MAX];           /* "anomalies-1764510000000-0": the same after a restart */
    char type[NOTICE_TYPE_MAX];       /* "protected-owner", "events-lost" */
    char summary[NOTICE_SUMMARY_MAX]; /* a line for people */
    unsigned severity;                /* 0 to 100 */
    bool repeated;                    /* may have been handed on before */
    json_t *document;                 /* the entry's object */
};

/**
 * Make a notice of the text of an entry.
 *
 * stream  "anomalies", "events" or "notices"
 * id      of the entry, as Redis gives the id
 *
 * false: no JSON object, or an object without a usable event.action; nothing is to be freed.
 */
bool notice_read(struct notice *notice, const char *stream, const char *id, const char *text,
                 size_t len);
void notice_free(struct notice *notice);

/**
 * Whether the entry becomes a notice at all:
 *
 * events     only names that were resolved before their listing (seen-before)
 * feeds:log  all but feed-updated; feed-failed for the first, second, fourth, ... failure in a row
 * others     every entry
 */
bool notice_is_news(const struct notice *notice, const char *stream);

/** Whether the filters of a target let the notice through. */
bool notice_wanted(const struct notice *notice, const struct notify_target *target);

/** The notice as a JSON object, on a line or on several with `indent` spaces, without line end at
 * the end; freed by the caller. */
char *notice_json(const struct notice *notice, size_t indent, size_t *len);

/** Text of the document by the name of a member as in sinkwatch.anomaly or elsewhere: "name",
 * "address", "list" or "resolver"; "" without one. Any octets; borrowed. */
const char *notice_text(const struct notice *notice, const char *member);

#endif
