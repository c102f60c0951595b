/*
 * spool.h - documents that wait on disk while Redis is away, in order, bounded.
 *
 * A folder with segment files. Documents are appended to the youngest segment and taken from the
 * oldest; a segment that was taken whole is removed, so the disk is given back as Redis takes
 * documents. After a restart what is left is found and goes first. What is taken stays on disk
 * until sw_spool_done(): a process that dies in between takes it once more.
 *
 * A segment is text, one document a line: stream, run, number, events that it stands for, JSON.
 * A line without its end (the process died while writing it) is left out.
 *
 * Threads      the recorder
 * Memory       one block of lines to be written, one to be read
 * Reliability  survives the end of the process, not that of the machine (no fsync). Of two
 *              processes with the same folder the second gets none
 * Security     folder and files are for this user only: clients' addresses are in them
 */
#ifndef SW_JOURNAL_SPOOL_H
#define SW_JOURNAL_SPOOL_H

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sw_spool;

/* A document on its way. run and number tell it apart from all others of this resolver. */
struct sw_spooled {
    unsigned stream; /* enum sw_stream */
    uint64_t run, number;
    uint64_t events; /* to be counted when it is lost */
    char *json;      /* malloc'ed */
    size_t len;
};

/**
 * Open a folder, making it when its parent is there, and find what a run before has left.
 *
 * folder  absolute path; "" gives a spool that takes nothing
 * max     octets that all segments may have
 * NULL: out of memory. A folder that cannot be used is logged once, and takes nothing; it is
 * tried again with sw_spool_tick().
 */
struct sw_spool *sw_spool_new(const char *folder, uint64_t max);
void sw_spool_free(struct sw_spool *spool); /* writes what waits; NULL is fine */

/** Try again to use a folder that could not be used, at most every few seconds. */
void sw_spool_tick(struct sw_spool *spool, int64_t mono_us);

/** Whether the folder can be used. */
bool sw_spool_open(const struct sw_spool *spool);

/** Whether it can take another document of usual size. */
bool sw_spool_has_room(const struct sw_spool *spool);

/** Documents on disk that are not done, and the octets of all segments. */
uint64_t sw_spool_waiting(const struct sw_spool *spool);
uint64_t sw_spool_octets(const struct sw_spool *spool);

/** Append; json stays the caller's. SW_OK; SW_ETOOBIG: no room; SW_EIO: not usable, or the disk
 * says no (logged once). */
enum sw_status sw_spool_add(struct sw_spool *spool, const struct sw_spooled *document);

/**
 * Put documents in front of all others: those that were on their way when Redis went away. All or
 * none. Requires that nothing is taken and not done. SW_OK; SW_ETOOBIG, SW_EIO as above.
 */
enum sw_status sw_spool_put_back(struct sw_spool *spool, const struct sw_spooled *documents,
                                 size_t n);

/** Write out what was added since. */
void sw_spool_flush(struct sw_spool *spool);

/** The next document in order that was not taken yet; the caller frees json. SW_OK, SW_ENOTFOUND
 * (all taken), SW_ENOMEM: rewind before taking more. */
enum sw_status sw_spool_take(struct sw_spool *spool, struct sw_spooled *out);

/** Documents that were added and found missing since the last call: the disk was full when they
 * were to be written. Noticed by sw_spool_take(). */
uint64_t sw_spool_missing(struct sw_spool *spool);

/** The n documents taken first are done with: they are not taken again. */
void sw_spool_done(struct sw_spool *spool, uint64_t n);

/** Take again from the first that is not done. */
void sw_spool_rewind(struct sw_spool *spool);

#endif
