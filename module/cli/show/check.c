/* check.c - sinkwatch check: which rules match, which wins, by the resolver's own code. */
#include "base/rcu.h"
#include "cli/output.h"
#include "cli/show/judging.h"
#include "cli/show/ownership.h"
#include "cli/show/rules.h"
#include "owner/anomaly.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct argp_option options[] = {
    {"file", 'f', "FILE", 0,
     "judge the first word of each line (-: standard input), and print a line for each word that a "
     "rule acts on: word, list, action, indicator",
     0},
    {0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    const char **path = state->input;
    if (key != 'f')
        return ARGP_ERR_UNKNOWN;
    *path = arg;
    return 0;
}

static const struct cli_usage usage = {
    .words = "NAME|ADDRESS|ASN...",
    .doc = "Load all lists and judge, by the code that the resolver runs: the rules that match a "
           "name, an address, or an AS number (AS64500) as the question, in an answer, as a client "
           "or a name server; the winner with the reason, and the answer that a client gets."
           "\vThe command sends no DNS query: aliases and addresses of a name have to be checked "
           "separately. The exit code is 0 when a rule wins for any word, else 1.\n\n"
           "Examples:\n"
           "  sinkwatch check www.systemsvc.net 213.24.76.23 AS8342\n"
           "  sinkwatch check --file names.txt\n"
           "  sinkwatch check -- -x.example.net   (a word with a hyphen first: after --)",
    .options = options,
    .parser = parse,
    .min = 0,
    .max = -1,
};

#define OTHERS_MAX 64 /* indicators that explain, shown for a word */

struct other { /* an indicator of a list of a kind that only explains: protected, known */
    const struct sw_policy *list;
    char text[SW_INDICATORTEXT_MAX];
};

struct asked { /* a word and the matching rules */
    const char *word;
    struct cli_judged j;
    struct other other[OTHERS_MAX];
    size_t others, others_more;
    struct sw_owner owner;
    bool is_protected; /* an address that a list of kind ioc has, of a protected owner */
    struct sw_anomaly protected;
    const struct sw_flow *flow;
};

/* ---- judging ---- */

/* The subject of the question. "=" and "*." before a name are left out. */
static bool understand(struct asked *a)
{
    char why[SW_WHY_MAX] = "";
    enum sw_status status = sw_indicator_parse(a->word, strlen(a->word), &a->j.what, why);
    if (status == SW_OK && a->j.what.type == SW_INDICATOR_PREFIX &&
        a->j.what.addr.plen < sw_addr_bits(&a->j.what.addr))
        snprintf(why, sizeof(why), "a prefix; ask for a single address of the prefix");
    else if (status == SW_OK)
        return true;
    cli_error("'%s' is neither a name, an address nor an AS number: %s", cli_clean_text(a->word),
              why);
    return false;
}

/* A look-up of lists that explain: the argument of add_other(). */
struct explaining {
    struct asked *a;
    const struct sw_view *view;
    const struct sw_addr *addr; /* that is looked up, or NULL */
    const char *holder;         /* the same, as an indicator's text */
};

/* sw_hit_fn */
static void add_other(void *arg, const struct sw_hit *hit)
{
    const struct explaining *e = arg;
    struct asked *a = e->a;
    if (hit->list->kind != SW_KIND_PROTECTED && hit->list->kind != SW_KIND_KNOWN)
        return;
    if (a->others == OTHERS_MAX) {
        a->others_more++;
        return;
    }
    struct other *other = &a->other[a->others++];
    other->list = hit->list;
    if (hit->type == SW_INDICATOR_HOLDER)
        snprintf(other->text, sizeof(other->text), "%s", e->holder);
    else
        sw_hit_text(hit, a->j.what.name.len ? a->j.what.name.wire : NULL, e->addr, other->text);
}

static void explain_by_holder(struct explaining *e, const struct sw_indicator *holder)
{
    e->holder = holder->holder;
    sw_view_find_holder(e->view, holder, add_other, e);
}

/* value "": not known */
static void explain_by(struct explaining *e, const char *what, const char *value)
{
    struct sw_indicator holder;
    if (value[0] && sw_indicator_holder(what, value, &holder) == SW_OK)
        explain_by_holder(e, &holder);
}

/* The indicators that a resolver looks up for an address in an answer (owner/anomaly.c): the
 * address, an embedded IPv4 address, the AS, and the holder by name, class and country. A resolver
 * stops at the first one that a list has; here each one is shown. */
static void explain_address(struct explaining *e)
{
    const struct sw_owner *owner = &e->a->owner;
    struct sw_addr embedded;
    e->addr = &e->a->j.what.addr;
    sw_view_find_addr(e->view, SW_TRIGGERS_DEFAULT, e->addr, add_other, e);
    if (e->addr->family == 6 && sw_addr_embedded(e->addr, &embedded) == SW_OK) {
        e->addr = &embedded;
        sw_view_find_addr(e->view, SW_TRIGGERS_DEFAULT, e->addr, add_other, e);
    }
    if (owner->asn)
        sw_view_find_asn(e->view, SW_TRIGGERS_DEFAULT, owner->asn, add_other, e);
    explain_by(e, "registrant", owner->registrant[0] ? owner->registrant : owner->org);
    explain_by(e, "class", sw_class_name((enum sw_class)owner->class));
    explain_by(e, "country", owner->country);
}

static void find_others(struct asked *a, const struct sw_view *view)
{
    struct explaining e = {.a = a, .view = view};
    switch (a->j.what.type) {
    case SW_INDICATOR_DOMAIN:
        sw_view_find_name(view, SW_TRIGGERS_DEFAULT, a->j.what.name.wire, a->j.what.name.len,
                          add_other, &e);
        break;
    case SW_INDICATOR_PREFIX:
        explain_address(&e);
        break;
    case SW_INDICATOR_ASN:
        sw_view_find_asn(view, SW_TRIGGERS_DEFAULT, a->j.what.asn, add_other, &e);
        break;
    case SW_INDICATOR_HOLDER:
        explain_by_holder(&e, &a->j.what);
        break;
    }
}

/* An address that some list of kind ioc has, while a protected list or class covers it: a block
 * would hit that owner. */
static void judge_protection(struct asked *a, const struct sw_view *view)
{
    bool listed = false;
    for (size_t i = 0; i < a->j.hits.n; i++)
        listed = listed || a->j.hits.rule[i]->hit.list->kind == SW_KIND_IOC;
    a->is_protected = listed && a->j.what.type == SW_INDICATOR_PREFIX &&
                      sw_anomaly_protected_owner(a->flow->settings->protected_classes, view,
                                                 &a->j.what.addr, &a->owner, &a->protected);
}

static void judge(struct asked *a)
{
    struct sw_view view = sw_index_view(a->flow->index);
    cli_judge(a->flow, &a->j);
    if (a->j.what.type == SW_INDICATOR_PREFIX)
        sw_owner_find(a->flow->owners, &a->j.what.addr, &a->owner);
    find_others(a, &view);
    judge_protection(a, &view);
}

/* ---- printing ---- */

static const char *result(const struct asked *a, const struct sw_found *found)
{
    if (found == a->j.hits.winner)
        return "wins";
    return found->hit.list->kind == SW_KIND_WATCH ? "observed" : "";
}

static void print_table(const struct cli *cli, const struct asked *a)
{
    struct cli_table *table = cli_table_new(cli, "RESULT", "~LIST", "KIND", "ACTION", ">PRIORITY",
                                            "TRIGGER", "~INDICATOR", CLI_END);
    char text[SW_INDICATORTEXT_MAX], priority[8];
    for (size_t i = 0; i < a->j.hits.n; i++) {
        const struct sw_found *found = a->j.hits.rule[i];
        const struct sw_policy *p = found->hit.list;
        snprintf(priority, sizeof(priority), "%u", p->priority);
        cli_table_row(table, result(a, found), p->name, sw_kind_name(p->kind),
                      sw_action_name(p->action), priority, sw_trigger_name(found->trigger),
                      cli_found_text(found, text));
        if (found == a->j.hits.winner)
            cli_table_style(table, p->kind == SW_KIND_ALLOW ? CLI_GOOD : CLI_BAD);
    }
    for (size_t i = 0; i < a->others; i++) {
        const struct sw_policy *p = a->other[i].list;
        cli_table_row(table, p->kind == SW_KIND_PROTECTED ? "protects" : "explains", p->name,
                      sw_kind_name(p->kind), "", "", "", a->other[i].text);
    }
    cli_table_print(table, 2);
    if (a->j.hits.more || a->others_more)
        printf("  and %zu more\n", a->j.hits.more + a->others_more);
}

static void print_protection(const struct cli *cli, const struct asked *a)
{
    const struct sw_anomaly *by = &a->protected;
    if (!a->is_protected)
        return;
    printf("  %san indicator inside a protected owner: %s%s%s%s%s%s\n", cli_style(cli, CLI_BAD),
           cli_clean_text(by->protected_by), by->list[0] ? " of list " : " of protected-classes",
           by->list, by->protected_owner[0] ? ", " : "", cli_clean_text(by->protected_owner),
           cli_style(cli, CLI_PLAIN));
}

/* "kids, staff, no group" of an audience. */
static void name_groups(const struct cli_audience *audience, char *out, size_t max)
{
    size_t used = 0;
    out[0] = '\0';
    for (unsigned i = 1; i <= audience->groups->n; i++)
        if (audience->set >> i & 1 && used < max)
            used += (size_t)snprintf(out + used, max - used, "%s%s", used ? ", " : "",
                                     audience->groups->name[i - 1]);
    if (audience->set & 1 && used < max)
        snprintf(out + used, max - used, "%sno group", used ? ", " : "");
}

/* cli_audience_fn */
static void print_audience(void *arg, const struct cli_audience *audience)
{
    char groups[SW_GROUPS_MAX * (SW_GROUPNAME_MAX + 2)], words[CLI_WORDS_MAX];
    (void)arg;
    name_groups(audience, groups, sizeof(groups));
    printf("  clients of %s get: %s\n", groups,
           audience->judged.hits.winner ? cli_gets(&audience->judged.verdict, words)
                                        : "the true answer");
}

static void print_text(const struct cli *cli, const struct asked *a)
{
    char words[CLI_WORDS_MAX];
    printf("%s%s%s\n", cli_style(cli, CLI_BOLD), cli_clean_text(a->word),
           cli_style(cli, CLI_PLAIN));
    if (a->j.what.type == SW_INDICATOR_PREFIX)
        cli_owner_print(cli, &a->j.what.addr, &a->owner);
    print_table(cli, a);
    print_protection(cli, a);
    if (!a->j.hits.winner) {
        printf("  %s%s\n",
               a->j.match.rules ? "no rule acts: the true answer"
                                : "no rule matches: the true answer",
               a->j.what.type == SW_INDICATOR_DOMAIN ? " (aliases and addresses were not looked up)"
                                                     : "");
        return;
    }
    printf("  %s wins: %s\n", a->j.verdict.list, cli_why(&a->j.hits, words));
    printf("  a client gets: %s\n", cli_gets(&a->j.verdict, words));
    if (a->j.by_transport)
        printf("  over TCP: %s\n", cli_gets(&a->j.over_tcp, words));
    cli_judge_groups(a->flow, &a->j, print_audience, NULL);
}

/* cli_audience_fn */
static void add_audience(void *arg, const struct cli_audience *audience)
{
    const struct cli_judged *j = &audience->judged;
    char words[CLI_WORDS_MAX];
    json_t *one = json_object(), *groups = json_array();
    for (unsigned i = 1; i <= audience->groups->n; i++)
        if (audience->set >> i & 1)
            json_array_append_new(groups, json_string(audience->groups->name[i - 1]));
    json_object_set_new(one, "groups", groups);
    json_object_set_new(one, "no_group", json_boolean(audience->set & 1));
    json_object_set_new(one, "verdict",
                        j->hits.winner ? cli_verdict_json(&j->verdict) : json_null());
    if (j->hits.winner)
        json_object_set_new(one, "why", json_string(cli_why(&j->hits, words)));
    if (j->by_transport)
        json_object_set_new(one, "verdict_over_tcp", cli_verdict_json(&j->over_tcp));
    json_array_append_new(arg, one);
}

static json_t *make_json(const struct asked *a)
{
    bool wins = a->j.hits.winner;
    char text[SW_INDICATORTEXT_MAX], words[CLI_WORDS_MAX];
    json_t *out = json_object(), *matches = json_array(), *others = json_array();
    json_t *audiences = json_array();
    for (size_t i = 0; i < a->j.hits.n; i++) {
        const struct sw_found *found = a->j.hits.rule[i];
        const struct sw_policy *p = found->hit.list;
        json_array_append_new(
            matches, json_pack("{s:s,s:s,s:s,s:i,s:b,s:s,s:s,s:b}", "list", p->name, "kind",
                               sw_kind_name(p->kind), "action", sw_action_name(p->action),
                               "priority", (int)p->priority, "shadow", p->shadow, "trigger",
                               sw_trigger_name(found->trigger), "indicator",
                               cli_found_text(found, text), "winner", found == a->j.hits.winner));
    }
    for (size_t i = 0; i < a->others; i++)
        json_array_append_new(others, json_pack("{s:s,s:s,s:s}", "list", a->other[i].list->name,
                                                "kind", sw_kind_name(a->other[i].list->kind),
                                                "indicator", a->other[i].text));
    cli_json_set(out, "query", a->word);
    json_object_set_new(out, "matches", matches);
    if (a->j.hits.more)
        json_object_set_new(out, "matches_more", json_integer((json_int_t)a->j.hits.more));
    json_object_set_new(out, "explained_by", others);
    if (a->others_more)
        json_object_set_new(out, "explained_by_more", json_integer((json_int_t)a->others_more));
    if (a->is_protected)
        json_object_set_new(out, "protected",
                            json_pack("{s:s,s:s,s:s}", "list", a->protected.list, "indicator",
                                      a->protected.protected_by, "owner",
                                      a->protected.protected_owner));
    json_object_set_new(out, "verdict", wins ? cli_verdict_json(&a->j.verdict) : json_null());
    if (wins)
        json_object_set_new(out, "why", json_string(cli_why(&a->j.hits, words)));
    if (a->j.by_transport)
        json_object_set_new(out, "verdict_over_tcp", cli_verdict_json(&a->j.over_tcp));
    cli_judge_groups(a->flow, &a->j, add_audience, audiences);
    if (json_array_size(audiences) > 0)
        json_object_set(out, "by_group", audiences);
    json_decref(audiences);
    if (a->j.what.type == SW_INDICATOR_PREFIX)
        json_object_set_new(out, "owner", cli_owner_json(&a->j.what.addr, &a->owner));
    return out;
}

json_t *cli_check_json(const struct sw_flow *flow, const char *word)
{
    struct asked *asked = cli_alloc(1, sizeof(*asked));
    asked->word = word;
    asked->flow = flow;
    json_t *out = NULL;
    if (understand(asked)) {
        judge(asked);
        out = make_json(asked);
    }
    free(asked);
    return out;
}

/* ---- the whole ---- */

/* Judge the words of the command. CLI_NONE: no rule acts on any. */
static int check_words(struct cli *cli, const struct sw_flow *flow, char **words, int n)
{
    struct asked *asked = cli_alloc(1, sizeof(*asked));
    bool any = false;
    for (int i = 0; i < n; i++) {
        memset(asked, 0, sizeof(*asked));
        asked->word = words[i];
        asked->flow = flow;
        if (!understand(asked))
            continue;
        judge(asked);
        any = any || asked->j.hits.winner;
        if (cli->json)
            cli_json(make_json(asked));
        else
            print_text(cli, asked);
    }
    free(asked);
    return any ? CLI_OK : CLI_NONE;
}

int cli_check(struct cli *cli, int argc, char **argv)
{
    const char *path = NULL;
    char **words;
    int n = cli_parse(cli, &usage, &path, argc, argv, &words);
    if ((n == 0) != (path != NULL)) {
        cli_error(path ? "either words or --file, not both" : "nothing to check");
        return CLI_USAGE;
    }
    int code = cli_connect(cli);
    if (code != CLI_OK)
        return code;
    struct sw_index *index = sw_index_new();
    struct sw_flow flow = {.settings = &cli->settings, .index = index, .owners = cli_owners(cli)};
    if (!index)
        abort();
    code = cli_judging_load(cli, index);
    sw_rcu_enter();
    if (code == CLI_OK)
        code = path ? cli_judge_file(cli, &flow, path) : check_words(cli, &flow, words, n);
    sw_rcu_leave();
    sw_index_free(index);
    return code;
}
