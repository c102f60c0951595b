/*
 * owed.h - the clients of a query: their verdicts, and a record of each hit even without a reply.
 *
 * A hit is recorded in the reply callback, when the client's reply is made. Some replies end
 * without that callback:
 *     action drop       sw_owed_prepare() withdraws the reply and records the hit
 *     discard-timeout   the answer comes too late; upstream in 2026 for UDP alone
 *     jostled out       the request list is full, and a newer question takes the place
 *     flush_requestlist, reload, stop
 *     client hangs up   a connection is closed during the wait; resolution continues without the
 *                       client
 *     another module    sets is_drop (RPZ, response-ip)
 * Therefore the clients that wait for a matched question are noted at each hook of the query. When
 * Unbound clears the query, a hit is recorded for each noted client without a reply. Until then, a
 * struct mesh_reply stays in the query's region, even after the client was taken off the list.
 *
 * A client that joins a running query after its last hook is not noted, since no hook tells of the
 * client. There is a hook for each query sent upstream. In addition, while the request list is
 * full, each new query notes the clients of the query that will be jostled out next.
 *
 * Threads      the worker that owns the query state
 * Memory       the query's region; a client is not noted when memory is out
 * Decision     D-082
 */
#ifndef SW_HOST_OWED_H
#define SW_HOST_OWED_H

#include "host/client_outcome.h"
#include "host/module.h"
#include "host/state.h"

/** The verdict for a client, from the outcomes and the client's own rules. truth: the true answer,
 * or NULL. */
void sw_owed_judge(const struct sw_module *module, const struct module_qstate *qstate,
                   const struct path_state *state, const struct sw_client *client,
                   const struct reply_info *truth, struct sw_client_outcome *outcome);

/** Go through all waiting clients: note the gardens that their own rules need, and withdraw the
 * replies of dropped clients, with their hits recorded (replies.h). The other clients are
 * answered. */
void sw_owed_prepare(struct sw_module *module, struct module_qstate *qstate,
                     struct path_state *state, const struct reply_info *truth);

/** Which waiting clients get a rewritten reply. */
struct sw_decided {
    bool any;
    bool at_once; /* some client, by a rule that needs no true answer */
    bool all;     /* each client, by such rules */
};

/** All false while another query of the resolver waits for the true answer, and with a module in
 * front of this module that stores answers. */
struct sw_decided sw_owed_decided(const struct sw_module *module,
                                  const struct module_qstate *qstate,
                                  const struct path_state *state);

/** Note the clients that wait now for a matched question. */
void sw_owed_note(struct module_qstate *qstate, struct path_state *state);

/** If the request list is full, note the clients of the query that the next new query will
 * jostle out. */
void sw_owed_note_oldest(const struct module_qstate *qstate, int id);

/** The hit of this reply has been recorded. */
void sw_owed_recorded(struct path_state *state, const struct mesh_reply *reply);

/** Record the hits of all noted clients without a reply. Called when Unbound clears the query. */
void sw_owed_close(struct sw_module *module, struct module_qstate *qstate,
                   const struct path_state *state);

#endif
