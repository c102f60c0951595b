/*
 * expiry.h - the end that a single indicator may have: in its facts, in the change stream, in time.
 *
 * A feed writes "expires" into an indicator's facts, and says the same in its `add` entry
 * (module/REDIS.md). The feeder hands the time to the index and, at least five times a second,
 * takes out what is due, whether Redis is there or not: also while it waits for a reply. An
 * expired field may stay in Redis for ever: it is skipped whenever its list is read.
 *
 * Threads      the feeder; the parsers: any
 * Reliability  an end that cannot be read is told as refused; the indicator stays without one
 */
#ifndef SW_FEED_EXPIRY_H
#define SW_FEED_EXPIRY_H

#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

#define SW_EXPIRES_WHY                                                                             \
    "the end is neither a time of RFC 3339 nor seconds since 1970 (before 2106), or the facts "    \
    "are "                                                                                         \
    "no JSON object; the indicator is in force without an end"

/** An end as text: RFC 3339, or seconds in digits; "" is never. SW_OK: *at is in seconds since 1970,
 * rounded up, 0 for never, 1 for what was over in 1970. SW_ESYNTAX: *at is 0. */
enum sw_status sw_expires_parse(const char *text, size_t len, uint32_t *at);

/** The member "expires" of facts; SW_OK with *at 0 when there are no facts, or it is not in them.
 * SW_ESYNTAX: it is no time, or the facts are no JSON object (without "expires" in them only their
 * first and last octet are looked at); *at is 0. */
enum sw_status sw_facts_expires(const char *facts, size_t len, uint32_t *at);

#endif
