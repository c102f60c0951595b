/*
 * file.h - opening what is written: how links, devices, FIFOs and other owners are treated (D-097).
 *
 *     what                        a symbolic link as the last part of the path
 *     event-file                  refused, except below /dev and /proc
 *     event-spool, its segments   refused
 *     snapshot-file               refused for reading; its name gets a new file
 *     report --output, --state    refused, except below /dev
 *     what is only read           followed: settings, passwords, MMDB files, lists to import
 *
 * Below /dev and /proc nobody but root and the process itself makes links: /dev/stdout works.
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
 * Open a file to append to it; it is made when it is not there.
 *
 * Regular files, FIFOs with a reader, terminals and other character devices are taken; never blocks.
 * Returns the descriptor, or -1: ELOOP (a symbolic link), ENXIO (a FIFO that nobody reads), EINVAL (a
 * block device or socket), EISDIR, others of open().
 */
int sw_file_append(const char *path, mode_t mode);

/**
 * Give a file new content, all or nothing: written to PATH.new, synced, renamed; readable as the umask
 * says. What is there and is no regular file (/dev/null, /dev/stdout, a FIFO, a terminal) is written
 * to as it is, and stays.
 *
 * false, with errno: ELOOP (a symbolic link), EISDIR, EINVAL (a block device or socket), others of open(), write(), rename().
 * After a failure a regular file is as it was.
 */
bool sw_file_replace(const char *path, const char *data, size_t len);

/** Words for the errno of the functions above: "is a symbolic link: name the file that it leads to", or
 * strerror(). Static, or in buf. */
const char *sw_file_words(int error, char buf[64]);

#endif
