/* report_past.c - records of the memory on the cards of indicators (D-166). See report.h. */
#include "cli/output.h"
#include "cli/past/past_rows.h"
#include "cli/past/past_words.h"
#include "cli/report/report.h"

#include <string.h>

#define RECORDS_MAX 20 /* of a card */

/* Records within the time of the report; NULL: none. */
static json_t *find(const struct report *report, struct sw_past *past, const char *name)
{
    struct cli_past_search search = {.text = name, .max = RECORDS_MAX};
    char why[SW_WHY_MAX];
    json_t *records = json_array();
    bool more = false;
    if (sw_indicator_parse(name, strlen(name), &search.what, why) != SW_OK ||
        search.what.type != SW_INDICATOR_DOMAIN)
        abort(); /* the history has the name */
    search.since = report->since > 0 ? (uint64_t)report->since : 0;
    search.until = report->cut_until ? (uint64_t)report->until - 1 : 0;
    enum sw_status status = cli_past_rows(past, &search, records, &more);
    if (status != SW_OK)
        cli_past_failed("the memory", status);
    if (json_array_size(records) > 0)
        return records;
    json_decref(records);
    return NULL;
}

void report_read_past(struct report *report, const char *folder)
{
    const struct cli_past options = {.folder = folder};
    struct sw_past *past;
    if (!folder[0] || cli_past_open(report->cli, &options, &past) != CLI_OK)
        return;
    report->past = cli_alloc(report->starts + 1, sizeof(*report->past));
    for (size_t i = 0; i < report->starts; i++)
        if (report->graph->node[i]->is_name)
            report->past[i] = find(report, past, report->graph->node[i]->text);
    sw_past_close(past);
}

void report_past_json(const struct report *report, json_t *out)
{
    if (!report->past)
        return;
    json_t *memory = json_object();
    for (size_t i = 0; i < report->starts; i++)
        if (report->past[i])
            json_object_set(memory, report->graph->node[i]->text, report->past[i]);
    json_object_set_new(out, "memory", memory);
}

static void cell(FILE *out, const char *begin, const char *text)
{
    fputs(begin, out);
    page_text(out, text);
}

void report_past(const struct report *report, const struct graph_node *node)
{
    FILE *out = report->out;
    const json_t *one;
    size_t i;
    if (!report->past || node->index >= report->starts || !report->past[node->index])
        return;
    fputs("<h4>Before the listing, or while no rule blocked the name: from the memory</h4><table "
          "class=in><thead><tr><th scope=col>First (UTC)</th><th scope=col>Last</th><th "
          "scope=col>Record</th><th scope=col class=n>Count</th></tr></thead><tbody>\n",
          out);
    json_array_foreach(report->past[node->index], i, one)
    {
        cell(out, "<tr><td class=k>", cli_time(cli_json_text(one, "first"), false));
        cell(out, "</td><td class=k>", cli_time(cli_json_text(one, "last"), false));
        cell(out, "</td><td>", cli_json_text(one, "name"));
        cell(out, " ", cli_json_text(one, "type"));
        cell(out, " ", cli_json_text(one, "rdata"));
        fprintf(out, "</td><td class=n>%" JSON_INTEGER_FORMAT "</td></tr>\n",
                json_integer_value(json_object_get(one, "count")));
    }
    fputs("</tbody></table>", out);
    if (json_array_size(report->past[node->index]) == RECORDS_MAX)
        fputs("<p class=cut>the first records; 'sinkwatch memory' shows all</p>", out);
}
