/* add.c - sinkwatch add LIST INDICATOR... */
#include "base/clock.h"
#include "base/expires.h"
#include "cli/lists/edit.h"
#include "cli/lists/harm.h"
#include "cli/output.h"

#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_FACTS = 300, KEY_EXPIRES, KEY_FOR, KEY_WAIT, KEY_SUFFIX };

static const struct argp_option options[] = {
    {"facts", KEY_FACTS, "JSON", 0,
     "known facts, a JSON object; without this option a listed indicator keeps the former facts",
     0},
    {"expires", KEY_EXPIRES, "TIME", 0,
     "end of the indicators: 2026-12-31T00:00:00Z or seconds since 1970, or never", 0},
    {"for", KEY_FOR, "SPAN", 0,
     "the indicators end after this time, such as 12h or 7d (default: the list's lifetime)", 0},
    {"wait", KEY_WAIT, "SECONDS", OPTION_ARG_OPTIONAL,
     "return when every live resolver enforces the change (default: 10 seconds at most)", 0},
    {"allow-suffix", KEY_SUFFIX, "NAME", 0,
     "accept this top-level domain or public suffix (may be given several times)", 0},
    {0},
};

struct add {
    char *facts;   /* compact JSON, or NULL */
    char *expires; /* RFC 3339, or NULL */
    bool never;
    struct cli_names suffixes; /* permitted */
    uint32_t wait_s;
};

/* An end that has passed would never be in force. */
static void refuse_past(const struct argp_state *state, const char *option, uint32_t at)
{
    char text[SW_TIMETEXT_MAX];
    if (at != 0 && (int64_t)at * 1000000 <= sw_clock_wall_us())
        argp_error(state, "%s: %s has passed: the indicators would never be in force", option,
                   sw_time_text((int64_t)at * 1000000, text));
}

/* Facts in compact form; a text that is no JSON object is a usage error. */
static char *parse_facts(const struct argp_state *state, const char *text)
{
    json_error_t error = {0};
    json_t *facts = json_loads(text, JSON_REJECT_DUPLICATES, &error);
    if (!json_is_object(facts))
        argp_error(state, "--facts: not a JSON object such as {\"campaign\":\"carbanak\"}: %s",
                   facts ? "some other value" : error.text);
    char *compact = json_dumps(facts, JSON_COMPACT);
    uint32_t at = 0;
    json_decref(facts);
    if (sw_facts_expires(compact, strlen(compact), &at) != SW_OK)
        argp_error(state, "--facts: %s", SW_EXPIRES_WHY);
    refuse_past(state, "--facts: expires", at);
    return compact;
}

/* The end as RFC 3339; another text is a usage error. */
static void parse_expires(struct add *add, const struct argp_state *state, const char *text)
{
    char out[SW_TIMETEXT_MAX];
    uint32_t at = 0;
    free(add->expires);
    add->expires = NULL;
    add->never = strcmp(text, "never") == 0;
    if (add->never)
        return;
    if (!*text || sw_expires_parse(text, strlen(text), &at) != SW_OK)
        argp_error(state, "--expires: '%s' is no time such as 2026-12-31T00:00:00Z, nor never",
                   text);
    refuse_past(state, "--expires", at);
    add->expires = cli_copy(sw_time_text((int64_t)at * 1000000, out));
}

static void parse_for(struct add *add, const struct argp_state *state, const char *text)
{
    int64_t span = (int64_t)cli_span(state, "--for", text) * 1000000;
    char out[SW_TIMETEXT_MAX];
    free(add->expires);
    add->never = false;
    add->expires = cli_copy(sw_time_text(sw_clock_wall_us() + span, out));
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct add *add = state->input;
    switch (key) {
    case KEY_FACTS:
        add->facts = parse_facts(state, arg);
        return 0;
    case KEY_EXPIRES:
        parse_expires(add, state, arg);
        return 0;
    case KEY_FOR:
        parse_for(add, state, arg);
        return 0;
    case KEY_WAIT:
        add->wait_s = cli_wait_seconds(state, arg);
        return 0;
    case KEY_SUFFIX:
        cli_names_add(&add->suffixes, state, "--allow-suffix", arg);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct cli_usage usage = {
    .words = "LIST INDICATOR...",
    .doc = "Put indicators on a list.\n\n"
           "  example.net         the name and every name below\n"
           "  =example.net        only the name itself\n"
           "  *.example.net       only the names below\n"
           "  192.0.2.1, 2001:db8::/32   an address, a prefix\n"
           "  AS64500             every address of this AS\n"
           "  registrant:Acme, class:bank, country:RU   every address of such a holder: only on\n"
           "                      lists of kind protected and known\n"
           "\vExamples:\n"
           "  sinkwatch add carbanak systemsvc.net =www.example.net --wait\n"
           "  sinkwatch add carbanak 198.51.100.0/24 --facts '{\"reference\":\"report 7\"}'\n"
           "  sinkwatch add carbanak systemsvc.net --for 30d\n"
           "  sinkwatch add carbanak -- -x.example.net   (a word with a hyphen first: after --)",
    .options = options,
    .parser = parse,
    .min = 2,
    .max = -1,
};

/* Parse a word: the canonical text, or NULL after an error message and a note in refused. */
static char *judge(const char *word, const struct cli_names *allowed, enum sw_kind kind,
                   json_t *refused)
{
    struct sw_indicator indicator;
    char why[SW_WHY_MAX] = "", text[SW_INDICATORTEXT_MAX];
    bool safe = kind == SW_KIND_IOC || kind == SW_KIND_ALLOW, harmful = false;
    if (sw_indicator_parse(word, strlen(word), &indicator, why) == SW_OK) {
        const char *useless = cli_never_matches(&indicator, kind);
        harmful = safe && cli_harmful(&indicator, why) && !cli_allowed(allowed, &indicator);
        if (!harmful && !useless)
            return cli_copy(sw_indicator_text(&indicator, text));
        if (useless)
            snprintf(why, sizeof(why), "%s", useless);
    }
    cli_error("'%s' is refused: %s", cli_clean_text(word), why);
    if (harmful)
        cli_hint("'--allow-suffix %s' adds the indicator all the same", cli_clean_text(word));
    json_t *one = json_object();
    cli_json_set(one, "item", word);
    cli_json_set(one, "why", why);
    json_array_append_new(refused, one);
    return NULL;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(a, b);
}

static void forget_nothing(void *text)
{
    (void)text;
}

/* Judge all words; the accepted ones, each once, go into texts. Returns their number. */
static size_t judge_all(char **words, int n, const struct cli_names *allowed, enum sw_kind kind,
                        char **texts, json_t *refused)
{
    void *seen = NULL;
    size_t kept = 0;
    for (int i = 1; i < n; i++) {
        char *text = judge(words[i], allowed, kind, refused);
        if (text && *(char **)tsearch(text, &seen, by_text) == text)
            texts[kept++] = text;
        else
            free(text);
    }
    tdestroy(seen, forget_nothing);
    return kept;
}

/* Add the accepted indicators, CLI_BATCH at a time, all with the same facts. */
static int put_all(struct cli *cli, char *const *texts, size_t n, char *facts,
                   struct cli_outcome *outcome, uint64_t *fresh)
{
    char none[] = "", *each[CLI_BATCH];
    for (size_t i = 0; i < CLI_BATCH; i++)
        each[i] = facts ? facts : none;
    for (size_t at = 0; at < n; at += CLI_BATCH) {
        size_t some = n - at < CLI_BATCH ? n - at : CLI_BATCH;
        int code = cli_put(cli, texts + at, each, some, fresh, outcome);
        if (code != CLI_OK)
            return code;
    }
    return CLI_OK;
}

/* expires: RFC 3339; "" or NULL: no end that this run has set. */
static void say_added(const struct cli *cli, const struct cli_outcome *outcome, uint64_t fresh,
                      size_t n)
{
    const char *expires = outcome->expires ? outcome->expires : "";
    if (cli->json || n == 0)
        return;
    printf("%s: %s added", outcome->list, cli_count(fresh, "indicator", "indicators"));
    if (n > fresh)
        printf(", %ju there already", (uintmax_t)(n - fresh));
    printf("%s%s\n", expires[0] ? ", until " : "", expires);
}

/* What happened, for --json. */
static json_t *make_members(const struct cli_outcome *outcome, uint64_t fresh, size_t n,
                            json_t *refused)
{
    json_t *out = json_pack("{s:I,s:I,s:O}", "added", (json_int_t)fresh, "there",
                            (json_int_t)(n - fresh), "refused", refused);
    if (outcome->expires && outcome->expires[0])
        json_object_set_new(out, "expires", json_string(outcome->expires));
    return out;
}

int cli_add(struct cli *cli, int argc, char **argv)
{
    struct add add = {0};
    char **words;
    int words_n = cli_parse(cli, &usage, &add, argc, argv, &words);
    struct cli_outcome outcome = {.list = words[0], .op = "add", .wait_s = add.wait_s};
    enum sw_kind kind = SW_KIND_IOC;
    uint64_t fresh = 0;
    size_t n = 0;
    int code = cli_connect(cli);
    if (code == CLI_OK)
        code = cli_list_kind(cli, words[0], &kind);
    if (code == CLI_OK)
        code = cli_changes_usable(cli);
    /* An end in the given facts counts as an end by option. */
    bool end_known = add.expires || add.never || (add.facts && strstr(add.facts, "\"expires\""));
    if (code == CLI_OK && !end_known)
        code = cli_list_lifetime(cli, words[0], &add.expires);
    if (code != CLI_OK)
        return code;
    outcome.expires = add.never ? "" : add.expires;
    json_t *refused = json_array();
    char **texts = cli_alloc((size_t)words_n, sizeof(*texts));
    n = judge_all(words, words_n, &add.suffixes, kind, texts, refused);
    cli_wait_hint(words, words_n, add.wait_s);
    code = put_all(cli, texts, n, add.facts, &outcome, &fresh);
    if (code == CLI_OK) {
        say_added(cli, &outcome, fresh, n);
        if (json_array_size(refused))
            outcome.code = n ? CLI_PARTLY : CLI_NONE;
        outcome.members = make_members(&outcome, fresh, n, refused);
        code = cli_report(cli, &outcome);
    }
    for (size_t i = 0; i < n; i++)
        free(texts[i]);
    free(texts);
    free(add.suffixes.name);
    free(add.facts);
    free(add.expires);
    json_decref(refused);
    return code;
}
