/* tracked.c - see tracked.h. */
#include "feed/tracked.h"

#include "base/rcu.h"

#include <stdlib.h>
#include <string.h>

enum sw_status sw_tracked_init(struct sw_tracked *tracked, size_t max)
{
    struct sw_policy policy;
    *tracked = (struct sw_tracked){.max = max};
    tracked->set = sw_index_new();
    if (!tracked->set)
        return SW_ENOMEM;
    sw_policy_init(&policy, "tracked");
    enum sw_status status = sw_index_list_set(tracked->set, &policy, &tracked->list);
    if (status == SW_OK && pthread_mutex_init(&tracked->lock, NULL) != 0)
        status = SW_ENOMEM;
    if (status != SW_OK)
        sw_index_free(tracked->set);
    return status;
}

void sw_tracked_clear(struct sw_tracked *tracked)
{
    sw_index_free(tracked->set);
    free(tracked->oldest_first);
    pthread_mutex_destroy(&tracked->lock);
}

static void note_found(void *arg, const struct sw_hit *hit)
{
    bool *found = arg;
    (void)hit;
    *found = true;
}

bool sw_tracked_has(const struct sw_tracked *tracked, const struct sw_addr *addr)
{
    bool found = false;
    /* Relaxed: a reader that misses a concurrent addition counts as asking before the addition. */
    if (atomic_load_explicit(&tracked->n, memory_order_relaxed) == 0)
        return false;
    struct sw_view view = sw_index_view(tracked->set);
    sw_view_find_addr(&view, SW_TRIGGERS_DEFAULT, addr, note_found, &found);
    return found;
}

static bool is_whole(const struct sw_addr *addr)
{
    return (addr->family == 4 || addr->family == 6) && addr->plen == sw_addr_bits(addr);
}

void sw_tracked_request(struct sw_tracked *tracked, const struct sw_addr *addr)
{
    if (tracked->max == 0 || !is_whole(addr))
        return;
    sw_rcu_enter();
    bool has = sw_tracked_has(tracked, addr);
    sw_rcu_leave();
    if (has)
        return;
    pthread_mutex_lock(&tracked->lock);
    if (tracked->queued < SW_TRACKED_QUEUE)
        tracked->queue[tracked->queued++] = *addr;
    pthread_mutex_unlock(&tracked->lock);
}

size_t sw_tracked_take(struct sw_tracked *tracked, struct sw_addr *out)
{
    pthread_mutex_lock(&tracked->lock);
    size_t n = tracked->queued;
    memcpy(out, tracked->queue, n * sizeof(*out));
    tracked->queued = 0;
    pthread_mutex_unlock(&tracked->lock);
    return n;
}

/* Make room for another address. A growing ring begins at 0; only a full ring rotates. */
static enum sw_status make_room(struct sw_tracked *tracked, size_t n)
{
    size_t capacity = tracked->capacity ? tracked->capacity * 2 : 256;
    struct sw_addr *grown;
    if (n < tracked->capacity)
        return SW_OK;
    if (capacity > tracked->max)
        capacity = tracked->max;
    grown = realloc(tracked->oldest_first, capacity * sizeof(*grown));
    if (!grown)
        return SW_ENOMEM;
    tracked->oldest_first = grown;
    tracked->capacity = capacity;
    return SW_OK;
}

static struct sw_indicator indicator_of(const struct sw_addr *addr)
{
    return (struct sw_indicator){.type = SW_INDICATOR_PREFIX, .addr = *addr};
}

enum sw_status sw_tracked_add(struct sw_tracked *tracked, const struct sw_addr *addr)
{
    struct sw_indicator indicator = indicator_of(addr);
    size_t n = atomic_load_explicit(&tracked->n, memory_order_relaxed);
    if (tracked->max == 0 || !is_whole(addr))
        return SW_EINVAL;
    if (n < tracked->max && make_room(tracked, n) != SW_OK)
        return SW_ENOMEM;
    enum sw_status status = sw_index_add(tracked->set, tracked->list, &indicator);
    if (status != SW_OK)
        return status;
    if (n < tracked->max) {
        tracked->oldest_first[n] = *addr;
        atomic_store_explicit(&tracked->n, n + 1, memory_order_relaxed);
        return SW_OK;
    }
    indicator = indicator_of(&tracked->oldest_first[tracked->start]);
    sw_index_remove(tracked->set, tracked->list, &indicator);
    tracked->oldest_first[tracked->start] = *addr;
    tracked->start = (tracked->start + 1) % tracked->max;
    return SW_OK;
}
