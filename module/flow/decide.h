/*
 * decide.h - third stage: the verdict for the clients of an audience.
 *
 * An audience is a set of client groups to which the same rules apply (stage.h). The rules were
 * compared during the look-ups (match.h). For each audience and transport there is a best binding
 * rule; if that rule rewrites the answer, the rule wins. Otherwise the true answer is sent, and the
 * winner is the best rule of all, whether binding or not, so that the would-be action is recorded.
 *
 * Threads      pure over its arguments; inside the RCU section of the match
 */
#ifndef SW_FLOW_DECIDE_H
#define SW_FLOW_DECIDE_H

#include "flow/stage.h"

/**
 * Decide a match for the clients of an audience over a transport.
 *
 * out  always filled; if no rule acts or exempts: `wins` is false and the action is PASSTHRU
 *
 * A winning allow list exempts: the verdict is PASSTHRU. Watch lists never win. `sinkhole` without
 * a landing address of the family becomes NODATA in act; `cname` without any target becomes
 * NXDOMAIN here.
 *
 * Returns the winning rule, borrowed from the match, or NULL.
 */
const struct sw_found *sw_decide(const struct sw_flow *flow, const struct sw_audience *audience,
                                 enum sw_over over, struct sw_verdict *out);

/** Adapt a verdict, made without a client, to a client: drop becomes refused over TCP (D-080).
 * Pure; needs no RCU section. */
void sw_decide_client(struct sw_verdict *verdict, const struct sw_client *client);

/** Adapt a verdict to a client who gets a failure of resolution, or a referral, whatever the list
 * says: an action that rewrites answers is not taken, and no EDE is sent.
 * Pure; needs no RCU section. */
void sw_decide_failure(struct sw_verdict *verdict);

/** Whether the verdict for an audience depends on the transport, because some rule is tcp-only. */
bool sw_decide_by_transport(const struct sw_audience *audience);

/** Whether the answer is rewritten for some client group over some transport. */
bool sw_decide_rewrites_any(const struct sw_match *match);

/** Whether an answer is private: Unbound must not serve the answer from the message cache. An
 * answer is private if some client may get another answer, or if a rule matched a name server,
 * which the callback for cached replies cannot judge. */
bool sw_decide_private(const struct sw_match *match);

/** Default EDE code for an action, when the list sets none (RFC 8914 4.5, 4.16, 4.18). */
uint16_t sw_ede_for(enum sw_action action);

#endif
