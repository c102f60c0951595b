/* pivot_graph.c - see pivot_graph.h. */
#include "cli/show/pivot_graph.h"

#include "base/clock.h"
#include "cli/output.h"
#include "owner/anomaly.h"

#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- nodes and edges ---- */

struct graph *graph_new(size_t max_nodes)
{
    struct graph *graph = cli_alloc(1, sizeof(*graph));
    graph->max_nodes = max_nodes;
    return graph;
}

static void keep(void *node)
{
    (void)node; /* the tree only points to nodes */
}

void graph_free(struct graph *graph)
{
    if (!graph)
        return;
    tdestroy(graph->by_text, keep);
    for (size_t i = 0; i < graph->nodes; i++) {
        struct graph_node *node = graph->node[i];
        json_decref(node->owner);
        json_decref(node->anomalies);
        free(node->text);
        free(node->list);
        free(node->edge);
        free(node);
    }
    for (size_t i = 0; i < graph->edges; i++)
        json_decref(graph->edge[i].facts);
    free(graph->node);
    free(graph->edge);
    free(graph);
}

static int compare(const void *a, const void *b)
{
    const struct graph_node *x = a, *y = b;
    return x->is_name != y->is_name ? (int)x->is_name - (int)y->is_name : strcmp(x->text, y->text);
}

struct graph_node *graph_find(const struct graph *graph, bool is_name, const char *text)
{
    struct graph_node key = {.is_name = is_name, .text = (char *)(uintptr_t)text};
    void *found = tfind(&key, &graph->by_text, compare);
    return found ? *(struct graph_node **)found : NULL;
}

struct graph_node *graph_node(struct graph *graph, bool is_name, const char *text, unsigned hop,
                              size_t parent)
{
    struct graph_node *node = graph_find(graph, is_name, text);
    if (node)
        return node;
    if (graph->nodes == graph->max_nodes) {
        graph->cut_nodes++;
        return NULL;
    }
    if (graph->nodes == graph->nodes_room) {
        graph->nodes_room = graph->nodes_room ? 2 * graph->nodes_room : 64;
        graph->node = cli_grow(graph->node, graph->nodes_room, sizeof(struct graph_node *));
    }
    node = cli_alloc(1, sizeof(*node));
    *node = (struct graph_node){.is_name = is_name,
                                .hop = hop,
                                .parent = parent,
                                .index = graph->nodes,
                                .text = cli_copy(text),
                                .list = cli_copy("")};
    graph->node[graph->nodes++] = node;
    if (!tsearch(node, &graph->by_text, compare))
        abort();
    return node;
}

struct graph_node *graph_other(const struct graph *graph, const struct graph_edge *edge,
                               const struct graph_node *node)
{
    return graph->node[edge->name == node->index ? edge->address : edge->name];
}

static struct graph_edge *find_edge(const struct graph *graph, const struct graph_node *a,
                                    const struct graph_node *b)
{
    const struct graph_node *fewer = a->edges < b->edges ? a : b;
    for (size_t i = 0; i < fewer->edges; i++) {
        struct graph_edge *edge = &graph->edge[fewer->edge[i]];
        if (graph_other(graph, edge, fewer) == (fewer == a ? b : a))
            return edge;
    }
    return NULL;
}

static void attach(struct graph_node *node, size_t edge)
{
    if (node->edges == node->room) {
        node->room = node->room ? 2 * node->room : 8;
        node->edge = cli_grow(node->edge, node->room, sizeof(*node->edge));
    }
    node->edge[node->edges++] = edge;
}

static void add_edge(struct graph *graph, struct graph_node *name, struct graph_node *address)
{
    if (graph->edges == graph->edges_room) {
        graph->edges_room = graph->edges_room ? 2 * graph->edges_room : 64;
        graph->edge = cli_grow(graph->edge, graph->edges_room, sizeof(*graph->edge));
    }
    graph->edge[graph->edges] =
        (struct graph_edge){.name = name->index, .address = address->index, .facts = json_object()};
    attach(name, graph->edges);
    attach(address, graph->edges++);
}

/* ---- remembered anomalies ---- */

/* Length of the word at the begin: the type of the anomaly. */
static size_t word_of(const char *text)
{
    return strcspn(text, " ");
}

static bool is_type(const char *text, enum sw_anomaly_type type)
{
    const char *name = sw_anomaly_name(type);
    return word_of(text) == strlen(name) && strncmp(text, name, strlen(name)) == 0;
}

/* Whether a remembered anomaly is about the name with all addresses. Resolvers keep such an anomaly
 * with each address that the name has at that time. */
static bool is_of_name(const char *text)
{
    return is_type(text, SW_ANOMALY_OWNER_FLUX) || is_type(text, SW_ANOMALY_WOKE) ||
           is_type(text, SW_ANOMALY_DANGLING_ALIAS);
}

/* Whether a remembered anomaly is about another AS than the present AS of the address. */
static bool is_elsewhere(const json_t *facts, const char *text)
{
    const char *at = strstr(text, " AS");
    json_int_t asn = json_integer_value(json_object_get(facts, "asn"));
    return at && asn != 0 && strtoll(at + 3, NULL, 10) != asn;
}

static bool is_known(const json_t *all, const char *text)
{
    const json_t *one;
    size_t i;
    json_array_foreach(all, i, one) if (strcmp(json_string_value(one), text) == 0) return true;
    return false;
}

static void add_anomaly(json_t *all, const char *text)
{
    if (!is_known(all, text))
        json_array_append_new(all, json_string(text));
}

/* Put the anomalies of an entry where they belong: to the name, or to the pair. */
static void place_anomalies(json_t *pair, struct graph_node *name, const json_t *facts)
{
    const json_t *one;
    size_t i;
    json_array_foreach(json_object_get(facts, "anomalies"), i, one)
    {
        const char *text = json_string_value(one);
        if (!text || !text[0] || is_elsewhere(facts, text))
            continue;
        if (!is_of_name(text)) {
            add_anomaly(pair, text);
            continue;
        }
        if (!name->anomalies)
            name->anomalies = json_array();
        add_anomaly(name->anomalies, text);
    }
}

/* Facts of an entry, from the side of `node`. The facts of the name's side have the owner. */
static void note(struct graph_edge *edge, const struct graph_node *node, struct graph_node *name,
                 struct graph_node *address, const json_t *facts)
{
    const char *list = cli_json_text(facts, "list");
    bool of_name = node == name;
    json_t *had = json_object_get(edge->facts, "anomalies");
    json_t *anomalies = had ? json_copy(had) : json_array();
    place_anomalies(anomalies, name, facts);
    if (of_name)
        json_object_update(edge->facts, (json_t *)(uintptr_t)facts);
    else
        json_object_update_missing(edge->facts, (json_t *)(uintptr_t)facts);
    json_object_del(edge->facts, "anomalies");
    if (json_array_size(anomalies) > 0)
        json_object_set(edge->facts, "anomalies", anomalies);
    json_decref(anomalies);
    if (!of_name && list[0]) {
        free(name->list);
        name->list = cli_copy(list);
    }
    if (of_name && (!address->owner || strcmp(cli_json_text(facts, "last"),
                                              cli_json_text(address->owner, "last")) > 0)) {
        json_decref(address->owner);
        address->owner = json_copy((json_t *)(uintptr_t)facts);
    }
}

/* ---- out of Redis ---- */

struct seen { /* a field of the hash */
    const char *key;
    json_t *facts;
};

/* Seen last comes first. */
static int by_last(const void *a, const void *b)
{
    const struct seen *x = a, *y = b;
    int order = strcmp(cli_json_text(y->facts, "last"), cli_json_text(x->facts, "last"));
    return order ? order : strcmp(x->key, y->key);
}

/* Entries of addresses or names. A name has an entry for each holder as well, with a space in the
 * key, which no address and no name has: only anomalies about the name are of use there. */
static size_t collect(struct graph *graph, struct graph_node *node, const redisReply *reply,
                      struct seen *seen)
{
    size_t n = 0;
    for (size_t i = 0; i + 1 < reply->elements; i += 2) {
        const redisReply *value = reply->element[i + 1];
        json_t *facts = json_loadb(value->str, value->len, 0, NULL);
        if (strchr(reply->element[i]->str, ' ')) {
            json_t *unused = json_array();
            if (node->is_name)
                place_anomalies(unused, node, facts);
            json_decref(unused);
            json_decref(facts);
        } else if (json_is_object(facts)) {
            seen[n++] = (struct seen){reply->element[i]->str, facts};
        } else {
            graph->odd++;
            json_decref(facts);
        }
    }
    qsort(seen, n, sizeof(*seen), by_last);
    return n;
}

static void link_one(struct graph *graph, struct graph_node *node, const struct seen *seen)
{
    struct graph_node *other =
        graph_node(graph, !node->is_name, seen->key, node->hop + 1, node->index);
    if (!other)
        return;
    struct graph_node *name = node->is_name ? node : other, *address = node->is_name ? other : node;
    if (!find_edge(graph, name, address))
        add_edge(graph, name, address);
    note(find_edge(graph, name, address), node, name, address, seen->facts);
}

/* Facts of the pair from the name's side, which has the owner and most anomalies. */
static bool want_pair(struct cli *cli, const struct graph *graph, const struct graph_edge *edge)
{
    return cli_queue(cli, "HGET", cli_key(cli, "seen:name:%s", graph->node[edge->name]->text),
                     graph->node[edge->address]->text, CLI_END);
}

static void take_pair(struct graph *graph, struct graph_edge *edge, const redisReply *reply)
{
    struct graph_node *name = graph->node[edge->name], *address = graph->node[edge->address];
    if (reply->type != REDIS_REPLY_STRING)
        return;
    json_t *facts = json_loadb(reply->str, reply->len, 0, NULL);
    if (json_is_object(facts))
        note(edge, name, name, address, facts);
    json_decref(facts);
}

#define PAIRS_EACH 256 /* in a pipeline */

/* The names of an address, each from the name's side as well. */
static int complete(struct cli *cli, struct graph *graph, const struct graph_node *address)
{
    for (size_t at = 0; at < address->edges; at += PAIRS_EACH) {
        size_t end = at + PAIRS_EACH < address->edges ? at + PAIRS_EACH : address->edges;
        for (size_t i = at; i < end; i++)
            if (!want_pair(cli, graph, &graph->edge[address->edge[i]]))
                return cli_redis_failed(cli, NULL);
        for (size_t i = at; i < end; i++) {
            redisReply *reply = cli_reply(cli, "?s");
            if (!reply)
                return CLI_REDIS;
            take_pair(graph, &graph->edge[address->edge[i]], reply);
            freeReplyObject(reply);
        }
    }
    return CLI_OK;
}

/* Entries of a node: all, or a part of many. */
static int read_entries(struct cli *cli, struct graph *graph, const struct graph_node *node,
                        struct cli_part *part)
{
    const char *key = cli_key(cli, node->is_name ? "seen:name:%s" : "seen:addr:%s", node->text);
    bool first = node->index == 0;
    if (!graph->max_fields) {
        part->fields = part->reply = cli_ask(cli, "HGETALL", key, CLI_END);
        return part->reply ? CLI_OK : CLI_REDIS;
    }
    part->most = graph->max_fields;
    if (first)
        memcpy(part->cursor, graph->cursor, sizeof(part->cursor));
    int code = cli_part_read(cli, key, part);
    if (code == CLI_OK && first)
        memcpy(graph->cursor, part->cursor, sizeof(graph->cursor));
    if (code == CLI_OK && part->fields->elements / 2 < part->total)
        graph->cut_fields += part->total - part->fields->elements / 2;
    return code;
}

static int expand(struct cli *cli, struct graph *graph, struct graph_node *node)
{
    struct cli_part part = {.most = 0};
    if (read_entries(cli, graph, node, &part) != CLI_OK)
        return CLI_REDIS;
    node->expanded = true;
    struct seen *seen = cli_alloc(part.fields->elements / 2 + 1, sizeof(*seen));
    size_t n = collect(graph, node, part.fields, seen);
    node->entries = n;
    for (size_t i = 0; i < n; i++) {
        link_one(graph, node, &seen[i]);
        json_decref(seen[i].facts);
    }
    free(seen);
    freeReplyObject(part.reply);
    return node->is_name ? CLI_OK : complete(cli, graph, node);
}

/* The first node is followed in any case, so that a look never comes back with nothing. */
static bool is_over(const struct graph *graph, size_t i)
{
    if (i == 0)
        return false;
    return (graph->ends_full && graph->nodes == graph->max_nodes) ||
           (graph->max_edges && graph->edges >= graph->max_edges) ||
           (graph->end_us && sw_clock_mono_us() >= graph->end_us);
}

int graph_walk(struct cli *cli, struct graph *graph, unsigned hops)
{
    /* nodes are appended in the order of hops, so a single pass visits all nodes */
    for (size_t i = 0; i < graph->nodes; i++) {
        struct graph_node *node = graph->node[i];
        if (node->expanded)
            continue;
        if (node->hop >= hops)
            graph->cut_hops++;
        else if (is_over(graph, i))
            graph->cut_time++;
        else if (expand(cli, graph, node) != CLI_OK)
            return CLI_REDIS;
    }
    return CLI_OK;
}

/* ---- words and JSON ---- */

char *graph_anomalies(const json_t *anomalies, char *out, size_t max)
{
    const json_t *one;
    size_t i, used = 0;
    out[0] = '\0';
    json_array_foreach(anomalies, i, one)
    {
        const char *text = json_string_value(one);
        char word[40];
        snprintf(word, sizeof(word), "%.*s", (int)word_of(text), text);
        if (strstr(out, word) || used + strlen(word) + 3 > max)
            continue;
        used += (size_t)snprintf(out + used, max - used, "%s%s", used ? ", " : "", word);
    }
    return out;
}

char *graph_owner(const json_t *facts, char *out, size_t max)
{
    json_int_t asn = json_integer_value(json_object_get(facts, "asn"));
    const char *registrant = cli_json_text(facts, "registrant");
    out[0] = '\0';
    if (asn)
        snprintf(out, max, "AS%" JSON_INTEGER_FORMAT " %.90s%s%.90s", asn,
                 cli_json_text(facts, "org"), registrant[0] ? "; " : "", registrant);
    else
        snprintf(out, max, "%.90s", registrant);
    return out;
}

static json_t *node_json(const struct graph_node *node)
{
    static const char *const owned[] = {"prefix", "asn", "org", "registrant", "netname", "country"};
    json_t *out = json_object(), *owner = json_object();
    cli_json_set(out, "id", node->text);
    cli_json_set(out, "type", node->is_name ? "name" : "address");
    json_object_set_new(out, "hop", json_integer(node->hop));
    if (node->list[0])
        cli_json_set(out, "list", node->list);
    if (node->anomalies)
        json_object_set(out, "anomalies", node->anomalies);
    for (size_t i = 0; i < sizeof(owned) / sizeof(owned[0]); i++) {
        json_t *value = json_object_get(node->owner, owned[i]);
        if (value)
            json_object_set(owner, owned[i], value);
    }
    if (json_object_size(owner) > 0)
        json_object_set(out, "owner", owner);
    json_decref(owner);
    return out;
}

json_t *graph_json(const struct graph *graph)
{
    json_t *out = json_object(), *nodes = json_array(), *edges = json_array();
    for (size_t i = 0; i < graph->nodes; i++)
        json_array_append_new(nodes, node_json(graph->node[i]));
    for (size_t i = 0; i < graph->edges; i++) {
        const struct graph_edge *edge = &graph->edge[i];
        json_t *one = json_copy(edge->facts);
        json_object_del(one, "list");
        cli_json_set(one, "name", graph->node[edge->name]->text);
        cli_json_set(one, "address", graph->node[edge->address]->text);
        json_array_append_new(edges, one);
    }
    json_object_set_new(out, "nodes", nodes);
    json_object_set_new(out, "edges", edges);
    json_object_set_new(out, "cut",
                        json_pack("{s:I,s:I}", "max",
                                  (json_int_t)(graph->cut_nodes + graph->cut_fields), "hops",
                                  (json_int_t)(graph->cut_hops + graph->cut_time)));
    return out;
}
