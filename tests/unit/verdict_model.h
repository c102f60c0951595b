/*
 * verdict_model.h - a naive model of matching and deciding, compared with flow/match.h and
 * decide.h.
 *
 * Each case of verdict_world.h is judged for each client group and both transports. The model goes
 * over all rules of all lists in loops, on names as text and addresses as bits, and decides by the
 * words of D-091 and D-092; it shares no code with the product.
 *
 * Used by test_verdict_model.c with random octets, and by a fuzz program with the fuzzer's input.
 */
#ifndef TESTS_UNIT_VERDICT_MODEL_H
#define TESTS_UNIT_VERDICT_MODEL_H

#include "verdict_world.h"

#include "base/rcu.h"
#include "flow/decide.h"
#include "flow/match.h"

/* ---- the verdict of the model ---- */

struct v_match { /* a rule and the matched item */
    const struct v_rule *rule;
    const struct v_list *list;
    enum sw_trigger trigger;
    unsigned stage, rank, specific;
    uint8_t addr[16]; /* prefixes: the address */
};

struct v_found {
    size_t n;
    struct v_match match[V_MATCHES];
};

static inline bool v_covers_name(const struct v_rule *rule, const char *name)
{
    size_t len = strlen(rule->text), whole = strlen(name);
    bool same = strcmp(rule->text, name) == 0;
    bool below =
        whole > len && name[whole - len - 1] == '.' && strcmp(name + whole - len, rule->text) == 0;
    return rule->form == SW_FORM_EXACT ? same : rule->form == SW_FORM_BELOW ? below : same || below;
}

static inline bool v_covers_addr(const struct v_rule *rule, unsigned family, const uint8_t *octets)
{
    if (rule->family != family)
        return false;
    for (unsigned b = 0; b < rule->plen; b++)
        if (((rule->octets[b / 8] ^ octets[b / 8]) >> (7 - b % 8)) & 1)
            return false;
    return true;
}

static inline unsigned v_labels(const char *name)
{
    unsigned n = 1;
    for (; *name; name++)
        n += *name == '.';
    return n;
}

static inline bool v_has_trigger(const struct v_list *list, enum sw_trigger trigger)
{
    return list->policy.triggers >> trigger & 1;
}

/* Note a match, once. */
static inline void v_note(struct v_found *f, const struct v_match *m)
{
    for (size_t i = 0; i < f->n; i++) {
        const struct v_match *o = &f->match[i];
        if (o->rule == m->rule && o->trigger == m->trigger &&
            memcmp(o->addr, m->addr, sizeof(m->addr)) == 0)
            return;
    }
    f->match[f->n++] = *m;
}

static inline void v_match_name(const struct v_world *w, const struct v_item *item,
                                struct v_found *f)
{
    for (size_t r = 0; r < w->rules_n; r++) {
        const struct v_rule *rule = &w->rule[r];
        const struct v_list *list = &w->list[rule->list];
        if (rule->type != V_NAME || !v_has_trigger(list, item->by_name) ||
            !v_covers_name(rule, item->name))
            continue;
        struct v_match m = {.rule = rule, .list = list, .trigger = item->by_name};
        m.stage = item->stage;
        m.rank = item->by_name == SW_TRIGGER_NSDNAME ? 4 : 1;
        m.specific = 2 * v_labels(rule->text) + (rule->form == SW_FORM_EXACT);
        v_note(f, &m);
    }
}

static inline unsigned v_rank_of(enum sw_trigger trigger)
{
    return trigger == SW_TRIGGER_CLIENT    ? 0
           : trigger == SW_TRIGGER_ADDRESS ? 2
           : trigger == SW_TRIGGER_ASN     ? 3
                                           : 5;
}

static inline void v_match_addr(const struct v_world *w, const struct v_item *item, unsigned family,
                                const uint8_t *octets, struct v_found *f)
{
    for (size_t r = 0; r < w->rules_n; r++) {
        const struct v_rule *rule = &w->rule[r];
        const struct v_list *list = &w->list[rule->list];
        if (rule->type != V_PREFIX || !v_has_trigger(list, item->by_prefix) ||
            !v_covers_addr(rule, family, octets))
            continue;
        struct v_match m = {.rule = rule, .list = list, .trigger = item->by_prefix};
        m.stage = item->stage;
        m.rank = v_rank_of(item->by_prefix);
        m.specific = 1 + rule->plen;
        memcpy(m.addr, octets, family == 4 ? 4 : 16);
        v_note(f, &m);
    }
}

static inline void v_match_asn(const struct v_world *w, const struct v_item *item,
                               struct v_found *f)
{
    for (size_t r = 0; r < w->rules_n; r++) {
        const struct v_rule *rule = &w->rule[r];
        const struct v_list *list = &w->list[rule->list];
        if (rule->type != V_AS || w->no_asn || !v_has_trigger(list, item->by_asn) ||
            rule->asn != v_asn(item->family, item->octets))
            continue;
        struct v_match m = {.rule = rule, .list = list, .trigger = item->by_asn};
        m.stage = item->stage;
        m.rank = v_rank_of(item->by_asn);
        v_note(f, &m);
    }
}

/* All items of a case that any rule matches, for any client, in the order of resolution. */
static inline void v_match_all(const struct v_world *w, const struct v_case *c, struct v_found *f)
{
    f->n = 0;
    for (size_t i = 0; i < c->n; i++) {
        const struct v_item *item = &c->item[i];
        if (item->is_name) {
            v_match_name(w, item, f);
            continue;
        }
        v_match_addr(w, item, item->family, item->octets, f);
        v_match_asn(w, item, f);
        if (item->family == 6 && item->octets[0] == 0)
            v_match_addr(w, item, 4, item->octets + 12, f);
    }
}

static inline bool v_acts(const struct v_match *m)
{
    return m->list->policy.kind == SW_KIND_IOC || m->list->policy.kind == SW_KIND_ALLOW;
}

static inline bool v_counts(const struct v_match *m, unsigned group)
{
    enum sw_kind kind = m->list->policy.kind;
    return kind != SW_KIND_PROTECTED && kind != SW_KIND_KNOWN && (m->list->groups >> group & 1);
}

static inline bool v_before(const struct v_match *a, const struct v_match *b)
{
    const struct sw_policy *p = &a->list->policy, *q = &b->list->policy;
    if (p->priority != q->priority)
        return p->priority < q->priority;
    if (a->stage != b->stage)
        return a->stage < b->stage;
    if (a->rank != b->rank)
        return a->rank < b->rank;
    if (a->specific != b->specific)
        return a->specific > b->specific;
    if (p->kind != q->kind)
        return p->kind == SW_KIND_ALLOW;
    return strcmp(p->name, q->name) < 0;
}

static inline bool v_binds(const struct v_world *w, const struct v_match *m, const char *qname,
                           bool tcp)
{
    const struct sw_policy *p = &m->list->policy;
    const char *garden = m->list->garden[0] ? m->list->garden : w->garden;
    return p->kind == SW_KIND_ALLOW ||
           (!p->shadow && !(p->action == SW_ACTION_TCP_ONLY && tcp) &&
            !(p->action == SW_ACTION_CNAME && strcmp(garden, qname) == 0));
}

/* The rule that wins for a client, or NULL; *final: the verdict rewrites the answer. */
static inline const struct v_match *v_winner(const struct v_world *w, const struct v_found *f,
                                             const char *qname, unsigned group, bool tcp,
                                             bool *final)
{
    const struct v_match *best = NULL, *first = NULL;
    *final = false;
    for (size_t i = 0; i < f->n; i++) {
        const struct v_match *m = &f->match[i];
        if (v_acts(m) && v_counts(m, group)) {
            if (!first || v_before(m, first))
                first = m;
            if (v_binds(w, m, qname, tcp) && (!best || v_before(m, best)))
                best = m;
        }
        bool stage_ends = i + 1 == f->n || f->match[i + 1].stage != m->stage;
        if (stage_ends && best && best->list->policy.kind == SW_KIND_IOC &&
            best->list->policy.action > SW_ACTION_MONITOR) {
            *final = true;
            return best;
        }
    }
    return first;
}

/* ---- comparing ---- */

static inline void v_feed(struct sw_matching *m, const struct v_case *c, size_t items,
                          struct sw_name names[V_ITEMS])
{
    static struct sw_name asked;
    v_wire(c->qname, &asked);
    for (size_t i = 0; i < items; i++) {
        const struct v_item *item = &c->item[i];
        struct sw_addr addr = {.family = (uint8_t)item->family,
                               .plen = item->family == 4 ? 32 : 128};
        memcpy(addr.octets, item->octets, 16);
        if (item->is_name)
            v_wire(item->name, &names[i]);
        if (item->by_name == SW_TRIGGER_QNAME && item->is_name) {
            bool reverse = strstr(item->name, "in-addr.arpa");
            const struct sw_question q = {names[i].wire, names[i].len, reverse ? 12 : 1, 1};
            sw_match_question(m, &q);
            i += reverse && i + 1 < items && c->item[i + 1].stage == 0;
        } else if (item->is_name && item->by_name == SW_TRIGGER_CNAME) {
            sw_match_name(m, SW_TRIGGER_CNAME, names[i].wire, names[i].len);
        } else if (item->is_name) {
            sw_match_server(m, &names[i], &names[i]);
        } else if (item->by_prefix == SW_TRIGGER_CLIENT) {
            sw_match_client(m, &addr, asked.wire);
        } else if (item->by_prefix == SW_TRIGGER_NSIP) {
            sw_match_server_addr(m, &addr);
        } else {
            sw_match_addr(m, &addr);
        }
    }
}

/* The difference, in words; NULL: nothing. */
static inline const char *v_compare_hits(const struct v_found *f, unsigned group,
                                         const struct sw_match *match,
                                         const struct sw_audience *audience,
                                         const struct sw_found *won)
{
    struct sw_hits hits;
    size_t mine = 0, all = 0;
    bool acted = false;
    for (size_t i = 0; i < f->n; i++) {
        enum sw_kind kind = f->match[i].list->policy.kind;
        all += kind != SW_KIND_PROTECTED && kind != SW_KIND_KNOWN && f->match[i].list->groups != 0;
        mine += v_counts(&f->match[i], group);
        acted |= v_counts(&f->match[i], group) && kind == SW_KIND_IOC;
    }
    sw_match_hits(match, audience, won, &hits);
    if (audience->acted_on != acted)
        return "a rule that acts is among them, or none";
    if (all <= SW_MATCH_MAX ? hits.n + hits.more != mine : hits.n + hits.more < mine)
        return "the number of rules";
    if (hits.winner != won || (won && hits.rule[0] != won))
        return "the winner is not shown first";
    for (size_t i = 0; i < hits.n; i++) {
        bool known = false;
        for (size_t k = 0; k < i; k++)
            if (sw_found_same(hits.rule[k], hits.rule[i]))
                return "a rule is shown twice";
        for (size_t k = 0; k < f->n && !known; k++)
            known = f->match[k].trigger == hits.rule[i]->trigger && v_counts(&f->match[k], group) &&
                    strcmp(f->match[k].list->policy.name, hits.rule[i]->hit.list->name) == 0;
        if (!known)
            return "a rule is shown that does not match";
    }
    return NULL;
}

static inline const char *v_compare(const struct v_world *w, const struct v_case *c,
                                    const struct v_found *f, const struct sw_match *match,
                                    unsigned group, bool tcp)
{
    const struct sw_audience *audience = sw_match_audience(match, group);
    struct sw_verdict v;
    bool final;
    const struct v_match *want = v_winner(w, f, c->qname, group, tcp, &final);
    const struct sw_found *won = sw_decide(&w->flow, audience, tcp ? SW_OVER_TCP : SW_OVER_UDP, &v);
    if (!want != !won || v.wins != (won != NULL))
        return "whether a rule wins";
    if (won && (strcmp(want->list->policy.name, v.list) != 0 || want->trigger != won->trigger ||
                want->rule->plen != won->hit.plen))
        return "which rule wins";
    if (sw_verdict_rewrites(&v) != final)
        return "whether the answer is rewritten";
    if (final) {
        enum sw_action action = want->list->policy.action;
        bool garden = want->list->garden[0] || w->garden[0];
        if (action == SW_ACTION_CNAME && !garden)
            action = SW_ACTION_NXDOMAIN;
        if (v.taken != action)
            return "what is done";
    }
    return v_compare_hits(f, group, match, audience, won);
}

/* A verdict may not depend on this: how much of the answer was known at the judgement. */
static inline const char *v_compare_early(const struct v_world *w, const struct v_case *c,
                                          size_t items, const struct sw_match *whole)
{
    static struct sw_match early;
    struct sw_matching m;
    struct sw_name names[V_ITEMS];
    sw_match_begin(&m, &w->flow, &early);
    v_feed(&m, c, items, names);
    for (unsigned group = 0; group <= V_GROUPS; group += 5)
        for (unsigned over = 0; over < SW_OVER_COUNT; over++) {
            struct sw_verdict a, b;
            sw_decide(&w->flow, sw_match_audience(&early, group), (enum sw_over)over, &a);
            sw_decide(&w->flow, sw_match_audience(whole, group), (enum sw_over)over, &b);
            if (sw_verdict_rewrites(&a) && (a.taken != b.taken || strcmp(a.list, b.list) != 0))
                return "an early verdict does not stand";
        }
    return NULL;
}

static inline void v_print(const struct v_world *w, const struct v_case *c, const struct v_found *f,
                           const char *what, unsigned group, bool tcp)
{
    fprintf(stderr, "differs: %s (group %u, %s)\n", what, group, tcp ? "TCP" : "UDP");
    for (size_t i = 0; i < c->n; i++)
        fprintf(stderr, "  stage %u: %s%s %u.%u.%u.%u ... %u\n", c->item[i].stage,
                c->item[i].is_name ? "name " : "address of family ",
                c->item[i].is_name       ? c->item[i].name
                : c->item[i].family == 4 ? "4"
                                         : "6",
                c->item[i].octets[0], c->item[i].octets[1], c->item[i].octets[2],
                c->item[i].octets[3], c->item[i].octets[15]);
    for (size_t i = 0; i < f->n; i++) {
        const struct v_match *m = &f->match[i];
        const struct sw_policy *p = &m->list->policy;
        fprintf(stderr,
                "  rule of %s: kind %d %s priority %u%s groups %08x garden '%s' trigger %s "
                "stage %u specific %u %s\n",
                p->name, (int)p->kind, sw_action_name(p->action), p->priority,
                p->shadow ? " shadow" : "", m->list->groups, m->list->garden,
                sw_trigger_name(m->trigger), m->stage, m->specific, m->rule->text);
    }
    fprintf(stderr, "  garden of the settings '%s', %zu lists\n", w->garden, w->lists_n);
}

/* Judge a case by both; false when something differs, which is printed. */
static inline bool v_case_agrees(const struct v_world *w, const struct v_case *c)
{
    static struct sw_match match;
    static struct v_found found;
    struct sw_name names[V_ITEMS];
    struct sw_matching m;
    const char *what = NULL;
    unsigned group = 0;
    bool tcp = false;
    v_match_all(w, c, &found);
    sw_rcu_enter();
    sw_match_begin(&m, &w->flow, &match);
    v_feed(&m, c, c->n, names);
    for (group = 0; group <= V_GROUPS && !what; group++)
        for (unsigned over = 0; over < SW_OVER_COUNT && !what; over++) {
            tcp = over == SW_OVER_TCP;
            what = v_compare(w, c, &found, &match, group, tcp);
        }
    for (size_t items = 1; items < c->n && !what; items++)
        if (c->item[items].stage != c->item[items - 1].stage)
            what = v_compare_early(w, c, items, &match);
    sw_rcu_leave();
    if (what)
        v_print(w, c, &found, what, group - 1, tcp);
    return !what;
}

/* A world and n cases of the world. Returns the number of agreeing cases before a difference. */
static inline size_t v_run(struct v_world *w, size_t n)
{
    struct v_case c;
    size_t good = 0;
    v_make_world(w);
    while (good < n) {
        v_make_case(&w->source, w->settings.ptr_addresses, &c);
        if (!v_case_agrees(w, &c))
            break;
        good++;
    }
    sw_index_free(w->index);
    return good;
}

#endif
