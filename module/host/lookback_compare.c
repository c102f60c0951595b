/* lookback_compare.c - sightings against the index and the wanted indicators. See lookback.h. */
#include "base/rcu.h"
#include "host/lookback_parts.h"
#include "host/module.h"

/* Whether a rule counts: of a list of kind ioc, in a pass for lists of a wanted list. */
struct counting {
    const struct sw_lookback_wanted *now;
    bool counts;
};

static void count_rule(void *arg, const struct sw_hit *hit)
{
    struct counting *counting = arg;
    const struct sw_list_set *lists = &counting->now->lists;
    counting->counts |=
        hit->list->kind == SW_KIND_IOC && (!lists->any || sw_list_set_has(lists, hit->id));
}

static void count_addr(const struct sw_lookback *lookback, const struct sw_view *view,
                       const struct sw_addr *addr, struct counting *counting)
{
    struct sw_addr embedded;
    uint32_t asn;
    sw_view_find_addr(view, SW_TRIGGERS_DEFAULT, addr, count_rule, counting);
    if (addr->family == 6 && sw_addr_embedded(addr, &embedded) == SW_OK)
        sw_view_find_addr(view, SW_TRIGGERS_DEFAULT, &embedded, count_rule, counting);
    if (view->any_asn &&
        sw_owner_find_asn(lookback->module->flow.owners, addr, &asn, NULL) == SW_OK)
        sw_view_find_asn(view, SW_TRIGGERS_DEFAULT, asn, count_rule, counting);
}

bool sw_lookback_is_listed(const struct sw_lookback *lookback, const struct sw_sighting *s)
{
    struct counting counting = {&lookback->now, false};
    struct sw_addr addr;
    sw_rcu_enter();
    struct sw_view view = sw_index_view(lookback->module->index);
    sw_view_find_name(&view, SW_TRIGGERS_DEFAULT, s->owner, sw_name_size(s->owner, SW_NAME_MAX),
                      count_rule, &counting);
    if (!counting.counts && sw_found_address(s, &addr))
        count_addr(lookback, &view, &addr, &counting);
    sw_rcu_leave();
    return counting.counts;
}

/* The AS number of an address now, when an AS number is wanted; 0: unknown. */
static uint32_t asn_of(const struct sw_lookback *lookback, const struct sw_addr *addr)
{
    uint32_t asn = 0;
    if (!lookback->now.has_asn)
        return 0;
    sw_rcu_enter();
    if (sw_owner_find_asn(lookback->module->flow.owners, addr, &asn, NULL) != SW_OK)
        asn = 0;
    sw_rcu_leave();
    return asn;
}

/* Whether a prefix covers an address, or the IPv4 address that is embedded in the address. */
static bool covers(const struct sw_addr *prefix, const struct sw_addr *addr)
{
    struct sw_addr embedded;
    return sw_addr_covers(prefix, addr) ||
           (prefix->family == 4 && sw_addr_embedded(addr, &embedded) == SW_OK &&
            sw_addr_covers(prefix, &embedded));
}

/* Whether a wanted single indicator covers a sighting that is listed: the index has judged the form
 * of the indicator already. */
static bool is_wanted(const struct sw_lookback *lookback, const struct sw_sighting *s)
{
    struct sw_addr addr;
    bool has_addr = sw_found_address(s, &addr);
    uint32_t asn = has_addr ? asn_of(lookback, &addr) : 0;
    for (size_t i = 0; i < lookback->now.n; i++) {
        const struct sw_indicator *indicator = &lookback->now.indicator[i];
        if ((indicator->type == SW_INDICATOR_DOMAIN &&
             sw_name_below_or_equal(s->owner, indicator->name.wire)) ||
            (indicator->type == SW_INDICATOR_PREFIX && has_addr &&
             covers(&indicator->addr, &addr)) ||
            (indicator->type == SW_INDICATOR_ASN && asn && asn == indicator->asn))
            return true;
    }
    return false;
}

bool sw_lookback_counts(const struct sw_lookback *lookback, const struct sw_sighting *s)
{
    return sw_found_is_resolution(s) && sw_lookback_is_listed(lookback, s) &&
           (lookback->now.lists.any || is_wanted(lookback, s));
}
