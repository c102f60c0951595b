/* declared.c - declared owners of a watch list compared with the real owner. See declared.h. */
#include "owner/declared.h"

#include "base/indicator.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

const char *sw_declared_next(const char *at, char *out, size_t room)
{
    if (!at || *at == '\0')
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

/* The search for a watch list that declares an owner. */
struct search {
    enum sw_of of;
    const struct sw_addr *addr;
    const struct sw_owner *owner;
    enum sw_declared result;
    struct sw_hit best; /* of the lists that declare anything */
};

/* The name with more labels goes first; of two lists that hold one name the first by list name. */
static bool goes_before(const struct sw_hit *hit, const struct sw_hit *best)
{
    if (hit->labels != best->labels)
        return hit->labels > best->labels;
    return strcmp(hit->list->name, best->list->name) < 0;
}

static void take_hit(void *arg, const struct sw_hit *hit)
{
    struct search *search = arg;
    char text[SW_DECLARED_MAX];
    const struct sw_policy *policy = hit->list;
    const char *at = search->of == SW_OF_ZONE ? policy->ns_owners : policy->owners;
    if (policy->kind != SW_KIND_WATCH || *at == '\0')
        return;
    if (search->result == SW_DECLARED_NONE)
        search->result = SW_DECLARED_OUTSIDE;
    if (!search->best.list || goes_before(hit, &search->best))
        search->best = *hit;
    while (search->result != SW_DECLARED_INSIDE && (at = sw_declared_next(at, text, sizeof(text))))
        if (names_owner(text, search->addr, search->owner))
            search->result = SW_DECLARED_INSIDE;
}

enum sw_declared sw_declared_judge(const struct sw_view *view, const struct sw_name *name,
                                   enum sw_of of, const struct sw_addr *addr,
                                   const struct sw_owner *owner, const struct sw_policy **list)
{
    struct search search = {.of = of, .addr = addr, .owner = owner, .result = SW_DECLARED_NONE};
    sw_view_find_name(view, SW_TRIGGERS_DEFAULT, name->wire, name->len, take_hit, &search);
    if (search.result != SW_DECLARED_NONE)
        *list = search.best.list;
    return search.result;
}
