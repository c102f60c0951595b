/*
 * doctor.h - sinkwatch doctor: each part of an installation that can be broken, looked at in turn.
 *
 * doctor.c reads the options, runs the groups of checks in the order of a query's needs, and prints
 * the findings. A group, step by step:
 *     doctor_unbound()   the program, its options, unbound.conf, the module and its build
 *     doctor_settings()  the settings file as Unbound's user reads the file, MMDB files, folders
 *     doctor_host()      AppArmor, systemd, clock
 *     doctor_redis()     server, rights, lists, the report of this resolver
 *     doctor_services()  the units beside the resolver: settings, secrets, rights; feeds
 *     doctor_canary()    a listed name, asked of the resolver
 *
 * A finding has an id ("redis.rights"), a state, the reason, and the command that mends the fault.
 * A check never changes anything: rights in Redis are tried inside a transaction that is discarded.
 *
 * Threads      one; a child process takes the place of Unbound's user (doctor_run.c)
 * Memory       findings live until the end of the run
 * Security     text of other programs and of Redis is cleaned before it is printed
 * Decisions    D-182, D-217
 */
#ifndef SW_CLI_DOCTOR_DOCTOR_H
#define SW_CLI_DOCTOR_DOCTOR_H

#include "cli/output.h"
#include "flow/stage.h"

#include <sys/types.h>

#define DOCTOR_OUTPUT_MAX 65536 /* octets kept of a program's output; unbound -V has about 2,000 */

enum doctor_state { DOCTOR_OK, DOCTOR_WARNING, DOCTOR_FAILURE, DOCTOR_STATES };

struct doctor {
    struct cli *cli;
    /* options; NULL: not given */
    const char *unbound;     /* program */
    const char *conf;        /* unbound.conf */
    const char *unit;        /* unit of systemd */
    const char *system_root; /* folder that stands for / in doctor_host() */
    const char *resolver;    /* ADDRESS[@PORT] */
    const char *canary;      /* name */
    /* found by doctor_unbound() */
    char *version, *configured; /* of the program; NULL: not known */
    char *chroot, *user;        /* of unbound.conf: "" means none; NULL: not known */
    char *listens;              /* first interface of unbound.conf, or NULL */
    char *modules;              /* module-config, or NULL */
    bool settings_read;         /* cli->settings is filled */
    bool redis_open;            /* cli->redis is connected */
    json_t *findings;
    unsigned count[DOCTOR_STATES];
};

/** Add a finding. remedy: a command, or a line for a settings file; NULL with DOCTOR_OK. The format
 * gives the reason. Texts are copied. */
void doctor_say(struct doctor *d, enum doctor_state state, const char *id, const char *remedy,
                const char *format, ...) __attribute__((format(printf, 5, 6)));

/** Text for a remedy or a path. Static; the results of the last eight calls are valid. */
const char *doctor_words(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* ---- groups of checks ---- */

/** Program, unbound.conf and module. Fills the members "found by doctor_unbound()". */
void doctor_unbound(struct doctor *d);

/** The settings file, into cli->settings, and the files and folders that it names. */
void doctor_settings(struct doctor *d);

/** The memory of past records, and the reader of dnstap messages. */
void doctor_memory(struct doctor *d);

/** AppArmor, systemd, clock. */
void doctor_host(struct doctor *d);
void doctor_apparmor(struct doctor *d);

/** Redis with the settings' user. Nothing is done without settings. */
void doctor_redis(struct doctor *d);

/** Say why a connection with the settings of cli did not open. */
void doctor_not_reached(struct doctor *d, const struct cli *cli, const struct sw_redis *redis,
                        const char *id);

/** Try each right of a role of conf/users.acl ("resolver", "subscriber", "notifier", "sweep",
 * "reader") on the open connection of cli. */
void doctor_rights(struct doctor *d, struct cli *cli, const char *id, const char *role,
                   const char *remedy);

/** The services beside the resolver that are in use on this host, then the feeds in Redis. */
void doctor_services(struct doctor *d);

/** The feeds in Redis, on the open connection of cli. here: their service is in use on this host,
 * so that the files that feeds name are here. No finding where the user may not read feeds. */
void doctor_feeds(struct doctor *d, struct cli *cli, bool here);

/** The lists, and the question for a listed name. */
void doctor_canary(struct doctor *d);

/* ---- programs and users (doctor_run.c) ---- */

/** Path of a program: name itself if it has a slash, else the first in PATH and the folders for
 * administrators. Allocated; NULL: there is none. */
char *doctor_find(const char *name);

/**
 * Run a program without a shell; at most ten seconds.
 *
 * argv    ended by NULL; argv[0] is the path
 * output  set to standard output and error, allocated, cut after DOCTOR_OUTPUT_MAX octets
 * Returns the exit status; -1: not started, ended by a signal, or stopped after the time.
 */
int doctor_run(const char *const *argv, char **output);

enum doctor_may { DOCTOR_MAY, DOCTOR_MAY_NOT, DOCTOR_UNKNOWN };

/** Whether Unbound's user may use a path (R_OK, W_OK, X_OK of access()). DOCTOR_UNKNOWN: this
 * process is neither root nor that user. why: set to the reason for DOCTOR_MAY_NOT, static. */
enum doctor_may doctor_may(const struct doctor *d, const char *path, int mode, const char **why);

/** The same for another user; NULL or "": the user of this process. */
enum doctor_may doctor_may_as(const char *name, const char *path, int mode, const char **why);

/** Whether a user without any group on this host may read a file. */
bool doctor_open_to_all(const char *path);

/** A path as Unbound sees the path: below the chroot of unbound.conf. Static, as doctor_words(). */
const char *doctor_inside(const struct doctor *d, const char *path);

/* ---- units of systemd (doctor_run.c) ---- */

/* Values of `systemctl show`, in the order of the names in doctor_unit_read(). */
enum doctor_unit_value {
    DOCTOR_LOAD_STATE,
    DOCTOR_ACTIVE_STATE,
    DOCTOR_SUB_STATE,
    DOCTOR_UNIT_FILE_STATE,
    DOCTOR_RESULT,
    DOCTOR_EXIT_STATUS,
    DOCTOR_USER,
    DOCTOR_ENVIRONMENT,
    DOCTOR_EXEC_START,
    DOCTOR_PROTECT_SYSTEM,
    DOCTOR_READ_WRITE_PATHS,
    DOCTOR_PROTECT_HOME,
    DOCTOR_PRIVATE_TMP,
    DOCTOR_ADDRESS_FAMILIES,
    DOCTOR_UNIT_VALUES,
};

struct doctor_unit {
    char *value[DOCTOR_UNIT_VALUES]; /* allocated; "": not there */
};

/** Read a unit; false: there is no such unit, or no systemd. To be freed in both cases. */
bool doctor_unit_read(const char *name, struct doctor_unit *unit);
void doctor_unit_free(struct doctor_unit *unit);

/** The settings file that the environment of a unit names, or the default one. Static, as
 * doctor_words(). */
const char *doctor_unit_settings(const struct doctor_unit *unit);

/* ---- files (doctor_files.c) ---- */

/* Problems of a file of settings or classes: how many, and the first one. */
struct doctor_problems {
    unsigned n;
    char first[SW_WHY_MAX];
};

/** A sw_settings_error_fn for struct doctor_problems. */
void doctor_note_problem(void *arg, const char *message);

/** Whether a file can be read by Unbound's user, inside the chroot; says so if not. */
bool doctor_readable(struct doctor *d, const char *id, const char *path);

/** Say so where every user of this host may read a file with a secret. content: "a password". */
void doctor_secret(struct doctor *d, const char *id, const char *path, const char *content);

/** A folder that Unbound's user writes to. wanted: MiB that may still be written there, by `key` of
 * the settings; 0: not known. */
void doctor_folder(struct doctor *d, const char *id, const char *path, uint64_t wanted,
                   const char *key);

/** The folder above a path; allocated. */
char *doctor_above(const char *path);

/* ---- the canary's answer (doctor_answer.c) ---- */

/**
 * Judge the answer to the canary's question for A.
 *
 * packet, len  DNS message (RFC 1035 4), of any octets
 * Returns NULL if the answer is as the verdict says, else the difference in words. Static.
 */
const char *doctor_judge_answer(const struct sw_verdict *verdict, const uint8_t *packet,
                                size_t len);

#endif
