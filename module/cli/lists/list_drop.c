/* list_drop.c - sinkwatch list drop NAME. */
#include "cli/lists/listparts.h"
#include "cli/lists/staging.h"
#include "cli/output.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TRIES 10 /* drops that another writer may foil one after the other */

enum { KEY_WAIT = 300, KEY_YES, KEY_LOST };

static const struct argp_option options[] = {
    {"yes", KEY_YES, NULL, 0, "do not ask on a terminal", 0},
    {"lost", KEY_LOST, NULL, 0,
     "also a list that Redis has lost, and that resolvers keep until a drop", 0},
    {"wait", KEY_WAIT, "SECONDS", OPTION_ARG_OPTIONAL,
     "return when no live resolver enforces the list any more (default: 10 seconds at most)", 0},
    {0},
};

struct drop {
    uint32_t wait_s;
    bool yes;
    bool lost; /* the list need not be there */
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct drop *drop = state->input;
    switch (key) {
    case KEY_WAIT:
        drop->wait_s = cli_wait_seconds(state, arg);
        return 0;
    case KEY_YES:
        drop->yes = true;
        return 0;
    case KEY_LOST:
        drop->lost = true;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct cli_usage usage = {
    .words = "NAME",
    .doc = "Remove a list with its parts and all indicators. On a terminal the command asks first."
           "\vExamples:\n"
           "  sinkwatch list drop old-feed --yes --wait\n"
           "  sinkwatch list drop old-feed --lost      a list that 'status' calls lost",
    .options = options,
    .parser = parse,
    .min = 1,
    .max = 1,
};

static bool confirmed(const char *name, uint64_t count)
{
    char answer[16] = "";
    if (!isatty(STDIN_FILENO))
        return true;
    fprintf(stderr, "Remove the list '%s' with %s for all resolvers? [y/N] ", name,
            cli_count(count, "indicator", "indicators"));
    if (!fgets(answer, sizeof(answer), stdin))
        return false;
    return answer[0] == 'y' || answer[0] == 'Y';
}

/* The number of indicators; 0 also for a key that is no hash, which can still be dropped. -1: the
 * connection failed. */
static long long count_of(struct cli *cli, const char *name)
{
    redisReply *reply = sw_redis_command(cli->redis, "HLEN %s", cli_key(cli, "list:%s", name));
    long long count = !reply ? -1 : reply->type == REDIS_REPLY_INTEGER ? reply->integer : 0;

    freeReplyObject(reply);
    return count;
}

/* Contents of a list that were being built: in the open MULTI. */
static void drop_stagings(struct cli *cli, const char *name, json_t *stagings)
{
    struct cli_argv unlink_key = {0};
    const char *staging;
    json_t *began;
    cli_argv_add(&unlink_key, "UNLINK");
    cli_argv_add(&unlink_key, cli_key(cli, "list:%s:staging", name));
    json_object_foreach(stagings, staging, began)
    {
        cli_argv_add(&unlink_key, cli_key(cli, "list:%s:staging:%s", name, staging));
    }
    cli_change(cli, &unlink_key);
    cli_argv_free(&unlink_key);
}

/* Former contents of parts that the list has no more. */
static void drop_former(struct cli *cli, const char *name, const json_t *former)
{
    const char *part;
    json_t *members;
    json_object_foreach((json_t *)(uintptr_t)former, part, members)
    {
        cli_change_words(cli, "UNLINK", cli_key(cli, "list:%s:previous", part), NULL);
    }
    cli_change_words(cli, "UNLINK", cli_key(cli, "list:%s:parts", name),
                     cli_key(cli, "list:%s:parts:previous", name));
}

/* The change itself: the parts, then the list. */
static redisReply *drop_found(struct cli *cli, const char *name, const json_t *lists,
                              const json_t *former, enum cli_left *left)
{
    const char *list;
    json_t *stagings;
    cli_begin(cli);
    drop_former(cli, name, former);
    json_object_foreach((json_t *)(uintptr_t)lists, list, stagings)
    {
        drop_stagings(cli, list, stagings);
        if (strcmp(list, name) != 0)
            cli_change_drop(cli, list);
    }
    cli_change_drop(cli, name);
    return cli_commit(cli, left);
}

/* The list and its parts, each with the contents that are being built; NULL: reported. */
static json_t *find_lists(struct cli *cli, const char *name, uint64_t *count)
{
    const char *part;
    json_t *members;
    json_t *parts = cli_parts(cli, name), *all = json_object();
    bool good = parts != NULL;
    json_object_set_new(parts, name, json_object());
    *count = 0;
    json_object_foreach(parts, part, members)
    {
        long long n = good ? count_of(cli, part) : -1;
        json_t *stagings = n >= 0 ? cli_stagings(cli, part) : NULL;
        good = good && stagings;
        *count += n > 0 ? (uint64_t)n : 0;
        json_object_set_new(all, part, stagings ? stagings : json_object());
    }
    json_decref(parts);
    if (good)
        return all;
    json_decref(all);
    return NULL;
}

/* Drop the list with the parts of this moment: an import may have made others while a person was
 * asked. */
static int drop_list(struct cli *cli, const char *name, uint64_t *count,
                     struct cli_outcome *outcome)
{
    enum cli_left left = CLI_LEFT_FOILED;
    redisReply *replies = NULL;
    for (int i = 0; i < TRIES && !replies && left == CLI_LEFT_FOILED; i++) {
        json_t *lists = NULL, *former = NULL;
        left = CLI_LEFT_AS_IT_WAS;
        if (cli_watch(cli, cli_key(cli, "lists"), cli_key(cli, "list:%s:parts", name),
                      cli_key(cli, "list:%s:parts:previous", name), CLI_END) == CLI_OK)
            lists = find_lists(cli, name, count);
        if (lists)
            former = cli_parts_former(cli, name);
        if (former)
            replies = drop_found(cli, name, lists, former, &left);
        json_decref(lists);
        json_decref(former);
    }
    if (!replies) {
        if (left == CLI_LEFT_FOILED)
            cli_error("other programs changed the lists each time");
        cli_say_left(name, left);
        return CLI_REDIS;
    }
    cli_outcome_id(outcome, replies);
    freeReplyObject(replies);
    return CLI_OK;
}

int cli_list_drop(struct cli *cli, int argc, char **argv)
{
    struct drop drop = {0};
    enum sw_kind kind;
    char **words;
    cli_parse(cli, &usage, &drop, argc, argv, &words);
    struct cli_outcome outcome = {.list = words[0], .op = "drop", .wait_s = drop.wait_s};
    int code = cli_connect(cli);
    if (code == CLI_OK && !(drop.lost && sw_listname_ok(words[0])))
        code = cli_list_kind(cli, words[0], &kind);
    if (code == CLI_OK)
        code = cli_refuse_part(cli, words[0]);
    if (code == CLI_OK)
        code = cli_changes_usable(cli);
    if (code != CLI_OK)
        return code;
    uint64_t count = 0;
    json_t *lists = find_lists(cli, words[0], &count);
    if (!lists)
        return CLI_REDIS;
    json_decref(lists);
    if (!drop.yes && !confirmed(words[0], count)) {
        cli_error("list '%s' is left as it is", words[0]);
        return CLI_NONE;
    }
    code = drop_list(cli, words[0], &count, &outcome);
    if (code != CLI_OK)
        return code;
    if (!cli->json)
        printf("%s: dropped, with %s\n", words[0], cli_count(count, "indicator", "indicators"));
    outcome.members = json_pack("{s:I}", "dropped", (json_int_t)count);
    return cli_report(cli, &outcome);
}
