/*
 * mtbl.h - a sorted table of keys and values in a file: the MTBL format, version 2.
 *
 *     block...         keys and values, sorted; each block: length (varint), CRC-32C of the stored
 *                      octets (fixed 32), the stored octets, compressed
 *     index block      not compressed: for each block a key that is not below the last key of the
 *                      block and below the first key of the next block; the offset of the block
 *     trailer          512 octets: nine numbers (fixed 64), zeros, the magic number
 *
 * Within a block a key is stored without the octets that it shares with the key before. Each 16th
 * key, a restart point, is stored as a whole; an array of the offsets of all restart points
 * ends the block.
 *
 * libmtbl is not used: it ends the process where a disk is full or a block is damaged, and reads
 * files by mmap(), where an unreadable sector is SIGBUS (D-153).
 *
 * Threads      a writer, a table or a cursor is used by one thread
 * Memory       a writer: a block and the index; a table: the index; a cursor: a block
 * Errors       SW_EFORMAT for a damaged file, SW_EIO with errno; never an abort
 * Security     any octets may be in a file: every length is checked
 * Standards    mtbl(7) and the sources of libmtbl, read for the format
 */
#ifndef SW_MEMORY_MTBL_H
#define SW_MEMORY_MTBL_H

#include "base/status.h"
#include "memory/buffer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SW_BLOCK_OCTETS 8192 /* of a block before compression: a look-up unpacks one block */
#define SW_KEY_MAX      8192 /* octets of a key; longer keys are damage */

/* ---- writing (mtbl_write.c) ---- */

struct sw_mtbl_writer;

/** Write a table to an open file, from the present offset, which must be 0. The descriptor
 * belongs to the caller. */
enum sw_status sw_mtbl_write(int fd, struct sw_mtbl_writer **out);

/** Append a key above all former keys. SW_OK; SW_EINVAL: not above; SW_EIO with errno. */
enum sw_status sw_mtbl_put(struct sw_mtbl_writer *writer, const uint8_t *key, size_t key_len,
                           const uint8_t *value, size_t value_len);

/** Write index and trailer. octets: the size of the file. The writer is not freed. */
enum sw_status sw_mtbl_finish(struct sw_mtbl_writer *writer, uint64_t *octets);
void sw_mtbl_writer_free(struct sw_mtbl_writer *writer);

/* ---- reading (mtbl_read.c) ---- */

struct sw_mtbl;

/**
 * Open a table; trailer and index are checked. fd belongs to the table afterwards, also on failure.
 *
 * why  on SW_EFORMAT set to static words for people
 * SW_OK; SW_EFORMAT: no table, damaged, or an unknown compression (none, zlib and zstd are read).
 */
enum sw_status sw_mtbl_open(int fd, struct sw_mtbl **out, const char **why);
/** Check the trailer of an open file and the size of the file, as sw_mtbl_open() does. The
 * descriptor stays open. */
enum sw_status sw_mtbl_probe(int fd, const char **why);

/** Close a table and its file; NULL does nothing. */
void sw_mtbl_close(struct sw_mtbl *table);

/** Number of keys, and size of the file, as the trailer and the file system tell. */
uint64_t sw_mtbl_entries(const struct sw_mtbl *table);
uint64_t sw_mtbl_octets(const struct sw_mtbl *table);

/* A block in memory, and a place in the block. */
struct sw_mtbl_block {
    const uint8_t *data;
    size_t end;           /* octets of the entries; the array of restart points follows */
    size_t restarts;      /* number of restart points */
    size_t at;            /* where the next entry begins */
    struct sw_buffer key; /* of the present entry */
    const uint8_t *value;
    size_t value_len;
};

/* A place in a table. key and value are valid until the next call with the cursor. */
struct sw_cursor {
    const uint8_t *key, *value;
    size_t key_len, value_len;
    uint64_t offset; /* of the block in the file, for progress and messages */
    /* private */
    const struct sw_mtbl *table;
    struct sw_mtbl_block index, block;
    bool loaded;                    /* block holds the block of the present entry of index */
    struct sw_buffer stored, plain; /* octets of the file from stored_from on; an unpacked block */
    uint64_t stored_from;
    void *context; /* of zstd */
    bool borrowed; /* the context belongs to another cursor */
};

/** A cursor before the first key. */
enum sw_status sw_cursor_open(struct sw_cursor *cursor, const struct sw_mtbl *table);
void sw_cursor_close(struct sw_cursor *cursor);

/** Let a cursor unpack with the context of another cursor of this thread, which is closed later:
 * a context has 100 KiB, and takes longer to create than a block to unpack. SW_OK, SW_ENOMEM. */
enum sw_status sw_cursor_share(struct sw_cursor *cursor, struct sw_cursor *other);

/** Go to the first key that is not below the given key, from any place. SW_OK; SW_ENOTFOUND: no
 * such key; SW_EFORMAT, SW_EIO, SW_ENOMEM. */
enum sw_status sw_cursor_seek(struct sw_cursor *cursor, const uint8_t *key, size_t key_len);

/** Go to the next key; results as sw_cursor_seek(). */
enum sw_status sw_cursor_next(struct sw_cursor *cursor);

#endif
