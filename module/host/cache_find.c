/*
 * cache_find.c - the cached names of addresses that are tracked from now on:
 * sw_cache_report_names() of cache.h.
 */
#include "base/clock.h"
#include "base/rcu.h"
#include "flow/draft.h"
#include "flow/match.h"
#include "flow/query.h"
#include "host/cache.h"
#include "host/cache_walk.h"

#include <arpa/inet.h>
#include <time.h>

/* A walk, and the addresses to find. */
struct search {
    struct sw_cache_walk walk;
    struct sw_module *module;
    const struct sw_addr *addrs;
    size_t addrs_n;
    time_t now;
};

/* State of the search in an RRset. */
struct looking {
    const struct search *search;
    uint64_t found; /* bit i: addrs[i] was found */
};

static void compare_addr(void *arg, const struct sw_addr *addr)
{
    struct looking *looking = arg;
    for (size_t i = 0; i < looking->search->addrs_n; i++)
        if (sw_addr_equal(&looking->search->addrs[i], addr))
            looking->found |= UINT64_C(1) << i;
}

/* Whether an RRset is valid now, with a known time of storing. An expired RRset says nothing about
 * the present. Unbound notes no time of storing for RRsets of load_cache: since their age is
 * unknown, they are no sighting either (D-138). */
static bool speaks_of_now(const struct search *search, const struct packed_rrset_data *data)
{
    return data->ttl >= search->now && data->ttl_add > 0 && data->ttl_add <= search->now;
}

/* Whether a valid RRset contains a wanted address. Such an RRset is reported, not removed. */
static bool holds_addr(void *arg, struct lruhash_entry *entry, struct sw_picked *out)
{
    const struct search *search = arg;
    const struct ub_packed_rrset_key *key = entry->key;
    struct looking looking = {search, 0};
    const struct sw_walk visit = {&looking, NULL, compare_addr};
    uint16_t type = ntohs(key->rk.type);
    if (type != LDNS_RR_TYPE_A && type != LDNS_RR_TYPE_AAAA)
        return false;
    lock_rw_rdlock(&entry->lock);
    const struct packed_rrset_data *data = entry->data;
    if (key->id != 0 && data && speaks_of_now(search, data)) {
        sw_query_walk_rrset(type, data, &visit);
        if (looking.found && !sw_picked_rrset(key, out))
            looking.found = 0;
        out->addrs = looking.found;
        out->stored = data->ttl_add;
        out->until = data->ttl;
    }
    lock_rw_unlock(&entry->lock);
    return looking.found != 0;
}

/* Names that a rule matches are recorded hit by hit; only other names are reported here, once. */
static bool reports_itself(const struct sw_module *module, const struct sw_name *name)
{
    struct sw_matching m;
    struct sw_match match;
    sw_rcu_enter();
    sw_match_begin(&m, &module->flow, &match);
    sw_match_name(&m, SW_TRIGGER_QNAME, name->wire, name->len);
    sw_rcu_leave();
    return match.acted_on;
}

static void report_name(void *arg, const struct sw_picked *found)
{
    const struct search *search = arg;
    struct sw_event ev;
    const struct sw_question question = {found->name.wire, found->name.len, ntohs(found->type),
                                         ntohs(found->dclass)};
    if (reports_itself(search->module, &found->name))
        return;
    sw_draft_begin(&ev, SW_EVENT_ANSWER, (int64_t)found->stored * 1000000, &question, NULL);
    ev.flags |= SW_EVENT_RESOLVED;
    sw_draft_until(&ev, found->until);
    for (size_t i = 0; i < search->addrs_n; i++)
        if (found->addrs >> i & 1)
            sw_draft_addr(&ev, &search->addrs[i]);
    sw_journal_put_slow(search->module->journal, &ev);
}

void sw_cache_report_names(void *arg, const struct sw_addr *addrs, size_t n)
{
    struct sw_module *module = arg;
    struct search search = {.module = module,
                            .addrs = addrs,
                            .addrs_n = n < SW_FEED_TRACKED_MAX ? n : SW_FEED_TRACKED_MAX,
                            .now = (time_t)(sw_clock_wall_us() / 1000000)};
    search.walk.pick = holds_addr;
    search.walk.take = report_name;
    search.walk.arg = &search;
    search.walk.unlocked = true;
    search.walk.keeps = true;
    sw_cache_walk(&search.walk, &module->env->rrset_cache->table, 0, 1);
}
