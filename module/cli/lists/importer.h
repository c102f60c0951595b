/*
 * importer.h - reading indicators out of a text file, line by line; no Redis, no output.
 *
 * plain  an indicator on each line: example.net, =example.net, *.example.net, 192.0.2.0/24, AS64500
 * hosts  "0.0.0.0 name name ...", as in /etc/hosts: each name becomes =name, since a hosts file
 *        says
 *        nothing about names below
 * auto   hosts if the first line with content begins with an address that something follows
 *
 * In both, '#' and ';' begin a comment, at the start of a line or after the content; CR LF line
 * ends, a byte order mark, upper case, a final dot and names in Unicode are understood. Each
 * refused item is reported, and the other items are taken.
 *
 * A file, step by step: cli_importer_init(), then cli_importer_line() for each line.
 *
 * Threads      pure functions
 * Memory       none allocated
 * Security     lines may hold any octets and be of any length
 * Decision     D-010
 */
#ifndef SW_CLI_LISTS_IMPORTER_H
#define SW_CLI_LISTS_IMPORTER_H

#include "base/indicator.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum cli_format { CLI_FORMAT_AUTO, CLI_FORMAT_PLAIN, CLI_FORMAT_HOSTS };

struct cli_importer {
    enum cli_format format; /* AUTO until the first line with content */
    uint64_t line;          /* number of the line read last, from 1 */
    void *arg;
    /* An indicator; text is the text in the file. */
    void (*take)(void *arg, const struct sw_indicator *indicator, const char *text, size_t len);
    /* A refused item. */
    void (*refuse)(void *arg, const char *text, size_t len, const char *why);
};

/** Start a file. take and refuse are called from cli_importer_line(). */
void cli_importer_init(struct cli_importer *importer, enum cli_format format);

/** Judge a line, with or without a line end. */
void cli_importer_line(struct cli_importer *importer, const char *line, size_t len);

/** "auto", "plain", "hosts"; SW_ENOTFOUND. */
enum sw_status cli_format_parse(const char *text, enum cli_format *out);

/** The name of a format; static. */
const char *cli_format_name(enum cli_format format);

#endif
