#include "memory/intake/found.h"

#include <stdlib.h>
#include <string.h>

#define FOLDED_MAX (SW_LOOKBACK_MAX - SW_LOOKBACK_MAX / 8)

#define TYPE_A     1
#define TYPE_CNAME 5
#define TYPE_AAAA  28

bool sw_found_is_resolution(const struct sw_sighting *s)
{
    return (s->type == TYPE_A || s->type == TYPE_AAAA || s->type == TYPE_CNAME) &&
           s->rdata_len <= SW_NAME_MAX;
}

bool sw_found_address(const struct sw_sighting *s, struct sw_addr *addr)
{
    return (s->type == TYPE_A || s->type == TYPE_AAAA) &&
           sw_addr_from_octets(s->rdata, s->rdata_len, addr) == SW_OK;
}

bool sw_found_record_address(const struct sw_found_record *record, struct sw_addr *addr)
{
    const struct sw_sighting s = {
        .type = record->type, .rdata = record->rdata, .rdata_len = record->rdata_len};
    return sw_found_address(&s, addr);
}

static int compare_octets(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len)
{
    int order = memcmp(a, b, a_len < b_len ? a_len : b_len);
    return order ? order : (a_len > b_len) - (a_len < b_len);
}

static int by_owner(const struct sw_found_record *a, const struct sw_found_record *b)
{
    return compare_octets(a->owner.wire, a->owner.len, b->owner.wire, b->owner.len);
}

static int by_data(const void *one, const void *two)
{
    const struct sw_found_record *a = one, *b = two;
    int order = by_owner(a, b);
    if (order == 0)
        order = (a->type > b->type) - (a->type < b->type);
    return order ? order : compare_octets(a->rdata, a->rdata_len, b->rdata, b->rdata_len);
}

static int by_first(const void *one, const void *two)
{
    const struct sw_found_record *a = one, *b = two;
    int order = by_owner(a, b);
    return order ? order : (a->first > b->first) - (a->first < b->first);
}

/* Equal records become one. */
static void fold(struct sw_founds *founds)
{
    size_t kept = 0;
    qsort(founds->record, founds->n, sizeof(*founds->record), by_data);
    for (size_t i = 0; i < founds->n; i++) {
        const struct sw_found_record *record = &founds->record[i];
        if (kept == 0 || by_data(&founds->record[kept - 1], record) != 0) {
            founds->record[kept++] = *record;
            continue;
        }
        struct sw_found_record *same = &founds->record[kept - 1];
        same->first = record->first < same->first ? record->first : same->first;
        same->last = record->last > same->last ? record->last : same->last;
        same->count += record->count;
    }
    founds->n = kept;
}

/* Room for one more record. A full array is folded, unless that gives next to nothing. */
static bool make_room(struct sw_founds *founds)
{
    if (founds->n < founds->room)
        return true;
    size_t room = founds->room ? 2 * founds->room : 64;
    if (room > SW_LOOKBACK_MAX) {
        if (founds->left_out == 0)
            fold(founds);
        return founds->n <= FOLDED_MAX;
    }
    void *grown = realloc(founds->record, room * sizeof(*founds->record));
    if (!grown)
        return false;
    founds->record = grown;
    founds->room = room;
    return true;
}

void sw_founds_add(struct sw_founds *founds, const struct sw_sighting *s)
{
    if (!make_room(founds)) {
        founds->left_out++;
        return;
    }
    struct sw_found_record *record = &founds->record[founds->n];
    if (sw_name_copy(s->owner, SW_NAME_MAX, &record->owner) != SW_OK)
        return;
    record->type = s->type;
    record->rdata_len = s->rdata_len;
    memcpy(record->rdata, s->rdata, s->rdata_len);
    record->first = s->first;
    record->last = s->last;
    record->count = s->count;
    founds->n++;
}

enum sw_status sw_founds_each_name(struct sw_founds *founds, sw_founds_fn *take, void *arg)
{
    enum sw_status status = SW_OK;
    if (founds->n == 0)
        return SW_OK;
    fold(founds);
    qsort(founds->record, founds->n, sizeof(*founds->record), by_first);
    for (size_t i = 0, n; i < founds->n && status == SW_OK; i += n) {
        n = 1;
        while (i + n < founds->n && by_owner(&founds->record[i], &founds->record[i + n]) == 0)
            n++;
        status = take(arg, &founds->record[i], n);
    }
    return status;
}

void sw_founds_clear(struct sw_founds *founds)
{
    free(founds->record);
    *founds = (struct sw_founds){.record = NULL};
}

/* ---- names ---- */

static int by_name(const void *one, const void *two)
{
    const struct sw_name *a = one, *b = two;
    return compare_octets(a->wire, a->len, b->wire, b->len);
}

enum sw_status sw_found_names_add(struct sw_found_names *names, const uint8_t *owner)
{
    names->sightings++;
    if (names->n > 0 && sw_name_equal(names->name[names->n - 1].wire, owner))
        return SW_OK;
    if (names->n == SW_FOUND_NAMES_MAX || names->sightings > SW_FOUND_DUE)
        return SW_ETOOBIG;
    if (names->n == names->room) {
        size_t room = names->room ? 2 * names->room : 16;
        void *grown = realloc(names->name, room * sizeof(*names->name));
        if (!grown)
            return SW_ENOMEM;
        names->name = grown;
        names->room = room;
    }
    if (sw_name_copy(owner, SW_NAME_MAX, &names->name[names->n]) == SW_OK)
        names->n++;
    return SW_OK;
}

void sw_found_names_sort(struct sw_found_names *names)
{
    size_t kept = 0;
    if (names->n == 0)
        return;
    qsort(names->name, names->n, sizeof(*names->name), by_name);
    for (size_t i = 1; i < names->n; i++)
        if (by_name(&names->name[kept], &names->name[i]) != 0)
            names->name[++kept] = names->name[i];
    names->n = kept + 1;
}

bool sw_found_names_have(const struct sw_found_names *names, const uint8_t *owner)
{
    struct sw_name name;
    return names->n > 0 && sw_name_copy(owner, SW_NAME_MAX, &name) == SW_OK &&
           bsearch(&name, names->name, names->n, sizeof(*names->name), by_name);
}

void sw_found_names_clear(struct sw_found_names *names)
{
    free(names->name);
    *names = (struct sw_found_names){.name = NULL};
}
