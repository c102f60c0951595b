/*
 * fleet_past.h - an inquiry to the memories of all live resolvers, over Redis.
 *
 *     XADD {prefix}:memory:inquiries, then the hash {prefix}:memory:answers:<id> until each live
 *     resolver with a memory has answered, or the time is over. Equal records of several resolvers
 *     become one: the earliest first time, the latest last time, the sum of the counts.
 *
 * Threads      one
 * Memory       all records of the answers: SW_INQUIRY_LIMIT for each resolver at most
 * Interface    module/REDIS.md, "Inquiries to the memory"; D-163
 */
#ifndef SW_CLI_PAST_FLEET_PAST_H
#define SW_CLI_PAST_FLEET_PAST_H

#include "cli/output.h"
#include "journal/inquiry.h"

struct cli_fleet {
    const char *what; /* as the user wrote it */
    struct sw_inquiry inquiry;
    uint32_t seconds; /* to wait for answers */
};

/** Takes a merged record with the ids of the resolvers that have the record (array of text),
 * borrowed during the call. Any code but SW_OK ends the calls. */
typedef enum sw_status cli_fleet_fn(void *arg, const struct sw_sighting *sighting,
                                    json_t *resolvers);

/**
 * Ask, merge, and report the records sorted by name, type and data. Resolvers that did not answer,
 * or whose answer is not whole, are named on standard error.
 *
 * CLI_OK; CLI_TIMEOUT: a resolver did not answer; CLI_PARTLY: an answer is not whole; CLI_NONE
 * after an error message: no live resolver keeps a memory; CLI_REDIS after an error message.
 */
int cli_fleet_ask(struct cli *cli, const struct cli_fleet *fleet, cli_fleet_fn *take, void *arg);

#endif
