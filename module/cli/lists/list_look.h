/*
 * list_look.h - the look ahead of `list set`: the names that the indicators of a list cover, of
 * those that were resolved in the last days by this resolver.
 *
 * Threads      one
 * Memory       as preview.h
 * Decision     D-235
 */
#ifndef SW_CLI_LISTS_LIST_LOOK_H
#define SW_CLI_LISTS_LIST_LOOK_H

#include "base/policy.h"
#include "cli/lists/preview.h"

struct cli_list_look {
    bool preview;  /* show, and write nothing */
    uint64_t days; /* seen in so many days before now */
    uint64_t most; /* names that a policy which changes answers may cover; UINT64_MAX: any number */
};

/** Look for a list that is to have this policy; the name stands in the policy. *touched: for a
 * preview with --json an object, else NULL. CLI_OK; CLI_NONE (too many names were resolved),
 * CLI_SETTINGS, CLI_INPUT, CLI_REDIS; reported. */
int cli_list_look(struct cli *cli, const struct sw_policy *policy, const struct cli_list_look *look,
                  json_t **touched);

#endif
