/*
 * filelog.h - the event file: a JSON object on each line, appended.
 *
 * Lines are collected and written once for each batch. Once a second the path is compared with
 * the open file, so that a renamed file (logrotate) is followed by a new file. When the disk is
 * full or the file cannot be opened, that is logged once, some lines are kept for later, the rest
 * is counted, and the count is logged when writing works again.
 *
 * Threads      the recorder
 * Memory       at most SW_FILELOG_BUFFER_MAX octets wait
 * Reliability  no line is ever written in two halves of two files; no fsync
 */
#ifndef SW_JOURNAL_FILELOG_H
#define SW_JOURNAL_FILELOG_H

#include "base/counters.h"
#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

#define SW_FILELOG_BUFFER_MAX (4U << 20)

struct sw_filelog;

/** path is copied; "" makes a log that writes nothing. Opens at the first flush or tick.
 * NULL: out of memory. */
struct sw_filelog *sw_filelog_new(const char *path, struct sw_counters *counters);
void sw_filelog_free(struct sw_filelog *log); /* flushes; NULL is fine */

/** Add a line; the newline is added here. */
void sw_filelog_add(struct sw_filelog *log, const char *line, size_t len);

/** Write the waiting lines. SW_OK (also with nothing to do), SW_EIO: kept for later. */
enum sw_status sw_filelog_flush(struct sw_filelog *log, int64_t mono_us);

/** Look once a second whether the file was renamed or removed. */
void sw_filelog_tick(struct sw_filelog *log, int64_t mono_us);

/** Lines given up so far. */
uint64_t sw_filelog_lost(const struct sw_filelog *log);

#endif
