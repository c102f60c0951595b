/*
 * match.h - second stage: which rules match this question and this answer.
 *
 * The caller opens an RCU section and starts a match. The question comes first, then the aliases of
 * the answer in order, then addresses and name servers. Used for clients' queries, for responses
 * before Unbound caches the response, by the cache sweep, and by the command.
 *
 * Decided during look-up: the best rule so far is kept for each audience of the client groups, so
 * any number of rules is decided correctly. The limit SW_MATCH_MAX only cuts the rules that an
 * event names.
 *
 * Stages: the question (client, name, the address in the name of a PTR question) is the first
 * stage, each alias is a stage of its own, the data of the answer is the last. At the end of a
 * stage the best rule so far is looked at. If that rule rewrites the answer, the decision is final,
 * and rules of later stages are recorded without effect. So the verdict is the same for an answer
 * that was resolved in part or completely (D-091).
 *
 * Threads      a match belongs to one thread and one RCU section; wait-free
 * Memory       struct sw_match is 9 KB, on the caller's stack; only the used part is written
 * Cost         one index look-up for each name and address; an AS look-up for each address only
 *              while some list contains an AS number; then some comparisons for each rule
 * Decisions    D-024, D-027, D-090, D-091, D-092
 */
#ifndef SW_FLOW_MATCH_H
#define SW_FLOW_MATCH_H

#include "flow/stage.h"

struct sw_matching {
    const struct sw_flow *flow;
    struct sw_view view;
    struct sw_match *match;
    uint8_t stage;
    bool every_group; /* match as for a client in every group (the command does) */
    unsigned except;  /* set of SW_TRIGGER_BIT: lists with such a trigger are skipped */
};

/** Start with an empty *match, inside an RCU section that stays open until the match has been
 * used. */
void sw_match_begin(struct sw_matching *m, const struct sw_flow *flow, struct sw_match *match);

/** Match the client's address: trigger CLIENT, by prefixes and AS numbers. qname is the name
 * asked for, NULL: unknown. Only if m->view.any_client; called before sw_match_question(). */
void sw_match_client(struct sw_matching *m, const struct sw_addr *client, const uint8_t *qname);

/** Match the question's name: trigger QNAME. With the setting ptr-addresses, a PTR query for an
 * address also matches like that address in an answer: triggers ADDRESS and ASN. */
void sw_match_question(struct sw_matching *m, const struct sw_question *question);

/** Match a name: trigger QNAME for the question, CNAME for an alias target. Each alias begins a
 * stage. The match borrows name. */
void sw_match_name(struct sw_matching *m, enum sw_trigger trigger, const uint8_t *name, size_t len);

/** Match an address of the answer (A, AAAA, hints): triggers ADDRESS and ASN, tracked set.
 * Begins the last stage. */
void sw_match_addr(struct sw_matching *m, const struct sw_addr *addr);

/** Match the name of a name server of a zone that the answer comes from: trigger NSDNAME. Rules
 * borrow `copy`, a copy of the name. With copy NULL, events do not name the indicators of such
 * rules. No effect unless m->view.any_server. */
void sw_match_server(struct sw_matching *m, const struct sw_name *name, const struct sw_name *copy);

/** Match the address of a name server: trigger NSIP, by prefixes and AS numbers. No effect
 * unless m->view.any_server. */
void sw_match_server_addr(struct sw_matching *m, const struct sw_addr *addr);

/** Match an AS number alone, like the AS of an address that matches with this trigger. */
void sw_match_asn(struct sw_matching *m, enum sw_trigger trigger, uint32_t asn);

/**
 * Whether rule a goes before rule b. The following decide in this order, 1 to 5 by sw_found.order:
 *
 * 1. the smaller priority number
 * 2. the earlier stage
 * 3. the trigger: client, name, address, AS number, nsdname, nsip
 * 4. the more specific rule
 * 5. an allow list
 * 6. the name of the list
 */
bool sw_found_before(const struct sw_found *a, const struct sw_found *b);

/** Whether a and b are the same rule, matched by the same name or address. */
bool sw_found_same(const struct sw_found *a, const struct sw_found *b);

/** The audience that contains a client group. */
static inline const struct sw_audience *sw_match_audience(const struct sw_match *match,
                                                          unsigned group)
{
    size_t i = 0;
    while (i + 1 < match->audiences_n && !(match->audience[i].groups >> group & 1))
        i++;
    return &match->audience[i];
}

/** Select the rules for an event: the winner first (NULL: none), then the kept rules that apply
 * to an audience (NULL: to any client), in order. out->more counts the other rules. */
void sw_match_hits(const struct sw_match *match, const struct sw_audience *audience,
                   const struct sw_found *winner, struct sw_hits *out);

/** Whether a list changes the answers of the clients that the list binds. */
static inline bool sw_list_rewrites(const struct sw_policy *list)
{
    return list->kind == SW_KIND_IOC && list->action != SW_ACTION_PASSTHRU &&
           list->action != SW_ACTION_MONITOR;
}

/** The walled garden of a list with action `cname`: the list's own, or the default of the
 * settings; len 0: none. */
const struct sw_name *sw_garden_of(const struct sw_flow *flow, const struct sw_policy *list);

#endif
