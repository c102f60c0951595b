/* list_show.c - sinkwatch list show NAME. */
#include "base/policy.h"
#include "cli/lists/listparts.h"
#include "cli/lists/staging.h"
#include "cli/output.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIMIT_DEFAULT 100
#define LIMIT_MAX     100000000

enum { KEY_LIMIT = 300 };

static const struct argp_option options[] = {
    {"limit", KEY_LIMIT, "N", 0, "indicators shown at most (default 100; 0: all)", 0},
    {0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    size_t *limit = state->input;
    if (key != KEY_LIMIT)
        return ARGP_ERR_UNKNOWN;
    *limit = cli_number(state, "--limit", arg, 0, LIMIT_MAX);
    return 0;
}

static const struct cli_usage usage = {
    .words = "NAME",
    .doc = "Policy and indicators of a list, with the known facts about each indicator."
           "\vExamples:\n"
           "  sinkwatch list show carbanak\n"
           "  sinkwatch --json list show carbanak --limit 0",
    .options = options,
    .parser = parse,
    .min = 1,
    .max = 1,
};

struct item {
    char *text, *facts;
};

struct items {
    struct item *item;
    size_t n, room, limit;
};

static int by_text(const void *a, const void *b)
{
    return strcmp(((const struct item *)a)->text, ((const struct item *)b)->text);
}

/* cli_fields_fn; ends the scan at the limit. */
static int take(void *arg, const redisReply *fields)
{
    struct items *items = arg;
    for (size_t i = 0; i + 1 < fields->elements && items->n < items->limit; i += 2) {
        if (items->n == items->room) {
            items->room = items->room ? 2 * items->room : 64;
            items->item = cli_grow(items->item, items->room, sizeof(*items->item));
        }
        items->item[items->n].text = cli_copy(fields->element[i]->str);
        items->item[items->n++].facts = cli_copy(fields->element[i + 1]->str);
    }
    return items->n < items->limit ? CLI_OK : CLI_NONE;
}

/* Scan the hash up to the limit. */
static int scan(struct cli *cli, const char *name, struct items *items)
{
    if (cli_scan(cli, cli_key(cli, "list:%s", name), take, items) == CLI_REDIS)
        return CLI_REDIS;
    if (items->n > 0)
        qsort(items->item, items->n, sizeof(*items->item), by_text);
    return CLI_OK;
}

/* The stored policy: an object, or null for another type. NULL after an error message. */
static json_t *ask_policy(struct cli *cli, const char *name)
{
    redisReply *reply = cli_ask(cli, "HGET", cli_key(cli, "lists"), name, CLI_END);
    json_t *policy = NULL;

    if (!reply)
        return NULL;
    if (reply->type == REDIS_REPLY_STRING)
        policy = reply->len ? json_loads(reply->str, 0, NULL) : json_object();
    freeReplyObject(reply);
    return policy ? policy : json_null();
}

static void print_json(const char *name, json_t *policy, long long count, const struct items *items,
                       json_t *stagings, json_t *parts)
{
    json_t *object = json_object(), *indicators = json_object();
    for (size_t i = 0; i < items->n; i++) {
        const char *text = items->item[i].facts;
        json_t *facts = text[0] ? json_loads(text, JSON_DECODE_ANY, NULL) : json_object();
        json_object_set_new(indicators, cli_clean_text(items->item[i].text),
                            facts ? facts : json_string(cli_clean_text(text)));
    }
    cli_json_set(object, "name", name);
    json_object_set(object, "policy", policy);
    json_object_set_new(object, "count", json_integer(count));
    json_object_set_new(object, "shown", json_integer((json_int_t)items->n));
    json_object_set_new(object, "indicators", indicators);
    json_object_set(object, "stagings", stagings);
    json_object_set(object, "parts", parts);
    cli_json(object);
}

/* New contents that are being built, or were left behind by a command that was killed. */
static void print_stagings(json_t *stagings)
{
    const char *name;
    json_t *began;
    json_object_foreach(stagings, name, began)
    {
        printf("  a new content is being built since %s (%s)\n", json_string_value(began), name);
    }
}

/* The lists that have the rules of other actions. */
static void print_parts(json_t *parts)
{
    const char *name;
    json_t *members;
    json_object_foreach(parts, name, members)
    {
        char *text = json_dumps(members, JSON_COMPACT);
        printf("  part %s: %s\n", name, text ? cli_clean_text(text) : "");
        free(text);
    }
}

static void print_text(const struct cli *cli, const char *name, const json_t *policy,
                       long long count, const struct items *items, json_t *stagings, json_t *parts)
{
    char *text = json_dumps(policy, JSON_ENCODE_ANY);
    printf("%s%s%s: %s\n", cli_style(cli, CLI_BOLD), name, cli_style(cli, CLI_PLAIN),
           cli_count((uint64_t)count, "indicator", "indicators"));
    printf("policy: %s\n", json_is_null(policy) ? "not a JSON object; the list is not in force"
                                                : cli_clean_text(text));
    struct cli_table *table = cli_table_new(cli, "~INDICATOR", "~FACTS", CLI_END);
    for (size_t i = 0; i < items->n; i++)
        cli_table_row(table, items->item[i].text, items->item[i].facts);
    cli_table_print(table, 2);
    if ((long long)items->n < count)
        printf("  ... %s shown; --limit 0 shows all\n",
               cli_count(items->n, "of them is", "of them are"));
    print_stagings(stagings);
    print_parts(parts);
    free(text);
}

int cli_list_show(struct cli *cli, int argc, char **argv)
{
    struct items items = {0};
    enum sw_kind kind;
    char **words;
    items.limit = LIMIT_DEFAULT;
    cli_parse(cli, &usage, &items.limit, argc, argv, &words);
    items.limit = items.limit ? items.limit : LIMIT_MAX;
    int code = cli_connect(cli);
    if (code == CLI_OK)
        code = cli_list_kind(cli, words[0], &kind);
    if (code == CLI_OK)
        code = scan(cli, words[0], &items);
    redisReply *count =
        code == CLI_OK ? cli_ask(cli, "HLEN", cli_key(cli, "list:%s", words[0]), CLI_END) : NULL;
    if (!count)
        return code == CLI_OK ? CLI_REDIS : code;
    json_t *policy = ask_policy(cli, words[0]);
    json_t *stagings = policy ? cli_stagings(cli, words[0]) : NULL;
    json_t *parts = stagings ? cli_parts(cli, words[0]) : NULL;
    if (!parts)
        code = CLI_REDIS;
    else if (cli->json)
        print_json(words[0], policy, count->integer, &items, stagings, parts);
    else
        print_text(cli, words[0], policy, count->integer, &items, stagings, parts);
    json_decref(policy);
    json_decref(parts);
    json_decref(stagings);
    freeReplyObject(count);
    for (size_t i = 0; i < items.n; i++) {
        free(items.item[i].text);
        free(items.item[i].facts);
    }
    free(items.item);
    return code;
}
