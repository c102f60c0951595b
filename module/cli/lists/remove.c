/* remove.c - sinkwatch remove LIST INDICATOR... */
#include "cli/lists/edit.h"
#include "cli/output.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_WAIT = 300 };

static const struct argp_option options[] = {
    {"wait", KEY_WAIT, "SECONDS", OPTION_ARG_OPTIONAL,
     "return when no live resolver enforces it any more (default: 10 seconds at most)", 0},
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
    .words = "LIST INDICATOR...",
    .doc = "Take indicators off a list, in the form in which they are on it: example.net does not "
           "take =example.net off."
           "\vOne that was not on the list is named; the exit code is 1 then.\n\n"
           "Examples:\n"
           "  sinkwatch remove carbanak systemsvc.net --wait",
    .options = options,
    .parser = parse,
    .min = 2,
    .max = -1,
};

struct word {
    const char *given;
    char *text; /* in canonical form, or the given text when no indicator */
};

static void note_missing(json_t *missing, const char *word, const char *list)
{
    cli_error("'%s' is not on the list '%s'", cli_clean_text(word), list);
    json_array_append_new(missing, json_string(cli_clean_text(word)));
}

/* A text that is no indicator can only be a field that others wrote by mistake: 1 when such a field
 * is there, 0 when not, -1 after an error message. */
static int is_there(struct cli *cli, const char *key, const char *word)
{
    redisReply *reply = cli_ask(cli, "HEXISTS", key, word, CLI_END);
    int there = !reply ? -1 : reply->integer != 0;

    freeReplyObject(reply);
    return there;
}

/* Understand all words; returns how many can be removed, or -1: said. */
static int understand(struct cli *cli, const char *key, char **given, int n, struct word *words,
                      json_t *missing)
{
    char why[SW_WHY_MAX], text[SW_INDICATORTEXT_MAX];
    struct sw_indicator indicator;
    int known = 0;
    for (int i = 1; i < n; i++) {
        bool parsed = sw_indicator_parse(given[i], strlen(given[i]), &indicator, why) == SW_OK;
        int there = parsed ? 1 : is_there(cli, key, given[i]);
        if (there < 0)
            return -1;
        if (there == 0) {
            note_missing(missing, given[i], given[0]);
            continue;
        }
        words[known].given = given[i];
        words[known++].text = cli_copy(parsed ? sw_indicator_text(&indicator, text) : given[i]);
    }
    return known;
}

/* HDEL for each, in canonical form and in the given form, for fields that others wrote. */
static redisReply *change(struct cli *cli, const char *list, const char *key,
                          const struct word *words, int n)
{
    struct cli_argv entry = {0};
    cli_change_entry(cli, &entry, "remove", list);
    cli_begin(cli);
    for (int i = 0; i < n; i++) {
        struct cli_argv hdel = {0};
        cli_argv_add(&hdel, "HDEL");
        cli_argv_add(&hdel, key);
        cli_argv_add(&hdel, words[i].text);
        if (strcmp(words[i].text, words[i].given) != 0)
            cli_argv_add(&hdel, words[i].given);
        cli_change(cli, &hdel);
        cli_argv_free(&hdel);
        cli_argv_add(&entry, "i");
        cli_argv_add(&entry, words[i].text);
    }
    cli_change(cli, &entry);
    cli_argv_free(&entry);
    return cli_commit(cli);
}

/* Make the change and count the removed fields. CLI_OK or CLI_REDIS; *removed is set. */
static int remove_all(struct cli *cli, const struct word *words, int n, const char *key,
                      json_t *missing, struct cli_outcome *outcome, uint64_t *removed)
{
    redisReply *replies = n > 0 ? change(cli, outcome->list, key, words, n) : NULL;

    if (!replies)
        return n > 0 ? CLI_REDIS : CLI_OK;
    for (int i = 0; i < n && (size_t)i < replies->elements; i++) {
        const redisReply *reply = replies->element[i];
        if (reply->type == REDIS_REPLY_INTEGER && reply->integer > 0)
            ++*removed;
        else
            note_missing(missing, words[i].given, outcome->list);
    }
    cli_outcome_id(outcome, replies);
    freeReplyObject(replies);
    return CLI_OK;
}

int cli_remove(struct cli *cli, int argc, char **argv)
{
    uint32_t wait_s = 0;
    char **given;
    int n = cli_parse(cli, &usage, &wait_s, argc, argv, &given);
    struct cli_outcome outcome = {.list = given[0], .op = "remove", .wait_s = wait_s};
    enum sw_kind kind;
    uint64_t removed = 0;
    int code = cli_connect(cli);
    if (code == CLI_OK)
        code = cli_list_kind(cli, given[0], &kind);
    if (code != CLI_OK)
        return code;
    const char *key = cli_key(cli, "list:%s", given[0]);
    struct word *words = cli_alloc((size_t)n, sizeof(*words));
    json_t *missing = json_array();
    int known = understand(cli, key, given, n, words, missing);
    code = known < 0 ? CLI_REDIS : remove_all(cli, words, known, key, missing, &outcome, &removed);
    if (code == CLI_OK) {
        if (!cli->json && removed > 0)
            printf("%s: %s removed\n", given[0], cli_count(removed, "indicator", "indicators"));
        outcome.code = json_array_size(missing) ? CLI_NONE : CLI_OK;
        outcome.members =
            json_pack("{s:I,s:O}", "removed", (json_int_t)removed, "not_there", missing);
        code = cli_report(cli, &outcome);
    }
    for (int i = 0; i < known; i++)
        free(words[i].text);
    free(words);
    json_decref(missing);
    return code;
}
