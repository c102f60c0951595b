/* report_page.c - frame of the page. See report.h. */
#include "cli/output.h"
#include "cli/report/report.h"
#include "cli/report/report_style.h"

#include <inttypes.h>

static void scope(struct report *report)
{
    FILE *out = report->out;
    if (report->list) {
        fputs("list ", out);
        page_text(out, report->list);
    } else if (!report->names) {
        fputs("all lists", out);
    }
    for (size_t i = 0; i < report->names; i++) {
        fputs(i ? ", " : report->list ? "; name " : "name ", out);
        page_text(out, report->name[i]);
    }
    if (report->since) {
        fputs(", data since ", out);
        page_time(out, report->since);
    }
    if (report->cut_until) {
        fputs(", data before ", out);
        page_time(out, report->until);
    }
}

static void begin(struct report *report)
{
    FILE *out = report->out;
    fputs("<!DOCTYPE html>\n<html lang=en><head><meta charset=utf-8>\n"
          "<meta http-equiv=\"Content-Security-Policy\" content=\"" REPORT_POLICY "\">\n"
          "<meta name=viewport content=\"width=device-width,initial-scale=1\">\n"
          "<meta name=color-scheme content=\"light dark\">\n"
          "<title>Sinkwatch: ownership of indicators</title>\n"
          "<style>" REPORT_STYLE "</style></head><body>\n" REPORT_PATTERNS
          "<header><h1>Ownership of indicators</h1>\n<p>Made ",
          out);
    page_time(out, report->now);
    fputs(" UTC by Sinkwatch; ", out);
    scope(report);
    fputs(
        ". All times are UTC. The page states facts from the DNS and from ownership databases at "
        "that time, and nothing about anybody's intent. Classes of holders, lists and answers to "
        "clients are as of now; a public body is a holder of a class of protected-classes.</p>\n"
        "<nav><a href=\"#anomalies\">Anomalies</a> <a href=\"#ownership\">Holders over time</a> "
        "<a href=\"#graph\">Names and holders</a> <a href=\"#names\">Names</a> "
        "<a href=\"#addresses\">Addresses</a> <a href=\"#clients\">Clients</a> "
        "<a href=\"#history\">History</a></nav>\n"
        "<div id=find hidden><label>Search this page <input type=search autocomplete=off></label> "
        "<label><input type=checkbox> only with anomalies</label> "
        "<output></output></div></header><main>\n",
        out);
}

static void tile(FILE *out, size_t n, const char *one, const char *many)
{
    fprintf(out, "<div><b>%zu</b> %s</div>", n, n == 1 ? one : many);
}

static void cut(FILE *out, uint64_t n, const char *one, const char *many, const char *why)
{
    if (n)
        fprintf(out, "<p class=cut>%s left out: %s</p>\n", cli_count(n, one, many), why);
}

static void tiles(struct report *report)
{
    size_t names = 0, addresses = 0;
    for (size_t i = 0; i < report->graph->nodes; i++) {
        const struct graph_node *node = report->graph->node[i];
        if (!report_has_card(report, node))
            continue;
        names += node->is_name;
        addresses += !node->is_name;
    }
    fputs("<div class=tiles>", report->out);
    tile(report->out, report->moments, "anomaly", "anomalies");
    tile(report->out, report->starts, "indicator with history", "indicators with history");
    tile(report->out, names - report->starts, "other name on these addresses",
         "other names on these addresses");
    tile(report->out, addresses, "address", "addresses");
    tile(report->out, report->holders - HOLDER_FIRST, "holder", "holders");
    fputs("</div>\n", report->out);
    cut(report->out, report->cut_names, "indicator is", "indicators are", "--max, --list, --name");
    cut(report->out, report->graph->cut_nodes, "further sight is", "further sights are", "--max");
}

/* All holders with marks: colours are for the first, letters for all. */
static void legend(struct report *report)
{
    FILE *out = report->out;
    fputs("<details class=legend open><summary>Holders and their marks</summary><div>", out);
    for (size_t i = HOLDER_FIRST; i < report->holders; i++) {
        fputs("<div>", out);
        page_holder(out, &report->holder[i]);
        fputs(" <small>", out);
        page_text(out, report->holder[i].class);
        fputs("</small></div>", out);
    }
    for (size_t i = 0; i < HOLDER_FIRST; i++)
        page_holder(out, &report->holder[i]);
    fputs("</div></details>\n", out);
}

void report_page(struct report *report)
{
    FILE *out = report->out;
    report_rank(report);
    begin(report);
    tiles(report);
    fputs("<section id=anomalies><h2>Anomalies</h2>\n", out);
    report_time_line(report);
    report_anomalies(report);
    fputs("</section><section id=ownership><h2>Holders over time</h2>\n", out);
    legend(report);
    report_bars(report);
    fputs("</section><section id=graph><h2>Names and holders</h2>\n", out);
    report_graph(report);
    fputs("</section>\n", out);
    report_cards(report);
    fputs("<section id=clients><h2>Clients</h2><p>Clients as the events name them.</p>\n", out);
    report_clients(report);
    fputs("</section><section id=history><h2>History</h2>\n", out);
    report_history(report);
    fputs("</section></main>\n<script>" REPORT_SCRIPT "</script></body></html>\n", out);
}
