/* view_place.c - the card of an address, a prefix, an AS or a holder; the graph. See views.h. */
#include "base/clock.h"
#include "cli/show/ownership.h"
#include "cli/show/pivot_graph.h"
#include "cli/show/pivot_range.h"
#include "cli/view/views.h"

#include <stdlib.h>
#include <string.h>

#define GRAPH_MAX    160
#define GRAPH_HOPS   2
#define GRAPH_FIELDS 100 /* of each hash */

/* ---- rows ---- */

static json_t *row_of(const struct graph *graph, const struct graph_edge *edge)
{
    const struct graph_node *name = graph->node[edge->name];
    json_t *row = json_copy(edge->facts);
    cli_json_set(row, "name", name->text);
    cli_json_set(row, "address", graph->node[edge->address]->text);
    cli_json_set(row, "list", name->list);
    return row;
}

static int by_last(const void *a, const void *b)
{
    const json_t *const *x = a, *const *y = b;
    int order = strcmp(cli_json_text(*y, "last"), cli_json_text(*x, "last"));
    order = order ? order : strcmp(cli_json_text(*x, "name"), cli_json_text(*y, "name"));
    return order ? order : strcmp(cli_json_text(*x, "address"), cli_json_text(*y, "address"));
}

/* Every name with its times, latest first. */
static json_t *rows_of(const struct graph *graph)
{
    json_t **row = cli_alloc(graph->edges, sizeof(json_t *)), *out = json_array();
    for (size_t i = 0; i < graph->edges; i++)
        row[i] = row_of(graph, &graph->edge[i]);
    qsort(row, graph->edges, sizeof(json_t *), by_last);
    for (size_t i = 0; i < graph->edges; i++)
        json_array_append_new(out, row[i]);
    free(row);
    return out;
}

/* ---- owners ---- */

static json_t *place_of(struct cli *cli, const struct sw_addr *addr)
{
    struct sw_owner owner;
    char text[SW_ADDRTEXT_MAX];
    json_t *out = json_object();
    view_owner_now(cli, addr, &owner);
    cli_json_set(out, "address", sw_addr_text(addr, text));
    json_object_set_new(out, "owner", cli_owner_json(addr, &owner));
    json_object_set_new(out, "holder", view_holder(cli, &owner));
    if (owner.carrier_class)
        cli_json_set(out, "carrier_class", sw_class_name((enum sw_class)owner.carrier_class));
    return out;
}

/* The addresses of a page with their owners. */
static json_t *places_of(struct cli *cli, const struct pivot_range *range)
{
    json_t *out = json_array();
    for (size_t i = 0; i < range->n; i++)
        json_array_append_new(out, place_of(cli, &range->place[i].addr));
    return out;
}

/* The holder of a row's address at the time, by the facts of the name's history. */
static void add_holders(struct cli *cli, const json_t *rows)
{
    struct sw_owner owner;
    json_t *row;
    size_t i;
    json_array_foreach(rows, i, row)
    {
        view_owner_of(row, &owner);
        if (owner.asn || owner.registrant[0])
            json_object_set_new(row, "holder", view_holder(cli, &owner));
    }
}

/* ---- the card ---- */

struct placing { /* a card in work */
    struct cli *cli;
    const struct sw_indicator *what;
    const struct view_from *from;
    struct graph *graph;
    struct pivot_look look;
    bool is_range;
    json_t *out;
};

static void say_look(const struct placing *p, json_t *unknown)
{
    if (p->look.next && p->look.tracked)
        view_unknown(unknown,
                     "Tracked addresses have no order by owner: this page looked at those seen "
                     "last, number %zu to %zu of %zu. Older ones are on the pages behind.",
                     p->look.from + 1, p->look.next, p->look.tracked);
    if (p->graph->cut_time)
        view_unknown(unknown, "The names of %zu addresses of this page were not read.",
                     (size_t)p->graph->cut_time);
    if (p->graph->cut_fields && p->is_range)
        view_unknown(unknown,
                     "Some addresses have more than %d names, and %zu names were not read. The "
                     "card of an address has all.",
                     VIEW_NAMES, (size_t)p->graph->cut_fields);
    else if (p->graph->cut_fields)
        view_unknown(unknown,
                     "This address has %zu names more than this part of them. The other parts are "
                     "on other pages, in no order of time.",
                     (size_t)p->graph->cut_fields);
    if (p->graph->cut_nodes)
        view_unknown(unknown,
                     "This page has the names of its first addresses, %d at most; %zu more are "
                     "left out.",
                     VIEW_NAMES, (size_t)p->graph->cut_nodes);
}

static json_t *unknown_of(const struct placing *p)
{
    const struct sw_settings *settings = &p->cli->settings;
    json_t *out = json_incref(json_object_get(p->out, "unknown"));
    if (json_array_size(json_object_get(p->out, "names")) == 0)
        view_unknown(out, "No name was seen there: addresses are recorded once a name on a list of "
                          "kind ioc or watch leads to them.");
    say_look(p, out);
    if (!settings->owner_mmdb[0][0])
        view_unknown(out,
                     "No registrant database is set (owner-mmdb): no registered range, netname "
                     "or country.");
    if (!settings->asn_mmdb[0][0])
        view_unknown(out, "No AS database is set (asn-mmdb).");
    if (p->is_range)
        view_unknown(out, "Owners are those that the databases say now; the card of a name has the "
                          "owner at the time.");
    return out;
}

/* Rows of the card. An address has its page among the names; a range its page among the addresses,
 * with names there. */
static int add_names(struct placing *p)
{
    json_t *rows = rows_of(p->graph);
    json_t *page = p->is_range ? json_incref(rows) : view_slice(rows, p->from->offset);
    int code = view_lists_of_rows(p->cli, page);
    add_holders(p->cli, page);
    if (!p->is_range)
        json_object_set_new(p->out, "next",
                            view_next(p->from, json_array_size(rows), p->graph->cursor));
    uint64_t cut = p->graph->cut_nodes + p->graph->cut_fields;
    json_object_set_new(p->out, "names_read", json_integer((json_int_t)json_array_size(rows)));
    json_object_set_new(p->out, "names_cut", json_integer((json_int_t)cut));
    json_object_set_new(p->out, "names_of_all", json_boolean(!cut && !p->graph->cut_time));
    json_object_set_new(p->out, "names", page);
    json_decref(rows);
    return code;
}

static int add_range(struct placing *p)
{
    struct pivot_range range = {.n = 0};
    char text[SW_ADDRTEXT_MAX];
    p->look =
        (struct pivot_look){.from = p->from->offset, .most = VIEW_PAGE, .looks = VIEW_TRACKED};
    int code = pivot_range_look(p->cli, p->what, &p->look, &range);
    for (size_t i = 0; i < range.n; i++)
        graph_node(p->graph, false, sw_addr_text(&range.place[i].addr, text), 0, GRAPH_NONE);
    json_object_set_new(p->out, "addresses", places_of(p->cli, &range));
    json_object_set_new(p->out, "next",
                        p->look.next ? json_sprintf("%zu", p->look.next) : json_null());
    json_object_set_new(p->out, "tracked", json_integer((json_int_t)p->look.tracked));
    json_object_set_new(p->out, "in_range", json_integer((json_int_t)p->look.in_range));
    free(range.place);
    return code == CLI_NONE ? CLI_OK : code; /* no database: the card says so */
}

/* The graph of one step: addresses, and the names there. */
static int read_names(struct placing *p)
{
    char text[SW_INDICATORTEXT_MAX];
    p->graph->end_us = sw_clock_mono_us() + VIEW_END_US;
    p->graph->max_edges = VIEW_NAMES;
    p->graph->max_fields = p->is_range ? VIEW_NAMES : VIEW_FIELDS;
    p->graph->ends_full = true;
    memcpy(p->graph->cursor, p->from->cursor, sizeof(p->graph->cursor));
    int code = CLI_OK;
    if (p->is_range)
        code = add_range(p);
    else
        graph_node(p->graph, false, sw_indicator_text(p->what, text), 0, GRAPH_NONE);
    return code == CLI_OK ? graph_walk(p->cli, p->graph, 1) : code;
}

json_t *view_place(struct cli *cli, const struct sw_indicator *what, const struct view_from *from)
{
    char text[SW_INDICATORTEXT_MAX];
    struct placing p = {.cli = cli, .what = what, .from = from};
    p.is_range = pivot_is_range(what);
    p.graph = graph_new(p.is_range ? VIEW_PAGE + VIEW_NAMES : SIZE_MAX);
    p.out = view_check(cli, what);
    int code = p.out ? read_names(&p) : CLI_REDIS;
    if (code == CLI_OK)
        code = add_names(&p);
    if (code == CLI_OK) {
        cli_json_set(p.out, "kind", p.is_range ? "range" : "address");
        cli_json_set(p.out, "word", sw_indicator_text(what, text));
        json_object_set_new(p.out, "offset", json_integer((json_int_t)from->offset));
        if (what->type == SW_INDICATOR_PREFIX)
            json_object_set_new(p.out, "place", place_of(cli, &what->addr));
        json_object_set_new(p.out, "unknown", unknown_of(&p));
    } else {
        json_decref(p.out);
        p.out = NULL;
    }
    graph_free(p.graph);
    return p.out;
}

/* ---- the graph ---- */

static int add_starts(struct cli *cli, const struct sw_indicator *what, struct graph *graph)
{
    struct pivot_range range = {.n = 0};
    struct pivot_look look = {.most = GRAPH_MAX / 4, .looks = VIEW_TRACKED};
    char text[SW_INDICATORTEXT_MAX];
    int code = CLI_OK;
    if (what->type == SW_INDICATOR_DOMAIN)
        graph_node(graph, true, sw_name_text(what->name.wire, text), 0, GRAPH_NONE);
    else if (!pivot_is_range(what))
        graph_node(graph, false, sw_indicator_text(what, text), 0, GRAPH_NONE);
    else
        code = pivot_range_look(cli, what, &look, &range);
    for (size_t i = 0; i < range.n; i++)
        graph_node(graph, false, sw_addr_text(&range.place[i].addr, text), 0, GRAPH_NONE);
    free(range.place);
    return code == CLI_NONE ? CLI_OK : code;
}

json_t *view_graph(struct cli *cli, const struct sw_indicator *what)
{
    struct graph *graph = graph_new(GRAPH_MAX);
    json_t *out = NULL;
    graph->max_fields = GRAPH_FIELDS;
    graph->end_us = sw_clock_mono_us() + VIEW_END_US;
    int code = add_starts(cli, what, graph);
    if (code == CLI_OK)
        code = graph_walk(cli, graph, GRAPH_HOPS);
    if (code == CLI_OK)
        out = graph_json(graph);
    graph_free(graph);
    return out;
}
