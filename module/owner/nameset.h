/*
 * nameset.h - names with a number each, asked for the longest that equals a name or is above it.
 *
 * Step by step: sw_nameset_new() -> sw_nameset_add() for each name -> sw_nameset_build(), then
 * look-ups.
 *
 * Threads      one until built; then any number of look-ups at once, no locks
 * Memory       the octets of the names, and 8 octets for each
 * Cost         a look-up: a binary search for each label of the name
 */
#ifndef SW_OWNER_NAMESET_H
#define SW_OWNER_NAMESET_H

#include "base/name.h"

struct sw_nameset;

/** An empty set; NULL: no memory. */
struct sw_nameset *sw_nameset_new(void);
void sw_nameset_free(struct sw_nameset *set); /* NULL is fine */

/** SW_OK, SW_ENOMEM, SW_ETOOBIG (4 GiB of names). */
enum sw_status sw_nameset_add(struct sw_nameset *set, const struct sw_name *name, uint32_t number);

/** Gets a name that was added again: the smaller number stays. */
typedef void sw_nameset_again_fn(void *arg, uint32_t first, uint32_t again);

/** Sort. again: NULL is fine. */
void sw_nameset_build(struct sw_nameset *set, sw_nameset_again_fn *again, void *arg);

/** The labels of the longest name of the set that equals the name or is above it, and the number;
 * 0: there is none. wire: a valid name in lower case. */
unsigned sw_nameset_find(const struct sw_nameset *set, const uint8_t *wire, uint32_t *number);

/** How many names the set has. */
size_t sw_nameset_size(const struct sw_nameset *set);

#endif
