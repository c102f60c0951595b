/*
 * special.h - addresses that are not for use on the public Internet, or not as a host's address.
 *
 * A table of blocks: IANA's special-purpose registries (RFC 6890), and the space that protocols
 * reserve besides (multicast, former experimental space). Of an IPv6 address that embeds an IPv4
 * address (mapped, NAT64, 6to4) the latter is judged: ::ffff:192.168.0.1 is private use.
 *
 * Threads      pure function over a constant table
 * Standards    RFC 6890 and updates; each row names a source
 */
#ifndef SW_OWNER_SPECIAL_H
#define SW_OWNER_SPECIAL_H

#include "base/addr.h"

struct sw_special {
    struct sw_addr block; /* the registered prefix */
    const char *name;     /* name in the registry */
    const char *source;   /* "RFC 1918" */
};

/** The most specific special block around an address, NULL for an ordinary address. Static. */
const struct sw_special *sw_special_find(const struct sw_addr *addr);

#endif
