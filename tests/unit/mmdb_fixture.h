/*
 * mmdb_fixture.h - small MMDB files for tests, in any layout, and files that are broken on purpose.
 *
 * The makers in scripts/ write correct files; this header also writes the other files that tests
 * need: other vendors' layouts, and trees and records that no writer would make.
 *
 * A test, step by step: mm_init() -> mm_map(), mm_text(), mm_u32(), ... append a record, whose
 * first call returns the record's offset -> mm_insert(prefix, offset) -> mm_write(path).
 *
 * Threads      the test's own
 * Memory       fixed arrays in struct mm; every overflow fails the test
 * Standards    MaxMind DB file format 2.0
 */
#ifndef SW_TESTS_MMDB_FIXTURE_H
#define SW_TESTS_MMDB_FIXTURE_H

#include "base/addr.h"

#include <check.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define MM_NODES_MAX 65536
#define MM_DATA_MAX  262144
#define MM_FILE_MAX  (MM_NODES_MAX * 6 + 2 * MM_DATA_MAX)

#define MM_EMPTY   (-1)
#define MM_LEAVES  INT64_C(0x100000000)   /* above: leaves */
#define MM_LEAF(o) (MM_LEAVES + 16 + (o)) /* data at offset o, which may be from -15 on */

struct mm {
    int64_t node[MM_NODES_MAX][2]; /* MM_EMPTY, another node, or MM_LEAF() */
    uint32_t nodes;
    uint32_t claimed_nodes; /* node_count to write; 0 = the real number */
    uint8_t data[MM_DATA_MAX];
    uint32_t len;
    unsigned ip_version;
    const char *type;
    uint8_t file[MM_FILE_MAX]; /* as written last */
    size_t file_len;
};

static inline void mm_init(struct mm *m, unsigned ip_version, const char *type)
{
    memset(m, 0, sizeof(*m));
    m->ip_version = ip_version;
    m->type = type;
    m->nodes = 1;
    m->node[0][0] = m->node[0][1] = MM_EMPTY;
}

/* ---- data: each returns the offset of the appended data ---- */

static inline uint32_t mm_raw(struct mm *m, const void *octets, size_t n)
{
    ck_assert_uint_le(m->len + n, MM_DATA_MAX);
    uint32_t at = m->len;
    memcpy(m->data + m->len, octets, n);
    m->len += (uint32_t)n;
    return at;
}

/* Control octets of a value: type 1..15, size below 285 + 65536. */
static inline uint32_t mm_control(struct mm *m, unsigned type, uint32_t size)
{
    uint8_t c[5];
    size_t n = 1;
    c[0] = (uint8_t)((type < 8 ? type << 5 : 0) | (size < 29 ? size : size < 285 ? 29 : 30));
    if (type >= 8)
        c[n++] = (uint8_t)(type - 7);
    if (size >= 285) {
        c[n++] = (uint8_t)((size - 285) >> 8);
        c[n++] = (uint8_t)(size - 285);
    } else if (size >= 29) {
        c[n++] = (uint8_t)(size - 29);
    }
    return mm_raw(m, c, n);
}

static inline uint32_t mm_map(struct mm *m, uint32_t entries)
{
    return mm_control(m, 7, entries);
}

static inline uint32_t mm_array(struct mm *m, uint32_t entries)
{
    return mm_control(m, 11, entries);
}

static inline uint32_t mm_text(struct mm *m, const char *text)
{
    uint32_t at = mm_control(m, 2, (uint32_t)strlen(text));
    mm_raw(m, text, strlen(text));
    return at;
}

/* Unsigned number of a type (5 uint16, 6 uint32, 9 uint64) in n octets. */
static inline uint32_t mm_number(struct mm *m, unsigned type, uint64_t value, unsigned n)
{
    uint32_t at = mm_control(m, type, n);
    for (unsigned i = n; i-- > 0;)
        mm_raw(m, &(uint8_t){(uint8_t)(value >> (8 * i))}, 1);
    return at;
}

static inline uint32_t mm_u32(struct mm *m, uint32_t value)
{
    return mm_number(m, 6, value, 4);
}

/* Pointer of the longest form to an offset of the data section. */
static inline uint32_t mm_pointer(struct mm *m, uint32_t to)
{
    uint8_t p[5] = {1 << 5 | 3 << 3, (uint8_t)(to >> 24), (uint8_t)(to >> 16), (uint8_t)(to >> 8),
                    (uint8_t)to};
    return mm_raw(m, p, sizeof(p));
}

/* {key: value} with a single text. */
static inline uint32_t mm_pair(struct mm *m, const char *key, const char *value)
{
    uint32_t at = mm_map(m, 1);
    mm_text(m, key);
    mm_text(m, value);
    return at;
}

/* ---- tree ---- */

static inline void mm_insert(struct mm *m, const char *prefix, uint32_t offset)
{
    struct sw_addr addr;
    uint8_t bits[16] = {0};
    ck_assert_int_eq(sw_addr_parse(prefix, strlen(prefix), &addr, NULL), SW_OK);
    unsigned skip = addr.family == 4 && m->ip_version == 6 ? 96 : 0;
    memcpy(bits + skip / 8, addr.octets, addr.family == 4 ? 4 : 16);
    unsigned depth = skip + addr.plen;
    uint32_t at = 0;
    ck_assert_uint_gt(depth, 0);
    for (unsigned i = 0;; i++) {
        int64_t *child = &m->node[at][bits[i / 8] >> (7 - i % 8) & 1];
        if (i + 1 == depth) {
            *child = MM_LEAF(offset);
            return;
        }
        if (*child == MM_EMPTY || *child > MM_LEAVES) { /* a longer prefix splits a shorter */
            ck_assert_uint_lt(m->nodes, MM_NODES_MAX);
            m->node[m->nodes][0] = m->node[m->nodes][1] = *child;
            *child = m->nodes++;
        }
        at = (uint32_t)*child;
    }
}

/* ---- file ---- */

static inline void mm_metadata(struct mm *m, uint32_t node_count)
{
    mm_raw(m, "\xab\xcd\xefMaxMind.com", 14);
    mm_map(m, 9);
    mm_text(m, "binary_format_major_version");
    mm_number(m, 5, 2, 2);
    mm_text(m, "binary_format_minor_version");
    mm_number(m, 5, 0, 0);
    mm_text(m, "build_epoch");
    mm_number(m, 9, 1431000000, 8);
    mm_text(m, "database_type");
    mm_text(m, m->type);
    mm_text(m, "description");
    mm_pair(m, "en", "made by a test");
    mm_text(m, "ip_version");
    mm_number(m, 5, m->ip_version, 2);
    mm_text(m, "languages");
    mm_array(m, 1);
    mm_text(m, "en");
    mm_text(m, "node_count");
    mm_u32(m, node_count);
    mm_text(m, "record_size");
    mm_number(m, 5, 24, 2);
}

static inline void mm_put(struct mm *m, const void *octets, size_t n)
{
    ck_assert_uint_le(m->file_len + n, MM_FILE_MAX);
    memcpy(m->file + m->file_len, octets, n);
    m->file_len += n;
}

/* Lay out m->file; data is as before afterwards, so that more can be added. */
static inline void mm_build(struct mm *m)
{
    uint32_t count = m->nodes, len = m->len;
    m->file_len = 0;
    for (uint32_t i = 0; i < count; i++) {
        for (unsigned side = 0; side < 2; side++) {
            int64_t v = m->node[i][side];
            if (v == MM_EMPTY)
                v = count;
            else if (v > MM_LEAVES)
                v = v - MM_LEAVES + count;
            mm_put(m, (uint8_t[]){(uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v}, 3);
        }
    }
    mm_put(m, (uint8_t[16]){0}, 16);
    mm_metadata(m, m->claimed_nodes != 0 ? m->claimed_nodes : count);
    mm_put(m, m->data, m->len);
    m->len = len;
}

/* Write octets as a whole file, over the present content. */
static inline void mm_write_octets(const char *path, const void *octets, size_t n)
{
    FILE *f = fopen(path, "wb");
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fwrite(octets, 1, n, f), n);
    ck_assert_int_eq(fclose(f), 0);
}

static inline void mm_write(struct mm *m, const char *path)
{
    mm_build(m);
    mm_write_octets(path, m->file, m->file_len);
}

#endif
