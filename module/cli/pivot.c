/* pivot.c - sinkwatch pivot: from a name to its addresses, from an address to its names. */
#include "base/indicator.h"
#include "base/rcu.h"
#include "cli/output.h"
#include "cli/ownership.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct cli_usage usage = {
    .words = "NAME|ADDRESS",
    .doc = "Where was a name seen, and whose were the addresses; or: whose is an address, and "
           "which names were seen on it. From the history that resolvers keep in Redis of listed "
           "and watched names and of every name on their addresses."
           "\vThe exit code is 1 when nothing is known. Times are UTC.\n\n"
           "Examples:\n"
           "  sinkwatch pivot systemsvc.net\n"
           "  sinkwatch pivot 213.24.76.23",
    .min = 1,
    .max = 1,
};

struct seen { /* one field of the hash */
    char *key;
    json_t *facts;
};

/* Seen last comes first. */
static int by_last(const void *a, const void *b)
{
    const struct seen *x = a, *y = b;
    int order = strcmp(cli_json_text(y->facts, "last"), cli_json_text(x->facts, "last"));
    return order ? order : strcmp(x->key, y->key);
}

/* All fields; what is no JSON object is left out, and counted. */
static struct seen *collect(const redisReply *reply, size_t *n)
{
    struct seen *seen = cli_alloc(reply->elements / 2 + 1, sizeof(*seen));
    size_t odd = 0;

    *n = 0;
    for (size_t i = 0; i + 1 < reply->elements; i += 2) {
        json_t *facts = json_loadb(reply->element[i + 1]->str, reply->element[i + 1]->len, 0, NULL);
        if (!json_is_object(facts)) {
            json_decref(facts);
            odd++;
            continue;
        }
        seen[*n].key = cli_copy(reply->element[i]->str);
        seen[(*n)++].facts = facts;
    }
    if (odd)
        cli_error("%s in the history not understood and left out",
                  cli_count(odd, "entry is", "entries are"));
    qsort(seen, *n, sizeof(*seen), by_last);
    return seen;
}

/* "protected-owner, shared-address": the kinds of the anomalies raised for this pair. */
static void anomalies(const json_t *facts, char *out, size_t max)
{
    const json_t *one, *all = json_object_get(facts, "anomalies");
    size_t i, used = 0;

    out[0] = '\0';
    json_array_foreach(all, i, one)
    {
        const char *text = json_string_value(one);
        int len = text ? (int)strcspn(text, " ") : 0;
        char word[40];
        snprintf(word, sizeof(word), "%.*s", len, text ? text : "");
        if (len == 0 || strstr(out, word) || used + strlen(word) + 3 > max)
            continue;
        used += (size_t)snprintf(out + used, max - used, "%s%s", used ? ", " : "", word);
    }
}

static const char *number(const json_t *facts, char text[24])
{
    json_int_t count = json_integer_value(json_object_get(facts, "count"));

    snprintf(text, 24, "%" JSON_INTEGER_FORMAT, count);
    return text;
}

static void print_addresses(const struct cli *cli, const struct seen *seen, size_t n)
{
    struct cli_table *table = cli_table_new(cli, "ADDRESS", "PREFIX", "~OWNER", "FIRST", "LAST",
                                            ">COUNT", "~ANOMALIES", CLI_END);
    char odd[100], count[24], owner[300];

    for (size_t i = 0; i < n; i++) {
        const json_t *facts = seen[i].facts;
        json_int_t asn = json_integer_value(json_object_get(facts, "asn"));
        const char *registrant = cli_json_text(facts, "registrant");
        anomalies(facts, odd, sizeof(odd));
        owner[0] = '\0';
        if (asn)
            snprintf(owner, sizeof(owner), "AS%" JSON_INTEGER_FORMAT " %.90s%s%.90s", asn,
                     cli_json_text(facts, "org"), registrant[0] ? "; " : "", registrant);
        else
            snprintf(owner, sizeof(owner), "%.90s", registrant);
        cli_table_row(table, seen[i].key, cli_json_text(facts, "prefix"), owner,
                      cli_time(cli_json_text(facts, "first"), false),
                      cli_time(cli_json_text(facts, "last"), false), number(facts, count), odd);
        if (odd[0])
            cli_table_style(table, CLI_BAD);
    }
    cli_table_print(table, 2);
}

static void print_names(const struct cli *cli, const struct seen *seen, size_t n)
{
    struct cli_table *table =
        cli_table_new(cli, "~NAME", "~LIST", "FIRST", "LAST", ">COUNT", "~ANOMALIES", CLI_END);
    char odd[100], count[24];

    for (size_t i = 0; i < n; i++) {
        const json_t *facts = seen[i].facts;
        anomalies(facts, odd, sizeof(odd));
        cli_table_row(table, seen[i].key, cli_json_text(facts, "list"),
                      cli_time(cli_json_text(facts, "first"), false),
                      cli_time(cli_json_text(facts, "last"), false), number(facts, count), odd);
        if (cli_json_text(facts, "list")[0])
            cli_table_style(table, CLI_BAD);
    }
    cli_table_print(table, 2);
}

/* One object: the key, its owner for an address, and the entries with their facts. */
static void print_json(const char *what, json_t *owner, const char *member, const struct seen *seen,
                       size_t n, bool of_name)
{
    json_t *out = json_object(), *array = json_array();

    for (size_t i = 0; i < n; i++) {
        json_t *one = json_object();
        cli_json_set(one, of_name ? "address" : "name", seen[i].key);
        json_object_update(one, seen[i].facts);
        json_array_append_new(array, one);
    }
    cli_json_set(out, of_name ? "name" : "address", what);
    if (owner)
        json_object_set_new(out, "owner", owner);
    json_object_set_new(out, member, array);
    cli_json(out);
}

static void print_text(const struct cli *cli, const struct sw_indicator *what,
                       const struct sw_owner *owner, const struct seen *seen, size_t n)
{
    bool of_name = what->type == SW_INDICATOR_DOMAIN;
    const char *words = n == 0    ? (of_name ? "no address was seen" : "no names were seen here")
                        : of_name ? cli_count(n, "address was seen", "addresses were seen")
                                  : cli_count(n, "name was seen here", "names were seen here");
    char text[SW_INDICATORTEXT_MAX];

    printf("%s%s%s: %s\n", cli_style(cli, CLI_BOLD), sw_indicator_text(what, text),
           cli_style(cli, CLI_PLAIN), words);
    if (of_name) {
        print_addresses(cli, seen, n);
    } else {
        cli_owner_print(cli, &what->addr, owner);
        print_names(cli, seen, n);
    }
}

/* Ask Redis for the entries of a name or address and print them. */
static int show(struct cli *cli, const struct sw_indicator *what)
{
    bool of_name = what->type == SW_INDICATOR_DOMAIN;
    char text[SW_NAMETEXT_MAX];
    struct sw_owner owner = {0};
    size_t n;

    if (of_name)
        sw_name_text(what->name.wire, text);
    else
        sw_addr_text(&what->addr, text);
    redisReply *reply = cli_ask(
        cli, "HGETALL", cli_key(cli, of_name ? "seen:name:%s" : "seen:addr:%s", text), CLI_END);
    if (!reply)
        return CLI_REDIS;
    if (!of_name) {
        const struct sw_owners *owners = cli_owners(cli);
        sw_rcu_enter();
        sw_owner_find(owners, &what->addr, &owner);
        sw_rcu_leave();
    }
    struct seen *seen = collect(reply, &n);
    if (cli->json)
        print_json(text, of_name ? NULL : cli_owner_json(&what->addr, &owner),
                   of_name ? "addresses" : "names", seen, n, of_name);
    else
        print_text(cli, what, &owner, seen, n);
    for (size_t i = 0; i < n; i++) {
        free(seen[i].key);
        json_decref(seen[i].facts);
    }
    free(seen);
    freeReplyObject(reply);
    return n ? CLI_OK : CLI_NONE;
}

int cli_pivot(struct cli *cli, int argc, char **argv)
{
    struct sw_indicator what;
    char why[SW_WHY_MAX] = "";
    char **words;

    cli_parse(cli, &usage, NULL, argc, argv, &words);
    if (sw_indicator_parse(words[0], strlen(words[0]), &what, why) == SW_OK) {
        if (what.type == SW_INDICATOR_ASN)
            snprintf(why, sizeof(why), "an AS number; the history is by name and address");
        else if (what.type == SW_INDICATOR_PREFIX && what.addr.plen < sw_addr_bits(&what.addr))
            snprintf(why, sizeof(why), "a prefix; ask for one address in it");
    }
    what.form = SW_FORM_SUBTREE;
    if (why[0]) {
        cli_error("'%s' is neither a name nor an address: %s", cli_clean_text(words[0]), why);
        return CLI_NONE;
    }
    int code = cli_connect(cli);
    if (code == CLI_OK)
        code = show(cli, &what);
    return code;
}
