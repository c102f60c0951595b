/*
 * image.h - the index as a file: written while it changes, checked and taken over at start.
 *
 * Saving, step by step:
 *     sw_image_begin()  writer: copies the small parts (lists, rule sets, ends), watches the table
 *     sw_image_write()  another thread: shard by shard, copies under a lock and writes to the file
 *     sw_image_end()    writer, when write has returned
 * Meanwhile the writer goes on: before it changes a shard that is not copied yet, it copies that one
 * itself (under a millisecond at 10 M names). So the file holds the index of one moment, workers
 * notice nothing, and extra memory is one shard and what was changed too soon, half at most: beyond
 * that the image is given up (SW_ETOOBIG), to be tried again later.
 *
 * The file, in parts of whole pages, each with a hash (XXH3, 64 bits) in the first one:
 *     header | key | lists | rule sets | prefix lengths | gate | ends | note | 256 x (block, filter)
 * The note belongs to the caller. All numbers are the machine's own; the header says which kinds
 * they are, and a file of another kind, or of another version, is refused.
 *
 * Threads      begin, end, load: the writer; write: any one
 * Memory       loading: what the index needs, and the largest small part
 * Reliability  nothing in a file is believed, hash or not: every size, reference and count is
 *              checked or made anew, so a file can be refused or wrong, but breaks nothing
 * Security     the file holds the key of the hashes (D-033): mode 0600
 */
#ifndef SW_INDEX_IMAGE_H
#define SW_INDEX_IMAGE_H

#include "base/policy.h"
#include "index/index.h"

#include <stdint.h>

#define SW_IMAGE_VERSION  4u
#define SW_IMAGE_NOTE_MAX (64u << 20) /* octets of the caller's note */

struct sw_image;

/** Begin to save; one at a time for each index. NULL: out of memory. */
struct sw_image *sw_image_begin(struct sw_index *index);

/** Write it from offset 0 on, with a note and a time (wall clock). SW_OK; SW_EIO (errno); SW_ENOMEM;
 * SW_ETOOBIG (it changed too fast, or the note is over its limit). Most is on disk then, but not
 * surely: fsync() is the caller's. */
enum sw_status sw_image_write(struct sw_image *image, int fd, const void *note, size_t note_len,
                              int64_t written_us);

/** Give write up early, from any thread: it returns SW_ECLOSED soon. */
void sw_image_cancel(struct sw_image *image);

/** Stop watching, free all; write is not running. NULL is fine. */
void sw_image_end(struct sw_image *image);

struct sw_image_found { /* what sw_image_load() found */
    struct sw_index *index;
    char *note; /* allocated, terminated by one more octet */
    size_t note_len;
    int64_t written_us;
};

/**
 * Read a file from offset 0 on. SW_OK: *out is the caller's. SW_EFORMAT: why says what is wrong
 * with it; SW_EIO (why has errno's words); SW_ENOMEM. Reads the file once, whole.
 */
enum sw_status sw_image_load(int fd, struct sw_image_found *out, char why[SW_WHY_MAX]);

#endif
