/*
 * truth.h - the true answer of a query beside what its clients get instead.
 *
 * One reply serves all who wait, each in turn: what one client gets is put into it, and the next finds the
 * truth again.
 *
 * Threads      the worker that owns the query state
 * Memory       the query's region
 */
#ifndef SW_HOST_TRUTH_H
#define SW_HOST_TRUTH_H

#include "host/state.h"

/**
 * Before replies are made: keep the truth aside, and lower the security of what will be rewritten, as the AD bit is
 * decided before the reply callback.
 */
void sw_truth_prepare(struct module_qstate *qstate, struct path_state *state,
                      struct reply_info *reply);

/** Put the verdict for one client into the reply that is about to be encoded. garden may be NULL. */
void sw_truth_apply(struct module_qstate *qstate, struct path_state *state,
                    const struct sw_verdict *verdict, const struct reply_info *garden,
                    struct reply_info *reply, struct mesh_reply *to);

#endif
