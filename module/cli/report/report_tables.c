/* report_tables.c - tables of anomalies, history and clients. See report.h. */
#include "cli/output.h"
#include "cli/report/report.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define HISTORY_ROWS 4 /* of the table of the history, for each of --max */

static void head(FILE *out, const char *const *headings)
{
    fputs("<div class=scroll><table><thead><tr>", out);
    for (; *headings; headings++) {
        bool number = (*headings)[0] == '>';
        fprintf(out, "<th scope=col%s><button type=button>%s</button></th>",
                number ? " class=n" : "", *headings + number);
    }
    fputs("</tr></thead><tbody>\n", out);
}

static void cell(FILE *out, const char *text)
{
    fputs("<td>", out);
    page_text(out, text);
    fputs("</td>", out);
}

/* A cell without line breaks: an address, a time. */
static void key_cell(FILE *out, const char *text)
{
    fputs("<td class=k>", out);
    page_text(out, text);
    fputs("</td>", out);
}

static void tail(FILE *out)
{
    fputs("</tbody></table></div>\n", out);
}

static void cut(FILE *out, const char *words, const char *why)
{
    fprintf(out, "<p class=cut>%s: %s</p>\n", words, why);
}

/* ---- anomalies ---- */

/* A few words of an array of texts, on a separate line. */
static void words(FILE *out, const char *before, const json_t *array)
{
    const json_t *one;
    size_t i;
    json_array_foreach(array, i, one)
    {
        if (i == 5) {
            fprintf(out, " and %zu more", json_array_size(array) - i);
            break;
        }
        fprintf(out, "%s%s", i ? ", " : "<div>", i ? "" : before);
        page_text(out, json_string_value(one));
    }
    if (json_array_size(array) > 0)
        fputs("</div>", out);
}

/* A fact with a second fact on a line; nothing when the first is missing. */
static void fact(FILE *out, const char *before, const char *text, const char *between,
                 const char *more)
{
    if (!text[0])
        return;
    fprintf(out, "<div>%s", before);
    page_text(out, text);
    if (more[0]) {
        fputs(between, out);
        page_text(out, more);
    }
    fputs("</div>", out);
}

/* "in 10.0.0.0/8 for private use", "before: AS64500 Hoster", ... */
static void grounds(FILE *out, const json_t *anomaly)
{
    json_int_t former = json_integer_value(cli_json_at(anomaly, "former.as.number"));
    json_int_t flux = json_integer_value(cli_json_at(anomaly, "flux.as_total"));
    char as[24];
    fact(out, "in ", cli_json_text(anomaly, "special.block"), " for ",
         cli_json_text(anomaly, "special.name"));
    fact(out, "name server ", cli_json_text(anomaly, "delegation.server"), " of zone ",
         cli_json_text(anomaly, "delegation.zone"));
    snprintf(as, sizeof(as), "AS%" JSON_INTEGER_FORMAT, former);
    fact(out, "before: ", former ? as : "", " ",
         cli_json_text(anomaly, "former.as.organization.name"));
    fact(out, "registrant before: ", cli_json_text(anomaly, "former.registrant"), "", "");
    if (flux)
        fprintf(out,
                "<div>%" JSON_INTEGER_FORMAT " AS, %" JSON_INTEGER_FORMAT
                " addresses within %" JSON_INTEGER_FORMAT " hours</div>",
                flux, json_integer_value(cli_json_at(anomaly, "flux.addresses_total")),
                json_integer_value(cli_json_at(anomaly, "flux.hours")));
    words(out, "declared: ", cli_json_at(anomaly, "expected.owners"));
    words(out, "also here: ", json_object_get(anomaly, "names"));
}

void report_evidence(FILE *out, const json_t *anomaly)
{
    const char *owner = cli_json_text(anomaly, "protected.owner");
    const char *table = cli_json_text(anomaly, "class.table");
    fact(out, "protected: ", owner[0] ? owner : cli_json_text(anomaly, "protected.list"), ", ",
         cli_json_text(anomaly, "protected.indicator"));
    if (!owner[0] && !cli_json_text(anomaly, "protected.list")[0])
        fact(out, "protected: ", cli_json_text(anomaly, "protected.indicator"), "", "");
    fact(out, "class of the holder: ", cli_json_text(anomaly, "class.name"),
         table[0] ? ", by " : "", table);
    grounds(out, anomaly);
    fact(out, "explained by ", cli_json_text(anomaly, "known.list"), ": ",
         cli_json_text(anomaly, "known.owner"));
}

/* A name or address with a link to the card, where there is one. */
static void node_cell(const struct report *report, bool is_name, const char *text)
{
    const struct graph_node *node = graph_find(report->graph, is_name, text);
    fputs(is_name ? "<td>" : "<td class=k>", report->out);
    if (node && report_has_card(report, node))
        page_node(report->out, node);
    else
        page_text(report->out, text);
    fputs("</td>", report->out);
}

static void anomaly_row(const struct report *report, size_t i, const json_t *one)
{
    FILE *out = report->out;
    const json_t *anomaly = cli_json_at(one, "sinkwatch.anomaly");
    const json_t *owner = json_object_get(anomaly, "owner");
    json_int_t asn = json_integer_value(cli_json_at(owner, "as.number"));
    fprintf(out, "<tr id=x%zu>", i);
    key_cell(out, cli_time(cli_json_text(one, "@timestamp"), true));
    cell(out, cli_json_text(anomaly, "type"));
    node_cell(report, true, cli_json_text(anomaly, "name"));
    cell(out, cli_json_text(one, "threat.feed.name"));
    node_cell(report, false, cli_json_text(anomaly, "address"));
    cell(out, cli_json_text(owner, "registrant"));
    fputs("<td>", out);
    if (asn)
        fprintf(out, "AS%" JSON_INTEGER_FORMAT " ", asn);
    page_text(out, cli_json_text(owner, "as.organization.name"));
    fputs("</td><td>", out);
    report_evidence(out, anomaly);
    fputs("</td></tr>\n", out);
}

void report_anomalies(struct report *report)
{
    static const char *const headings[] = {"Time (UTC)", "Type", "Name",    "List", "Address",
                                           "Registrant", "AS",   "Details", NULL};
    size_t i, shown = json_array_size(report->anomalies);
    const json_t *one;
    if (shown == 0)
        return;
    head(report->out, headings);
    json_array_foreach(report->anomalies, i, one) anomaly_row(report, i, one);
    tail(report->out);
    if (report->moments > shown)
        cut(report->out,
            cli_count(report->moments - shown, "older anomaly is left out of the table",
                      "older anomalies are left out of the table"),
            "the picture has all; --max, --since, --until, --list, --name");
}

/* ---- history ---- */

static void history_row(struct report *report, const struct graph_edge *edge)
{
    FILE *out = report->out;
    const struct graph_node *name = report->graph->node[edge->name];
    const json_t *whose = report_facts(report, edge);
    char text[120];
    fprintf(out, "<tr%s>", name->list[0] ? " class=listed" : "");
    node_cell(report, true, name->text);
    cell(out, name->list);
    key_cell(out, cli_time(cli_json_text(edge->facts, "first"), false));
    key_cell(out, cli_time(cli_json_text(edge->facts, "last"), false));
    node_cell(report, false, report->graph->node[edge->address]->text);
    fputs("<td class=w>", out);
    page_holder(out, report_holder_at(report, whose));
    fputs("</td>", out);
    key_cell(out, cli_json_text(whose, "prefix"));
    cell(out, cli_json_text(whose, "country"));
    fprintf(out, "<td class=n>%" JSON_INTEGER_FORMAT "</td>",
            json_integer_value(json_object_get(edge->facts, "count")));
    cell(out, graph_anomalies(json_object_get(edge->facts, "anomalies"), text, sizeof(text)));
    fputs("</tr>\n", out);
}

/* Names in order of the graph (indicators first), the rows of a name in order of time. */
void report_history(struct report *report)
{
    static const char *const headings[] = {
        "Name",   "List",    "First seen (UTC)", "Last seen (UTC)", "Address", "Holder",
        "Prefix", "Country", ">Count",           "Anomalies",       NULL};
    const struct graph *graph = report->graph;
    uint64_t rows = 0, left = 0;
    head(report->out, headings);
    for (size_t i = 0; i < graph->nodes; i++) {
        size_t n;
        if (!graph->node[i]->is_name)
            continue;
        size_t *edge = report_edges(report, graph->node[i], &n);
        for (size_t j = 0; j < n; j++) {
            if (rows < HISTORY_ROWS * report->max)
                history_row(report, &graph->edge[edge[j]]);
            left += rows++ >= HISTORY_ROWS * report->max;
        }
        free(edge);
    }
    tail(report->out);
    if (left)
        cut(report->out, cli_count(left, "row is left out", "rows are left out"), "--max");
}

/* ---- clients ---- */

void report_clients(struct report *report)
{
    static const char *const headings[] = {"Name",       "Client", "First (UTC)",
                                           "Last (UTC)", ">Count", NULL};
    FILE *out = report->out;
    size_t shown = report->clients < report->max ? report->clients : report->max;
    uint64_t left = report->clients - shown + report->cut_clients;
    if (shown == 0) {
        fputs("<p>No client is in the events.</p>\n", out);
    } else {
        head(out, headings);
        for (size_t i = 0; i < shown; i++) {
            const struct report_client *client = report->client[i];
            fputs("<tr>", out);
            node_cell(report, true, client->name);
            key_cell(out, client->client);
            key_cell(out, cli_time(client->first, true));
            key_cell(out, cli_time(client->last, true));
            fprintf(out, "<td class=n>%" PRIu64 "</td></tr>\n", client->count);
        }
        tail(out);
    }
    if (left)
        cut(out, cli_count(left, "more is left out", "more are left out"), "--max, --name");
    if (report->more_events)
        cut(out, "Only the latest 100,000 events were read", "--since, --until");
}
