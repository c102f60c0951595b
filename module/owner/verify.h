/*
 * verify.h - is an opened database whole: its search tree and every record that it points to.
 *
 * libmaxminddb checks what a look-up touches, when it touches it. We want to know before workers
 * depend on the file, so the opener walks the tree once: no node leads back to itself, none lies
 * deeper than an address is long, every leaf points to a record, every record decodes. The walk
 * leaves behind the set of record offsets, the key to the table record -> AS number.
 *
 * Threads      the opener (feeder)
 * Memory       one octet for each node while walking; a quarter of the data section after
 * Security     a file made to harm cannot loop, recurse deeply or take more than work that is
 *              linear in its size
 * Standards    MaxMind DB file format 2.0
 */
#ifndef SW_OWNER_VERIFY_H
#define SW_OWNER_VERIFY_H

#include "base/status.h"

#include <maxminddb.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The distinct records, as a set of offsets into the data section with a number for each. One
 * bit for each octet of the section, and before each 64 of them how many bits are set earlier:
 * membership and number cost one memory access, whatever the file's maker intended.
 */
struct sw_records {
    struct sw_recordword {
        uint64_t bits;
        uint32_t before; /* records with smaller offsets than this word's */
    } * word;
    uint32_t words;
    uint32_t n; /* records */
};

/** Number of the record at an offset, 0..n-1 by offset; n when there is none. Any thread. */
static inline uint32_t sw_records_number(const struct sw_records *records, uint32_t offset)
{
    uint32_t at = offset >> 6;
    uint64_t bit = UINT64_C(1) << (offset & 63);
    if (at >= records->words || (records->word[at].bits & bit) == 0)
        return records->n;
    uint64_t smaller = records->word[at].bits & (bit - 1);
    return records->word[at].before + (uint32_t)__builtin_popcountll(smaller);
}

/** Step to the next record: start with *cursor = 0; false after the last. *offset is set. */
bool sw_records_next(const struct sw_records *records, uint64_t *cursor, uint32_t *offset);

/** Frees what it points to; the struct is empty then. */
void sw_records_free(struct sw_records *records);

/**
 * Walk the whole tree and decode every record once.
 *
 * records  set on SW_OK; the caller frees it with sw_records_free()
 * why      SW_WHY_MAX bytes, set on failure, for people
 * SW_OK, SW_EFORMAT (broken), SW_ENOMEM.
 * Cost     about 0.1 s for GeoLite2-ASN (750,000 nodes); tests/bench/bench_owner.c prints it.
 */
enum sw_status sw_mmdb_verify(const MMDB_s *mmdb, struct sw_records *records, char *why);

#endif
