/*
 * past_words.h - options and messages that the sub-commands of the memory share.
 *
 * Threads      one
 */
#ifndef SW_CLI_PAST_PAST_WORDS_H
#define SW_CLI_PAST_PAST_WORDS_H

#include "cli/output.h"
#include "memory/memory.h"

/* Options of a search. */
struct cli_past {
    const char *folder; /* --folder, or NULL: memory-folder of the settings */
    uint64_t since, until, limit;
    uint16_t type;
    bool cof;
};

/** Keys of the options below, for tables of options of the sub-commands. */
enum {
    CLI_PAST_FOLDER = 700,
    CLI_PAST_TYPE,
    CLI_PAST_SINCE,
    CLI_PAST_UNTIL,
    CLI_PAST_LIMIT,
    CLI_PAST_COF,
    CLI_PAST_OWN /* the first key for options of one sub-command */
};

#define CLI_PAST_FOLDER_OPTION                                                                     \
    {                                                                                              \
        "folder", CLI_PAST_FOLDER, "FOLDER", 0,                                                    \
            "the files (default: memory-folder of the "                                            \
            "settings)",                                                                           \
            0                                                                                      \
    }

/** Parse one of the options: 0, or ARGP_ERR_UNKNOWN. */
error_t cli_past_parse(struct cli_past *past, int key, char *arg, struct argp_state *state);

/** The folder of the memory; NULL after an error message. */
const char *cli_past_folder(struct cli *cli, const struct cli_past *past);

/** Open the files. CLI_OK, or an exit code after an error message. */
int cli_past_open(struct cli *cli, const struct cli_past *past, struct sw_past **out);

/** Report a failure of the store; the exit code. */
int cli_past_failed(const char *folder, enum sw_status status);

/** "2026-03-02 10:20:30" for seconds since 1970, or RFC 3339. Static; the last eight are valid. */
const char *cli_past_time_text(uint64_t seconds, bool rfc3339);

/** A record as `sinkwatch --json memory` prints one. */
json_t *cli_sighting_json(const struct sw_sighting *sighting);

/** Set by Ctrl-C after cli_past_catch(): for the stop flags of the store. */
extern atomic_bool cli_past_stop;

/** Catch SIGINT and SIGTERM. fd: an input that ends with the signal, or -1. */
void cli_past_catch(int fd);

/** The sub-commands of `sinkwatch memory`, as main() calls a sub-command. */
int cli_past_export(struct cli *cli, int argc, char **argv);
int cli_past_import(struct cli *cli, int argc, char **argv);
int cli_past_forget(struct cli *cli, int argc, char **argv);
int cli_past_send(struct cli *cli, int argc, char **argv);
int cli_past_status(struct cli *cli, int argc, char **argv);

#endif
