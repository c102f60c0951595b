/*
 * cli.h - the sinkwatch command: the part that all sub-commands share.
 *
 * main.c reads the global options and looks up the sub-command. The sub-command's function reads
 * more options with cli_parse(), opens Redis with cli_connect(), works, prints for people or with
 * --json for programs, and returns the exit code. `sinkwatch add carbanak example.net`,
 * step by step:
 *     cli_dispatch()    global options, the word "add"
 *     cli_add()         cli_parse() -> cli_connect() -> cli_list_kind() -> change -> cli_report()
 *
 * Threads      one
 * Memory       a run is short: the end of the process frees long-lived memory; without memory the
 *              command ends (cli_alloc())
 * Errors       on standard error, never on standard output: the thing, the place, the reason, the
 *              remedy. "Reported" behind a result means that this message was written
 * Security     text from Redis, from the DNS or from a file is printed without control characters
 */
#ifndef SW_CLI_CLI_H
#define SW_CLI_CLI_H

#include "base/settings.h"
#include "base/status.h"
#include "redis/redis.h"

#include <argp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum cli_exit {
    CLI_OK = 0,
    CLI_NONE = 1,     /* nothing was found, or nothing was done */
    CLI_USAGE = 2,    /* wrong options or words */
    CLI_REDIS = 3,    /* Redis cannot be reached, or answered with an error */
    CLI_SETTINGS = 4, /* the settings file has problems */
    CLI_TIMEOUT = 5,  /* --wait: not every resolver has reported in time */
    CLI_PARTLY = 6,   /* done, but for items that were refused */
    CLI_INPUT = 7,    /* a file cannot be read, or is not what was to be read */
    CLI_FAULT = 8,    /* doctor: something is broken */
    CLI_MEMORY = 10,  /* the process of a feed's run, for the service: out of memory */
    CLI_LISTEN = 9,   /* a server cannot listen now: the port is taken, the address not there yet */
};

struct cli {
    struct sw_settings settings;     /* after cli_settings() */
    const char *settings_path;       /* the file of the settings */
    struct sw_redis *redis;          /* after cli_connect() */
    const char *config;              /* --config, or NULL */
    const char *socket, *host;       /* --socket, --host, or NULL */
    uint16_t port;                   /* --port, or 0 */
    uint32_t patience_ms;            /* redis-timeout at least, for work that takes long; or 0 */
    const char *fence_key;           /* or NULL: cli_begin() of cli/lists/edit.h */
    const char *fence;               /* the value that this key has to have */
    struct cli_staging *staging;     /* for settle() */
    void (*settle)(struct cli *cli); /* or NULL: takes the replies that are on the way */
    uint64_t entries;                /* of content, for the change stream, so far */
    bool json;                       /* --json */
    bool color;                      /* standard output takes colours */
};

/* ---- options and words (args.c) ---- */

/* Words and options of a sub-command. */
struct cli_usage {
    const char *words;                 /* "LIST INDICATOR...", for --help */
    const char *doc;                   /* for --help: text before the options, '\v', text after */
    const struct argp_option *options; /* ended by {0}; NULL: global options only */
    argp_parser_t parser;              /* of these; input is `own` below */
    const struct argp_child *children; /* more options, or NULL; the parser sets their inputs */
    int min, max;                      /* how many words; max < 0: any number */
};

/** The text of --help that a function writes; the caller frees the text. Ends the process without
 * memory. */
char *cli_doc(void (*write)(FILE *out));

/**
 * Read options and words of a sub-command; global options may stand in between. Ends the process
 * for --help (0), --version (0) and mistakes (CLI_USAGE).
 *
 * own    input of usage->parser
 * words  set to the words, in order; owned by the process
 * Returns the number of words.
 */
int cli_parse(struct cli *cli, const struct cli_usage *usage, void *own, int argc, char **argv,
              char ***words);

struct cli_command {
    const char *name;
    const char *brief; /* a line for --help */
    int (*run)(struct cli *cli, int argc, char **argv);
};

/**
 * Read global options up to the first word and run the command of that name; argv[0] is the name
 * for --help. Without a word `alone` runs; NULL: a word is required. Returns the exit code.
 * commands is ended by a member without name.
 */
int cli_dispatch(struct cli *cli, const struct cli_usage *usage, const struct cli_command *commands,
                 int (*alone)(struct cli *cli), int argc, char **argv);

/** A span of time for an option, in seconds: digits, then s, m, h, d or w; 0; at most ten years;
 * else says so and ends with CLI_USAGE. */
uint64_t cli_span(const struct argp_state *state, const char *option, const char *text);

/** A time for an option, in seconds since 1970: such seconds, "2026-03-02", RFC 3339, or a span
 * such as 7d before now; else says so and ends with CLI_USAGE. */
uint64_t cli_time_ago(const struct argp_state *state, const char *option, const char *text);

/** A whole number in min..max for an option; else says so and ends with CLI_USAGE. */
uint64_t cli_number(const struct argp_state *state, const char *option, const char *text,
                    uint64_t min, uint64_t max);

/** Whether two words are alike, so that the second is a good suggestion for the first. */
bool cli_alike(const char *a, const char *b);

/* ---- settings and Redis (connect.c) ---- */

/** Read the settings; CLI_OK or CLI_SETTINGS, reported. A missing default file means defaults. */
int cli_settings(struct cli *cli);

/** Put --socket, --host and --port into the settings. */
void cli_override(struct cli *cli);

/** Settings, and a connection that is not open yet. CLI_OK, CLI_SETTINGS or CLI_REDIS, reported. */
int cli_prepare(struct cli *cli);

/** Settings, then Redis. CLI_OK, CLI_SETTINGS or CLI_REDIS, reported. */
int cli_connect(struct cli *cli);

/** Report a failure of Redis and return CLI_REDIS. reply: an error of the server, freed here, or
 * NULL when the connection failed. */
int cli_redis_failed(struct cli *cli, redisReply *reply);

/** Arguments of a command of Redis, of any number and any octets; borrowed. */
struct cli_argv {
    const char **word;
    size_t *len;
    int n, max;
};

/** Add a word; borrowed as long as the arguments are used. */
void cli_argv_add(struct cli_argv *argv, const char *word);
void cli_argv_add_n(struct cli_argv *argv, const char *word, size_t len);

/** Forget all words; the arguments are empty then. */
void cli_argv_free(struct cli_argv *argv);

#define CLI_END ((const char *)NULL) /* after the last word */

/** Send a command; words ended by CLI_END. Returns a reply of the command's shape (shape.h), or
 * NULL after an error message. */
redisReply *cli_ask(struct cli *cli, const char *word, ...) __attribute__((sentinel));

/** The same for arguments that were collected. */
redisReply *cli_ask_argv(struct cli *cli, const struct cli_argv *argv);

/** Queue a command of a pipeline, for cli_reply(). false: connection lost, not reported yet. */
bool cli_queue(struct cli *cli, const char *word, ...) __attribute__((sentinel));
bool cli_queue_argv(struct cli *cli, const struct cli_argv *argv);

/** Next reply of the pipeline, of the given shape (shape.h). NULL after an error message. */
redisReply *cli_reply(struct cli *cli, const char *shape);

/** Some fields of a hash, each followed by the value. Any code but CLI_OK ends the scan. */
typedef int (*cli_fields_fn)(void *arg, const redisReply *fields);

/** Scan a hash, a chunk at a time; HSCAN may return fields of a changing hash twice. Returns the
 * code that ended the scan, CLI_OK at the end of the hash, or CLI_REDIS (reported). */
int cli_scan(struct cli *cli, const char *key, cli_fields_fn take, void *arg);

/** A key under the prefix: formats the suffix, e.g. "list:%s"; a single copy of each key is kept
 * until the process ends. */
const char *cli_key(struct cli *cli, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** Free the copies of all keys: for a process that runs on, between two tasks. */
void cli_keys_forget(void);

/* ---- sub-commands ---- */

/** Each reads argv as main() does and returns the exit code. */
int cli_list(struct cli *cli, int argc, char **argv);
int cli_list_show(struct cli *cli, int argc, char **argv);
int cli_list_set(struct cli *cli, int argc, char **argv);
int cli_list_drop(struct cli *cli, int argc, char **argv);
int cli_add(struct cli *cli, int argc, char **argv);
int cli_remove(struct cli *cli, int argc, char **argv);
int cli_import(struct cli *cli, int argc, char **argv);
int cli_export(struct cli *cli, int argc, char **argv);
int cli_rollback(struct cli *cli, int argc, char **argv);
int cli_setup(struct cli *cli, int argc, char **argv);
int cli_check(struct cli *cli, int argc, char **argv);
int cli_sweep(struct cli *cli, int argc, char **argv);
int cli_pivot(struct cli *cli, int argc, char **argv);
int cli_memory(struct cli *cli, int argc, char **argv);
int cli_hunt(struct cli *cli, int argc, char **argv);
int cli_report_page(struct cli *cli, int argc, char **argv);
int cli_top(struct cli *cli, int argc, char **argv);
int cli_events(struct cli *cli, int argc, char **argv);
int cli_anomalies(struct cli *cli, int argc, char **argv);
int cli_notify(struct cli *cli, int argc, char **argv);
int cli_status(struct cli *cli, int argc, char **argv);
int cli_checkconf(struct cli *cli, int argc, char **argv);
int cli_doctor(struct cli *cli, int argc, char **argv);
int cli_feed(struct cli *cli, int argc, char **argv);
int cli_metrics(struct cli *cli, int argc, char **argv);
int cli_help(struct cli *cli, int argc, char **argv);
int cli_version(struct cli *cli, int argc, char **argv);
int cli_web(struct cli *cli, int argc, char **argv);

#endif
