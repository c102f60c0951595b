#include "flow/match.h"

#include "base/rcu.h"

#include <string.h>

#define TYPE_PTR 12 /* RFC 1035 3.2.2 */

/* Rank of each trigger: clients before names, then addresses, AS numbers, name servers' names
 * and name servers' addresses. */
static const unsigned ranks[SW_TRIGGER_COUNT] = {
    [SW_TRIGGER_CLIENT] = 5,  [SW_TRIGGER_QNAME] = 4, [SW_TRIGGER_CNAME] = 4,
    [SW_TRIGGER_ADDRESS] = 3, [SW_TRIGGER_ASN] = 2,   [SW_TRIGGER_NSDNAME] = 1,
    [SW_TRIGGER_NSIP] = 0,
};
#define RANK_MAX     5U
#define SPECIFIC_MAX 1023U

/* How specific a rule is: more labels, and the exact name before its subtree; longer prefixes;
 * AS numbers last. */
static unsigned specificity(const struct sw_hit *hit)
{
    switch (hit->type) {
    case SW_INDICATOR_DOMAIN:
        return 2U * hit->labels + (hit->form == SW_FORM_EXACT ? 1U : 0U);
    case SW_INDICATOR_PREFIX:
        return 1U + hit->plen;
    case SW_INDICATOR_ASN:
    case SW_INDICATOR_HOLDER: /* never matched here */
        break;
    }
    return 0;
}

/* The order of sw_found_before() as a number: 16 bits of priority, 8 of stage, 8 of rank, 16 of
 * specificity, 1 for lists that do not exempt. */
static uint64_t order_of(const struct sw_found *found)
{
    const struct sw_policy *list = found->hit.list;
    uint64_t order = list->priority;
    order = order << 8 | found->stage;
    order = order << 8 | (RANK_MAX - ranks[found->trigger]);
    order = order << 16 | (SPECIFIC_MAX - specificity(&found->hit));
    return order << 1 | (list->kind != SW_KIND_ALLOW);
}

bool sw_found_before(const struct sw_found *a, const struct sw_found *b)
{
    if (a->order != b->order)
        return a->order < b->order;
    return strcmp(a->hit.list->name, b->hit.list->name) < 0;
}

bool sw_found_same(const struct sw_found *a, const struct sw_found *b)
{
    return a->hit.id == b->hit.id && a->trigger == b->trigger && a->hit.type == b->hit.type &&
           a->hit.form == b->hit.form && a->hit.labels == b->hit.labels &&
           a->hit.plen == b->hit.plen && a->hit.asn == b->hit.asn &&
           (a->name != NULL) == (b->name != NULL) &&
           (a->name ? a->name == b->name || sw_name_equal(sw_name_suffix(a->name, a->hit.labels),
                                                          sw_name_suffix(b->name, b->hit.labels))
                    : a->hit.type == SW_INDICATOR_ASN || sw_addr_equal(&a->addr, &b->addr));
}

/* ---- the rules that an event names ---- */

/* The order of the kept rules: watch lists, which never act, come after all other lists. */
static bool kept_before(const struct sw_found *a, const struct sw_found *b)
{
    bool watch_a = a->hit.list->kind == SW_KIND_WATCH, watch_b = b->hit.list->kind == SW_KIND_WATCH;
    return watch_a != watch_b ? watch_b : sw_found_before(a, b);
}

/* Whether a kept rule is the first that meets a need of ownership: the record of an answer has this
 * rule, however many other rules match (D-228). */
static bool is_needed(const struct sw_match *match, size_t i)
{
    unsigned needs = sw_found_needs(&match->found[i]);
    for (size_t j = 0; j < i && needs; j++)
        needs &= ~sw_found_needs(&match->found[j]);
    return needs;
}
/* Keep a rule in order; when there is no room, the last rule that is not needed is cut off. False:
 * the same rule is already there (an address behind two aliases). */
static bool keep(struct sw_match *match, const struct sw_found *found)
{
    size_t at = match->n;
    for (size_t i = 0; i < match->n; i++)
        if (sw_found_same(&match->found[i], found))
            return false;
    while (at > 0 && kept_before(found, &match->found[at - 1]))
        at--;
    if (at < match->n)
        memmove(&match->found[at + 1], &match->found[at],
                (match->n - at) * sizeof(match->found[0]));
    match->found[at] = *found;
    if (match->n < SW_MATCH_MAX) {
        match->n++;
        return true;
    }
    size_t cut = SW_MATCH_MAX;
    while (is_needed(match, cut))
        cut--;
    memmove(&match->found[cut], &match->found[cut + 1],
            (SW_MATCH_MAX - cut) * sizeof(match->found[0]));
    return true;
}

void sw_match_hits(const struct sw_match *match, const struct sw_audience *audience,
                   const struct sw_found *winner, struct sw_hits *out)
{
    uint32_t groups = audience ? audience->groups : UINT32_MAX,
             rules = audience ? audience->rules : match->rules;
    out->n = 0;
    out->winner = winner;
    if (winner)
        out->rule[out->n++] = winner;
    for (size_t i = 0; i < match->n; i++) {
        const struct sw_found *found = &match->found[i];
        if ((found->groups & groups) && !(winner && sw_found_same(found, winner)))
            out->rule[out->n++] = found;
    }
    out->more = rules > out->n ? rules - (uint32_t)out->n : 0;
}

/* ---- the best rule of each audience ---- */

/* The set of groups that a list applies to. A group name that this resolver does not know stands
 * for no client. */
static uint32_t groups_of(const struct sw_matching *m, const struct sw_policy *list)
{
    uint32_t set = 0;
    if (!list->groups[0] || m->every_group)
        return UINT32_MAX;
    for (const char *at = list->groups; *at; at += *at == '\n') {
        size_t len = strcspn(at, "\n");
        unsigned group = sw_groups_find(&m->flow->settings->groups, at, len);
        if (group)
            set |= UINT32_C(1) << group;
        at += len;
    }
    return set;
}

/* Split the audiences until each is either inside a set of groups or outside. */
static void cut(struct sw_match *match, uint32_t groups)
{
    for (size_t p = 0, before = match->audiences_n; p < before; p++) {
        struct sw_audience *audience = &match->audience[p];
        uint32_t in = audience->groups & groups, out = audience->groups & ~groups;
        if (in == 0 || out == 0)
            continue;
        match->audience[match->audiences_n] = *audience;
        match->audience[match->audiences_n++].groups = out;
        audience->groups = in;
    }
}

const struct sw_name *sw_garden_of(const struct sw_flow *flow, const struct sw_policy *list)
{
    return list->cname.len ? &list->cname : &flow->settings->cname;
}

/* Whether the client asks for the walled garden's name, so that the list would alias that name
 * to itself; or for a name in a walled garden "*.garden.example", each alias of which would get an
 * alias again. */
static bool own_garden(const struct sw_matching *m, const struct sw_policy *list)
{
    const struct sw_name *garden = sw_garden_of(m->flow, list);
    const uint8_t *qname = m->match->qname;
    if (list->action != SW_ACTION_CNAME || !garden->len || !qname)
        return false;
    return sw_garden_is_wild(garden) ? sw_name_below_or_equal(qname, garden->wire + 2)
                                     : sw_name_equal(garden->wire, qname);
}

/* The transports over which a rule binds clients: a set of SW_OVER_BIT. */
static unsigned bound(const struct sw_matching *m, const struct sw_policy *list)
{
    if (list->kind != SW_KIND_IOC)
        return SW_OVER_ANY;
    if (list->shadow || own_garden(m, list))
        return 0;
    return list->action == SW_ACTION_TCP_ONLY ? SW_OVER_BIT(SW_OVER_UDP) : SW_OVER_ANY;
}

static void better(const struct sw_found *found, bool *set, struct sw_found *best)
{
    if (*set && !sw_found_before(found, best))
        return;
    *best = *found;
    *set = true;
}

static void compare(struct sw_audience *audience, const struct sw_found *found, unsigned over)
{
    audience->rules++;
    audience->acted_on |= found->hit.list->kind == SW_KIND_IOC;
    audience->by_transport |= over != 0 && over != SW_OVER_ANY;
    if (found->hit.list->kind == SW_KIND_WATCH)
        return;
    better(found, &audience->any, &audience->first);
    for (unsigned o = 0; o < SW_OVER_COUNT; o++)
        if ((over & SW_OVER_BIT(o)) && !audience->decided[o])
            better(found, &audience->binds[o], &audience->binding[o]);
}

/* A look-up, with the template of the rules found. */
struct looking {
    struct sw_matching *m;
    struct sw_found found;
};

/* A sw_hit_fn. Lists of kind protected and known only explain: the recorder reads such lists,
 * verdicts do not. */
static void add_hit(void *arg, const struct sw_hit *hit)
{
    struct looking *looking = arg;
    struct sw_match *match = looking->m->match;
    struct sw_found *found = &looking->found;
    if (hit->list->kind == SW_KIND_PROTECTED || hit->list->kind == SW_KIND_KNOWN ||
        (hit->list->triggers & looking->m->except))
        return;
    found->groups = groups_of(looking->m, hit->list);
    if (found->groups == 0)
        return;
    match->acted_on |= hit->list->kind == SW_KIND_IOC;
    match->watched |= hit->list->kind == SW_KIND_WATCH;
    match->armed |= sw_policy_rewrites(hit->list);
    match->by_server |= found->stage == SW_STAGE_ANSWER &&
                        (found->trigger == SW_TRIGGER_NSDNAME || found->trigger == SW_TRIGGER_NSIP);
    found->hit = *hit;
    found->order = order_of(found);
    if (!keep(match, found))
        return;
    match->rules++;
    if (found->groups != UINT32_MAX)
        cut(match, found->groups);
    unsigned over = bound(looking->m, hit->list);
    for (size_t p = 0; p < match->audiences_n; p++)
        if (match->audience[p].groups & found->groups)
            compare(&match->audience[p], found, over);
}

/* ---- stages ---- */

static void close_stage(struct sw_match *match)
{
    for (size_t p = 0; p < match->audiences_n; p++)
        for (unsigned o = 0; o < SW_OVER_COUNT; o++) {
            struct sw_audience *audience = &match->audience[p];
            audience->decided[o] |=
                audience->binds[o] && sw_list_rewrites(audience->binding[o].hit.list);
        }
}

/* Begin the stage of a trigger. An alias begins a new stage, unless the stage of the answer's
 * addresses has begun already. */
static void enter(struct sw_matching *m, enum sw_trigger trigger)
{
    uint8_t stage = m->stage;
    switch (trigger) {
    case SW_TRIGGER_CLIENT:
    case SW_TRIGGER_QNAME:
        return;
    case SW_TRIGGER_CNAME:
        stage = stage < SW_STAGE_ANSWER - 1 ? (uint8_t)(stage + 1) : stage;
        break;
    default:
        stage = SW_STAGE_ANSWER;
        break;
    }
    if (stage != m->stage && m->match->n > 0)
        close_stage(m->match);
    m->stage = stage;
}

void sw_match_begin(struct sw_matching *m, const struct sw_flow *flow, struct sw_match *match)
{
    m->flow = flow;
    m->view = sw_index_view(flow->index);
    m->match = match;
    m->stage = SW_STAGE_QUESTION;
    m->every_group = false;
    m->except = 0;
    match->qname = NULL;
    match->n = 0;
    match->rules = 0;
    match->audiences_n = 1;
    match->audience[0].groups = UINT32_MAX;
    match->audience[0].qname = NULL;
    match->audience[0].rules = 0;
    match->audience[0].acted_on = match->audience[0].by_transport = match->audience[0].any = false;
    for (unsigned o = 0; o < SW_OVER_COUNT; o++)
        match->audience[0].binds[o] = match->audience[0].decided[o] = false;
    match->by_client = m->view.any_client;
    match->clients_act = m->view.clients_act;
    match->clients_rewrite = m->view.clients_rewrite;
    match->armed = match->by_server = false;
    match->acted_on = match->watched = match->tracked = false;
}

static void note_qname(struct sw_match *match, const uint8_t *qname)
{
    match->qname = qname;
    for (size_t p = 0; p < match->audiences_n; p++)
        match->audience[p].qname = qname;
}

/* Match a name; the rules found borrow `copy` of the name. */
static void match_name(struct sw_matching *m, enum sw_trigger trigger, const uint8_t *name,
                       size_t len, const uint8_t *copy)
{
    enter(m, trigger);
    if (!m->view.any_domain)
        return;
    struct looking looking = {.m = m,
                              .found = {.trigger = trigger, .stage = m->stage, .name = copy}};
    sw_view_find_name(&m->view, SW_TRIGGER_BIT(trigger), name, len, add_hit, &looking);
}

void sw_match_name(struct sw_matching *m, enum sw_trigger trigger, const uint8_t *name, size_t len)
{
    if (trigger == SW_TRIGGER_QNAME)
        note_qname(m->match, name);
    match_name(m, trigger, name, len, name);
}

void sw_match_server(struct sw_matching *m, const struct sw_name *name, const struct sw_name *copy)
{
    if (m->view.any_server)
        match_name(m, SW_TRIGGER_NSDNAME, name->wire, name->len, copy ? copy->wire : NULL);
}

static void match_prefix(struct sw_matching *m, enum sw_trigger trigger, const struct sw_addr *addr)
{
    if (!m->view.any_prefix)
        return;
    struct looking looking = {.m = m,
                              .found = {.trigger = trigger, .stage = m->stage, .addr = *addr}};
    sw_view_find_addr(&m->view, SW_TRIGGER_BIT(trigger), addr, add_hit, &looking);
}

static void match_asn(struct sw_matching *m, enum sw_trigger trigger, uint32_t asn,
                      const struct sw_addr *addr)
{
    struct looking looking = {.m = m,
                              .found = {.trigger = trigger, .stage = m->stage, .addr = *addr}};
    sw_view_find_asn(&m->view, SW_TRIGGER_BIT(trigger), asn, add_hit, &looking);
}

void sw_match_asn(struct sw_matching *m, enum sw_trigger trigger, uint32_t asn)
{
    static const struct sw_addr none;
    enter(m, trigger);
    match_asn(m, trigger, asn, &none);
}

/* Match the AS that announces the address, if some list contains AS numbers. */
static void match_owner(struct sw_matching *m, enum sw_trigger trigger, const struct sw_addr *addr)
{
    uint32_t asn;
    if (m->view.any_asn && sw_owner_find_asn(m->flow->owners, addr, &asn, NULL) == SW_OK)
        match_asn(m, trigger, asn, addr);
}

/* Match an address with rules of every kind, both as given and as the IPv4 address embedded in
 * it. by_prefix is the trigger for prefixes, by_asn the trigger for AS numbers. */
static void match_rules(struct sw_matching *m, enum sw_trigger by_prefix, enum sw_trigger by_asn,
                        const struct sw_addr *addr)
{
    struct sw_addr embedded;
    match_prefix(m, by_prefix, addr);
    match_owner(m, by_asn, addr);
    if (addr->family == 6 && sw_addr_embedded(addr, &embedded) == SW_OK) {
        match_prefix(m, by_prefix, &embedded); /* the databases find the AS by themselves */
    } else if (sw_addr_translated(&m->flow->translation, addr, &embedded) == SW_OK) {
        match_prefix(m, by_prefix, &embedded);
        match_owner(m, by_asn, &embedded);
    }
}

void sw_match_question(struct sw_matching *m, const struct sw_question *question)
{
    struct sw_addr addr;
    sw_match_name(m, SW_TRIGGER_QNAME, question->qname, question->qname_len);
    if (question->qtype == TYPE_PTR && m->flow->settings->ptr_addresses &&
        sw_addr_from_reverse(question->qname, &addr) == SW_OK)
        match_rules(m, SW_TRIGGER_ADDRESS, SW_TRIGGER_ASN, &addr);
}

void sw_match_addr(struct sw_matching *m, const struct sw_addr *addr)
{
    enter(m, SW_TRIGGER_ADDRESS);
    match_rules(m, SW_TRIGGER_ADDRESS, SW_TRIGGER_ASN, addr);
    if (m->flow->feed && !m->match->tracked)
        m->match->tracked = sw_feed_is_tracked(m->flow->feed, addr);
}

void sw_match_client(struct sw_matching *m, const struct sw_addr *client, const uint8_t *qname)
{
    note_qname(m->match, qname);
    if (m->view.any_client && client->family)
        match_rules(m, SW_TRIGGER_CLIENT, SW_TRIGGER_CLIENT, client);
}

void sw_match_server_addr(struct sw_matching *m, const struct sw_addr *addr)
{
    enter(m, SW_TRIGGER_NSIP);
    if (m->view.any_server)
        match_rules(m, SW_TRIGGER_NSIP, SW_TRIGGER_NSIP, addr);
}
