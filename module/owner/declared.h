/*
 * declared.h - the owners that watched names are supposed to have.
 *
 * The policy of a watch list declares owners: `owners` for the addresses of the listed names,
 * `ns_owners` for the addresses of their name servers. Each is a list of AS numbers ("AS64500"),
 * prefixes, addresses, and names. Names are compared with registrant, netname and AS organisation,
 * in any letter case.
 *
 * Threads      pure functions; finds in the index inside an RCU section
 * Decision     D-040
 */
#ifndef SW_OWNER_DECLARED_H
#define SW_OWNER_DECLARED_H

#include "index/index.h"
#include "owner/owner.h"

enum sw_of { SW_OF_NAME, SW_OF_ZONE }; /* addresses of a name, of a zone's name servers */

enum sw_declared {
    SW_DECLARED_NONE,    /* no watch list that covers the name says anything */
    SW_DECLARED_INSIDE,  /* some list names this owner */
    SW_DECLARED_OUTSIDE, /* all name other owners; *list is the most specific */
};

/** Compare the owner of an address with the owners that the watch lists of a name (wire form)
 * declare. All lists that cover the name count together. *list is borrowed from the view. */
enum sw_declared sw_declared_judge(const struct sw_view *view, const struct sw_name *name,
                                   enum sw_of of, const struct sw_addr *addr,
                                   const struct sw_owner *owner, const struct sw_policy **list);

/** The next text of a list with a text on each line: start with at = the whole text. Copies up to
 * room octets with the NUL; returns the place to go on from, NULL after the last. */
const char *sw_declared_next(const char *at, char *out, size_t room);

#endif
