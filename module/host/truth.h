/*
 * truth.h - the true answer of a query, kept while clients get rewritten replies.
 *
 * A single reply serves all waiting clients in turn: the answer for a client is put into the reply,
 * and for the next client the true answer is restored.
 *
 * Threads      the worker that owns the query state
 * Memory       the query's region
 */
#ifndef SW_HOST_TRUTH_H
#define SW_HOST_TRUTH_H

#include "host/state.h"

/** Before replies are made: keep a copy of the true answer, and lower the security of answers
 * that will be rewritten, since Unbound sets the AD bit before the reply callback. */
void sw_truth_prepare(struct module_qstate *qstate, struct path_state *state,
                      struct reply_info *reply);

/** Apply a client's verdict to the reply that is about to be encoded. garden may be NULL. False:
 * memory is out for a rewritten reply, and the reply is a failure instead (D-122). */
bool sw_truth_apply(struct module_qstate *qstate, struct path_state *state,
                    const struct sw_verdict *verdict, const struct reply_info *garden,
                    struct reply_info *reply, struct mesh_reply *to);

/** Make the reply a failure (SERVFAIL), for a client who must not get the true answer. */
void sw_truth_fail(struct reply_info *reply);

#endif
