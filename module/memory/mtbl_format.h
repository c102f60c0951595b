/*
 * mtbl_format.h - the trailer of an MTBL file.
 *
 * Threads      pure functions
 */
#ifndef SW_MEMORY_MTBL_FORMAT_H
#define SW_MEMORY_MTBL_FORMAT_H

#include "memory/octets.h"

#include <stdbool.h>

#define SW_TRAILER_OCTETS 512
#define SW_MTBL_MAGIC     0x4d54424cu /* "MTBL"; version 2 of the format */
#define SW_MTBL_NONE      0
#define SW_MTBL_ZLIB      2
#define SW_MTBL_ZSTD      5

/* The numbers of the trailer, in their order. */
struct sw_mtbl_trailer {
    uint64_t index_offset;
    uint64_t block_octets; /* of a block before compression, about */
    uint64_t compression;
    uint64_t entries;
    uint64_t blocks;
    uint64_t blocks_octets; /* of all blocks in the file */
    uint64_t index_octets;  /* of the index block in the file */
    uint64_t keys_octets, values_octets;
};

/** Write the trailer of a file. */
static inline void sw_trailer_write(const struct sw_mtbl_trailer *trailer,
                                    uint8_t out[SW_TRAILER_OCTETS])
{
    const uint64_t numbers[] = {
        trailer->index_offset, trailer->block_octets, trailer->compression,
        trailer->entries,      trailer->blocks,       trailer->blocks_octets,
        trailer->index_octets, trailer->keys_octets,  trailer->values_octets};
    memset(out, 0, SW_TRAILER_OCTETS);
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        sw_put_fixed64(out + 8 * i, numbers[i]);
    sw_put_fixed32(out + SW_TRAILER_OCTETS - 4, SW_MTBL_MAGIC);
}

/** Read the trailer; false: not of a file of this format and version. */
static inline bool sw_trailer_read(struct sw_mtbl_trailer *trailer,
                                   const uint8_t in[SW_TRAILER_OCTETS])
{
    uint64_t *const numbers[] = {
        &trailer->index_offset, &trailer->block_octets, &trailer->compression,
        &trailer->entries,      &trailer->blocks,       &trailer->blocks_octets,
        &trailer->index_octets, &trailer->keys_octets,  &trailer->values_octets};
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        *numbers[i] = sw_get_fixed64(in + 8 * i);
    return sw_get_fixed32(in + SW_TRAILER_OCTETS - 4) == SW_MTBL_MAGIC;
}

#endif
