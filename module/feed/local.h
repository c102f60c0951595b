/*
 * local.h - the local snapshot: lists on disk, for a start while Redis is away.
 *
 * `init` calls sw_local_open() before the workers start, so that even the first query is judged by
 * the lists of the last snapshot. Then the feeder connects to Redis. When the server is the same
 * and the stream has every later entry, the feeder follows the stream from the snapshot's position;
 * else all lists are read from Redis. After changes the file is written again, at most once in a
 * snapshot-interval, in a separate thread: into FILE.new, fsync, rename, fsync of the folder.
 *
 * Threads      sw_local_open(): before any thread is started; all other functions: the feeder
 * Reliability  a file is refused with the reason (log, status) when the file is damaged, has
 *              another version, kind, prefix or owner, or is accessible to other users; a full
 *              load follows. A failed write is reported and tried again after the interval
 * Security     mode 0600, owner the resolver's user (D-033)
 */
#ifndef SW_FEED_LOCAL_H
#define SW_FEED_LOCAL_H

#include "base/policy.h"
#include "base/settings.h"
#include "index/image.h"
#include "index/index.h"

#include <jansson.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct sw_feed;

struct sw_local_start {     /* the snapshot that was read at start */
    struct sw_index *index; /* owned by the caller; NULL: no snapshot is used */
    json_t *note;           /* the feeder's lists and position; freed by sw_local_forget() */
    int64_t written_us;
    char refused[SW_WHY_MAX]; /* why the file is refused; "" for a good or absent file */
};

/** Read the snapshot-file of the settings, without indicators that have expired. wall_us: now.
 * Always fills *start; logs the result. */
void sw_local_open(const struct sw_settings *settings, int64_t wall_us,
                   struct sw_local_start *start);

/** Free the note; the index stays. */
void sw_local_forget(struct sw_local_start *start);

/* ---- the feeder's part ---- */

enum sw_local_stage { SW_LOCAL_IDLE, SW_LOCAL_WRITING, SW_LOCAL_WRITTEN };

struct sw_local {
    int64_t started_from_us;  /* written time of the snapshot read at start; 0: none */
    bool loaded;              /* since then, lists were read from Redis, or the stream followed */
    char refused[SW_WHY_MAX]; /* at start */
    char problem[SW_WHY_MAX]; /* of the last write; "" when there is none */
    int64_t written_us;       /* wall clock, of the newest file; 0: none */
    uint64_t changes;         /* of the index in the newest file, also while being written */
    int64_t due;              /* monotonic: no write begins before */
    /* while a file is written */
    struct sw_image *image;
    char *note;
    int64_t writing_us;
    const char *path;
    atomic_int stage; /* enum sw_local_stage; WRITTEN is stored by the thread, last */
    enum sw_status status;
    char why[SW_WHY_MAX];
    pthread_t thread;
};

/** Take over lists and position from the snapshot read at start; start may be empty. */
void sw_local_adopt(struct sw_feed *feed, struct sw_local_start *start);

/** Note that the lists now come from Redis. */
void sw_local_is_current(struct sw_feed *feed);

/** Begin to write when a write is due and the lists are complete; finish a write that is over. */
void sw_local_tick(struct sw_feed *feed);

/** Cancel writing and join the thread, which ends after a write of at most one megabyte. */
void sw_local_stop(struct sw_feed *feed);

/** For status: {"lists_from","started_from","written","refused","problem"}; a new reference. */
json_t *sw_local_json(const struct sw_feed *feed);

#endif
