/* report_page.c - tables and frame of the page. See report.h. */
#include "cli/output.h"
#include "cli/report/report.h"
#include "cli/report/report_style.h"

#include <string.h>

/* ---- tables ---- */

static void head(FILE *out, const char *const *headings)
{
    fputs("<div class=scroll><table><thead><tr>", out);
    for (; *headings; headings++) {
        bool number = (*headings)[0] == '>';
        fprintf(out, "<th%s><button type=button>%s</button></th>", number ? " class=n" : "",
                *headings + number);
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
static void evidence(FILE *out, const json_t *anomaly)
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
    if (flux)
        fprintf(out,
                "<div>%" JSON_INTEGER_FORMAT " AS, %" JSON_INTEGER_FORMAT
                " addresses within %" JSON_INTEGER_FORMAT " hours</div>",
                flux, json_integer_value(cli_json_at(anomaly, "flux.addresses_total")),
                json_integer_value(cli_json_at(anomaly, "flux.hours")));
    words(out, "declared: ", cli_json_at(anomaly, "expected.owners"));
    words(out, "also here: ", json_object_get(anomaly, "names"));
}

/* The owner by a protected list, the evidence, and the explanation by a known list. */
static void details(FILE *out, const json_t *anomaly)
{
    const char *owner = cli_json_text(anomaly, "protected.owner");
    fputs("<td>", out);
    fact(out, "protected: ", owner[0] ? owner : cli_json_text(anomaly, "protected.list"), ", ",
         cli_json_text(anomaly, "protected.indicator"));
    evidence(out, anomaly);
    fact(out, "explained by ", cli_json_text(anomaly, "known.list"), ": ",
         cli_json_text(anomaly, "known.owner"));
    fputs("</td>", out);
}

static void anomaly_table(struct report *report)
{
    static const char *const headings[] = {"Time (UTC)", "Type",  "Name",    "List",
                                           "Address",    "Owner", "Details", NULL};
    FILE *out = report->out;
    const json_t *one;
    size_t i;

    if (json_array_size(report->anomalies) == 0)
        return;
    head(out, headings);
    json_array_foreach(report->anomalies, i, one)
    {
        const json_t *anomaly = cli_json_at(one, "sinkwatch.anomaly");
        const json_t *owner = json_object_get(anomaly, "owner");
        char text[300];
        json_int_t asn = json_integer_value(cli_json_at(owner, "as.number"));
        const char *registrant = cli_json_text(owner, "registrant");
        snprintf(text, sizeof(text), "AS%" JSON_INTEGER_FORMAT " %.100s%s%.100s", asn,
                 cli_json_text(owner, "as.organization.name"), registrant[0] ? "; " : "",
                 registrant);
        fputs("<tr>", out);
        key_cell(out, cli_time(cli_json_text(one, "@timestamp"), true));
        cell(out, cli_json_text(anomaly, "type"));
        cell(out, cli_json_text(anomaly, "name"));
        cell(out, cli_json_text(one, "threat.feed.name"));
        key_cell(out, cli_json_text(anomaly, "address"));
        cell(out, asn ? text : registrant);
        details(out, anomaly);
        fputs("</tr>\n", out);
    }
    tail(out);
    if (report->cut_anomalies)
        fprintf(out, "<p class=cut>%s left out: --max</p>\n",
                cli_count(report->cut_anomalies, "older anomaly is", "older anomalies are"));
}

static void edge_row(struct report *report, const struct graph_edge *edge)
{
    FILE *out = report->out;
    const struct graph_node *name = report->graph->node[edge->name];
    const json_t *whose = report_facts(report, edge);
    const json_t *anomalies = json_object_get(edge->facts, "anomalies");
    char text[120], of_name[120], all[244];
    json_int_t asn = json_integer_value(json_object_get(whose, "asn"));

    fprintf(out, "<tr%s>", name->list[0] ? " class=listed" : "");
    cell(out, name->text);
    cell(out, name->list);
    key_cell(out, report->graph->node[edge->address]->text);
    key_cell(out, cli_json_text(whose, "prefix"));
    fprintf(out, "<td class=n>%.0" JSON_INTEGER_FORMAT "</td>", asn);
    cell(out, cli_json_text(whose, "org"));
    cell(out, cli_json_text(whose, "registrant"));
    cell(out, cli_json_text(whose, "country"));
    key_cell(out, cli_time(cli_json_text(edge->facts, "first"), false));
    key_cell(out, cli_time(cli_json_text(edge->facts, "last"), false));
    fprintf(out, "<td class=n>%" JSON_INTEGER_FORMAT "</td>",
            json_integer_value(json_object_get(edge->facts, "count")));
    graph_anomalies(anomalies, text, sizeof(text));
    graph_anomalies(name->anomalies, of_name, sizeof(of_name));
    snprintf(all, sizeof(all), "%s%s%s", text, text[0] && of_name[0] ? ", " : "", of_name);
    cell(out, all);
    fputs("</tr>\n", out);
}

static void history_table(struct report *report)
{
    static const char *const headings[] = {"Name",       "List",         "Address",    "Prefix",
                                           ">AS",        "Organisation", "Registrant", "Country",
                                           "First seen", "Last seen",    ">Count",     "Anomalies",
                                           NULL};
    const struct graph *graph = report->graph;
    uint64_t n = 0, cut = 0;
    head(report->out, headings);
    for (size_t i = 0; i < graph->edges; i++) {
        if (!report_shows(report, &graph->edge[i]))
            continue;
        if (n++ < 4 * report->max)
            edge_row(report, &graph->edge[i]);
        else
            cut++;
    }
    tail(report->out);
    if (cut)
        fprintf(report->out, "<p class=cut>%s left out: --max</p>\n",
                cli_count(cut, "row is", "rows are"));
}

/* ---- the frame ---- */

static void begin(struct report *report)
{
    char when[32];
    FILE *out = report->out;
    struct tm tm;

    strftime(when, sizeof(when), "%Y-%m-%d %H:%M UTC", gmtime_r(&report->now, &tm));
    fputs("<!DOCTYPE html>\n<html lang=en><head><meta charset=utf-8>\n"
          "<meta http-equiv=\"Content-Security-Policy\" content=\"" REPORT_POLICY "\">\n"
          "<meta name=viewport content=\"width=device-width\">\n"
          "<title>Sinkwatch: ownership of indicators</title>\n"
          "<style>" REPORT_STYLE "</style></head><body>\n<h1>Ownership of indicators</h1>\n<p>",
          out);
    fprintf(out, "Made %s by Sinkwatch; ", when);
    if (report->list) {
        fputs("list ", out);
        page_text(out, report->list);
    } else {
        fputs("all lists", out);
    }
    if (report->since) {
        strftime(when, sizeof(when), "%Y-%m-%d", gmtime_r(&report->since, &tm));
        fprintf(out, ", data since %s", when);
    }
    fputs(". All times are UTC. The page states facts from the DNS and from ownership databases "
          "at that time, and nothing about anybody's intent.</p>\n",
          out);
}

static void tile(FILE *out, size_t n, const char *what)
{
    fprintf(out, "<div><b>%zu</b> %s</div>", n, what);
}

static void tiles(struct report *report)
{
    size_t names = 0, addresses = 0;
    for (size_t i = 0; i < report->graph->nodes; i++) {
        names += report->graph->node[i]->is_name;
        addresses += !report->graph->node[i]->is_name;
    }
    for (size_t i = 0; i < report->graph->edges; i++)
        report_owner(report, report_facts(report, &report->graph->edge[i]));
    fputs("<div class=tiles>", report->out);
    tile(report->out, json_array_size(report->anomalies), "anomalies");
    tile(report->out, report->starts, "indicators with history");
    tile(report->out, names - report->starts, "other names on these addresses");
    tile(report->out, addresses, "addresses");
    tile(report->out, report->owners, "owners");
    fputs("</div>\n", report->out);
    if (report->cut_names)
        fprintf(report->out, "<p class=cut>%s left out: --max, --list</p>\n",
                cli_count(report->cut_names, "indicator is", "indicators are"));
    if (report->graph->cut_nodes)
        fprintf(report->out, "<p class=cut>%s left out: --max</p>\n",
                cli_count(report->graph->cut_nodes, "further sight is", "further sights are"));
}

void report_page(struct report *report)
{
    FILE *out = report->out;

    begin(report);
    tiles(report);
    fputs("<section id=anomalies><h2>Anomalies</h2>\n", out);
    report_time_line(report);
    anomaly_table(report);
    fputs("</section><section id=ownership><h2>Ownership over time</h2>\n", out);
    report_bars(report);
    fputs("</section><section id=graph><h2>Names, addresses, owners</h2>\n", out);
    report_graph(report);
    fputs("</section><section id=history><h2>History</h2>\n", out);
    history_table(report);
    fputs("</section>\n<script>" REPORT_SCRIPT "</script></body></html>\n", out);
}
