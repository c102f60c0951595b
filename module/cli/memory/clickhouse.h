/*
 * clickhouse.h - statements for a ClickHouse server, over HTTP.
 *
 * The tables are those of conf/clickhouse.sql. A statement that fails for a reason that passes (no
 * connection, an overloaded server) is tried again after a pause, some times.
 *
 * Threads      one
 * Security     certificates are checked, no redirection is followed; the password is read from a
 *              file and is in no message
 * Standards    ClickHouse's HTTP interface, from 18.16 on; D-164
 */
#ifndef SW_CLI_MEMORY_CLICKHOUSE_H
#define SW_CLI_MEMORY_CLICKHOUSE_H

#include "base/name.h"
#include "cli/output.h"

#include <stdio.h>

struct cli_clickhouse {
    const char *url;           /* http://HOST:8123 or https://HOST:8443 */
    const char *database;      /* NULL: "default" */
    const char *user;          /* NULL: the server's default user */
    const char *password_file; /* NULL: none */
    const char *ca_file;       /* NULL: the system's */
    char password[256];
    char why[512]; /* of the last failure, for people */
};

/** Keys of the options below. */
enum {
    CLI_CLICKHOUSE_URL = 760,
    CLI_CLICKHOUSE_DATABASE,
    CLI_CLICKHOUSE_USER,
    CLI_CLICKHOUSE_PASSWORD,
    CLI_CLICKHOUSE_CA
};

#define CLI_CLICKHOUSE_OPTIONS                                                                     \
    {"database", CLI_CLICKHOUSE_DATABASE, "NAME", 0, "of ClickHouse (default: default)", 0},       \
        {"user", CLI_CLICKHOUSE_USER, "NAME", 0, "of ClickHouse", 0},                              \
        {"password-file", CLI_CLICKHOUSE_PASSWORD, "FILE", 0, "with the password of --user", 0},   \
    {                                                                                              \
        "ca-file", CLI_CLICKHOUSE_CA, "FILE", 0, "certificates to trust in place of the system's", \
            0                                                                                      \
    }

/** Parse one of the options: 0, or ARGP_ERR_UNKNOWN. */
error_t cli_clickhouse_parse(struct cli_clickhouse *clickhouse, int key, char *arg,
                             struct argp_state *state);

/** Judge the options and read the password. CLI_OK, or an exit code after an error message. */
int cli_clickhouse_prepare(struct cli_clickhouse *clickhouse);

/** Takes a line of an answer, without the line end. False: the answer is not as expected. */
typedef bool cli_clickhouse_line_fn(void *arg, const char *line, size_t len);

/**
 * Run a statement.
 *
 * body  what follows an INSERT, of body_len octets; NULL: nothing
 * take  NULL: the answer must be empty. An attempt that fails after lines were taken is the last
 *
 * True; false with clickhouse->why.
 */
bool cli_clickhouse_run(struct cli_clickhouse *clickhouse, const char *sql, const char *body,
                        size_t body_len, cli_clickhouse_line_fn *take, void *arg);

/** The text of conf/clickhouse.sql. */
extern const char cli_clickhouse_schema[];

/** Text as a literal of SQL, between quotes. */
void cli_clickhouse_literal(FILE *out, const char *text);

/** The labels of a name from the right, "net.example.www."; returns text. */
char *cli_clickhouse_reversed(const uint8_t *wire, char text[SW_NAMETEXT_MAX + 1]);

/** A condition on a column with names from the right: the name alone, or the names below too. */
void cli_clickhouse_names(FILE *out, const char *column, const uint8_t *wire, bool below);

/** The condition that a row is of a file that counts. */
#define CLI_CLICKHOUSE_LIVE                                                                        \
    "(source, file) IN (SELECT source, file FROM sinkwatch_files GROUP BY source, file "           \
    "HAVING argMax(live, at) = 1)"

#endif
