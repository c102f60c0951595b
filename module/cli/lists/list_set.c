/* list_set.c - sinkwatch list set NAME: create a list, or change members of the policy. */
#include "base/policy.h"
#include "cli/lists/harm.h"
#include "cli/lists/list_look.h"
#include "cli/lists/listparts.h"
#include "cli/output.h"
#include "index/index.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TRIES 10 /* changes that another writer may foil one after the other */

enum {
    KEY_KIND = 300,
    KEY_ACTION,
    KEY_PRIORITY,
    KEY_SHADOW,
    KEY_NO_SHADOW,
    KEY_OBSERVE,
    KEY_NO_OBSERVE,
    KEY_SINKHOLE4,
    KEY_SINKHOLE6,
    KEY_CNAME,
    KEY_RECORD,
    KEY_TTL,
    KEY_LIFETIME,
    KEY_EDE,
    KEY_OWNER,
    KEY_NOTE,
    KEY_GROUP,
    KEY_TRIGGER,
    KEY_JUSTIFICATION,
    KEY_SUB_ERROR,
    KEY_OWNERS,
    KEY_NS_OWNERS,
    KEY_PREVIEW,
    KEY_TOUCHED,
    KEY_BASELINE_DAYS, /* the limits, in the order of enum sw_limit */
    KEY_WAIT = KEY_BASELINE_DAYS + SW_LIMIT_COUNT
};

static const struct argp_option options[] = {
    {"kind", KEY_KIND, "KIND", 0, "ioc (default), allow, watch, protected, known", 0},
    {"action", KEY_ACTION, "ACTION", 0,
     "passthru, monitor (default), nxdomain, nodata, refused, drop, tcp-only, sinkhole, cname", 0},
    {"priority", KEY_PRIORITY, "N", 0, "0 to 65535, the smaller wins (default 1000)", 0},
    {"shadow", KEY_SHADOW, NULL, 0, "decide and record, but send the true answer", 0},
    {"no-shadow", KEY_NO_SHADOW, NULL, 0, "end that (default)", 0},
    {"observe", KEY_OBSERVE, NULL, 0,
     "resolve the true answer even if the action does not need the answer", 0},
    {"no-observe", KEY_NO_OBSERVE, NULL, 0, "end that (default)", 0},
    {"sinkhole4", KEY_SINKHOLE4, "ADDRESS", 0, "landing address for A ('': the resolver's)", 0},
    {"sinkhole6", KEY_SINKHOLE6, "ADDRESS", 0, "landing address for AAAA ('': the resolver's)", 0},
    {"cname", KEY_CNAME, "NAME", 0, "walled garden for action cname ('': the resolver's)", 0},
    {"record", KEY_RECORD, "RECORD", 0,
     "local data for action sinkhole, such as 'MX 10 mail.example.'; may be repeated ('': none)",
     0},
    {"ttl", KEY_TTL, "SECONDS", 0, "time to live of rewritten answers, 0 to 86400 (default 60)", 0},
    {"lifetime", KEY_LIFETIME, "SPAN", 0,
     "new indicators expire after this time, such as 12h or 7d (0, the default: never)", 0},
    {"ede", KEY_EDE, "CODE", 0, "extended DNS error: auto (default), off, or a number", 0},
    {"owner", KEY_OWNER, "TEXT", 0, "whose these addresses are (kinds protected, known)", 0},
    {"owners", KEY_OWNERS, "OWNER", 0,
     "kind watch: an owner of the names' addresses (AS number, prefix, registrant); may be "
     "repeated ('': none is declared)",
     0},
    {"ns-owners", KEY_NS_OWNERS, "OWNER", 0,
     "the same for the addresses of the names' name servers; may be repeated", 0},
    {"baseline-days", KEY_BASELINE_DAYS + SW_LIMIT_BASELINE_DAYS, "N", 0,
     "owner-change: days before a new holder is news ('': the resolver's, as for the next four)",
     0},
    {"baseline-count", KEY_BASELINE_DAYS + SW_LIMIT_BASELINE_COUNT, "N", 0,
     "owner-change: answers before a new holder is news", 0},
    {"flux-hours", KEY_BASELINE_DAYS + SW_LIMIT_FLUX_HOURS, "N", 0,
     "owner-flux: hours in which AS are counted", 0},
    {"flux-as-min", KEY_BASELINE_DAYS + SW_LIMIT_FLUX_AS, "N", 0,
     "owner-flux: least number of AS in these hours", 0},
    {"flux-as-percent", KEY_BASELINE_DAYS + SW_LIMIT_FLUX_PERCENT, "N", 0,
     "owner-flux: least number of AS for a hundred addresses", 0},
    {"note", KEY_NOTE, "TEXT", 0, "for people", 0},
    {"group", KEY_GROUP, "NAME", 0,
     "only for clients of this group of the resolvers' settings; may be repeated ('': everybody)",
     0},
    {"trigger", KEY_TRIGGER, "TRIGGER", 0,
     "data that the indicators are compared with: client, qname, cname, address, asn, nsdname, "
     "nsip; may be repeated ('': qname, cname, address and asn)",
     0},
    {"justification", KEY_JUSTIFICATION, "TEXT", 0,
     "structured errors: the reason, for clients ('': the resolver's)", 0},
    {"sub-error", KEY_SUB_ERROR, "CODE", 0,
     "structured errors: 1 malware, 2 phishing, 3 spam, 4 spyware, 5 network's policy, 6 "
     "resolver's "
     "policy, 0 none (default)",
     0},
    {"preview", KEY_PREVIEW, "DAYS", OPTION_ARG_OPTIONAL,
     "write nothing, and show the names that the list covers and that were resolved in the last "
     "days (default: 7), by the memory of this resolver",
     0},
    {"max-touched", KEY_TOUCHED, "N", 0,
     "leave the list as it is if the policy would change answers for more than N of these names",
     0},
    {"wait", KEY_WAIT, "SECONDS", OPTION_ARG_OPTIONAL,
     "return when every live resolver has applied the change (default: 10 seconds at most)", 0},
    {0},
};

struct set {
    json_t *members; /* the given members: null takes a member out */
    uint32_t wait_s;
    struct cli_list_look look;
};

/* Text of a member; "" takes the member out. Must be UTF-8, as JSON is. */
static void put_text(const struct argp_state *state, const char *member, const char *text)
{
    struct set *set = state->input;
    json_t *value = text[0] ? json_string(text) : json_null();
    if (!value)
        argp_error(state, "--%s: not UTF-8", member);
    json_object_set_new(set->members, member, value);
}

/* Another text of a member that is an array; "" takes all texts out. */
static void put_more(const struct argp_state *state, const char *option, const char *member,
                     const char *text)
{
    struct set *set = state->input;
    json_t *array = json_object_get(set->members, member);
    if (!text[0] || !json_is_array(array)) {
        array = text[0] ? json_array() : json_null();
        json_object_set_new(set->members, member, array);
    }
    if (text[0] && json_array_append_new(array, json_string(text)) != 0)
        argp_error(state, "--%s: not UTF-8", option);
}

static void put_ede(const struct argp_state *state, const char *text)
{
    struct set *set = state->input;
    if (strcmp(text, "auto") == 0 || strcmp(text, "off") == 0)
        put_text(state, "ede", text);
    else
        json_object_set_new(set->members, "ede",
                            json_integer((json_int_t)cli_number(
                                state, "--ede (auto, off, or a code)", text, 0, 65535)));
}

/* The member for an option with text that goes into the policy unchanged; NULL for others. */
static const char *text_member(int key)
{
    switch (key) {
    case KEY_KIND:
        return "kind";
    case KEY_ACTION:
        return "action";
    case KEY_SINKHOLE4:
        return "sinkhole4";
    case KEY_SINKHOLE6:
        return "sinkhole6";
    case KEY_CNAME:
        return "cname";
    case KEY_OWNER:
        return "owner";
    case KEY_NOTE:
        return "note";
    case KEY_JUSTIFICATION:
        return "justification";
    default:
        return NULL;
    }
}

/* A limit of ownership; "" takes the member out. sw_policy_parse() judges the number. */
static void put_limit(const struct argp_state *state, enum sw_limit limit, const char *text)
{
    struct set *set = state->input;
    char option[32];
    snprintf(option, sizeof(option), "--%s", sw_limit_name(limit));
    for (char *at = option; *at; at++)
        *at = *at == '_' ? '-' : *at;
    json_t *value = text[0] ? json_integer((json_int_t)cli_number(state, option, text, 0, 1000000))
                            : json_null();
    json_object_set_new(set->members, sw_limit_name(limit), value);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct set *set = state->input;
    const char *member = text_member(key);
    if (key >= KEY_BASELINE_DAYS && key < KEY_BASELINE_DAYS + SW_LIMIT_COUNT) {
        put_limit(state, (enum sw_limit)(key - KEY_BASELINE_DAYS), arg);
        return 0;
    }
    if (member) {
        put_text(state, member, arg);
        return 0;
    }
    switch (key) {
    case KEY_PRIORITY:
        json_object_set_new(
            set->members, "priority",
            json_integer((json_int_t)cli_number(state, "--priority", arg, 0, 65535)));
        return 0;
    case KEY_TTL:
        json_object_set_new(set->members, "ttl",
                            json_integer((json_int_t)cli_number(state, "--ttl", arg, 0, 86400)));
        return 0;
    case KEY_SUB_ERROR:
        json_object_set_new(
            set->members, "sub_error",
            json_integer((json_int_t)cli_number(state, "--sub-error", arg, 0, 255)));
        return 0;
    case KEY_LIFETIME:
        json_object_set_new(set->members, "lifetime",
                            json_integer((json_int_t)cli_span(state, "--lifetime", arg)));
        return 0;
    case KEY_SHADOW:
    case KEY_NO_SHADOW:
        json_object_set_new(set->members, "shadow", json_boolean(key == KEY_SHADOW));
        return 0;
    case KEY_OBSERVE:
    case KEY_NO_OBSERVE:
        json_object_set_new(set->members, "observe", json_boolean(key == KEY_OBSERVE));
        return 0;
    case KEY_EDE:
        put_ede(state, arg);
        return 0;
    case KEY_GROUP:
        put_more(state, "group", "groups", arg);
        return 0;
    case KEY_RECORD:
        put_more(state, "record", "records", arg);
        return 0;
    case KEY_TRIGGER:
        put_more(state, "trigger", "triggers", arg);
        return 0;
    case KEY_OWNERS:
        put_more(state, "owners", "owners", arg);
        return 0;
    case KEY_NS_OWNERS:
        put_more(state, "ns-owners", "ns_owners", arg);
        return 0;
    case KEY_PREVIEW:
        set->look.preview = true;
        set->look.days = arg ? cli_number(state, "--preview", arg, 1, 3650) : set->look.days;
        return 0;
    case KEY_TOUCHED:
        set->look.most = cli_number(state, "--max-touched", arg, 0, UINT64_MAX - 1);
        return 0;
    case KEY_WAIT:
        set->wait_s = cli_wait_seconds(state, arg);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct cli_usage usage = {
    .words = "NAME",
    .doc = "Create a list, or change the policy of a list: members without an option stay."
           "\vExamples:\n"
           "  sinkwatch list set carbanak --action sinkhole --sinkhole4 192.0.2.66 --wait\n"
           "  sinkwatch list set ours --kind allow --priority 1\n"
           "  sinkwatch list set banks --kind watch --owners AS64500 --ns-owners AS64500\n"
           "  sinkwatch list set agency --kind protected --owner \"the agency's network\"\n"
           "  sinkwatch list set adult --action nxdomain --group kids --group guests\n"
           "  sinkwatch list set quarantine --action cname --trigger client\n"
           "  sinkwatch list set new-feed --action nxdomain --shadow",
    .options = options,
    .parser = parse,
    .min = 1,
    .max = 1,
};

/* The policy in Redis: *old is NULL when there is no such list. */
static int read_policy(struct cli *cli, const char *name, json_t **old)
{
    redisReply *reply = cli_ask(cli, "HGET", cli_key(cli, "lists"), name, CLI_END);

    *old = NULL;
    if (!reply)
        return CLI_REDIS;
    if (reply->type == REDIS_REPLY_STRING) {
        *old = reply->len ? json_loadb(reply->str, reply->len, 0, NULL) : json_object();
        if (!json_is_object(*old)) {
            cli_error("the policy of '%s' in Redis is no JSON object: %s", name,
                      cli_clean(reply->str, reply->len));
            cli_hint("the intended policy is unknown: 'sinkwatch list drop %s' removes the list "
                     "with all indicators; or set the field by hand",
                     name);
            freeReplyObject(reply);
            return CLI_NONE;
        }
    }
    freeReplyObject(reply);
    return CLI_OK;
}

/* Merge old and new members. A new kind does not inherit a forbidden action. */
static json_t *merge(const json_t *old, const json_t *members)
{
    json_t *all = old ? json_deep_copy(old) : json_object(), *value;
    const char *kind = cli_json_text(members, "kind"), *key;
    json_t *copy = json_deep_copy(members);
    if (kind[0] && strcmp(kind, "ioc") != 0 && strcmp(kind, cli_json_text(old, "kind")) != 0)
        json_object_del(all, "action");
    json_object_foreach(copy, key, value)
    {
        if (json_is_null(value))
            json_object_del(all, key);
        else
            json_object_set(all, key, value);
    }
    json_decref(copy);
    return all;
}

/* Report the members that the action still needs; local settings may differ from a resolver's. */
static void say_needs(const struct cli *cli, const struct sw_policy *p, const json_t *given)
{
    const struct sw_settings *s = &cli->settings;
    bool landing = p->sinkhole4.family || p->sinkhole6.family || p->records.len ||
                   s->sinkhole4.family || s->sinkhole6.family;
    if (p->kind != SW_KIND_IOC)
        return;
    bool asked = json_object_get(given, "action") || json_object_get(given, "observe") ||
                 json_object_get(given, "shadow");
    if (asked && sw_action_needs_no_answer(p->action) && !p->shadow && !p->observe)
        cli_error("action %s asks nothing upstream, so ownership of these names is not seen; "
                  "--observe has them resolved, 'sinkwatch sweep' looks them up",
                  sw_action_name(p->action));
    if (p->action == SW_ACTION_SINKHOLE && !landing)
        cli_error("no landing address here or in %s: without one A and AAAA get an empty answer "
                  "(--sinkhole4, --sinkhole6)",
                  cli->settings_path);
    if (p->action == SW_ACTION_CNAME && p->cname.len == 0 && s->cname.len == 0)
        cli_error("no walled garden here or in %s: without one the answer is NXDOMAIN (--cname)",
                  cli->settings_path);
}

/* Indicators that would never match on a list of a new kind. */
struct useless {
    enum sw_kind kind;
    uint64_t n;
    char first[SW_INDICATORTEXT_MAX];
};

/* cli_fields_fn */
static int count_useless(void *arg, const redisReply *fields)
{
    struct useless *useless = arg;
    struct sw_indicator indicator;
    char why[SW_WHY_MAX];
    for (size_t i = 0; i + 1 < fields->elements; i += 2) {
        const redisReply *field = fields->element[i];
        if (sw_indicator_parse(field->str, field->len, &indicator, why) == SW_OK &&
            cli_never_matches(&indicator, useless->kind) && useless->n++ == 0)
            sw_indicator_text(&indicator, useless->first);
    }
    return CLI_OK;
}

/* A list with holders of addresses has to stay protected or known: other kinds are not compared
 * with holders. CLI_NONE, CLI_REDIS (reported). */
static int judge_kind(struct cli *cli, const json_t *old, const struct sw_policy *policy)
{
    struct useless useless = {.kind = policy->kind};
    enum sw_kind before;
    if (sw_kind_parse(cli_json_text(old, "kind"), &before) != SW_OK || before == policy->kind ||
        (before != SW_KIND_PROTECTED && before != SW_KIND_KNOWN))
        return CLI_OK;
    int code = cli_scan(cli, cli_key(cli, "list:%s", policy->name), count_useless, &useless);
    if (code != CLI_OK || useless.n == 0)
        return code;
    cli_error("list '%s' is left as it is: %s of the list would match nothing, '%s' first; holders "
              "of addresses match on lists of kind protected and known only",
              policy->name, cli_count(useless.n, "indicator", "indicators"),
              cli_clean_text(useless.first));
    cli_hint("'sinkwatch remove %s INDICATOR...' takes indicators off the list", policy->name);
    return CLI_NONE;
}

/* What is changed: filled by a round. */
struct round {
    struct cli *cli;
    const char *name;
    const struct set *set;
    json_t *old; /* the present policy; NULL: there is no such list */
    struct sw_policy policy;
    char *text;          /* the new policy */
    json_t *touched;     /* of a preview with --json, or NULL */
    redisReply *replies; /* NULL: not committed */
    enum cli_left left;
};

static void end_round(struct round *r)
{
    json_decref(r->touched);
    r->touched = NULL;
    json_decref(r->old);
    free(r->text);
    r->old = NULL;
    r->text = NULL;
}

/* Merge the old policy and the new members, and judge the result. CLI_NONE, CLI_REDIS: reported. */
static int judge(struct round *r)
{
    char why[SW_WHY_MAX] = "";
    uint64_t lists = 0;
    json_t *all = merge(r->old, r->set->members);
    char *merged = json_dumps(all, JSON_COMPACT);
    if (sw_policy_parse(r->name, merged, strlen(merged), &r->policy, why) == SW_OK)
        r->text = sw_policy_json(&r->policy);
    json_decref(all);
    free(merged);
    if (!r->text) {
        cli_error("list '%s' is left as it is: %s", r->name, why);
        return CLI_NONE;
    }
    int code = judge_kind(r->cli, r->old, &r->policy);
    if (code == CLI_OK && !r->old)
        code = cli_hash_length(r->cli, cli_key(r->cli, "lists"), &lists);
    if (code != CLI_OK || lists < SW_LISTS_MAX)
        return code;
    cli_error("there are %" PRIu64 " lists, and a resolver takes no more", lists);
    return CLI_NONE;
}

/* Ask the memory, for a preview or for a limit. CLI_NONE: too many names were resolved. */
static int look(struct round *r)
{
    int code = cli_list_look(r->cli, &r->policy, &r->set->look, &r->touched);
    if (code == CLI_NONE)
        cli_error("list '%s' is left as it is", r->name);
    return code;
}

/* Write the policy, those of the list's parts, and entries in the change stream. */
static int commit(struct round *r)
{
    json_t *parts = cli_parts(r->cli, r->name);
    if (!parts)
        return CLI_REDIS;
    json_t *head = json_loads(r->text, 0, NULL);
    cli_begin(r->cli);
    cli_change_policy(r->cli, r->name, r->text);
    cli_parts_follow(r->cli, parts, head);
    r->replies = cli_commit(r->cli, &r->left);
    json_decref(head);
    json_decref(parts);
    if (r->replies)
        return CLI_OK;
    if (r->left != CLI_LEFT_FOILED)
        cli_say_left(r->name, r->left);
    return CLI_REDIS;
}

/* Read, judge and write; again when another program changed a policy in between. */
static int change(struct round *r)
{
    int code = CLI_REDIS;
    for (int i = 0; i < TRIES && !r->replies; i++) {
        end_round(r);
        r->left = CLI_LEFT_AS_IT_WAS;
        code = cli_watch(r->cli, cli_key(r->cli, "lists"),
                         cli_key(r->cli, "list:%s:parts", r->name), CLI_END);
        if (code == CLI_OK)
            code = read_policy(r->cli, r->name, &r->old);
        if (code == CLI_OK)
            code = judge(r);
        if (code == CLI_OK && i == 0)
            say_needs(r->cli, &r->policy, r->set->members);
        if (code == CLI_OK)
            code = look(r);
        if (code == CLI_OK && r->set->look.preview)
            return CLI_OK;
        if (code == CLI_OK)
            code = commit(r);
        if (code != CLI_OK && r->left != CLI_LEFT_FOILED)
            return code;
    }
    if (!r->replies)
        cli_error("list '%s' is left as it is: other programs changed lists each time", r->name);
    return code;
}

static int report(const struct round *r)
{
    struct cli_outcome outcome = {.list = r->name, .op = "policy", .wait_s = r->set->wait_s};
    if (r->replies)
        cli_outcome_id(&outcome, r->replies);
    if (r->replies && !r->cli->json)
        printf("%s %s: %s\n", r->name, r->old ? "is now" : "is new", r->text);
    outcome.members = json_pack("{s:b,s:o}", "created", r->replies && !r->old, "policy",
                                json_loads(r->text, 0, NULL));
    if (r->touched)
        json_object_set(outcome.members, "touched", r->touched);
    return cli_report(r->cli, &outcome);
}

int cli_list_set(struct cli *cli, int argc, char **argv)
{
    struct set set = {.members = json_object(),
                      .look = {.days = CLI_PREVIEW_DAYS, .most = UINT64_MAX}};
    char **words;
    cli_parse(cli, &usage, &set, argc, argv, &words);
    if (!sw_listname_ok(words[0])) {
        cli_error("'%s' is no list name; 1 to 63 characters of a-z 0-9 . _ -",
                  cli_clean_text(words[0]));
        return CLI_NONE;
    }
    struct round round = {.cli = cli, .name = words[0], .set = &set};
    int code = cli_connect(cli);
    if (code == CLI_OK)
        code = change(&round);
    if (code == CLI_OK)
        code = report(&round);
    freeReplyObject(round.replies);
    end_round(&round);
    json_decref(set.members);
    return code;
}
