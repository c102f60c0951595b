/* file.c - see file.h. */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* O_NOFOLLOW for paths where another user may have placed a link, else 0. */
static int no_link(const char *path)
{
    return strncmp(path, "/dev/", 5) == 0 || strncmp(path, "/proc/", 6) == 0 ? 0 : O_NOFOLLOW;
}

/* Close a descriptor and keep an errno. */
static int give_up(int fd, int error)
{
    close(fd);
    errno = error;
    return -1;
}

int sw_file_append(const char *path, mode_t mode)
{
    const int flags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
    struct stat st;
    int fd = open(path, flags | no_link(path), mode);
    if (fd < 0)
        return -1;
    if (fstat(fd, &st) != 0)
        return give_up(fd, errno);
    if (!S_ISREG(st.st_mode) && !S_ISFIFO(st.st_mode) && !S_ISCHR(st.st_mode))
        return give_up(fd, EINVAL);
    return fd;
}

static bool write_all(int fd, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, data, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        data += n;
        len -= (size_t)n;
    }
    return true;
}

/* Close, and keep the first error. */
static bool finish(int fd, bool ok)
{
    int error = errno;
    if (close(fd) != 0 && ok)
        return false;
    errno = error;
    return ok;
}

/* Write to an existing file that is no regular file. */
static bool write_there(const char *path, const char *data, size_t len)
{
    struct stat st;
    int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY | no_link(path));
    if (fd < 0)
        return false;
    bool known = fstat(fd, &st) == 0;
    if (!known || S_ISBLK(st.st_mode) || S_ISSOCK(st.st_mode)) {
        errno = known ? EINVAL : errno;
        return finish(fd, false);
    }
    return finish(fd, write_all(fd, data, len));
}

/* Write PATH.new and rename the new file to PATH. */
static bool write_aside(const char *path, const char *data, size_t len)
{
    char *aside = NULL;
    if (asprintf(&aside, "%s.new", path) < 0)
        return false;
    (void)unlink(aside); /* left by a run that was killed */
    int fd = open(aside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
    bool ok = fd >= 0 && finish(fd, write_all(fd, data, len) && fsync(fd) == 0) &&
              rename(aside, path) == 0;
    int error = errno;
    if (!ok && fd >= 0)
        unlink(aside);
    free(aside);
    errno = error;
    return ok;
}

bool sw_file_replace(const char *path, const char *data, size_t len)
{
    struct stat st;
    bool there = (no_link(path) ? lstat(path, &st) : stat(path, &st)) == 0;
    if (!there || S_ISREG(st.st_mode))
        return write_aside(path, data, len);
    if (S_ISLNK(st.st_mode)) {
        errno = ELOOP;
        return false;
    }
    return write_there(path, data, len);
}

const char *sw_file_words(int error, char buf[64])
{
    if (error == ELOOP)
        return "is a symbolic link: name the link's target";
    if (error == ENXIO)
        return "nobody reads from the FIFO";
    if (error == EINVAL)
        return "is no file to write text to";
    return strerror_r(error, buf, 64);
}
