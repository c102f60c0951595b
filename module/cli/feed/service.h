/*
 * service.h - the service that runs all feeds when they are due: `sinkwatch feed run --daemon`.
 *
 * A service that holds the lease P:feeds:lease leads: each second it reads definitions and times,
 * and starts a process for each feed that is due, `jobs` at a time. Without the lease it stands by,
 * and asks for the lease each second. A notice of a source (NOTIFY) makes its feed due at once.
 *
 * Threads      one; a process for each run, so that a crash in a parser costs a run
 * Memory       the definitions; each run as in apply.h
 * Reliability  a run that died is noted as a failure; while Redis is away nothing runs, and the
 *              service connects again; after SIGTERM the runs end, and so does the lease
 * Decision     D-171
 */
#ifndef SW_CLI_FEED_SERVICE_H
#define SW_CLI_FEED_SERVICE_H

#include "cli/feed/run.h"

#define CLI_JOBS_MAX     64
#define CLI_JOBS_DEFAULT 4
#define CLI_LEASE_S      15 /* default life of the lease */

struct cli_service_asked {
    struct cli_run run;
    unsigned jobs;
    uint32_t lease_s;
    const char *listen; /* HOST:PORT for notices, or NULL */
};

/** Serve until *asked->run.stop. CLI_OK; CLI_USAGE: cannot listen (reported). */
int cli_feed_serve(struct cli *cli, const struct cli_service_asked *asked);

#endif
