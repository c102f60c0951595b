/*
 * declared.h - the owners that watched names are supposed to have.
 *
 * A list of kind watch declares them in its policy: `owners` for the addresses of its names,
 * `ns_owners` for those of the name servers. Each is a list of AS numbers ("AS64500"), prefixes or
 * addresses, and names (compared with registrant, netname and AS organisation, letter case aside).
 *
 * Threads      pure functions; finds in the index inside an RCU section
 */
#ifndef SW_OWNER_DECLARED_H
#define SW_OWNER_DECLARED_H

#include "index/index.h"
#include "owner/owner.h"

enum sw_of { SW_OF_NAME, SW_OF_ZONE }; /* addresses of a name, of a zone's name servers */

enum sw_declared {
    SW_DECLARED_NONE,    /* no watch list that covers the name says anything */
    SW_DECLARED_INSIDE,  /* one of them names this owner */
    SW_DECLARED_OUTSIDE, /* they name others; *list is the most specific of them */
};

/** Whether the address, owned so, is where the watch lists that cover this name (wire form) say.
 * All lists that cover it count together. *list is borrowed from the view. */
enum sw_declared sw_declared_judge(const struct sw_view *view, const struct sw_name *name,
                                   enum sw_of of, const struct sw_addr *addr,
                                   const struct sw_owner *owner, const struct sw_policy **list);

/** Next of the texts of a list, each on its own line: start with at = the whole text. Copies up to
 * room octets with the NUL; returns where to go on, NULL after the last. */
const char *sw_declared_next(const char *at, char *out, size_t room);

#endif
