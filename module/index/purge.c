/* purge.c - removal of the rules of gone lists from the table. See impl.h. */
#include "index/impl.h"

#include <stdlib.h>

struct purge {
    uint32_t end;    /* references below this may be in use */
    uint32_t *to;    /* by reference: the new reference, held once if different */
    uint32_t *moved; /* by reference: slots that changed */
};

/* For each set, find the set without the rules of gone lists. */
static enum sw_status purge_plan(struct sw_index *index, struct purge *purge)
{
    bool gone[SW_LISTS_MAX];
    enum sw_status status = SW_OK;
    for (unsigned i = 0; i < SW_LISTS_MAX; i++)
        gone[i] = index->list[i].state == SW_LIST_GONE;
    for (uint32_t ref = SW_REF_FIRST; ref < purge->end; ref++) {
        purge->to[ref] = ref;
        if (status == SW_OK && sw_set_get(&index->sets, ref))
            status = sw_sets_without_lists(&index->sets, ref, gone, &purge->to[ref]);
    }
    return status;
}

/* Release the former sets of the slots, and the holds of the plan. */
static void purge_finish(struct sw_index *index, const struct purge *purge)
{
    for (uint32_t ref = SW_REF_FIRST; ref < purge->end; ref++) {
        uint32_t to = purge->to[ref], moved = purge->moved[ref];
        if (to == ref)
            continue;
        sw_sets_hold(&index->sets, to, moved);
        if (to == 0 && moved > 0)
            sw_index_class_less(index, sw_set_get(&index->sets, ref)->class, moved);
    }
    for (uint32_t ref = SW_REF_FIRST; ref < purge->end; ref++) {
        if (purge->to[ref] == ref)
            continue;
        if (purge->moved[ref] > 0)
            sw_sets_drop(&index->sets, ref, purge->moved[ref]);
        sw_sets_drop(&index->sets, purge->to[ref], 1);
    }
}

enum sw_status sw_index_purge(struct sw_index *index)
{
    sw_retire_flush(&index->retire); /* afterwards no reader has a root that shows these lists */
    struct purge purge = {.end = index->sets.next};
    purge.to = calloc(purge.end, sizeof(*purge.to));
    purge.moved = calloc(purge.end, sizeof(*purge.moved));
    enum sw_status status = SW_ENOMEM;
    if (!purge.to || !purge.moved)
        goto cleanup;
    status = purge_plan(index, &purge);
    if (status == SW_OK)
        sw_table_map(&index->table, purge.to, purge.moved);
    purge_finish(index, &purge);
    for (unsigned i = 0; status == SW_OK && i < SW_LISTS_MAX; i++) {
        if (index->list[i].state == SW_LIST_GONE)
            index->list[i] = (struct sw_index_list){.state = SW_LIST_FREE};
    }
    if (status == SW_OK)
        index->gone_rules = 0;
cleanup:
    free(purge.to);
    free(purge.moved);
    return status;
}
