/* nameset.c - a sorted array of names in wire form. See nameset.h. */
#include "owner/nameset.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_ENTRIES 64
#define FIRST_OCTETS  1024

struct entry {
    uint32_t at; /* of the name in `octets` */
    uint32_t number;
};

struct sw_nameset {
    struct entry *entry;
    size_t n, room;
    uint8_t *octets;
    size_t used, size;
    bool built;
};

struct sw_nameset *sw_nameset_new(void)
{
    return calloc(1, sizeof(struct sw_nameset));
}

void sw_nameset_free(struct sw_nameset *set)
{
    if (!set)
        return;
    free(set->entry);
    free(set->octets);
    free(set);
}

/* Room for one more entry, and for the octets of a name. */
static enum sw_status grow(struct sw_nameset *set, size_t len)
{
    if (set->used + len > UINT32_MAX)
        return SW_ETOOBIG;
    if (set->n == set->room) {
        size_t room = set->room ? 2 * set->room : FIRST_ENTRIES;
        struct entry *entry = realloc(set->entry, room * sizeof(*entry));
        if (!entry)
            return SW_ENOMEM;
        set->entry = entry;
        set->room = room;
    }
    if (set->used + len <= set->size)
        return SW_OK;
    size_t size = set->size ? 2 * set->size : FIRST_OCTETS;
    uint8_t *octets = realloc(set->octets, size);
    if (!octets)
        return SW_ENOMEM;
    set->octets = octets;
    set->size = size;
    return SW_OK;
}

enum sw_status sw_nameset_add(struct sw_nameset *set, const struct sw_name *name, uint32_t number)
{
    assert(!set->built);
    enum sw_status status = grow(set, name->len);
    if (status != SW_OK)
        return status;
    memcpy(set->octets + set->used, name->wire, name->len);
    set->entry[set->n++] = (struct entry){(uint32_t)set->used, number};
    set->used += name->len;
    return SW_OK;
}

/* Names in wire form end with the root label, so that no name is the beginning of another. */
static int compare(const uint8_t *a, const uint8_t *b)
{
    size_t len = sw_name_size(a, SW_NAME_MAX), other = sw_name_size(b, SW_NAME_MAX);
    return memcmp(a, b, len < other ? len : other);
}

static int by_name(const void *a, const void *b, void *arg)
{
    const struct sw_nameset *set = arg;
    const struct entry *x = a, *y = b;
    int order = compare(set->octets + x->at, set->octets + y->at);
    return order ? order : (x->number > y->number) - (x->number < y->number);
}

void sw_nameset_build(struct sw_nameset *set, sw_nameset_again_fn *again, void *arg)
{
    size_t kept = 0;
    if (set->n > 0)
        qsort_r(set->entry, set->n, sizeof(*set->entry), by_name, set);
    for (size_t i = 0; i < set->n; i++) {
        const struct entry *last = kept > 0 ? &set->entry[kept - 1] : NULL;
        if (!last || compare(set->octets + last->at, set->octets + set->entry[i].at) != 0)
            set->entry[kept++] = set->entry[i];
        else if (again)
            again(arg, last->number, set->entry[i].number);
    }
    set->n = kept;
    set->built = true;
}

static const struct entry *find(const struct sw_nameset *set, const uint8_t *wire)
{
    size_t low = 0, high = set->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = compare(wire, set->octets + set->entry[middle].at);
        if (order == 0)
            return &set->entry[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

unsigned sw_nameset_find(const struct sw_nameset *set, const uint8_t *wire, uint32_t *number)
{
    assert(set->built);
    for (unsigned labels = sw_name_labels(wire); set->n > 0 && labels > 0; labels--) {
        const struct entry *entry = find(set, sw_name_suffix(wire, labels));
        if (entry) {
            *number = entry->number;
            return labels;
        }
    }
    return 0;
}

size_t sw_nameset_size(const struct sw_nameset *set)
{
    return set->n;
}
