/*
 * small_disk.h - a file system of a few MiB in a mount namespace of this process, to be filled.
 */
#ifndef SW_TESTS_UNIT_SMALL_DISK_H
#define SW_TESTS_UNIT_SMALL_DISK_H

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

/* Let this user be root of a user namespace, where mounts are allowed. */
static bool become_root(void)
{
    char map[64];
    int n = snprintf(map, sizeof(map), "0 %u 1\n", (unsigned)geteuid());
    if (unshare(CLONE_NEWUSER) != 0)
        return false;
    int fd = open("/proc/self/uid_map", O_WRONLY | O_CLOEXEC);
    bool done = fd >= 0 && write(fd, map, (size_t)n) == n;
    if (fd >= 0)
        close(fd);
    return done;
}

/* Mount a small file system on a folder, gone with the process. False: not allowed here. */
static bool mount_small_disk(const char *where)
{
    return (geteuid() == 0 || become_root()) && unshare(CLONE_NEWNS) == 0 &&
           mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
           mount("tmpfs", where, "tmpfs", 0, "size=2m") == 0;
}

/* Write a file until nothing more fits. */
static void fill_disk(const char *disk)
{
    static const char page[4096];
    char path[128];
    ssize_t n;
    snprintf(path, sizeof(path), "%s/ballast", disk);
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    ck_assert_int_ge(fd, 0);
    do
        n = write(fd, page, sizeof(page));
    while (n > 0);
    ck_assert_int_eq(errno, ENOSPC);
    close(fd);
}

#endif
