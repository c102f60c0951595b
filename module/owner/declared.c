/* declared.c - declared owners of a watch list compared with the real owner. See declared.h. */
#include "owner/declared.h"

#include "base/indicator.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define HITS 64

const char *sw_declared_next(const char *at, char *out, size_t room)
{
    if (at == NULL || *at == '\0')
        return NULL;
    size_t len = strcspn(at, "\n");
    snprintf(out, room, "%.*s", (int)len, at);
    return at[len] == '\n' ? at + len + 1 : at + len;
}

static bool covers(const struct sw_addr *prefix, const struct sw_addr *addr)
{
    struct sw_addr inner;
    return sw_addr_covers(prefix, addr) ||
           (sw_addr_embedded(addr, &inner) == SW_OK && sw_addr_covers(prefix, &inner));
}

/* Whether a declared text names this owner. */
static bool names_owner(const char *text, const struct sw_addr *addr, const struct sw_owner *owner)
{
    struct sw_indicator indicator;
    struct sw_addr prefix;
    char why[SW_WHY_MAX];
    if (sw_addr_parse(text, strlen(text), &prefix, NULL) == SW_OK)
        return covers(&prefix, addr);
    if (sw_indicator_parse(text, strlen(text), &indicator, why) == SW_OK &&
        indicator.type == SW_INDICATOR_ASN)
        return indicator.asn == owner->asn;
    return strcasecmp(text, owner->registrant) == 0 || strcasecmp(text, owner->netname) == 0 ||
           strcasecmp(text, owner->org) == 0;
}

enum sw_declared sw_declared_judge(const struct sw_view *view, const struct sw_name *name,
                                   enum sw_of of, const struct sw_addr *addr,
                                   const struct sw_owner *owner, const struct sw_policy **list)
{
    struct sw_hit hits[HITS];
    size_t n = sw_view_find_name(view, name->wire, name->len, hits, HITS);
    enum sw_declared result = SW_DECLARED_NONE;
    for (size_t i = 0; i < n; i++) {
        char text[SW_DECLARED_MAX];
        const struct sw_policy *policy = hits[i].list;
        const char *at = of == SW_OF_ZONE ? policy->ns_owners : policy->owners;
        if (policy->kind != SW_KIND_WATCH || *at == '\0')
            continue;
        if (result == SW_DECLARED_NONE)
            *list = policy;
        result = SW_DECLARED_OUTSIDE;
        while ((at = sw_declared_next(at, text, sizeof text)) != NULL) {
            if (names_owner(text, addr, owner))
                return SW_DECLARED_INSIDE;
        }
    }
    return result;
}
