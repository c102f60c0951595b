/*
 * tally.h - the tuples of one interval with first, last and count, in memory.
 *
 * The keeper (keeper.h) counts each record of a sighting here: a known tuple costs a look-up in a
 * hash table, a new tuple also a copy of its octets into a block of an arena. At the end of the
 * interval the keeper writes all tuples into a file (memory.h) and clears the tally.
 *
 * Threads      one thread
 * Memory       at most max octets of blocks and slots; the blocks are kept after a clear
 * Security     the hash is keyed at random, so that nobody can make names that collide
 * Cost         a look-up: a hash over the octets of the tuple, and mostly one comparison
 */
#ifndef SW_MEMORY_INTAKE_TALLY_H
#define SW_MEMORY_INTAKE_TALLY_H

#include "memory/memory.h"

struct sw_tally;

#define SW_TALLY_MIN ((size_t)1 << 20) /* octets */

/** NULL when out of memory. max: octets, at least SW_TALLY_MIN. */
struct sw_tally *sw_tally_new(size_t max);
void sw_tally_free(struct sw_tally *tally); /* NULL is fine */

/**
 * Count a sighting of a known tuple.
 *
 * sighting  owner, zone and rdata in lower case; zone is not NULL
 * SW_OK: the members first, last and count are merged in; SW_ENOTFOUND: the tuple is not known.
 */
enum sw_status sw_tally_count(struct sw_tally *tally, const struct sw_sighting *sighting);

/** Add the sighting of the last sw_tally_count(), which was SW_ENOTFOUND. SW_OK; SW_ETOOBIG: over
 * the limit of memory; SW_ENOMEM. */
enum sw_status sw_tally_add(struct sw_tally *tally);

/** Whether only a last block, or less, is left of the limit of memory. */
bool sw_tally_nearly_full(const struct sw_tally *tally);

/** Number of tuples, and octets in use. */
size_t sw_tally_size(const struct sw_tally *tally);
size_t sw_tally_octets(const struct sw_tally *tally);

/** The i-th tuple in the order of adding, 0 <= i < sw_tally_size(). The octets are valid until the
 * tally is cleared. */
struct sw_sighting sw_tally_at(const struct sw_tally *tally, size_t i);

/** Forget all tuples. */
void sw_tally_clear(struct sw_tally *tally);

#endif
