/*
 * source.h - reading a file, standard input or a folder of MISP events through a reader of formats.
 *
 * Threads      one
 * Memory       as in formats/formats.h
 */
#ifndef SW_CLI_LISTS_SOURCE_H
#define SW_CLI_LISTS_SOURCE_H

#include "cli/output.h"
#include "formats/formats.h"

#include <signal.h>

struct cli_source {
    const char *path; /* as given; "-": standard input */
    struct sw_reader_options options;
    struct sw_reader_hooks hooks;
    struct cli_progress *progress;
    const uint64_t *taken;                      /* shown with the progress */
    const volatile sig_atomic_t *stop;          /* not 0: end early; or NULL */
    void (*piece)(void *arg);                   /* after each piece that was read; or NULL */
    void (*begin)(void *arg, const char *path); /* before each file; or NULL */
    enum sw_format format;                      /* set: that of the last file */
    bool unterminated;                          /* set: a last line had no line end */
    uint64_t lines;                             /* set: read so far of the last file */
};

/** Read all. CLI_OK; CLI_INPUT: reported. */
int cli_source_read(struct cli_source *source);

/** Value of --format and --scope; else says so and ends with CLI_USAGE. */
void cli_source_format(struct cli_source *source, const struct argp_state *state, const char *text);
void cli_source_scope(struct cli_source *source, const struct argp_state *state, const char *text);

#endif
