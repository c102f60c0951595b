/*
 * targets.h - the targets of `sinkwatch notify`, and the file that declares the targets.
 *
 * The file has the form of the settings file: "key: value" on each line. The key `target` begins a
 * target; the keys up to the next `target` belong to that target. conf/notify.conf explains each
 * key. Step by step: notify_targets_read() reads all lines, and then compares each target with the
 * keys that the target's `via` needs.
 *
 * Threads      one
 * Memory       texts belong to the targets, which live until the process ends
 * Errors       all problems of a file are reported, as "FILE:LINE: KEY: PROBLEM; ALLOWED"
 */
#ifndef SW_CLI_NOTIFY_TARGETS_H
#define SW_CLI_NOTIFY_TARGETS_H

#include "cli/cli.h"

#define NOTIFY_FILE_DEFAULT  "/etc/sinkwatch/notify.conf"
#define NOTIFY_TARGETS_MAX   16
#define NOTIFY_NAME_MAX      32 /* octets with the NUL */
#define NOTIFY_ARGUMENTS_MAX 16
#define NOTIFY_QUIET_MAX     8

/* The program, protocol or service that gets the notices of a target. */
enum notify_way {
    NOTIFY_COMMAND,
    NOTIFY_WEBHOOK,
    NOTIFY_SYSLOG,
    NOTIFY_JOURNAL,
    NOTIFY_MAIL,
    NOTIFY_WAYS,
};

/* A time of day on some days of the week, in the time zone of the host. */
struct notify_quiet {
    uint8_t days;      /* on which the time begins: bit 0 Sunday .. bit 6 Saturday */
    uint16_t from, to; /* minutes since midnight, 0..1440; to <= from: ends on the next day */
};

struct notify_target {
    char name[NOTIFY_NAME_MAX];                  /* target: also the consumer group in Redis */
    unsigned line;                               /* of the key target */
    uint32_t way;                                /* via: enum notify_way */
    char *command;                               /* command: path of a program */
    char *argument[NOTIFY_ARGUMENTS_MAX + 1];    /* argument, repeated; NULL after the last */
    char *url;                                   /* url: http or https */
    char *header_file;                           /* header-file: NULL = none */
    char *ca_file;                               /* ca-file: NULL = the system's */
    char *client_cert;                           /* client-certificate: NULL = none */
    char *socket;                                /* socket: NULL = the usual place */
    uint32_t facility;                           /* facility: of RFC 5424 6.2.1 */
    char *mail_to, *mail_from;                   /* mail-to, mail-from */
    char *sendmail;                              /* sendmail: NULL = the usual place */
    uint32_t timeout_s;                          /* timeout: for an attempt */
    uint32_t retry_s;                            /* retry-for: 0 = without end */
    char *types, *lists;                         /* words with spaces between; NULL = all */
    uint32_t severity;                           /* severity-min */
    struct notify_quiet quiet[NOTIFY_QUIET_MAX]; /* quiet, repeated */
    uint32_t quiet_n, quiet_severity;            /* quiet-severity: not held in quiet times */
    uint32_t rate_max, rate_s;                   /* rate-max in rate-seconds; 0 = no limit */
};

struct notify_targets {
    size_t n;
    struct notify_target target[NOTIFY_TARGETS_MAX];
};

/**
 * Read and validate a file; problems go to standard error.
 *
 * CLI_OK        *out has at least one target
 * CLI_INPUT     the file cannot be read
 * CLI_SETTINGS  at least one problem was reported
 */
int notify_targets_read(const char *path, struct notify_targets *out);

/** Name of a way, as after `via`. */
const char *notify_way_name(uint32_t way);

/** Parse "[DAY...] HH:MM-HH:MM" with days sun, mon, tue, wed, thu, fri, sat; no day: each. */
bool notify_quiet_parse(const char *text, struct notify_quiet *out);

#endif
