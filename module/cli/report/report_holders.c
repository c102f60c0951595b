/* report_holders.c - holders with marks and colours, and the times of names. See report.h. */
#include "cli/output.h"
#include "cli/report/report.h"
#include "cli/view/views.h"
#include "journal/history/entry.h"

#include <stdlib.h>
#include <string.h>

/* ---- times ---- */

time_t report_time(const char *rfc3339)
{
    struct tm tm = {0};
    return strptime(rfc3339, "%Y-%m-%dT%H:%M:%S", &tm) ? timegm(&tm) : 0;
}

bool report_overlaps(const struct report *report, time_t from, time_t to)
{
    return to > 0 && to >= report->since && from < report->until;
}

bool report_shows(const struct report *report, const struct graph_edge *edge)
{
    time_t first = report_time(cli_json_text(edge->facts, "first"));
    return first && report_overlaps(report, first, report_time(cli_json_text(edge->facts, "last")));
}

const json_t *report_facts(const struct report *report, const struct graph_edge *edge)
{
    const struct graph_node *address = report->graph->node[edge->address];
    bool own = json_object_get(edge->facts, "asn") || json_object_get(edge->facts, "registrant");
    return own || !address->owner ? edge->facts : address->owner;
}

/* ---- holders ---- */

static size_t add_holder(struct report *report, const char *key, const char *name,
                         const char *carrier)
{
    for (size_t i = 0; i < report->holders; i++)
        if (strcmp(report->holder[i].key, key) == 0)
            return i;
    if (report->holders == report->holders_room) {
        report->holders_room = report->holders_room ? 2 * report->holders_room : 32;
        report->holder = cli_grow(report->holder, report->holders_room, sizeof(*report->holder));
    }
    report->holder[report->holders] = (struct report_holder){.key = cli_copy(key),
                                                             .name = cli_copy(name),
                                                             .carrier = cli_copy(carrier),
                                                             .class = cli_copy(""),
                                                             .body = cli_copy(""),
                                                             .color = REPORT_COLORS};
    return report->holders++;
}

/* The two that are always there, in the order of their numbers. */
static void add_first(struct report *report)
{
    if (report->holders > 0)
        return;
    add_holder(report, "unknown", "no owner recorded", "");
    add_holder(report, SW_HOLDER_NONE, "no answer", "");
}

/* The class by the present tables and databases, with the line or field that gives the class. */
static void add_class(struct report *report, struct report_holder *holder,
                      const struct sw_owner *owner)
{
    json_t *now = view_holder(report->cli, owner);
    const char *class = cli_json_text(now, "class");
    free(holder->class);
    if (asprintf(&holder->class, class[0] ? "%s by %s" : "", class, cli_json_text(now, "reason")) <
        0)
        abort();
    free(holder->body);
    holder->body = cli_copy(json_is_true(json_object_get(now, "protected")) ? class : "");
    json_decref(now);
}

size_t report_holder(struct report *report, const json_t *facts)
{
    struct sw_owner owner;
    char key[SW_HOLDER_MAX], carrier[SW_OWNERTEXT_MAX + 16] = "";
    view_owner_of(facts, &owner);
    add_first(report);
    size_t had = report->holders;
    sw_holder_text(&owner, true, key);
    if (owner.asn)
        snprintf(carrier, sizeof(carrier), "AS%u%s%s", owner.asn, owner.org[0] ? " " : "",
                 owner.org);
    bool named = owner.registrant[0] != '\0';
    size_t holder =
        add_holder(report, key, named ? owner.registrant : carrier, named ? carrier : "");
    if (report->holders > had)
        add_class(report, &report->holder[holder], &owner);
    return holder;
}

const struct report_holder *report_holder_at(struct report *report, const json_t *facts)
{
    size_t holder = report_holder(report, facts); /* the array may move in the call */
    return &report->holder[holder];
}

/* ---- spans ---- */

struct spans {
    struct report_span *span;
    size_t n, room;
};

static void add_span(const struct report *report, struct spans *spans, struct report_span span)
{
    if (!span.from || !report_overlaps(report, span.from, span.to))
        return;
    if (spans->n == spans->room) {
        spans->room = spans->room ? 2 * spans->room : 16;
        spans->span = cli_grow(spans->span, spans->room, sizeof(*spans->span));
    }
    spans->span[spans->n++] = span;
}

static int by_holder(const void *a, const void *b)
{
    const struct report_span *x = a, *y = b;
    if (x->holder != y->holder)
        return x->holder < y->holder ? -1 : 1;
    return x->from < y->from ? -1 : x->from > y->from;
}

static int by_begin(const void *a, const void *b)
{
    const struct report_span *x = a, *y = b;
    if (x->begin != y->begin)
        return x->begin < y->begin ? -1 : 1;
    return by_holder(a, b);
}

/* Holders in order of their first span, each holder's spans in order of time. */
static void sort_spans(struct spans *spans)
{
    if (spans->n == 0)
        return;
    qsort(spans->span, spans->n, sizeof(*spans->span), by_holder);
    for (size_t i = 0; i < spans->n; i++) {
        bool same = i > 0 && spans->span[i - 1].holder == spans->span[i].holder;
        spans->span[i].begin = same ? spans->span[i - 1].begin : spans->span[i].from;
    }
    qsort(spans->span, spans->n, sizeof(*spans->span), by_begin);
}

static void add_episodes(struct report *report, struct spans *spans, const json_t *holders)
{
    const char *key;
    json_t *facts, *one;
    size_t i;
    json_object_foreach((json_t *)(uintptr_t)holders, key, facts)
    {
        bool none = strcmp(key, SW_HOLDER_PREFIX SW_HOLDER_NONE) == 0;
        size_t holder = none ? HOLDER_NONE : report_holder(report, facts);
        json_array_foreach(json_object_get(facts, "episodes"), i, one)
        {
            add_span(report, spans,
                     (struct report_span){
                         .holder = holder,
                         .from = report_time(cli_json_text(one, "from")),
                         .to = report_time(cli_json_text(one, "to")),
                         .count = (uint64_t)json_integer_value(json_object_get(one, "count"))});
        }
    }
}

static void add_rough(struct report *report, struct spans *spans, const json_t *facts,
                      const char *from)
{
    add_span(
        report, spans,
        (struct report_span){.holder = report_holder(report, facts),
                             .from = report_time(from),
                             .to = report_time(cli_json_text(facts, "last")),
                             .count = (uint64_t)json_integer_value(json_object_get(facts, "count")),
                             .rough = true});
}

/* A history without episodes: the times of the addresses, and of the owners before. */
static void add_addresses(struct report *report, struct spans *spans, const struct graph_node *name)
{
    const json_t *one;
    size_t j;
    for (size_t i = 0; i < name->edges; i++) {
        const struct graph_edge *edge = &report->graph->edge[name->edge[i]];
        const char *since = cli_json_text(edge->facts, "since");
        if (report_facts(report, edge) == edge->facts)
            add_rough(report, spans, edge->facts,
                      since[0] ? since : cli_json_text(edge->facts, "first"));
        else
            add_span(
                report, spans,
                (struct report_span){.holder = report_holder(report, report_facts(report, edge)),
                                     .from = report_time(cli_json_text(edge->facts, "first")),
                                     .to = report_time(cli_json_text(edge->facts, "last")),
                                     .rough = true});
        json_array_foreach(json_object_get(edge->facts, "former"), j, one)
        {
            add_rough(report, spans, one, cli_json_text(one, "since"));
        }
    }
}

struct report_span *report_spans(struct report *report, size_t start, size_t *n)
{
    struct spans spans = {0};
    add_first(report);
    add_episodes(report, &spans, report->spans[start]);
    if (spans.n == 0)
        add_addresses(report, &spans, report->graph->node[start]);
    sort_spans(&spans);
    *n = spans.n;
    return spans.span;
}

/* ---- edges in order of time ---- */

static int by_first(const void *a, const void *b, void *arg)
{
    const struct graph *graph = arg;
    const struct graph_edge *x = &graph->edge[*(const size_t *)a];
    const struct graph_edge *y = &graph->edge[*(const size_t *)b];
    int order = strcmp(cli_json_text(x->facts, "first"), cli_json_text(y->facts, "first"));
    return order ? order : (x < y ? -1 : x > y);
}

bool report_has_card(const struct report *report, const struct graph_node *node)
{
    if (node->is_name && node->index < report->starts)
        return true;
    for (size_t i = 0; i < node->edges; i++)
        if (report_shows(report, &report->graph->edge[node->edge[i]]))
            return true;
    return false;
}

size_t *report_edges(const struct report *report, const struct graph_node *node, size_t *n)
{
    size_t *edge = cli_alloc(node->edges + 1, sizeof(*edge));
    *n = 0;
    for (size_t i = 0; i < node->edges; i++)
        if (report_shows(report, &report->graph->edge[node->edge[i]]))
            edge[(*n)++] = node->edge[i];
    qsort_r(edge, *n, sizeof(*edge), by_first, report->graph);
    return edge;
}

/* ---- marks and colours ---- */

static int by_weight(const void *a, const void *b)
{
    const struct report_holder *x = a, *y = b;
    if (x->weight != y->weight)
        return x->weight > y->weight ? -1 : 1;
    return strcmp(x->key, y->key);
}

/* A, B, ... Z, AA, AB, ... */
static void letters(size_t n, char *out, size_t room)
{
    char text[8];
    size_t at = sizeof(text) - 1;
    text[at] = '\0';
    for (n++; n > 0 && at > 0; n = (n - 1) / 26)
        text[--at] = (char)('A' + (n - 1) % 26);
    snprintf(out, room, "%s", text + at);
}

/* An address with an anomaly counts for more than any number without. */
static void count_sights_of_holders(struct report *report)
{
    for (size_t i = 0; i < report->graph->edges; i++) {
        const struct graph_edge *edge = &report->graph->edge[i];
        if (!report_shows(report, edge))
            continue;
        size_t holder = report_holder(report, report_facts(report, edge));
        bool odd = json_array_size(json_object_get(edge->facts, "anomalies")) > 0;
        report->holder[holder].weight += odd ? 1000000 : 1;
    }
    for (size_t i = 0; i < report->graph->nodes; i++) { /* cards show the present owner as well */
        const struct graph_node *node = report->graph->node[i];
        if (!node->is_name && node->owner && report_has_card(report, node))
            report_holder(report, node->owner);
    }
    for (size_t i = 0; i < report->starts; i++) {
        size_t n;
        struct report_span *span = report_spans(report, i, &n);
        for (size_t j = 0; j < n; j++)
            report->holder[span[j].holder].weight++;
        free(span);
    }
}

void report_rank(struct report *report)
{
    add_first(report);
    count_sights_of_holders(report);
    qsort(report->holder + HOLDER_FIRST, report->holders - HOLDER_FIRST, sizeof(*report->holder),
          by_weight);
    snprintf(report->holder[HOLDER_UNKNOWN].mark, sizeof(report->holder->mark), "?");
    snprintf(report->holder[HOLDER_NONE].mark, sizeof(report->holder->mark), "\xe2\x88\x85");
    for (size_t i = HOLDER_FIRST; i < report->holders; i++) {
        struct report_holder *holder = &report->holder[i];
        letters(i - HOLDER_FIRST, holder->mark, sizeof(holder->mark));
        if (i - HOLDER_FIRST < REPORT_COLORS)
            holder->color = i - HOLDER_FIRST;
    }
}
