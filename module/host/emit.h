/*
 * emit.h - events from a worker into its ring.
 *
 * Threads      the worker that owns the query; a full ring counts what it refuses by itself
 * Memory       none
 */
#ifndef SW_HOST_EMIT_H
#define SW_HOST_EMIT_H

#include "host/weigh.h"

/** One client's hit, drafted before; the verdict is the one for this client. */
void sw_emit_hit(struct sw_module *module, const struct module_qstate *qstate,
                 struct sw_event *event, const struct sw_client *client,
                 const struct sw_verdict *verdict);

/** The same for a reply that no query state stands for, on this worker's thread. */
void sw_emit_hit_at(struct sw_module *module, unsigned worker, int64_t now_us,
                    struct sw_event *event, const struct sw_client *client,
                    const struct sw_verdict *verdict);

/** An answer that nobody's rule acts on, but that ownership wants to see. Inside the read section of j. */
void sw_emit_answer(struct sw_module *module, struct module_qstate *qstate,
                    const struct sw_weighing *j, const struct reply_info *reply);

#endif
