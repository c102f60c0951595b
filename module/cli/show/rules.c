/* rules.c - see explain.h. */
#include "cli/show/rules.h"

#include "cli/output.h"
#include "flow/match.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

char *cli_found_text(const struct sw_found *found, char text[SW_INDICATORTEXT_MAX])
{
    return sw_hit_text(&found->hit, found->name, &found->addr, text);
}

/* Whether both are equally specific: the order of flow/match.c without the numbers. */
static bool equally_specific(const struct sw_hit *a, const struct sw_hit *b)
{
    if (a->type != b->type)
        return false;
    if (a->type == SW_INDICATOR_PREFIX)
        return a->plen == b->plen;
    if (a->type == SW_INDICATOR_DOMAIN)
        return a->labels == b->labels && (a->form == SW_FORM_EXACT) == (b->form == SW_FORM_EXACT);
    return true;
}

/* The next rule after the winner that could have won. */
static const struct sw_found *runner_up(const struct sw_hits *hits)
{
    for (size_t i = 1; i < hits->n; i++)
        if (hits->rule[i]->hit.list->kind != SW_KIND_WATCH)
            return hits->rule[i];
    return NULL;
}

/* Why a rule that is first in the order did not win. */
static void why_passed_over(const struct sw_found *winner, const struct sw_found *first,
                            char words[CLI_WORDS_MAX])
{
    const struct sw_policy *p = first->hit.list;
    if (p->shadow)
        snprintf(words, CLI_WORDS_MAX,
                 "%s goes first, but is in shadow mode and changes nothing for clients", p->name);
    else if (first->stage > winner->stage)
        snprintf(words, CLI_WORDS_MAX,
                 "trigger %s is judged before %s of %s: a rule that rewrites the answer is final",
                 sw_trigger_name(winner->trigger), sw_trigger_name(first->trigger), p->name);
    else
        snprintf(words, CLI_WORDS_MAX, "%s goes first, and does not bind these clients", p->name);
}

/* Why a rule is first in the order: winner goes before the next rule. */
static void why_first(const struct sw_found *a, const struct sw_found *b, char words[CLI_WORDS_MAX])
{
    const struct sw_policy *p = a->hit.list, *q = b->hit.list;
    char at[SW_INDICATORTEXT_MAX], bt[SW_INDICATORTEXT_MAX];
    if (p->priority != q->priority)
        snprintf(words, CLI_WORDS_MAX, "the smaller priority number goes first: %u before %u of %s",
                 p->priority, q->priority, q->name);
    else if (a->stage != b->stage || a->hit.type != b->hit.type)
        snprintf(words, CLI_WORDS_MAX, "equal priority: trigger %s goes before %s of %s",
                 sw_trigger_name(a->trigger), sw_trigger_name(b->trigger), q->name);
    else if (!equally_specific(&a->hit, &b->hit))
        snprintf(words, CLI_WORDS_MAX,
                 "equal priority, and %.200s is more specific than %.200s of %s",
                 cli_found_text(a, at), cli_found_text(b, bt), q->name);
    else if (p->kind != q->kind)
        snprintf(words, CLI_WORDS_MAX, "equal priority, equally specific: allow goes before %s",
                 q->name);
    else
        snprintf(words, CLI_WORDS_MAX, "equal in everything: in the order of names before %s",
                 q->name);
}

char *cli_why(const struct sw_hits *hits, char words[CLI_WORDS_MAX])
{
    const struct sw_found *b = runner_up(hits);
    assert(hits->winner);
    if (!b)
        snprintf(words, CLI_WORDS_MAX, "the only rule");
    else if (sw_found_before(b, hits->winner))
        why_passed_over(hits->winner, b, words);
    else
        why_first(hits->winner, b, words);
    return words;
}

/* "192.0.2.66", or "empty". */
static const char *landing(const struct sw_addr *addr, char text[SW_ADDRTEXT_MAX])
{
    return addr->family ? sw_addr_text(addr, text) : "empty";
}

/* The answer that an action gives, TTL and EDE aside. */
static void action_words(const struct sw_verdict *v, enum sw_action action, char *words, size_t max)
{
    char four[SW_ADDRTEXT_MAX], six[SW_ADDRTEXT_MAX], name[SW_NAMETEXT_MAX];
    switch (action) {
    case SW_ACTION_SINKHOLE:
        snprintf(words, max, "A: %s, AAAA: %s, other types: %s", landing(&v->sinkhole4, four),
                 landing(&v->sinkhole6, six), v->records.len ? "the records of the list" : "empty");
        break;
    case SW_ACTION_CNAME:
        if (v->cname.len)
            snprintf(words, max, "an alias to %.300s", sw_garden_text(&v->cname, name));
        else
            snprintf(words, max, "NXDOMAIN (no walled garden is set)");
        break;
    case SW_ACTION_NXDOMAIN:
        snprintf(words, max, "NXDOMAIN");
        break;
    case SW_ACTION_NODATA:
        snprintf(words, max, "an empty answer (NODATA)");
        break;
    case SW_ACTION_REFUSED:
        snprintf(words, max, "REFUSED");
        break;
    case SW_ACTION_DROP:
        snprintf(words, max, "no answer at all");
        break;
    case SW_ACTION_TCP_ONLY:
        snprintf(words, max, "over UDP a truncated answer");
        break;
    case SW_ACTION_PASSTHRU:
        snprintf(words, max, "the true answer: exempt from all other lists");
        break;
    default:
        snprintf(words, max, "the true answer, recorded");
        break;
    }
}

/* Whether the answer has records made by a list, which have a TTL. */
static bool has_ttl(enum sw_action action)
{
    return action == SW_ACTION_NXDOMAIN || action == SW_ACTION_NODATA ||
           action == SW_ACTION_SINKHOLE || action == SW_ACTION_CNAME;
}

char *cli_gets(const struct sw_verdict *v, char words[CLI_WORDS_MAX])
{
    if (v->shadow && v->wanted != SW_ACTION_MONITOR && v->wanted != SW_ACTION_PASSTHRU) {
        char would[CLI_WORDS_MAX - 80];
        action_words(v, v->wanted, would, sizeof(would));
        snprintf(words, CLI_WORDS_MAX, "the true answer, recorded (shadow mode; without it: %s)",
                 would);
        return words;
    }
    if (v->wanted == SW_ACTION_CNAME && v->taken == SW_ACTION_MONITOR) {
        snprintf(words, CLI_WORDS_MAX,
                 "the true answer, recorded: the name is the walled garden itself");
        return words;
    }
    action_words(v, v->taken, words, CLI_WORDS_MAX);
    size_t used = strlen(words);
    if (has_ttl(v->taken))
        used += (size_t)snprintf(words + used, CLI_WORDS_MAX - used, ", TTL %u", v->ttl);
    if (v->ede != SW_EDE_OFF && used < CLI_WORDS_MAX)
        snprintf(words + used, CLI_WORDS_MAX - used, ", EDE %u", v->ede);
    return words;
}

json_t *cli_verdict_json(const struct sw_verdict *v)
{
    char text[SW_NAMETEXT_MAX], addr[SW_ADDRTEXT_MAX];
    json_t *out =
        json_pack("{s:s,s:s,s:s,s:b}", "list", v->list, "wanted", sw_action_name(v->wanted),
                  "taken", sw_action_name(v->taken), "shadow", v->shadow);
    if (has_ttl(v->taken))
        json_object_set_new(out, "ttl", json_integer(v->ttl));
    if (v->ede != SW_EDE_OFF)
        json_object_set_new(out, "ede", json_integer(v->ede));
    if (v->sinkhole4.family)
        json_object_set_new(out, "sinkhole4", json_string(sw_addr_text(&v->sinkhole4, addr)));
    if (v->sinkhole6.family)
        json_object_set_new(out, "sinkhole6", json_string(sw_addr_text(&v->sinkhole6, addr)));
    if (v->cname.len)
        json_object_set_new(out, "cname", json_string(sw_garden_text(&v->cname, text)));
    return out;
}
