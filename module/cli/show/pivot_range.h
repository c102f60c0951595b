/*
 * pivot_range.h - addresses of the history by prefix, AS number, holder, class or country.
 *
 * The history in Redis has a key for each name and each address, and no order by owner. But Redis
 * also has the set of tracked addresses: all addresses that listed and watched names led to, up to
 * tracked-addresses-max. pivot_range_find() reads the set, looks up the owner of each address in
 * the MMDB files of the settings, and keeps the addresses that the question is about. So the owners
 * are those of now; the history says the owner at the time of the sight.
 *
 * Threads      one; opens RCU sections
 * Memory       all found addresses
 * Cost         a look-up for each tracked address
 * Decision     D-130
 */
#ifndef SW_CLI_SHOW_PIVOT_RANGE_H
#define SW_CLI_SHOW_PIVOT_RANGE_H

#include "base/indicator.h"
#include "cli/cli.h"

struct pivot_place {
    struct sw_addr addr;
    double last_s; /* seen last, seconds since 1970 */
};

struct pivot_range {
    size_t n, room;
    struct pivot_place *place; /* seen last comes first */
    uint64_t odd;              /* members of the set that are no address */
};

/** Whether a question stands for more than an address or a name. */
bool pivot_is_range(const struct sw_indicator *what);

/** The tracked addresses that `what` covers. CLI_OK; CLI_REDIS or CLI_NONE (no database is open
 * that could answer): reported. The caller frees range->place. */
int pivot_range_find(struct cli *cli, const struct sw_indicator *what, struct pivot_range *range);

#endif
