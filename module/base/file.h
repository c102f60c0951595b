/*
 * file.h - opening files to write: the treatment of links, devices, FIFOs and other owners (D-097).
 *
 *     file                        a symbolic link as the last part of the path is
 *     event-file                  refused, except below /dev and /proc
 *     event-spool, segments       refused
 *     snapshot-file               refused for reading, replaced by a new file in writing
 *     report --output, --state    refused, except below /dev
 *     files that are only read    followed: settings, passwords, MMDB files, lists to import
 *
 * Below /dev and /proc only root and the process itself can make links, so /dev/stdout works.
 *
 * Threads      any
 * Errors       errno
 */
#ifndef SW_BASE_FILE_H
#define SW_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/**
 * Open a file for appending; a missing file is created. Never blocks.
 *
 * Accepts regular files, FIFOs with a reader, terminals and other character devices. Returns the
 * descriptor, or -1 with errno: ELOOP (a symbolic link), ENXIO (a FIFO without a reader), EINVAL (a
 * block device or socket), EISDIR, other errors of open().
 */
int sw_file_append(const char *path, mode_t mode);

/**
 * Replace the content of a file, all or nothing: the new content is written to PATH.new, synced,
 * and renamed. The mode follows the umask. If PATH exists and is no regular file (/dev/null,
 * /dev/stdout, a FIFO, a terminal), the content is written directly to that file.
 *
 * false, with errno: ELOOP (a symbolic link), EISDIR, EINVAL (a block device or socket), other
 * errors of open(), write() or rename(). After a failure a regular file is unchanged.
 */
bool sw_file_replace(const char *path, const char *data, size_t len);

/** A message for an errno of the functions above: "is a symbolic link: name the file that it leads
 * to", or strerror(). Static, or in buf. */
const char *sw_file_words(int error, char buf[64]);

#endif
