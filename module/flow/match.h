/*
 * match.h - second stage: which rules cover this question and this answer.
 *
 * The caller opens an RCU section, starts a match, feeds it what is asked, then the aliases of the answer
 * in their order, then its addresses and name servers. Used for clients' queries, for responses
 * before they are cached, by the cache sweep, and by the command.
 *
 * Decided while looking up. The best rule so far is kept for each part of the client groups, so any
 * number of rules is judged right: what is cut at SW_MATCH_MAX is only what an event names.
 *
 * Stages. What is asked (client, name, the address that a PTR question names) is the first, each
 * alias one of its own, what the answer holds the last. At the end of a stage the best rule so far is
 * looked at; if it rewrites the answer, it is final, and rules of later stages are recorded but change
 * nothing. So it makes no difference how much of an answer was resolved when it was judged (D-091).
 *
 * Threads      a match belongs to one thread and one RCU section; wait-free
 * Memory       struct sw_match is 9 KB, on the caller's stack; only what is in use is written
 * Cost         one index look-up for each name and address; an AS look-up for each address only
 *              while some list holds an AS number; then some comparisons for each rule
 * Decisions    D-090, D-091, D-092
 */
#ifndef SW_FLOW_MATCH_H
#define SW_FLOW_MATCH_H

#include "flow/stage.h"

struct sw_matching {
    const struct sw_flow *flow;
    struct sw_view view;
    struct sw_match *match;
    uint8_t stage;
    bool every_group; /* judge as for a client who is in every group (the command does) */
    unsigned except;  /* SW_TRIGGER_BIT: lists with one of these triggers are passed over */
};

/** Start with an empty *match. Inside an RCU section that stays open until the match is used. */
void sw_match_begin(struct sw_matching *m, const struct sw_flow *flow, struct sw_match *match);

/** Who asks, and for which name (NULL: not said): trigger CLIENT, by prefixes and AS numbers. Only where
 * m->view.any_client; goes before the question. */
void sw_match_client(struct sw_matching *m, const struct sw_addr *client, const uint8_t *qname);

/**
 * What is asked: the name, with trigger QNAME. With the setting ptr-addresses, a PTR query for an
 * address also matches as that address does in an answer: triggers ADDRESS and ASN.
 */
void sw_match_question(struct sw_matching *m, const struct sw_question *question);

/** A name: trigger QNAME for the question, CNAME for an alias target. Each alias begins a stage. name
 * stays borrowed. */
void sw_match_name(struct sw_matching *m, enum sw_trigger trigger, const uint8_t *name, size_t len);

/** An address of the answer (A, AAAA, hints): triggers ADDRESS and ASN, tracked set. Begins the last
 * stage. */
void sw_match_addr(struct sw_matching *m, const struct sw_addr *addr);

/** A name server of a zone that the answer comes from: trigger NSDNAME. Rules borrow `copy` of its name;
 * NULL: none, and an event does not name their indicators. Only where m->view.any_server. */
void sw_match_server(struct sw_matching *m, const struct sw_name *name, const struct sw_name *copy);

/** An address of one: trigger NSIP, by prefixes and AS numbers. Only where m->view.any_server. */
void sw_match_server_addr(struct sw_matching *m, const struct sw_addr *addr);

/** An AS number alone, as if an address of it had been matched with this trigger. */
void sw_match_asn(struct sw_matching *m, enum sw_trigger trigger, uint32_t asn);

/**
 * Whether rule a goes before rule b, by sw_found.order, then by the list's name: smaller priority number; then reached first (stages); then client
 * before name, name before address, address before AS number, these before nsdname, that before
 * nsip; then more specific; then allow lists.
 */
bool sw_found_before(const struct sw_found *a, const struct sw_found *b);

/** Whether both are one rule that matched the same thing. */
bool sw_found_same(const struct sw_found *a, const struct sw_found *b);

/** The part that clients of a group are in. */
static inline const struct sw_part *sw_match_part(const struct sw_match *match, unsigned group)
{
    size_t i = 0;
    while (i + 1 < match->parts_n && !(match->part[i].groups >> group & 1))
        i++;
    return &match->part[i];
}

/** Rules for an event: the winner first (NULL: none), then those kept that apply to a part (NULL: to
 * anybody), in their order; and how many more there are. */
void sw_match_hits(const struct sw_match *match, const struct sw_part *part,
                   const struct sw_found *winner, struct sw_hits *out);

/** Whether the action of a list changes the answers of the clients that it binds. */
static inline bool sw_list_rewrites(const struct sw_policy *list)
{
    return list->kind == SW_KIND_IOC && list->action != SW_ACTION_PASSTHRU &&
           list->action != SW_ACTION_MONITOR;
}

/** Where a list sends clients with action `cname`: its own walled garden or that of the settings; len
 * 0: none. */
const struct sw_name *sw_garden_of(const struct sw_flow *flow, const struct sw_policy *list);

#endif
