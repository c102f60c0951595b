/* filestate.c - device, inode, size and times of a file. See filestate.h. */
#include "owner/filestate.h"

#include "base/clock.h"

#include <string.h>

#define UNCHANGED_US INT64_C(2000000)

struct sw_filestate sw_filestate_of(const struct stat *st)
{
    struct sw_filestate state;
    memset(&state, 0, sizeof(state));
    state.dev = st->st_dev;
    state.ino = st->st_ino;
    state.size = st->st_size;
    state.mtime_ns = (int64_t)st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec;
    state.ctime_ns = (int64_t)st->st_ctim.tv_sec * 1000000000 + st->st_ctim.tv_nsec;
    return state;
}

bool sw_filestate_equal(const struct sw_filestate *a, const struct sw_filestate *b)
{
    return a->dev == b->dev && a->ino == b->ino && a->size == b->size &&
           a->mtime_ns == b->mtime_ns && a->ctime_ns == b->ctime_ns;
}

struct sw_filestate sw_filestate_at(const char *path)
{
    struct stat st;
    if (stat(path, &st) != 0)
        memset(&st, 0, sizeof(st));
    return sw_filestate_of(&st);
}

bool sw_filestate_is_steady(const struct sw_filestate *state)
{
    return sw_clock_wall_us() - state->ctime_ns / 1000 > UNCHANGED_US;
}
