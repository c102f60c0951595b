/*
 * special.h - addresses that are not for use on the public Internet, or not as a host's address.
 *
 * One table of blocks: the special-purpose registries (RFC 6890) as IANA keeps them, and what the
 * protocols reserve besides (multicast, former experimental space). An IPv6 address that embeds an
 * IPv4 one (mapped, NAT64, 6to4) is judged by that: ::ffff:192.168.0.1 is private use.
 *
 * Threads      pure function over a constant table
 * Standards    RFC 6890 and its updates; each row names its own
 */
#ifndef SW_OWNER_SPECIAL_H
#define SW_OWNER_SPECIAL_H

#include "base/addr.h"

struct sw_special {
    struct sw_addr block; /* the registered prefix */
    const char *name;     /* what the registry calls it */
    const char *source;   /* "RFC 1918" */
};

/** The most specific special block that an address lies in, NULL for an ordinary address. Static. */
const struct sw_special *sw_special_find(const struct sw_addr *addr);

#endif
