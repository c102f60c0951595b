/* events.c - sinkwatch events. */
#include "cli/output.h"
#include "cli/tail.h"

#include <stdio.h>
#include <string.h>

/* "sinkhole", "monitor (shadow: sinkhole)". */
static void print_action(const struct cli *cli, const json_t *event)
{
    const char *wanted = cli_json_text(event, "sinkwatch.action.wanted");
    const char *taken = cli_json_text(event, "sinkwatch.action.taken");
    const json_t *type = json_array_get(cli_json_at(event, "event.type"), 0);
    const char *allowed = json_string_value(type);
    bool changed = allowed && strcmp(allowed, "denied") == 0;
    printf(" %s%s%s", cli_style(cli, changed ? CLI_BAD : CLI_GOOD), cli_clean_text(taken),
           cli_style(cli, CLI_PLAIN));
    if (json_is_true(cli_json_at(event, "sinkwatch.shadow")))
        printf(" (shadow: %s)", cli_clean_text(wanted));
    else if (strcmp(wanted, taken) != 0)
        printf(" (list: %s)", cli_clean_text(wanted));
}

/* "  213.24.76.23 AS8342 RTComm.RU +2": the first address, the owner, the number of others. */
static void print_address(const json_t *event)
{
    const json_t *ips = cli_json_at(event, "dns.resolved_ip");
    const json_t *owners = cli_json_at(event, "sinkwatch.owners");
    const char *ip = json_string_value(json_array_get(ips, 0));
    size_t i, n = json_array_size(ips);
    const json_t *owner;
    if (!ip)
        return;
    printf("  %s", cli_clean_text(ip));
    json_array_foreach(owners, i, owner)
    {
        if (strcmp(cli_json_text(owner, "ip"), ip) == 0)
            cli_print_as(owner);
    }
    if (n > 1)
        printf(" +%zu", n - 1);
}

static void print_lost(const json_t *event)
{
    json_int_t n = json_integer_value(cli_json_at(event, "sinkwatch.lost"));
    printf("  %s (%s)\n", cli_count((uint64_t)n, "event was lost", "events were lost"),
           cli_clean_text(cli_json_text(event, "sinkwatch.lost_where")));
}

/* "carbanak  seen-before, 2026-11-02T10:00:00Z to 2026-11-30T09:12:00Z" */
static void print_before(const json_t *event)
{
    printf("  %s  seen-before, %s", cli_clean_text(cli_json_text(event, "sinkwatch.list")),
           cli_time(cli_json_text(event, "sinkwatch.first"), true));
    printf(" to %s", cli_time(cli_json_text(event, "sinkwatch.last"), true));
}

static void line(const struct cli *cli, const json_t *event)
{
    json_int_t count = json_integer_value(cli_json_at(event, "sinkwatch.count"));
    const char *client = cli_json_text(event, "client.ip");
    const char *list = cli_json_text(event, "sinkwatch.list");
    printf("%s%s%s", cli_style(cli, CLI_DIM), cli_time(cli_json_text(event, "@timestamp"), true),
           cli_style(cli, CLI_PLAIN));
    if (strcmp(cli_json_text(event, "event.action"), "events-lost") == 0) {
        print_lost(event);
        return;
    }
    printf("  %s  %s %s", client[0] ? cli_clean_text(client) : "-",
           cli_clean_text(cli_json_text(event, "dns.question.name")),
           cli_clean_text(cli_json_text(event, "dns.question.type")));
    if (strcmp(cli_json_text(event, "event.action"), "seen-before") == 0) {
        print_before(event);
    } else if (list[0]) {
        printf("  %s", cli_clean_text(list));
        print_action(cli, event);
    } else {
        printf("  %s", cli_clean_text(cli_json_text(event, "event.action")));
    }
    print_address(event);
    if (count > 1)
        printf("  x%" JSON_INTEGER_FORMAT, count);
    printf("\n");
}

int cli_events(struct cli *cli, int argc, char **argv)
{
    static const struct cli_tail tail = {
        .stream = "events",
        .nothing = "no events",
        .use.doc = "Hits, the latest last: time (UTC), client, name and type, list and action "
                   "taken, address with AS and owner, and the number of hits in the line. Also "
                   "names that were resolved before they were listed (seen-before, with times)."
                   "\vThe exit code is 1 when there is no event.\n\n"
                   "Examples:\n"
                   "  sinkwatch events -n 50\n"
                   "  sinkwatch events --type nxdomain --list carbanak\n"
                   "  sinkwatch --json events --follow --ids --after 1764510000000-0",
        .line = line,
    };
    return cli_tail(cli, &tail, argc, argv);
}
