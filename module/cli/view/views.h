/*
 * views.h - views of the data: each is a function that gives one JSON document, for the desk
 * (cli/web) and for other programs that show the same data.
 *
 * The card of a name, step by step: view_check() builds an index of the few indicators that can
 * cover the name, and judges by the resolver's code; the history gives addresses and episodes of
 * holders; the closest zone with a history gives the name servers; the memory gives the records
 * from before a listing. Clients and anomalies come from the streams, page by page (view_entries(),
 * view_clients()).
 *
 * The subject of a card is a name, an address, a prefix, an AS number or a holder. A view asks
 * Redis for a bounded number of entries. Texts are those of Redis, databases and the
 * DNS, made valid UTF-8. The program that shows a text has to escape the text.
 *
 * Threads      one
 * Memory       the document; a page has VIEW_PAGE rows, a look into a stream VIEW_LOOK entries
 * Errors       NULL: Redis failed, reported by cli_error()
 * Interface    module/REDIS.md
 * Decision     D-193
 */
#ifndef SW_CLI_VIEW_VIEWS_H
#define SW_CLI_VIEW_VIEWS_H

#include "base/indicator.h"
#include "base/policy.h"
#include "cli/output.h"
#include "cli/part.h"
#include "owner/owner.h"

#define VIEW_PAGE    100    /* rows */
#define VIEW_NAMES   500    /* names of the addresses of a page */
#define VIEW_FIELDS  1000   /* fields of a hash for one answer */
#define VIEW_LOOK    20000  /* entries of a stream for one answer */
#define VIEW_TRACKED 5000   /* tracked addresses that are looked at for one answer */
#define VIEW_LISTED  400000 /* texts that are looked up in lists for the names of one answer */

/* The bounds above make an answer short; this time ends it on a slow machine all the same. */
#define VIEW_END_US 400000

/* ---- cards ---- */

/* Where a page begins: "200", an offset; "s17", a part of a large hash; "s17.200", an offset there.
 * The member `next` of a card is the text of the page behind, null: none. */
struct view_from {
    char cursor[CLI_CURSOR_MAX]; /* of the hash, as in part.h */
    size_t offset;               /* of the first row */
};

/** false: no such text. "": the first page. */
bool view_from_parse(const char *text, struct view_from *from);

/** The text of the page behind: of the part with so many rows, else of the part at this cursor. */
json_t *view_next(const struct view_from *from, size_t rows, const char *cursor);

/** The card of a name: check, lists with facts, addresses, holders with episodes, zone, unknown. */
json_t *view_name(struct cli *cli, const struct sw_indicator *name, const struct view_from *from);

/** The card of an address, prefix, AS or holder: owner, check of an address, names seen there. */
json_t *view_place(struct cli *cli, const struct sw_indicator *what, const struct view_from *from);

/** The records of a name, address or prefix in the memory: state, records, more. */
json_t *view_past(struct cli *cli, const struct sw_indicator *what);

/** Names and addresses around the subject, two steps far: as sinkwatch --json pivot --hops 2. */
json_t *view_graph(struct cli *cli, const struct sw_indicator *what);

/** What a text can mean: hits with kind, word and what is known. */
json_t *view_search(struct cli *cli, const char *text);

/* ---- names by a part (view_find.c) ---- */

/* A look for names that contain a text. */
struct view_finding {
    char part[SW_NAMETEXT_MAX];  /* letters of names, lower case */
    bool is_history;             /* the lists are done */
    char list[SW_LISTNAME_MAX];  /* where the look begins, "": the first */
    char cursor[CLI_CURSOR_MAX]; /* in the list, or among the tracked addresses */
};

/** A text of two letters of names or more; from: "", or the member `next` of a former document.
 * false: another text. */
bool view_finding_parse(const char *part, const char *from, struct view_finding *out);

/** names: name, and list with indicator, or the address where it was seen; a name may come several
 * times. next: where the next look begins, null: all was looked at. partly: addresses with so many
 * names that the time was over before the last one. */
json_t *view_find(struct cli *cli, const struct view_finding *finding);

/* ---- streams (view_stream.c) ---- */

/* What is looked for: all that are not NULL. */
struct view_sought {
    const char *name;    /* the question, the indicator, or the name of an anomaly; and below */
    const char *address; /* in the answer, or of an anomaly */
    const char *client;
    const char *list;
    const char *indicator;     /* of the rule, as its text in the list */
    bool without_client_rules; /* with indicator: none that is an address of clients */
};

/** Entries of a stream that fit, latest first: documents, looked, back_to, next (where an older
 * look begins, null: no older entry). before: an id of the stream, "": the latest. */
json_t *view_entries(struct cli *cli, const char *stream, const struct view_sought *sought,
                     const char *before, size_t max);

/** Clients that asked: client, first, last, count, action, questions. With hide, addresses become
 * "client 1", "client 2" in the order of the document. */
json_t *view_clients(struct cli *cli, const struct view_sought *sought, const char *before,
                     bool hide);

/* ---- the deployment (view_fleet.c) ---- */

/** What `sinkwatch --json` prints for status, feed list (without options and secrets) and list. */
json_t *view_fleet(struct cli *cli);
json_t *view_feeds(struct cli *cli);
json_t *view_all_lists(struct cli *cli);

/* ---- the lists that have a subject (view_lists.c) ---- */

struct view_list {
    char *name;
    bool broken; /* set by view_lists_find(): the list cannot be read */
    struct sw_policy policy;
};

struct view_lists {
    struct view_list *list;
    size_t n;
};

/** All lists with a policy that parses. CLI_OK, CLI_REDIS (reported). */
int view_lists_read(struct cli *cli, struct view_lists *lists);
void view_lists_free(struct view_lists *lists);

/* Texts of indicators that can cover some subjects. */
struct view_words {
    char **text;
    size_t *of; /* the number of the subject */
    size_t n, room;
};

/** Each indicator that covers a name: the name in each form, and each name above. */
void view_words_name(struct view_words *words, size_t of, const struct sw_name *name);
/** Each indicator that covers an address or prefix: prefixes, the AS, the holder. */
void view_words_address(struct view_words *words, size_t of, const struct sw_addr *addr,
                        const struct sw_owner *owner);
/** The indicator itself. */
void view_words_other(struct view_words *words, size_t of, const struct sw_indicator *what);
/** Free the texts. */
void view_words_free(struct view_words *words);

/* A list has a text; facts "" or JSON. */
typedef void (*view_found_fn)(void *arg, const struct view_list *list, const char *text, size_t of,
                              const char *facts);

/** Look the texts up in all lists. A list that cannot be read is marked, and passed over. CLI_OK,
 * CLI_REDIS (reported): the connection broke. */
int view_lists_find(struct cli *cli, struct view_lists *lists, const struct view_words *words,
                    view_found_fn found, void *arg);

/** Put the lists that have the names of some rows into their member `lists`: the names of the first
 * rows, up to VIEW_LISTED texts, null in the rows behind. CLI_OK, CLI_REDIS (reported). */
int view_lists_of_rows(struct cli *cli, const json_t *rows);

/** {"check": as sinkwatch --json check, "lists": [{list kind action indicator facts}], "unknown":
 * [sentences about lists that cannot be read]}. NULL: Redis failed. */
json_t *view_check(struct cli *cli, const struct sw_indicator *what);

/** An indicator as lists have it, not what else covers its subject: indicator, lists and unknown as
 * of view_check(). NULL: Redis failed. */
json_t *view_indicator(struct cli *cli, const struct sw_indicator *what);

/* ---- parts (view_parts.c) ---- */

/** The owner that recorded facts name: prefix asn org registrant netname country. */
void view_owner_of(const json_t *facts, struct sw_owner *owner);

/** As cli_holder_json(), with `protected` true for a class of the setting protected-classes. */
json_t *view_holder(struct cli *cli, const struct sw_owner *owner);

/** The owner of an address by the databases. */
void view_owner_now(struct cli *cli, const struct sw_addr *addr, struct sw_owner *owner);

/** A hash of JSON objects: an object of field -> value; of a hash with more than VIEW_FIELDS fields
 * a part. NULL: Redis failed. part->reply is free again. */
json_t *view_hash(struct cli *cli, const char *key, struct cli_part *part);

/** An array of an object's members with "key", latest "last" first. */
json_t *view_by_last(json_t *members, const char *key);

/** Rows offset..offset+VIEW_PAGE of an array. */
json_t *view_slice(const json_t *rows, size_t offset);

/** Append a sentence about something that is not known. */
void view_unknown(json_t *unknown, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
