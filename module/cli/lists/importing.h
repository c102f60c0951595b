/*
 * importing.h - entries of a reader onto a list: judged, written in batches, put in force.
 *
 * `import` and all other users of a source of entries, step by step:
 *     members "asked" set -> cli_importing_begin() -> a reader with cli_importing_hooks()
 *     -> cli_importing_end() -> cli_importing_free()
 * Without `replace` each full batch is on the list at once; with it the list changes at the end,
 * whole or not at all. With `given` the list and its parts change together (given.h).
 *
 * Threads      one
 * Memory       one batch; the names that are guarded
 * Errors       reported on standard error; the codes are those of cli.h
 */
#ifndef SW_CLI_LISTS_IMPORTING_H
#define SW_CLI_LISTS_IMPORTING_H

#include "cli/lists/given.h"
#include "cli/lists/guard.h"
#include "cli/lists/harm.h"
#include "cli/lists/refusals.h"
#include "cli/lists/staging.h"
#include "formats/formats.h"

#include <signal.h>

struct cli_importing {
    /* asked: set before the begin */
    struct cli *cli;
    const char *list;
    const char *source;                       /* name of the source, for messages */
    bool replace, dry_run, offline, no_facts; /* offline: no list, Redis is not asked */
    bool override;                       /* with `given`: every rule has the action of the list */
    bool given;                          /* each rule to the list that has its action (given.h) */
    unsigned only;                       /* bits 1 << action; 0: every action */
    unsigned max_shrink, max_growth;     /* percent; max_growth 0: any */
    struct cli_names suffixes, own, top; /* names that are permitted */
    const char *top_file;                /* or NULL */
    FILE *top_in;                        /* the same, open; NULL: opened by its name */
    uint64_t top_names;
    uint64_t max_touched; /* with `replace`: names that were resolved and that the new indicators
                             cover; UINT64_MAX: any number */
    volatile const sig_atomic_t *stop; /* not 0: interrupted */
    bool removing;                     /* the entries leave the list: no guard is asked */
    void (*divert)(void *arg, const char *text, const char *facts); /* takes accepted entries, in
                                          canonical form, instead of the list; or NULL */
    void (*divert_rule)(void *arg, const char *list, const char *text, const char *facts,
                        bool removes); /* the same with `given` */
    void *divert_arg;

    /* results */
    struct cli_outcome outcome;
    struct cli_refusals refusals;
    struct cli_progress progress;
    struct cli_diff diff;
    uint64_t accepted, fresh, allowed;
    uint64_t names[SW_FORM_COUNT], addresses, numbers, holders; /* accepted, by form and type */
    uint64_t actions[SW_ACTION_COUNT]; /* accepted that name another action than the list's */
    uint64_t written;                  /* accepted and written by now */

    /* inside */
    struct sw_policy policy;
    struct cli_guard guard_own, guard_top;
    struct cli_staging staging;
    struct cli_given rules; /* with `given` */
    char *expires;          /* end by the list's lifetime, or NULL */
    char *batch[CLI_BATCH]; /* accepted and not yet written */
    char *facts[CLI_BATCH]; /* of these; JSON text or "" */
    size_t n;
    int code; /* not CLI_OK: nothing more is written */
};

/** Connect, look the list up, load the guarded names. */
int cli_importing_begin(struct cli_importing *im);

/** The callbacks for a reader. */
struct sw_reader_hooks cli_importing_hooks(struct cli_importing *im);

/** code: how the reading went. Writes what is left, and puts a replacement in force. Says how the
 * list is left where that failed. */
int cli_importing_end(struct cli_importing *im, int code);

/** Free all but the structure itself. */
void cli_importing_free(struct cli_importing *im);

#endif
