/*
 * past_rows.h - the past of a name, an address, a prefix or an AS, beside other facts.
 *
 * `sinkwatch memory` prints records as they are read. `pivot` and `report` print the history of
 * listed names, and beside the history a limited number of records of the memory, marked as such:
 *     cli_past_rows()    from the files of a folder that are open
 *     cli_past_ask()     opens the folder, or asks all live resolvers
 *
 * Threads      one
 * Memory       at most `max` records; of a fleet all answers meanwhile (fleet_past.h)
 * Decision     D-166
 */
#ifndef SW_CLI_PAST_PAST_ROWS_H
#define SW_CLI_PAST_PAST_ROWS_H

#include "base/indicator.h"
#include "cli/output.h"
#include "memory/memory.h"
#include "owner/owner.h"

/* Records with an address in an AS: a filter for a search of all addresses. */
struct cli_past_as {
    const struct sw_owners *owners;
    uint32_t asn;
    struct sw_addr addr; /* the last address, and the judgement */
    bool in;
};

/** Whether a record has an address in the AS. Opens an RCU section. */
bool cli_past_in_as(struct cli_past_as *as, const struct sw_sighting *sighting);

struct cli_past_search {
    const char *folder;             /* the files; NULL: the memories of all live resolvers */
    const char *text;               /* the name, address, prefix or AS as text */
    struct sw_indicator what;       /* the same; a holder has no records */
    const struct sw_owners *owners; /* for an AS and a folder */
    uint64_t since, until;          /* seconds since 1970; until 0 = no end */
    size_t max;                     /* records */
    uint32_t seconds;               /* to wait for resolvers */
};

/** Append records to an array, as `sinkwatch --json memory` prints them, up to `max` elements;
 * *more: there were others. SW_OK; results as sw_past_ask(). */
enum sw_status cli_past_rows(struct sw_past *past, const struct cli_past_search *search,
                             json_t *records, bool *more);

/**
 * Ask, and put into *out an object: source ("folder FOLDER" or "resolvers"), records, each with the
 * member of cli_facts_put(), and more.
 *
 * CLI_OK, also without a record; else reported, and *out is NULL: CLI_INPUT, CLI_REDIS, CLI_NONE. A
 * resolver that did not answer is reported, and the others' records are there.
 */
int cli_past_ask(struct cli *cli, const struct cli_past_search *search, json_t **out);

/** Print the object of cli_past_ask() as a title and a table. */
void cli_past_print(struct cli *cli, const json_t *past);

#endif
