/* diff.c - see diff.h. */
#include "cli/lists/diff.h"

#include "cli/lists/edit.h"
#include "cli/output.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SIZE_FLOOR 20 /* indicators: a smaller list changes a lot every day */

/* Where to count what one hash has otherwise than another. */
struct side {
    struct cli *cli;
    const char *other;
    uint64_t *missing, *changed; /* changed: NULL, not counted */
    json_t *first;
    size_t enough; /* texts in first, after which the rest need not be looked at; 0: look at all */
    uint64_t fields;
};

/* Count a field that the other hash has not, or with another value. */
static void compare_field(const struct side *side, const redisReply *field, const redisReply *value,
                          const redisReply *there)
{
    if (there->type != REDIS_REPLY_NIL) {
        bool same = there->len == value->len && memcmp(there->str, value->str, value->len) == 0;
        if (side->changed && !same)
            ++*side->changed;
    } else if ((*side->missing)++ < CLI_DIFF_SHOWN) {
        json_array_append_new(side->first, json_string(cli_clean(field->str, field->len)));
    }
}

/* The values that another hash has for the fields of a chunk, nil where none. No reply: there are
 * no fields, or after a failure. CLI_OK, CLI_REDIS (reported). */
static int ask_other(struct cli *cli, const char *key, const redisReply *fields, redisReply **reply)
{
    struct cli_argv argv = {0};
    cli_argv_add(&argv, "HMGET");
    cli_argv_add(&argv, key);
    for (size_t i = 0; i + 1 < fields->elements; i += 2)
        cli_argv_add_n(&argv, fields->element[i]->str, fields->element[i]->len);
    *reply = argv.n > 2 ? cli_ask_argv(cli, &argv) : NULL;
    int code = argv.n > 2 && !*reply ? CLI_REDIS : CLI_OK;
    cli_argv_free(&argv);
    return code;
}

/* The fields of a chunk that the other hash does not have. cli_fields_fn */
static int compare_chunk(void *arg, const redisReply *fields)
{
    struct side *side = arg;
    redisReply *reply;
    int code = ask_other(side->cli, side->other, fields, &reply);
    for (size_t i = 0; reply && i < reply->elements; i++)
        compare_field(side, fields->element[2 * i], fields->element[2 * i + 1], reply->element[i]);
    freeReplyObject(reply);
    side->fields += fields->elements / 2;
    bool enough = side->enough && json_array_size(side->first) == side->enough;
    return code == CLI_OK && enough ? CLI_NONE : code;
}

/* The number of added indicators follows from the sizes, and only the first of them are looked
 * for. Where the list changed meanwhile, or HSCAN gave a field twice, each one is looked for. */
static int find_added(struct cli *cli, const char *now, const char *then, uint64_t fields,
                      struct cli_diff *diff)
{
    struct side fresh = {cli, now, &diff->added, NULL, diff->added_first, 0, 0};
    uint64_t size = 0, added = diff->after - (diff->before - diff->removed);
    int code = cli_hash_length(cli, now, &size);
    bool known = fields == diff->before && size == fields;
    if (code != CLI_OK || (known && added == 0))
        return code;
    if (known)
        fresh.enough = added < CLI_DIFF_SHOWN ? (size_t)added : CLI_DIFF_SHOWN;
    code = cli_scan(cli, then, compare_chunk, &fresh);
    if (code == CLI_NONE)
        diff->added = added;
    return code == CLI_NONE ? CLI_OK : code;
}

int cli_diff(struct cli *cli, const char *now, const char *then, struct cli_diff *diff)
{
    *diff = (struct cli_diff){.added_first = json_array(), .removed_first = json_array()};
    int code = cli_hash_length(cli, now, &diff->before);

    if (code == CLI_OK)
        code = cli_hash_length(cli, then, &diff->after);
    struct side gone = {cli, then, &diff->removed, &diff->changed, diff->removed_first, 0, 0};
    if (code == CLI_OK)
        code = cli_scan(cli, now, compare_chunk, &gone);
    if (code == CLI_OK)
        code = find_added(cli, now, then, gone.fields, diff);
    return code;
}

/* ---- each added indicator ---- */

struct adding {
    struct cli *cli;
    const char *now;
    cli_added_fn *each;
    void *arg;
};

/* cli_fields_fn */
static int hand_over(void *arg, const redisReply *fields)
{
    const struct adding *adding = arg;
    redisReply *reply;
    int code = ask_other(adding->cli, adding->now, fields, &reply);
    for (size_t i = 0; reply && i < reply->elements; i++)
        if (reply->element[i]->type == REDIS_REPLY_NIL)
            adding->each(adding->arg, fields->element[2 * i]->str, fields->element[2 * i]->len);
    freeReplyObject(reply);
    return code;
}

int cli_diff_added(struct cli *cli, const char *now, const char *then, cli_added_fn *each,
                   void *arg)
{
    struct adding adding = {cli, now, each, arg};
    return cli_scan(cli, then, hand_over, &adding);
}

void cli_diff_free(struct cli_diff *diff)
{
    json_decref(diff->added_first);
    json_decref(diff->removed_first);
    diff->added_first = diff->removed_first = NULL;
}

static void print_first(char sign, uint64_t n, const json_t *first)
{
    const json_t *one;
    size_t i;
    json_array_foreach(first, i, one)
    {
        printf("  %c %s\n", sign, json_string_value(one));
    }
    if (n > json_array_size(first))
        printf("  %c and %" PRIu64 " more\n", sign, n - json_array_size(first));
}

void cli_diff_print(const struct cli_diff *diff)
{
    uint64_t kept = diff->before > diff->removed ? diff->before - diff->removed : 0;
    printf("%" PRIu64 " added, %" PRIu64 " removed, %" PRIu64 " as before", diff->added,
           diff->removed, kept);
    if (diff->changed)
        printf(" (%" PRIu64 " with other facts)", diff->changed);
    printf("\n");
    print_first('+', diff->added, diff->added_first);
    print_first('-', diff->removed, diff->removed_first);
}

/* ---- judging ---- */

/* A number of indicators before a change, and the change. */
struct sum {
    const char *words;
    uint64_t before, added, removed;
};

static bool shrinks(const struct sum *sum, unsigned percent)
{
    return sum->before >= SIZE_FLOOR && sum->removed > sum->added &&
           (sum->removed - sum->added) * 100 > sum->before * percent;
}

/* base: indicators that the growth is measured by. */
static bool grows(const struct sum *sum, uint64_t base, unsigned percent)
{
    return percent > 0 && sum->added > sum->removed &&
           (sum->added - sum->removed) * 100 > base * percent;
}

static enum cli_judged judge(const struct sum *sum, uint64_t base, unsigned max_shrink,
                             unsigned max_growth, char why[SW_WHY_MAX])
{
    bool less = shrinks(sum, max_shrink);
    if (!less && (base < SIZE_FLOOR || !grows(sum, base, max_growth)))
        return CLI_DIFF_FITS;
    snprintf(why, SW_WHY_MAX, "%s would %s from %" PRIu64 " to %" PRIu64 ", by more than %u %%",
             sum->words, less ? "shrink" : "grow", sum->before,
             sum->before + sum->added - sum->removed, less ? max_shrink : max_growth);
    return less ? CLI_DIFF_SHRINKS : CLI_DIFF_GROWS;
}

enum cli_judged cli_diff_judge(const struct cli_diff *diff, unsigned max_shrink,
                               unsigned max_growth, char why[SW_WHY_MAX])
{
    const struct sum all = {"the list", diff->before, diff->added, diff->removed};
    const struct sum exempt = {"the exceptions of the list", diff->exempt_before,
                               diff->exempt_added, diff->exempt_removed};
    const struct sum acting = {"the rules of the list that act", all.before - exempt.before,
                               all.added - exempt.added, all.removed - exempt.removed};
    bool small = all.before < SIZE_FLOOR;
    uint64_t base = !small && exempt.before < SIZE_FLOOR ? SIZE_FLOOR : exempt.before;
    enum cli_judged result = judge(&all, all.before, max_shrink, max_growth, why);
    if (result == CLI_DIFF_FITS)
        result = judge(&acting, acting.before, max_shrink, max_growth, why);
    if (result == CLI_DIFF_FITS)
        result = judge(&exempt, base, max_shrink, max_growth, why);
    return result;
}
