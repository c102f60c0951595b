/* expiry.c - heap and hash table of expiry times (expiry.h). */
#include "index/expiry.h"

#include <stdlib.h>

#define CAPACITY_MIN 64u

static uint64_t pack(struct sw_digest digest, sw_rule rule)
{
    return digest.b | (uint64_t)rule << SW_DIGEST_B_BITS;
}

/* ---- the hash table ---- */

/* The first slot to try. The bits of a are secret and evenly distributed; the multiplication
 * separates the rules of a name. */
static uint32_t home_of(const struct sw_expiry *expiry, uint64_t a, uint64_t b_rule)
{
    uint64_t h = (a ^ b_rule) * UINT64_C(0x9E3779B97F4A7C15);
    return (uint32_t)((h >> 32) * expiry->slots >> 32);
}

static uint32_t next_slot(const struct sw_expiry *expiry, uint32_t at)
{
    return at + 1 == expiry->slots ? 0 : at + 1;
}

/* The slot of the key, or the empty slot where the key would be put; slots > 0. */
static uint32_t find(const struct sw_expiry *expiry, uint64_t a, uint64_t b_rule)
{
    uint32_t at = home_of(expiry, a, b_rule);
    for (; expiry->slot[at] != 0; at = next_slot(expiry, at)) {
        const struct sw_expiry_item *item = &expiry->item[expiry->slot[at] - 1];
        if (item->a == a && item->b_rule == b_rule)
            break;
    }
    return at;
}

/* The distance from slot `other` forward to slot `at`, around the end. */
static uint32_t behind(const struct sw_expiry *expiry, uint32_t at, uint32_t other)
{
    return at >= other ? at - other : at + expiry->slots - other;
}

/* Empty a slot. Displaced entries behind the gap move back, since a search ends at a gap. */
static void slot_clear(struct sw_expiry *expiry, uint32_t gap)
{
    for (uint32_t i = next_slot(expiry, gap); expiry->slot[i] != 0; i = next_slot(expiry, i)) {
        const struct sw_expiry_item *item = &expiry->item[expiry->slot[i] - 1];
        uint32_t home = home_of(expiry, item->a, item->b_rule);
        if (behind(expiry, i, home) >= behind(expiry, i, gap)) {
            expiry->slot[gap] = expiry->slot[i];
            gap = i;
        }
    }
    expiry->slot[gap] = 0;
}

/* ---- the heap ---- */

static uint32_t at_of(const struct sw_expiry *expiry, uint32_t place)
{
    return expiry->item[expiry->heap[place]].at;
}

static void put_at(struct sw_expiry *expiry, uint32_t place, uint32_t number)
{
    expiry->heap[place] = number;
    expiry->item[number].place = place;
}

static void sift_up(struct sw_expiry *expiry, uint32_t place)
{
    uint32_t number = expiry->heap[place], at = expiry->item[number].at;
    while (place > 0 && at_of(expiry, (place - 1) / 2) > at) {
        put_at(expiry, place, expiry->heap[(place - 1) / 2]);
        place = (place - 1) / 2;
    }
    put_at(expiry, place, number);
}

static void sift_down(struct sw_expiry *expiry, uint32_t place)
{
    uint32_t number = expiry->heap[place], at = expiry->item[number].at;
    for (;;) {
        uint64_t child = 2 * (uint64_t)place + 1;
        if (child >= expiry->n)
            break;
        if (child + 1 < expiry->n &&
            at_of(expiry, (uint32_t)child + 1) < at_of(expiry, (uint32_t)child))
            child++;
        if (at_of(expiry, (uint32_t)child) >= at)
            break;
        put_at(expiry, place, expiry->heap[child]);
        place = (uint32_t)child;
    }
    put_at(expiry, place, number);
}

/* ---- room ---- */

static enum sw_status grow(struct sw_expiry *expiry)
{
    if (expiry->n < expiry->capacity)
        return SW_OK;
    uint64_t capacity = expiry->capacity + expiry->capacity / 2 + CAPACITY_MIN;
    uint64_t slots = capacity * 3 / 2;
    if (slots > UINT32_MAX)
        return SW_ENOMEM;
    uint32_t *slot = calloc(slots, sizeof(*slot));
    uint32_t *heap = realloc(expiry->heap, capacity * sizeof(*heap));
    expiry->heap = heap ? heap : expiry->heap;
    struct sw_expiry_item *item = realloc(expiry->item, capacity * sizeof(*item));
    expiry->item = item ? item : expiry->item;
    if (!slot || !heap || !item) {
        free(slot);
        return SW_ENOMEM;
    }
    free(expiry->slot);
    expiry->slot = slot;
    expiry->slots = (uint32_t)slots;
    expiry->capacity = (uint32_t)capacity;
    for (uint32_t i = 0; i < expiry->n; i++)
        slot[find(expiry, item[i].a, item[i].b_rule)] = i + 1;
    atomic_store_explicit(&expiry->bytes,
                          capacity * (sizeof(*item) + sizeof(*heap)) + slots * sizeof(*slot),
                          memory_order_relaxed);
    return SW_OK;
}

void sw_expiry_free(struct sw_expiry *expiry)
{
    free(expiry->item);
    free(expiry->heap);
    free(expiry->slot);
    *expiry = (struct sw_expiry){.n = 0};
}

/* ---- operations of the writer ---- */

enum sw_status sw_expiry_set(struct sw_expiry *expiry, struct sw_digest digest, sw_rule rule,
                             uint32_t at)
{
    uint64_t b_rule = pack(digest, rule);
    assert(at != 0);
    if (grow(expiry) != SW_OK)
        return SW_ENOMEM;
    uint32_t slot = find(expiry, digest.a, b_rule);
    if (expiry->slot[slot] != 0) {
        struct sw_expiry_item *item = &expiry->item[expiry->slot[slot] - 1];
        bool later = at > item->at;
        item->at = at;
        if (later)
            sift_down(expiry, item->place);
        else
            sift_up(expiry, item->place);
        return SW_OK;
    }
    uint32_t number = expiry->n++;
    expiry->slot[slot] = number + 1;
    expiry->item[number] = (struct sw_expiry_item){.a = digest.a, .b_rule = b_rule, .at = at};
    put_at(expiry, number, number);
    sift_up(expiry, number);
    expiry->of_list[sw_rule_list(rule)]++;
    return SW_OK;
}

uint32_t sw_expiry_get(const struct sw_expiry *expiry, struct sw_digest digest, sw_rule rule)
{
    if (expiry->n == 0)
        return 0;
    uint32_t slot = expiry->slot[find(expiry, digest.a, pack(digest, rule))];
    return slot == 0 ? 0 : expiry->item[slot - 1].at;
}

/* Move the last item into the place of a removed item. */
static void renumber_last(struct sw_expiry *expiry, uint32_t number)
{
    uint32_t last = expiry->n;
    if (number == last)
        return;
    const struct sw_expiry_item *item = &expiry->item[last];
    expiry->slot[find(expiry, item->a, item->b_rule)] = number + 1;
    expiry->item[number] = *item;
    expiry->heap[item->place] = number;
}

static void item_remove(struct sw_expiry *expiry, uint32_t slot)
{
    uint32_t number = expiry->slot[slot] - 1, place = expiry->item[number].place;
    expiry->of_list[sw_rule_list(sw_expiry_rule(&expiry->item[number]))]--;
    slot_clear(expiry, slot);
    expiry->n--;
    if (place != expiry->n) {
        uint32_t moved = expiry->heap[expiry->n];
        put_at(expiry, place, moved);
        sift_up(expiry, place);
        sift_down(expiry, expiry->item[moved].place);
    }
    renumber_last(expiry, number);
}

void sw_expiry_cancel(struct sw_expiry *expiry, struct sw_digest digest, sw_rule rule)
{
    if (expiry->of_list[sw_rule_list(rule)] == 0)
        return;
    uint32_t slot = find(expiry, digest.a, pack(digest, rule));
    if (expiry->slot[slot] != 0)
        item_remove(expiry, slot);
}

void sw_expiry_forget(struct sw_expiry *expiry, sw_list_id list)
{
    for (uint32_t i = expiry->n; i-- > 0 && expiry->of_list[list] > 0;) {
        const struct sw_expiry_item *item = &expiry->item[i];
        if (sw_rule_list(sw_expiry_rule(item)) == list)
            item_remove(expiry, find(expiry, item->a, item->b_rule));
    }
}

const struct sw_expiry_item *sw_expiry_first(const struct sw_expiry *expiry)
{
    return expiry->n == 0 ? NULL : &expiry->item[expiry->heap[0]];
}
