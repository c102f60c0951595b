/*
 * report.h - sinkwatch report: anomalies and ownership history as an HTML page.
 *
 * Step by step:
 *   report.c            anomalies and history out of Redis, the page to the file
 *   report_facts.c      times, owners and their numbers, for tables and pictures
 *   report_text.c       text of any octets, escaped
 *   report_page.c       tables, the frame with style and script
 *   report_picture.c    time line, bars of ownership, graph: SVG, laid out here
 *
 * Threads      one
 * Memory       bounded by `max`; the page is made in memory and then written at once
 * Security     every text goes through page_text(), which cleans and escapes; the page's
 *              Content-Security-Policy lets nothing be fetched, and only our own script run, by
 *              hash. The page states facts, and works without the script
 * Decision     D-047
 */
#ifndef SW_CLI_REPORT_REPORT_H
#define SW_CLI_REPORT_REPORT_H

#include "cli/cli.h"
#include "cli/show/pivot_graph.h"

#include <stdio.h>
#include <time.h>

#define REPORT_COLORS 8

struct report {
    struct cli *cli;
    const char *list;  /* this name only, NULL: all */
    time_t since, now; /* since 0: everything */
    size_t max;        /* rows of each table, nodes of the graph */
    json_t *anomalies; /* documents, oldest first */
    struct graph *graph;
    size_t starts; /* number of indicators, the first nodes of the graph */
    uint64_t cut_anomalies, cut_names;
    char **owner; /* each owner once, in order of appearance */
    size_t owners, owners_room;
    FILE *out;
};

/* ---- for pictures and tables (report_facts.c) ---- */

/** Number of an owner, for the colour; new owners are added. */
size_t report_owner(struct report *report, const json_t *facts);

/** Seconds since 1970 of an RFC 3339 text, 0: none. */
time_t report_time(const char *rfc3339);

/** The owner of an edge's address: as recorded for this name, else as recorded last. */
const json_t *report_facts(const struct report *report, const struct graph_edge *edge);

/** Whether an edge was seen within the time of the report. */
bool report_shows(const struct report *report, const struct graph_edge *edge);

/* ---- text (report_text.c) ---- */

/** Text of any octets, escaped for element content and attributes; at most some 300 characters. */
void page_text(FILE *out, const char *text);

/** The same, cut to so many characters with an ellipsis. */
void page_short(FILE *out, const char *text, size_t max);

/* ---- the page (report_page.c) ---- */

/** Everything. */
void report_page(struct report *report);

/* ---- pictures (report_picture.c) ---- */

/** Each draws nothing and says so where there is nothing. */
void report_time_line(struct report *report);
void report_bars(struct report *report);
void report_graph(struct report *report);

#endif
