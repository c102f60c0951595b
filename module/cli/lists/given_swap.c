/* given_swap.c - new contents of a list and its parts, compared and put in force. See given.h. */
#include "cli/lists/given.h"
#include "cli/output.h"
#include "index/index.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define TRIES 10 /* swaps that another writer may foil one after the other */

static const char *now_of(struct cli *cli, const struct cli_given_part *part)
{
    return cli_key(cli, "list:%s", part->name);
}

static const char *previous_of(struct cli *cli, const struct cli_given_part *part)
{
    return cli_key(cli, "list:%s:previous", part->name);
}

/* ---- exceptions ---- */

static bool exempts(const struct cli_given *given, const struct cli_given_part *part)
{
    if (part->members)
        return strcmp(cli_json_text(part->members, "kind"), "allow") == 0;
    return given->head->action == SW_ACTION_PASSTHRU;
}

bool cli_given_exempts(const struct cli_given *given, const char *list)
{
    for (size_t i = 0; i < given->n; i++)
        if (strcmp(given->part[i]->name, list) == 0)
            return exempts(given, given->part[i]);
    return false;
}

int cli_given_exempted(const struct cli_given *given, uint64_t *out)
{
    int code = CLI_OK;
    uint64_t n = 0;
    *out = 0;
    for (size_t i = 0; i < given->n && code == CLI_OK; i++) {
        if (!exempts(given, given->part[i]))
            continue;
        code = cli_hash_length(given->cli, now_of(given->cli, given->part[i]), &n);
        *out += code == CLI_OK ? n : 0;
    }
    return code;
}

/* ---- comparison ---- */

static void add_first(json_t *to, const json_t *first)
{
    size_t i;
    json_t *one;
    json_array_foreach((json_t *)(uintptr_t)first, i, one)
    {
        if (json_array_size(to) < CLI_DIFF_SHOWN)
            json_array_append(to, one);
    }
}

/* Add the comparison of a part to that of all. */
static void add_diff(struct cli_diff *sum, const struct cli_diff *one, bool exempting)
{
    sum->before += one->before;
    sum->after += one->after;
    sum->added += one->added;
    sum->removed += one->removed;
    sum->changed += one->changed;
    sum->exempt_before += exempting ? one->before : 0;
    sum->exempt_added += exempting ? one->added : 0;
    sum->exempt_removed += exempting ? one->removed : 0;
    add_first(sum->added_first, one->added_first);
    add_first(sum->removed_first, one->removed_first);
}

/* WATCH all keys that change. */
static int watch(const struct cli_given *given)
{
    struct cli *cli = given->cli;
    struct cli_argv argv = {0};
    cli_argv_add(&argv, "WATCH");
    cli_argv_add(&argv, cli_key(cli, "lists"));
    cli_argv_add(&argv, cli_key(cli, "list:%s:parts", given->list));
    for (size_t i = 0; i < given->n; i++) {
        const struct cli_given_part *part = given->part[i];
        cli_argv_add(&argv, now_of(cli, part));
        cli_argv_add(&argv, previous_of(cli, part));
        if (part->staging.cli)
            cli_argv_add(&argv, part->staging.key);
    }
    redisReply *reply = cli_ask_argv(cli, &argv);
    cli_argv_free(&argv);
    int code = reply ? CLI_OK : CLI_REDIS;
    freeReplyObject(reply);
    return code;
}

/* Whether the lists are still those of the begin: the same parts, and no list in the place
 * of a part that is new. Under WATCH, so that this holds up to the MULTI. */
static bool is_as_begun(const struct cli_given *given, const json_t *parts)
{
    if (!json_object_get(given->lists, given->list) || !json_equal(parts, given->before)) {
        cli_error("another program changed the list '%s' and its parts at the same time",
                  given->list);
        return false;
    }
    for (size_t i = 1; i < given->n; i++) {
        const char *name = given->part[i]->name;
        if (!json_object_get(given->before, name) && json_object_get(given->lists, name)) {
            cli_error("there is a list %s by now, which is no part of %s", name, given->list);
            return false;
        }
    }
    return true;
}

/* Read the registry and the lists once more. CLI_OK, CLI_REDIS (reported). */
static int read_again(struct cli_given *given)
{
    json_t *parts = cli_parts(given->cli, given->list);
    json_t *lists = parts ? cli_lists(given->cli) : NULL;
    bool good = false;
    if (lists) {
        json_decref(given->lists);
        given->lists = lists;
        good = is_as_begun(given, parts);
    }
    json_decref(parts);
    return good ? CLI_OK : CLI_REDIS;
}

int cli_given_added(struct cli_given *given, cli_added_fn *each, void *arg)
{
    int code = CLI_OK;
    for (size_t i = 0; i < given->n && code == CLI_OK; i++) {
        const struct cli_given_part *part = given->part[i];
        if (part->staging.cli && part->diff.added > 0 && !exempts(given, part))
            code =
                cli_diff_added(given->cli, now_of(given->cli, part), part->staging.key, each, arg);
    }
    return code;
}

/* ---- the fate of a part ---- */

static bool is_head(const struct cli_given_part *part)
{
    return !part->members;
}

static bool moves(const struct cli_given_part *part)
{
    return part->diff.added > 0 || part->diff.removed > 0;
}

static bool is_changed(const struct cli_given_part *part)
{
    return moves(part) || part->diff.changed > 0;
}

/* Parts with rules live; parts that lost their last rule go. */
static bool lives(const struct cli_given_part *part)
{
    return is_head(part) || part->staging.n > 0;
}

static bool goes(const struct cli_given *given, const struct cli_given_part *part)
{
    return !lives(part) && json_object_get(given->before, part->name);
}

int cli_given_judge_number(const struct cli_given *given, size_t more)
{
    size_t n = json_object_size(given->lists) + more;
    if (more == 0 || n <= SW_LISTS_MAX)
        return CLI_OK;
    cli_error("with %s more of '%s' there would be %zu lists, and a resolver takes %d",
              cli_count(more, "part", "parts"), given->list, n, SW_LISTS_MAX);
    cli_hint("'sinkwatch list' shows all lists; --override gives every rule the action of the "
             "list, and makes no parts");
    return CLI_NONE;
}

/* The lists that come, less those that go. */
static int judge_number(const struct cli_given *given)
{
    size_t come = 0, go = 0;
    for (size_t i = 1; i < given->n; i++) {
        bool there = json_object_get(given->lists, given->part[i]->name);
        come += !there && lives(given->part[i]);
        go += there && goes(given, given->part[i]);
    }
    return cli_given_judge_number(given, come > go ? come - go : 0);
}

/* ---- comparison of all ---- */

int cli_given_compare(struct cli_given *given, struct cli_diff *sum)
{
    int code = cli_given_flush(given);
    *sum = (struct cli_diff){.added_first = json_array(), .removed_first = json_array()};
    cli_given_adopt(given);
    if (code == CLI_OK)
        code = watch(given);
    if (code == CLI_OK)
        code = read_again(given);
    for (size_t i = 0; i < given->n && code == CLI_OK; i++) {
        struct cli_given_part *part = given->part[i];
        struct cli_diff *one = &part->diff;
        cli_diff_free(one); /* of a comparison before */
        const char *then = part->staging.cli
                               ? part->staging.key
                               : cli_key(given->cli, "list:%s:staging:none", part->name);
        code = cli_diff(given->cli, now_of(given->cli, part), then, one);
        add_diff(sum, one, exempts(given, part));
    }
    return code == CLI_OK ? judge_number(given) : code;
}

/* ---- policies ---- */

/* The policy that a part gets, where it is another than now; else NULL. */
static char *new_policy(const struct cli_given *given, const struct cli_given_part *part)
{
    char why[SW_WHY_MAX];
    if (is_head(part) || !lives(part))
        return NULL;
    char *text = cli_part_policy(part->name, given->head_policy, part->members, why);
    const char *now = json_string_value(json_object_get(given->lists, part->name));
    if (!text || !now || strcmp(text, now) != 0)
        return text;
    free(text);
    return NULL;
}

/* ---- the registry ---- */

/* The parts that live, with their members. */
static json_t *living(const struct cli_given *given)
{
    json_t *all = json_object();
    for (size_t i = 1; i < given->n; i++)
        if (lives(given->part[i]))
            json_object_set(all, given->part[i]->name, given->part[i]->members);
    return all;
}

/* The former content, for a rollback. */
static json_t *former(const struct cli_given *given)
{
    json_t *all = json_object();
    for (size_t i = 0; i < given->n; i++) {
        const struct cli_given_part *part = given->part[i];
        json_t *members =
            is_head(part) ? json_object() : json_object_get(given->before, part->name);
        if (members)
            json_object_set_new(all, part->name, cli_former(members, !moves(part), part->now));
        if (is_head(part))
            json_decref(members);
    }
    return all;
}

/* Former contents of parts that no rollback brings back any more. */
static void forget_former(const struct cli_given *given)
{
    const char *name;
    json_t *text;
    json_object_foreach(given->former, name, text)
    {
        if (strcmp(name, given->list) != 0 && !json_object_get(given->before, name) &&
            !json_object_get(given->by_name, name))
            cli_change_words(given->cli, "UNLINK", cli_key(given->cli, "list:%s:previous", name),
                             NULL);
    }
}

static void change_registry(const struct cli_given *given)
{
    struct cli *cli = given->cli;
    json_t *now = living(given), *then = former(given);
    bool any = false;
    for (size_t i = 0; i < given->n; i++)
        any = any || moves(given->part[i]);
    cli_change_hash(cli, cli_key(cli, "list:%s:parts", given->list), now);
    if (any) {
        forget_former(given);
        cli_change_hash(cli, cli_key(cli, "list:%s:parts:previous", given->list), then);
    }
    json_decref(now);
    json_decref(then);
}

/* ---- the swap ---- */

static void tell(struct cli *cli, const char *op, const char *list)
{
    struct cli_argv entry = {0};
    cli_change_entry(cli, &entry, op, list);
    cli_change(cli, &entry);
    cli_argv_free(&entry);
}

static void change_part(const struct cli_given *given, const struct cli_given_part *part)
{
    struct cli *cli = given->cli;
    const char *now = now_of(cli, part), *previous = previous_of(cli, part);
    const struct cli_staging *new = &part->staging;
    char *policy = new_policy(given, part);
    if (policy)
        cli_change_policy(cli, part->name, policy);
    free(policy);
    if (moves(part) && part->now > 0)
        cli_change_words(cli, "RENAME", now, previous);
    else if (moves(part))
        cli_change_words(cli, "UNLINK", previous, NULL);
    if (is_changed(part) && new->n > 0) {
        cli_change_words(cli, "PERSIST", new->key, NULL);
        cli_change_words(cli, "RENAME", new->key, now);
        cli_change_words(cli, "HDEL", new->registry, new->name);
    }
    if (is_changed(part) && !goes(given, part))
        tell(cli, "replace", part->name);
    if (!goes(given, part))
        return;
    cli_change_words(cli, "HDEL", cli_key(cli, "lists"), part->name);
    tell(cli, "drop", part->name);
}

/* Exceptions come first and go last, so that no rule acts on an exempted name meanwhile. */
static void change_parts(const struct cli_given *given)
{
    for (int pass = 0; pass < 3; pass++)
        for (size_t i = 0; i < given->n; i++) {
            const struct cli_given_part *part = given->part[i];
            int turn = exempts(given, part) ? (lives(part) ? 0 : 2) : 1;
            if (turn == pass)
                change_part(given, part);
        }
}

/* Whether each new content is whole. CLI_OK, CLI_REDIS (reported). */
static int judge_sizes(const struct cli_given *given)
{
    int code = CLI_OK;
    for (size_t i = 0; i < given->n && code == CLI_OK; i++) {
        struct cli_given_part *part = given->part[i];
        uint64_t there = 0;
        code = cli_hash_length(given->cli, now_of(given->cli, part), &part->now);
        if (code == CLI_OK && part->staging.cli)
            code = cli_hash_length(given->cli, part->staging.key, &there);
        if (code != CLI_OK || there == part->staging.n)
            continue;
        cli_error("of %" PRIu64 " rules written to %s only %" PRIu64
                  " are there: evicted, expired or deleted by another program",
                  part->staging.n, part->staging.key, there);
        code = CLI_REDIS;
    }
    return code;
}

static bool has_news(const struct cli_given *given)
{
    for (size_t i = 0; i < given->n; i++) {
        char *policy = new_policy(given, given->part[i]);
        bool news = policy || is_changed(given->part[i]) || goes(given, given->part[i]);
        free(policy);
        if (news)
            return true;
    }
    return false;
}

/* The comparison was made under WATCH: the differences are those of the lists that are swapped. */
static redisReply *attempt(struct cli_given *given, enum cli_left *left)
{
    struct cli *cli = given->cli;
    json_t *head = NULL;
    if (judge_sizes(given) != CLI_OK || cli_read_policy(cli, given->list, &head) != CLI_OK)
        return NULL;
    if (head) { /* perhaps another one than at the begin */
        json_decref(given->head_policy);
        given->head_policy = head;
    }
    cli_begin(cli);
    change_registry(given);
    change_parts(given);
    return cli_commit(cli, left);
}

/* Compare with the lists that another writer left. */
static int compare_again(struct cli_given *given)
{
    struct cli_diff sum;
    int code = cli_given_compare(given, &sum);
    cli_diff_free(&sum);
    return code;
}

int cli_given_swap(struct cli_given *given, struct cli_outcome *outcome, enum cli_left *left)
{
    redisReply *replies = NULL;
    *left = CLI_LEFT_AS_IT_WAS;
    if (!has_news(given)) {
        cli_given_drop(given);
        return CLI_OK;
    }
    if (cli_changes_usable(given->cli) != CLI_OK)
        return CLI_REDIS;
    for (int i = 0; i < TRIES && !replies; i++) {
        *left = CLI_LEFT_AS_IT_WAS;
        if (i > 0 && compare_again(given) != CLI_OK)
            return CLI_REDIS;
        replies = attempt(given, left);
        if (!replies && *left != CLI_LEFT_FOILED)
            return CLI_REDIS;
    }
    if (!replies) {
        *left = CLI_LEFT_AS_IT_WAS;
        cli_error("other programs changed the list '%s' each time", given->list);
        return CLI_REDIS;
    }
    cli_outcome_id(outcome, replies);
    freeReplyObject(replies);
    for (size_t i = 0; i < given->n; i++)
        if (is_changed(given->part[i]) && given->part[i]->staging.n > 0)
            given->part[i]->staging.cli = NULL; /* in force */
    cli_given_drop(given);
    return CLI_OK;
}

void cli_given_drop(struct cli_given *given)
{
    for (size_t i = 0; i < given->n; i++)
        if (given->part[i]->staging.cli)
            cli_staging_drop(&given->part[i]->staging);
}
