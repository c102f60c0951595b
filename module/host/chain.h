/*
 * chain.h - what is known of an answer before it is whole: the aliases that resolving has come to.
 *
 * A question for an alias is resolved in steps, and each alias is judged when its response comes. Where the name or
 * an alias already decides for all who wait, the iterator follows no further, so that the servers of what is
 * listed are not asked, and it does not matter whether they answer. Where resolving fails, the aliases that were
 * followed still say what clients get.
 *
 * Threads      the worker that owns the query state
 * Memory       the query's region
 * Standards    RFC 1034 3.6.2 (aliases), RFC 6672 (DNAME: Unbound makes the CNAME)
 * Decision     D-083
 */
#ifndef SW_HOST_CHAIN_H
#define SW_HOST_CHAIN_H

#include "host/weigh.h"

/** How many aliases the iterator has followed, and, if a response is given, how many that goes on with. */
size_t sw_chain_length(const struct module_qstate *qstate, const struct dns_msg *response);

/** Whether one of these aliases has signatures, so that the validator may find that it is none. */
bool sw_chain_signed(const struct module_qstate *qstate, const struct dns_msg *response);

/** Match these aliases, after sw_weigh() of the question. response may be NULL. */
void sw_chain_weigh(const struct module_qstate *qstate, const struct dns_msg *response,
                    struct sw_weighing *j);

/** The message of a resolution that failed: SERVFAIL, with the aliases that were followed; NULL when memory is out. */
struct dns_msg *sw_chain_failure(struct module_qstate *qstate);

/** Keep the aliases of such a message for the next question, marked as no whole answer. */
void sw_chain_remember(struct module_qstate *qstate, struct reply_info *failure);

/** Whether a remembered answer is so marked; it is a failure's then, without the mark. */
bool sw_chain_recall(struct reply_info *found);

#endif
