/*
 * emit.h - events: begun from a question and its true answer, and put into the worker's ring.
 *
 * Threads      the worker that owns the query; a full ring counts the refused events
 * Memory       the caller's, mostly its stack
 */
#ifndef SW_HOST_EMIT_H
#define SW_HOST_EMIT_H

#include "host/judge.h"

/** The worker's current time, in microseconds. */
int64_t sw_emit_now(const struct module_qstate *qstate);

/** Begin an event: question, rules (NULL: none), aliases and addresses of the answer (NULL: no
 * answer). Inside the RCU section of the match. */
void sw_emit_draft(struct sw_event *ev, enum sw_event_type type, const struct sw_hits *hits,
                   const struct module_qstate *qstate, const struct reply_info *reply);

/** The same without a query state; now_us is in microseconds. */
void sw_emit_draft_at(struct sw_event *ev, enum sw_event_type type, const struct sw_hits *hits,
                      const struct query_info *qinfo, int64_t now_us,
                      const struct reply_info *reply);

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
                    const struct sw_judgement *j, const struct reply_info *reply);

#endif
