/* anomalies.c - sinkwatch anomalies. */
#include "cli/output.h"
#include "cli/tail.h"

#include <stdio.h>

/* "  a government agency's network (state)" */
static void print_protected(const json_t *anomaly)
{
    const char *owner = cli_json_text(anomaly, "protected.owner");
    const char *list = cli_json_text(anomaly, "protected.list");
    if (owner[0])
        printf("  %s (%s)", cli_clean_text(owner), cli_clean_text(list));
    else if (list[0])
        printf("  protected by %s", cli_clean_text(list));
    else if (cli_json_text(anomaly, "protected.indicator")[0])
        printf("  %s, by \"%s\" in %s:%" JSON_INTEGER_FORMAT,
               cli_clean_text(cli_json_text(anomaly, "class.name")),
               cli_clean_text(cli_json_text(anomaly, "class.pattern")),
               cli_clean_text(cli_json_text(anomaly, "class.table")),
               json_integer_value(cli_json_at(anomaly, "class.line")));
}

/* "  name server ns1.example.net of example.net", "  private use (RFC 1918)", "  9 AS", ... */
static void print_grounds(const json_t *anomaly)
{
    const char *zone = cli_json_text(anomaly, "delegation.zone");
    const char *special = cli_json_text(anomaly, "special.name");
    const char *expected = cli_json_text(anomaly, "expected.list");
    json_int_t as_total = json_integer_value(cli_json_at(anomaly, "flux.as_total"));
    if (zone[0])
        printf("  name server %s of %s",
               cli_clean_text(cli_json_text(anomaly, "delegation.server")), cli_clean_text(zone));
    if (special[0])
        printf("  %s (%s)", cli_clean_text(special),
               cli_clean_text(cli_json_text(anomaly, "special.source")));
    if (expected[0])
        printf("  not as %s declares", cli_clean_text(expected));
    if (as_total > 0)
        printf("  %" JSON_INTEGER_FORMAT " AS", as_total);
    if (json_integer_value(cli_json_at(anomaly, "spread.names")))
        printf("  %s, one of %" JSON_INTEGER_FORMAT " names of %s",
               cli_clean_text(cli_json_text(anomaly, "class.name")),
               json_integer_value(cli_json_at(anomaly, "spread.names")),
               cli_clean_text(cli_json_text(anomaly, "spread.list")));
    if (json_integer_value(cli_json_at(anomaly, "former.as.number"))) {
        printf("  before ");
        cli_print_as(json_object_get(anomaly, "former"));
        printf(", now");
    }
}

/* "  also docs.registry.example, mail.registry.example and 3 more" */
static void print_names(const json_t *anomaly)
{
    const json_t *names = json_object_get(anomaly, "names"), *name;
    json_int_t total = json_integer_value(json_object_get(anomaly, "names_total"));
    size_t i;
    json_array_foreach(names, i, name)
    {
        if (i == 3)
            break;
        printf("%s %s", i ? "," : "  also", cli_clean_text(json_string_value(name)));
    }
    if (i > 0 && total > (json_int_t)i)
        printf(" and %" JSON_INTEGER_FORMAT " more", total - (json_int_t)i);
}

void cli_anomaly_line(const struct cli *cli, const json_t *event)
{
    const json_t *anomaly = cli_json_at(event, "sinkwatch.anomaly");
    const char *known = cli_json_text(anomaly, "known.list");
    printf("%s%s%s  %s%s%s  %s %s", cli_style(cli, CLI_DIM),
           cli_time(cli_json_text(event, "@timestamp"), true), cli_style(cli, CLI_PLAIN),
           cli_style(cli, CLI_BAD), cli_clean_text(cli_json_text(anomaly, "type")),
           cli_style(cli, CLI_PLAIN), cli_clean_text(cli_json_text(anomaly, "name")),
           cli_clean_text(cli_json_text(anomaly, "address")));
    print_protected(anomaly);
    print_grounds(anomaly);
    print_names(anomaly);
    if (known[0])
        printf("  explained by %s: %s", cli_clean_text(known),
               cli_clean_text(cli_json_text(anomaly, "known.owner")));
    if (json_integer_value(cli_json_at(anomaly, "owner.as.number"))) {
        printf(" ");
        cli_print_as(json_object_get(anomaly, "owner"));
    }
    printf("\n");
}

int cli_anomalies(struct cli *cli, int argc, char **argv)
{
    static const struct cli_tail tail = {
        .stream = "anomalies",
        .nothing = "no anomalies",
        .use.doc = "Odd ownership, the latest last: time (UTC), type, name and address; the owner "
                   "of the protected network, or the other names there; AS and owner. Facts, no "
                   "judgement: module/REDIS.md has common explanations for each type."
                   "\vThe exit code is 1 when there is no anomaly.\n\n"
                   "Examples:\n"
                   "  sinkwatch anomalies\n"
                   "  sinkwatch anomalies --severity-min 60 --follow\n"
                   "  sinkwatch --json anomalies --follow",
        .line = cli_anomaly_line,
    };
    return cli_tail(cli, &tail, argc, argv);
}
