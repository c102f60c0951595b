/* judging.c - see judging.h. */
#include "cli/show/judging.h"

#include "cli/lists/edit.h"
#include "cli/output.h"
#include "feed/load.h"
#include "flow/decide.h"
#include "flow/match.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A name as the question, as an alias where a list has only that trigger, and as a name server. */
static void match_names(const struct sw_name *name, struct sw_matching *m)
{
    sw_match_name(m, SW_TRIGGER_QNAME, name->wire, name->len);
    m->except = SW_TRIGGER_BIT(SW_TRIGGER_QNAME);
    sw_match_name(m, SW_TRIGGER_CNAME, name->wire, name->len);
    m->except = 0;
    sw_match_server(m, name, name);
}

static void match_asn(uint32_t asn, struct sw_matching *m)
{
    sw_match_asn(m, SW_TRIGGER_CLIENT, asn);
    sw_match_asn(m, SW_TRIGGER_ASN, asn);
    sw_match_asn(m, SW_TRIGGER_NSIP, asn);
}

static void match_what(const struct sw_indicator *what, struct sw_matching *m)
{
    switch (what->type) {
    case SW_INDICATOR_DOMAIN:
        match_names(&what->name, m);
        break;
    case SW_INDICATOR_PREFIX:
        sw_match_client(m, &what->addr, NULL);
        sw_match_addr(m, &what->addr);
        sw_match_server_addr(m, &what->addr);
        break;
    case SW_INDICATOR_ASN:
        match_asn(what->asn, m);
        break;
    case SW_INDICATOR_HOLDER: /* no rule acts on a holder */
        break;
    }
}

static void decide_for(const struct sw_flow *flow, const struct sw_audience *audience,
                       struct cli_judged *j)
{
    j->by_transport = sw_decide_by_transport(audience);
    sw_decide(flow, audience, SW_OVER_TCP, &j->over_tcp);
    sw_match_hits(&j->match, audience, sw_decide(flow, audience, SW_OVER_UDP, &j->verdict),
                  &j->hits);
}

void cli_judge(const struct sw_flow *flow, struct cli_judged *j)
{
    struct sw_matching m;
    sw_match_begin(&m, flow, &j->match);
    m.every_group = true;
    match_what(&j->what, &m);
    decide_for(flow, &j->match.audience[0], j);
}

/* ---- client groups ---- */

/* The names of groups in a policy, a line each. */
static void add_groups(struct sw_groups *groups, const char *lines)
{
    while (*lines) {
        size_t len = strcspn(lines, "\n");
        if (len < SW_GROUPNAME_MAX && groups->n < SW_GROUPS_MAX &&
            !sw_groups_find(groups, lines, len))
            snprintf(groups->name[groups->n++], SW_GROUPNAME_MAX, "%.*s", (int)len, lines);
        lines += len;
        lines += *lines == '\n';
    }
}

void cli_judge_groups(const struct sw_flow *flow, const struct cli_judged *j, cli_audience_fn fn,
                      void *arg)
{
    struct sw_settings *settings = cli_alloc(1, sizeof(*settings));
    struct cli_audience *audience = cli_alloc(1, sizeof(*audience));
    struct sw_flow with_groups = *flow;
    struct sw_matching m;
    struct sw_match *match = &audience->judged.match;
    *settings = *flow->settings;
    for (size_t i = 0; i < j->match.n; i++)
        add_groups(&settings->groups, j->match.found[i].hit.list->groups);
    with_groups.settings = settings;
    audience->groups = &settings->groups;
    audience->judged.what = j->what;
    sw_match_begin(&m, &with_groups, match);
    match_what(&audience->judged.what, &m);
    for (size_t i = 0; i < match->audiences_n && match->audiences_n > 1; i++) {
        audience->set = match->audience[i].groups;
        decide_for(&with_groups, &match->audience[i], &audience->judged);
        fn(arg, audience);
    }
    free(audience);
    free(settings);
}

/* ---- loading ---- */

/* Items that a resolver refuses, and lists that are not in force: the first one in words. */
struct left_out {
    uint64_t items, lists;
    char first[2 * SW_WHY_MAX];
};

static void count_refused(void *arg, const struct sw_refusal *refusal)
{
    struct left_out *out = arg;
    out->items++;
    if (refusal->reason != SW_REFUSED_POLICY && refusal->reason != SW_REFUSED_KEY)
        return;
    if (out->lists++ == 0)
        snprintf(out->first, sizeof(out->first), "list '%.100s' is not in force: %s",
                 cli_clean_text(refusal->list), refusal->why);
}

/* Two lines at most, however broken the lists are: the question is about something else. */
static void say_left_out(const struct left_out *out)
{
    char more[80] = "";
    if (out->lists > 1)
        snprintf(more, sizeof(more), "; nor %s", cli_count(out->lists - 1, "list", "lists more"));
    if (out->lists)
        cli_error("%s%s", out->first, more);
    if (out->items)
        cli_error("left out %s of the lists, since a resolver refuses %s "
                  "('sinkwatch status' says why)",
                  cli_count(out->items, "item", "items"), out->items == 1 ? "it" : "them");
}

/* A Redis without lists: the verdict is not that of a resolver that had lists before. */
static int say_emptiness(struct cli *cli)
{
    uint64_t lists = 0;
    int code = cli_hash_length(cli, cli_key(cli, "lists"), &lists);
    if (code != CLI_OK || lists > 0)
        return code;
    cli_error("there is no list in Redis at %s", sw_redis_target(cli->redis));
    cli_hint("if Redis has lost them, resolvers go on with the lists that they have: "
             "'sinkwatch status'");
    return CLI_OK;
}

int cli_judging_load(struct cli *cli, struct sw_index *index)
{
    struct left_out left_out = {.items = 0};
    struct sw_load_hooks hooks = {.arg = &left_out, .refused = count_refused};
    if (sw_load_all(cli->redis, index, &hooks) != SW_OK)
        return cli_redis_failed(cli, NULL);
    say_left_out(&left_out);
    return say_emptiness(cli);
}
