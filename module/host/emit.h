/*
 * emit.h - events from a worker into its ring.
 *
 * Threads      the worker that owns the query; a full ring counts the refused events
 * Memory       none
 */
#ifndef SW_HOST_EMIT_H
#define SW_HOST_EMIT_H

#include "host/judge.h"

/** Put the hit of a client into the ring: an event drafted before, with this client's verdict. */
void sw_emit_hit(struct sw_module *module, const struct module_qstate *qstate,
                 struct sw_event *event, const struct sw_client *client,
                 const struct sw_verdict *verdict);

/** The same without a query state, on the current worker's thread. */
void sw_emit_hit_at(struct sw_module *module, unsigned worker, int64_t now_us,
                    struct sw_event *event, const struct sw_client *client,
                    const struct sw_verdict *verdict);

/** Put an event about an answer that no rule changes, for ownership tracking. Inside the read
 * section of j. */
void sw_emit_answer(struct sw_module *module, struct module_qstate *qstate,
                    const struct sw_weighing *j, const struct reply_info *reply);

#endif
