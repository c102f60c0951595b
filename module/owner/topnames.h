/*
 * topnames.h - the operator's list of top names: a file with the most visited sites.
 *
 * Lines are "rank,name", as in the lists of Tranco, or a name alone; the rank is the number of the
 * line. Further fields, empty lines and lines that begin with "#" are passed over. A line that is
 * broken is reported with file, line and reason, and passed over; the rest applies.
 *
 * Threads      sw_topfile_read(): the caller; find: any thread inside an RCU section; refresh and
 *              the file's state: the feeder
 * Memory       the octets of the names, and 8 octets for each
 * Decision     D-234
 */
#ifndef SW_OWNER_TOPNAMES_H
#define SW_OWNER_TOPNAMES_H

#include "base/name.h"
#include "base/settings.h"

#include <stdio.h>

/* Callers of a reading. */
struct sw_topfile_calls {
    /* A name and the rank. False ends the reading. */
    bool (*take)(void *arg, const struct sw_name *name, uint32_t rank);
    /* "FILE:LINE: words", cleaned of control characters; NULL: nobody is told. */
    void (*problem)(void *arg, const char *message);
    void *arg;
};

#define SW_TOPFILE_LINE 4096 /* octets of a line at most */

/** Read at most so many lines of an open file. path: for messages. SW_OK, also with problems;
 * SW_EIO with errno. */
enum sw_status sw_topfile_read(FILE *in, const char *path, uint64_t lines,
                               const struct sw_topfile_calls *calls);

struct sw_topnames;

/** The file of the setting top-names, or none. No file is read before sw_topnames_refresh(). NULL:
 * no memory. */
struct sw_topnames *sw_topnames_new(const struct sw_settings *settings);
void sw_topnames_free(struct sw_topnames *top); /* NULL is fine */

/** Read the file when it is new or changed. Problems are logged once for each change, at most
 * SW_TOPNAMES_TOLD lines. A file that cannot be read, or is larger than 1 GiB, leaves the former
 * names in force. True when the names were replaced. */
bool sw_topnames_refresh(struct sw_topnames *top);
#define SW_TOPNAMES_TOLD 10

/** The rank of the longest top name that equals the name or is above it, and its labels; 0: there
 * is none. wire: a valid name in lower case. */
uint32_t sw_topnames_find(const struct sw_topnames *top, const uint8_t *wire, unsigned *labels);

#endif
