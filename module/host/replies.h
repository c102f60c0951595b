/*
 * replies.h - the replies that Unbound owes for one query, where one of them is not to be sent.
 *
 * Unbound can drop the replies of a query itself (qstate->is_drop, mesh_query_done()), for all who wait or for
 * nobody. Some versions do it wrongly, so is_drop is never set:
 *
 *     1.17.1, 1.22.0  a dropped reply stays counted in mesh->num_reply_addrs, until the worker takes no client any
 *                     more who joins a query under way. comm_point_drop_reply() frees a connection's handler
 *                     once for each reply: one that waits twice, with another one in between, is put on the
 *                     list of free handlers twice, and then two connections share it
 *     upstream, 2026  both are mended; a dropped reply still ends the connection, with all other questions on it
 *
 * Instead a client on UDP is taken off the list of those who wait, with the counters changed as
 * mesh_state_remove_reply() changes them; nothing else of Unbound refers to such a reply. A client on a stream
 * (TCP, TLS, HTTPS, QUIC) is always answered.
 *
 * Threads      the worker that owns the query state
 * Memory       none; a reply that is withdrawn stays in the query's region
 * Decision     D-080
 */
#ifndef SW_HOST_REPLIES_H
#define SW_HOST_REPLIES_H

#include "flow/query.h"

struct mesh_reply;

/** What is asked of each client: whether its reply is withdrawn. */
typedef bool sw_withdraw_fn(void *arg, const struct mesh_reply *reply,
                            const struct sw_client *client);

/**
 * Ask withdraws() for each client that waits, in the order of Unbound's list, and take the replies for which
 * it says so off that list: no answer is sent to them. It must not say so for a client on a stream
 * (client->tcp); such a reply stays.
 */
void sw_replies_withdraw(struct module_qstate *qstate, sw_withdraw_fn *withdraws, void *arg);

#endif
