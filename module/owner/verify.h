/*
 * verify.h - whether an opened database is whole: search tree and every record.
 *
 * libmaxminddb checks only the nodes and records that a look-up touches. Workers depend on the
 * whole file, so the opener walks the tree once: no node leads back to itself, no node lies deeper
 * than an address is long, every leaf points to a record, every record decodes. The walk leaves
 * behind the set of record offsets, the key to the table record -> AS number.
 *
 * Threads      the opener (feeder)
 * Memory       one octet for each node while walking; a quarter of the data section after
 * Security     a hostile file cannot cause loops, deep recursion, or more work than linear in the
 *              file's size
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
 * The distinct records, as a set of offsets into the data section with a number for each. The set
 * has a bit for each octet of the section; each word of 64 bits has the number of bits set before.
 * Membership and number cost a single memory access for any file.
 */
struct sw_recordset {
    struct sw_recordword {
        uint64_t bits;
        uint32_t before; /* records with smaller offsets than this word's */
    } * word;
    uint32_t words;
    uint32_t n; /* records */
};

/** Number of the record at an offset, 0..n-1 by offset; n when there is none. Any thread. */
static inline uint32_t sw_recordset_number(const struct sw_recordset *records, uint32_t offset)
{
    uint32_t at = offset >> 6;
    uint64_t bit = UINT64_C(1) << (offset & 63);
    if (at >= records->words || (records->word[at].bits & bit) == 0)
        return records->n;
    uint64_t smaller = records->word[at].bits & (bit - 1);
    return records->word[at].before + (uint32_t)__builtin_popcountll(smaller);
}

/** Step to the next record: start with *cursor = 0; false after the last. *offset is set. */
bool sw_recordset_next(const struct sw_recordset *records, uint64_t *cursor, uint32_t *offset);

/** Free the arrays; the struct is empty then. */
void sw_recordset_free(struct sw_recordset *records);

/**
 * Walk the whole tree and decode every record once.
 *
 * records  set on SW_OK; the caller frees it with sw_recordset_free()
 * why      SW_WHY_MAX bytes, set on failure, for people
 * SW_OK, SW_EFORMAT (broken), SW_ENOMEM.
 * Cost     about 0.1 s for GeoLite2-ASN (750,000 nodes); tests/bench/bench_owner.c prints it.
 */
enum sw_status sw_mmdb_verify(const MMDB_s *mmdb, struct sw_recordset *records, char *why);

#endif
