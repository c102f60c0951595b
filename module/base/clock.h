/*
 * clock.h - the time, injected.
 *
 * Code takes the time as a parameter (microseconds since 1970, UTC) wherever it decides on it;
 * these are the only two places that read a real clock.
 *
 * Threads      any
 */
#ifndef SW_BASE_CLOCK_H
#define SW_BASE_CLOCK_H

#include <stdint.h>

/** Wall clock, microseconds since 1970-01-01 UTC. */
int64_t sw_clock_wall_us(void);

/** Monotonic clock, microseconds since an arbitrary start: for intervals and deadlines. */
int64_t sw_clock_mono_us(void);

#define SW_TIMETEXT_MAX 32
/** "2026-11-23T01:02:03.456Z" (RFC 3339) for wall-clock microseconds; returns text. */
char *sw_time_text(int64_t wall_us, char text[SW_TIMETEXT_MAX]);

#endif
