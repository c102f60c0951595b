/*
 * report.h - sinkwatch report: anomalies, ownership and clients as one HTML page.
 *
 * Step by step:
 *   report.c            options; the order of the steps; the page to the file
 *   report_read.c       anomalies, histories and clients out of Redis
 *   report_past.c       records of the memory
 *   report_holders.c    holders with marks and colours; spans of time of a name with a holder
 *   report_text.c       text of any octets, escaped; marks, links, times
 *   report_page.c       frame, numbers, sections
 *   report_tables.c     tables of anomalies, history, clients
 *   report_bars.c       anomalies and holders on a time axis
 *   report_links.c      names and holders as a graph
 *   report_cards.c      a card for each name and address
 *
 * Threads      one
 * Memory       bounded by `max`, and 16 octets for each anomaly of the stream; the page is made in
 *              memory and then written at once
 * Security     every text goes through page_text(), which cleans and escapes; the page's
 *              Content-Security-Policy lets nothing be fetched, and only our own script run, by
 *              hash. Links lead to places of the page only. The page states facts, and works
 *              without the script
 * Decisions    D-047, D-200, D-227
 */
#ifndef SW_CLI_REPORT_REPORT_H
#define SW_CLI_REPORT_REPORT_H

#include "cli/cli.h"
#include "cli/show/pivot_graph.h"

#include <stdio.h>
#include <time.h>

#define REPORT_COLORS    6      /* colours, each with a pattern of its own; never used twice */
#define REPORT_NAMES_MAX 200    /* indicators on a page */
#define REPORT_EVENTS    100000 /* events that are read for the clients */

/* Holders that are always there. */
enum { HOLDER_UNKNOWN, HOLDER_NONE, HOLDER_FIRST };

struct report_holder {
    char *key;     /* as sw_holder_text(): the same text for the same holder */
    char *name;    /* the registrant, else the organisation of the AS, else the AS */
    char *carrier; /* "AS64500 Organisation", "" where name says that already */
    char *class;   /* "government by Federal*: classes.tsv:12" as of now, "" */
    char *body;    /* the class, where protected-classes has it: a public body; "" */
    char mark[8];  /* letters that no other holder has */
    size_t color;  /* below REPORT_COLORS, or REPORT_COLORS: none */
    uint64_t weight;
};

struct report_moment { /* an anomaly of the stream */
    time_t at;
    size_t type; /* of report->type */
};

struct report_client { /* a client that asked for a name */
    char *client, *name;
    char first[32], last[32]; /* RFC 3339 */
    uint64_t count;
};

struct report {
    struct cli *cli;
    const char *list;  /* this list only, NULL: all */
    const char **name; /* these names only */
    size_t names;
    time_t since, until, now; /* since 0: everything; until: no data from this time on */
    bool cut_until;           /* --until was given */
    size_t max;               /* rows of each table, nodes of the graph */
    json_t *anomalies;        /* documents, oldest first */
    struct report_moment *moment;
    size_t moments, moments_room;
    char **type; /* types of the anomalies */
    size_t types;
    struct graph *graph;
    size_t starts;   /* number of indicators, the first nodes of the graph */
    json_t **spans;  /* for each start: "holder H" -> the owner and episodes; NULL: none */
    json_t **check;  /* for each start: as view_check() */
    json_t **server; /* for each start: name servers, address -> facts; NULL: none */
    json_t **past;   /* for each start: records of the memory; NULL: none. May be NULL itself */
    void *left_out;  /* tsearch() tree of names without room */
    uint64_t cut_names, cut_clients, events_read;
    bool more_events; /* older events were not read */
    struct report_holder *holder;
    size_t holders, holders_room;
    struct report_client **client; /* by name and client */
    size_t clients, clients_room;
    void *by_client; /* tsearch() tree of clients */
    FILE *out;
};

/* ---- out of Redis (report_read.c) ---- */

/** Anomalies, then names with histories, then clients. CLI_OK or CLI_REDIS, reported. */
int report_read(struct report *report);

/** Whether a name is another name, or below it. */
bool report_is_below(const char *name, const char *other);

/** Records of the memory in this folder, for each start. A folder that cannot be read is reported,
 * and the report goes on (report_past.c). */
void report_read_past(struct report *report, const char *folder);

/** Put the records into the data of --json: `memory`, name -> records. */
void report_past_json(const struct report *report, json_t *out);

/** The part of a card with these records; nothing without a record. */
void report_past(const struct report *report, const struct graph_node *node);

/* ---- holders and times (report_holders.c) ---- */

/** Number of a holder by recorded facts; new holders are added, and report->holder may move. */
size_t report_holder(struct report *report, const json_t *facts);

/** The same as the holder. Borrowed until the next holder is added. */
const struct report_holder *report_holder_at(struct report *report, const json_t *facts);

/** Find all holders of the page; give marks and colours by weight. */
void report_rank(struct report *report);

/** Seconds since 1970 of an RFC 3339 text, 0: none. */
time_t report_time(const char *rfc3339);

/** The owner of an edge's address: as recorded for this name, else as recorded last. */
const json_t *report_facts(const struct report *report, const struct graph_edge *edge);

/** Whether an edge was seen within the time of the report. */
bool report_shows(const struct report *report, const struct graph_edge *edge);

/** Whether a time from..to overlaps the time of the report. */
bool report_overlaps(const struct report *report, time_t from, time_t to);

struct report_span { /* a time of a name with a holder */
    size_t holder;
    time_t from, to, begin; /* begin: of the holder's first span */
    uint64_t count;
    bool rough; /* first to last sight of an address, by a history without episodes */
};

/** The spans of an indicator: holders in order of their first span, each holder's spans in order of
 * time; free(). Cost: the name's addresses. */
struct report_span *report_spans(struct report *report, size_t start, size_t *n);

/** Whether a node has a card: an indicator, or a node with an edge within the report's time. */
bool report_has_card(const struct report *report, const struct graph_node *node);

/** A node's edges within the report's time, in order of the first sight; free(). */
size_t *report_edges(const struct report *report, const struct graph_node *node, size_t *n);

/* ---- text (report_text.c) ---- */

/** Text of any octets, escaped for element content and attributes; at most some 300 characters. */
void page_text(FILE *out, const char *text);

/** "2026-11-23 01:02" of seconds since 1970, UTC. */
void page_time(FILE *out, time_t at);

/** A name or address as a link to the card. */
void page_node(FILE *out, const struct graph_node *node);

/** Colour, pattern and letters of a holder; then the words. */
void page_mark(FILE *out, const struct report_holder *holder);
void page_holder(FILE *out, const struct report_holder *holder);

/* ---- the page ---- */

/** Everything (report_page.c). */
void report_page(struct report *report);

/* report_tables.c */
void report_anomalies(struct report *report);
void report_history(struct report *report);
void report_clients(struct report *report);

/** What an anomaly says beside name, address and owner, in HTML. */
void report_evidence(FILE *out, const json_t *anomaly);

/* report_bars.c: nothing is drawn where there is nothing, and the page says so. */
void report_time_line(struct report *report);
void report_bars(struct report *report);

/* report_links.c */
void report_graph(struct report *report);

/* report_cards.c */
void report_cards(struct report *report);

#endif
