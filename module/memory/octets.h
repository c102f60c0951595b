/*
 * octets.h - numbers and order of octets in MTBL files.
 *
 * Integers of variable length are base 128, the lowest seven bits first; each octet but the last
 * has the highest bit set. Fixed integers are little endian. Keys are compared as memcmp() does,
 * and a key that is the beginning of another comes first.
 *
 * Threads      pure functions
 */
#ifndef SW_MEMORY_OCTETS_H
#define SW_MEMORY_OCTETS_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define SW_VARINT_MAX 10 /* octets of a 64-bit integer of variable length */

/** Write a number; returns the octets used, 1..10. */
static inline size_t sw_put_varint(uint8_t *out, uint64_t value)
{
    size_t n = 0;
    for (; value >= 128; value >>= 7)
        out[n++] = (uint8_t)(value | 128);
    out[n++] = (uint8_t)value;
    return n;
}

/** Read a number; returns the octets used, 0 if there is no number within len octets. */
static inline size_t sw_get_varint(const uint8_t *in, size_t len, uint64_t *value)
{
    uint64_t result = 0;
    for (size_t i = 0; i < len && i < SW_VARINT_MAX; i++) {
        result |= (uint64_t)(in[i] & 127) << (7 * i);
        if (in[i] < 128) {
            *value = result;
            return i + 1;
        }
    }
    return 0;
}

/** Write a number, little endian. */
static inline void sw_put_fixed32(uint8_t *out, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        out[i] = (uint8_t)(value >> (8 * i));
}

/** Write a number, little endian. */
static inline void sw_put_fixed64(uint8_t *out, uint64_t value)
{
    for (int i = 0; i < 8; i++)
        out[i] = (uint8_t)(value >> (8 * i));
}

/** Read a number, little endian. */
static inline uint32_t sw_get_fixed32(const uint8_t *in)
{
    return (uint32_t)in[0] | (uint32_t)in[1] << 8 | (uint32_t)in[2] << 16 | (uint32_t)in[3] << 24;
}

/** Read a number, little endian. */
static inline uint64_t sw_get_fixed64(const uint8_t *in)
{
    return sw_get_fixed32(in) | (uint64_t)sw_get_fixed32(in + 4) << 32;
}

/** Order of two keys: below, equal to, above 0. */
static inline int sw_compare_keys(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len)
{
    size_t len = a_len < b_len ? a_len : b_len;
    int order = len > 0 ? memcmp(a, b, len) : 0;
    return order ? order : (a_len > b_len) - (a_len < b_len);
}

/** CRC-32C (Castagnoli; RFC 3720 12.1) of octets: the checksum of the blocks. crc32c.c */
uint32_t sw_crc32c(const uint8_t *data, size_t len);

#endif
