/*
 * replies.h - withdraw the replies to some clients of a query, so that no answer is sent.
 *
 * Unbound can drop the replies of a query itself (qstate->is_drop, mesh_query_done()), but only for
 * all waiting clients together. Some versions have faults in doing so, so this module never sets
 * is_drop:
 *
 *     1.17.1, 1.22.0  a dropped reply stays counted in mesh->num_reply_addrs, until the worker
 *                     refuses clients that join a running query. comm_point_drop_reply() frees a
 *                     connection's handler once for each reply: if two replies of a connection
 *                     wait, with another connection's reply in between, the handler enters the free
 *                     list twice, and two connections then share the handler
 *     upstream, 2026  both faults are mended; a dropped reply still ends the connection, with all
 *                     other questions on the connection
 *
 * Instead a UDP client is taken off the list of waiting clients, and the counters are changed as in
 * mesh_state_remove_reply(); nothing else in Unbound refers to such a reply. A client on a stream
 * (TCP, TLS, HTTPS, QUIC) is always answered.
 *
 * Threads      the worker that owns the query state
 * Memory       none; a withdrawn reply stays in the query's region
 * Decision     D-080
 */
#ifndef SW_HOST_REPLIES_H
#define SW_HOST_REPLIES_H

#include "flow/query.h"

struct mesh_reply;

/** Called for each client: whether to withdraw the client's reply. */
typedef bool sw_withdraw_fn(void *arg, const struct mesh_reply *reply,
                            const struct sw_client *client);

/** Call withdraws() for each waiting client, in the order of Unbound's list, and take the
 * replies off the list for which withdraws() returns true: no answer is sent. withdraws() must
 * return false for a client on a stream (client->tcp); such a reply stays. */
void sw_replies_withdraw(struct module_qstate *qstate, sw_withdraw_fn *withdraws, void *arg);

#endif
