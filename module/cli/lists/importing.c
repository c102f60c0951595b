/* importing.c - see importing.h. */
#include "cli/lists/importing.h"

#include "base/clock.h"
#include "base/expires.h"
#include "cli/lists/preview.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- writing ---- */

static void forget_batch(struct cli_importing *im)
{
    for (size_t i = 0; i < im->n; i++) {
        free(im->batch[i]);
        free(im->facts[i]);
    }
    im->n = 0;
}

/* Count the indicators of the batch that the list does not have. */
static int count_fresh(struct cli_importing *im)
{
    struct cli_argv argv = {0};
    cli_argv_add(&argv, "HMGET");
    cli_argv_add(&argv, cli_key(im->cli, "list:%s", im->list));
    for (size_t i = 0; i < im->n; i++)
        cli_argv_add(&argv, im->batch[i]);
    redisReply *reply = cli_ask_argv(im->cli, &argv);
    cli_argv_free(&argv);
    for (size_t i = 0; reply && i < reply->elements; i++)
        im->fresh += reply->element[i]->type == REDIS_REPLY_NIL;
    int code = reply ? CLI_OK : CLI_REDIS;
    freeReplyObject(reply);
    return code;
}

/* Put the batch into the staging key, with the end that the list's lifetime gives. */
static int stage(struct cli_importing *im)
{
    for (size_t i = 0; im->expires && i < im->n; i++) {
        if (strstr(im->facts[i], "\"expires\""))
            continue; /* the source's own end */
        char *facts = cli_facts_until(im->facts[i], im->expires);
        free(im->facts[i]);
        im->facts[i] = facts;
    }
    int code = cli_staging_put(&im->staging, im->batch, im->facts, im->n);
    im->fresh = im->staging.n;
    return code;
}

/* Write the collected indicators, and empty the batch. */
static void flush_batch(struct cli_importing *im)
{
    if (im->n > 0 && !im->offline && im->code == CLI_OK && !(im->stop && *im->stop)) {
        if (im->replace)
            im->code = stage(im);
        else if (im->dry_run)
            im->code = count_fresh(im);
        else
            im->code = cli_put(im->cli, im->batch, im->facts, im->n, &im->fresh, &im->outcome);
        if (im->code == CLI_OK)
            im->written += im->n;
    }
    forget_batch(im);
}

/* ---- judging an entry ---- */

static bool exempts(const struct cli_importing *im)
{
    return im->policy.kind == SW_KIND_ALLOW ||
           (im->policy.kind == SW_KIND_IOC && im->policy.action == SW_ACTION_PASSTHRU);
}

static bool acts(const struct cli_importing *im)
{
    return im->policy.kind == SW_KIND_IOC || im->policy.kind == SW_KIND_ALLOW;
}

/* Whether the entry is meant for a list of this kind: NULL, or the reason why not. */
static const char *misplaced(const struct cli_importing *im, const struct sw_entry *entry,
                             char why[SW_WHY_MAX])
{
    const char *useless =
        im->offline ? NULL : cli_never_matches(&entry->indicator, im->policy.kind);
    if (useless || !acts(im))
        return useless;
    if (!im->given && entry->meant == SW_MEANT_EXCEPTION && !exempts(im))
        return "an exception: import it into a list of kind allow, or with --given";
    if (!im->given && entry->meant == SW_MEANT_ACTION && exempts(im))
        return "no exception, and the list exempts";
    if (im->only && !(entry->meant == SW_MEANT_ACTION && im->only & 1u << entry->action) &&
        !(entry->meant == SW_MEANT_EXCEPTION && im->only & 1u << SW_ACTION_PASSTHRU))
        return "another action than --only names";
    if (!im->given && entry->triggers && !(entry->triggers & im->policy.triggers)) {
        enum sw_trigger trigger = 0;
        while (!(entry->triggers & SW_TRIGGER_BIT(trigger)))
            trigger++;
        snprintf(why, SW_WHY_MAX, "for the trigger %s, which the list does not have",
                 sw_trigger_name(trigger));
        return why;
    }
    return NULL;
}

/* Whether an end in the facts has passed. */
static bool has_ended(const char *facts)
{
    uint32_t at = 0;
    return sw_facts_expires(facts, strlen(facts), &at) == SW_OK && at != 0 &&
           (int64_t)at * 1000000 <= sw_clock_wall_us();
}

struct danger {
    const char *option; /* that permits it */
    const struct cli_names *permitted;
};

/* Find the danger of an entry; false: there is none. */
static bool find_danger(const struct cli_importing *im, const struct sw_entry *entry,
                        struct danger *danger, char why[SW_WHY_MAX])
{
    const struct sw_indicator *indicator = &entry->indicator;
    if (cli_harmful(indicator, why)) {
        *danger = (struct danger){"--allow-suffix", &im->suffixes};
        return true;
    }
    if (im->policy.kind != SW_KIND_IOC || entry->meant == SW_MEANT_EXCEPTION)
        return false;
    if (cli_guarded(&im->guard_own, indicator)) {
        *danger = (struct danger){"--allow-own", &im->own};
        snprintf(why, SW_WHY_MAX, "covers a name of a list of kind allow or watch (--allow-own)");
        return true;
    }
    if (cli_guarded(&im->guard_top, indicator)) {
        *danger = (struct danger){"--allow-top", &im->top};
        snprintf(why, SW_WHY_MAX, "covers one of the top names (--allow-top)");
        return true;
    }
    return false;
}

static void refuse(struct cli_importing *im, const struct sw_entry *entry, const char *why)
{
    cli_refuse(&im->refusals, entry->place, entry->text, entry->text_len, NULL, why);
}

/* Whether an indicator of a list that acts may be taken. */
static bool is_safe(struct cli_importing *im, const struct sw_entry *entry)
{
    char why[SW_WHY_MAX];
    struct danger danger;
    if (!acts(im) || !find_danger(im, entry, &danger, why))
        return true;
    if (!cli_allowed(danger.permitted, &entry->indicator)) {
        refuse(im, entry, why);
        return false;
    }
    im->allowed++;
    cli_progress_wipe(&im->progress);
    fprintf(stderr, "%s:%" PRIu64 ": '%s' is accepted by %s: %s\n", cli_clean_text(im->source),
            entry->place, cli_clean(entry->text, entry->text_len), danger.option, why);
    return true;
}

static void count_entry(struct cli_importing *im, const struct sw_entry *entry)
{
    im->accepted++;
    im->names[entry->indicator.form] += entry->indicator.type == SW_INDICATOR_DOMAIN;
    im->addresses += entry->indicator.type == SW_INDICATOR_PREFIX;
    im->numbers += entry->indicator.type == SW_INDICATOR_ASN;
    im->holders += entry->indicator.type == SW_INDICATOR_HOLDER;
    if (!im->given && entry->meant == SW_MEANT_ACTION && im->policy.kind == SW_KIND_IOC &&
        entry->action != im->policy.action)
        im->actions[entry->action]++;
}

/* Give a rule to the list that has its action. */
static void take_rule(struct cli_importing *im, const struct sw_entry *entry, const char *text,
                      const char *facts)
{
    struct cli_given *rules = &im->rules;
    bool more = false;
    bool adds_end = im->replace && im->expires && !strstr(facts, "\"expires\"");
    char *own = adds_end ? cli_facts_until(facts, im->expires) : cli_copy(facts);
    const char *why = im->replace ? cli_given_take(rules, entry, text, own, &more)
                                  : cli_given_note(rules, entry, text, own, im->removing);
    free(own);
    if (why)
        refuse(im, entry, why);
    else if (!more)
        count_entry(im, entry);
    im->code = rules->code;
}

/* cli_given.refuse */
static void refuse_rule(void *arg, uint64_t place, const char *text, const char *why)
{
    struct cli_importing *im = arg;
    im->accepted--; /* counted with the first record of the owner */
    cli_refuse(&im->refusals, place, text, strlen(text), NULL, why);
}

static bool is_local_data(const struct sw_entry *entry)
{
    return entry->meant == SW_MEANT_ACTION && entry->action == SW_ACTION_SINKHOLE && entry->rule[0];
}

static void on_entry(void *arg, const struct sw_entry *entry)
{
    struct cli_importing *im = arg;
    char canonical[SW_INDICATORTEXT_MAX], why[SW_WHY_MAX];
    const char *facts = im->no_facts ? "" : entry->facts;
    const char *place = misplaced(im, entry, why);
    if (place) {
        refuse(im, entry, place);
        return;
    }
    if (!im->removing && facts[0] && has_ended(facts)) {
        refuse(im, entry, "its end has passed");
        return;
    }
    if (!im->removing && !is_safe(im, entry)) {
        /* A later change may add a record that is safe to the owner of this one. */
        im->rules.refused =
            im->rules.refused || (im->given && !im->override && is_local_data(entry));
        return;
    }
    sw_indicator_text(&entry->indicator, canonical);
    if (im->given && !im->offline) {
        take_rule(im, entry, canonical, facts);
        return;
    }
    count_entry(im, entry);
    if (im->divert) {
        im->divert(im->divert_arg, canonical, facts);
        return;
    }
    im->facts[im->n] = cli_copy(facts);
    im->batch[im->n++] = cli_copy(canonical);
    if (im->n == CLI_BATCH)
        flush_batch(im);
}

static void on_reject(void *arg, const struct sw_rejection *rejection)
{
    struct cli_importing *im = arg;
    cli_refuse(&im->refusals, rejection->place, rejection->text, rejection->text_len,
               sw_reject_name(rejection->reject), rejection->why);
}

struct sw_reader_hooks cli_importing_hooks(struct cli_importing *im)
{
    return (struct sw_reader_hooks){im, on_entry, on_reject};
}

/* ---- begin and end ---- */

/* Connect, and look the list up. */
static int find_list(struct cli_importing *im)
{
    enum sw_kind kind;
    char why[SW_WHY_MAX];
    int code = cli_connect(im->cli);
    if (code == CLI_OK)
        code = cli_list_kind(im->cli, im->list, &kind);
    if (code == CLI_OK)
        code = cli_list_lifetime(im->cli, im->list, &im->expires);
    if (code == CLI_OK && !im->dry_run)
        code = cli_changes_usable(im->cli);
    redisReply *policy =
        code == CLI_OK ? cli_ask(im->cli, "HGET", cli_key(im->cli, "lists"), im->list, CLI_END)
                       : NULL;
    if (!policy)
        return code == CLI_OK ? CLI_REDIS : code;
    if (policy->type == REDIS_REPLY_STRING)
        (void)sw_policy_parse(im->list, policy->str, policy->len, &im->policy, why);
    freeReplyObject(policy);
    im->outcome.expires = im->expires;
    return CLI_OK;
}

/* cli_given.change */
static void change_rule(void *arg, const char *list, const char *text, const char *facts,
                        bool removes)
{
    const struct cli_importing *im = arg;
    im->divert_rule(im->divert_arg, list, text, facts, removes);
}

/* The parts of the list, with `given`; without it, a list with parts or a part is not replaced.
 * CLI_OK, CLI_NONE, CLI_USAGE, CLI_REDIS; reported. */
static int begin_rules(struct cli_importing *im)
{
    char *head = NULL;
    if (!im->given && !im->replace)
        return CLI_OK;
    if (im->given && !im->replace && !im->divert_rule) {
        cli_error("--given and --override need --replace: a zone counts as a whole");
        return CLI_USAGE;
    }
    int code = cli_part_of(im->cli, im->list, &head);
    if (head)
        cli_error("'%s' is a part of the list '%s', and changes with this list", im->list, head);
    code = head ? CLI_NONE : code;
    free(head);
    if (code != CLI_OK)
        return code;
    im->rules = (struct cli_given){.cli = im->cli,
                                   .list = im->list,
                                   .head = &im->policy,
                                   .override = im->override,
                                   .arg = im,
                                   .refuse = refuse_rule,
                                   .change = change_rule};
    code = im->given ? cli_given_begin(&im->rules) : CLI_OK;
    if (im->given && code == CLI_OK && !im->replace)
        cli_given_adopt(&im->rules);
    if (im->given)
        return code;
    json_t *parts = cli_parts(im->cli, im->list);
    if (json_object_size(parts) > 0) {
        cli_error("the list '%s' has parts, such as '%s': --given replaces them as well", im->list,
                  json_object_iter_key(json_object_iter(parts)));
        cli_hint("'sinkwatch list drop %s' removes the list and its parts", im->list);
        code = CLI_NONE;
    }
    code = parts ? code : CLI_REDIS;
    json_decref(parts);
    return code;
}

int cli_importing_begin(struct cli_importing *im)
{
    int code = CLI_OK;
    sw_policy_init(&im->policy, im->list);
    cli_refusals_begin(&im->refusals, &im->progress);
    im->refusals.file = im->source;
    im->outcome.list = im->list;
    im->outcome.op = im->replace ? "replace" : "add";
    if (!im->offline)
        code = find_list(im);
    if (code == CLI_OK && !im->offline)
        code = begin_rules(im);
    if (code == CLI_OK && im->top_file)
        code = cli_guard_top(&im->guard_top, im->top_file, im->top_in, im->top_names);
    if (code == CLI_OK && !im->offline && im->policy.kind == SW_KIND_IOC)
        code = cli_guard_own(&im->guard_own, im->cli);
    if (code == CLI_OK && im->replace && !im->given && !im->offline)
        code = cli_staging_begin(&im->staging, im->cli, im->list);
    return code;
}

/* Compare the replacement with the list. CLI_NONE: too much of the list would go or come. */
static int judge_diff(struct cli_importing *im)
{
    int code = im->given ? cli_given_compare(&im->rules, &im->diff)
                         : cli_diff(im->cli, cli_key(im->cli, "list:%s", im->list), im->staging.key,
                                    &im->diff);
    char why[SW_WHY_MAX];
    enum cli_judged judged = code == CLI_OK
                                 ? cli_diff_judge(&im->diff, im->max_shrink, im->max_growth, why)
                                 : CLI_DIFF_FITS;
    if (judged == CLI_DIFF_FITS)
        return code;
    if (!im->cli->json)
        cli_diff_print(&im->diff);
    cli_error("%s", why);
    cli_hint(judged == CLI_DIFF_SHRINKS ? "--max-shrink=PERCENT says how much is allowed (100: any)"
                                        : "--max-growth=PERCENT says how much is allowed");
    return CLI_NONE;
}

/* Ask the memory for the indicators that would come. CLI_NONE: too many names were resolved. */
static int judge_touched(struct cli_importing *im)
{
    struct cli_preview preview;
    if (im->max_touched == UINT64_MAX)
        return CLI_OK;
    int code = cli_preview_begin(&preview, im->cli, CLI_PREVIEW_DAYS);
    if (code == CLI_OK && im->given)
        code = cli_given_added(&im->rules, cli_preview_add_text, &preview);
    else if (code == CLI_OK)
        code = cli_diff_added(im->cli, cli_key(im->cli, "list:%s", im->list), im->staging.key,
                              cli_preview_add_text, &preview);
    if (code == CLI_OK)
        code = cli_preview_judge(&preview, im->cli, im->max_touched);
    cli_preview_free(&preview);
    return code;
}

static bool interrupted(const struct cli_importing *im)
{
    return im->stop && *im->stop;
}

static void drop_new(struct cli_importing *im)
{
    if (im->given)
        cli_given_drop(&im->rules);
    else
        cli_staging_drop(&im->staging);
}

static int swap(struct cli_importing *im, enum cli_left *left)
{
    return im->given ? cli_given_swap(&im->rules, &im->outcome, left)
                     : cli_staging_swap(&im->staging, &im->diff, &im->outcome, left);
}

/* Put the new content in force, or give it up. */
static int end_replacement(struct cli_importing *im, int code)
{
    enum cli_left left = CLI_LEFT_AS_IT_WAS;
    if (!im->staging.cli && im->rules.n == 0)
        return code;
    if (code == CLI_OK && im->given && !interrupted(im)) {
        code = cli_given_flush(&im->rules);
        im->fresh = im->written = im->rules.staged;
    } else if (code == CLI_OK) {
        code = cli_staging_settle(&im->staging);
        im->fresh = im->staging.n;
    }
    if (code == CLI_OK && !interrupted(im) && (im->given ? im->written : im->accepted) == 0) {
        cli_error("nothing in %s can be a list", cli_clean_text(im->source));
        code = CLI_NONE;
    }
    if (code == CLI_OK && !interrupted(im))
        code = judge_diff(im);
    if (code == CLI_OK && !interrupted(im))
        code = judge_touched(im);
    if (code == CLI_OK && !interrupted(im) && im->dry_run) {
        drop_new(im);
        return CLI_OK;
    }
    if (code == CLI_OK && !interrupted(im))
        code = swap(im, &left);
    else if (code == CLI_OK)
        code = CLI_NONE;
    if (code == CLI_OK)
        return CLI_OK;
    drop_new(im);
    cli_say_left(im->list, left);
    return code;
}

/* Say how far an addition came that did not end. */
static int end_addition(struct cli_importing *im, int code)
{
    if ((code == CLI_OK && !interrupted(im)) || im->offline)
        return code;
    if (im->written == 0 || im->dry_run)
        cli_error("list '%s' is left as it is", im->list);
    else
        cli_error("list '%s': the first %" PRIu64 " indicators of %s are on the list (%s added), "
                  "the rest is not",
                  im->list, im->written, cli_clean_text(im->source),
                  cli_count(im->fresh, "indicator", "indicators"));
    return code == CLI_OK ? CLI_NONE : code;
}

int cli_importing_end(struct cli_importing *im, int code)
{
    if (code == CLI_OK)
        flush_batch(im);
    forget_batch(im);
    cli_progress_wipe(&im->progress);
    if (code == CLI_OK)
        code = im->code;
    return im->replace && !im->offline ? end_replacement(im, code) : end_addition(im, code);
}

void cli_importing_free(struct cli_importing *im)
{
    forget_batch(im);
    cli_diff_free(&im->diff);
    cli_given_free(&im->rules);
    cli_refusals_free(&im->refusals);
    cli_guard_free(&im->guard_own);
    cli_guard_free(&im->guard_top);
    free(im->suffixes.name);
    free(im->own.name);
    free(im->top.name);
    if (im->top_in)
        fclose(im->top_in);
    free(im->expires);
}
