/*
 * clock.h - the time: two clocks, and time as text.
 *
 * Functions that decide by the time take the time as a parameter (microseconds since 1970, UTC),
 * so that tests can choose any time. Only the two functions below read a real clock.
 *
 * Threads      any
 */
#ifndef SW_BASE_CLOCK_H
#define SW_BASE_CLOCK_H

#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

/** Wall clock, microseconds since 1970-01-01 UTC. */
int64_t sw_clock_wall_us(void);

/** Monotonic clock, microseconds since an arbitrary start: for intervals and deadlines. */
int64_t sw_clock_mono_us(void);

#define SW_TIMETEXT_MAX 32
/** "2026-11-23T01:02:03.456Z" (RFC 3339) for wall-clock microseconds; returns text. */
char *sw_time_text(int64_t wall_us, char text[SW_TIMETEXT_MAX]);

/**
 * Time from text: RFC 3339 ("2026-11-23T01:02:03Z", also with a fraction or an offset), or up to
 * 12 digits of seconds since 1970. SW_OK: *wall_us is set, a fraction cut to microseconds;
 * SW_ESYNTAX.
 */
enum sw_status sw_time_parse(const char *text, size_t len, int64_t *wall_us);

#endif
