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

/* Further events of an answer whose addresses one event has no room for, in a region. */
struct sw_further {
    struct sw_further *next;
    struct sw_event event; /* used part only */
};

/** Begin an event: question, rules (NULL: none), aliases and addresses of the answer (NULL: no
 * answer). by_name: with the name servers of the name. Addresses without room become further
 * events, in the query's region. Inside the RCU section of the match. */
void sw_emit_draft(struct sw_event *ev, const struct sw_hits *hits, bool by_name,
                   const struct module_qstate *qstate, const struct reply_info *reply,
                   struct sw_further **further);

/** Likewise without name servers and further events. */
void sw_emit_draft_alone(struct sw_event *ev, const struct sw_hits *hits,
                         const struct module_qstate *qstate, const struct reply_info *reply);

/** Put the hit of a client into the ring: an event drafted before, with this client's verdict, and
 * the further events (NULL: none). */
void sw_emit_hit(struct sw_module *module, const struct module_qstate *qstate,
                 struct sw_event *event, struct sw_further *further, const struct sw_client *client,
                 const struct sw_verdict *verdict);

/** Draft the hit of a client on a reply from the cache, and put it into the ring of the current
 * worker. expired: the reply is served after the end of its time to live. Inside the RCU section of
 * the match. */
void sw_emit_cached_hit(struct sw_module *module, int64_t now_us, const struct sw_hits *hits,
                        const struct query_info *qinfo, const struct reply_info *reply,
                        const struct sw_client *client, const struct sw_verdict *verdict);

/** Put an event about an answer that no rule changes, for ownership tracking. Inside the read
 * section of j. */
void sw_emit_answer(struct sw_module *module, struct module_qstate *qstate,
                    const struct sw_judgement *j, const struct reply_info *reply);

#endif
