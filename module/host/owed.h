/*
 * owed.h - the clients of one query: what each gets, and that each hit is recorded, whatever Unbound does
 * with the reply.
 *
 * A hit is recorded when the client's reply is made, in the reply callback. A reply ends without that callback
 *     by action drop       here, in sw_owed_weigh(), which records it
 *     discard-timeout      the answer comes too late; upstream in 2026 for UDP alone
 *     jostled out          the request list is full, and a newer question takes the place
 *     flush_requestlist, reload, stop
 *     the client hangs up  a connection is closed while it waits; the resolution goes on without it
 *     another module       sets is_drop (RPZ, response-ip)
 * For these the clients who wait for a matched question are noted, each time that the query passes one of the
 * module's hooks, and whoever was noted and got no reply is recorded when Unbound clears the query. A
 * reply stays in the query's region until then, also where its client was taken off the list.
 *
 * Not noted is a client who joins a question under way after its last hook: there is no hook for that. A hook comes
 * with each question sent upstream, and, where the request list is full, for the question that
 * goes next with each new one.
 *
 * Threads      the worker that owns the query state
 * Memory       the query's region; when it is out a client is not noted
 * Decision     D-082
 */
#ifndef SW_HOST_OWED_H
#define SW_HOST_OWED_H

#include "host/module.h"
#include "host/own.h"
#include "host/state.h"

/** What one client gets, by the cases and its own rules. truth: the true answer, or NULL. */
void sw_owed_judge(const struct sw_module *module, const struct module_qstate *qstate,
                   const struct path_state *state, const struct sw_client *client,
                   const struct reply_info *truth, struct sw_own *own);

/**
 * Look at all who wait: note the gardens that their own rules need, and take those off the list who get no
 * answer, their hits recorded (replies.h). The others are answered.
 */
void sw_owed_weigh(struct sw_module *module, struct module_qstate *qstate, struct path_state *state,
                   const struct reply_info *truth);

/**
 * Whether some who wait get a reply of ours; *all: whether all do, by rules that need no true answer, and nobody else of the
 * resolver waits for one. False and *all false where a module before this one stores answers.
 */
bool sw_owed_settled(const struct sw_module *module, const struct module_qstate *qstate,
                     const struct path_state *state, bool *all);

/** Note who waits now for a matched question. */
void sw_owed_note(struct module_qstate *qstate, struct path_state *state);

/** Note who waits for the question that the next new one takes the place of, if the request list is full. */
void sw_owed_note_oldest(const struct module_qstate *qstate, int id);

/** The hit of this reply is recorded. */
void sw_owed_settle(struct path_state *state, const struct mesh_reply *reply);

/** Record the hits of all who were noted and got no reply. Unbound clears the query. */
void sw_owed_close(struct sw_module *module, struct module_qstate *qstate,
                   const struct path_state *state);

#endif
