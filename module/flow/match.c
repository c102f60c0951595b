#include "flow/match.h"

#include "base/rcu.h"

#include <string.h>

#define TYPE_PTR 12 /* RFC 1035 3.2.2 */

/* What is asked about goes first: clients, names, addresses, AS numbers, name servers' names, and
 * their addresses. */
static const unsigned ranks[SW_TRIGGER_COUNT] = {
    [SW_TRIGGER_CLIENT] = 5,  [SW_TRIGGER_QNAME] = 4, [SW_TRIGGER_CNAME] = 4,
    [SW_TRIGGER_ADDRESS] = 3, [SW_TRIGGER_ASN] = 2,   [SW_TRIGGER_NSDNAME] = 1,
    [SW_TRIGGER_NSIP] = 0,
};

/* A number that grows with how much a rule says: by rank, then more labels, and the name alone
 * rather than its subtree; longer prefixes; AS numbers last. */
static unsigned specificity(const struct sw_found *found)
{
    const struct sw_hit *hit = &found->hit;
    unsigned rank = 1000U * ranks[found->trigger];
    switch (hit->type) {
    case SW_INDICATOR_DOMAIN:
        return rank + 2U * hit->labels + (hit->form == SW_FORM_EXACT ? 1U : 0U);
    case SW_INDICATOR_PREFIX:
        return rank + 1U + hit->plen;
    case SW_INDICATOR_ASN:
        break;
    }
    return rank;
}

bool sw_found_before(const struct sw_found *a, const struct sw_found *b)
{
    if (a->hit.list->priority != b->hit.list->priority)
        return a->hit.list->priority < b->hit.list->priority;
    unsigned sa = specificity(a), sb = specificity(b);
    if (sa != sb)
        return sa > sb;
    bool allow_a = a->hit.list->kind == SW_KIND_ALLOW, allow_b = b->hit.list->kind == SW_KIND_ALLOW;
    if (allow_a != allow_b)
        return allow_a;
    if (a->trigger != b->trigger)
        return a->trigger < b->trigger;
    return strcmp(a->hit.list->name, b->hit.list->name) < 0;
}

/* Whether the very same rule has been found already (one address behind two aliases). */
static bool same_rule(const struct sw_found *a, const struct sw_found *b)
{
    return a->hit.id == b->hit.id && a->trigger == b->trigger && a->hit.type == b->hit.type &&
           a->hit.form == b->hit.form && a->hit.labels == b->hit.labels &&
           a->hit.plen == b->hit.plen && a->hit.asn == b->hit.asn &&
           (a->name != NULL) == (b->name != NULL) &&
           (a->name ? sw_name_equal(sw_name_suffix(a->name, a->hit.labels),
                                    sw_name_suffix(b->name, b->hit.labels))
                    : a->hit.type == SW_INDICATOR_ASN || sw_addr_equal(&a->addr, &b->addr));
}

/* Keep the hits sorted; the last falls off when there is no room. */
static void insert(struct sw_match *match, const struct sw_found *found)
{
    size_t at = match->n;
    for (size_t i = 0; i < match->n; i++)
        if (same_rule(&match->found[i], found))
            return;
    while (at > 0 && sw_found_before(found, &match->found[at - 1]))
        at--;
    if (at == SW_MATCH_MAX)
        return;
    size_t tail = match->n - at;
    if (match->n == SW_MATCH_MAX)
        tail--;
    else
        match->n++;
    memmove(&match->found[at + 1], &match->found[at], tail * sizeof match->found[0]);
    match->found[at] = *found;
}

/* Sort hits of one look-up into the match. Kinds that only explain (protected, known) are for
 * the recorder, not for verdicts. */
static void add_hits(struct sw_matching *m, const struct sw_hit *hits, size_t n,
                     struct sw_found *found)
{
    for (size_t i = 0; i < n; i++) {
        /* cppcheck-suppress uninitvar ; n of them were written, cppcheck does not count */
        switch (hits[i].list->kind) {
        case SW_KIND_IOC:
            m->match->acted_on = true;
            break;
        case SW_KIND_WATCH:
            m->match->watched = true;
            break;
        case SW_KIND_ALLOW:
            break;
        default:
            continue;
        }
        m->match->grouped |= hits[i].list->groups[0] != '\0';
        found->hit = hits[i];
        insert(m->match, found);
    }
}

void sw_match_begin(struct sw_matching *m, const struct sw_flow *flow, struct sw_match *match)
{
    m->flow = flow;
    m->view = sw_index_view(flow->index);
    m->match = match;
    match->n = 0;
    match->by_client = m->view.any_client;
    match->clients_act = m->view.clients_act;
    match->acted_on = match->watched = match->grouped = match->tracked = false;
}

void sw_match_name(struct sw_matching *m, enum sw_trigger trigger, const uint8_t *name, size_t len)
{
    struct sw_hit hits[SW_HITS_MAX];
    if (!m->view.any_domain)
        return;
    m->view.triggers = SW_TRIGGER_BIT(trigger);
    size_t n = sw_view_find_name(&m->view, name, len, hits, SW_HITS_MAX);
    if (n == 0)
        return;
    struct sw_found found = {.trigger = trigger, .name = name};
    add_hits(m, hits, n, &found);
}

/* The AS that announces the address, when some list holds AS numbers. */
static void match_asn(struct sw_matching *m, enum sw_trigger trigger, const struct sw_addr *addr)
{
    struct sw_hit hits[SW_HITS_MAX];
    uint32_t asn;
    if (!m->view.any_asn || sw_owner_find_asn(m->flow->owners, addr, &asn, NULL) != SW_OK)
        return;
    struct sw_found found = {.trigger = trigger, .addr = *addr};
    m->view.triggers = SW_TRIGGER_BIT(trigger);
    add_hits(m, hits, sw_view_find_asn(&m->view, asn, hits, SW_HITS_MAX), &found);
}

static void match_prefix(struct sw_matching *m, enum sw_trigger trigger, const struct sw_addr *addr)
{
    struct sw_hit hits[SW_HITS_MAX];
    struct sw_found found = {.trigger = trigger, .addr = *addr};
    if (!m->view.any_prefix)
        return;
    m->view.triggers = SW_TRIGGER_BIT(trigger);
    add_hits(m, hits, sw_view_find_addr(&m->view, addr, hits, SW_HITS_MAX), &found);
}

/* An address by every rule, as itself and as the IPv4 address in it: the trigger for prefixes, and
 * the one for AS numbers. */
static void match_rules(struct sw_matching *m, enum sw_trigger by_prefix, enum sw_trigger by_asn,
                        const struct sw_addr *addr)
{
    struct sw_addr embedded;
    match_prefix(m, by_prefix, addr);
    match_asn(m, by_asn, addr);
    if (addr->family == 6 && sw_addr_embedded(addr, &embedded) == SW_OK) {
        match_prefix(m, by_prefix, &embedded); /* whose AS the databases look up by themselves */
    } else if (sw_addr_translated(&m->flow->translation, addr, &embedded) == SW_OK) {
        match_prefix(m, by_prefix, &embedded);
        match_asn(m, by_asn, &embedded);
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
    match_rules(m, SW_TRIGGER_ADDRESS, SW_TRIGGER_ASN, addr);
    if (m->flow->feed && !m->match->tracked)
        m->match->tracked = sw_feed_is_tracked(m->flow->feed, addr);
}

void sw_match_client(struct sw_matching *m, const struct sw_addr *client)
{
    if (m->view.any_client && client->family)
        match_rules(m, SW_TRIGGER_CLIENT, SW_TRIGGER_CLIENT, client);
}

void sw_match_server_addr(struct sw_matching *m, const struct sw_addr *addr)
{
    if (m->view.any_server)
        match_rules(m, SW_TRIGGER_NSIP, SW_TRIGGER_NSIP, addr);
}
