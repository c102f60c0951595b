/*
 * merge.h - several tables read as one: keys in order, values of equal keys merged.
 *
 * Threads      one
 * Memory       a cursor for each table
 */
#ifndef SW_MEMORY_MERGE_H
#define SW_MEMORY_MERGE_H

#include "memory/mtbl.h"

struct sw_merge;

struct sw_merge_options {
    struct sw_mtbl *const *tables;
    size_t n;
    size_t skip; /* octets of each key before the kind of the entry (enum sw_row_kind) */
    /* Called for a table that turned out to be damaged. true: the merge goes on without the table.
     * NULL, or false: sw_merge_next() returns the status. */
    bool (*on_bad)(void *arg, size_t table, enum sw_status status);
    void *arg;
};

/** SW_OK, SW_ENOMEM. The tables are borrowed. */
enum sw_status sw_merge_open(const struct sw_merge_options *options, struct sw_merge **out);
void sw_merge_close(struct sw_merge *merge);

/** Set the position: sw_merge_next() gives the first key that equals or follows the given key. */
enum sw_status sw_merge_seek(struct sw_merge *merge, const uint8_t *key, size_t key_len);

/** sw_merge_seek() in some of the tables. some: a bit for each table, the first table in the lowest
 * bit of the first octet; NULL: all. The other tables are left out until the next seek. */
enum sw_status sw_merge_seek_some(struct sw_merge *merge, const uint8_t *key, size_t key_len,
                                  const uint8_t *some);

/** The next key and its value, valid until the next call. SW_OK, SW_ENOTFOUND at the end, and the
 * errors of sw_cursor_next(). */
enum sw_status sw_merge_next(struct sw_merge *merge, const uint8_t **key, size_t *key_len,
                             const uint8_t **value, size_t *value_len);

#endif
