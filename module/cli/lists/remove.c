/* remove.c - sinkwatch remove LIST INDICATOR... */
#include "cli/lists/edit.h"
#include "cli/output.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_WAIT = 300, KEY_AS_WRITTEN };

static const struct argp_option options[] = {
    {"wait", KEY_WAIT, "SECONDS", OPTION_ARG_OPTIONAL,
     "return when no live resolver enforces the indicators any more (default: 10 seconds at most)",
     0},
    {"as-written", KEY_AS_WRITTEN, NULL, 0,
     "only as written here or in canonical form: do not search the list for other spellings", 0},
    {0},
};

struct options {
    uint32_t wait_s;
    bool as_written;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct options *own = state->input;
    switch (key) {
    case KEY_WAIT:
        own->wait_s = cli_wait_seconds(state, arg);
        return 0;
    case KEY_AS_WRITTEN:
        own->as_written = true;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct cli_usage usage = {
    .words = "LIST INDICATOR...",
    .doc =
        "Take indicators off a list, in the listed form: example.net does not take =example.net "
        "off. Every spelling of an indicator goes (Example.NET, "
        "example.net.), wherever on the list another program wrote it."
        "\vAn indicator that was not on the list is named; the exit code is then 6, or 1 where "
        "none was. A "
        "list of a million is searched in about a second; an indicator in canonical form is out of "
        "force before that.\n\n"
        "Examples:\n"
        "  sinkwatch remove carbanak systemsvc.net --wait\n"
        "  sinkwatch remove carbanak -- -x.example.net   (a word with a hyphen first: after --)",
    .options = options,
    .parser = parse,
    .min = 2,
    .max = -1,
};

struct word {
    const char *given;
    char *text;     /* in canonical form, or the given text when no indicator */
    uint64_t found; /* fields removed */
};

struct removal {
    struct cli *cli;
    const char *list, *key;
    struct word *word; /* sorted by text */
    size_t n;
    struct cli_outcome outcome;
};

static void note_missing(json_t *missing, const char *word, const char *list)
{
    cli_error("'%s' is not on the list '%s'", cli_clean_text(word), list);
    json_array_append_new(missing, json_string(cli_clean_text(word)));
}

static int by_text(const void *a, const void *b)
{
    return strcmp(((const struct word *)a)->text, ((const struct word *)b)->text);
}

/* Understand all words, and sort them; the same indicator twice is one word. */
static void understand(struct removal *r, char **given, int n)
{
    char why[SW_WHY_MAX], text[SW_INDICATORTEXT_MAX];
    struct sw_indicator indicator;
    size_t kept = 0;
    for (int i = 1; i < n; i++) {
        bool parsed = sw_indicator_parse(given[i], strlen(given[i]), &indicator, why) == SW_OK;
        r->word[r->n].given = given[i];
        r->word[r->n++].text = cli_copy(parsed ? sw_indicator_text(&indicator, text) : given[i]);
    }
    qsort(r->word, r->n, sizeof(*r->word), by_text);
    for (size_t i = 1; i < r->n; i++) {
        if (strcmp(r->word[i].text, r->word[kept].text) == 0)
            free(r->word[i].text);
        else
            r->word[++kept] = r->word[i];
    }
    r->n = kept + 1;
}

/* ---- fields of the hash ---- */

/* Fields to remove in one MULTI, with the word of each. */
struct batch {
    char *field[CLI_BATCH];
    struct word *word[CLI_BATCH];
    size_t n;
};

static void forget(struct batch *batch)
{
    for (size_t i = 0; i < batch->n; i++)
        free(batch->field[i]);
    batch->n = 0;
}

/* HDEL for each field, and an entry with the indicators. The entry is written only for fields that
 * are there: resolvers take the indicators of an entry out of force at once. */
static int take_off(struct removal *r, struct batch *batch)
{
    struct cli_argv entry = {0};
    if (batch->n == 0)
        return CLI_OK;
    cli_change_entry(r->cli, &entry, "remove", r->list);
    cli_begin(r->cli);
    for (size_t i = 0; i < batch->n; i++) {
        struct cli_argv hdel = {0};
        cli_argv_add(&hdel, "HDEL");
        cli_argv_add(&hdel, r->key);
        cli_argv_add(&hdel, batch->field[i]);
        cli_change(r->cli, &hdel);
        cli_argv_free(&hdel);
        cli_argv_add(&entry, "i");
        cli_argv_add(&entry, batch->word[i]->text);
    }
    cli_change(r->cli, &entry);
    cli_argv_free(&entry);
    redisReply *replies = cli_commit_list(r->cli, r->list);
    if (!replies)
        return CLI_REDIS;
    for (size_t i = 0; i < batch->n && i < replies->elements; i++)
        batch->word[i]->found +=
            replies->element[i]->type == REDIS_REPLY_INTEGER && replies->element[i]->integer > 0;
    cli_outcome_id(&r->outcome, replies);
    freeReplyObject(replies);
    forget(batch);
    return CLI_OK;
}

static int add_field(struct removal *r, struct batch *batch, struct word *word, const char *field)
{
    batch->word[batch->n] = word;
    batch->field[batch->n++] = cli_copy(field);
    return batch->n == CLI_BATCH ? take_off(r, batch) : CLI_OK;
}

/* The fields in canonical form and in the given form, which need no search. */
static int take_known(struct removal *r, struct batch *batch)
{
    int code = CLI_OK;
    for (size_t i = 0; i < r->n && code == CLI_OK; i++) {
        struct word *word = &r->word[i];
        const char *const spelling[] = {word->text, word->given};
        for (int k = 0; k < 2 && code == CLI_OK; k++) {
            if (k == 1 && strcmp(spelling[0], spelling[1]) == 0)
                break;
            redisReply *reply = cli_ask(r->cli, "HEXISTS", r->key, spelling[k], CLI_END);
            code = !reply ? CLI_REDIS
                          : (reply->integer ? add_field(r, batch, word, spelling[k]) : CLI_OK);
            freeReplyObject(reply);
        }
    }
    return code == CLI_OK ? take_off(r, batch) : code;
}

/* Whether a field may be another spelling of a canonical form: of a name, by letters that no
 * canonical form has; addresses and AS numbers are looked at always. */
static bool is_odd(const redisReply *field)
{
    bool digit = field->len > 0 && field->str[0] >= '0' && field->str[0] <= '9';
    if (digit || (field->len > 2 && strncasecmp(field->str, "as", 2) == 0))
        return true;
    for (size_t i = 0; i < field->len; i++) {
        char c = field->str[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c && strchr("-_.*=/", c))))
            return true;
    }
    return field->len > 0 && field->str[field->len - 1] == '.';
}

/* The word whose indicator a field spells, or NULL. */
static struct word *word_of(struct removal *r, const redisReply *field)
{
    struct sw_indicator indicator;
    char why[SW_WHY_MAX], text[SW_INDICATORTEXT_MAX];
    if (sw_indicator_parse(field->str, field->len, &indicator, why) != SW_OK)
        return NULL;
    struct word wanted = {.text = sw_indicator_text(&indicator, text)};
    return bsearch(&wanted, r->word, r->n, sizeof(*r->word), by_text);
}

struct search {
    struct removal *r;
    struct batch *batch;
};

/* cli_fields_fn */
static int take_spelling(void *arg, const redisReply *fields)
{
    const struct search *search = arg;
    int code = CLI_OK;
    for (size_t i = 0; i + 1 < fields->elements && code == CLI_OK; i += 2) {
        const redisReply *field = fields->element[i];
        struct word *word = is_odd(field) ? word_of(search->r, field) : NULL;
        if (word)
            code = add_field(search->r, search->batch, word, field->str);
    }
    return code;
}

/* Search the whole list for other spellings, as other programs may have written them. */
static int take_other_spellings(struct removal *r, struct batch *batch)
{
    int code = cli_scan(r->cli, r->key, take_spelling, &(struct search){r, batch});
    return code == CLI_OK ? take_off(r, batch) : code;
}

/* ---- the whole ---- */

static int report(struct removal *r, int words)
{
    json_t *missing = json_array();
    uint64_t removed = 0;
    for (size_t i = 0; i < r->n; i++) {
        if (r->word[i].found)
            removed++;
        else
            note_missing(missing, r->word[i].given, r->list);
    }
    if (!r->cli->json && removed > 0)
        printf("%s: %s removed\n", r->list, cli_count(removed, "indicator", "indicators"));
    if (json_array_size(missing))
        r->outcome.code = removed ? CLI_PARTLY : CLI_NONE;
    r->outcome.members = json_pack("{s:I,s:o,s:i}", "removed", (json_int_t)removed, "not_there",
                                   missing, "words", words);
    return cli_report(r->cli, &r->outcome);
}

int cli_remove(struct cli *cli, int argc, char **argv)
{
    struct options own = {0};
    char **given;
    int n = cli_parse(cli, &usage, &own, argc, argv, &given);
    struct removal r = {.cli = cli, .list = given[0]};
    enum sw_kind kind;
    r.outcome = (struct cli_outcome){.list = given[0], .op = "remove", .wait_s = own.wait_s};
    cli_wait_hint(given, n, own.wait_s);
    int code = cli_connect(cli);
    if (code == CLI_OK)
        code = cli_list_kind(cli, given[0], &kind);
    if (code == CLI_OK)
        code = cli_changes_usable(cli);
    if (code != CLI_OK)
        return code;
    struct batch *batch = cli_alloc(1, sizeof(*batch));
    r.key = cli_key(cli, "list:%s", given[0]);
    r.word = cli_alloc((size_t)n, sizeof(*r.word));
    understand(&r, given, n);
    code = take_known(&r, batch);
    if (code == CLI_OK && !own.as_written)
        code = take_other_spellings(&r, batch);
    if (code == CLI_OK)
        code = report(&r, n - 1);
    for (size_t i = 0; i < r.n; i++)
        free(r.word[i].text);
    free(r.word);
    forget(batch);
    free(batch);
    return code;
}
