/*
 * match.h - second stage: which rules cover this question and this answer.
 *
 * The caller opens an RCU section, starts a match, feeds it the name that was asked, then every
 * alias and address of the answer section, in any number; the match keeps the rules that win
 * first. Used for clients' queries, for responses before they are cached, and by the cache sweep.
 *
 * Threads      a match belongs to one thread and one RCU section; wait-free
 * Cost         one index look-up for each name and address; an AS look-up for each address only
 *              while some list holds an AS number
 */
#ifndef SW_FLOW_MATCH_H
#define SW_FLOW_MATCH_H

#include "flow/stage.h"

struct sw_matching {
    const struct sw_flow *flow;
    struct sw_view view;
    struct sw_match *match;
};

/** Start with an empty *match. Inside an RCU section that stays open until the match is used. */
void sw_match_begin(struct sw_matching *m, const struct sw_flow *flow, struct sw_match *match);

/**
 * What is asked: the name, with trigger QNAME. With the setting ptr-addresses, a PTR query for an
 * address also matches as that address does in an answer: triggers ADDRESS and ASN.
 */
void sw_match_question(struct sw_matching *m, const struct sw_question *question);

/** A name: trigger QNAME for the question, CNAME for an alias target. name stays borrowed. */
void sw_match_name(struct sw_matching *m, enum sw_trigger trigger, const uint8_t *name, size_t len);

/** An address of the answer (A, AAAA, hints): triggers ADDRESS and ASN, tracked set. */
void sw_match_addr(struct sw_matching *m, const struct sw_addr *addr);

/** Whether rule a goes before rule b: smaller priority number, then more specific, then allow
 * lists, then the order of triggers, then the list's name (so that the order is total). */
bool sw_found_before(const struct sw_found *a, const struct sw_found *b);

#endif
