/*
 * patterns.h - many patterns compared with a text at once (Aho and Corasick).
 *
 * Patterns are octets; each has a number. The search gives the smallest number of the patterns that
 * occur in a text. Add all patterns, then build, then search.
 *
 * Threads      searches: any number after sw_patterns_build(); everything else: a single thread
 * Memory       12 octets for each state and 16 for each slot of the hash table of transitions;
 *              at most one state for each octet of the patterns
 * Cost         sw_patterns_find(): at most two steps for each octet of the text, each a probe of a
 *              hash table that is at most half full
 * Source       Aho, Corasick: Efficient string matching, CACM 18(6), 1975
 */
#ifndef SW_OWNER_PATTERNS_H
#define SW_OWNER_PATTERNS_H

#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

#define SW_PATTERN_NONE UINT32_MAX

struct sw_patterns;

/** NULL: out of memory. */
struct sw_patterns *sw_patterns_new(void);
void sw_patterns_free(struct sw_patterns *patterns); /* NULL is fine */

/** Add a pattern. SW_OK; SW_EEXIST: these octets have a pattern already, whose number is put into
 * *earlier; SW_ENOMEM. len > 0, number != SW_PATTERN_NONE. Not after sw_patterns_build(). */
enum sw_status sw_patterns_add(struct sw_patterns *patterns, const char *octets, size_t len,
                               uint32_t number, uint32_t *earlier);

/** Link the states. SW_OK or SW_ENOMEM. */
enum sw_status sw_patterns_build(struct sw_patterns *patterns);

/** The smallest number of all patterns in the text; SW_PATTERN_NONE: none occurs. */
uint32_t sw_patterns_find(const struct sw_patterns *patterns, const char *text, size_t len);

#endif
