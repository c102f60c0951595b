/* top_tally.c - hits of names, clients and lists. See top.h. */
#include "cli/output.h"
#include "cli/top/top.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

static int by_key(const void *a, const void *b)
{
    return strcmp(((const struct top_row *)a)->key, ((const struct top_row *)b)->key);
}

/* ---- rows ---- */

/* Tagged rows are the latest, so they stay. */
static int by_last(const void *a, const void *b)
{
    const struct top_row *x = *(struct top_row *const *)a, *y = *(struct top_row *const *)b;
    if (x->tagged != y->tagged)
        return x->tagged ? 1 : -1;
    return x->last < y->last ? -1 : x->last > y->last;
}

/* The half of the rows that was not seen for longest goes; their hits are counted. */
static void evict(struct top_tally *tally)
{
    size_t gone = tally->n / 2;
    qsort(tally->row, tally->n, sizeof(*tally->row), by_last);
    for (size_t i = 0; i < gone; i++) {
        tally->evicted++;
        tally->evicted_hits += tally->row[i]->hits;
        tdelete(tally->row[i], &tally->by_key, by_key);
        free(tally->row[i]);
    }
    memmove(tally->row, tally->row + gone, (tally->n - gone) * sizeof(*tally->row));
    tally->n -= gone;
}

static struct top_row *row_of(struct top_tally *tally, const char *key)
{
    struct top_row wanted;
    snprintf(wanted.key, sizeof(wanted.key), "%s", key);
    void *found = tfind(&wanted, &tally->by_key, by_key);
    if (found)
        return *(struct top_row **)found;
    if (tally->n == TOP_ROWS_MAX)
        evict(tally);
    if (tally->n == tally->room) {
        tally->room = tally->room ? 2 * tally->room : 64;
        tally->row = cli_grow(tally->row, tally->room, sizeof(*tally->row));
    }
    struct top_row *row = cli_alloc(1, sizeof(*row));
    memcpy(row->key, wanted.key, sizeof(row->key));
    tally->row[tally->n++] = row;
    if (!tsearch(row, &tally->by_key, by_key))
        abort();
    return row;
}

/* ---- the last minute ---- */

/* Slots that the time has left behind are emptied; an event of an older slot is only counted. */
static void add_slot(struct top_row *row, time_t at, uint64_t count)
{
    int64_t slot = at / TOP_SLOT_S;
    if (slot - row->slot_at >= TOP_SLOTS)
        memset(row->slot, 0, sizeof(row->slot));
    else
        for (int64_t i = row->slot_at + 1; i <= slot; i++)
            row->slot[i % TOP_SLOTS] = 0;
    row->slot_at = slot > row->slot_at ? slot : row->slot_at;
    if (row->slot_at - slot < TOP_SLOTS)
        row->slot[slot % TOP_SLOTS] += count;
}

uint64_t top_minute(const struct top_row *row, time_t now)
{
    int64_t slot = now / TOP_SLOT_S;
    uint64_t sum = 0;
    for (int64_t i = slot - TOP_SLOTS + 1; i <= slot; i++)
        if (i <= row->slot_at && row->slot_at - i < TOP_SLOTS)
            sum += row->slot[i % TOP_SLOTS];
    return sum;
}

/* ---- hits ---- */

static void count(struct top_tally *tally, const char *key, const char *with,
                  const struct top_hit *hit)
{
    if (!key[0])
        return;
    struct top_row *row = row_of(tally, key);
    row->hits += hit->count;
    add_slot(row, hit->at, hit->count);
    if (hit->at < row->last)
        return;
    row->last = hit->at;
    snprintf(row->with, sizeof(row->with), "%s", with);
    memcpy(row->list, hit->list, sizeof(row->list));
    memcpy(row->action, hit->action, sizeof(row->action));
}

void top_note(struct top *top, const struct top_hit *hit)
{
    top->hit[top->hits++ % TOP_HITS_MAX] = *hit;
    count(&top->names, hit->name, hit->client, hit);
    count(&top->clients, hit->client, hit->name, hit);
    count(&top->lists, hit->list, hit->name, hit);
}

static void keep(void *row)
{
    (void)row; /* the array owns the rows */
}

static void clear(struct top_tally *tally)
{
    tdestroy(tally->by_key, keep);
    for (size_t i = 0; i < tally->n; i++)
        free(tally->row[i]);
    free(tally->row);
    *tally = (struct top_tally){0};
}

void top_clear(struct top *top)
{
    clear(&top->names);
    clear(&top->clients);
    clear(&top->lists);
    top->hits = 0;
    top->ordered = 0;
}

struct top_tally *top_tally_of(struct top *top, enum top_view view)
{
    return view == TOP_NAMES     ? &top->names
           : view == TOP_CLIENTS ? &top->clients
           : view == TOP_LISTS   ? &top->lists
                                 : NULL;
}
