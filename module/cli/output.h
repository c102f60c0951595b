/*
 * output.h - the output of the command: words, tables, JSON, colours, progress.
 *
 * For people: sentences and tables that fit the terminal. For programs (--json): a single object,
 * or an object on each line. A table, step by step: cli_table_new() with the headings,
 * cli_table_row() for each row, cli_table_print().
 *
 * Threads      one
 * Memory       tables copy the cells and are freed when printed
 * Security     cells and cleaned text hold no control characters
 */
#ifndef SW_CLI_OUTPUT_H
#define SW_CLI_OUTPUT_H

#include "cli/cli.h"

#include <jansson.h>

/** Memory, zeroed, or larger, or a copy of text; ends the process when there is none. */
void *cli_alloc(size_t n, size_t size);
void *cli_grow(void *old, size_t n, size_t size);
char *cli_copy(const char *text);

/** Say that there is no memory, and end the process. */
void cli_no_memory(void) __attribute__((noreturn, cold));

/** The exit code then, CLI_NONE at first. */
extern int cli_memory_code;

/** "sinkwatch: words" on standard error, cleaned. */
void cli_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** The words of the first cli_error() since the begin, or since cli_error_forget(); "": none. */
const char *cli_error_first(void);
void cli_error_forget(void);

/** Functions that hear of each message, and of each object that is printed; NULL: none. */
void cli_listen(void (*words)(const char *text, bool hint), void (*printed)(void));

/** Keep messages from standard error, for a server that reports a repeated failure less often. The
 * first message stays available to cli_error_first(). */
void cli_error_mute(bool muted);

/** Words that follow an error or go with a result, on standard error, indented. */
void cli_hint(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** Text of any octets for a terminal: control characters and invalid UTF-8 as \xNN, cut after some
 * 300 characters. Static; the results of the last eight calls are valid. */
const char *cli_clean(const char *text, size_t len);
const char *cli_clean_text(const char *text); /* NULL: "" */

enum cli_style { CLI_PLAIN, CLI_BOLD, CLI_DIM, CLI_GOOD, CLI_BAD };

/** Escape sequence that begins a style, or "" without colours; CLI_PLAIN ends any. */
const char *cli_style(const struct cli *cli, enum cli_style style);

/** Print a value on a line, in ASCII, and release the value; NULL: out of memory, which ends the
 * process. */
void cli_json(json_t *value);

/** From now on cli_json() appends to this array and prints nothing; NULL: prints again. */
void cli_json_collect(json_t *array);

/** Member of an object along a path ("dns.question.name"); NULL when not there. */
json_t *cli_json_at(const json_t *object, const char *path);

/** The same as text: "" for a missing member or another type. Borrowed, not cleaned. */
const char *cli_json_text(const json_t *object, const char *path);

/** Set a member to text of any octets (octets that are not UTF-8 become '?'). */
void cli_json_set(json_t *object, const char *member, const char *text);

/** "2026-11-23T01:02:03.456Z" cut to "2026-11-23 01:02:03", or to 16 characters without
 * seconds. Static; the results of the last eight calls are valid. */
const char *cli_time(const char *rfc3339, bool seconds);

/** "3 lists", "1 list". Static; the results of the last eight calls are valid. */
const char *cli_count(uint64_t n, const char *one, const char *many);

/* ---- tables (columns.c) ---- */

struct cli_table;

/**
 * Headings, ended by CLI_END. A heading that begins with '>' has a right-aligned column, '~' a
 * column that may be cut when the terminal is too narrow.
 */
struct cli_table *cli_table_new(const struct cli *cli, const char *heading, ...)
    __attribute__((sentinel));

/** As many cells as headings; cleaned and copied. */
void cli_table_row(struct cli_table *table, ...);

/** Style of the row added last. */
void cli_table_style(struct cli_table *table, enum cli_style style);

/** Print, each line after `indent` spaces, and free. Columns that are empty in all rows are left
 * out. */
void cli_table_print(struct cli_table *table, unsigned indent);

/* ---- progress (progress.c) ---- */

struct cli_progress {
    const char *what;
    uint64_t total;  /* 0: not known */
    int64_t next_us; /* when to draw again */
    double rate;     /* items a second, 0: not shown; otherwise with the time left */
    bool on, drawn;  /* standard error is a terminal; something is drawn */
};

/** A bar on standard error, if that is a terminal; drawn if the work takes more than a moment. */
void cli_progress_begin(struct cli_progress *progress, const char *what, uint64_t total);

/** done of total octets; n items so far. */
void cli_progress_step(struct cli_progress *progress, uint64_t done, uint64_t n);

/** Wipe the bar; also before other words. */
void cli_progress_wipe(struct cli_progress *progress);

#endif
