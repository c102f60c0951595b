/* anomaly.c - the anomaly rules. See anomaly.h. */
#include "owner/anomaly.h"

#include <stdio.h>
#include <string.h>

const char *sw_anomaly_name(enum sw_anomaly_type type)
{
    static const char *const name[SW_ANOMALY_COUNT] = {
        [SW_ANOMALY_PROTECTED_OWNER] = "protected-owner",
        [SW_ANOMALY_SHARED_ADDRESS] = "shared-address",
        [SW_ANOMALY_UNEXPECTED_OWNER] = "unexpected-owner",
        [SW_ANOMALY_OWNER_CHANGE] = "owner-change",
        [SW_ANOMALY_OWNER_FLUX] = "owner-flux",
        [SW_ANOMALY_SPECIAL_ADDRESS] = "special-address",
        [SW_ANOMALY_NO_OWNER] = "no-owner",
        [SW_ANOMALY_ORIGIN_CHANGE] = "origin-change",
        [SW_ANOMALY_WOKE] = "woke",
        [SW_ANOMALY_DANGLING_ALIAS] = "dangling-alias",
        [SW_ANOMALY_ODD_OWNER] = "odd-owner",
    };
    return name[type];
}

/* The search for the most specific indicator of lists of one kind. */
struct search {
    enum sw_kind kind;
    struct sw_hit best; /* list is NULL: none yet */
};

/* sw_hit_fn. The longest prefix goes first; of two lists with one prefix the first by name. */
static void take_hit(void *arg, const struct sw_hit *hit)
{
    struct search *search = arg;
    const struct sw_hit *best = &search->best;
    if (hit->list->kind != search->kind)
        return;
    if (!best->list || hit->plen > best->plen ||
        (hit->plen == best->plen && strcmp(hit->list->name, best->list->name) < 0))
        search->best = *hit;
}

/* Look a holder up by name, class or country; value "": not known. */
static void find_holder(const struct sw_view *view, const char *what, const char *value,
                        struct search *search, char text[SW_INDICATORTEXT_MAX])
{
    struct sw_indicator holder;
    if (value[0] == '\0' || sw_indicator_holder(what, value, &holder) != SW_OK)
        return;
    sw_view_find_holder(view, &holder, take_hit, search);
    if (search->best.list)
        snprintf(text, SW_INDICATORTEXT_MAX, "%s", holder.holder);
}

/*
 * The most specific indicator of lists of a kind that covers an address: a prefix of the
 * address itself, a prefix of an embedded IPv4 address, the registrant, the AS or its
 * organisation, the class of the holder, the country. text is the indicator. False: there is none.
 */
static bool find_kind(const struct sw_view *view, enum sw_kind kind, const struct sw_addr *addr,
                      const struct sw_owner *owner, struct sw_hit *hit,
                      char text[SW_INDICATORTEXT_MAX])
{
    struct search search = {.kind = kind};
    struct sw_addr embedded, asked = *addr;
    sw_view_find_addr(view, SW_TRIGGERS_DEFAULT, addr, take_hit, &search);
    if (!search.best.list && addr->family == 6 && sw_addr_embedded(addr, &embedded) == SW_OK) {
        asked = embedded;
        sw_view_find_addr(view, SW_TRIGGERS_DEFAULT, &embedded, take_hit, &search);
    }
    if (!search.best.list)
        find_holder(view, "registrant", owner->registrant, &search, text);
    if (!search.best.list && owner->asn != 0)
        sw_view_find_asn(view, SW_TRIGGERS_DEFAULT, owner->asn, take_hit, &search);
    if (!search.best.list)
        find_holder(view, "registrant", owner->registrant[0] ? "" : owner->org, &search, text);
    if (!search.best.list)
        find_holder(view, "class", sw_class_name((enum sw_class)owner->class), &search, text);
    if (!search.best.list)
        find_holder(view, "country", owner->country, &search, text);
    *hit = search.best;
    if (hit->list && hit->type != SW_INDICATOR_HOLDER)
        sw_hit_text(hit, NULL, &asked, text);
    return hit->list;
}

/* Bits of a prefix, 0 for an AS. */
static unsigned width(const struct sw_hit *hit)
{
    return hit->type == SW_INDICATOR_PREFIX ? hit->plen : 0;
}

/* Report a known operator that explains the address, if there is any. */
static void add_known(const struct sw_view *view, const struct sw_addr *addr,
                      const struct sw_owner *owner, struct sw_anomaly *out)
{
    struct sw_hit hit;
    char text[SW_INDICATORTEXT_MAX];
    if (!find_kind(view, SW_KIND_KNOWN, addr, owner, &hit, text))
        return;
    snprintf(out->known_list, sizeof(out->known_list), "%s", hit.list->name);
    snprintf(out->known_owner, sizeof(out->known_owner), "%s", hit.list->owner);
    out->known_bits = width(&hit);
}

void sw_anomaly_begin(const struct sw_view *view, enum sw_anomaly_type type,
                      const struct sw_addr *addr, const struct sw_owner *owner,
                      struct sw_anomaly *out)
{
    memset(out, 0, sizeof(*out));
    out->type = type;
    out->addr = *addr;
    add_known(view, addr, owner, out);
}

/* Whether the settings protect the class of the holder. */
static bool is_protected_class(uint32_t classes, const struct sw_owner *owner)
{
    return owner->class != SW_HOLDER_UNKNOWN && (classes & SW_CLASS_BIT(owner->class)) != 0;
}

bool sw_anomaly_protected_owner(uint32_t classes, const struct sw_view *view,
                                const struct sw_addr *addr, const struct sw_owner *owner,
                                struct sw_anomaly *out)
{
    struct sw_hit hit;
    char text[SW_INDICATORTEXT_MAX];
    bool listed = find_kind(view, SW_KIND_PROTECTED, addr, owner, &hit, text);
    if (!listed && !is_protected_class(classes, owner))
        return false;
    sw_anomaly_begin(view, SW_ANOMALY_PROTECTED_OWNER, addr, owner, out);
    if (!listed) {
        snprintf(out->protected_by, sizeof(out->protected_by), "class:%s",
                 sw_class_name((enum sw_class)owner->class));
        return true;
    }
    snprintf(out->list, sizeof(out->list), "%s", hit.list->name);
    snprintf(out->protected_owner, sizeof(out->protected_owner), "%s", hit.list->owner);
    memcpy(out->protected_by, text, sizeof(text));
    out->known_is_wider = out->known_bits < width(&hit);
    return true;
}

bool sw_anomaly_shared_address(const struct sw_view *view, const struct sw_addr *addr,
                               const struct sw_owner *owner, size_t other_names,
                               struct sw_anomaly *out)
{
    if (other_names == 0)
        return false;
    sw_anomaly_begin(view, SW_ANOMALY_SHARED_ADDRESS, addr, owner, out);
    out->other_names = other_names;
    return true;
}

bool sw_anomaly_unexpected_owner(const struct sw_view *view, const struct sw_name *name,
                                 enum sw_of of, const struct sw_addr *addr,
                                 const struct sw_owner *owner, struct sw_anomaly *out)
{
    const struct sw_policy *list = NULL;
    if (sw_declared_judge(view, name, of, addr, owner, &list) != SW_DECLARED_OUTSIDE)
        return false;
    sw_anomaly_begin(view, SW_ANOMALY_UNEXPECTED_OWNER, addr, owner, out);
    snprintf(out->list, sizeof(out->list), "%s", list->name);
    snprintf(out->declared, sizeof(out->declared), "%s",
             of == SW_OF_ZONE ? list->ns_owners : list->owners);
    return true;
}

void sw_anomaly_odd_owner(const struct sw_view *view, const char *list,
                          const struct sw_spread *spread, const struct sw_addr *addr,
                          const struct sw_owner *owner, struct sw_anomaly *out)
{
    sw_anomaly_begin(view, SW_ANOMALY_ODD_OWNER, addr, owner, out);
    snprintf(out->list, sizeof(out->list), "%s", list);
    out->spread = *spread;
}

bool sw_anomaly_special_address(const struct sw_view *view, const struct sw_addr *addr,
                                const struct sw_owner *owner, struct sw_anomaly *out)
{
    const struct sw_special *special = sw_special_find(addr);
    if (!special)
        return false;
    sw_anomaly_begin(view, SW_ANOMALY_SPECIAL_ADDRESS, addr, owner, out);
    out->special = special;
    return true;
}

bool sw_anomaly_no_owner(const struct sw_view *view, bool have_asn, const struct sw_addr *addr,
                         const struct sw_owner *owner, struct sw_anomaly *out)
{
    if (!have_asn || owner->asn != 0 || sw_special_find(addr))
        return false;
    sw_anomaly_begin(view, SW_ANOMALY_NO_OWNER, addr, owner, out);
    return true;
}

bool sw_anomaly_explained(const struct sw_anomaly *anomaly)
{
    return (anomaly->known_list[0] != '\0' && !anomaly->known_is_wider) || anomaly->expected;
}

#define EXPLAINED_MAX 10

unsigned sw_anomaly_severity(const struct sw_anomaly *anomaly, bool is_watched, bool of_zone)
{
    static const struct {
        unsigned char ioc, watch; /* for names on lists of this kind alone */
    } table[SW_ANOMALY_COUNT] = {
        [SW_ANOMALY_PROTECTED_OWNER] = {90, 90},
        [SW_ANOMALY_SHARED_ADDRESS] = {30, 30},
        [SW_ANOMALY_UNEXPECTED_OWNER] = {80, 80},
        [SW_ANOMALY_OWNER_CHANGE] = {40, 60},
        [SW_ANOMALY_OWNER_FLUX] = {50, 50},
        [SW_ANOMALY_SPECIAL_ADDRESS] = {20, 60},
        [SW_ANOMALY_NO_OWNER] = {30, 60},
        [SW_ANOMALY_ORIGIN_CHANGE] = {50, 80},
        [SW_ANOMALY_WOKE] = {50, 60},
        [SW_ANOMALY_DANGLING_ALIAS] = {50, 70},
        [SW_ANOMALY_ODD_OWNER] = {60, 60},
    };
    unsigned severity = is_watched ? table[anomaly->type].watch : table[anomaly->type].ioc;
    severity += of_zone ? 10 : 0; /* name servers answer for every name of the zone */
    return sw_anomaly_explained(anomaly) && severity > EXPLAINED_MAX ? EXPLAINED_MAX : severity;
}
