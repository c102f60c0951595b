/*
 * verdict_world.h - random lists, and questions with answers, for verdict_model.h.
 *
 * A world is some lists over a few names, addresses and AS numbers that overlap a lot. A case is a
 * question with an answer (client, name, aliases, addresses, name servers), as text and bits, with
 * the stage in which a resolver learns each item.
 */
#ifndef TESTS_UNIT_VERDICT_WORLD_H
#define TESTS_UNIT_VERDICT_WORLD_H

#include "flow/stage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define V_LISTS   400
#define V_RULES   4000
#define V_ITEMS   24 /* items of a case that are compared with the lists */
#define V_GROUPS  31
#define V_TEXT    64
#define V_MATCHES (V_ITEMS * V_RULES)

/* ---- where choices come from ---- */

struct v_source {
    const uint8_t *data; /* NULL: random numbers */
    size_t len, at;
    uint64_t state;
};

static inline unsigned v_pick(struct v_source *s, unsigned n)
{
    if (s->data) {
        unsigned x = s->at < s->len ? s->data[s->at++] : 0;
        if (n > 256)
            x = x << 8 | (s->at < s->len ? s->data[s->at++] : 0);
        return x % n;
    }
    s->state ^= s->state >> 12;
    s->state ^= s->state << 25;
    s->state ^= s->state >> 27;
    return (unsigned)((s->state * UINT64_C(0x2545F4914F6CDD1D)) >> 33) % n;
}

static inline bool v_one_in(struct v_source *s, unsigned n)
{
    return v_pick(s, n) == n - 1;
}

/* ---- the world ---- */

enum v_type { V_NAME, V_PREFIX, V_AS };

struct v_rule {
    unsigned list;
    enum v_type type;
    enum sw_form form;
    char text[V_TEXT];     /* of a name, without form */
    uint8_t octets[16];    /* of a prefix */
    unsigned family, plen; /* likewise */
    uint32_t asn;
};

struct v_list {
    struct sw_policy policy;
    uint32_t groups;     /* bit i: for group i; all bits set: for everybody */
    char garden[V_TEXT]; /* "": the settings' */
};

struct v_world {
    struct v_source source;
    struct sw_settings settings;
    char garden[V_TEXT]; /* of the settings; "": none */
    struct sw_index *index;
    struct sw_flow flow;
    bool no_asn; /* owners have no AS database: no rule with an AS number matches */
    size_t lists_n, rules_n;
    struct v_list list[V_LISTS];
    struct v_rule rule[V_RULES];
};

struct v_item { /* an item that is compared with the lists */
    enum sw_trigger by_name, by_prefix, by_asn;
    unsigned stage; /* 0 question, 1.. aliases, 1000 answer */
    bool is_name;
    char name[V_TEXT];
    unsigned family;
    uint8_t octets[16];
};

struct v_case {
    size_t n;
    struct v_item item[V_ITEMS];
    const char *qname;
};

/* A name of one to four labels out of three. */
static inline void v_name(struct v_source *s, char text[V_TEXT])
{
    static const char *const labels[] = {"a", "bb", "ccc"};
    unsigned depth = v_pick(s, 4);
    int at = 0;
    for (unsigned i = 0; i < depth; i++)
        at += snprintf(text + at, (size_t)(V_TEXT - at), "%s.", labels[v_pick(s, 3)]);
    snprintf(text + at, (size_t)(V_TEXT - at), "%s", v_one_in(s, 4) ? "test" : "example");
}

/* An address out of eight; the last two of IPv6 embed an IPv4 address (RFC 6052). */
static inline unsigned v_address(struct v_source *s, uint8_t octets[16])
{
    static const uint8_t v4[4][4] = {{10, 1, 0, 1}, {10, 1, 0, 2}, {10, 1, 9, 1}, {10, 77, 0, 1}};
    static const uint8_t net[8] = {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 1};
    static const uint8_t nat64[4] = {0, 0x64, 0xff, 0x9b};
    unsigned which = v_pick(s, 8);
    memset(octets, 0, 16);
    if (which < 4) {
        memcpy(octets, v4[which], 4);
        return 4;
    }
    if (which < 6)
        memcpy(octets, net, sizeof(net));
    else
        memcpy(octets, nat64, sizeof(nat64));
    if (which < 6)
        octets[15] = (uint8_t)which;
    else
        memcpy(octets + 12, v4[which - 5], 4);
    return 6;
}

/* The AS numbers that the test's database has: 10.1.0.0/16, 10.77.0.0/16, 2001:db8::/32. */
static inline uint32_t v_asn(unsigned family, const uint8_t *octets)
{
    if (family == 6 && octets[0] == 0)
        return v_asn(4, octets + 12);
    if (family == 6)
        return 64502;
    return octets[1] == 1 ? 64500 : 64501;
}

static inline void v_wire(const char *text, struct sw_name *name)
{
    size_t at = 0;
    for (const char *p = text; *p;) {
        size_t n = strcspn(p, ".");
        name->wire[at++] = (uint8_t)n;
        memcpy(name->wire + at, p, n);
        at += n;
        p += n + (p[n] == '.');
    }
    name->wire[at++] = 0;
    name->len = (uint8_t)at;
}

/* The groups of a list, and their names in the list's policy. A group may have no meaning for the
 * resolver. */
static inline void v_groups(struct v_source *s, struct v_list *list)
{
    list->groups = UINT32_MAX;
    if (!v_one_in(s, 3))
        return;
    size_t at = 0;
    list->groups = 0;
    for (unsigned n = 1 + v_pick(s, 4); n > 0; n--) {
        unsigned group = 1 + v_pick(s, V_GROUPS + 1);
        if (group <= V_GROUPS)
            list->groups |= UINT32_C(1) << group;
        at += (size_t)snprintf(list->policy.groups + at, sizeof(list->policy.groups) - at, "%sg%u",
                               at ? "\n" : "", group);
    }
}

static inline void v_make_policy(struct v_world *w, unsigned i)
{
    struct v_source *s = &w->source;
    struct v_list *list = &w->list[i];
    struct sw_policy *p = &list->policy;
    static const enum sw_kind kinds[] = {SW_KIND_IOC,   SW_KIND_IOC,       SW_KIND_IOC,
                                         SW_KIND_IOC,   SW_KIND_ALLOW,     SW_KIND_ALLOW,
                                         SW_KIND_WATCH, SW_KIND_PROTECTED, SW_KIND_KNOWN};
    char name[SW_LISTNAME_MAX];
    memset(list, 0, sizeof(*list));
    snprintf(name, sizeof(name), "%c%u", "qzam"[v_pick(s, 4)], i);
    sw_policy_init(p, name);
    p->kind = kinds[v_pick(s, 9)];
    p->action =
        p->kind == SW_KIND_IOC ? (enum sw_action)v_pick(s, SW_ACTION_COUNT) : SW_ACTION_PASSTHRU;
    p->priority = (uint16_t)(10 * v_pick(s, 4));
    list->groups = UINT32_MAX;
    if (p->kind != SW_KIND_IOC && p->kind != SW_KIND_ALLOW)
        return;
    p->shadow = p->kind == SW_KIND_IOC && v_one_in(s, 5);
    if (v_one_in(s, 3))
        p->triggers = (uint8_t)(1 + v_pick(s, (1U << SW_TRIGGER_COUNT) - 1));
    if (v_one_in(s, 2)) {
        v_name(s, list->garden);
        v_wire(list->garden, &p->cname);
    }
    v_groups(s, list);
}

static inline void v_make_rule(struct v_world *w, unsigned list)
{
    struct v_source *s = &w->source;
    struct v_rule *rule = &w->rule[w->rules_n];
    struct sw_indicator ind = {.type = SW_INDICATOR_DOMAIN};
    memset(rule, 0, sizeof(*rule));
    rule->list = list;
    rule->type = (enum v_type)(v_pick(s, 5) * 2 / 4);
    if (rule->type == V_NAME) {
        v_name(s, rule->text);
        ind.form = rule->form = (enum sw_form)v_pick(s, SW_FORM_COUNT);
        v_wire(rule->text, &ind.name);
    } else if (rule->type == V_PREFIX) {
        static const unsigned lengths[] = {1, 8, 16, 24, 31, 32, 48, 64, 96, 127, 128};
        rule->family = v_address(s, rule->octets);
        rule->plen = lengths[rule->family == 4 ? v_pick(s, 6) : v_pick(s, 11)];
        for (unsigned b = rule->plen; b < 128; b++)
            rule->octets[b / 8] &= (uint8_t) ~(0x80U >> b % 8);
        ind.type = SW_INDICATOR_PREFIX;
        ind.addr.family = (uint8_t)rule->family;
        ind.addr.plen = (uint8_t)rule->plen;
        memcpy(ind.addr.octets, rule->octets, 16);
    } else {
        ind.type = SW_INDICATOR_ASN;
        ind.asn = rule->asn = 64500 + v_pick(s, 3);
    }
    sw_list_id id;
    if (sw_index_list_find(w->index, w->list[list].policy.name, &id) != SW_OK)
        abort();
    enum sw_status status = sw_index_add(w->index, id, &ind);
    if (status == SW_OK)
        w->rules_n++;
    else if (status != SW_EEXIST)
        abort();
}

/* Lists and rules. Mostly a few; sometimes hundreds of lists that hold the same things. */
static inline void v_make_world(struct v_world *w)
{
    struct v_source *s = &w->source;
    sw_list_id id;
    w->lists_n = 1 + v_pick(s, v_one_in(s, 16) ? V_LISTS : v_one_in(s, 4) ? 48 : 8);
    w->rules_n = 0;
    w->index = sw_index_new();
    if (!w->index)
        abort();
    w->flow.index = w->index;
    w->garden[0] = '\0';
    w->settings.cname.len = 0;
    if (v_one_in(s, 2)) {
        v_name(s, w->garden);
        v_wire(w->garden, &w->settings.cname);
    }
    w->settings.ptr_addresses = v_one_in(s, 2);
    for (unsigned i = 0; i < w->lists_n; i++) {
        v_make_policy(w, i);
        if (sw_index_list_set(w->index, &w->list[i].policy, &id) != SW_OK)
            abort();
    }
    for (unsigned i = 0; i < w->lists_n; i++)
        for (unsigned n = 1 + v_pick(s, 6); n > 0 && w->rules_n < V_RULES; n--)
            v_make_rule(w, i);
}

/* ---- a case ---- */

static inline struct v_item *v_add_item(struct v_case *c, unsigned stage)
{
    struct v_item *item = &c->item[c->n++];
    memset(item, 0, sizeof(*item));
    item->stage = stage;
    return item;
}

static inline void v_add_name(struct v_source *s, struct v_case *c, unsigned stage,
                              enum sw_trigger trigger)
{
    struct v_item *item = v_add_item(c, stage);
    item->is_name = true;
    item->by_name = trigger;
    v_name(s, item->name);
}

static inline void v_add_addr(struct v_source *s, struct v_case *c, unsigned stage,
                              enum sw_trigger by_prefix, enum sw_trigger by_asn)
{
    struct v_item *item = v_add_item(c, stage);
    item->by_prefix = by_prefix;
    item->by_asn = by_asn;
    item->family = v_address(s, item->octets);
}

#define V_ANSWER 1000

static inline void v_make_case(struct v_source *s, bool ptr, struct v_case *c)
{
    c->n = 0;
    if (v_one_in(s, 3))
        v_add_addr(s, c, 0, SW_TRIGGER_CLIENT, SW_TRIGGER_CLIENT);
    v_add_name(s, c, 0, SW_TRIGGER_QNAME);
    c->qname = c->item[c->n - 1].name;
    if (ptr && v_one_in(s, 4)) {
        v_add_addr(s, c, 0, SW_TRIGGER_ADDRESS, SW_TRIGGER_ASN);
        const uint8_t *o = c->item[c->n - 1].octets;
        if (c->item[c->n - 1].family == 4)
            snprintf(c->item[c->n - 2].name, V_TEXT, "%u.%u.%u.%u.in-addr.arpa", o[3], o[2], o[1],
                     o[0]);
        else
            c->n--;
    }
    unsigned aliases = v_pick(s, 4), addrs = v_pick(s, 4);
    for (unsigned i = 1; i <= aliases; i++)
        v_add_name(s, c, i, SW_TRIGGER_CNAME);
    for (unsigned i = 0; i < addrs; i++)
        v_add_addr(s, c, V_ANSWER, SW_TRIGGER_ADDRESS, SW_TRIGGER_ASN);
    for (unsigned i = v_one_in(s, 3) ? 2 : 0; i > 0; i--) {
        v_add_name(s, c, V_ANSWER, SW_TRIGGER_NSDNAME);
        v_add_addr(s, c, V_ANSWER, SW_TRIGGER_NSIP, SW_TRIGGER_NSIP);
    }
}

/* Settings with all client groups. owners: the test's AS database. */
static inline void v_begin(struct v_world *w, const struct sw_owners *owners)
{
    sw_settings_init(&w->settings);
    for (unsigned i = 1; i <= V_GROUPS; i++) {
        char line[64];
        snprintf(line, sizeof(line), "g%u 172.16.%u.0/24", i, i);
        if (sw_groups_add(&w->settings.groups, line) != SW_OK)
            abort();
    }
    w->flow = (struct sw_flow){.settings = &w->settings, .owners = owners};
}

#endif
