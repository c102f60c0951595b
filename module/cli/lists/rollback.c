/* rollback.c - sinkwatch rollback LIST: the content before the last `import --replace`. */
#include "cli/lists/edit.h"
#include "cli/output.h"

#include <inttypes.h>
#include <stdio.h>

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

/* Exchange the two keys, unless another program changes one of them at the same time. Without a
 * content of now there is none to keep. */
static int exchange(struct cli *cli, const char *name, bool has_now, struct cli_outcome *outcome)
{
    const char *now = cli_key(cli, "list:%s", name);
    const char *previous = cli_key(cli, "list:%s:previous", name);
    const char *aside = cli_key(cli, "list:%s:aside", name);
    const char *const renames[][2] = {{now, aside}, {previous, now}, {aside, previous}};
    struct cli_argv entry = {0};
    cli_change_entry(cli, &entry, "replace", name);
    cli_begin(cli);
    for (size_t i = 0; i < 3; i++) {
        struct cli_argv command = {0};
        if (i != 1 && !has_now)
            continue;
        cli_argv_add(&command, "RENAME");
        cli_argv_add(&command, renames[i][0]);
        cli_argv_add(&command, renames[i][1]);
        cli_change(cli, &command);
        cli_argv_free(&command);
    }
    cli_change(cli, &entry);
    cli_argv_free(&entry);
    enum cli_left left;
    redisReply *replies = cli_commit(cli, &left);
    if (!replies) {
        if (left == CLI_LEFT_FOILED)
            cli_error("another program changed the list '%s' at the same time", name);
        cli_say_left(name, left);
        return CLI_REDIS;
    }
    cli_outcome_id(outcome, replies);
    freeReplyObject(replies);
    return CLI_OK;
}

int cli_rollback(struct cli *cli, int argc, char **argv)
{
    struct cli_outcome outcome = {.op = "replace"};
    enum sw_kind kind;
    char **words;
    uint64_t now = 0, previous = 0;
    cli_parse(cli, &usage, &outcome.wait_s, argc, argv, &words);
    outcome.list = words[0];
    int code = cli_connect(cli);
    if (code == CLI_OK)
        code = cli_list_kind(cli, words[0], &kind);
    if (code == CLI_OK)
        code = cli_changes_usable(cli);
    if (code == CLI_OK)
        code = cli_watch(cli, cli_key(cli, "list:%s", words[0]),
                         cli_key(cli, "list:%s:previous", words[0]), CLI_END);
    if (code == CLI_OK)
        code = cli_hash_length(cli, cli_key(cli, "list:%s", words[0]), &now);
    if (code == CLI_OK)
        code = cli_hash_length(cli, cli_key(cli, "list:%s:previous", words[0]), &previous);
    if (code != CLI_OK)
        return code;
    if (previous == 0) {
        cli_error("list '%s' has no former content: it was never replaced as a whole", words[0]);
        return CLI_NONE;
    }
    code = exchange(cli, words[0], now > 0, &outcome);
    if (code != CLI_OK)
        return code;
    if (!cli->json)
        printf("%s: back to the content before, with %s instead of %" PRIu64 "\n", words[0],
               cli_count(previous, "indicator", "indicators"), now);
    outcome.members =
        json_pack("{s:I,s:I}", "indicators", (json_int_t)previous, "former", (json_int_t)now);
    return cli_report(cli, &outcome);
}
