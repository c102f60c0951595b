/* sweep_ptr.c - see sweep_ptr.h. */
#include "cli/sweep/sweep_ptr.h"

#include "cli/output.h"

#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct sweep_waiter {
    struct sweep_task *task;
    struct sweep_waiter *next;
};

struct sweep_ptrs {
    void *tree;               /* of the addresses; tsearch(): chosen addresses make no chain long */
    struct sweep_ptr **entry; /* in the order of the questions */
    size_t n, room, next;     /* next: the first address without a question */
    size_t each, held;
    uint64_t named;
    sweep_done_fn *ready;
    void *arg;
};

struct sweep_ptrs *sweep_ptrs_new(size_t each, sweep_done_fn *ready, void *arg)
{
    struct sweep_ptrs *ptrs = cli_alloc(1, sizeof(*ptrs));
    ptrs->each = each;
    ptrs->ready = ready;
    ptrs->arg = arg;
    return ptrs;
}

/* ---- addresses ---- */

static int by_address(const void *a, const void *b)
{
    const struct sweep_ptr *one = a, *other = b;
    int order = one->addr.family - other->addr.family;
    return order ? order : memcmp(one->addr.octets, other->addr.octets, sizeof(one->addr.octets));
}

static struct sweep_ptr *find(const struct sweep_ptrs *ptrs, const struct sw_addr *addr)
{
    const struct sweep_ptr key = {.addr = *addr};
    struct sweep_ptr **found = tfind(&key, &ptrs->tree, by_address);
    return found ? *found : NULL;
}

const struct sweep_ptr *sweep_ptrs_find(const struct sweep_ptrs *ptrs, const struct sw_addr *addr)
{
    return find(ptrs, addr);
}

static struct sweep_ptr *add(struct sweep_ptrs *ptrs, const struct sw_addr *addr)
{
    struct sweep_ptr *entry = cli_alloc(1, sizeof(*entry));
    entry->addr = *addr;
    entry->outcome = SWEEP_FAILED;
    if (ptrs->n == ptrs->room) {
        ptrs->room = ptrs->room ? 2 * ptrs->room : 1024;
        ptrs->entry = cli_grow(ptrs->entry, ptrs->room, sizeof(struct sweep_ptr *));
    }
    ptrs->entry[ptrs->n++] = entry;
    struct sweep_ptr **placed = tsearch(entry, &ptrs->tree, by_address);
    if (!placed || *placed != entry)
        abort(); /* no memory, or added twice */
    return entry;
}

/* Have a task wait for an address. Returns how many answers the task waits for: 0 or 1. */
static unsigned want(struct sweep_ptrs *ptrs, struct sweep_task *task, const struct sw_addr *addr)
{
    struct sweep_ptr *entry = find(ptrs, addr);
    if (!entry && ptrs->n < SWEEP_PTR_MAX)
        entry = add(ptrs, addr);
    if (!entry || entry->answered)
        return 0;
    struct sweep_waiter *waiter = cli_alloc(1, sizeof(*waiter));
    *waiter = (struct sweep_waiter){task, entry->waiters};
    entry->waiters = waiter;
    return 1;
}

bool sweep_ptrs_hold(struct sweep_ptrs *ptrs, struct sweep_task *task)
{
    size_t taken = 0;
    task->waits = 0;
    for (size_t i = 0; i < SWEEP_ADDRESSES_MAX && taken < ptrs->each; i++) {
        for (size_t type = 0; type < SWEEP_TYPES && taken < ptrs->each; type++) {
            if (i >= task->answer[type].addresses)
                continue;
            taken++;
            task->waits += want(ptrs, task, &task->answer[type].address[i]);
        }
    }
    ptrs->held += task->waits > 0;
    return task->waits > 0;
}

size_t sweep_ptrs_held(const struct sweep_ptrs *ptrs)
{
    return ptrs->held;
}

/* ---- questions and answers ---- */

bool sweep_ptrs_waiting(const struct sweep_ptrs *ptrs)
{
    return ptrs->next < ptrs->n;
}

static void reverse_name(const struct sw_addr *addr, char name[SWEEP_REVERSE_MAX])
{
    const uint8_t *octets = addr->octets;
    if (addr->family == 4) {
        snprintf(name, SWEEP_REVERSE_MAX, "%u.%u.%u.%u.in-addr.arpa", octets[3], octets[2],
                 octets[1], octets[0]);
        return;
    }
    for (size_t i = 0; i < 16; i++)
        snprintf(name + 4 * i, SWEEP_REVERSE_MAX - 4 * i, "%x.%x.", octets[15 - i] & 15U,
                 octets[15 - i] >> 4U);
    snprintf(name + 64, SWEEP_REVERSE_MAX - 64, "ip6.arpa");
}

size_t sweep_ptrs_next(struct sweep_ptrs *ptrs, char name[SWEEP_REVERSE_MAX])
{
    reverse_name(&ptrs->entry[ptrs->next]->addr, name);
    return ptrs->next++;
}

static void keep_names(struct sweep_ptr *entry, const struct sweep_answer *answer)
{
    size_t used = 0;
    for (size_t i = 0; i < answer->pointers; i++)
        used += answer->pointer[i].len;
    entry->names = cli_alloc(used, 1);
    used = 0;
    for (size_t i = 0; i < answer->pointers; i++) {
        memcpy(entry->names + used, answer->pointer[i].wire, answer->pointer[i].len);
        used += answer->pointer[i].len;
    }
    entry->n = answer->pointers;
}

/* Let go of the tasks that wait. tell: ready() is called, else the tasks are freed. */
static void release(struct sweep_ptrs *ptrs, struct sweep_ptr *entry, bool tell)
{
    entry->answered = true;
    while (entry->waiters) {
        struct sweep_waiter *waiter = entry->waiters;
        struct sweep_task *task = waiter->task;
        entry->waiters = waiter->next;
        free(waiter);
        if (--task->waits > 0)
            continue;
        ptrs->held--;
        if (tell)
            ptrs->ready(ptrs->arg, task);
        else
            free(task);
    }
}

void sweep_ptrs_answered(struct sweep_ptrs *ptrs, size_t index, const struct sweep_answer *answer)
{
    struct sweep_ptr *entry = ptrs->entry[index];
    entry->outcome = answer->outcome;
    if (answer->outcome == SWEEP_RESOLVED && answer->pointers > 0) {
        keep_names(entry, answer);
        ptrs->named++;
    }
    release(ptrs, entry, true);
}

void sweep_ptrs_give_up(struct sweep_ptrs *ptrs)
{
    for (size_t i = 0; i < ptrs->n; i++)
        release(ptrs, ptrs->entry[i], true);
}

void sweep_ptrs_count(const struct sweep_ptrs *ptrs, uint64_t *asked, uint64_t *named)
{
    *asked = ptrs->next;
    *named = ptrs->named;
}

static void keep(void *entry)
{
    (void)entry;
}

void sweep_ptrs_free(struct sweep_ptrs *ptrs)
{
    if (!ptrs)
        return;
    tdestroy(ptrs->tree, keep); /* the entries are freed below */
    for (size_t i = 0; i < ptrs->n; i++) {
        release(ptrs, ptrs->entry[i], false);
        free(ptrs->entry[i]->names);
        free(ptrs->entry[i]);
    }
    free(ptrs->entry);
    free(ptrs);
}

/* ---- indicators ---- */

struct listed {
    const uint8_t *name;
    char *out;
    size_t max;
};

/* sw_hit_fn: the first rule is the most specific one. */
static void note_rule(void *arg, const struct sw_hit *hit)
{
    const struct listed *listed = arg;
    char text[SW_INDICATORTEXT_MAX];
    if (listed->out[0] || (hit->list->kind != SW_KIND_IOC && hit->list->kind != SW_KIND_WATCH))
        return;
    snprintf(listed->out, listed->max, "%s of %s", sw_hit_text(hit, listed->name, NULL, text),
             hit->list->name);
}

char *sweep_ptr_listed(const struct sw_view *view, const struct sweep_ptr *ptr, char *out,
                       size_t max)
{
    const uint8_t *name = ptr ? ptr->names : NULL;
    out[0] = '\0';
    for (size_t i = 0; ptr && i < ptr->n && !out[0]; i++) {
        size_t len = sw_name_size(name, SW_NAME_MAX);
        struct listed listed = {name, out, max};
        sw_view_find_name(view, SW_TRIGGERS_DEFAULT, name, len, note_rule, &listed);
        name += len;
    }
    return out;
}
