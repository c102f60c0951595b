/* view_place.c - the card of an address, a prefix, an AS or a holder; the graph. See views.h. */
#include "base/rcu.h"
#include "cli/show/ownership.h"
#include "cli/show/pivot_graph.h"
#include "cli/show/pivot_range.h"
#include "cli/view/views.h"

#include <stdlib.h>
#include <string.h>

#define NODES_MAX  5000 /* names on the addresses of a page */
#define GRAPH_MAX  160
#define GRAPH_HOPS 2

/* ---- rows ---- */

static json_t *row_of(const struct graph *graph, const struct graph_edge *edge)
{
    const struct graph_node *name = graph->node[edge->name];
    json_t *row = json_copy(edge->facts);
    cli_json_set(row, "name", name->text);
    cli_json_set(row, "address", graph->node[edge->address]->text);
    cli_json_set(row, "list", name->list);
    json_object_set_new(row, "lists", json_array());
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

/* view_found_fn: of is the number of the row */
static void add_list(void *arg, const struct view_list *list, const char *text, size_t of,
                     const char *facts)
{
    json_t *one = json_object();
    (void)facts;
    cli_json_set(one, "list", list->name);
    cli_json_set(one, "kind", sw_kind_name(list->policy.kind));
    cli_json_set(one, "indicator", text);
    json_array_append_new(json_object_get(json_array_get(arg, of), "lists"), one);
}

/* The lists that have the names of a page: listed, watched, own. */
static int add_lists(struct cli *cli, json_t *rows)
{
    struct view_lists lists;
    struct view_words words = {.n = 0};
    struct sw_indicator what;
    char why[SW_WHY_MAX];
    const json_t *row;
    size_t i;
    int code = view_lists_read(cli, &lists);
    json_array_foreach(rows, i, row)
    {
        const char *name = cli_json_text(row, "name");
        if (sw_indicator_parse(name, strlen(name), &what, why) == SW_OK &&
            what.type == SW_INDICATOR_DOMAIN)
            view_words_name(&words, i, &what.name);
    }
    if (code == CLI_OK)
        code = view_lists_find(cli, &lists, &words, add_list, rows);
    view_words_free(&words);
    view_lists_free(&lists);
    return code;
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
    json_object_set_new(out, "holder", cli_holder_json(cli, &owner));
    if (owner.carrier_class)
        cli_json_set(out, "carrier_class", sw_class_name((enum sw_class)owner.carrier_class));
    return out;
}

/* The addresses of the page, latest first, with their owners. */
static json_t *places_of(struct cli *cli, const struct pivot_range *range, size_t from, size_t to)
{
    json_t *out = json_array();
    for (size_t i = from; i < to; i++)
        json_array_append_new(out, place_of(cli, &range->place[i].addr));
    return out;
}

/* ---- the card ---- */

static json_t *unknown_of(const struct cli *cli, const json_t *card, bool is_range)
{
    json_t *out = json_incref(json_object_get(card, "unknown"));
    if (json_integer_value(json_object_get(card, "names_total")) == 0)
        view_unknown(out, "No name was seen there: addresses are recorded once a name on a list of "
                          "kind ioc or watch leads to them.");
    if (!cli->settings.owner_mmdb[0][0])
        view_unknown(out,
                     "No registrant database is set (owner-mmdb): no registered range, netname "
                     "or country.");
    if (!cli->settings.asn_mmdb[0][0])
        view_unknown(out, "No AS database is set (asn-mmdb).");
    if (is_range)
        view_unknown(out, "Owners are those that the databases say now; the card of a name has the "
                          "owner at the time.");
    return out;
}

/* Rows of the card. An address has its page among the names; a range its page among the addresses,
 * with all names there. */
static int add_names(struct cli *cli, struct graph *graph, size_t offset, bool is_range,
                     json_t *out)
{
    json_t *rows = rows_of(graph), *page = is_range ? json_incref(rows) : view_slice(rows, offset);
    int code = add_lists(cli, page);
    json_object_set_new(out, "names_total", json_integer((json_int_t)json_array_size(rows)));
    json_object_set_new(out, "names", page);
    json_object_set_new(out, "names_cut", json_integer((json_int_t)graph->cut_nodes));
    json_decref(rows);
    return code;
}

static int add_range(struct cli *cli, const struct sw_indicator *what, size_t offset,
                     struct graph *graph, json_t *out)
{
    struct pivot_range range = {.n = 0};
    char text[SW_ADDRTEXT_MAX];
    int code = pivot_range_find(cli, what, &range);
    size_t from = offset < range.n ? offset : range.n;
    size_t to = from + VIEW_PAGE < range.n ? from + VIEW_PAGE : range.n;
    for (size_t i = from; i < to; i++)
        graph_node(graph, false, sw_addr_text(&range.place[i].addr, text), 0, GRAPH_NONE);
    json_object_set_new(out, "addresses_total", json_integer((json_int_t)range.n));
    json_object_set_new(out, "addresses", places_of(cli, &range, from, to));
    free(range.place);
    return code == CLI_NONE ? CLI_OK : code; /* no database: the card says so */
}

json_t *view_place(struct cli *cli, const struct sw_indicator *what, size_t offset)
{
    char text[SW_INDICATORTEXT_MAX];
    bool is_range = pivot_is_range(what);
    struct graph *graph = graph_new(NODES_MAX);
    json_t *out = view_check(cli, what);
    int code = out ? CLI_OK : CLI_REDIS;
    if (code == CLI_OK && is_range)
        code = add_range(cli, what, offset, graph, out);
    else if (code == CLI_OK)
        graph_node(graph, false, sw_indicator_text(what, text), 0, GRAPH_NONE);
    if (code == CLI_OK)
        code = graph_walk(cli, graph, 1);
    if (code == CLI_OK)
        code = add_names(cli, graph, offset, is_range, out);
    graph_free(graph);
    if (code != CLI_OK) {
        json_decref(out);
        return NULL;
    }
    cli_json_set(out, "kind", is_range ? "range" : "address");
    cli_json_set(out, "word", sw_indicator_text(what, text));
    json_object_set_new(out, "offset", json_integer((json_int_t)offset));
    if (what->type == SW_INDICATOR_PREFIX)
        json_object_set_new(out, "place", place_of(cli, &what->addr));
    json_object_set_new(out, "unknown", unknown_of(cli, out, is_range));
    return out;
}

/* ---- the graph ---- */

json_t *view_graph(struct cli *cli, const struct sw_indicator *what)
{
    struct graph *graph = graph_new(GRAPH_MAX);
    struct pivot_range range = {.n = 0};
    char text[SW_INDICATORTEXT_MAX], addr[SW_ADDRTEXT_MAX];
    int code = CLI_OK;
    json_t *out = NULL;
    if (what->type == SW_INDICATOR_DOMAIN)
        graph_node(graph, true, sw_name_text(what->name.wire, text), 0, GRAPH_NONE);
    else if (!pivot_is_range(what))
        graph_node(graph, false, sw_indicator_text(what, text), 0, GRAPH_NONE);
    else
        code = pivot_range_find(cli, what, &range);
    for (size_t i = 0; i < range.n && i < GRAPH_MAX / 4; i++)
        graph_node(graph, false, sw_addr_text(&range.place[i].addr, addr), 0, GRAPH_NONE);
    free(range.place);
    if (code != CLI_REDIS)
        code = graph_walk(cli, graph, GRAPH_HOPS);
    if (code == CLI_OK)
        out = graph_json(graph);
    graph_free(graph);
    return out;
}
