/* anomaly.c - the anomaly rules. See anomaly.h. */
#include "owner/anomaly.h"

#include <stdio.h>
#include <string.h>

#define HITS 64 /* more than SW_HITS_MAX: acting lists must not crowd the protected ones out */

const char *sw_anomaly_name(enum sw_anomaly_type type)
{
    static const char *const name[SW_ANOMALY_COUNT] = {
        [SW_ANOMALY_PROTECTED_OWNER] = "protected-owner",
        [SW_ANOMALY_SHARED_ADDRESS] = "shared-address",
    };
    return name[type];
}

/* The first hit of a list of this kind: prefixes come longest first. */
static const struct sw_hit *first_of_kind(const struct sw_hit *hits, size_t n, enum sw_kind kind)
{
    for (size_t i = 0; i < n; i++) {
        if (hits[i].list->kind == kind)
            return &hits[i];
    }
    return NULL;
}

/*
 * The most specific indicator of lists of a kind that covers an address: a prefix of the
 * address itself, a prefix of the IPv4 address that it embeds, its AS. *asked is the address
 * that matched. hits is room for HITS; the result points into it.
 */
static const struct sw_hit *find_kind(const struct sw_view *view, enum sw_kind kind,
                                      const struct sw_addr *addr, const struct sw_owner *owner,
                                      struct sw_hit *hits, struct sw_addr *asked)
{
    struct sw_addr embedded;
    *asked = *addr;
    size_t n = sw_view_find_addr(view, addr, hits, HITS);
    const struct sw_hit *hit = first_of_kind(hits, n, kind);
    if (hit == NULL && addr->family == 6 && sw_addr_embedded(addr, &embedded) == SW_OK) {
        *asked = embedded;
        n = sw_view_find_addr(view, &embedded, hits, HITS);
        hit = first_of_kind(hits, n, kind);
    }
    if (hit == NULL && owner->asn != 0) {
        n = sw_view_find_asn(view, owner->asn, hits, HITS);
        hit = first_of_kind(hits, n, kind);
    }
    return hit;
}

/* Report along which known operator explains the address, if one does. */
static void add_known(const struct sw_view *view, const struct sw_addr *addr,
                      const struct sw_owner *owner, struct sw_anomaly *out)
{
    struct sw_hit hits[HITS];
    struct sw_addr asked;
    const struct sw_hit *hit = find_kind(view, SW_KIND_KNOWN, addr, owner, hits, &asked);
    if (hit == NULL)
        return;
    snprintf(out->known_list, sizeof out->known_list, "%s", hit->list->name);
    snprintf(out->known_owner, sizeof out->known_owner, "%s", hit->list->owner);
}

bool sw_anomaly_protected_owner(const struct sw_view *view, const struct sw_addr *addr,
                                const struct sw_owner *owner, struct sw_anomaly *out)
{
    struct sw_hit hits[HITS];
    struct sw_addr asked;
    const struct sw_hit *hit = find_kind(view, SW_KIND_PROTECTED, addr, owner, hits, &asked);
    if (hit == NULL)
        return false;
    memset(out, 0, sizeof *out);
    out->type = SW_ANOMALY_PROTECTED_OWNER;
    out->addr = *addr;
    snprintf(out->list, sizeof out->list, "%s", hit->list->name);
    snprintf(out->protected_owner, sizeof out->protected_owner, "%s", hit->list->owner);
    sw_hit_text(hit, NULL, &asked, out->protected_by);
    add_known(view, addr, owner, out);
    return true;
}

bool sw_anomaly_shared_address(const struct sw_view *view, const struct sw_addr *addr,
                               const struct sw_owner *owner, size_t other_names,
                               struct sw_anomaly *out)
{
    if (other_names == 0)
        return false;
    memset(out, 0, sizeof *out);
    out->type = SW_ANOMALY_SHARED_ADDRESS;
    out->addr = *addr;
    out->other_names = other_names;
    add_known(view, addr, owner, out);
    return true;
}
