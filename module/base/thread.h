/*
 * thread.h - threads of the module inside a host program, and waiting with a deadline.
 *
 * The host program handles signals in other threads, so each thread started here has all signals
 * blocked. Condition variables use the monotonic clock: a change of the wall clock neither shortens
 * nor lengthens a wait.
 *
 * Threads      any
 * Memory       none; the caller owns threads, locks and condition variables
 * Errors       false: the system has no resources left
 * Standards    POSIX.1-2008
 */
#ifndef SW_BASE_THREAD_H
#define SW_BASE_THREAD_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/** Start run(arg) in a new thread with all signals blocked. name is at most 15 characters long.
 * On success the caller joins *thread. */
bool sw_thread_start(pthread_t *thread, const char *name, void *(*run)(void *), void *arg);

/** Initialise a condition variable on the monotonic clock. */
bool sw_cond_init(pthread_cond_t *cond);

/** Wait for a signal until a time of sw_clock_mono_us(). The caller holds the lock. Returns false
 * once the time is over; as always with condition variables, true may come without a signal. */
bool sw_cond_wait(pthread_cond_t *cond, pthread_mutex_t *lock, int64_t until_us);

#endif
