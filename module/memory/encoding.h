/*
 * encoding.h - sightings as keys and values, in the encoding of DNSDB's tables.
 *
 *   entry              key                                                     value
 *   SW_ROW_OWNER       00 owner reversed, type, zone reversed, (length rdata)* first last count
 *   SW_ROW_OWNER_NAME  01 owner                                                types
 *   SW_ROW_RDATA       02 rdata, type, owner reversed, length                  first last count
 *   SW_ROW_RDATA_NAME  03 name in rdata, reversed                              types
 *   SW_ROW_TIMES       fe                                                      first last
 *   SW_ROW_VERSION     ff, first octet of an entry                             version
 *
 * A reversed name has the labels from the right: 03 'com' 07 'example' 00. Numbers are of variable
 * length, except the length at the end of SW_ROW_RDATA: 16 bits, little endian. MX, SRV, SVCB and
 * HTTPS have a second SW_ROW_RDATA: the octets before the name stand behind the owner, so that
 * the key begins with the name. `types` is one octet for a type below 256, two octets, little
 * endian, for another type, and a bitmap (RFC 4034 4.1.2) for several types.
 * An unknown zone is written as the root. SW_ROW_OWNER_NAME is not written here (D-156).
 *
 * Threads      pure functions
 * Security     keys and values can be any octets: decoding checks every length
 * Standards    dnstable-encoding(5)
 */
#ifndef SW_MEMORY_ENCODING_H
#define SW_MEMORY_ENCODING_H

#include "memory/memory.h"
#include "memory/mtbl.h"

enum sw_row_kind {
    SW_ROW_OWNER = 0,
    SW_ROW_OWNER_NAME = 1,
    SW_ROW_RDATA = 2,
    SW_ROW_RDATA_NAME = 3,
    SW_ROW_TIMES = 0xfe,
    SW_ROW_VERSION = 0xff,
};

#define SW_VALUE_MAX 40 /* octets of a value of three numbers, or of a union of kept types */

/* A key or value that is being put together. */
struct sw_key {
    size_t len;
    uint8_t octets[2 + 2 * SW_NAME_MAX + SW_RDATA_MAX + 16];
};

struct sw_value {
    size_t len;
    uint8_t octets[SW_VALUE_MAX];
};

/** Write a name with the labels from the right, without the final root label. Returns the octets
 * written: one less than those of the name. out: SW_NAME_MAX octets. */
size_t sw_reverse_name(const uint8_t *wire, uint8_t *out);

/** Read a reversed name, which ends with the root label: the octets used, or 0 if damaged. */
size_t sw_unreverse_name(const uint8_t *in, size_t len, struct sw_name *name);

/** The key of a sighting in the table by owner. */
void sw_encode_owner(const struct sw_sighting *sighting, struct sw_key *key);

/** sliced: the second entry of MX, SRV, SVCB and HTTPS. */
void sw_encode_rdata(const struct sw_sighting *sighting, bool sliced, struct sw_key *key);

/** false: the type has no name in the rdata, and no such entry. */
bool sw_encode_rdata_name(const struct sw_sighting *sighting, struct sw_key *key);

/** Octets before the name in rdata of MX, SRV, SVCB, HTTPS; 0 for other types. */
size_t sw_rdata_sliced(uint16_t type);

/** The value of a sighting, and of an index of names. */
void sw_encode_times(uint64_t first, uint64_t last, uint64_t count, struct sw_value *value);
void sw_encode_type(uint16_t type, struct sw_value *value);

/** false: not three numbers. */
bool sw_decode_times(const uint8_t *value, size_t len, uint64_t times[3]);

/* A sighting as decoded from a key, with the memory of its names. */
struct sw_decoded {
    struct sw_sighting sighting; /* points into this structure */
    struct sw_name owner, zone;
    uint8_t rdata[SW_RDATA_MAX];
    bool sliced; /* the second SW_ROW_RDATA */
};

/**
 * Decode SW_ROW_OWNER. DNSDB's tables have several rdata in an entry, files written here one:
 * *at is 0 for the first rdata, and is moved to the next; the caller repeats until SW_ENOTFOUND.
 * SW_EFORMAT: damaged. SW_ETOOBIG: this rdata is longer than SW_RDATA_MAX, *at was moved.
 */
enum sw_status sw_decode_owner(const uint8_t *key, size_t len, size_t *at, struct sw_decoded *out);

/** Decode SW_ROW_RDATA. SW_OK, SW_EFORMAT or SW_ETOOBIG. */
enum sw_status sw_decode_rdata(const uint8_t *key, size_t len, struct sw_decoded *out);

/**
 * The value of two equal keys: of times the earliest, the latest, and the sum; of types the union;
 * of versions the lower version. entry: the first octet of the key.
 * false: a value is damaged; merged is untouched.
 */
bool sw_merge_values(unsigned entry, const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len,
                     struct sw_buffer *merged);

#endif
