/* pivot.c - sinkwatch pivot: from a name to addresses, from an address to names (D-046). */
#include "base/indicator.h"
#include "base/rcu.h"
#include "cli/output.h"
#include "cli/show/ownership.h"
#include "cli/show/pivot_graph.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define HOPS_MAX    16
#define MAX_DEFAULT 200
#define MAX_MAX     100000

enum { KEY_HOPS = 300, KEY_MAX };

struct options {
    uint64_t hops, max;
};

static const struct argp_option options[] = {
    {"hops", KEY_HOPS, "N", 0,
     "follow addresses to names to addresses, N times (default 1), and show a tree", 0},
    {"max", KEY_MAX, "N", 0, "at most so many names and addresses (default 200)", 0},
    {0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct options *o = state->input;
    switch (key) {
    case KEY_HOPS:
        o->hops = cli_number(state, "--hops", arg, 1, HOPS_MAX);
        return 0;
    case KEY_MAX:
        o->max = cli_number(state, "--max", arg, 2, MAX_MAX);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct cli_usage usage = {
    .words = "NAME|ADDRESS",
    .doc = "For a name: the addresses so far, with owners. For an address: the owner, and the "
           "names that were seen on the address. The source is the history in Redis, which "
           "resolvers keep of listed and watched names and of every name on the same addresses."
           "\vThe exit code is 1 when nothing is known. Times are UTC. With --hops each name and "
           "address is followed once; --json has nodes and edges then.\n\n"
           "Examples:\n"
           "  sinkwatch pivot systemsvc.net\n"
           "  sinkwatch pivot 213.24.76.23\n"
           "  sinkwatch pivot systemsvc.net --hops 3",
    .options = options,
    .parser = parse,
    .min = 1,
    .max = 1,
};

static const char *number(const json_t *facts, char text[24])
{
    json_int_t count = json_integer_value(json_object_get(facts, "count"));
    snprintf(text, 24, "%" JSON_INTEGER_FORMAT, count);
    return text;
}

/* ---- a single hop: a table ---- */

static void print_addresses(const struct cli *cli, const struct graph *graph)
{
    struct cli_table *table = cli_table_new(cli, "ADDRESS", "PREFIX", "~OWNER", "FIRST", "LAST",
                                            ">COUNT", "~ANOMALIES", CLI_END);
    char odd[100], count[24], owner[300];
    for (size_t i = 0; i < graph->edges; i++) {
        const json_t *facts = graph->edge[i].facts;
        graph_anomalies(facts, odd, sizeof(odd));
        cli_table_row(table, graph->node[graph->edge[i].address]->text,
                      cli_json_text(facts, "prefix"), graph_owner(facts, owner, sizeof(owner)),
                      cli_time(cli_json_text(facts, "first"), false),
                      cli_time(cli_json_text(facts, "last"), false), number(facts, count), odd);
        if (odd[0])
            cli_table_style(table, CLI_BAD);
    }
    cli_table_print(table, 2);
}

static void print_names(const struct cli *cli, const struct graph *graph)
{
    struct cli_table *table =
        cli_table_new(cli, "~NAME", "~LIST", "FIRST", "LAST", ">COUNT", "~ANOMALIES", CLI_END);
    char odd[100], count[24];
    for (size_t i = 0; i < graph->edges; i++) {
        const json_t *facts = graph->edge[i].facts;
        const struct graph_node *name = graph->node[graph->edge[i].name];
        graph_anomalies(facts, odd, sizeof(odd));
        cli_table_row(table, name->text, name->list, cli_time(cli_json_text(facts, "first"), false),
                      cli_time(cli_json_text(facts, "last"), false), number(facts, count), odd);
        if (name->list[0])
            cli_table_style(table, CLI_BAD);
    }
    cli_table_print(table, 2);
}

/* An object: the key, the owner for an address, and the entries with facts. */
static void print_json(const char *what, json_t *owner, const struct graph *graph, bool of_name)
{
    json_t *out = json_object(), *array = json_array();
    for (size_t i = 0; i < graph->edges; i++) {
        const struct graph_edge *edge = &graph->edge[i];
        json_t *one = json_object();
        cli_json_set(one, of_name ? "address" : "name",
                     graph->node[of_name ? edge->address : edge->name]->text);
        json_object_update(one, edge->facts);
        json_array_append_new(array, one);
    }
    cli_json_set(out, of_name ? "name" : "address", what);
    if (owner)
        json_object_set_new(out, "owner", owner);
    json_object_set_new(out, of_name ? "addresses" : "names", array);
    cli_json(out);
}

static void print_text(const struct cli *cli, const struct sw_indicator *what,
                       const struct sw_owner *owner, const struct graph *graph)
{
    bool of_name = what->type == SW_INDICATOR_DOMAIN;
    size_t n = graph->edges;
    const char *words = n == 0    ? (of_name ? "no address was seen" : "no names were seen here")
                        : of_name ? cli_count(n, "address was seen", "addresses were seen")
                                  : cli_count(n, "name was seen here", "names were seen here");
    char text[SW_INDICATORTEXT_MAX];
    printf("%s%s%s: %s\n", cli_style(cli, CLI_BOLD), sw_indicator_text(what, text),
           cli_style(cli, CLI_PLAIN), words);
    if (of_name) {
        print_addresses(cli, graph);
    } else {
        cli_owner_print(cli, &what->addr, owner);
        print_names(cli, graph);
    }
}

/* ---- several hops: a tree ---- */

static void print_node(const struct cli *cli, const struct graph_node *node,
                       const struct graph_edge *edge, unsigned depth, const char *more)
{
    char owner[300], odd[100] = "", count[24];
    printf("%*s%s%s%s", (int)(2 * depth), "", cli_style(cli, node->list[0] ? CLI_BAD : CLI_BOLD),
           cli_clean_text(node->text), cli_style(cli, CLI_PLAIN));
    if (node->list[0])
        printf("  (%s)", cli_clean_text(node->list));
    if (!node->is_name && graph_owner(edge ? edge->facts : node->owner, owner, sizeof(owner))[0])
        printf("  %s", cli_clean_text(owner));
    if (edge) {
        graph_anomalies(edge->facts, odd, sizeof(odd));
        printf("  %s%s to %s, %s times%s", cli_style(cli, CLI_DIM),
               cli_time(cli_json_text(edge->facts, "first"), false),
               cli_time(cli_json_text(edge->facts, "last"), false), number(edge->facts, count),
               cli_style(cli, CLI_PLAIN));
    }
    if (odd[0])
        printf("  %s%s%s", cli_style(cli, CLI_BAD), cli_clean_text(odd), cli_style(cli, CLI_PLAIN));
    printf("%s\n", more);
}

/* The parent prints a node's line; here the node's discoveries are printed. */
static void print_below(const struct cli *cli, const struct graph *graph,
                        const struct graph_node *node)
{
    for (size_t i = 0; i < node->edges; i++) {
        const struct graph_edge *edge = &graph->edge[node->edge[i]];
        const struct graph_node *other = graph_other(graph, edge, node);
        if (other->index == node->parent)
            continue;
        bool mine = other->parent == node->index;
        if (mine || node->expanded)
            print_node(cli, other, edge, node->hop + 1,
                       mine ? "" : "  (is elsewhere in this tree)");
        if (mine)
            print_below(cli, graph, other);
    }
}

static void print_cuts(const struct graph *graph, const struct options *o)
{
    if (graph->cut_nodes)
        printf("stopped at --max %" PRIu64 ": %s left out\n", o->max,
               cli_count(graph->cut_nodes, "further sight was", "further sights were"));
    if (graph->cut_hops)
        printf("stopped at --hops %" PRIu64 ": %s not followed\n", o->hops,
               cli_count(graph->cut_hops, "name or address was", "names and addresses were"));
}

static void print_tree(const struct cli *cli, const struct graph *graph, const struct options *o)
{
    print_node(cli, graph->node[0], NULL, 0, graph->edges ? "" : ": nothing was seen");
    print_below(cli, graph, graph->node[0]);
    print_cuts(graph, o);
}

/* ---- the whole ---- */

static void show(struct cli *cli, const struct sw_indicator *what, const struct graph *graph,
                 const struct options *o)
{
    bool of_name = what->type == SW_INDICATOR_DOMAIN;
    struct sw_owner owner = {0};
    if (o->hops && cli->json) {
        json_t *out = graph_json(graph);
        cli_json_set(out, "start", graph->node[0]->text);
        cli_json(out);
        return;
    }
    if (o->hops) {
        print_tree(cli, graph, o);
        return;
    }
    if (!of_name) {
        const struct sw_owners *owners = cli_owners(cli);
        sw_rcu_enter();
        sw_owner_find(owners, &what->addr, &owner);
        sw_rcu_leave();
    }
    if (cli->json)
        print_json(graph->node[0]->text, of_name ? NULL : cli_owner_json(&what->addr, &owner),
                   graph, of_name);
    else
        print_text(cli, what, &owner, graph);
}

static int pivot(struct cli *cli, const struct sw_indicator *what, const struct options *o)
{
    bool of_name = what->type == SW_INDICATOR_DOMAIN;
    struct graph *graph = graph_new(o->hops ? o->max : MAX_MAX);
    char text[SW_NAMETEXT_MAX];
    if (of_name)
        sw_name_text(what->name.wire, text);
    else
        sw_addr_text(&what->addr, text);
    graph_node(graph, of_name, text, 0, GRAPH_NONE);
    int code = graph_walk(cli, graph, o->hops ? (unsigned)o->hops : 1);
    if (graph->odd)
        cli_error("%s in the history not understood and left out",
                  cli_count(graph->odd, "entry is", "entries are"));
    if (code == CLI_OK) {
        show(cli, what, graph, o);
        code = graph->edges ? CLI_OK : CLI_NONE;
    }
    graph_free(graph);
    return code;
}

int cli_pivot(struct cli *cli, int argc, char **argv)
{
    struct options o = {.max = MAX_DEFAULT};
    struct sw_indicator what;
    char why[SW_WHY_MAX] = "";
    char **words;
    cli_parse(cli, &usage, &o, argc, argv, &words);
    if (sw_indicator_parse(words[0], strlen(words[0]), &what, why) == SW_OK) {
        if (what.type == SW_INDICATOR_ASN)
            snprintf(why, sizeof(why), "an AS number; the history is by name and address");
        else if (what.type == SW_INDICATOR_PREFIX && what.addr.plen < sw_addr_bits(&what.addr))
            snprintf(why, sizeof(why), "a prefix; ask for a single address of the prefix");
    }
    what.form = SW_FORM_SUBTREE;
    if (why[0]) {
        cli_error("'%s' is neither a name nor an address: %s", cli_clean_text(words[0]), why);
        return CLI_NONE;
    }
    int code = cli_connect(cli);
    if (code == CLI_OK)
        code = pivot(cli, &what, &o);
    return code;
}
