/*
 * lease.h - the right to do something alone, in the whole fleet, for a limited time.
 *
 * A lease is a key of Redis with a random value and a time to live. A run of a feed holds the lease
 * of the feed, which fences all writes of the run (cli_begin() of cli/lists/edit.h): as soon as the
 * lease has ended, or another process holds the lease, Redis carries out no write of the former
 * holder. The service holds a further lease, so that a second service stands by.
 *
 * Threads      one
 * Reliability  a holder that is killed, or cut off from Redis, loses the lease at its end
 * Decision     D-171
 */
#ifndef SW_CLI_FEED_LEASE_H
#define SW_CLI_FEED_LEASE_H

#include "cli/cli.h"

#include <sys/types.h>

#define CLI_LEASE_HOLDER_MAX 300

struct cli_lease {
    const char *key; /* under the prefix */
    char value[CLI_LEASE_HOLDER_MAX];
    uint32_t life_ms;
    int64_t renewed_us; /* on the monotonic clock, before the last command that renewed */
};

/**
 * Take the lease of a key.
 * CLI_OK; CLI_NONE: another process holds the lease, `holder` is set, nothing is reported;
 * CLI_REDIS: reported.
 */
int cli_lease_take(struct cli_lease *lease, struct cli *cli, const char *key, uint32_t life_ms,
                   char holder[CLI_LEASE_HOLDER_MAX]);

/** Renew the lease when a third of its life has gone, for life_ms from now. CLI_OK; CLI_NONE: the
 * lease is lost; CLI_REDIS: reported. */
int cli_lease_keep(struct cli_lease *lease, struct cli *cli);

/** Renew the lease at once, with another life. Results as cli_lease_keep(). */
int cli_lease_extend(struct cli_lease *lease, struct cli *cli, uint32_t life_ms);

/** Take over the lease that a process of this machine held when it died. CLI_OK; CLI_NONE: another
 * process holds the lease, or none does; CLI_REDIS: reported. */
int cli_lease_inherit(struct cli_lease *lease, struct cli *cli, const char *key, pid_t pid,
                      uint32_t life_ms);

/** Give the lease up. */
void cli_lease_drop(struct cli_lease *lease, struct cli *cli);

#endif
