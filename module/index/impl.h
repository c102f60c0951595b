/*
 * impl.h - the inside of struct sw_index, shared by index.c (lists), purge.c (rules of gone lists),
 * change.c (indicators), root.c (flags) and view.c (readers).
 *
 * Readers see the index through two structures: the root (the ids and policies of the lists that
 * are shown), replaced as a whole whenever a list changes; and the slots of the table, each changed
 * in place. The rules of a slot name lists by id; a reader skips the rules of lists that the root
 * does not show. So a single store of the root shows a staged list and hides the replaced list. The
 * rules of hidden lists are removed from the table later, for several lists in a single walk (a
 * purge). Only after a purge the id of a hidden list is given to a new list.
 *
 * A list's life: free -> active (list_set) or staged (stage_begin) -> active (swap) -> gone
 * (drop, swapped out, abandoned) -> free (purge).
 *
 * Threads      the members of struct sw_index above "writer only": read by any thread; all others:
 *              the writer
 */
#ifndef SW_INDEX_IMPL_H
#define SW_INDEX_IMPL_H

#include "index/expiry.h"
#include "index/gate.h"
#include "index/hash.h"
#include "index/index.h"
#include "index/lengths.h"
#include "index/retire.h"
#include "index/ruleset.h"
#include "index/table.h"

#define SW_TYPES 4 /* enum sw_indicator_type */

struct sw_root { /* the lists that a view shows; after publication only flags change */
    atomic_bool any[SW_TYPES]; /* some list that is shown has an indicator of this type */
    atomic_bool any_client, clients_act, clients_rewrite, any_server; /* as in struct sw_view */
    const struct sw_policy *policy[SW_LISTS_MAX];                     /* NULL: not shown */
};

enum sw_list_state { SW_LIST_FREE, SW_LIST_ACTIVE, SW_LIST_STAGED, SW_LIST_GONE };

struct sw_index_list {
    enum sw_list_state state;
    sw_list_id origin;        /* staged: the list to be replaced */
    unsigned epoch;           /* gates.epoch at the begin: later gates have all names of the list */
    struct sw_policy *policy; /* active only */
    size_t count[SW_TYPES];
};

struct sw_index {
    /* read by workers at every look-up, seldom written */
    _Atomic(struct sw_root *) root;
    _Atomic uint64_t classes[SW_CLASS_WORDS]; /* bit set: the table may have keys of this class */
    struct sw_lengths lengths;
    struct sw_hash_key key;
    struct sw_gates gates;
    struct sw_table table;
    struct sw_sets sets;
    /* writer only */
    struct sw_retire retire;
    struct sw_index_list list[SW_LISTS_MAX];
    struct sw_expiry expiry;
    uint32_t class_count[SW_CLASS_COUNT]; /* keys in the table by class */
    size_t names;                         /* keys of names with two labels or more */
    size_t shown[SW_TYPES];               /* rules of active lists by type */
    size_t rules, gone_rules;             /* of lists that are active or staged; gone */
    uint64_t changes;                     /* grows with every change */
    _Atomic uint64_t owner_changes;       /* the same for lists of kind protected and known */
    _Atomic size_t list_bytes;            /* this, root, policies */
};

/** Type of the indicators of a class. */
static inline enum sw_indicator_type sw_class_type(uint16_t class)
{
    if (class < SW_CLASS_PREFIX4)
        return SW_INDICATOR_DOMAIN;
    if (class == SW_CLASS_HOLDER)
        return SW_INDICATOR_HOLDER;
    return class < SW_CLASS_ASN ? SW_INDICATOR_PREFIX : SW_INDICATOR_ASN;
}

/** Whether look-ups of keys of a class have to pass the gate. */
static inline bool sw_class_gated(uint16_t class)
{
    return class >= SW_CLASS_NAME + 2 && class < SW_CLASS_PREFIX4;
}

/** Note a change of a list that owners are judged by. */
static inline void sw_index_note_owner_change(struct sw_index *index, const struct sw_policy *list)
{
    if (list && (list->kind == SW_KIND_PROTECTED || list->kind == SW_KIND_KNOWN))
        atomic_fetch_add_explicit(&index->owner_changes, 1, memory_order_relaxed);
}

/** Set the flags of a root for triggers in use, other than the default triggers. */
void sw_index_flag_triggers(const struct sw_index *index, struct sw_root *root);

/** Publish a root with the current lists. SW_OK, SW_ENOMEM. */
enum sw_status sw_index_show(struct sw_index *index);

/** Remove the rules of gone lists from the table, and free the ids of these lists. Waits for
 * readers first. SW_OK; SW_ENOMEM, SW_ETOOBIG: nothing was changed, call again later. */
enum sw_status sw_index_purge(struct sw_index *index);

/** Publish the gate that is being filled aside, if that gate has the names of all lists. May wait
 * for readers. */
void sw_index_promote_gate(struct sw_index *index);

/** Count an added key, or n removed keys, of a class: class_count and the presence bitmap. */
void sw_index_class_more(struct sw_index *index, uint16_t class);
void sw_index_class_less(struct sw_index *index, uint16_t class, uint32_t n);

#endif
