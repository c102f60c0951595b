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

/** A name: trigger QNAME for the question, CNAME for an alias target, NSDNAME for a name server.
 * name stays borrowed. */
void sw_match_name(struct sw_matching *m, enum sw_trigger trigger, const uint8_t *name, size_t len);

/** An address of the answer (A, AAAA, hints): triggers ADDRESS and ASN, tracked set. */
void sw_match_addr(struct sw_matching *m, const struct sw_addr *addr);

/** Who asks: trigger CLIENT, by prefixes and AS numbers. Only where m->view.any_client. */
void sw_match_client(struct sw_matching *m, const struct sw_addr *client);

/** An address of a name server of a zone that the answer comes from: trigger NSIP, by prefixes and
 * AS numbers. Only where m->view.any_server. Its name: sw_match_name() with NSDNAME. */
void sw_match_server_addr(struct sw_matching *m, const struct sw_addr *addr);

/** Whether rule a goes before rule b: smaller priority number, then more specific (clients above
 * names above addresses above AS numbers above name servers), then allow lists, then a
 * name asked for before an alias, then the list's name (so that the order is total). */
bool sw_found_before(const struct sw_found *a, const struct sw_found *b);

#endif
