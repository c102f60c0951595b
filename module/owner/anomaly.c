/* anomaly.c - the anomaly rules. See anomaly.h. */
#include "owner/anomaly.h"

#include <stdio.h>
#include <string.h>

#define US_PER_HOUR INT64_C(3600000000)

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

/*
 * The most specific indicator of lists of a kind that covers an address: a prefix of the
 * address itself, a prefix of an embedded IPv4 address, or the AS. *asked is the address
 * that matched. False: there is none.
 */
static bool find_kind(const struct sw_view *view, enum sw_kind kind, const struct sw_addr *addr,
                      const struct sw_owner *owner, struct sw_hit *hit, struct sw_addr *asked)
{
    struct search search = {.kind = kind};
    struct sw_addr embedded;
    *asked = *addr;
    sw_view_find_addr(view, SW_TRIGGERS_DEFAULT, addr, take_hit, &search);
    if (!search.best.list && addr->family == 6 && sw_addr_embedded(addr, &embedded) == SW_OK) {
        *asked = embedded;
        sw_view_find_addr(view, SW_TRIGGERS_DEFAULT, &embedded, take_hit, &search);
    }
    if (!search.best.list && owner->asn != 0)
        sw_view_find_asn(view, SW_TRIGGERS_DEFAULT, owner->asn, take_hit, &search);
    *hit = search.best;
    return hit->list;
}

/* Report a known operator that explains the address, if there is any. */
static void add_known(const struct sw_view *view, const struct sw_addr *addr,
                      const struct sw_owner *owner, struct sw_anomaly *out)
{
    struct sw_hit hit;
    struct sw_addr asked;
    if (!find_kind(view, SW_KIND_KNOWN, addr, owner, &hit, &asked))
        return;
    snprintf(out->known_list, sizeof(out->known_list), "%s", hit.list->name);
    snprintf(out->known_owner, sizeof(out->known_owner), "%s", hit.list->owner);
}

static void begin(const struct sw_view *view, enum sw_anomaly_type type, const struct sw_addr *addr,
                  const struct sw_owner *owner, struct sw_anomaly *out)
{
    memset(out, 0, sizeof(*out));
    out->type = type;
    out->addr = *addr;
    add_known(view, addr, owner, out);
}

bool sw_anomaly_protected_owner(const struct sw_view *view, const struct sw_addr *addr,
                                const struct sw_owner *owner, struct sw_anomaly *out)
{
    struct sw_hit hit;
    struct sw_addr asked;
    if (!find_kind(view, SW_KIND_PROTECTED, addr, owner, &hit, &asked))
        return false;
    begin(view, SW_ANOMALY_PROTECTED_OWNER, addr, owner, out);
    snprintf(out->list, sizeof(out->list), "%s", hit.list->name);
    snprintf(out->protected_owner, sizeof(out->protected_owner), "%s", hit.list->owner);
    sw_hit_text(&hit, NULL, &asked, out->protected_by);
    return true;
}

bool sw_anomaly_shared_address(const struct sw_view *view, const struct sw_addr *addr,
                               const struct sw_owner *owner, size_t other_names,
                               struct sw_anomaly *out)
{
    if (other_names == 0)
        return false;
    begin(view, SW_ANOMALY_SHARED_ADDRESS, addr, owner, out);
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
    begin(view, SW_ANOMALY_UNEXPECTED_OWNER, addr, owner, out);
    snprintf(out->list, sizeof(out->list), "%s", list->name);
    snprintf(out->declared, sizeof(out->declared), "%s",
             of == SW_OF_ZONE ? list->ns_owners : list->owners);
    return true;
}

/* When the name was first seen with this address, under any owner. */
static int64_t addr_since(const struct sw_name_history *of, const struct sw_addr *addr)
{
    int64_t since = INT64_MAX;
    for (size_t i = 0; i < of->n; i++) {
        if (sw_addr_equal(&of->seen[i].addr, addr) && of->seen[i].first_us < since)
            since = of->seen[i].first_us;
    }
    return since;
}

/* The same AS, or the same holder of the address under another AS. */
static bool same_holder(const struct sw_owner *a, const struct sw_owner *b)
{
    return a->asn == b->asn ||
           (a->registrant[0] != '\0' && strcmp(a->registrant, b->registrant) == 0);
}

/* When the name was first seen with this holder: an address that a database gave to it only
 * later counts from when the name had it. */
static int64_t holder_since(const struct sw_name_history *of, const struct sw_owner *owner)
{
    int64_t since = INT64_MAX;
    for (size_t i = 0; i < of->n; i++) {
        if (of->seen[i].owner.asn == 0 || !same_holder(&of->seen[i].owner, owner))
            continue;
        int64_t one = addr_since(of, &of->seen[i].addr);
        since = one < since ? one : since;
    }
    return since;
}

/* The addresses of a name before a moment: since when, how often, and the entry seen last. */
struct baseline {
    int64_t first_us;
    uint64_t count;
    const struct sw_seen *last;
};

static struct baseline baseline_before(const struct sw_name_history *of, int64_t before_us)
{
    struct baseline base = {.first_us = INT64_MAX};
    for (size_t i = 0; i < of->n; i++) {
        const struct sw_seen *seen = &of->seen[i];
        if (seen->owner.asn == 0 || seen->first_us >= before_us)
            continue;
        base.first_us = seen->first_us < base.first_us ? seen->first_us : base.first_us;
        base.count += seen->count;
        if (!base.last || seen->last_us > base.last->last_us)
            base.last = seen;
    }
    return base;
}

/* Distinct addresses and AS numbers within the window that ends at time_us. */
static bool is_flux(const struct sw_settings *settings, const struct sw_name_history *of,
                    int64_t time_us, size_t *addresses, size_t *as)
{
    int64_t from = time_us - (int64_t)settings->flux_hours * US_PER_HOUR;
    *addresses = *as = 0;
    for (size_t i = 0; i < of->n; i++) {
        const struct sw_seen *seen = &of->seen[i];
        bool new_addr = true, new_as = true;
        if (seen->owner.asn == 0 || seen->last_us < from || seen->first_us > time_us)
            continue;
        for (size_t j = 0; j < i; j++) {
            if (of->seen[j].owner.asn == 0 || of->seen[j].last_us < from)
                continue;
            new_addr = new_addr && !sw_addr_equal(&of->seen[j].addr, &seen->addr);
            new_as = new_as && of->seen[j].owner.asn != seen->owner.asn;
        }
        *addresses += new_addr;
        *as += new_as;
    }
    return *as >= settings->flux_as && *as * 100 >= *addresses * settings->flux_percent;
}

bool sw_anomaly_owner_change(const struct sw_settings *settings, const struct sw_view *view,
                             const struct sw_name_history *of, const struct sw_addr *addr,
                             const struct sw_owner *owner, int64_t time_us, struct sw_anomaly *out)
{
    size_t addresses, as;
    if (owner->asn == 0)
        return false;
    int64_t since = holder_since(of, owner);
    struct baseline base = baseline_before(of, since);
    if (!base.last || base.count < settings->baseline_count ||
        since - base.first_us < (int64_t)settings->baseline_days * 24 * US_PER_HOUR ||
        is_flux(settings, of, time_us, &addresses, &as))
        return false;
    begin(view, SW_ANOMALY_OWNER_CHANGE, addr, owner, out);
    out->former_addr = base.last->addr;
    out->former = base.last->owner;
    return true;
}

bool sw_anomaly_owner_flux(const struct sw_settings *settings, const struct sw_view *view,
                           const struct sw_name_history *of, const struct sw_addr *addr,
                           const struct sw_owner *owner, int64_t time_us, struct sw_anomaly *out)
{
    size_t addresses, as;
    if (!is_flux(settings, of, time_us, &addresses, &as))
        return false;
    begin(view, SW_ANOMALY_OWNER_FLUX, addr, owner, out);
    out->flux_addresses = addresses;
    out->flux_as = as;
    return true;
}

bool sw_anomaly_special_address(const struct sw_view *view, const struct sw_addr *addr,
                                const struct sw_owner *owner, struct sw_anomaly *out)
{
    const struct sw_special *special = sw_special_find(addr);
    if (!special)
        return false;
    begin(view, SW_ANOMALY_SPECIAL_ADDRESS, addr, owner, out);
    out->special = special;
    return true;
}

bool sw_anomaly_no_owner(const struct sw_view *view, bool have_asn, const struct sw_addr *addr,
                         const struct sw_owner *owner, struct sw_anomaly *out)
{
    if (!have_asn || owner->asn != 0 || sw_special_find(addr))
        return false;
    begin(view, SW_ANOMALY_NO_OWNER, addr, owner, out);
    return true;
}
