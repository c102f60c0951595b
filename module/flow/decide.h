/*
 * decide.h - third stage: which rule wins, and what this client gets.
 *
 * Threads      pure over its arguments; inside the RCU section of the match
 */
#ifndef SW_FLOW_DECIDE_H
#define SW_FLOW_DECIDE_H

#include "flow/stage.h"

/**
 * Judge a match for one client.
 *
 * client  NULL: nobody in particular (a query without clients)
 * out     always filled; winner == SW_NO_WINNER and action PASSTHRU when no rule acts
 *
 * An allow list that comes first exempts: the verdict is PASSTHRU with the allow rule as the
 * winner. Watch lists never win. `sinkhole` without a landing address for the family is
 * decided in act (NODATA); `cname` without any target becomes NXDOMAIN; `tcp-only` for a
 * client that already uses TCP is the true answer; `drop` for a client on a stream is REFUSED (D-080).
 */
void sw_decide(const struct sw_flow *flow, const struct sw_match *match,
               const struct sw_client *client, struct sw_verdict *out);

/**
 * Adapt a verdict that was made for nobody in particular to one client: tcp-only does not bind a
 * client that uses TCP, and drop refuses it. Pure; needs no RCU section.
 */
void sw_decide_client(struct sw_verdict *verdict, const struct sw_client *client);

/** Whether, so adapted, it would change this client's answer. */
bool sw_decide_rewrites(const struct sw_verdict *verdict, const struct sw_client *client);

/** EDE code for an action when the list leaves the choice to us (RFC 8914 4.5, 4.16, 4.18). */
uint16_t sw_ede_for(enum sw_action action);

#endif
