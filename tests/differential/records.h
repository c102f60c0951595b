/*
 * records.h - the RRsets of a name, drawn from a hash of the name.
 *
 * Threads      pure functions
 * Memory       the caller's
 * Reliability  every type gives a set; an empty set is "no data"
 * Security     test only
 * Standards    RFC 1035 3.3, RFC 9460 (SVCB, HTTPS), RFC 8659 (CAA), RFC 3403 (NAPTR)
 */
#ifndef SW_DIFFERENTIAL_RECORDS_H
#define SW_DIFFERENTIAL_RECORDS_H

#include "message.h"

/** The records of type at owner that a host has; count 0 where the draw says that there are
 * none. */
void sw_records_host(const struct sw_world *world, const struct sw_wire_name *owner, uint16_t type,
                     struct sw_set *out);

/** A record with a name as data: CNAME, DNAME, NS. */
void sw_records_name(const struct sw_wire_name *owner, uint16_t type, uint32_t ttl,
                     const struct sw_wire_name *target, struct sw_set *out);

/** The zone's SOA. minimum: for how long a negative answer is cached (RFC 2308 5). */
void sw_records_soa(const struct sw_wire_name *apex, uint32_t minimum, struct sw_set *out);

/** A TTL: mostly minutes, sometimes 0, 1, or more than a resolver keeps. */
uint32_t sw_records_ttl(uint64_t draw);

/** Types that a host may have, for ANY; ends with 0. */
extern const uint16_t sw_records_types[];

#endif
