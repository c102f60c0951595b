/* list.c - sinkwatch list: all lists. And the way to the sub-commands of list. */
#include "base/policy.h"
#include "cli/output.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct cli_command commands[] = {
    {"show", "policy and indicators of one list", cli_list_show},
    {"set", "create a list, or change the policy of a list", cli_list_set},
    {"drop", "remove a list with all indicators", cli_list_drop},
    {0},
};

static const struct cli_usage usage = {
    .words = "[COMMAND [...]]",
    .doc = "All lists, with how many indicators each has.\n\nSub-commands:\n"
           "  show  policy and indicators of one list\n"
           "  set   create a list, or change the policy of a list\n"
           "  drop  remove a list with all indicators\n"
           "\vExamples:\n"
           "  sinkwatch list\n"
           "  sinkwatch list show carbanak --limit 20\n"
           "  sinkwatch list set carbanak --action nxdomain --wait",
    .max = 1,
};

struct row {
    const char *name;
    struct sw_policy policy;
    char why[SW_WHY_MAX]; /* a problem of the policy; "" for none */
    long long count;      /* -1: not known */
};

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct row *)a)->name, ((const struct row *)b)->name);
}

/* Names and policies; NULL: reported. Borrowed from the reply. */
static struct row *make_rows(const redisReply *reply, size_t *n)
{
    struct row *rows = cli_alloc(reply->elements / 2 + 1, sizeof(*rows));
    *n = 0;
    for (size_t i = 0; i + 1 < reply->elements; i += 2) {
        const redisReply *name = reply->element[i], *text = reply->element[i + 1];
        struct row *row = &rows[*n];
        row->name = name->str;
        row->count = -1;
        if (strlen(name->str) != name->len || !sw_listname_ok(name->str))
            snprintf(row->why, sizeof(row->why), "no permitted list name");
        else
            sw_policy_parse(row->name, text->str, text->len, &row->policy, row->why);
        ++*n;
    }
    qsort(rows, *n, sizeof(*rows), by_name);
    return rows;
}

/* The number of indicators in each list, in a single round trip. */
static int count(struct cli *cli, struct row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++)
        cli_queue(cli, "HLEN", cli_key(cli, "list:%s", rows[i].name), CLI_END);
    for (size_t i = 0; i < n; i++) {
        redisReply *reply = sw_redis_reply(cli->redis);
        if (!reply)
            return cli_redis_failed(cli, NULL);
        if (reply->type == REDIS_REPLY_INTEGER)
            rows[i].count = reply->integer;
        else if (reply->type == REDIS_REPLY_ERROR && !rows[i].why[0])
            snprintf(rows[i].why, sizeof(rows[i].why), "%.150s", reply->str);
        freeReplyObject(reply);
    }
    return CLI_OK;
}

static void print_json(const struct row *row)
{
    char *policy = row->why[0] ? NULL : sw_policy_json(&row->policy);
    json_t *object = json_object();
    cli_json_set(object, "name", row->name);
    json_object_set_new(object, "count", row->count < 0 ? json_null() : json_integer(row->count));
    json_object_set_new(object, "policy", policy ? json_loads(policy, 0, NULL) : json_null());
    if (row->why[0])
        cli_json_set(object, "problem", row->why);
    cli_json(object);
    free(policy);
}

static void add_row(struct cli_table *table, const struct row *row)
{
    const struct sw_policy *p = &row->policy;
    char priority[8], number[24];
    snprintf(priority, sizeof(priority), "%u", p->priority);
    snprintf(number, sizeof(number), "%lld", row->count);
    if (row->why[0]) {
        cli_table_row(table, row->name, "", "not in force", "", "", row->count < 0 ? "" : number,
                      row->why);
        cli_table_style(table, CLI_BAD);
        return;
    }
    cli_table_row(table, row->name, sw_kind_name(p->kind), sw_action_name(p->action), priority,
                  p->shadow ? "shadow" : "", number, p->note[0] ? p->note : p->owner);
}

static int print_all(struct cli *cli)
{
    int code = cli_connect(cli);
    redisReply *reply =
        code == CLI_OK ? cli_ask(cli, "HGETALL", cli_key(cli, "lists"), CLI_END) : NULL;
    size_t n;

    if (!reply)
        return code == CLI_OK ? CLI_REDIS : code;
    struct row *rows = make_rows(reply, &n);
    code = count(cli, rows, n);
    if (code == CLI_OK && n == 0 && !cli->json)
        printf("no lists in Redis at %s ('sinkwatch list set NAME' creates one)\n",
               sw_redis_target(cli->redis));
    if (code == CLI_OK && cli->json) {
        for (size_t i = 0; i < n; i++)
            print_json(&rows[i]);
    } else if (code == CLI_OK) {
        struct cli_table *table = cli_table_new(cli, "~LIST", "KIND", "ACTION", ">PRIORITY", "MODE",
                                                ">COUNT", "~NOTE", CLI_END);
        for (size_t i = 0; i < n; i++)
            add_row(table, &rows[i]);
        cli_table_print(table, 0);
    }
    free(rows);
    freeReplyObject(reply);
    return code;
}

int cli_list(struct cli *cli, int argc, char **argv)
{
    return cli_dispatch(cli, &usage, commands, print_all, argc, argv);
}
