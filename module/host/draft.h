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

/** Now, in microseconds, by the worker's own clock. */
int64_t sw_draft_now(const struct module_qstate *qstate);

/** The same for a question that no query state stands for; now_us is in microseconds. */
void sw_draft_at(struct sw_event *ev, enum sw_event_type type, const struct sw_hits *hits,
                 const struct query_info *qinfo, int64_t now_us, const struct reply_info *reply);

/** Question, rules (NULL: none), and what the answer holds (NULL: there is none). */
void sw_draft(struct sw_event *ev, enum sw_event_type type, const struct sw_hits *hits,
              const struct module_qstate *qstate, const struct reply_info *reply);

#endif
