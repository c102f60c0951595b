/*
 * client.h - between decide and act: what the lists say about who asks.
 *
 * The indicators of a list with trigger `client` match the client's address, whatever it asks for. An
 * answer is judged once for all who wait for it; these rules are looked up for each of them when
 * it is served.
 *
 * Threads      any; inside one RCU section
 * Cost         one index look-up for each client (and one in the AS database where a list has AS
 *              numbers), made only while some list has this trigger
 */
#ifndef SW_FLOW_CLIENT_H
#define SW_FLOW_CLIENT_H

#include "flow/stage.h"

/** Rules that cover the client's address, of lists that are for its groups: match->n is 0 when there
 * are none. */
void sw_client_match(const struct sw_flow *flow, const struct sw_client *client,
                     struct sw_match *match);

/**
 * What the client gets by these rules (at least one) and by the verdict on what it asked for. A client
 * rule goes before all others of the same priority.
 *
 * Returns whether a client rule wins: the verdict is its, then; else it is unchanged.
 */
bool sw_client_decide(const struct sw_flow *flow, const struct sw_match *match,
                      const struct sw_client *client, struct sw_verdict *verdict);

#endif
