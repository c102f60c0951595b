/* lists.c - see lists.h. */
#include "feed/lists.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void sw_lists_init(struct sw_lists *lists, struct sw_index *index)
{
    *lists = (struct sw_lists){.index = index};
}

static void free_list(struct sw_list *list)
{
    free(list->policy_text);
    free(list);
}

void sw_lists_clear(struct sw_lists *lists)
{
    for (size_t i = 0; i < lists->n; i++)
        free_list(lists->list[i]);
    free(lists->list);
    sw_lists_init(lists, lists->index);
}

struct sw_list *sw_lists_find(const struct sw_lists *lists, const char *name)
{
    for (size_t i = 0; i < lists->n; i++) {
        if (strcmp(lists->list[i]->name, name) == 0)
            return lists->list[i];
    }
    return NULL;
}

struct sw_list *sw_lists_get(struct sw_lists *lists, const char *name)
{
    struct sw_list *list = sw_lists_find(lists, name);
    assert(strlen(name) < SW_LISTNAME_MAX);
    if (list)
        return list;
    if (lists->n == lists->capacity) {
        size_t capacity = lists->capacity ? lists->capacity * 2 : 16;
        struct sw_list **grown = realloc(lists->list, capacity * sizeof(struct sw_list *));
        if (!grown)
            return NULL;
        lists->list = grown;
        lists->capacity = capacity;
    }
    list = calloc(1, sizeof(*list));
    if (!list)
        return NULL;
    snprintf(list->name, sizeof(list->name), "%s", name);
    lists->list[lists->n++] = list;
    return list;
}

void sw_lists_drop(struct sw_lists *lists, struct sw_list *list)
{
    if (list->held)
        sw_index_list_drop(lists->index, list->id);
    for (size_t i = 0; i < lists->n; i++) {
        if (lists->list[i] == list) {
            lists->list[i] = lists->list[--lists->n];
            break;
        }
    }
    free_list(list);
}

struct sw_effect sw_effect_of(const struct sw_policy *policy)
{
    struct sw_effect effect = {.kind = policy->kind,
                               .action = policy->action,
                               .shadow = policy->shadow,
                               .priority = policy->priority,
                               .triggers = policy->triggers};
    memcpy(effect.groups, policy->groups, sizeof(effect.groups));
    return effect;
}

bool sw_effect_equal(const struct sw_effect *a, const struct sw_effect *b)
{
    return a->kind == b->kind && a->action == b->action && a->shadow == b->shadow &&
           a->priority == b->priority && a->triggers == b->triggers &&
           strcmp(a->groups, b->groups) == 0;
}

bool sw_effect_decides(const struct sw_effect *effect)
{
    return effect->kind == SW_KIND_IOC || effect->kind == SW_KIND_ALLOW;
}

static bool rewrites(const struct sw_effect *effect)
{
    return effect->kind == SW_KIND_IOC && !effect->shadow && effect->action != SW_ACTION_PASSTHRU &&
           effect->action != SW_ACTION_MONITOR;
}

bool sw_lists_shields(const struct sw_lists *lists, const struct sw_list *list)
{
    const struct sw_effect *effect = &list->effect;
    if (!sw_effect_decides(effect) || rewrites(effect))
        return false;
    for (size_t i = 0; i < lists->n; i++) {
        const struct sw_list *other = lists->list[i];
        if (other->held && rewrites(&other->effect) && other->effect.priority >= effect->priority)
            return true;
    }
    return false;
}

size_t sw_lists_held(const struct sw_lists *lists)
{
    size_t held = 0;
    for (size_t i = 0; i < lists->n; i++)
        held += lists->list[i]->held;
    return held;
}

size_t sw_lists_lost(const struct sw_lists *lists)
{
    size_t lost = 0;
    for (size_t i = 0; i < lists->n; i++)
        lost += lists->list[i]->held && lists->list[i]->lost;
    return lost;
}
