/* sweep_table.c - see sweep_table.h. */
#include "cli/sweep/sweep_table.h"

#include "cli/output.h"
#include "cli/sweep/sweep_ptr.h"
#include "owner/anomaly.h"
#include "owner/holder.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REMARK_MAX (2 * SWEEP_LISTED_MAX + 64)
#define PTR_MAX    (SW_NAMETEXT_MAX + 24)
#define PROTECTED  "protected" /* begin of a remark */

struct row {
    char *name, *address, *holder, *ptr, *remark;
    enum sw_class class;
};

struct rows {
    struct row *row;
    size_t n, room;
    uint64_t more; /* beyond rows_max */
};

struct sweep_table {
    const struct sw_settings *settings;
    const struct sw_owners *owners;
    const struct sweep_ptrs *ptrs;
    size_t rows_max;
    /* protected: named by a protected list or class, which no other remark may push out. nowhere:
     * names without an address. */
    struct rows protected, remarked, plain, nowhere;
    struct group *group; /* of the present name */
    size_t groups_room;
};

struct sweep_table *sweep_table_new(const struct sw_settings *settings,
                                    const struct sw_owners *owners, const struct sweep_ptrs *ptrs,
                                    size_t rows_max)
{
    struct sweep_table *table = cli_alloc(1, sizeof(*table));
    table->settings = settings;
    table->owners = owners;
    table->ptrs = ptrs;
    table->rows_max = rows_max;
    return table;
}

static void free_rows(struct rows *rows)
{
    for (size_t i = 0; i < rows->n; i++) {
        free(rows->row[i].name);
        free(rows->row[i].address);
        free(rows->row[i].holder);
        free(rows->row[i].ptr);
        free(rows->row[i].remark);
    }
    free(rows->row);
}

void sweep_table_free(struct sweep_table *table)
{
    if (!table)
        return;
    free_rows(&table->protected);
    free_rows(&table->remarked);
    free_rows(&table->plain);
    free_rows(&table->nowhere);
    free(table->group);
    free(table);
}

static bool is_protected(const char *remark)
{
    return strncmp(remark, PROTECTED ":", strlen(PROTECTED) + 1) == 0;
}

/* The lack of an address is no remark: such rows come last. */
static void add(struct sweep_table *table, const char *name, const char *address,
                const struct sw_holder *holder, const char *ptr, const char *remark)
{
    struct rows *rows = !address[0]            ? &table->nowhere
                        : is_protected(remark) ? &table->protected
                        : remark[0]            ? &table->remarked
                                               : &table->plain;
    if (rows->n == table->rows_max) {
        rows->more++;
        return;
    }
    if (rows->n == rows->room) {
        rows->room = rows->room ? 2 * rows->room : 64;
        rows->row = cli_grow(rows->row, rows->room, sizeof(*rows->row));
    }
    rows->row[rows->n++] = (struct row){.name = cli_copy(name),
                                        .address = cli_copy(address),
                                        .holder = cli_copy(holder->name),
                                        .ptr = cli_copy(ptr),
                                        .remark = cli_copy(remark),
                                        .class = holder->of.class};
}

/* ---- remarks ---- */

static void append(char *out, size_t max, const char *kind, const char *text, const char *list)
{
    size_t used = strlen(out);
    snprintf(out + used, max - used, "%s%s: %s%s%s", used ? "; " : "", kind, text,
             list[0] ? " of " : "", list);
}

char *sweep_remark(const struct sw_settings *settings, const struct sw_view *view, bool is_ioc,
                   const struct sw_addr *addr, const struct sw_owner *owner, char *out, size_t max)
{
    struct sw_anomaly anomaly;
    uint32_t classes = settings->protected_classes;
    out[0] = '\0';
    if (is_ioc && sw_anomaly_protected_owner(classes, view, addr, owner, &anomaly))
        append(out, max, PROTECTED, anomaly.protected_by, anomaly.list);
    if (sw_anomaly_special_address(view, addr, owner, &anomaly))
        append(out, max, "special", anomaly.special->name, "");
    sw_anomaly_begin(view, SW_ANOMALY_SHARED_ADDRESS, addr, owner, &anomaly);
    if (anomaly.known_list[0])
        append(out, max, "known", anomaly.known_list, "");
    return out;
}

/* ---- rows ---- */

/* Addresses of a name with one holder. */
struct group {
    struct sw_owner owner;
    struct sw_addr first;
    size_t n;
    char ptr[PTR_MAX]; /* of `first` */
    char remark[REMARK_MAX];
};

static struct group *group_of(struct sweep_table *table, size_t *n, const struct sw_owner *owner,
                              const char *remark)
{
    for (size_t i = 0; i < *n; i++)
        if (strcmp(table->group[i].remark, remark) == 0 &&
            sw_holder_same(&table->group[i].owner, owner))
            return &table->group[i];
    if (*n == table->groups_room) {
        table->groups_room = table->groups_room ? 2 * table->groups_room : 32;
        table->group = cli_grow(table->group, table->groups_room, sizeof(*table->group));
    }
    struct group *group = &table->group[(*n)++];
    *group = (struct group){.owner = *owner};
    snprintf(group->remark, sizeof(group->remark), "%s", remark);
    return group;
}

static void group_row(struct sweep_table *table, const char *name, const struct group *group)
{
    char text[SW_ADDRTEXT_MAX], address[SW_ADDRTEXT_MAX + 24];
    struct sw_holder holder;
    sw_addr_text(&group->first, text);
    if (group->n > 1)
        snprintf(address, sizeof(address), "%s +%zu", text, group->n - 1);
    else
        snprintf(address, sizeof(address), "%s", text);
    sw_holder_find(table->owners, &group->owner, &holder);
    add(table, name, address, &holder, group->ptr, group->remark);
}

/* The first name, and the number of further names. */
static void ptr_text(const struct sweep_ptr *ptr, char out[PTR_MAX])
{
    char name[SW_NAMETEXT_MAX];
    out[0] = '\0';
    if (!ptr || ptr->n == 0)
        return;
    sw_name_text(ptr->names, name);
    if (ptr->n > 1)
        snprintf(out, PTR_MAX, "%s +%zu", name, ptr->n - 1);
    else
        snprintf(out, PTR_MAX, "%s", name);
}

/* Add an address to its group. */
static void group_add(struct sweep_table *table, const struct sw_view *view, bool is_ioc,
                      const struct sw_addr *addr, size_t *n)
{
    struct sw_owner owner = {0};
    char remark[REMARK_MAX], listed[SWEEP_LISTED_MAX];
    const struct sweep_ptr *ptr = sweep_ptrs_find(table->ptrs, addr);
    sw_owner_find(table->owners, addr, &owner);
    sweep_remark(table->settings, view, is_ioc, addr, &owner, remark, sizeof(remark));
    if (sweep_ptr_listed(view, ptr, listed, sizeof(listed))[0])
        append(remark, sizeof(remark), "PTR", listed, "");
    struct group *group = group_of(table, n, &owner, remark);
    if (group->n++ == 0) {
        group->first = *addr;
        ptr_text(ptr, group->ptr);
    }
}

void sweep_table_answer(struct sweep_table *table, const struct sw_view *view, const char *name,
                        bool is_ioc, const struct sweep_task *task)
{
    size_t n = 0;
    for (size_t i = 0; i < SWEEP_TYPES; i++)
        for (size_t j = 0; j < task->answer[i].addresses; j++)
            group_add(table, view, is_ioc, &task->answer[i].address[j], &n);
    for (size_t i = 0; i < n; i++)
        group_row(table, name, &table->group[i]);
    enum sweep_outcome a = task->answer[0].outcome, b = task->answer[1].outcome;
    const char *outcome = sweep_outcome_name(a > b ? a : b);
    if (n == 0)
        add(table, name, "", &(struct sw_holder){.name = "", .of.class = SW_HOLDER_UNKNOWN}, "",
            a == SWEEP_RESOLVED || b == SWEEP_RESOLVED ? "alias without an address" : outcome);
}

void sweep_table_indicator(struct sweep_table *table, const struct sw_view *view,
                           const struct sw_addr *addr, const struct sw_addr *judged)
{
    size_t n = 0;
    char text[SW_ADDRTEXT_MAX];
    group_add(table, view, true, judged, &n);
    struct sw_holder holder;
    sw_holder_find(table->owners, &table->group[0].owner, &holder);
    add(table, "(indicator)", sw_addr_text(addr, text), &holder, table->group[0].ptr,
        table->group[0].remark);
}

/* ---- printing ---- */

static size_t print_rows(struct cli_table *out, const struct rows *rows, size_t max)
{
    size_t n = rows->n < max ? rows->n : max;
    for (size_t i = 0; i < n; i++) {
        const struct row *row = &rows->row[i];
        cli_table_row(out, row->name, row->address, row->holder, sw_class_name(row->class),
                      row->ptr, row->remark);
        if (is_protected(row->remark))
            cli_table_style(out, CLI_BAD);
    }
    return n;
}

static uint64_t total(const struct rows *rows)
{
    return rows->n + rows->more;
}

void sweep_table_print(const struct sweep_table *table, const struct cli *cli)
{
    struct cli_table *out =
        cli_table_new(cli, "~NAME", "ADDRESS", "~HOLDER", "CLASS", "~PTR", "~REMARK", CLI_END);
    size_t n = print_rows(out, &table->protected, table->rows_max);
    n += print_rows(out, &table->remarked, table->rows_max - n);
    n += print_rows(out, &table->plain, table->rows_max - n);
    n += print_rows(out, &table->nowhere, table->rows_max - n);
    uint64_t all = total(&table->protected) + total(&table->remarked) + total(&table->plain) +
                   total(&table->nowhere);
    cli_table_print(out, 0);
    if (all > n)
        printf("and %s; --rows N shows more, --json all\n",
               cli_count(all - n, "further row", "further rows"));
    if (all > 0)
        printf("\n");
}
