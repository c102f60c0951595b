/*
 * top.h - sinkwatch top: live hits, and the busiest names, clients and lists, in a terminal.
 *
 * Step by step, a few times a second:
 *   top_read()    new entries of the event stream, and the reports of the resolvers  (top_read.c)
 *   top_note()    a hit into the tallies of names, clients and lists                 (top_tally.c)
 *   top_order()   the rows of a view: filter, tags, sorting                          (top_rows.c)
 *   top_draw()    the screen                                                         (top_screen.c)
 *   top_key()     a key of the user                                                  (top_keys.c)
 * --once reads the latest entries and prints all views as tables.
 *
 * Threads      one
 * Memory       bounded: TOP_HITS_MAX hits, TOP_ROWS_MAX rows of each tally
 * Reliability  while Redis is away the screen says so and stays; reading goes on where it stopped
 * Security     all texts come from strangers: cell texts are cleaned (cli_clean()) and drawn
 *              character by character with their width; nothing of them reaches the terminal as a
 *              control sequence
 * Decision     D-201
 */
#ifndef SW_CLI_TOP_TOP_H
#define SW_CLI_TOP_TOP_H

#include "cli/cli.h"

#include <jansson.h>
#include <time.h>

#define TOP_HITS_MAX 1000  /* of the view of hits */
#define TOP_ROWS_MAX 10000 /* of a tally; then the rows not seen for longest go */
#define TOP_SLOTS    6     /* of ten seconds: the last minute */
#define TOP_SLOT_S   10
#define TOP_SAMPLE   10 /* while behind, one entry of so many is looked at */
#define TOP_COLUMNS  7
#define TOP_CELL     260

enum top_view { TOP_HITS, TOP_NAMES, TOP_CLIENTS, TOP_LISTS, TOP_RESOLVERS, TOP_VIEWS };
enum top_sort { TOP_BY_HITS, TOP_BY_MINUTE, TOP_BY_LAST, TOP_BY_TEXT, TOP_SORTS };

struct top_hit {
    time_t at;
    char client[64], name[256], type[16], list[64], action[24];
    uint64_t count;
};

struct top_row { /* a name, client or list */
    char key[256];
    char with[256]; /* the other party of the last hit: a client, or a name */
    char list[64], action[24];
    uint64_t hits;
    uint64_t slot[TOP_SLOTS];
    int64_t slot_at; /* number of the latest slot: seconds since 1970 / TOP_SLOT_S */
    time_t last;
    bool tagged;
};

struct top_tally {
    struct top_row **row;
    size_t n, room;
    void *by_key; /* tsearch() tree of rows */
    uint64_t evicted, evicted_hits;
};

struct top_resolver {
    char id[64], state[16], error[256];
    time_t reported; /* 0: not known */
    uint64_t hits, backlog;
    bool live;
};

struct top {
    struct cli *cli;
    char last[64]; /* id of the last entry that was read */
    struct top_tally names, clients, lists;
    struct top_hit *hit; /* a ring */
    uint64_t hits;       /* so far; hit[hits % TOP_HITS_MAX] is the next */
    struct top_resolver *resolver;
    size_t resolvers;
    uint64_t entries, sampled; /* read; of these not looked at */
    bool behind, paused;
    time_t now, asked_resolvers, tried; /* tried: last failure of Redis */
    char problem[256];                  /* with Redis, "" = none */

    enum top_view view;
    enum top_sort sort;
    bool reversed, help, typing, stop;
    char filter[64], former[64];  /* former: before typing began */
    size_t selected, first, page; /* rows of the view */
    char chosen[256];             /* key of the row that the user moved to, "" = none */
    const void *order[TOP_ROWS_MAX > TOP_HITS_MAX ? TOP_ROWS_MAX : TOP_HITS_MAX];
    size_t ordered; /* rows that pass the filter */
};

/* ---- events and resolvers (top_read.c) ---- */

/** Read the latest n entries, so that the screen is not empty. CLI_OK or CLI_REDIS, reported. */
int top_begin(struct top *top, uint64_t n);

/** Read what is new. While Redis is away: sets top->problem, and tries again each second. */
void top_read(struct top *top);

/** Read the reports of the resolvers. CLI_OK or CLI_REDIS, reported. */
int top_read_resolvers(struct top *top);

/* ---- tallies (top_tally.c) ---- */

/** Count a hit in the three tallies and in the ring. */
void top_note(struct top *top, const struct top_hit *hit);

/** Hits of the last minute. */
uint64_t top_minute(const struct top_row *row, time_t now);

/** Forget all hits. */
void top_clear(struct top *top);

/** The tally of a view; NULL: hits, resolvers. */
struct top_tally *top_tally_of(struct top *top, enum top_view view);

/* ---- rows (top_rows.c) ---- */

struct top_column {
    const char *heading;
    int width;  /* columns of the terminal; 0: shares the rest */
    int shares; /* of the rest */
    bool right;
    int sort;  /* enum top_sort, -1: not sorted by */
    bool time; /* "time" or "last" of --json, in full */
};

/** The columns of a view; returns how many. */
size_t top_columns(enum top_view view, const struct top_column **column);

/** Set top->order to the rows of the view that pass the filter, tagged rows first. */
void top_order(struct top *top);

/** The cells of row i of top->order, cleaned. */
void top_cells(const struct top *top, size_t i, char cell[TOP_COLUMNS][TOP_CELL]);

/** The time of row i of top->order: of the hit, or of the row's last hit. 0: none. */
time_t top_time(const struct top *top, size_t i);

/** Word of a view: "names". */
const char *top_view_name(enum top_view view);

/* ---- the terminal (top_screen.c, top_keys.c) ---- */

/** Take the terminal over; false: it cannot be used, reported. */
bool top_screen_begin(const struct top *top);
void top_screen_end(void);

/** Draw everything. */
void top_draw(struct top *top);

/** Wait for a key for some milliseconds and act upon it; returns whether there was one. */
bool top_key(struct top *top, int wait_ms);

#endif
