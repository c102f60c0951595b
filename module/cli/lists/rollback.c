/* rollback.c - sinkwatch rollback LIST: the content before the last `import --replace`. */
#include "cli/lists/listparts.h"
#include "cli/output.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_WAIT = 300 };

static const struct argp_option options[] = {
    {"wait", KEY_WAIT, "SECONDS", OPTION_ARG_OPTIONAL,
     "return when every live resolver enforces the change (default: 10 seconds at most)", 0},
    {0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    uint32_t *wait_s = state->input;
    if (key != KEY_WAIT)
        return ARGP_ERR_UNKNOWN;
    *wait_s = cli_wait_seconds(state, arg);
    return 0;
}

static const struct cli_usage usage = {
    .words = "LIST",
    .doc = "Give a list the content from before the last replacement (import --replace), in a "
           "single step. The present content is kept in turn, so that a second rollback goes "
           "forward again. Single additions and removals since the replacement belong to the "
           "present content."
           "\vExamples:\n"
           "  sinkwatch rollback ads --wait",
    .options = options,
    .parser = parse,
    .min = 1,
    .max = 1,
};

/* Exchange the present and the former content of a list, in the open MULTI. Either content may be
 * missing, since Redis has no empty hash. */
static void exchange(struct cli *cli, const char *name, bool has_now, bool has_former)
{
    const char *now = cli_key(cli, "list:%s", name);
    const char *previous = cli_key(cli, "list:%s:previous", name);
    const char *aside = cli_key(cli, "list:%s:aside", name);
    struct cli_argv entry = {0};
    if (has_now)
        cli_change_words(cli, "RENAME", now, has_former ? aside : previous);
    if (has_former)
        cli_change_words(cli, "RENAME", previous, now);
    if (has_now && has_former)
        cli_change_words(cli, "RENAME", aside, previous);
    cli_change_entry(cli, &entry, "replace", name);
    cli_change(cli, &entry);
    cli_argv_free(&entry);
}

/* A list and its parts, and the former content of these. */
struct both {
    const char *name;
    json_t *now, *former; /* parts by name: listparts.h */
    json_t *head;         /* policy of the list */
    json_t *sizes;        /* name of a list -> [indicators, former indicators] */
    uint64_t indicators, former_n;
};

static uint64_t size_of(const struct both *both, const char *list, size_t i)
{
    return (uint64_t)json_integer_value(json_array_get(json_object_get(both->sizes, list), i));
}

/* Whether the last replacement left the content of a list as it was. */
static bool is_kept(const struct both *both, const char *list)
{
    return json_is_true(json_object_get(json_object_get(both->former, list), "kept"));
}

static int measure(struct cli *cli, struct both *both, const char *list)
{
    const char *now = cli_key(cli, "list:%s", list);
    const char *previous = cli_key(cli, "list:%s:previous", list);
    uint64_t n = 0, former = 0;
    int code = cli_watch(cli, now, previous, CLI_END);
    if (code == CLI_OK)
        code = cli_hash_length(cli, now, &n);
    if (code == CLI_OK)
        code = cli_hash_length(cli, previous, &former);
    json_object_set_new(both->sizes, list, json_pack("[I,I]", (json_int_t)n, (json_int_t)former));
    both->indicators += n;
    both->former_n += is_kept(both, list) ? n : former;
    return code;
}

/* All lists of both, under WATCH. */
static int read_both(struct cli *cli, struct both *both)
{
    const char *list;
    json_t *value;
    int code = cli_watch(cli, cli_key(cli, "lists"), cli_key(cli, "list:%s:parts", both->name),
                         cli_key(cli, "list:%s:parts:previous", both->name), CLI_END);
    both->sizes = json_object();
    both->now = code == CLI_OK ? cli_parts(cli, both->name) : NULL;
    both->former = both->now ? cli_parts_former(cli, both->name) : NULL;
    if (!both->former || cli_read_policy(cli, both->name, &both->head) != CLI_OK)
        return CLI_REDIS;
    code = measure(cli, both, both->name);
    json_object_foreach(both->now, list, value)
    {
        if (code == CLI_OK)
            code = measure(cli, both, list);
    }
    json_object_foreach(both->former, list, value)
    {
        if (code == CLI_OK && !json_object_get(both->sizes, list))
            code = measure(cli, both, list);
    }
    return code;
}

/* Whether the former content can be given back as a whole. Where the last replacement kept the
 * content of a list, no copy of the former content exists: the content must not have changed since.
 * CLI_OK, CLI_NONE (reported). */
static int judge_former(const struct both *both)
{
    const char *list;
    json_t *former;
    json_object_foreach(both->former, list, former)
    {
        char why[SW_WHY_MAX] = "";
        const json_t *kept = json_object_get(former, "indicators");
        bool other = kept && (uint64_t)json_integer_value(kept) != size_of(both, list, 0);
        if (is_kept(both, list) && (other || json_is_true(json_object_get(former, "altered")))) {
            cli_error("list '%s' is left as it is: the last replacement kept the content of '%s', "
                      "which was changed since, and its former content is gone",
                      both->name, list);
            cli_hint("'sinkwatch import --replace' of the former source gives it back");
            return CLI_NONE;
        }
        if (strcmp(list, both->name) == 0)
            continue;
        char *text = cli_part_policy(list, both->head, json_object_get(former, "members"), why);
        if (!text)
            cli_error("list '%s' is left as it is: no policy can be made for its former part "
                      "'%s': %s",
                      both->name, list, why);
        free(text);
        if (!text)
            return CLI_NONE;
    }
    return CLI_OK;
}

/* The policy of a part that comes back, or the end of a part that was not there. */
static void change_part(struct cli *cli, const struct both *both, const char *list)
{
    const json_t *former = json_object_get(both->former, list);
    char why[SW_WHY_MAX];
    if (former) {
        char *text = cli_part_policy(list, both->head, json_object_get(former, "members"), why);
        if (!text)
            abort(); /* judge_former() made the same */
        cli_change_policy(cli, list, text);
        free(text);
        return;
    }
    struct cli_argv entry = {0};
    cli_change_words(cli, "HDEL", cli_key(cli, "lists"), list);
    cli_change_entry(cli, &entry, "drop", list);
    cli_change(cli, &entry);
    cli_argv_free(&entry);
}

/* The hashes of parts, exchanged as the contents are. */
static void change_registries(struct cli *cli, const struct both *both)
{
    json_t *now = json_object(), *former = json_object(), *value;
    const char *list;
    json_object_foreach(both->former, list, value)
    {
        if (strcmp(list, both->name) != 0)
            json_object_set(now, list, json_object_get(value, "members"));
    }
    json_t *none = json_object();
    json_object_set_new(former, both->name,
                        cli_former(none, is_kept(both, both->name), size_of(both, both->name, 0)));
    json_decref(none);
    json_object_foreach(both->now, list, value)
    {
        json_object_set_new(former, list,
                            cli_former(value, is_kept(both, list), size_of(both, list, 0)));
    }
    cli_change_hash(cli, cli_key(cli, "list:%s:parts", both->name), now);
    cli_change_hash(cli, cli_key(cli, "list:%s:parts:previous", both->name), former);
    json_decref(now);
    json_decref(former);
}

/* All lists in one MULTI, unless another program changes one of them at the same time. */
static int exchange_all(struct cli *cli, const struct both *both, struct cli_outcome *outcome)
{
    const char *list;
    json_t *sizes;
    cli_begin(cli);
    if (json_object_size(both->former) > 0 || json_object_size(both->now) > 0)
        change_registries(cli, both);
    json_object_foreach(both->sizes, list, sizes)
    {
        uint64_t now = size_of(both, list, 0), former = size_of(both, list, 1);
        if (strcmp(list, both->name) != 0)
            change_part(cli, both, list);
        if (!is_kept(both, list) && now + former > 0)
            exchange(cli, list, now > 0, former > 0);
    }
    enum cli_left left;
    redisReply *replies = cli_commit(cli, &left);
    if (!replies) {
        if (left == CLI_LEFT_FOILED)
            cli_error("another program changed the list '%s' at the same time", both->name);
        cli_say_left(both->name, left);
        return CLI_REDIS;
    }
    cli_outcome_id(outcome, replies);
    freeReplyObject(replies);
    return CLI_OK;
}

/* Whether there is a former content to go back to. */
static bool has_former(const struct both *both)
{
    const char *list;
    json_t *sizes;
    if (json_object_size(both->former) == 0)
        return size_of(both, both->name, 1) > 0;
    json_object_foreach(both->sizes, list, sizes)
    {
        if (!is_kept(both, list) || !json_object_get(both->former, list))
            return true;
    }
    return false;
}

static int roll_back(struct cli *cli, struct both *both, struct cli_outcome *outcome)
{
    int code = read_both(cli, both);
    if (code != CLI_OK)
        return code;
    if (!has_former(both)) {
        cli_error("list '%s' has no former content: it was never replaced as a whole", both->name);
        return CLI_NONE;
    }
    code = judge_former(both);
    return code == CLI_OK ? exchange_all(cli, both, outcome) : code;
}

int cli_rollback(struct cli *cli, int argc, char **argv)
{
    struct cli_outcome outcome = {.op = "replace"};
    enum sw_kind kind;
    char **words;
    cli_parse(cli, &usage, &outcome.wait_s, argc, argv, &words);
    struct both both = {.name = words[0]};
    outcome.list = words[0];
    int code = cli_connect(cli);
    if (code == CLI_OK)
        code = cli_list_kind(cli, words[0], &kind);
    if (code == CLI_OK)
        code = cli_refuse_part(cli, words[0]);
    if (code == CLI_OK)
        code = cli_changes_usable(cli);
    if (code == CLI_OK)
        code = roll_back(cli, &both, &outcome);
    json_decref(both.now);
    json_decref(both.former);
    json_decref(both.head);
    json_decref(both.sizes);
    if (code != CLI_OK)
        return code;
    if (!cli->json)
        printf("%s: back to the content before, with %s instead of %" PRIu64 "\n", words[0],
               cli_count(both.former_n, "indicator", "indicators"), both.indicators);
    outcome.members = json_pack("{s:I,s:I}", "indicators", (json_int_t)both.former_n, "former",
                                (json_int_t)both.indicators);
    return cli_report(cli, &outcome);
}
