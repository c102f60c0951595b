/*
 * image_format.h - the file format of image.h, octet by octet; shared by image.c (writing) and
 * restore.c (reading).
 *
 * Threads      data only
 */
#ifndef SW_INDEX_IMAGE_FORMAT_H
#define SW_INDEX_IMAGE_FORMAT_H

#include "index/image.h"
#include "index/impl.h"

#include <assert.h>
#include <stdint.h>
#include <unistd.h>

#define SW_IMAGE_MAGIC "SWINDEX" /* and a zero octet */
#define SW_IMAGE_PAGE  4096u

enum sw_image_section {
    SW_SECTION_KEY,
    SW_SECTION_LISTS,
    SW_SECTION_SETS,
    SW_SECTION_LENGTHS4,
    SW_SECTION_LENGTHS6,
    SW_SECTION_GATE,
    SW_SECTION_ENDS,
    SW_SECTION_NOTE,
    SW_SECTION_COUNT
};

struct sw_image_span { /* octets in use, zeros up to whole pages; hash of all octets */
    uint64_t len, hash;
};

struct sw_image_shard { /* block, then filter, each in whole pages and with a hash */
    uint64_t block_len, block_hash, filter_hash;
    uint32_t filter_class, pad; /* no filter without a block */
};

struct sw_image_header {
    char magic[8];
    uint32_t version;
    uint32_t endian;     /* 0x01020304 */
    uint32_t layout[10]; /* sizes that have to agree: sw_image_layout() */
    int64_t written_us;
    uint64_t file_len;
    struct sw_image_span section[SW_SECTION_COUNT];
    struct sw_image_shard shard[SW_SHARDS];
    uint64_t hash; /* of all members above */
};

/* The header takes whole pages; the rest of the last page is zero, which is checked. */
#define SW_IMAGE_HEADER_LEN                                                                        \
    ((sizeof(struct sw_image_header) + SW_IMAGE_PAGE - 1) / SW_IMAGE_PAGE * SW_IMAGE_PAGE)

struct sw_image_list { /* followed by the policy's JSON, filled up to a multiple of 4 */
    uint16_t id, gone; /* gone: rules of the list are still in the table; no JSON */
    uint32_t json_len;
    char name[SW_LISTNAME_MAX];
};

struct sw_image_set { /* followed by the rules, filled up to a multiple of 4 */
    uint32_t ref;
    uint16_t class, n;
};

/** Octets filled up to whole pages. */
static inline uint64_t sw_image_pages(uint64_t len)
{
    return (len + SW_IMAGE_PAGE - 1) / SW_IMAGE_PAGE * SW_IMAGE_PAGE;
}

/** Fill in the sizes that must be equal in the writing and in the reading program. */
static inline void sw_image_layout(uint32_t layout[10])
{
    const uint32_t sizes[10] = {sizeof(struct sw_bucket),
                                sizeof(struct sw_hash_key),
                                sizeof(struct sw_lengths4) + sizeof(struct sw_lengths6),
                                sizeof(struct sw_expiry_item),
                                sizeof(struct sw_image_list),
                                sizeof(struct sw_image_header),
                                SW_LISTS_MAX << 16 | SW_REF_BITS,
                                SW_SHARDS << 16 | SW_BUCKET_SLOTS,
                                SW_DIGEST_B_BITS << 16 | SW_CLASS_COUNT,
                                sizeof(void *)};
    memcpy(layout, sizes, sizeof(sizes));
}

#endif
