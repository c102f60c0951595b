/*
 * ownership.h - the owner of an address by the MMDB files of the settings, in words and JSON.
 *
 * Threads      one; opens an RCU section
 */
#ifndef SW_CLI_SHOW_OWNERSHIP_H
#define SW_CLI_SHOW_OWNERSHIP_H

#include "cli/cli.h"
#include "owner/owner.h"

#include <jansson.h>

/** Open the databases of the settings; a database that does not open is reported and left out.
 * Never NULL; for the life of the process. */
const struct sw_owners *cli_owners(struct cli *cli);

/** Open databases, and tables of classes and top names, again whose files changed: for a process
 * that runs on. */
void cli_owners_refresh(void);

/** "name", and "class" with "reason" where a class is known. */
json_t *cli_holder_json(struct cli *cli, const struct sw_owner *owner);

/** Lines: network, AS, organisation; registered network, registrant, netname, country; class with
 * the reason. Says when nothing is known. After cli_owners(). */
void cli_owner_print(const struct cli *cli, const struct sw_addr *addr,
                     const struct sw_owner *owner);

/** Members as in the events (sinkwatch.owners[]); null when nothing is known. */
json_t *cli_owner_json(const struct sw_addr *addr, const struct sw_owner *owner);

#endif
