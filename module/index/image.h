/*
 * image.h - the index as a file: written while the index changes, checked and loaded at start.
 *
 * Saving, step by step:
 *     sw_image_begin()  writer: copies the small sections (lists, rule sets, expiry times), and
 *                       begins to watch the table
 *     sw_image_write()  another thread: shard by shard, copies under a lock and writes to the file
 *     sw_image_end()    writer, when sw_image_write() has returned
 * Meanwhile the writer continues to change the index. Before changing a shard that is not copied
 * yet, the writer copies that shard (under a millisecond at 10 M names). So the file holds the
 * index of a single moment, and workers are not affected. Extra memory is a shard, and the copies
 * that the writer made, up to half the table. Beyond that limit the image is given up (SW_ETOOBIG),
 * and can be tried again later.
 *
 * The file consists of sections of whole pages, each with a hash (XXH3, 64 bits) in the header:
 *     header | key | lists | rule sets | prefix lengths | gate | ends | note |
 *     256 x (block, filter)
 * "ends" are the expiry times. The note belongs to the caller. Numbers have the byte order and
 * sizes of the machine. The header states both and the version; a file that differs is refused.
 *
 * Threads      begin, end, load: the writer; write: a single thread, cancel: any
 * Memory       loading: the memory of the index, and the largest of the small sections
 * Reliability  no content of a file is trusted, even with a correct hash: every size, reference and
 *              count is checked or computed again. A damaged file is refused, or gives wrong
 *              content, but never breaks the process
 * Security     the file holds the key of the hashes (D-033): mode 0600
 * Decision     D-032
 */
#ifndef SW_INDEX_IMAGE_H
#define SW_INDEX_IMAGE_H

#include "base/policy.h"
#include "index/index.h"

#include <stdint.h>

#define SW_IMAGE_VERSION  4u
#define SW_IMAGE_NOTE_MAX (64u << 20) /* octets of the caller's note */

struct sw_image;

/** Begin to save; a single image at a time for each index. NULL: out of memory. */
struct sw_image *sw_image_begin(struct sw_index *index);

/** Write the image from offset 0 on, with a note and a time (wall clock). The caller calls fsync();
 * most data is on disk before. SW_OK; SW_EIO (errno); SW_ENOMEM; SW_ECLOSED (cancelled); SW_ETOOBIG
 * (the index changed too fast, or the note is over SW_IMAGE_NOTE_MAX). */
enum sw_status sw_image_write(struct sw_image *image, int fd, const void *note, size_t note_len,
                              int64_t written_us);

/** Make a running sw_image_write() return SW_ECLOSED soon. Any thread. */
void sw_image_cancel(struct sw_image *image);

/** Stop watching the table, free the image; sw_image_write() must not be running. NULL is fine. */
void sw_image_end(struct sw_image *image);

struct sw_image_found { /* the content of a file, from sw_image_load() */
    struct sw_index *index;
    char *note; /* allocated, with a NUL behind note_len octets */
    size_t note_len;
    int64_t written_us;
};

/**
 * Read and check a whole file, from offset 0 on, in a single pass. SW_OK: index and note belong to
 * the caller; SW_EFORMAT: wrong content, with the reason in why; SW_EIO: errno's message in why;
 * SW_ENOMEM.
 */
enum sw_status sw_image_load(int fd, struct sw_image_found *out, char why[SW_WHY_MAX]);

#endif
