/*
 * found.h - the names that a look back has found, and the records of some names, grouped by name.
 *
 * Files and the tuples in memory can have the same record, also with several zones: equal records
 * of a name become one, with the earliest first, the latest last, and the sum of the counts.
 *
 * Threads      one thread
 * Memory       at most SW_LOOKBACK_MAX different records, SW_FOUND_NAMES_MAX names
 */
#ifndef SW_MEMORY_INTAKE_FOUND_H
#define SW_MEMORY_INTAKE_FOUND_H

#include "base/addr.h"
#include "memory/memory.h"

#define SW_LOOKBACK_MAX    16384
#define SW_FOUND_NAMES_MAX 4096
#define SW_FOUND_DUE       8192 /* sightings of the names: with so many there is room for no name */
#define SW_SIGHT_ADDRESSES 16   /* records of a name in an event */

/* Names, in the order in which they were found until sw_found_names_sort(). */
struct sw_found_names {
    struct sw_name *name;
    size_t n, room;
    size_t sightings; /* by which the names were found */
};

struct sw_found_record {
    struct sw_name owner;
    uint16_t type;
    uint16_t rdata_len;
    uint8_t rdata[SW_NAME_MAX]; /* an address, or the target of an alias */
    uint64_t first, last, count;
};

struct sw_founds {
    struct sw_found_record *record;
    size_t n, room;
    size_t left_out; /* sightings without room */
};

/** Whether a sighting says where a name led: A, AAAA, CNAME. */
bool sw_found_is_resolution(const struct sw_sighting *s);

/** The address of a sighting or record; false: no A or AAAA. */
bool sw_found_address(const struct sw_sighting *s, struct sw_addr *addr);
bool sw_found_record_address(const struct sw_found_record *record, struct sw_addr *addr);

/** Add a sighting of sw_found_is_resolution(). */
void sw_founds_add(struct sw_founds *founds, const struct sw_sighting *s);

/** Takes the n records of a name, sorted by `first`. */
typedef enum sw_status sw_founds_fn(void *arg, const struct sw_found_record *record, size_t n);

/** Call take for each name. SW_OK, or the first other code of take. */
enum sw_status sw_founds_each_name(struct sw_founds *founds, sw_founds_fn *take, void *arg);

/** Note the owner of a sighting. SW_OK; SW_ETOOBIG: there is no room, and the owner is not the last
 * name; SW_ENOMEM. */
enum sw_status sw_found_names_add(struct sw_found_names *names, const uint8_t *owner);

/** Sort the names, each once. */
void sw_found_names_sort(struct sw_found_names *names);

/** Whether an owner is among sorted names. */
bool sw_found_names_have(const struct sw_found_names *names, const uint8_t *owner);

/** Forget all names, and free the memory. */
void sw_found_names_clear(struct sw_found_names *names);

/** Forget all records, and free the memory. */
void sw_founds_clear(struct sw_founds *founds);

#endif
