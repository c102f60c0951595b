/*
 * remember.h - true answers that a rule changes, cached where only this module finds them.
 *
 * Such an answer must not be served from the message cache, since Unbound would serve the answer
 * without this module. But resolving again for every client would cost time, and would show each
 * query to the operator of the name. So the message is stored in Unbound's message cache, under
 * the question's own key, but with the complement of each RRset's id in its references. Before each
 * use of a message, Unbound compares the ids of references and RRsets; different ids mean that an
 * RRset is gone. So no look-up serves the message, and no dump of the cache shows the message.
 * Memory limits, TTL and flushing (unbound-control flush, flush_type, flush_zone) work as for any
 * other message.
 * RRsets that a rule can match are kept in a class for private use.
 *
 * What Unbound does with a message of its own, this module does with a remembered one (D-120): an
 * expired message is served where serve-expired allows it, a message in the last tenth of its time
 * to live is refreshed where prefetch is set, and failures are remembered for five seconds.
 *
 * Threads      the worker that owns the query state
 * Memory       the message cache's
 * Standards    RFC 6895 3.2 (classes for private use), RFC 8767 (stale answers), RFC 9520 3.2
 *              (failures)
 * Decisions    D-011, D-077, D-120
 */
#ifndef SW_HOST_REMEMBER_H
#define SW_HOST_REMEMBER_H

#include "flow/ub.h"

#define SW_REMEMBER_CLASS 65280U /* RFC 6895 3.2: 65280-65534 are for private use */

/** A remembered message. */
struct sw_remembered {
    struct dns_msg *msg; /* copied into the query's region, with the remaining TTL */
    bool stale;          /* the TTL has ended */
    bool renew;          /* the caller has to begin a refresh (refresh.h) */
    time_t leeway;       /* seconds until the TTL ends, 0 when stale */
};

/** Remember a complete reply for this query's question, unless it has no time to live or is no
 * answer (SERVFAIL and the like). Returns whether the reply was to be remembered. */
bool sw_remember_store(struct module_qstate *qstate, struct reply_info *reply);

/** After a failure: the answer that is remembered, if any, is not refreshed again for five seconds,
 * and served meanwhile. Returns false if there is no answer that Unbound would keep: one that has
 * not expired, or an expired one with serve-expired. */
bool sw_remember_rest(struct module_qstate *qstate);

/** The same, but where this returns false, remember the failure for failure->ttl seconds. */
void sw_remember_failure(struct module_qstate *qstate, struct reply_info *failure);

/**
 * Find what is remembered for this query's question.
 *
 * failed  resolution has failed: only an expired answer is looked for
 * out     written in full when the result is true
 *
 * False: nothing is remembered, or the message has expired and must not be served, or the client
 * requires validation and the message was not validated.
 */
bool sw_remember_find(struct module_qstate *qstate, bool failed, struct sw_remembered *out);

/** Whether a message of the message cache is a remembered one. The entry is locked. */
bool sw_remember_owns(const struct reply_info *reply);

/** Remove the message for a question from the message cache, unless it is a remembered one. */
void sw_remember_uncache(struct module_env *env, const struct query_info *q, uint16_t flags);

/** Remove the remembered message for this query's question. */
void sw_remember_forget(struct module_qstate *qstate);

#endif
