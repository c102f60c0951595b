/*
 * remember.h - true answers that a rule changes, cached where only this module finds them.
 *
 * Such an answer must not be in the message cache under its own key, since Unbound would serve the
 * answer without this module. But resolving again for every client would cost time, and would show
 * each query to the operator of the name. So the message is stored in Unbound's message cache in a
 * private class and under a changed hash. No look-up by Unbound finds the message, not even for a
 * client that asks in this class. Memory limits, TTL and RRset references work as for any other
 * message. A dump of the cache shows the message in the private class, so a dump that is loaded
 * does not return the message to clients.
 *
 * Threads      the worker that owns the query state
 * Memory       the message cache's
 * Standards    RFC 6895 3.2 (classes for private use)
 * Decision     D-011
 */
#ifndef SW_HOST_REMEMBER_H
#define SW_HOST_REMEMBER_H

#include "flow/ub.h"

/** Remember a complete reply for this query's question. Bogus answers and failures are not
 * remembered. */
void sw_remember_store(struct module_qstate *qstate, struct reply_info *reply);

/** The remembered true answer for this query's question, copied into the query's region with the
 * remaining TTL. NULL: none, expired, or not validated while the client requires validation. */
struct dns_msg *sw_remember_find(struct module_qstate *qstate);

#endif
