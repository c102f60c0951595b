/* report_facts.c - facts for tables and pictures: times, owners and their numbers. See report.h. */
#include "base/clock.h"
#include "cli/output.h"
#include "cli/report/report.h"

#include <stdlib.h>
#include <string.h>

time_t report_time(const char *rfc3339)
{
    struct tm tm = {0};
    return strptime(rfc3339, "%Y-%m-%dT%H:%M:%S", &tm) ? timegm(&tm) : 0;
}

bool report_shows(const struct report *report, const struct graph_edge *edge)
{
    time_t last = report_time(cli_json_text(edge->facts, "last"));
    return last > 0 && last >= report->since && report_time(cli_json_text(edge->facts, "first"));
}

const json_t *report_facts(const struct report *report, const struct graph_edge *edge)
{
    const struct graph_node *address = report->graph->node[edge->address];
    bool own = json_object_get(edge->facts, "asn") || json_object_get(edge->facts, "registrant");
    return own || !address->owner ? edge->facts : address->owner;
}

size_t report_owner(struct report *report, const json_t *facts)
{
    char text[300];
    graph_owner(facts, text, sizeof(text));
    if (!text[0])
        snprintf(text, sizeof(text), "no owner recorded");
    for (size_t i = 0; i < report->owners; i++)
        if (strcmp(report->owner[i], text) == 0)
            return i;
    if (report->owners == report->owners_room) {
        report->owners_room = report->owners_room ? 2 * report->owners_room : 32;
        report->owner = cli_grow(report->owner, report->owners_room, sizeof(*report->owner));
    }
    report->owner[report->owners] = cli_copy(text);
    return report->owners++;
}
