/*
 * pivot_range.h - addresses of the history by prefix, AS number, holder, class or country.
 *
 * The history in Redis has a key for each name and each address, and no order by owner. But Redis
 * also has the set of tracked addresses: all addresses that listed and watched names led to, up to
 * tracked-addresses-max. pivot_range_find() reads the set, looks up the owner of each address in
 * the MMDB files of the settings, and keeps the addresses that the question is about. So the owners
 * are the present owners; the history has the owner at the time of the sight.
 *
 * A server that answers others meanwhile has pivot_range_look() instead: a part of the set, the
 * addresses seen last first, up to a number of looks or finds. The next look goes on from there.
 *
 * Threads      one; opens RCU sections
 * Memory       all found addresses
 * Cost         a look-up for each tracked address
 * Decisions    D-130, D-224
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

/* A look at a part of the tracked addresses. */
struct pivot_look {
    size_t from;     /* set before: addresses to pass over; 0: begin with the one seen last */
    size_t most;     /* set before: addresses to find */
    size_t looks;    /* set before: addresses to look at */
    size_t next;     /* where the next look begins, 0: nothing is left to look at */
    size_t tracked;  /* addresses in the set, where it was read in order of time; else 0 */
    size_t in_range; /* addresses found, where each one of the range was asked for; else 0 */
};

#define PIVOT_EACH 4096

/** Some of the addresses that `what` covers, seen last first. Each address of a prefix of at most
 * PIVOT_EACH addresses is asked for, so a look finds all. CLI_OK; CLI_REDIS or CLI_NONE as above.
 * The caller frees range->place. */
int pivot_range_look(struct cli *cli, const struct sw_indicator *what, struct pivot_look *look,
                     struct pivot_range *range);

#endif
