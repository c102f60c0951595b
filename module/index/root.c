/* root.c - the flags of a root: which triggers some list needs. See impl.h. */
#include "index/impl.h"

/* Whether a list has an indicator that a trigger from `named` (names) or `numbers` can match. */
static bool list_matches(const struct sw_index_list *list, unsigned named, unsigned numbers)
{
    unsigned triggers = list->policy->triggers;
    return ((triggers & named) && list->count[SW_INDICATOR_DOMAIN] > 0) ||
           ((triggers & numbers) &&
            list->count[SW_INDICATOR_PREFIX] + list->count[SW_INDICATOR_ASN] > 0);
}

void sw_index_flag_triggers(const struct sw_index *index, struct sw_root *root)
{
    bool client = false, act = false, rewrite = false, server = false;
    for (unsigned i = 0; i < SW_LISTS_MAX; i++) {
        const struct sw_index_list *list = &index->list[i];
        if (list->state != SW_LIST_ACTIVE || list->policy->triggers == SW_TRIGGERS_DEFAULT)
            continue;
        if (list_matches(list, 0, SW_TRIGGER_BIT(SW_TRIGGER_CLIENT))) {
            client = true;
            act |= list->policy->kind == SW_KIND_IOC;
            rewrite |= sw_policy_rewrites(list->policy);
        }
        server |=
            list_matches(list, SW_TRIGGER_BIT(SW_TRIGGER_NSDNAME), SW_TRIGGER_BIT(SW_TRIGGER_NSIP));
    }
    atomic_store_explicit(&root->any_client, client, memory_order_relaxed);
    atomic_store_explicit(&root->clients_act, act, memory_order_relaxed);
    atomic_store_explicit(&root->clients_rewrite, rewrite, memory_order_relaxed);
    atomic_store_explicit(&root->any_server, server, memory_order_relaxed);
}
