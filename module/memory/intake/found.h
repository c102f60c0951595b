/*
 * found.h - the records that a look back has found, grouped by name.
 *
 * Files and the tuples in memory can have the same record, also with several zones: equal records
 * of a name become one, with the earliest first, the latest last, and the sum of the counts.
 *
 * Threads      one thread
 * Memory       at most SW_LOOKBACK_MAX records
 */
#ifndef SW_MEMORY_INTAKE_FOUND_H
#define SW_MEMORY_INTAKE_FOUND_H

#include "base/addr.h"
#include "memory/memory.h"

#define SW_LOOKBACK_MAX 16384
#define SW_FOUNDS_DUE                                                                              \
    (SW_LOOKBACK_MAX / 2)     /* with so many, records are reported at the next name */
#define SW_SIGHT_ADDRESSES 16 /* records of a name in an event */

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
    size_t left_out; /* records without room */
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

/** Whether the records should be reported before a sighting of this owner is added: there is room
 * for few more, and all records of the last name are there. */
bool sw_founds_are_due(const struct sw_founds *founds, const struct sw_sighting *s);

/** Forget all records, and free the memory. */
void sw_founds_clear(struct sw_founds *founds);

#endif
