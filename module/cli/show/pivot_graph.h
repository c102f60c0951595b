/*
 * pivot_graph.h - names and addresses that were seen together, as a graph, out of the history.
 *
 * Step by step: graph_new(); graph_node() for each start; graph_walk() reads hop by hop, the latest
 * sights of each node first, until the limits. Nodes and edges beyond a limit are counted. A server
 * that answers others meanwhile sets max_fields and end_us (D-224).
 *
 * Threads      one
 * Memory       at most max_nodes nodes; edges only between nodes
 * Interface    P:seen:name:* and P:seen:addr:* of module/REDIS.md
 */
#ifndef SW_CLI_SHOW_PIVOT_GRAPH_H
#define SW_CLI_SHOW_PIVOT_GRAPH_H

#include "cli/cli.h"
#include "cli/part.h"

#include <jansson.h>

#define GRAPH_NONE SIZE_MAX

struct graph_node {
    bool is_name; /* else an address */
    bool expanded;
    unsigned hop;
    size_t index;
    size_t parent; /* node that led here, GRAPH_NONE: a start */
    char *text;
    char *list;        /* names: the list of kind ioc with this name, "" */
    json_t *owner;     /* addresses: facts as recorded last (prefix asn org ...), NULL: none */
    json_t *anomalies; /* names: raised about the name with all addresses: texts; NULL: none */
    size_t entries;    /* addresses or names in the history of an expanded node */
    size_t *edge;      /* the node's edges, in order of discovery */
    size_t edges, room;
};

struct graph_edge {
    size_t name, address; /* nodes */
    json_t *facts;        /* first last count sweeps, the owner, anomalies about this pair */
};

struct graph {
    struct graph_node **node;
    struct graph_edge *edge;
    size_t nodes, edges, nodes_room, edges_room;
    size_t max_nodes;
    size_t max_fields;           /* of a node's hash that are read; 0: all */
    size_t max_edges;            /* the walk ends with so many; 0: no end */
    int64_t end_us;              /* the monotonic time to end the walk at; 0: none */
    bool ends_full;              /* end the walk when no room is left for a node */
    char cursor[CLI_CURSOR_MAX]; /* of the first node, where it has more fields: as in part.h */
    uint64_t cut_nodes;  /* neighbours left out because of max_nodes, counted for each edge */
    uint64_t cut_fields; /* likewise because of max_fields */
    uint64_t cut_time;   /* nodes not followed because of the three above */
    uint64_t cut_hops;   /* nodes not followed because of the number of hops */
    uint64_t odd;        /* entries that are no JSON object */
    void *by_text;       /* tsearch() tree of nodes */
};

/** An empty graph. */
struct graph *graph_new(size_t max_nodes);
void graph_free(struct graph *graph); /* NULL is fine */

/** The node of a name or address, made at this hop if new; NULL: no room, counted. */
struct graph_node *graph_node(struct graph *graph, bool is_name, const char *text, unsigned hop,
                              size_t parent);

/** The node of a name or address; NULL: there is none. */
struct graph_node *graph_find(const struct graph *graph, bool is_name, const char *text);

/** Follow every node that was not followed yet, for so many hops. CLI_OK or CLI_REDIS, reported. */
int graph_walk(struct cli *cli, struct graph *graph, unsigned hops);

/** The other end of an edge. */
struct graph_node *graph_other(const struct graph *graph, const struct graph_edge *edge,
                               const struct graph_node *node);

/** "protected-owner, shared-address": the types of the anomalies of a pair or a name, an array of
 * texts or NULL. Returns out. */
char *graph_anomalies(const json_t *anomalies, char *out, size_t max);

/** "AS8342 RTComm.RU; Federal agency" of recorded facts, "" when nothing is known. Returns out. */
char *graph_owner(const json_t *facts, char *out, size_t max);

/** Everything as an object: nodes, edges, cut. */
json_t *graph_json(const struct graph *graph);

#endif
