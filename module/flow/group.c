#include "flow/group.h"

#include <string.h>

#define EVERYBODY UINT32_MAX

_Static_assert(SW_PARTS_MAX <= 32, "a set of groups is 32 bits");

/* The groups that a list applies to. Names that this resolver does not know are nobody. */
static uint32_t groups_of(const struct sw_flow *flow, const struct sw_policy *list)
{
    uint32_t set = 0;
    if (!list->groups[0])
        return EVERYBODY;
    for (const char *at = list->groups; *at; at += *at == '\n') {
        size_t len = strcspn(at, "\n");
        unsigned group = sw_groups_find(&flow->settings->groups, at, len);
        if (group)
            set |= UINT32_C(1) << group;
        at += len;
    }
    return set;
}

size_t sw_group_parts(const struct sw_flow *flow, const struct sw_match *match,
                      uint32_t parts[SW_PARTS_MAX])
{
    size_t n = 1;
    parts[0] = EVERYBODY;
    for (size_t i = 0; match->grouped && i < match->n; i++) {
        uint32_t set = groups_of(flow, match->found[i].hit.list);
        size_t before = n;
        for (size_t p = 0; p < before; p++) {
            uint32_t in = parts[p] & set, out = parts[p] & ~set;
            if (in == 0 || out == 0)
                continue;
            parts[p] = in;
            parts[n++] = out;
        }
    }
    return n;
}

void sw_group_match(const struct sw_flow *flow, const struct sw_match *match, uint32_t part,
                    struct sw_match *out)
{
    *out = *match;
    if (!match->grouped)
        return;
    out->n = 0;
    out->acted_on = false;
    for (size_t i = 0; i < match->n; i++) {
        const struct sw_policy *list = match->found[i].hit.list;
        if (!(groups_of(flow, list) & part))
            continue;
        out->found[out->n++] = match->found[i];
        out->acted_on |= list->kind == SW_KIND_IOC;
    }
}
