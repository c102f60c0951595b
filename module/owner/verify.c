/* verify.c - walk a whole database once. See verify.h. */
#include "owner/verify.h"

#include "base/policy.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RECORD_DEPTH_MAX 32  /* maps in maps; real layouts have 5 */
#define TREE_DEPTH_MAX   128 /* bits of an IPv6 address */
#define SEPARATOR        16  /* zero octets between tree and data (format 2.0) */
#define ON_PATH          255 /* height of a node during the visit of its children */

struct walk {
    const MMDB_s *mmdb;
    uint64_t budget; /* values that may still be decoded */
    uint8_t *height; /* by node: 0 unseen, ON_PATH, or levels of nodes from here down */
    struct sw_recordset records;
    char *why;
};

/* ---- the set of records ---- */

void sw_recordset_free(struct sw_recordset *records)
{
    free(records->word);
    memset(records, 0, sizeof(*records));
}

bool sw_recordset_next(const struct sw_recordset *records, uint64_t *cursor, uint32_t *offset)
{
    for (uint64_t at = *cursor >> 6; at < records->words; at++, *cursor = at << 6) {
        uint64_t left = records->word[at].bits >> (*cursor & 63);
        if (left == 0)
            continue;
        *cursor += (uint64_t)__builtin_ctzll(left);
        *offset = (uint32_t)(*cursor)++;
        return true;
    }
    return false;
}

/* Add an offset of the data section; false when already present. */
static bool records_add(struct sw_recordset *records, uint32_t offset)
{
    uint64_t *bits = &records->word[offset >> 6].bits, bit = UINT64_C(1) << (offset & 63);
    if (*bits & bit)
        return false;
    *bits |= bit;
    records->n++;
    return true;
}

/* Number the records, after the last was added. */
static void records_number_all(struct sw_recordset *records)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < records->words; i++) {
        records->word[i].before = n;
        n += (uint32_t)__builtin_popcountll(records->word[i].bits);
    }
}

/* ---- a record ---- */

struct control { /* the start of a value */
    unsigned type;
    uint32_t size; /* octets, or entries of a map or array; pointers: the offset pointed to */
    uint32_t next; /* offset after the control octets (after a pointer) */
};

/* Big-endian number of n octets, n <= 4; false outside of the data section. */
static bool number(const MMDB_s *mmdb, uint32_t at, unsigned n, uint32_t *out)
{
    if (at > mmdb->data_section_size || mmdb->data_section_size - at < n)
        return false;
    uint32_t value = 0;
    for (unsigned i = 0; i < n; i++)
        value = value << 8 | mmdb->data_section[at + i];
    *out = value;
    return true;
}

/* Pointer: two bits of length, then three bits that lead the shorter forms. */
static bool read_pointer(const MMDB_s *mmdb, uint32_t first, struct control *out)
{
    static const uint32_t base[4] = {0, 2048, 526336, 0};
    unsigned n = first >> 3 & 3;
    uint32_t rest;
    if (!number(mmdb, out->next, n + 1, &rest))
        return false;
    out->size = n == 3 ? rest : ((first & 7) << (8 * (n + 1)) | rest) + base[n];
    out->next += n + 1;
    return true;
}

static bool read_control(const MMDB_s *mmdb, uint32_t at, struct control *out)
{
    static const uint32_t base[3] = {29, 285, 65821}; /* sizes 29, 30, 31 have 1, 2, 3 octets */
    uint32_t first, more = 0;
    if (!number(mmdb, at++, 1, &first))
        return false;
    out->type = first >> 5;
    out->next = at;
    if (out->type == MMDB_DATA_TYPE_POINTER)
        return read_pointer(mmdb, first, out);
    if (out->type == MMDB_DATA_TYPE_EXTENDED) {
        if (!number(mmdb, out->next++, 1, &more) || more == 0 || more > 8)
            return false;
        out->type = 7 + more;
    }
    out->size = first & 31;
    if (out->size >= 29) {
        unsigned n = out->size - 28;
        if (!number(mmdb, out->next, n, &more))
            return false;
        out->size = base[n - 1] + more;
        out->next += n;
    }
    return true;
}

/* Octets of a value that is neither a map, an array nor a pointer; false: not allowed. */
static bool scalar_ok(const struct control *c)
{
    switch (c->type) {
    case MMDB_DATA_TYPE_UTF8_STRING:
    case MMDB_DATA_TYPE_BYTES:
        return true;
    case MMDB_DATA_TYPE_DOUBLE:
        return c->size == 8;
    case MMDB_DATA_TYPE_FLOAT:
        return c->size == 4;
    case MMDB_DATA_TYPE_UINT16:
        return c->size <= 2;
    case MMDB_DATA_TYPE_UINT32:
    case MMDB_DATA_TYPE_INT32:
        return c->size <= 4;
    case MMDB_DATA_TYPE_UINT64:
        return c->size <= 8;
    case MMDB_DATA_TYPE_UINT128:
        return c->size <= 16;
    default:
        return false;
    }
}

/*
 * Check the value at an offset with all values inside; *next is the offset after the value. key:
 * only text is allowed, as for map keys. Recursion ends at RECORD_DEPTH_MAX, work at budget.
 */
static bool value_ok(struct walk *w, uint32_t at, unsigned depth, bool key, uint32_t *next)
{
    struct control c;
    if (depth > RECORD_DEPTH_MAX || w->budget-- == 0 || !read_control(w->mmdb, at, &c))
        return false;
    if (c.type == MMDB_DATA_TYPE_POINTER) {
        struct control target;
        uint32_t ignored;
        *next = c.next;
        return read_control(w->mmdb, c.size, &target) && target.type != MMDB_DATA_TYPE_POINTER &&
               value_ok(w, c.size, depth + 1, key, &ignored);
    }
    if (key && c.type != MMDB_DATA_TYPE_UTF8_STRING)
        return false;
    *next = c.next;
    if (c.type == MMDB_DATA_TYPE_BOOLEAN)
        return c.size <= 1;
    if (c.type == MMDB_DATA_TYPE_MAP || c.type == MMDB_DATA_TYPE_ARRAY) {
        for (uint32_t i = 0; i < c.size; i++) {
            if (c.type == MMDB_DATA_TYPE_MAP && !value_ok(w, *next, depth + 1, true, next))
                return false;
            if (!value_ok(w, *next, depth + 1, false, next))
                return false;
        }
        return true;
    }
    *next = c.next + c.size;
    return scalar_ok(&c) && c.next <= w->mmdb->data_section_size &&
           c.size <= w->mmdb->data_section_size - c.next;
}

/* A leaf of the tree: check the record unless an earlier leaf had the same. */
static enum sw_status leaf(struct walk *w, uint64_t value)
{
    uint64_t start = (uint64_t)w->mmdb->metadata.node_count + SEPARATOR;
    uint32_t next;
    if (value < start || value - start >= w->mmdb->data_section_size) {
        snprintf(w->why, SW_WHY_MAX, "search tree points outside of the data section");
        return SW_EFORMAT;
    }
    uint32_t offset = (uint32_t)(value - start);
    if (records_add(&w->records, offset) && !value_ok(w, offset, 0, false, &next)) {
        snprintf(w->why, SW_WHY_MAX,
                 "record at offset %u of the data section does not decode, or is far too deep",
                 offset);
        return SW_EFORMAT;
    }
    return SW_OK;
}

/* ---- the tree ---- */

struct step { /* a node on the way from the root */
    uint32_t node;
    uint8_t side;  /* children visited so far: 0, 1, 2 */
    uint8_t below; /* levels of nodes below, among the children visited */
};

/*
 * Visit the next child of path[*depth]: a leaf at once, a node by going down. A node that was
 * finished before (IPv4 networks are often reachable in several ways) counts with its height.
 */
static enum sw_status visit(struct walk *w, struct step *path, unsigned *depth)
{
    struct step *at = &path[*depth];
    MMDB_search_node_s node;
    if (MMDB_read_node(w->mmdb, at->node, &node) != MMDB_SUCCESS)
        return SW_EFORMAT;
    uint64_t value = at->side == 0 ? node.left_record : node.right_record;
    uint8_t type = at->side == 0 ? node.left_record_type : node.right_record_type;
    at->side++;
    if (type == MMDB_RECORD_TYPE_EMPTY)
        return SW_OK;
    if (type == MMDB_RECORD_TYPE_DATA)
        return leaf(w, value);
    uint8_t height = type == MMDB_RECORD_TYPE_SEARCH_NODE ? w->height[value] : ON_PATH;
    if (height == ON_PATH || *depth + 1 + (height == 0 ? 1U : height) > w->mmdb->depth) {
        snprintf(w->why, SW_WHY_MAX, "search tree is broken at node %u", at->node);
        return SW_EFORMAT;
    }
    if (height > at->below)
        at->below = height;
    if (height == 0) {
        w->height[value] = ON_PATH;
        path[++*depth] = (struct step){.node = (uint32_t)value};
    }
    return SW_OK;
}

/* Depth first from the root, without recursion. */
static enum sw_status walk_tree(struct walk *w)
{
    struct step path[TREE_DEPTH_MAX + 1] = {{.node = 0}};
    unsigned depth = 0;
    w->height[0] = ON_PATH;
    for (;;) {
        struct step *at = &path[depth];
        if (at->side < 2) {
            enum sw_status status = visit(w, path, &depth);
            if (status != SW_OK)
                return status;
            continue;
        }
        uint8_t height = (uint8_t)(at->below + 1);
        w->height[at->node] = height;
        if (depth == 0)
            return SW_OK;
        depth--;
        if (height > path[depth].below)
            path[depth].below = height;
    }
}

enum sw_status sw_mmdb_verify(const MMDB_s *mmdb, struct sw_recordset *records, char *why)
{
    struct walk w = {.mmdb = mmdb, .why = why};
    uint64_t tree = (uint64_t)mmdb->metadata.node_count * mmdb->full_record_byte_size;
    if (tree + SEPARATOR > (uint64_t)mmdb->file_size) {
        snprintf(why, SW_WHY_MAX, "cut short: the search tree alone needs %llu octets",
                 (unsigned long long)tree);
        return SW_EFORMAT;
    }
    snprintf(why, SW_WHY_MAX, "out of memory while checking the file");
    w.budget = (uint64_t)mmdb->file_size * 16 + 65536;
    w.height = calloc(mmdb->metadata.node_count, 1);
    w.records.words = (mmdb->data_section_size >> 6) + 1;
    w.records.word = calloc(w.records.words, sizeof(*w.records.word));
    enum sw_status status = SW_ENOMEM;
    if (w.height && w.records.word)
        status = walk_tree(&w);
    free(w.height);
    if (status != SW_OK) {
        sw_recordset_free(&w.records);
        return status;
    }
    records_number_all(&w.records);
    *records = w.records;
    return SW_OK;
}
