/* top_rows.c - rows and cells of the views. See top.h. */
#include "cli/output.h"
#include "cli/top/top.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const struct top_column hits[] = {
    {"Time UTC", 8, 0, false, -1, true}, {"Client", 0, 3, false, -1, false},
    {"Name", 0, 5, false, -1, false},    {"Type", 5, 0, false, -1, false},
    {"List", 0, 2, false, -1, false},    {"Action", 9, 0, false, -1, false},
    {"Hits", 5, 0, true, -1, false},
};
#define TALLY(what, with)                                                                          \
    {                                                                                              \
        {"Hits", 8, 0, true, TOP_BY_HITS, false}, {"1 min", 6, 0, true, TOP_BY_MINUTE, false},     \
            {"Last UTC", 8, 0, false, TOP_BY_LAST, true}, {what, 0, 5, false, TOP_BY_TEXT, false}, \
            {"Action", 9, 0, false, -1, false}, {"List", 0, 2, false, -1, false},                  \
            {with, 0, 3, false, -1, false},                                                        \
    }
static const struct top_column names[] = TALLY("Name", "Last client");
static const struct top_column clients[] = TALLY("Client", "Last name");
static const struct top_column lists[] = {
    {"Hits", 8, 0, true, TOP_BY_HITS, false},     {"1 min", 6, 0, true, TOP_BY_MINUTE, false},
    {"Last UTC", 8, 0, false, TOP_BY_LAST, true}, {"List", 0, 3, false, TOP_BY_TEXT, false},
    {"Action", 9, 0, false, -1, false},           {"Last name", 0, 5, false, -1, false},
};
static const struct top_column resolvers[] = {
    {"Resolver", 0, 2, false, -1, false}, {"State", 12, 0, false, -1, false},
    {"Age", 6, 0, true, -1, false},       {"Hits", 9, 0, true, -1, false},
    {"Waiting", 8, 0, true, -1, false},   {"Last error", 0, 4, false, -1, false},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

size_t top_columns(enum top_view view, const struct top_column **column)
{
    static const struct {
        const struct top_column *column;
        size_t n;
    } all[TOP_VIEWS] = {
        {hits, COUNT(hits)},   {names, COUNT(names)},         {clients, COUNT(clients)},
        {lists, COUNT(lists)}, {resolvers, COUNT(resolvers)},
    };
    *column = all[view].column;
    return all[view].n;
}

const char *top_view_name(enum top_view view)
{
    static const char *const name[TOP_VIEWS] = {"hits", "names", "clients", "lists", "resolvers"};
    return name[view];
}

/* ---- filter ---- */

static bool has(const struct top *top, const char *text)
{
    return strcasestr(cli_clean_text(text), top->filter) != NULL;
}

static bool row_passes(const struct top *top, const struct top_row *row)
{
    return !top->filter[0] || has(top, row->key) || has(top, row->list) || has(top, row->action) ||
           has(top, row->with);
}

static bool hit_passes(const struct top *top, const struct top_hit *hit)
{
    return !top->filter[0] || has(top, hit->name) || has(top, hit->client) || has(top, hit->list) ||
           has(top, hit->action);
}

static bool resolver_passes(const struct top *top, const struct top_resolver *resolver)
{
    return !top->filter[0] || has(top, resolver->id) || has(top, resolver->state) ||
           has(top, resolver->error);
}

/* ---- order ---- */

static int descending(uint64_t x, uint64_t y)
{
    return x > y ? -1 : x < y;
}

static int by_sort(const void *a, const void *b, void *arg)
{
    const struct top *top = arg;
    const struct top_row *x = *(const struct top_row *const *)a;
    const struct top_row *y = *(const struct top_row *const *)b;
    int order = 0;
    if (x->tagged != y->tagged)
        return x->tagged ? -1 : 1;
    if (top->sort == TOP_BY_HITS)
        order = descending(x->hits, y->hits);
    else if (top->sort == TOP_BY_MINUTE)
        order = descending(top_minute(x, top->now), top_minute(y, top->now));
    else if (top->sort == TOP_BY_LAST)
        order = descending((uint64_t)x->last, (uint64_t)y->last);
    order = order ? order : strcmp(x->key, y->key);
    return top->reversed ? -order : order;
}

/* The selection stays on its row while the rows change places. Without a choice it is the first. */
static void follow(struct top *top)
{
    for (size_t i = 0; top->chosen[0] && i < top->ordered; i++)
        if (strcmp(((const struct top_row *)top->order[i])->key, top->chosen) == 0)
            top->selected = i;
}

void top_order(struct top *top)
{
    const struct top_tally *tally = top_tally_of(top, top->view);
    uint64_t n = top->hits < TOP_HITS_MAX ? top->hits : TOP_HITS_MAX;
    top->ordered = 0;
    for (size_t i = 0; tally && i < tally->n; i++)
        if (row_passes(top, tally->row[i]))
            top->order[top->ordered++] = tally->row[i];
    for (uint64_t i = 1; top->view == TOP_HITS && i <= n; i++) {
        const struct top_hit *hit = &top->hit[(top->hits - i) % TOP_HITS_MAX];
        if (hit_passes(top, hit))
            top->order[top->ordered++] = hit;
    }
    for (size_t i = 0; top->view == TOP_RESOLVERS && i < top->resolvers; i++)
        if (resolver_passes(top, &top->resolver[i]) && top->ordered < TOP_ROWS_MAX)
            top->order[top->ordered++] = &top->resolver[i];
    if (!tally)
        return;
    qsort_r(top->order, top->ordered, sizeof(*top->order), by_sort, top);
    follow(top);
}

/* ---- cells ---- */

static void put(char *cell, const char *text)
{
    snprintf(cell, TOP_CELL, "%.*s", TOP_CELL - 1, cli_clean_text(text));
}

static void put_number(char *cell, uint64_t n)
{
    snprintf(cell, TOP_CELL, "%" PRIu64, n);
}

/* The time of today, the date of another day. */
static void put_time(char *cell, time_t at, time_t now)
{
    struct tm tm;
    bool today = now - at < 86400 && at <= now + 3600;
    cell[0] = '\0';
    if (at <= 0 || !gmtime_r(&at, &tm))
        return;
    if (today)
        strftime(cell, TOP_CELL, "%H:%M:%S", &tm);
    else
        strftime(cell, TOP_CELL, "%Y%m%d", &tm);
}

static void hit_cells(const struct top *top, const struct top_hit *hit,
                      char cell[TOP_COLUMNS][TOP_CELL])
{
    put_time(cell[0], hit->at, top->now);
    put(cell[1], hit->client);
    put(cell[2], hit->name);
    put(cell[3], hit->type);
    put(cell[4], hit->list);
    put(cell[5], hit->action);
    put_number(cell[6], hit->count);
}

static void row_cells(const struct top *top, const struct top_row *row,
                      char cell[TOP_COLUMNS][TOP_CELL])
{
    bool of_list = top->view == TOP_LISTS;
    put_number(cell[0], row->hits);
    put_number(cell[1], top_minute(row, top->now));
    put_time(cell[2], row->last, top->now);
    put(cell[3], row->key);
    put(cell[4], row->action);
    put(cell[5], of_list ? row->with : row->list);
    put(cell[6], of_list ? "" : row->with);
}

static void resolver_cells(const struct top *top, const struct top_resolver *resolver,
                           char cell[TOP_COLUMNS][TOP_CELL])
{
    time_t age = top->now > resolver->reported ? top->now - resolver->reported : 0;
    put(cell[0], resolver->id);
    put(cell[1], resolver->state);
    snprintf(cell[2], TOP_CELL, "%jd%s", (intmax_t)(age < 600 ? age : age / 60),
             age < 600 ? "s" : "m");
    put_number(cell[3], resolver->hits);
    put_number(cell[4], resolver->backlog);
    put(cell[5], resolver->error);
}

time_t top_time(const struct top *top, size_t i)
{
    if (top->view == TOP_RESOLVERS)
        return 0;
    if (top->view == TOP_HITS)
        return ((const struct top_hit *)top->order[i])->at;
    return ((const struct top_row *)top->order[i])->last;
}

void top_cells(const struct top *top, size_t i, char cell[TOP_COLUMNS][TOP_CELL])
{
    if (top->view == TOP_HITS)
        hit_cells(top, top->order[i], cell);
    else if (top->view == TOP_RESOLVERS)
        resolver_cells(top, top->order[i], cell);
    else
        row_cells(top, top->order[i], cell);
}
