/*
 * decide.h - third stage: what the clients of one part get.
 *
 * The rules were weighed while they were looked up (match.h). For each part and transport there is
 * a best rule that binds; if it rewrites the answer it wins. Otherwise the true answer is sent, and
 * the winner is the best rule of all, one that binds nobody included, so that its would-be action is
 * recorded.
 *
 * Threads      pure over its arguments; inside the RCU section of the match
 */
#ifndef SW_FLOW_DECIDE_H
#define SW_FLOW_DECIDE_H

#include "flow/stage.h"

/**
 * Judge a match for the clients of one part who use one transport.
 *
 * out  always filled; not wins, and action PASSTHRU, when no rule acts or exempts
 *
 * An allow list that wins exempts: the verdict is PASSTHRU. Watch lists never win. `sinkhole` without
 * a landing address for the family is decided in act (NODATA); `cname` without any target becomes
 * NXDOMAIN.
 *
 * Returns the rule that won, borrowed from the match, or NULL.
 */
const struct sw_found *sw_decide(const struct sw_flow *flow, const struct sw_part *part,
                                 enum sw_over over, struct sw_verdict *out);

/** Adapt a verdict that was made for nobody in particular to one client: drop refuses a client on a
 * stream (D-080). Pure; needs no RCU section. */
void sw_decide_client(struct sw_verdict *verdict, const struct sw_client *client);

/** Whether the transport makes a difference for the clients of a part: some rule is tcp-only. */
bool sw_decide_by_transport(const struct sw_part *part);

/** Whether some client gets another answer than the true one: for some client group, over some transport. */
bool sw_decide_rewrites_any(const struct sw_match *match);

/**
 * Whether an answer is private: it may not be in the message cache under its own question, since some client
 * may get another one, or since the callback for cached replies could not judge it (name servers).
 */
bool sw_decide_private(const struct sw_match *match);

/** EDE code for an action when the list leaves the choice to us (RFC 8914 4.5, 4.16, 4.18). */
uint16_t sw_ede_for(enum sw_action action);

#endif
