/*
 * fuzz_file.h - an input as a file, for parsers that take a path: in memory, without a name.
 *
 * Threads      the fuzzing thread
 */
#ifndef SW_TESTS_FUZZ_FUZZ_FILE_H
#define SW_TESTS_FUZZ_FUZZ_FILE_H

#include "fuzz.h"

#include <sys/mman.h>
#include <unistd.h>

#define FUZZ_PATH_MAX 32

/** A file that holds data; the path is valid until the returned descriptor is closed. */
static inline int fuzz_file(const uint8_t *data, size_t size, char path[FUZZ_PATH_MAX])
{
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    FUZZ_CHECK(fd >= 0);
    FUZZ_CHECK(size == 0 || write(fd, data, size) == (ssize_t)size);
    snprintf(path, FUZZ_PATH_MAX, "/proc/self/fd/%d", fd);
    return fd;
}

#endif
