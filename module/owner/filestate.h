/*
 * filestate.h - whether a file has changed since it was read.
 *
 * Threads      the feeder
 */
#ifndef SW_OWNER_FILESTATE_H
#define SW_OWNER_FILESTATE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

struct sw_filestate { /* all zero: no file */
    dev_t dev;
    ino_t ino;
    int64_t size, mtime_ns, ctime_ns;
};

/** The state by the result of fstat(), and whether two states are the same. */
struct sw_filestate sw_filestate_of(const struct stat *st);
bool sw_filestate_equal(const struct sw_filestate *a, const struct sw_filestate *b);

/** The state of the file at a path now; all zero when there is no file. */
struct sw_filestate sw_filestate_at(const char *path);

/** Whether the last change is long enough ago: a second write within a tick of the file system's
 * clock leaves the same times behind. */
bool sw_filestate_is_steady(const struct sw_filestate *state);

#endif
