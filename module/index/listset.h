/*
 * listset.h - a set of lists, a bit for each.
 *
 * Threads      pure functions
 */
#ifndef SW_INDEX_LISTSET_H
#define SW_INDEX_LISTSET_H

#include "index/index.h"

struct sw_list_set {
    uint64_t bits[SW_LISTS_MAX / 64];
    bool any; /* whether a list is in the set */
};

/** Add a list, below SW_LISTS_MAX. */
static inline void sw_list_set_add(struct sw_list_set *set, sw_list_id id)
{
    set->bits[id / 64] |= UINT64_C(1) << id % 64;
    set->any = true;
}

/** Whether a list is in the set. */
static inline bool sw_list_set_has(const struct sw_list_set *set, sw_list_id id)
{
    return set->bits[id / 64] >> id % 64 & 1;
}

/** Add all lists of another set. */
static inline void sw_list_set_join(struct sw_list_set *set, const struct sw_list_set *other)
{
    for (size_t i = 0; i < SW_LISTS_MAX / 64; i++)
        set->bits[i] |= other->bits[i];
    set->any |= other->any;
}

/** Every list there can be. */
static inline void sw_list_set_fill(struct sw_list_set *set)
{
    for (size_t i = 0; i < SW_LISTS_MAX / 64; i++)
        set->bits[i] = UINT64_MAX;
    set->any = true;
}

#endif
