/* apply.c - see apply.h. */
#include "cli/feed/apply.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REFUSED_SHOWN  5      /* refused items that are named */
#define GROWTH_DEFAULT 900    /* percent: a list of ten times the size is another list */
#define LEASE_APPLY_MS 600000 /* while the content is put in force: nothing renews then */

struct cli_change {
    const char *list; /* of cli_importing */
    char *text, *facts;
    size_t at; /* in the order of the source */
    bool removes;
};

/* ---- sinks ---- */

/* A sink that cannot go on: the fetch ends with this reason. */
static bool lose(struct cli_apply *apply, const char *why)
{
    apply->lost = true;
    cli_fetch_failed(apply->fetch, "%s", why);
    return false;
}

/* Give the reader of the open document the end of its input. */
static bool end_document(struct cli_apply *apply)
{
    enum sw_status status = apply->reader ? sw_reader_end(apply->reader) : SW_OK;
    if (apply->reader)
        apply->source.format = sw_reader_format(apply->reader);
    if (status != SW_OK)
        lose(apply, sw_reader_problem(apply->reader));
    sw_reader_free(apply->reader);
    apply->reader = NULL;
    apply->open = false;
    return status == SW_OK;
}

/* cli_importing's divert_rule: keep a change. */
static void note_rule(void *arg, const char *list, const char *text, const char *facts,
                      bool removes)
{
    struct cli_apply *apply = arg;
    struct cli_changes *changes = &apply->changes;
    if (changes->n == changes->room) {
        changes->room = changes->room ? 2 * changes->room : 64;
        changes->one = cli_grow(changes->one, changes->room, sizeof(*changes->one));
    }
    changes->one[changes->n] =
        (struct cli_change){list, cli_copy(text), cli_copy(facts), changes->n, removes};
    changes->n++;
}

/* cli_importing's divert */
static void note_change(void *arg, const char *text, const char *facts)
{
    const struct cli_apply *apply = arg;
    note_rule(arg, apply->im.list, text, facts, apply->im.removing);
}

/* Begin the import with the first octets: a source without news costs no staging key. */
static bool begin_import(struct cli_apply *apply)
{
    struct cli_importing *im = &apply->im;
    if (apply->begun)
        return true;
    apply->begun = true;
    im->replace = apply->meaning == CLI_DOCUMENT_WHOLE;
    im->divert = im->replace ? NULL : note_change;
    im->divert_rule = im->replace ? NULL : note_rule;
    im->divert_arg = apply;
    if (cli_importing_begin(im) != CLI_OK)
        return lose(apply, cli_error_first());
    im->refusals.shown_max = REFUSED_SHOWN;
    return true;
}

static bool on_document(void *arg, enum cli_document meaning, const char *name)
{
    struct cli_apply *apply = arg;
    if (apply->open && !end_document(apply))
        return false;
    free(apply->document);
    apply->document = cli_feed_shown(name);
    apply->meaning = meaning;
    apply->im.removing = meaning == CLI_DOCUMENT_REMOVE;
    apply->im.refusals.file = apply->document;
    apply->open = true;
    return true;
}

/* The reader of the open document, made for the first octets. */
static bool open_reader(struct cli_apply *apply)
{
    if (apply->reader)
        return true;
    if (!begin_import(apply))
        return false;
    apply->im.refusals.file = apply->document;
    struct sw_reader_hooks hooks = cli_importing_hooks(&apply->im);
    apply->reader = sw_reader_new(&apply->source.options, &hooks);
    return true;
}

static bool on_octets(void *arg, const void *octets, size_t len)
{
    struct cli_apply *apply = arg;
    if (apply->lost || !open_reader(apply)) /* lost: the reason is kept */
        return false;
    if (sw_reader_feed(apply->reader, octets, len) != SW_OK)
        return lose(apply, sw_reader_problem(apply->reader));
    if (apply->im.code != CLI_OK)
        return lose(apply, cli_error_first());
    if (apply->changes.n > CLI_FETCH_CHANGES_MAX)
        return lose(apply, "too many changes at once");
    return true;
}

static void on_alive(void *arg)
{
    struct cli_apply *apply = arg;
    if (!apply->lost && cli_lease_keep(apply->lease, apply->cli) == CLI_NONE)
        lose(apply, "the lease of the feed is lost");
}

/* ---- changes ---- */

static int by_text(const void *a, const void *b)
{
    const struct cli_change *one = a, *other = b;
    int order = strcmp(one->list, other->list);
    order = order ? order : strcmp(one->text, other->text);
    return order ? order : (one->at > other->at) - (one->at < other->at);
}

static void free_change(struct cli_change *change)
{
    free(change->text);
    free(change->facts);
}

/* Of several changes of one indicator keep the last. */
static void keep_last(struct cli_changes *changes)
{
    size_t kept = 0;
    if (changes->n > 0)
        qsort(changes->one, changes->n, sizeof(*changes->one), by_text);
    for (size_t i = 0; i < changes->n; i++) {
        bool last = i + 1 == changes->n ||
                    strcmp(changes->one[i].text, changes->one[i + 1].text) != 0 ||
                    strcmp(changes->one[i].list, changes->one[i + 1].list) != 0;
        if (last)
            changes->one[kept++] = changes->one[i];
        else
            free_change(&changes->one[i]);
    }
    changes->n = kept;
}

/* Whether a change is one of exceptions, in a part of the list. */
static bool is_exempting(const struct cli_apply *apply, size_t at)
{
    return apply->im.given && cli_given_exempts(&apply->im.rules, apply->changes.one[at].list);
}

/* Drop the removals of indicators that are not on the list, and count the others. */
static int compare(struct cli_apply *apply, size_t first, size_t n, struct cli_diff *diff)
{
    struct cli_argv argv = {0};
    bool exempts = is_exempting(apply, first);
    cli_argv_add(&argv, "HMGET");
    cli_argv_add(&argv, cli_key(apply->cli, "list:%s", apply->changes.one[first].list));
    for (size_t i = 0; i < n; i++)
        cli_argv_add(&argv, apply->changes.one[first + i].text);
    redisReply *reply = cli_ask_argv(apply->cli, &argv);
    cli_argv_free(&argv);
    if (!reply)
        return CLI_REDIS;
    for (size_t i = 0; i < n; i++) {
        struct cli_change *change = &apply->changes.one[first + i];
        bool there = reply->element[i]->type != REDIS_REPLY_NIL;
        diff->added += !change->removes && !there;
        diff->removed += change->removes && there;
        diff->exempt_added += exempts && !change->removes && !there;
        diff->exempt_removed += exempts && change->removes && there;
        if (apply->look && !exempts && !change->removes && !there)
            cli_preview_add_text(apply->look, change->text, strlen(change->text));
        if (change->removes && !there) {
            free_change(change);
            change->text = change->facts = NULL;
        }
    }
    freeReplyObject(reply);
    return CLI_OK;
}

/* The number of changes from `first` on that are of the same list, CLI_BATCH at most. */
static size_t batch_at(const struct cli_changes *changes, size_t first)
{
    size_t n = 1;
    while (n < CLI_BATCH && first + n < changes->n &&
           strcmp(changes->one[first].list, changes->one[first + n].list) == 0)
        n++;
    return n;
}

static int compare_all(struct cli_apply *apply, struct cli_diff *diff)
{
    int code = cli_parts_length(apply->cli, apply->im.list, &diff->before);
    if (code == CLI_OK && apply->im.given)
        code = cli_given_exempted(&apply->im.rules, &diff->exempt_before);
    for (size_t i = 0, n = 0; i < apply->changes.n && code == CLI_OK; i += n) {
        n = batch_at(&apply->changes, i);
        code = compare(apply, i, n, diff);
    }
    return code;
}

/* Write the removals of a batch, or the others. */
static int write_batch(struct cli_apply *apply, size_t first, size_t n, bool removals)
{
    char *texts[CLI_BATCH], *facts[CLI_BATCH];
    struct cli_importing *im = &apply->im;
    size_t taken = 0;
    for (size_t i = 0; i < n; i++) {
        const struct cli_change *change = &apply->changes.one[first + i];
        if (!change->text || change->removes != removals)
            continue;
        texts[taken] = change->text;
        facts[taken++] = change->facts;
    }
    if (taken == 0)
        return CLI_OK;
    im->outcome.list = apply->changes.one[first].list;
    int code = removals ? cli_take(apply->cli, texts, taken, &im->outcome)
                        : cli_put(apply->cli, texts, facts, taken, &im->fresh, &im->outcome);
    im->outcome.list = im->list;
    return code;
}

static int write_changes(struct cli_apply *apply, bool removals, bool exempting)
{
    int code = CLI_OK;
    for (size_t i = 0, n = 0; i < apply->changes.n && code == CLI_OK; i += n) {
        n = batch_at(&apply->changes, i);
        if (is_exempting(apply, i) == exempting)
            code = write_batch(apply, i, n, removals);
    }
    return code;
}

/* If the last replacement kept the content of a list, present and former content are the same until
 * the first change. Note that change, so that no rollback takes the present content for the former
 * content. */
static int note_altered(struct cli_apply *apply)
{
    struct cli *cli = apply->cli;
    const char *list, *key = cli_key(cli, "list:%s:parts:previous", apply->im.list);
    json_t *one, *altered = json_object();
    int code = cli_watch(cli, key, CLI_END);
    json_t *former = code == CLI_OK ? cli_parts_former(cli, apply->im.list) : NULL;
    for (size_t i = 0; former && i < apply->changes.n; i++) {
        const struct cli_change *change = &apply->changes.one[i];
        one = change->text ? json_object_get(former, change->list) : NULL;
        if (json_is_true(json_object_get(one, "kept")) && !json_object_get(one, "altered"))
            json_object_set(altered, change->list, one);
    }
    if (json_object_size(altered) > 0) {
        cli_begin(cli);
        json_object_foreach(altered, list, one)
        {
            json_object_set_new(one, "altered", json_true());
            cli_change_field(cli, key, list, one);
        }
        redisReply *replies = cli_commit_list(cli, apply->im.list);
        code = replies ? CLI_OK : CLI_REDIS;
        freeReplyObject(replies);
    }
    code = former ? code : CLI_REDIS;
    json_decref(former);
    json_decref(altered);
    return code;
}

/* Additions first: a rule that moves to another list is on one of them at any time. Exceptions come
 * first and go last, so that no rule acts on an exempted name meanwhile. */
static int write_all(struct cli_apply *apply)
{
    struct cli_importing *im = &apply->im;
    int code = im->given ? cli_given_make(&im->rules) : CLI_OK;
    if (code == CLI_OK && im->given && im->rules.n > 0)
        code = note_altered(apply);
    for (int pass = 0; pass < 4 && code == CLI_OK; pass++)
        code = write_changes(apply, pass >= 2, pass == 0 || pass == 3);
    return code == CLI_OK && im->given ? cli_given_tidy(&im->rules, &im->outcome) : code;
}

/* Compare, and judge the additions by the memory where the feed has a limit. CLI_NONE: too many
 * names were resolved. */
static int compare_and_look(struct cli_apply *apply, struct cli_diff *diff)
{
    struct cli_preview look;
    if (apply->im.max_touched == UINT64_MAX)
        return compare_all(apply, diff);
    int code = cli_preview_begin(&look, apply->cli, CLI_PREVIEW_DAYS);
    apply->look = &look;
    if (code == CLI_OK)
        code = compare_all(apply, diff);
    if (code == CLI_OK)
        code = cli_preview_judge(&look, apply->cli, apply->im.max_touched);
    apply->look = NULL;
    cli_preview_free(&look);
    return code;
}

static int put_changes_in_force(struct cli_apply *apply)
{
    struct cli_importing *im = &apply->im;
    struct cli_diff diff = {0};
    char why[SW_WHY_MAX];
    int code = im->given && apply->begun ? cli_given_settle(&im->rules) : CLI_OK;
    keep_last(&apply->changes);
    if (code == CLI_OK)
        code = compare_and_look(apply, &diff);
    if (code == CLI_OK &&
        cli_diff_judge(&diff, im->max_shrink, im->max_growth, why) != CLI_DIFF_FITS) {
        cli_error("by the changes %s", why);
        code = CLI_NONE;
    }
    apply->removed = diff.removed;
    return code == CLI_OK ? write_all(apply) : code;
}

/* ---- begin and end ---- */

/* The options of the definition as words of a command line. */
static int parse_options(struct cli_apply *apply, const json_t *options)
{
    struct cli_argv *words = &apply->words;
    char *word;
    cli_argv_add(words, cli_copy("sinkwatch feed"));
    for (const struct argp_option *o = cli_asked_options; o->name; o++) {
        const json_t *value = json_object_get(options, o->name);
        size_t n = json_is_array(value) ? json_array_size(value) : value ? 1 : 0;
        for (size_t i = 0; i < n; i++) {
            const json_t *one = json_is_array(value) ? json_array_get(value, i) : value;
            const char *text = json_string_value(one);
            if (asprintf(&word, text ? "--%s=%s" : "--%s", o->name, text ? text : "") < 0)
                abort();
            cli_argv_add(words, word);
        }
    }
    cli_argv_add_n(words, NULL, 0); /* ends the words */
    return argp_parse(&cli_asked_argp, words->n - 1, (char **)(uintptr_t)words->word, 0, NULL,
                      &apply->asked);
}

void cli_apply_begin(struct cli_apply *apply, struct cli *cli, const struct cli_feed_def *feed,
                     struct cli_lease *lease, struct cli_fetch *fetch)
{
    apply->cli = cli;
    apply->lease = lease;
    apply->fetch = fetch;
    apply->im.cli = cli;
    apply->im.list = feed->list;
    apply->im.source = feed->name;
    apply->im.stop = fetch->stop;
    apply->asked = (struct cli_asked){&apply->im, &apply->source};
    cli_asked_begin(&apply->asked);
    apply->im.max_growth = GROWTH_DEFAULT;
    parse_options(apply, feed->options);
    if (strncmp(feed->source, "rpz", 3) == 0) /* rpz:, rpz+tls: whatever types the zone has */
        apply->source.options.format = SW_FORMAT_RPZ;
    fetch->arg = apply;
    fetch->document = on_document;
    fetch->octets = on_octets;
    fetch->alive = on_alive;
}

/* A refused rule is on no list, so a later change of the rule cannot be applied: the next transfer
 * is of the whole zone. That transfer follows with the next run after an IXFR, and with the next
 * serial after a whole zone. */
static void ask_whole(struct cli_fetch *fetch, enum cli_fetched fetched)
{
    if (fetched == CLI_FETCH_WHOLE)
        json_object_set_new(fetch->next, "whole", json_true());
    else
        json_object_del(fetch->next, "serial");
}

int cli_apply_end(struct cli_apply *apply, enum cli_fetched fetched)
{
    struct cli_importing *im = &apply->im;
    bool good = fetched == CLI_FETCH_WHOLE || fetched == CLI_FETCH_CHANGES;
    if (good && apply->open && (!open_reader(apply) || !end_document(apply)))
        good = false;
    if (good && apply->lost)
        good = false;
    if (fetched == CLI_FETCH_UNCHANGED)
        return CLI_OK;
    if (!good)
        cli_error("feed '%s': %s", im->source, apply->fetch->why);
    if (good && !apply->begun && fetched == CLI_FETCH_WHOLE) {
        cli_error("nothing in %s can be a list", im->source);
        return CLI_NONE;
    }
    if (!apply->begun)
        return good ? CLI_OK : CLI_INPUT;
    cli_refusals_print(&im->refusals);
    int code = good ? CLI_OK : CLI_INPUT;
    if (good && cli_lease_extend(apply->lease, apply->cli, LEASE_APPLY_MS) != CLI_OK) {
        cli_error("feed '%s': the lease of the feed is lost", im->source);
        code = CLI_REDIS;
    }
    if (code == CLI_OK && fetched == CLI_FETCH_CHANGES)
        code = put_changes_in_force(apply);
    code = cli_importing_end(im, code);
    if (im->rules.refused)
        ask_whole(apply->fetch, fetched);
    return code;
}

void cli_apply_free(struct cli_apply *apply)
{
    for (size_t i = 0; i < apply->changes.n; i++)
        free_change(&apply->changes.one[i]);
    free(apply->changes.one);
    sw_reader_free(apply->reader);
    free(apply->document);
    cli_importing_free(&apply->im);
    for (int i = 0; i < apply->words.n; i++)
        free((char *)(uintptr_t)apply->words.word[i]);
    cli_argv_free(&apply->words);
}
