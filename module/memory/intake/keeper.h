/*
 * keeper.h - the thread that keeps the memory: from the workers' rings to files.
 *
 * With memory-folder set, each worker copies the records of upstream responses into its own ring
 * (received.h). The keeper empties the rings, counts each record in a tally (tally.h), and
 * at the end of each interval writes the tally into an immutable file (memory.h). Between two
 * intervals it merges files into files of longer intervals, and removes files over a limit.
 *
 *     worker                                keeper
 *     sw_ring_put(sw_keeper_ring(k, n))     ring -> sw_keeper_note() -> tally
 *                                           each interval: tally -> sw_seal_add() -> file
 *                                           then sw_memory_tidy(), a step at a time
 *
 * While a file is written, the keeper empties the rings into a second tally. When the tally is
 * full, a file is written before the end of the interval.
 *
 * Threads      sw_keeper_ring(): a worker, wait-free once the ring exists; sw_keeper_status(): any
 *              thread; new, start, stop, free: the thread that starts the module
 * Memory       memory-ram-max: a quarter for the rings, a half for the two tallies, a quarter for
 *              sorting. Records without room are left out and counted
 * Reliability  a file is renamed to its final name when complete, so kill -9 loses the
 *              interval that is not written yet. A failed write (full disk) is retried each
 *              interval; the log and the status have the reason; resolving is not affected
 * Decisions    D-160, D-161
 */
#ifndef SW_MEMORY_INTAKE_KEEPER_H
#define SW_MEMORY_INTAKE_KEEPER_H

#include "base/ring.h"
#include "base/settings.h"
#include "memory/memory.h"

#include <jansson.h>

struct sw_keeper;

/** settings: with memory_folder; kept until sw_keeper_free(). workers: number of threads with a
 * ring. NULL: out of memory. Reads the file of memory-exclude; problems go to the log. */
struct sw_keeper *sw_keeper_new(const struct sw_settings *settings, unsigned workers);

/** Have the keeper call work(arg) on its thread, once for each sw_keeper_wake() or once for
 * several, and after each interval. work() calls sw_keeper_go_on() at least each 100 milliseconds.
 * Before the start. */
void sw_keeper_work(struct sw_keeper *keeper, void work(void *arg), void *arg);
void sw_keeper_wake(struct sw_keeper *keeper); /* any thread */

/** Empty the rings, and write the tally into a file when an interval is over or the tally is full.
 * Returns whether to go on with the work: false when the daemon ends. For the keeper's thread. */
bool sw_keeper_go_on(struct sw_keeper *keeper);

/** The flag that ends work of the keeper's thread. */
const atomic_bool *sw_keeper_stopping(const struct sw_keeper *keeper);

/** Call each(arg, sighting) for all tuples that are not in a file yet; no tally is written before
 * the end, so that each must not wait. SW_OK, or the first other code of each. For the keeper's
 * thread. */
enum sw_status sw_keeper_each(struct sw_keeper *keeper, sw_sighting_fn *each, void *arg);

/** How often tuples went into a file: these are not met by sw_keeper_each() any more. */
uint64_t sw_keeper_written(const struct sw_keeper *keeper);

/** Change the time for the last file, 0.7 seconds otherwise: for a process that ends without haste.
 * Before the start. */
void sw_keeper_patience(struct sw_keeper *keeper, int64_t us);

/** Start the thread. SW_OK, SW_ENOMEM. */
enum sw_status sw_keeper_start(struct sw_keeper *keeper);

/** Have the thread write the tally and end, and return at once. No worker puts anything any more.
 * NULL is fine. */
void sw_keeper_end(struct sw_keeper *keeper);

/** Write the tally, and end the thread: within a second or sw_keeper_patience(), else without the
 * last interval. */
void sw_keeper_stop(struct sw_keeper *keeper);

/** Stop and free; NULL is fine. No worker may put anything any more. */
void sw_keeper_free(struct sw_keeper *keeper);

/** Whether the memory keeps records of this type (sw_rdata_kept()). */
bool sw_keeper_takes(uint16_t type);

/** The ring of worker n (0 <= n < workers), else NULL. */
struct sw_ring *sw_keeper_ring(const struct sw_keeper *keeper, unsigned n);

/** The field `memory` of a resolver's status (module/REDIS.md); NULL: out of memory. The caller
 * releases the value. */
json_t *sw_keeper_status(struct sw_keeper *keeper);

#endif
