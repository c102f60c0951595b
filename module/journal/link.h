/*
 * link.h - the recorder's connection to Redis: opened when needed, with a pause after a failure.
 *
 * Every use asks sw_link_up() first and takes NULL as "not now". A failure closes the
 * connection; the next try comes after a pause that doubles from 100 ms to 5 s, with some jitter,
 * so that many resolvers do not all connect at the same moment. Problems are logged once per
 * change.
 *
 * Threads      the recorder; sw_link_interrupt(): any
 */
#ifndef SW_JOURNAL_LINK_H
#define SW_JOURNAL_LINK_H

#include "base/counters.h"
#include "redis/redis.h"

struct sw_link;

/** Not yet connected. NULL: out of memory or file descriptors. */
struct sw_link *sw_link_new(const struct sw_settings *settings, struct sw_counters *counters);
void sw_link_free(struct sw_link *link); /* NULL is fine */

/** The open connection. A closed connection is opened when the pause is over (mono_us, monotonic
 * clock). NULL: not now. */
struct sw_redis *sw_link_up(struct sw_link *link, int64_t mono_us);

/** Something failed: close, log sw_redis_error(), and pause. */
void sw_link_failed(struct sw_link *link, int64_t mono_us);

/** A batch was acknowledged: the next pause starts short again. */
void sw_link_worked(struct sw_link *link);

/** Microseconds until sw_link_up() may succeed; 0: at once. */
int64_t sw_link_wait_us(const struct sw_link *link, int64_t mono_us);

/** Forget the pause: for the last try before stopping. */
void sw_link_hurry(struct sw_link *link);

/** Make every call fail at once from now on. Any thread. */
void sw_link_interrupt(struct sw_link *link);

/** Append a command of n texts to the pipeline; lengths by strlen(). */
enum sw_status sw_link_append(struct sw_redis *redis, int n, const char **texts);

#endif
