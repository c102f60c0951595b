/*
 * pattern.h - patterns of STIX, as far as they are lists of alternatives.
 *
 * [domain-name:value = 'a'] OR [ipv4-addr:value IN ('b', 'c')] is understood: each alternative is
 * an indicator of its own. AND, FOLLOWEDBY, NOT, comparisons other than =, IN and ISSUBSET, and
 * qualifiers say more than an indicator does: the pattern is refused as a whole.
 *
 * Threads      pure functions
 * Standards    STIX 2.1, part 9
 */
#ifndef SW_FORMATS_PATTERN_H
#define SW_FORMATS_PATTERN_H

#include "formats/parts.h"

#define SW_ALTERNATIVES_MAX 1000
#define SW_PATH_MAX         64

struct sw_alternative {
    char path[SW_PATH_MAX]; /* "domain-name:value" */
    char *value;            /* without quotes and escapes */
    bool neutral;           /* says only the type of the object in another comparison */
};

struct sw_pattern {
    struct sw_alternative one[SW_ALTERNATIVES_MAX];
    size_t n;
};

/** Parse: NULL, or the reason to refuse the pattern. sw_pattern_free() in any case. */
const char *sw_pattern_parse(struct sw_piece text, struct sw_pattern *out);
void sw_pattern_free(struct sw_pattern *pattern);

#endif
