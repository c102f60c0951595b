/* pivot.c - sinkwatch pivot: from a name to addresses, from an address or from a range of addresses
 * to names (D-046, D-130). */
#include "base/rcu.h"
#include "cli/factwords.h"
#include "cli/output.h"
#include "cli/past/past_rows.h"
#include "cli/show/ownership.h"
#include "cli/show/pivot_graph.h"
#include "cli/show/pivot_range.h"
#include "owner/holder.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOPS_MAX    16
#define MAX_DEFAULT 200
#define MAX_MAX     100000
#define PAST_WAIT   10      /* seconds for the memories of resolvers */
#define NODES_MAX   1000000 /* of a single hop: the limit of Redis, none of the command */

enum { KEY_HOPS = 300, KEY_MAX, KEY_FOLDER, KEY_FLEET, KEY_NO_MEMORY };

struct options {
    uint64_t hops, max;
    const char *folder; /* of the memory; NULL: memory-folder */
    bool fleet, no_memory;
};

/* A question and the answer. */
struct pivoting {
    struct cli *cli;
    const struct options *o;
    struct sw_indicator what;
    char text[SW_INDICATORTEXT_MAX]; /* the question in canonical form */
    struct pivot_range range;        /* addresses of a range; n 0 for a name or address */
    uint64_t places_cut;             /* addresses of the range beyond --max */
    struct graph *graph;
    json_t *past; /* the object of cli_past_ask(), or NULL */
};

static const struct argp_option options[] = {
    {"hops", KEY_HOPS, "N", 0,
     "follow addresses to names to addresses, N times (default 1), and show a tree", 0},
    {"max", KEY_MAX, "N", 0,
     "with --hops at most so many names and addresses, and of a range at most so many addresses "
     "(default 200), and so many records of the memory; the rest is counted",
     0},
    {"memory-folder", KEY_FOLDER, "FOLDER", 0,
     "records of this memory as well (default: memory-folder of the settings)", 0},
    {"fleet", KEY_FLEET, NULL, 0, "records of the memories of all live resolvers as well", 0},
    {"no-memory", KEY_NO_MEMORY, NULL, 0, "the history only", 0},
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
    case KEY_FOLDER:
        o->folder = arg;
        return 0;
    case KEY_FLEET:
        o->fleet = true;
        return 0;
    case KEY_NO_MEMORY:
        o->no_memory = true;
        return 0;
    case ARGP_KEY_END:
        if ((o->folder != NULL) + o->fleet + o->no_memory > 1)
            argp_error(state, "--memory-folder, --fleet and --no-memory contradict each other");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct cli_usage usage = {
    .words = "NAME|ADDRESS|PREFIX|ASN|HOLDER",
    .doc =
        "For a name: the addresses so far, with owners. For an address: the owner, and the names "
        "that were seen on the address. For a prefix, an AS number (AS64500) or a holder "
        "(registrant:NAME, class:CLASS, country:CC): the names on each such address that listed "
        "and watched names led to. The source is the history in Redis, which resolvers keep of "
        "listed and watched names and of every name on the same addresses. Below follows the past "
        "from the memory, where one is kept: what the resolver resolved, on a list or not."
        "\vCOUNT has the answers to clients, SWEEPS the answers to 'sinkwatch sweep'. EVIDENCE has "
        "the suffix of public bodies, or the top name, that a name is below. A range is "
        "judged by the owners that the databases of this host say now. The exit code is 1 when "
        "nothing is known. Times are UTC. With --hops each name and address is followed once; "
        "--json has nodes and edges then.\n\n"
        "Examples:\n"
        "  sinkwatch pivot systemsvc.net\n"
        "  sinkwatch pivot 213.24.76.23\n"
        "  sinkwatch pivot 213.24.76.0/23\n"
        "  sinkwatch pivot class:government\n"
        "  sinkwatch pivot systemsvc.net --hops 3",
    .options = options,
    .parser = parse,
    .min = 1,
    .max = 1,
};

static json_int_t integer(const json_t *facts, const char *member)
{
    return json_integer_value(json_object_get(facts, member));
}

/* How often clients, and how often sweeps, got the pair; "" for no sweep, so that a table without
 * sweeps has no such column. */
struct counts {
    char clients[24], sweeps[24];
};

static struct counts counts_of(const json_t *facts)
{
    struct counts counts = {.sweeps = ""};
    json_int_t all = integer(facts, "count"), sweeps = integer(facts, "sweeps");
    sweeps = sweeps < 0 ? 0 : sweeps > all ? all : sweeps;
    snprintf(counts.clients, sizeof(counts.clients), "%" JSON_INTEGER_FORMAT, all - sweeps);
    if (sweeps > 0)
        snprintf(counts.sweeps, sizeof(counts.sweeps), "%" JSON_INTEGER_FORMAT, sweeps);
    return counts;
}

static const char *anomalies_of(const json_t *facts, char out[100])
{
    return graph_anomalies(json_object_get(facts, "anomalies"), out, 100);
}

/* ---- a single hop: a table ---- */

static void print_addresses(const struct cli *cli, const struct graph *graph)
{
    struct cli_table *table = cli_table_new(cli, "ADDRESS", "PREFIX", "~OWNER", "FIRST", "LAST",
                                            ">COUNT", ">SWEEPS", "~ANOMALIES", CLI_END);
    char odd[100], owner[300];
    for (size_t i = 0; i < graph->edges; i++) {
        const json_t *facts = graph->edge[i].facts;
        struct counts counts = counts_of(facts);
        anomalies_of(facts, odd);
        cli_table_row(table, graph->node[graph->edge[i].address]->text,
                      cli_json_text(facts, "prefix"), graph_owner(facts, owner, sizeof(owner)),
                      cli_time(cli_json_text(facts, "first"), false),
                      cli_time(cli_json_text(facts, "last"), false), counts.clients, counts.sweeps,
                      odd);
        if (odd[0])
            cli_table_style(table, CLI_BAD);
    }
    cli_table_print(table, 2);
}

static void print_names(struct cli *cli, const struct graph *graph,
                        const struct graph_node *address)
{
    struct cli_table *table = cli_table_new(cli, "~NAME", "~LIST", "FIRST", "LAST", ">COUNT",
                                            ">SWEEPS", "~EVIDENCE", "~ANOMALIES", CLI_END);
    char odd[100];
    for (size_t i = 0; i < address->edges; i++) {
        const struct graph_edge *edge = &graph->edge[address->edge[i]];
        const struct graph_node *name = graph->node[edge->name];
        struct counts counts = counts_of(edge->facts);
        cli_table_row(
            table, name->text, name->list, cli_time(cli_json_text(edge->facts, "first"), false),
            cli_time(cli_json_text(edge->facts, "last"), false), counts.clients, counts.sweeps,
            cli_facts_words(cli, name->text), anomalies_of(edge->facts, odd));
        if (name->list[0])
            cli_table_style(table, CLI_BAD);
    }
    cli_table_print(table, 2);
}

/* A hash of the history at the limit has lost the fields seen longest ago. */
static bool is_full(const struct pivoting *p, const struct graph_node *node)
{
    return node->entries >= p->cli->settings.history_max;
}

static void print_full(const struct pivoting *p, const struct graph_node *node)
{
    if (is_full(p, node))
        printf("  the history keeps %s seen last (history-max): there may have been more\n",
               cli_count(node->entries, node->is_name ? "address" : "name",
                         node->is_name ? "addresses" : "names"));
}

/* "  about the name: owner-flux" */
static void print_of_name(const struct graph_node *name)
{
    char odd[100];
    if (graph_anomalies(name->anomalies, odd, sizeof(odd))[0])
        printf("  about the name: %s\n", cli_clean_text(odd));
}

static void print_title(const struct pivoting *p, const char *words)
{
    printf("%s%s%s: %s\n", cli_style(p->cli, CLI_BOLD), cli_clean_text(p->text),
           cli_style(p->cli, CLI_PLAIN), words);
}

static void print_name_text(const struct pivoting *p)
{
    size_t n = p->graph->edges;
    print_title(p, n == 0 ? "no address was seen"
                          : cli_count(n, "address was seen", "addresses were seen"));
    print_of_name(p->graph->node[0]);
    print_addresses(p->cli, p->graph);
    print_full(p, p->graph->node[0]);
}

static void print_address_text(const struct pivoting *p, const struct sw_owner *owner)
{
    size_t n = p->graph->edges;
    print_title(p, n == 0 ? "no names were seen here"
                          : cli_count(n, "name was seen here", "names were seen here"));
    cli_owner_print(p->cli, &p->what.addr, owner);
    print_names(p->cli, p->graph, p->graph->node[0]);
    print_full(p, p->graph->node[0]);
}

/* The entries of a name or of an address. */
static json_t *entries_json(const struct pivoting *p, const struct graph_node *node)
{
    json_t *array = json_array();
    for (size_t i = 0; i < node->edges; i++) {
        const struct graph_edge *edge = &p->graph->edge[node->edge[i]];
        json_t *one = json_object();
        cli_json_set(one, node->is_name ? "address" : "name",
                     graph_other(p->graph, edge, node)->text);
        json_object_update(one, edge->facts);
        if (!node->is_name)
            cli_facts_put(p->cli, one, graph_other(p->graph, edge, node)->text);
        json_array_append_new(array, one);
    }
    return array;
}

/* An object: the key, the owner for an address, and the entries with facts. */
static json_t *node_facts(const struct pivoting *p, const struct graph_node *node, json_t *owner)
{
    json_t *out = json_object();
    cli_json_set(out, node->is_name ? "name" : "address", node->text);
    if (owner)
        json_object_set_new(out, "owner", owner);
    if (node->anomalies)
        json_object_set(out, "anomalies", node->anomalies);
    json_object_set_new(out, node->is_name ? "addresses" : "names", entries_json(p, node));
    json_object_set_new(out, "full", json_boolean(is_full(p, node)));
    return out;
}

/* The limits that left something out. A single hop has no limit on hops. */
static void print_cuts(const struct graph *graph, const struct options *o)
{
    if (graph->cut_nodes)
        printf("stopped at --max %zu: %s left out\n", graph->max_nodes,
               cli_count(graph->cut_nodes, "further sight was", "further sights were"));
    if (graph->cut_hops && o->hops)
        printf("stopped at --hops %" PRIu64 ": %s not followed\n", o->hops,
               cli_count(graph->cut_hops, "name or address was", "names and addresses were"));
}

/* ---- a range: a table of addresses and names ---- */

/* The owner that the databases say now. */
static void find_owner(struct cli *cli, const struct sw_addr *addr, struct sw_owner *owner)
{
    const struct sw_owners *owners = cli_owners(cli);
    sw_rcu_enter();
    sw_owner_find(owners, addr, owner);
    sw_rcu_leave();
}

static void range_row(const struct pivoting *p, struct cli_table *table,
                      const struct graph_node *address, const struct sw_owner *owner,
                      const struct graph_edge *edge)
{
    const struct graph_node *name = p->graph->node[edge->name];
    struct counts counts = counts_of(edge->facts);
    char odd[100], as[16] = "";
    if (owner->asn)
        snprintf(as, sizeof(as), "AS%" PRIu32, owner->asn);
    cli_table_row(table, address->text, as, owner->registrant[0] ? owner->registrant : owner->org,
                  sw_class_name((enum sw_class)owner->class), name->text, name->list,
                  cli_time(cli_json_text(edge->facts, "last"), false), counts.clients,
                  counts.sweeps, cli_facts_words(p->cli, name->text),
                  anomalies_of(edge->facts, odd));
    if (name->list[0])
        cli_table_style(table, CLI_BAD);
}

static void print_cut_places(const struct pivoting *p)
{
    if (p->places_cut)
        printf("stopped at --max %" PRIu64 ": %s left out, seen longest ago\n", p->o->max,
               cli_count(p->places_cut, "address was", "addresses were"));
}

static void print_range_text(const struct pivoting *p)
{
    struct cli_table *table =
        cli_table_new(p->cli, "ADDRESS", "AS", "~HOLDER", "CLASS", "~NAME", "~LIST", "LAST",
                      ">COUNT", ">SWEEPS", "~EVIDENCE", "~ANOMALIES", CLI_END);
    size_t full = 0, starts = p->range.n - p->places_cut, names = p->graph->nodes - starts;
    char words[160];
    for (size_t i = 0; i < starts; i++) {
        const struct graph_node *address = p->graph->node[i];
        struct sw_owner owner = {0};
        find_owner(p->cli, &p->range.place[i].addr, &owner);
        full += is_full(p, address);
        for (size_t j = 0; j < address->edges; j++)
            range_row(p, table, address, &owner, &p->graph->edge[address->edge[j]]);
    }
    snprintf(words, sizeof(words), "%s, %s",
             cli_count(p->range.n, "address of listed or watched names",
                       "addresses of listed or watched names"),
             cli_count(names, "name on them", "names on them"));
    print_title(p, p->range.n == 0 ? "no address of a listed or watched name" : words);
    cli_table_print(table, 2);
    print_cuts(p->graph, p->o);
    if (full > 0)
        printf("  %s more names than the history keeps (history-max)\n",
               cli_count(full, "address may have had", "addresses may have had"));
    print_cut_places(p);
}

static void print_range_json(const struct pivoting *p)
{
    json_t *out = json_object(), *places = json_array();
    for (size_t i = 0; i < p->range.n - p->places_cut; i++) {
        const struct sw_addr *addr = &p->range.place[i].addr;
        struct sw_owner owner = {0};
        find_owner(p->cli, addr, &owner);
        json_t *one = node_facts(p, p->graph->node[i], cli_owner_json(addr, &owner));
        json_object_set_new(one, "holder", cli_holder_json(p->cli, &owner));
        json_array_append_new(places, one);
    }
    cli_json_set(out, "range", p->text);
    json_object_set_new(out, "addresses_known", json_integer((json_int_t)p->range.n));
    json_object_set_new(out, "addresses", places);
    json_object_set_new(out, "names_cut", json_integer((json_int_t)p->graph->cut_nodes));
    if (p->past)
        json_object_set(out, "memory", p->past);
    cli_json(out);
}

/* ---- several hops: a tree ---- */

static void print_node(const struct cli *cli, const struct graph_node *node,
                       const struct graph_edge *edge, unsigned depth, const char *more)
{
    char owner[300], odd[100] = "";
    printf("%*s%s%s%s", (int)(2 * depth), "", cli_style(cli, node->list[0] ? CLI_BAD : CLI_BOLD),
           cli_clean_text(node->text), cli_style(cli, CLI_PLAIN));
    if (node->list[0])
        printf("  (%s)", cli_clean_text(node->list));
    if (!node->is_name && graph_owner(edge ? edge->facts : node->owner, owner, sizeof(owner))[0])
        printf("  %s", cli_clean_text(owner));
    if (edge) {
        struct counts counts = counts_of(edge->facts);
        anomalies_of(edge->facts, odd);
        printf("  %s%s to %s, %s times%s%s%s%s", cli_style(cli, CLI_DIM),
               cli_time(cli_json_text(edge->facts, "first"), false),
               cli_time(cli_json_text(edge->facts, "last"), false), counts.clients,
               counts.sweeps[0] ? " and " : "", counts.sweeps, counts.sweeps[0] ? " by sweeps" : "",
               cli_style(cli, CLI_PLAIN));
    } else {
        graph_anomalies(node->anomalies, odd, sizeof(odd));
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

static void print_tree(const struct pivoting *p)
{
    const struct graph *graph = p->graph;
    if (pivot_is_range(&p->what))
        print_title(p, p->range.n == 0 ? "no address of a listed or watched name"
                                       : cli_count(p->range.n, "address", "addresses"));
    for (size_t i = 0; i < graph->nodes && graph->node[i]->hop == 0; i++) {
        print_node(p->cli, graph->node[i], NULL, 0,
                   graph->node[i]->edges ? "" : ": nothing was seen");
        print_below(p->cli, graph, graph->node[i]);
    }
    print_cut_places(p);
    print_cuts(graph, p->o);
}

/* ---- the whole ---- */

static void print_graph_json(const struct pivoting *p)
{
    json_t *out = graph_json(p->graph);
    cli_json_set(out, "start", p->text);
    if (pivot_is_range(&p->what))
        json_object_set_new(out, "addresses_known", json_integer((json_int_t)p->range.n));
    cli_json(out);
}

static void show_one(const struct pivoting *p)
{
    const struct graph_node *node = p->graph->node[0];
    struct sw_owner owner = {0};
    if (!node->is_name)
        find_owner(p->cli, &p->what.addr, &owner);
    if (p->cli->json) {
        json_t *out =
            node_facts(p, node, node->is_name ? NULL : cli_owner_json(&p->what.addr, &owner));
        if (p->past)
            json_object_set(out, "memory", p->past);
        cli_json(out);
    } else if (node->is_name)
        print_name_text(p);
    else
        print_address_text(p, &owner);
}

/* The history, then the past from the memory; with --json one object has both. */
static void show(const struct pivoting *p)
{
    if (p->o->hops && p->cli->json)
        print_graph_json(p);
    else if (p->o->hops)
        print_tree(p);
    else if (!pivot_is_range(&p->what))
        show_one(p);
    else if (p->cli->json)
        print_range_json(p);
    else
        print_range_text(p);
    if (p->past && !p->cli->json)
        cli_past_print(p->cli, p->past);
}

/* Without a memory the history is shown alone. A memory that cannot be asked is reported, and is a
 * failure only when an option asks for it. */
static int find_past(struct pivoting *p)
{
    const char *kept = p->cli->settings.memory_folder;
    struct cli_past_search search = {.folder = p->o->folder ? p->o->folder : kept,
                                     .text = p->text,
                                     .what = p->what,
                                     .max = p->o->max,
                                     .seconds = PAST_WAIT};
    bool none = p->o->no_memory || p->o->hops || p->what.type == SW_INDICATOR_HOLDER;
    if (p->o->fleet)
        search.folder = NULL;
    if (none || (!p->o->fleet && !search.folder[0]))
        return CLI_OK;
    if (p->what.type == SW_INDICATOR_ASN)
        search.owners = cli_owners(p->cli);
    int code = cli_past_ask(p->cli, &search, &p->past);
    return p->o->folder || p->o->fleet ? code : CLI_OK;
}

/* The nodes where the walk starts: a name, an address, or the latest addresses of a range. */
static int add_starts(struct pivoting *p)
{
    char text[SW_ADDRTEXT_MAX];
    if (!pivot_is_range(&p->what)) {
        graph_node(p->graph, p->what.type == SW_INDICATOR_DOMAIN, p->text, 0, GRAPH_NONE);
        return CLI_OK;
    }
    int code = pivot_range_find(p->cli, &p->what, &p->range);
    size_t n = p->range.n < p->o->max ? p->range.n : p->o->max;
    p->places_cut = p->range.n - n;
    for (size_t i = 0; i < n; i++)
        graph_node(p->graph, false, sw_addr_text(&p->range.place[i].addr, text), 0, GRAPH_NONE);
    return code;
}

static int pivot(struct pivoting *p)
{
    p->graph = graph_new(p->o->hops ? p->o->max : NODES_MAX);
    int code = add_starts(p);
    if (code == CLI_OK)
        code = graph_walk(p->cli, p->graph, p->o->hops ? (unsigned)p->o->hops : 1);
    if (p->graph->odd)
        cli_error("%s in the history not understood and left out",
                  cli_count(p->graph->odd, "entry is", "entries are"));
    if (code == CLI_OK) {
        int asked = find_past(p);
        bool known =
            p->graph->edges > 0 || json_array_size(json_object_get(p->past, "records")) > 0;
        show(p);
        code = asked != CLI_OK ? asked : known ? CLI_OK : CLI_NONE;
    }
    json_decref(p->past);
    graph_free(p->graph);
    free(p->range.place);
    return code;
}

/* The text under which the history has a name or an address. */
static void write_text(struct pivoting *p)
{
    if (p->what.type == SW_INDICATOR_DOMAIN)
        sw_name_text(p->what.name.wire, p->text);
    else
        sw_indicator_text(&p->what, p->text);
}

int cli_pivot(struct cli *cli, int argc, char **argv)
{
    struct options o = {.max = MAX_DEFAULT};
    struct pivoting *p = cli_alloc(1, sizeof(*p));
    char why[SW_WHY_MAX] = "";
    char **words;
    cli_parse(cli, &usage, &o, argc, argv, &words);
    p->cli = cli;
    p->o = &o;
    int code = CLI_NONE;
    if (sw_indicator_parse(words[0], strlen(words[0]), &p->what, why) == SW_OK) {
        write_text(p);
        code = cli_connect(cli);
        code = code == CLI_OK ? pivot(p) : code;
    } else {
        cli_error("'%s' is no name, address, prefix, AS number or holder: %s",
                  cli_clean_text(words[0]), why);
    }
    free(p);
    return code;
}
