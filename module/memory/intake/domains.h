/*
 * domains.h - the names that the memory leaves out, cuts, or limits for each registrable domain.
 *
 * Names made by machines (telemetry, tunnels, look-ups of antivirus products) would fill the
 * memory with tuples that nobody asks for. So in each interval only a limited number of new tuples
 * is kept for each registrable domain, which is the name one label below a public suffix
 * (example.co.uk). The operator can leave out names altogether, by a file (memory-exclude).
 * A long label is often made for one person or machine; with memory-cut-label such a
 * name is kept as its registrable domain.
 *
 * Threads      one thread
 * Memory       16 octets for each registrable domain of the interval, twice as many while growing
 * Security     domains are distinguished by a keyed hash of 64 bits
 * Source       the public suffix list of the system as text (suffixes.h); without that file, by
 *              libpsl: the system's, else the list built into libpsl
 */
#ifndef SW_MEMORY_INTAKE_DOMAINS_H
#define SW_MEMORY_INTAKE_DOMAINS_H

#include "base/name.h"
#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sw_domains;

/** NULL when out of memory. limit: new tuples for each domain and interval, 0: no limit. */
struct sw_domains *sw_domains_new(uint32_t limit);
void sw_domains_free(struct sw_domains *domains); /* NULL is fine */

/**
 * Read a file of names to be left out: a name on each line, which covers the name and all names
 * below; comments begin with '#'.
 *
 * problem  called for each line that is no name, and for a file that cannot be read; all other
 *          lines are in force
 * Returns the number of names in force.
 */
size_t sw_domains_exclude(struct sw_domains *domains, const char *path,
                          void problem(const char *path, unsigned line, const char *why));

/** Whether a name, in lower case, is to be left out. Cost: a look-up for each label. */
bool sw_domains_excluded(const struct sw_domains *domains, const uint8_t *name);

/** The registrable domain of a name in lower case; the name itself for a public suffix and for the
 * root. Points into name. */
const uint8_t *sw_domains_of(const struct sw_domains *domains, const uint8_t *name);

/** Count a new tuple of a registrable domain. False: over the limit, or no memory to count. */
bool sw_domains_take(struct sw_domains *domains, const uint8_t *domain);

/** Begin an interval: all counts are 0 again. */
void sw_domains_clear(struct sw_domains *domains);

#endif
