/*
 * sorter.h - sorts keys with values, and merges the values of equal keys (encoding.h).
 *
 * A key begins with SW_SORTER_PREFIX octets of the caller, such as the month. The next octet is the
 * kind of the entry, which says how the values of equal keys are merged. A full buffer is written
 * to a temporary table: a file of the folder that is unlinked at once.
 *
 *     sw_sorter_new() -> sw_sorter_add() ... -> sw_sorter_next() until SW_ENOTFOUND
 *
 * Threads      one
 * Memory       the buffer, about a half more for the order, and a cursor for each table
 */
#ifndef SW_MEMORY_SORTER_H
#define SW_MEMORY_SORTER_H

#include "memory/memory.h"

#define SW_SORTER_PREFIX 2

struct sw_sorter;

/** buffer: octets, at least 64 KiB. */
enum sw_status sw_sorter_new(const char *folder, size_t buffer, const atomic_bool *stop,
                             struct sw_sorter **out);

/** SW_OK, SW_EIO with errno, SW_ENOMEM, SW_ECLOSED. */
enum sw_status sw_sorter_add(struct sw_sorter *sorter, const uint8_t *key, size_t key_len,
                             const uint8_t *value, size_t value_len);

/** The next key in order; after the first call nothing can be added. SW_ENOTFOUND at the end. */
enum sw_status sw_sorter_next(struct sw_sorter *sorter, const uint8_t **key, size_t *key_len,
                              const uint8_t **value, size_t *value_len);
void sw_sorter_free(struct sw_sorter *sorter);

#endif
