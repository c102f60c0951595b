/*
 * remember.h - true answers that a rule touches, kept where only this module finds them.
 *
 * Such an answer must not be in the message cache under its own key, or Unbound would serve it
 * without us. But resolving it again for every client would cost time, and tell the name's
 * operator about each query. So the message is stored in Unbound's message cache in a private
 * class and under a changed hash: no look-up of Unbound's meets it (nor does a client that asks in
 * that class), while memory limits, time to live and RRset references apply to it as to any other
 * message. A dump of the cache shows it in that class, so that loading the dump cannot bring it
 * back where clients are served from.
 *
 * Threads      the worker that owns the query state
 * Memory       the message cache's
 * Standards    RFC 6895 3.2 (classes for private use)
 */
#ifndef SW_HOST_REMEMBER_H
#define SW_HOST_REMEMBER_H

#include "flow/ub.h"

/** Keep a finished reply for this query's question. Bogus ones and failures are not kept. */
void sw_remember_store(struct module_qstate *qstate, struct reply_info *reply);

/**
 * The remembered true answer for this query's question, copied into its region with what is left
 * of its time to live; NULL when there is none that this query may use: expired, or not yet
 * validated where the client wants validation.
 */
struct dns_msg *sw_remember_find(struct module_qstate *qstate);

#endif
