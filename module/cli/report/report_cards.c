/* report_cards.c - a card for each name and address of the page. See report.h. */
#include "cli/output.h"
#include "cli/report/report.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define CLIENTS_MAX   20 /* of a card; the table has more */
#define ANOMALIES_MAX 10
#define SERVERS_MAX   8
#define ROWS_MAX      64
#define FACTS_MAX     12

static void begin_rows(FILE *out, const char *what)
{
    fprintf(out,
            "<table class=in><thead><tr><th scope=col>From (UTC)</th><th scope=col>To</th><th "
            "scope=col>%s</th><th scope=col class=n>Count</th></tr></thead><tbody>\n",
            what);
}

static void and_more(FILE *out, size_t n, size_t max)
{
    if (n > max)
        fprintf(out, "<div class=cut>and %zu more</div>", n - max);
}

static void row(struct report *report, const struct graph_edge *edge, bool of_name)
{
    FILE *out = report->out;
    char text[120];
    fputs("<tr><td class=k>", out);
    page_text(out, cli_time(cli_json_text(edge->facts, "first"), false));
    fputs("</td><td class=k>", out);
    page_text(out, cli_time(cli_json_text(edge->facts, "last"), false));
    fputs("</td><td>", out);
    page_node(out, report->graph->node[of_name ? edge->address : edge->name]);
    fputs(" ", out);
    if (of_name)
        page_holder(out, report_holder_at(report, report_facts(report, edge)));
    graph_anomalies(json_object_get(edge->facts, "anomalies"), text, sizeof(text));
    if (text[0]) {
        fputs(" <em class=bad>", out);
        page_text(out, text);
        fputs("</em>", out);
    }
    fprintf(out, "</td><td class=n>%" JSON_INTEGER_FORMAT "</td></tr>\n",
            json_integer_value(json_object_get(edge->facts, "count")));
}

static void rows(struct report *report, const struct graph_node *node)
{
    size_t n, *edge = report_edges(report, node, &n);
    begin_rows(report->out, node->is_name ? "Address and holder" : "Name");
    for (size_t i = n > ROWS_MAX ? n - ROWS_MAX : 0; i < n; i++)
        row(report, &report->graph->edge[edge[i]], node->is_name);
    fputs("</tbody></table>", report->out);
    if (n > ROWS_MAX)
        fprintf(report->out, "<p class=cut>and %zu older</p>", n - ROWS_MAX);
    free(edge);
}

/* ---- parts of a name's card ---- */

static void servers(struct report *report, size_t start)
{
    FILE *out = report->out;
    const json_t *facts;
    const char *address;
    size_t n = 0;
    if (json_object_size(report->server[start]) == 0)
        return;
    fputs("<h4>Name servers</h4>", out);
    json_object_foreach(report->server[start], address, facts)
    {
        if (n++ >= SERVERS_MAX)
            continue;
        fputs("<div>", out);
        page_text(out, cli_json_text(facts, "server"));
        fputs(" ", out);
        page_text(out, address);
        fputs(" ", out);
        page_text(out, cli_json_text(facts, "registrant"));
        fputs(" <small>", out);
        page_text(out, cli_json_text(facts, "org"));
        fputs("</small></div>", out);
    }
    and_more(out, n, SERVERS_MAX);
}

/* Questions for the name and for names below. */
static void clients(const struct report *report, const char *name)
{
    FILE *out = report->out;
    size_t n = 0;
    for (size_t i = 0; i < report->clients; i++) {
        const struct report_client *client = report->client[i];
        if (!report_is_below(client->name, name))
            continue;
        if (n++ == 0)
            fputs("<h4>Clients that asked</h4>", out);
        if (n > CLIENTS_MAX)
            continue;
        fputs("<div>", out);
        page_text(out, client->client);
        if (strcmp(client->name, name) != 0) {
            fputs(" for ", out);
            page_text(out, client->name);
        }
        fputs(" <small>", out);
        page_text(out, cli_time(client->first, false));
        fputs(" to ", out);
        page_text(out, cli_time(client->last, false));
        fprintf(out, ", %s</small></div>", cli_count(client->count, "time", "times"));
    }
    and_more(out, n, CLIENTS_MAX);
}

static void anomalies(const struct report *report, const struct graph_node *node)
{
    FILE *out = report->out;
    const char *member = node->is_name ? "name" : "address";
    const json_t *one;
    size_t i, n = 0;
    json_array_foreach(report->anomalies, i, one)
    {
        const json_t *anomaly = cli_json_at(one, "sinkwatch.anomaly");
        if (strcmp(cli_json_text(anomaly, member), node->text) != 0)
            continue;
        if (n++ == 0)
            fputs("<h4>Anomalies</h4>", out);
        if (n > ANOMALIES_MAX)
            continue;
        fprintf(out, "<div><a href=\"#x%zu\">", i);
        page_text(out, cli_time(cli_json_text(one, "@timestamp"), false));
        fputs(" ", out);
        page_text(out, cli_json_text(anomaly, "type"));
        fputs("</a></div>", out);
        report_evidence(out, anomaly);
    }
    and_more(out, n, ANOMALIES_MAX);
}

/* ---- parts of an address's card ---- */

static void fact(FILE *out, const char *word, const char *text)
{
    if (!text[0])
        return;
    fprintf(out, "<dt>%s</dt><dd>", word);
    page_text(out, text);
    fputs("</dd>", out);
}

static void owner(struct report *report, const struct graph_node *node)
{
    FILE *out = report->out;
    if (!node->owner) {
        page_holder(out, &report->holder[HOLDER_UNKNOWN]);
        return;
    }
    page_holder(out, report_holder_at(report, node->owner));
    fputs("<dl>", out);
    fact(out, "Class", report_holder_at(report, node->owner)->class);
    fact(out, "Network", cli_json_text(node->owner, "prefix"));
    fact(out, "Netname", cli_json_text(node->owner, "netname"));
    fact(out, "Country", cli_json_text(node->owner, "country"));
    fputs("</dl>", out);
}

/* ---- the list of a name ---- */

static void value(FILE *out, const json_t *fact)
{
    char *text = json_is_string(fact) ? NULL : json_dumps(fact, JSON_ENCODE_ANY | JSON_COMPACT);
    page_text(out, text ? text : json_string_value(fact));
    free(text);
}

/* "on list carbanak (ioc, sinkhole), by systemsvc.net", and the facts of the indicator. */
static void listing(FILE *out, const json_t *found)
{
    const char *key;
    const json_t *given;
    size_t n = 0;
    fputs("<p>on list <b class=bad>", out);
    page_text(out, cli_json_text(found, "list"));
    fputs("</b> (", out);
    page_text(out, cli_json_text(found, "kind"));
    fputs(", ", out);
    page_text(out, cli_json_text(found, "action"));
    fputs("), by ", out);
    page_text(out, cli_json_text(found, "indicator"));
    fputs(json_is_true(json_object_get(found, "expired")) ? ", expired</p><dl>" : "</p><dl>", out);
    fact(out, "note", cli_json_text(found, "note"));
    json_object_foreach(json_object_get(found, "facts"), key, given)
    {
        if (n++ >= FACTS_MAX)
            continue;
        fputs("<dt>", out);
        page_text(out, key);
        fputs("</dt><dd>", out);
        value(out, given);
        fputs("</dd>", out);
    }
    fputs("</dl>", out);
    and_more(out, n, FACTS_MAX);
}

/* "sinkhole 192.0.2.1 TTL 60" of a verdict; null: no rule acts. */
static void answer(FILE *out, const json_t *verdict)
{
    static const char *const texts[] = {"taken", "sinkhole4", "sinkhole6", "cname"};
    fputs("<b>", out);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        const char *text = cli_json_text(verdict, texts[i]);
        fputs(i > 0 && text[0] ? " " : "", out);
        page_text(out, text);
    }
    if (!json_is_object(verdict))
        fputs("the true answer", out);
    fputs("</b>", out);
    if (json_is_true(json_object_get(verdict, "shadow"))) {
        fputs(" (shadow mode; without it ", out);
        page_text(out, cli_json_text(verdict, "wanted"));
        fputs(")", out);
    }
}

/* The answer to the clients of some groups. */
static void audience(FILE *out, const json_t *one)
{
    const json_t *group;
    size_t i;
    fputs("<div>clients of ", out);
    json_array_foreach(json_object_get(one, "groups"), i, group)
    {
        fputs(i ? ", " : "", out);
        page_text(out, json_string_value(group));
    }
    fputs(json_is_false(json_object_get(one, "no_group")) ? " get "
          : i > 0                                         ? ", no group get "
                                                          : "no group get ",
          out);
    answer(out, json_object_get(one, "verdict"));
    fputs("</div>", out);
}

/* The lists that have the name, and what clients get. */
static void lists(const struct report *report, const struct graph_node *node)
{
    FILE *out = report->out;
    const json_t *found = node->index < report->starts ? report->check[node->index] : NULL, *one;
    const json_t *check = json_object_get(found, "check");
    size_t i;
    json_array_foreach(json_object_get(found, "lists"), i, one) listing(out, one);
    if (!found && node->list[0]) {
        fputs("<p>on list <b class=bad>", out);
        page_text(out, node->list);
        fputs("</b></p>", out);
    }
    if (!found)
        return;
    fputs("<p>A client gets ", out);
    answer(out, json_object_get(check, "verdict"));
    if (cli_json_text(check, "why")[0]) {
        fputs(" <small>", out);
        page_text(out, cli_json_text(check, "why"));
        fputs("</small>", out);
    }
    fputs("</p>", out);
    json_array_foreach(json_object_get(check, "by_group"), i, one) audience(out, one);
}

/* ---- a card ---- */

static void card(struct report *report, const struct graph_node *node)
{
    FILE *out = report->out;
    bool odd = node->anomalies != NULL;
    for (size_t i = 0; i < node->edges; i++)
        odd |= json_object_get(report->graph->edge[node->edge[i]].facts, "anomalies") != NULL;
    fprintf(out, "<article class=\"card%s\" id=%c%zu><h3>", odd ? " odd" : "",
            node->is_name ? 'n' : 'a', node->index);
    page_text(out, node->text);
    fputs("</h3>", out);
    if (node->is_name)
        lists(report, node);
    if (!node->is_name)
        owner(report, node);
    if (node->edges > 0)
        rows(report, node);
    report_past(report, node);
    anomalies(report, node);
    if (node->is_name && node->index < report->starts)
        servers(report, node->index);
    if (node->is_name)
        clients(report, node->text);
    fputs("</article>\n", out);
}

static void cards(struct report *report, bool names)
{
    for (size_t i = 0; i < report->graph->nodes; i++)
        if (report->graph->node[i]->is_name == names &&
            report_has_card(report, report->graph->node[i]))
            card(report, report->graph->node[i]);
}

void report_cards(struct report *report)
{
    fputs("<section id=names><h2>Names</h2><div class=cards>\n", report->out);
    cards(report, true);
    fputs("</div></section>\n<section id=addresses><h2>Addresses</h2><div class=cards>\n",
          report->out);
    cards(report, false);
    fputs("</div></section>\n", report->out);
}
