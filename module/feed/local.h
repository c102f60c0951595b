/*
 * local.h - the local snapshot: lists on disk, for a start while Redis is away.
 *
 * `init` calls sw_local_open() before the workers start: from then on the first query is judged by
 * the lists of the last snapshot. The feeder goes on from there: when Redis is the same server still,
 * and its stream holds everything since, it follows from the noted position, else it reads all lists
 * anew. While it runs it writes the file again after changes, no more often than snapshot-interval, in
 * a thread of its own: into FILE.new, fsync, rename, fsync of the folder.
 *
 * Threads      sw_local_open(): before there are others; the others: the feeder
 * Reliability  a file that is damaged, of another version or kind, of another prefix, not ours, or
 *              open to others is refused with the reason (log, status); a full load follows. What
 *              cannot be written is told and tried again after the interval
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

struct sw_local_start {     /* what was found at start */
    struct sw_index *index; /* the caller's; NULL: no snapshot is used */
    json_t *note;           /* the feeder's book and position; sw_local_forget() */
    int64_t written_us;
    char refused[SW_WHY_MAX]; /* why the file is not used; "" when it is, or there is none */
};

/** Read the file of the settings; what has expired is out of it already. wall_us: now. Always fills
 * *start; logs what became of it. */
void sw_local_open(const struct sw_settings *settings, int64_t wall_us,
                   struct sw_local_start *start);

/** Free what is left in it, but not the index. */
void sw_local_forget(struct sw_local_start *start);

/* ---- the feeder's part ---- */

enum sw_local_stage { SW_LOCAL_IDLE, SW_LOCAL_WRITING, SW_LOCAL_WRITTEN };

struct sw_local {
    int64_t started_from_us;  /* written time of the snapshot that we started from; 0: none */
    bool loaded;              /* lists were read from Redis, or followed, since */
    char refused[SW_WHY_MAX]; /* at start */
    char problem[SW_WHY_MAX]; /* with writing; "" when there is none */
    int64_t written_us;       /* wall clock, of the newest file; 0: none */
    uint64_t generation;      /* of the index, in that file or the one being written */
    int64_t due;              /* monotonic: not before */
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

/** Take over book and position from what was found at start; start may be empty. */
void sw_local_adopt(struct sw_feed *feed, struct sw_local_start *start);

/** Note that the lists now come from Redis. */
void sw_local_is_current(struct sw_feed *feed);

/** Begin to write when it is due and the lists are whole; see whether writing is over. */
void sw_local_turn(struct sw_feed *feed);

/** Give up writing and wait for it: within a write of one megabyte. */
void sw_local_stop(struct sw_feed *feed);

/** For status: {"lists_from","started_from","written","refused","problem"}; a new reference. */
json_t *sw_local_json(const struct sw_feed *feed);

#endif
