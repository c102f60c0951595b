/*
 * expires.h - the end of a single indicator, parsed from facts and stream entries.
 *
 * A feed writes "expires" into an indicator's facts, and the same time into the `add` entry
 * (module/REDIS.md). The feeder hands the time to the index (feed/expire.c removes expired
 * indicators), and the command skips expired fields.
 *
 * Threads      pure functions
 * Memory       nothing is kept; facts with an end are parsed by jansson
 * Errors       a caller reports an invalid end as refused; the indicator stays in force without an
 *              end
 */
#ifndef SW_BASE_EXPIRES_H
#define SW_BASE_EXPIRES_H

#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

#define SW_EXPIRES_WHY                                                                             \
    "the end is neither a time of RFC 3339 nor seconds since 1970 (before 2106), or the facts "    \
    "are no JSON object; the indicator is in force without an end"

/** Parse an end: RFC 3339, or seconds in digits; "" is never. SW_OK: *at is in seconds since 1970,
 * rounded up; 0 is never, and 1 also stands for any earlier time. SW_ESYNTAX: *at is 0. */
enum sw_status sw_expires_parse(const char *text, size_t len, uint32_t *at);

/** Parse the member "expires" of facts. SW_OK with *at 0: there are no facts, or no such member.
 * SW_ESYNTAX with *at 0: the member is no time, or the facts are no JSON object (of facts without
 * "expires" only the first and the last octet are checked). */
enum sw_status sw_facts_expires(const char *facts, size_t len, uint32_t *at);

#endif
