/*
 * chain.h - the chain of aliases of an answer that is not complete yet.
 *
 * A question for an alias is resolved in steps, and each alias is judged when its response arrives.
 * If the name or an alias already decides for all waiting clients, the iterator follows no further.
 * Then the servers of a listed name are not asked, and a failure of these servers does not matter.
 * If resolution fails, the verdict is reached from the aliases followed so far.
 *
 * Threads      the worker that owns the query state
 * Memory       the query's region
 * Standards    RFC 1034 3.6.2 (aliases), RFC 6672 (DNAME: Unbound makes the CNAME)
 * Decision     D-083
 */
#ifndef SW_HOST_CHAIN_H
#define SW_HOST_CHAIN_H

#include "host/judge.h"

/** Number of aliases that the iterator has followed, plus the aliases by which response
 * continues the chain. response may be NULL. */
size_t sw_chain_length(const struct module_qstate *qstate, const struct dns_msg *response);

/** Whether some alias of the chain has signatures, so that the validator may find the alias
 * bogus. */
bool sw_chain_signed(const struct module_qstate *qstate, const struct dns_msg *response);

/** Match the aliases of the chain, after sw_judge() of the question. response may be NULL. */
void sw_chain_judge(const struct module_qstate *qstate, const struct dns_msg *response,
                    struct sw_judgement *j);

/** The message for a failed resolution: SERVFAIL with the aliases followed so far; NULL when
 * memory is out. */
struct dns_msg *sw_chain_failure(struct module_qstate *qstate);

/** The message for an answer that does not validate: SERVFAIL with the aliases from the question on
 * that the validator accepts: secure, insecure or indeterminate (RFC 4035 4.3). NULL when memory is
 * out. */
struct dns_msg *sw_chain_proven(struct module_qstate *qstate, const struct reply_info *bogus);

/** Remember the aliases of a failed resolution for the next query, marked as an incomplete
 * answer. */
void sw_chain_remember(struct module_qstate *qstate, struct reply_info *failure);

/** Whether a remembered answer has the mark of a failed resolution; removes the mark. */
bool sw_chain_recall(struct reply_info *found);

#endif
