/* namefacts.c - see namefacts.h. */
#include "owner/namefacts.h"

#include "owner/sources.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

bool sw_namefacts_find(const struct sw_owners *owners, uint32_t public_classes, const uint8_t *wire,
                       struct sw_namefacts *out)
{
    unsigned labels;
    memset(out, 0, sizeof(*out));
    if (!sw_classes_find_name(sw_owners_classes(owners), wire, &out->of, &labels, &out->table))
        out->of.class = SW_HOLDER_UNKNOWN;
    out->is_public =
        out->of.class != SW_HOLDER_UNKNOWN && (public_classes & SW_CLASS_BIT(out->of.class)) != 0;
    out->rank = sw_topnames_find(sw_owners_top(owners), wire, &labels);
    if (out->rank > 0)
        sw_name_text(sw_name_suffix(wire, labels), out->top);
    return out->of.class != SW_HOLDER_UNKNOWN || out->rank > 0;
}

char *sw_namefacts_text(const struct sw_namefacts *facts, char *out)
{
    int used = 0;
    out[0] = '\0';
    if (facts->of.class != SW_HOLDER_UNKNOWN)
        used = snprintf(out, SW_NAMEFACTSTEXT_MAX, "%s, suffix %s (%s:%u)",
                        facts->is_public ? "public body" : sw_class_name(facts->of.class),
                        facts->of.pattern, facts->table, facts->of.line);
    if (facts->rank > 0)
        snprintf(out + used, SW_NAMEFACTSTEXT_MAX - (size_t)used, "%stop name %s, rank %" PRIu32,
                 used > 0 ? "; " : "", facts->top, facts->rank);
    return out;
}
