/*
 * draft.h - begin the event about a question and its true answer.
 *
 * Threads      the worker that owns the query state; inside the RCU section of the match
 * Memory       the caller's, mostly its stack
 */
#ifndef SW_HOST_DRAFT_H
#define SW_HOST_DRAFT_H

#include "flow/stage.h"

struct module_qstate;
struct query_info;
struct reply_info;

/** The worker's current time, in microseconds. */
int64_t sw_draft_now(const struct module_qstate *qstate);

/** The same without a query state; now_us is in microseconds. */
void sw_draft_at(struct sw_event *ev, enum sw_event_type type, const struct sw_hits *hits,
                 const struct query_info *qinfo, int64_t now_us, const struct reply_info *reply);

/** Begin an event: question, rules (NULL: none), aliases and addresses of the answer (NULL: no
 * answer). */
void sw_draft(struct sw_event *ev, enum sw_event_type type, const struct sw_hits *hits,
              const struct module_qstate *qstate, const struct reply_info *reply);

#endif
