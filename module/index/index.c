/* index.c - creating the index; creating, replacing and dropping lists (index.h, impl.h). */
#include "index/index.h"

#include "base/rcu.h"
#include "index/impl.h"

#include <stdlib.h>
#include <string.h>

#define PURGE_DIVISOR                                                                              \
    8 /* purge when gone rules are an eighth of the others: bounded waste, few walks */

static void count_bytes(struct sw_index *index, size_t more, size_t less)
{
    atomic_fetch_add_explicit(&index->list_bytes, more - less, memory_order_relaxed);
}

struct sw_index *sw_index_new(void)
{
    struct sw_index *index = calloc(1, sizeof(*index));
    struct sw_root *root = calloc(1, sizeof(*root));
    if (!index || !root || sw_hash_key_init(&index->key) != SW_OK ||
        sw_sets_init(&index->sets, &index->retire, index->key.mask ^ index->key.step,
                     index->key.mul[1]) != SW_OK) {
        free(root);
        free(index);
        return NULL;
    }
    sw_table_init(&index->table, &index->retire);
    sw_gates_init(&index->gates, &index->retire);
    index->retire.limit = 4u << 20; /* raised by the growing table */
    atomic_init(&index->root, root);
    count_bytes(index, sizeof(*index) + sizeof(*root), 0);
    return index;
}

void sw_index_free(struct sw_index *index)
{
    if (!index)
        return;
    sw_retire_drain(&index->retire);
    sw_table_free(&index->table);
    sw_gates_free(&index->gates);
    sw_lengths_free(&index->lengths);
    sw_sets_free(&index->sets);
    for (unsigned i = 0; i < SW_LISTS_MAX; i++)
        free(index->list[i].policy);
    free(atomic_load_explicit(&index->root, memory_order_relaxed));
    sw_expiry_free(&index->expiry);
    explicit_bzero(&index->key, sizeof(index->key));
    free(index);
}

/* sw_retire_fn for roots and policies. */
static void release(void *arg, void *ptr, size_t bytes)
{
    free(ptr);
    count_bytes(arg, 0, bytes);
}

static void retire_policy(struct sw_index *index, struct sw_policy *policy)
{
    sw_retire(&index->retire, release, index, policy, sizeof(*policy));
}

/* A root to be filled in and published. Callers allocate the root before changing lists, so that
 * no change has to be undone without memory. */
static struct sw_root *root_alloc(void)
{
    return calloc(1, sizeof(struct sw_root));
}

/* Fill in the root with the current lists and publish. The release store pairs with the load in
 * sw_index_view(). */
static void root_publish(struct sw_index *index, struct sw_root *root)
{
    struct sw_root *old = atomic_load_explicit(&index->root, memory_order_relaxed);
    index->changes++;
    for (unsigned i = 0; i < SW_LISTS_MAX; i++) {
        if (index->list[i].state == SW_LIST_ACTIVE)
            root->policy[i] = index->list[i].policy;
    }
    for (unsigned t = 0; t < SW_TYPES; t++)
        atomic_init(&root->any[t], index->shown[t] > 0);
    sw_index_flag_triggers(index, root);
    atomic_store_explicit(&index->root, root, memory_order_release);
    count_bytes(index, sizeof(*root), 0);
    sw_retire(&index->retire, release, index, old, sizeof(*old));
}

enum sw_status sw_index_show(struct sw_index *index)
{
    struct sw_root *root = root_alloc();
    if (!root)
        return SW_ENOMEM;
    root_publish(index, root);
    return SW_OK;
}

/* Adapt the counts of visible rules to a list that becomes visible (more) or hidden (less). */
static void shown_more(struct sw_index *index, const struct sw_index_list *list)
{
    for (unsigned t = 0; t < SW_TYPES; t++)
        index->shown[t] += list->count[t];
}

static void shown_less(struct sw_index *index, const struct sw_index_list *list)
{
    for (unsigned t = 0; t < SW_TYPES; t++)
        index->shown[t] -= list->count[t];
}

static size_t list_rules(const struct sw_index_list *list)
{
    size_t n = 0;
    for (unsigned t = 0; t < SW_TYPES; t++)
        n += list->count[t];
    return n;
}

/* Mark a list as gone: no longer usable, with rules that the next purge removes. */
static void list_gone(struct sw_index *index, struct sw_index_list *list)
{
    size_t n = list_rules(list);
    list->state = SW_LIST_GONE;
    list->policy = NULL;
    sw_expiry_forget(&index->expiry, (sw_list_id)(list - index->list));
    index->rules -= n;
    index->gone_rules += n;
}

/* Purge if enough rules are gone. Out of memory: the rules stay hidden until a later purge. */
static void purge_if_due(struct sw_index *index)
{
    if (index->gone_rules > 0 && index->gone_rules >= index->rules / PURGE_DIVISOR)
        (void)sw_index_purge(index);
}

/* Take an id that no rule in the table names. */
static enum sw_status id_take(struct sw_index *index, sw_list_id *out)
{
    for (int again = 0; again < 2; again++) {
        for (unsigned i = 0; i < SW_LISTS_MAX; i++) {
            if (index->list[i].state == SW_LIST_FREE) {
                *out = (sw_list_id)i;
                return SW_OK;
            }
        }
        enum sw_status status = sw_index_purge(index);
        if (status != SW_OK)
            return status;
    }
    return SW_ETOOBIG;
}

void sw_index_promote_gate(struct sw_index *index)
{
    if (index->gates.next == 0)
        return;
    for (unsigned i = 0; i < SW_LISTS_MAX; i++) {
        const struct sw_index_list *list = &index->list[i];
        bool used = list->state == SW_LIST_ACTIVE || list->state == SW_LIST_STAGED;
        if (used && list->count[SW_INDICATOR_DOMAIN] > 0 && list->epoch != index->gates.epoch)
            return;
    }
    sw_rcu_synchronize(); /* readers of replaced lists need the former gate */
    sw_gate_promote(&index->gates);
}

static bool in_state(const struct sw_index *index, sw_list_id id, enum sw_list_state state)
{
    return id < SW_LISTS_MAX && index->list[id].state == state;
}

enum sw_status sw_index_list_find(const struct sw_index *index, const char *name, sw_list_id *id)
{
    for (unsigned i = 0; i < SW_LISTS_MAX; i++) {
        const struct sw_index_list *list = &index->list[i];
        if (list->state == SW_LIST_ACTIVE && strcmp(list->policy->name, name) == 0) {
            *id = (sw_list_id)i;
            return SW_OK;
        }
    }
    return SW_ENOTFOUND;
}

enum sw_status sw_index_list_set(struct sw_index *index, const struct sw_policy *policy,
                                 sw_list_id *id)
{
    sw_list_id at;
    if (policy->name[0] == '\0' || !memchr(policy->name, '\0', sizeof(policy->name)))
        return SW_EINVAL;
    if (sw_index_list_find(index, policy->name, &at) != SW_OK) {
        enum sw_status status = id_take(index, &at);
        if (status != SW_OK)
            return status;
        index->list[at].epoch = index->gates.epoch;
    }
    struct sw_root *root = root_alloc();
    struct sw_policy *copy = malloc(sizeof(*copy));
    if (!root || !copy) {
        free(root);
        free(copy);
        return SW_ENOMEM;
    }
    *copy = *policy;
    struct sw_policy *old = index->list[at].policy;
    index->list[at].policy = copy;
    index->list[at].state = SW_LIST_ACTIVE;
    count_bytes(index, sizeof(*copy), 0);
    root_publish(index, root);
    sw_index_note_owner_change(index, policy);
    sw_index_note_owner_change(index, old);
    if (old)
        retire_policy(index, old);
    *id = at;
    return SW_OK;
}

enum sw_status sw_index_list_drop(struct sw_index *index, sw_list_id id)
{
    if (!in_state(index, id, SW_LIST_ACTIVE))
        return SW_ENOTFOUND;
    struct sw_root *root = root_alloc();
    if (!root)
        return SW_ENOMEM;
    struct sw_index_list *list = &index->list[id];
    struct sw_policy *policy = list->policy;
    shown_less(index, list);
    list_gone(index, list);
    root_publish(index, root);
    sw_index_note_owner_change(index, policy);
    retire_policy(index, policy);
    sw_index_promote_gate(index);
    purge_if_due(index);
    return SW_OK;
}

/* ---- replacing ---- */

enum sw_status sw_index_stage_begin(struct sw_index *index, sw_list_id id, sw_list_id *staged)
{
    sw_list_id at;
    if (!in_state(index, id, SW_LIST_ACTIVE))
        return SW_ENOTFOUND;
    enum sw_status status = id_take(index, &at);
    if (status != SW_OK)
        return status;
    index->list[at] =
        (struct sw_index_list){.state = SW_LIST_STAGED, .origin = id, .epoch = index->gates.epoch};
    *staged = at;
    return SW_OK;
}

/* Set the new id of a replaced list in other instances that are staged for the list. */
static void stages_follow(struct sw_index *index, sw_list_id from, sw_list_id to)
{
    for (unsigned i = 0; i < SW_LISTS_MAX; i++) {
        if (index->list[i].state == SW_LIST_STAGED && index->list[i].origin == from)
            index->list[i].origin = to;
    }
}

enum sw_status sw_index_stage_swap(struct sw_index *index, sw_list_id *id, sw_list_id staged)
{
    if (!in_state(index, *id, SW_LIST_ACTIVE) || !in_state(index, staged, SW_LIST_STAGED) ||
        index->list[staged].origin != *id)
        return SW_ENOTFOUND;
    struct sw_root *root = root_alloc();
    if (!root)
        return SW_ENOMEM;
    struct sw_index_list *old = &index->list[*id], *list = &index->list[staged];
    list->policy = old->policy;
    list->state = SW_LIST_ACTIVE;
    shown_more(index, list);
    shown_less(index, old);
    list_gone(index, old);
    root_publish(index, root);
    sw_index_note_owner_change(index, list->policy);
    stages_follow(index, *id, staged);
    *id = staged;
    sw_index_promote_gate(index);
    purge_if_due(index);
    return SW_OK;
}

void sw_index_stage_abandon(struct sw_index *index, sw_list_id staged)
{
    if (!in_state(index, staged, SW_LIST_STAGED))
        return;
    list_gone(index, &index->list[staged]);
    sw_index_promote_gate(index);
    purge_if_due(index);
}

/* ---- questions ---- */

size_t sw_index_count(const struct sw_index *index, sw_list_id id)
{
    bool open = in_state(index, id, SW_LIST_ACTIVE) || in_state(index, id, SW_LIST_STAGED);
    return open ? list_rules(&index->list[id]) : 0;
}

size_t sw_index_lists(const struct sw_index *index, sw_list_id *ids, size_t max)
{
    size_t n = 0;
    for (unsigned i = 0; i < SW_LISTS_MAX; i++) {
        if (index->list[i].state != SW_LIST_ACTIVE)
            continue;
        if (n < max)
            ids[n] = (sw_list_id)i;
        n++;
    }
    return n;
}

uint64_t sw_index_owner_changes(const struct sw_index *index)
{
    return atomic_load_explicit(&index->owner_changes, memory_order_relaxed);
}

uint64_t sw_index_changes(const struct sw_index *index)
{
    return index->changes;
}

size_t sw_index_bytes(const struct sw_index *index)
{
    return sw_table_bytes(&index->table) +
           atomic_load_explicit(&index->gates.bytes, memory_order_relaxed) +
           atomic_load_explicit(&index->lengths.bytes, memory_order_relaxed) +
           atomic_load_explicit(&index->sets.bytes, memory_order_relaxed) +
           atomic_load_explicit(&index->expiry.bytes, memory_order_relaxed) +
           atomic_load_explicit(&index->list_bytes, memory_order_relaxed);
}

void sw_index_tidy(struct sw_index *index)
{
    if (index->gone_rules > 0)
        (void)sw_index_purge(index);
    sw_table_tidy(&index->table);
    sw_retire_flush(&index->retire);
}
