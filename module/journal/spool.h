/*
 * spool.h - documents that wait on disk while Redis is away, in order, bounded.
 *
 * A folder with segment files. Documents are appended to the youngest segment and taken from the
 * oldest. A segment with all documents done is removed, so the disk is given back as Redis takes
 * documents. After a restart the documents left on disk go first. A taken document stays on disk
 * until sw_spool_done(): after the process dies in between, the next run takes the document again.
 *
 * A segment is text with a document on each line: stream, run, number, count of events, JSON. A
 * line without an end (the process died during the write) is left out.
 *
 * Threads      the recorder
 * Memory       a block of lines to be written, a block to be read
 * Reliability  survives the end of the process, not that of the machine (no fsync). Of two
 *              processes with the same folder the second gets none
 * Security     folder and files are for this user only: clients' addresses are inside
 * Decisions    D-050, D-070
 */
#ifndef SW_JOURNAL_SPOOL_H
#define SW_JOURNAL_SPOOL_H

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sw_spool;

/* A document. run and number are unique for this resolver. */
struct sw_spooled {
    unsigned stream; /* enum sw_stream */
    uint64_t run, number;
    uint64_t events; /* to be counted when the document is lost */
    char *json;      /* malloc'ed */
    size_t len;
};

/**
 * Open a folder (made if only the folder itself is missing) and find the documents of earlier runs.
 *
 * folder  absolute path; "" gives a spool that takes nothing
 * max     octets that all segments may have
 * NULL: out of memory. An unusable folder is logged once and takes nothing; sw_spool_tick() tries
 * again.
 */
struct sw_spool *sw_spool_new(const char *folder, uint64_t max);
void sw_spool_free(struct sw_spool *spool); /* writes the waiting documents; NULL is fine */

/** Try again to use a folder that could not be used, at most every few seconds. */
void sw_spool_tick(struct sw_spool *spool, int64_t mono_us);

/** Whether the folder can be used. */
bool sw_spool_open(const struct sw_spool *spool);

/** Whether the spool can take another document of usual size. */
bool sw_spool_has_room(const struct sw_spool *spool);

/** Documents on disk that are not done, and the octets of all segments. */
uint64_t sw_spool_waiting(const struct sw_spool *spool);

/** errno of the failure that keeps documents from being written; 0: writing works. */
int sw_spool_problem(const struct sw_spool *spool);
uint64_t sw_spool_octets(const struct sw_spool *spool);

/** Append; json stays the caller's. SW_OK; SW_ETOOBIG: no room; SW_EIO: the folder cannot be used,
 * or the write failed (logged once). */
enum sw_status sw_spool_add(struct sw_spool *spool, const struct sw_spooled *document);

/**
 * Put documents in front of all others, after a broken connection to Redis. All or none. Requires:
 * every taken document is done. SW_OK; SW_ETOOBIG, SW_EIO as above.
 */
enum sw_status sw_spool_put_back(struct sw_spool *spool, const struct sw_spooled *documents,
                                 size_t n);

/** Write the documents added since the last call. */
void sw_spool_flush(struct sw_spool *spool);

/** The next document in order that was not taken yet; the caller frees json. SW_OK, SW_ENOTFOUND
 * (all taken), SW_ENOMEM: rewind before taking more. */
enum sw_status sw_spool_take(struct sw_spool *spool, struct sw_spooled *out);

/** Documents that were added and found missing since the last call: the disk was full at the write.
 * sw_spool_take() notices the loss. */
uint64_t sw_spool_missing(struct sw_spool *spool);

/** The n documents taken first are done and are not taken again. */
void sw_spool_done(struct sw_spool *spool, uint64_t n);

/** Take again from the first that is not done. */
void sw_spool_rewind(struct sw_spool *spool);

#endif
