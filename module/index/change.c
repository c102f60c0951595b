/* change.c - the writer's changes of single indicators (index.h, impl.h). */
#include "index/impl.h"

#include <stdlib.h>

void sw_index_class_more(struct sw_index *index, uint16_t class)
{
    index->names += sw_class_gated(class);
    if (index->class_count[class]++ > 0)
        return;
    _Atomic uint64_t *word = &index->classes[class / 64];
    uint64_t bits = atomic_load_explicit(word, memory_order_relaxed);
    atomic_store_explicit(word, bits | UINT64_C(1) << class % 64, memory_order_relaxed);
}

void sw_index_class_less(struct sw_index *index, uint16_t class, uint32_t n)
{
    assert(index->class_count[class] >= n);
    if (sw_class_gated(class) && n > 0 && (index->names -= n) == 0)
        sw_gate_reset(&index->gates);
    if (n == 0 || (index->class_count[class] -= n) > 0)
        return;
    _Atomic uint64_t *word = &index->classes[class / 64];
    uint64_t bits = atomic_load_explicit(word, memory_order_relaxed);
    atomic_store_explicit(word, bits & ~(UINT64_C(1) << class % 64), memory_order_relaxed);
}

/* ---- keys ---- */

struct key {
    struct sw_digest digest;
    uint64_t gate; /* names of two labels or more: digest of the last two */
    uint16_t class;
};

static enum sw_status name_key(const struct sw_index *index, const struct sw_name *name,
                               struct key *out)
{
    struct sw_hash_name ready;
    if (!sw_hash_name(&ready, name->wire, name->len))
        return SW_EINVAL;
    unsigned labels = (unsigned)ready.labels;
    struct sw_sum sum = sw_hash_start(&index->key, 0);
    for (unsigned k = 1; k <= labels; k++) {
        sw_hash_label(&sum, index->key.factor[0][k - 1], sw_hash_label_at(&ready, k));
        if (k == 2)
            out->gate = sw_hash_first(&index->key, &sum);
    }
    out->digest.a = sw_hash_first(&index->key, &sum);
    out->digest.b = sw_hash_second(&index->key, &ready, labels);
    out->class = (uint16_t)(SW_CLASS_NAME + labels);
    return SW_OK;
}

/* The octets as a big number. The host bits must be clear, as addr.h promises. */
static enum sw_status addr_key(const struct sw_index *index, const struct sw_addr *addr,
                               struct key *out)
{
    struct sw_addr masked = *addr;
    if ((addr->family != 4 && addr->family != 6) || addr->plen > sw_addr_bits(addr))
        return SW_EINVAL;
    sw_addr_mask(&masked, addr->plen);
    if (!sw_addr_equal(&masked, addr))
        return SW_EINVAL;
    uint64_t half[2];
    memcpy(half, addr->octets, sizeof(half));
    uint64_t hi = be64toh(half[0]), lo = be64toh(half[1]);
    if (addr->family == 4) {
        out->digest = sw_hash_prefix4(&index->key, (uint32_t)(hi >> 32), addr->plen);
        out->class = (uint16_t)(SW_CLASS_PREFIX4 + addr->plen);
    } else {
        out->digest = sw_hash_prefix6(&index->key, hi, lo, addr->plen);
        out->class = (uint16_t)(SW_CLASS_PREFIX6 + addr->plen);
    }
    return SW_OK;
}

static enum sw_status key_of(const struct sw_index *index, const struct sw_indicator *ind,
                             struct key *out)
{
    switch (ind->type) {
    case SW_INDICATOR_DOMAIN:
        return name_key(index, &ind->name, out);
    case SW_INDICATOR_PREFIX:
        return addr_key(index, &ind->addr, out);
    case SW_INDICATOR_ASN:
        out->digest = sw_hash_asn(&index->key, ind->asn);
        out->class = SW_CLASS_ASN;
        return SW_OK;
    case SW_INDICATOR_HOLDER:
        if (ind->holder[0] == '\0')
            return SW_EINVAL;
        out->digest = sw_hash_holder(&index->key, ind->holder);
        out->class = SW_CLASS_HOLDER;
        return SW_OK;
    }
    return SW_EINVAL;
}

/* The form counts for domains only. */
static sw_rule rule_of(sw_list_id id, const struct sw_indicator *ind)
{
    return sw_rule_of(id, ind->type == SW_INDICATOR_DOMAIN ? ind->form : SW_FORM_SUBTREE);
}

/* Set the bits of gate and prefix lengths, so that look-ups reach the table, before the indicator
 * is put into the table. */
static bool let_through(struct sw_index *index, const struct sw_indicator *ind,
                        const struct key *key)
{
    if (ind->type == SW_INDICATOR_PREFIX)
        return sw_lengths_note(&index->lengths, &index->key, &ind->addr) == SW_OK;
    return !sw_class_gated(key->class) ||
           sw_gate_add(&index->gates, key->gate, index->names) == SW_OK;
}

/* ---- add, remove, has ---- */

static bool list_open(const struct sw_index *index, sw_list_id id)
{
    return id < SW_LISTS_MAX &&
           (index->list[id].state == SW_LIST_ACTIVE || index->list[id].state == SW_LIST_STAGED);
}

static void show_any(struct sw_index *index, const struct sw_index_list *list,
                     enum sw_indicator_type type)
{
    struct sw_root *root = atomic_load_explicit(&index->root, memory_order_relaxed);
    bool any = index->shown[type] > 0;
    if (atomic_load_explicit(&root->any[type], memory_order_relaxed) != any)
        atomic_store_explicit(&root->any[type], any, memory_order_relaxed);
    if (list->policy->triggers != SW_TRIGGERS_DEFAULT && list->count[type] <= 1)
        sw_index_flag_triggers(index, root);
}

static void count_more(struct sw_index *index, sw_list_id id, enum sw_indicator_type type)
{
    struct sw_index_list *list = &index->list[id];
    index->changes++;
    list->count[type]++;
    index->rules++;
    if (list->state == SW_LIST_ACTIVE) {
        index->shown[type]++;
        sw_index_note_owner_change(index, list->policy);
        show_any(index, list, type);
    }
}

static void count_less(struct sw_index *index, sw_list_id id, enum sw_indicator_type type)
{
    struct sw_index_list *list = &index->list[id];
    index->changes++;
    list->count[type]--;
    index->rules--;
    if (list->state == SW_LIST_ACTIVE) {
        index->shown[type]--;
        sw_index_note_owner_change(index, list->policy);
        show_any(index, list, type);
    }
}

enum sw_status sw_index_add(struct sw_index *index, sw_list_id id, const struct sw_indicator *ind)
{
    struct key key;
    uint32_t next;
    if (!list_open(index, id) || (unsigned)ind->form >= SW_FORM_COUNT)
        return SW_EINVAL;
    enum sw_status status = key_of(index, ind, &key);
    if (status != SW_OK)
        return status;
    if (!let_through(index, ind, &key))
        return SW_ENOMEM;
    uint32_t ref = sw_table_get(&index->table, key.digest);
    status = sw_sets_with(&index->sets, ref, key.class, rule_of(id, ind), &next);
    if (status != SW_OK)
        return status;
    if (ref == 0)
        sw_index_class_more(index, key.class);
    status = sw_table_put(&index->table, key.digest, next);
    if (status != SW_OK) {
        if (ref == 0)
            sw_index_class_less(index, key.class, 1);
        sw_sets_drop(&index->sets, next, 1);
        return status;
    }
    sw_sets_drop(&index->sets, ref, 1);
    count_more(index, id, ind->type);
    return SW_OK;
}

/* Remove a rule from the set that a key refers to. */
static enum sw_status rule_remove(struct sw_index *index, struct sw_digest digest, uint32_t ref,
                                  sw_rule rule)
{
    uint32_t next;
    enum sw_status status = sw_sets_without(&index->sets, ref, rule, &next);
    if (status != SW_OK)
        return status;
    uint16_t class = sw_set_get(&index->sets, ref)->class;
    if (next == 0) {
        sw_table_remove(&index->table, digest);
        sw_index_class_less(index, class, 1);
    } else {
        (void)sw_table_put(&index->table, digest, next); /* the key is there: cannot fail */
    }
    sw_sets_drop(&index->sets, ref, 1);
    count_less(index, sw_rule_list(rule), sw_class_type(class));
    return SW_OK;
}

enum sw_status sw_index_remove(struct sw_index *index, sw_list_id id,
                               const struct sw_indicator *ind)
{
    struct key key;
    if (!list_open(index, id) || key_of(index, ind, &key) != SW_OK)
        return SW_ENOTFOUND;
    uint32_t ref = sw_table_get(&index->table, key.digest);
    if (ref != 0 && sw_set_get(&index->sets, ref)->class != key.class)
        return SW_ENOTFOUND;
    enum sw_status status = rule_remove(index, key.digest, ref, rule_of(id, ind));
    if (status == SW_OK)
        sw_expiry_cancel(&index->expiry, key.digest, rule_of(id, ind));
    return status;
}

/* ---- indicators that expire ---- */

enum sw_status sw_index_add_until(struct sw_index *index, sw_list_id id,
                                  const struct sw_indicator *ind, uint32_t until)
{
    struct key key;
    enum sw_status status = sw_index_add(index, id, ind);
    if ((status != SW_OK && status != SW_EEXIST) || key_of(index, ind, &key) != SW_OK)
        return status;
    index->changes++;
    if (until == 0)
        sw_expiry_cancel(&index->expiry, key.digest, rule_of(id, ind));
    else if (sw_expiry_set(&index->expiry, key.digest, rule_of(id, ind), until) != SW_OK) {
        if (status == SW_OK)
            (void)sw_index_remove(index, id, ind);
        return SW_ENOMEM;
    }
    return status;
}

uint32_t sw_index_until(const struct sw_index *index, sw_list_id id, const struct sw_indicator *ind)
{
    struct key key;
    if (!list_open(index, id) || key_of(index, ind, &key) != SW_OK)
        return 0;
    return sw_expiry_get(&index->expiry, key.digest, rule_of(id, ind));
}

size_t sw_index_expire(struct sw_index *index, uint32_t now, size_t max,
                       void (*gone)(void *arg, sw_list_id id), void *arg)
{
    const struct sw_expiry_item *first;
    size_t n = 0;
    for (; n < max && (first = sw_expiry_first(&index->expiry)) != NULL && first->at <= now; n++) {
        struct sw_digest digest = sw_expiry_digest(first);
        sw_rule rule = sw_expiry_rule(first);
        enum sw_status status =
            rule_remove(index, digest, sw_table_get(&index->table, digest), rule);
        if (status == SW_ENOMEM || status == SW_ETOOBIG)
            break; /* the indicator stays until the next call */
        sw_expiry_cancel(&index->expiry, digest, rule);
        if (status == SW_OK && gone)
            gone(arg, sw_rule_list(rule));
    }
    return n;
}

uint32_t sw_index_next_expiry(const struct sw_index *index)
{
    const struct sw_expiry_item *first = sw_expiry_first(&index->expiry);
    return !first ? 0 : first->at;
}

bool sw_index_has(const struct sw_index *index, sw_list_id id, const struct sw_indicator *ind)
{
    struct key key;
    if (!list_open(index, id) || key_of(index, ind, &key) != SW_OK)
        return false;
    uint32_t ref = sw_table_get(&index->table, key.digest);
    if (ref == 0 || sw_set_get(&index->sets, ref)->class != key.class)
        return false;
    return sw_sets_has(&index->sets, ref, rule_of(id, ind));
}

/* Make room for n indicators in all. */
static enum sw_status make_room(struct sw_index *index, size_t n)
{
    if (sw_gate_reserve(&index->gates, n) != SW_OK)
        return SW_ENOMEM;
    return sw_table_reserve(&index->table, n);
}

enum sw_status sw_index_reserve(struct sw_index *index, size_t more)
{
    size_t keys = sw_table_keys(&index->table);
    return more > SIZE_MAX - keys ? SW_ENOMEM : make_room(index, keys + more);
}

enum sw_status sw_index_renew(struct sw_index *index, size_t n)
{
    sw_gate_renew(&index->gates, n > index->names ? n : index->names);
    return make_room(index, n);
}
