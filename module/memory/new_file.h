/*
 * new_file.h - one new file of the folder: entries in order, then times and versions, synced.
 *
 * Threads      one
 */
#ifndef SW_MEMORY_NEW_FILE_H
#define SW_MEMORY_NEW_FILE_H

#include "memory/folder.h"
#include "memory/mtbl.h"

/* A file that is being written. */
struct sw_out {
    const char *folder;
    struct sw_new_file file;
    struct sw_mtbl_writer *writer;
    int fd;
    uint64_t first, last; /* of the entries by owner */
    uint64_t tuples;      /* entries by owner */
    uint64_t octets;      /* size of the finished file */
};

/** Create the file under a temporary name. On failure nothing is left. */
enum sw_status sw_out_open(struct sw_out *out, const char *folder,
                           const struct sw_interval *interval);

/** Write an entry; entries of times and versions are ignored: sw_out_finish() writes these. */
enum sw_status sw_out_put(struct sw_out *out, const uint8_t *key, size_t key_len,
                          const uint8_t *value, size_t value_len);

/** Write the last entries, and sync. The file is closed, and removed on failure. */
enum sw_status sw_out_finish(struct sw_out *out);

/** Close and remove a file that is not finished. */
void sw_out_drop(struct sw_out *out);

#endif
