/*
 * query.h - first stage: what is asked, by whom, and what the answer holds.
 *
 * The only stage besides act that knows Unbound's structures; it turns them into the plain ones
 * of stage.h. It also says which queries are never touched: everything the resolver asks for
 * itself, and lookups whose rewriting would break resolution or validation.
 *
 * Threads      the worker that owns the query state
 * Memory       results borrow from the query state and the reply
 * Security     rdata is read within its stated length; a short record is passed over
 * Standards    RFC 1035 3.4.1, RFC 3596 2.2, RFC 9460 2.2 and 7.3 (HTTPS, SVCB hints)
 */
#ifndef SW_FLOW_QUERY_H
#define SW_FLOW_QUERY_H

#include "flow/stage.h"

struct comm_reply;
struct edns_data;
struct module_qstate;
struct packed_rrset_data;
struct query_info;
struct reply_info;

/** What is asked. Borrowed from qinfo. */
void sw_query_question(const struct query_info *qinfo, struct sw_question *out);

/**
 * Whether no rule is ever applied to a question, whoever asks it. This is the whole list (D-081):
 *     class other than IN and ANY  Unbound has no servers for it: it refuses, or answers from local
 *                                  data. To class ANY (RFC 1035 3.2.5) it gives what class IN has
 *     DS, DNSKEY                   rewritten they break the chain of trust below; they hold keys and digests of
 *                                  keys, no address and no alias
 */
bool sw_query_type_exempt(const struct query_info *qinfo);

/**
 * Whether no rule is ever applied to a query: the above; priming, which asks for the root's servers; and what validator
 * and iterator look up for themselves. Such messages may be cached, but for those of sw_query_for_iterator() that a
 * rule touches.
 */
bool sw_query_exempt(const struct module_qstate *qstate);

/**
 * Whether the iterator looks this up for itself: the address of a name server, or the servers of a zone. Such a query
 * begins behind us and is not rewritten, but its answer is stored by the same name as a client's.
 */
bool sw_query_for_iterator(const struct module_qstate *qstate);

/** Whether clients get SERVFAIL where the answer is bogus: there is a validator, and they did not set CD
 * (RFC 4035 3.2.2), or Unbound ignores it. All who wait for one query set it, or none. */
bool sw_query_validates(const struct module_qstate *qstate);

/** Whether clients wait for this query, and not only the resolver itself. */
bool sw_query_has_clients(const struct module_qstate *qstate);

/** Whether other queries of the resolver wait for this one's true answer. */
bool sw_query_has_supers(const struct module_qstate *qstate);

/** Who asked, and how. */
void sw_query_client(const struct comm_reply *reply, uint16_t query_flags,
                     const struct edns_data *edns, struct sw_client *out);

typedef void sw_client_fn(void *arg, const struct sw_client *client);

/** Run fn for each waiting client, in the order of Unbound's list. */
void sw_query_each_client(const struct module_qstate *qstate, sw_client_fn *fn, void *arg);

/** How many clients wait now; *first is the first of them, or of no family when there is none. */
unsigned sw_query_first_client(const struct module_qstate *qstate, struct sw_client *first);

/* What a walk reports; any member may be NULL. */
struct sw_walk {
    void *arg;
    void (*alias)(void *arg, const uint8_t *name, size_t len);
    void (*addr)(void *arg, const struct sw_addr *addr);
};

/** Report aliases (CNAME targets, HTTPS and SVCB in AliasMode) and addresses (A, AAAA, hints) of
 * the answer section, in the order of the answer. */
void sw_query_walk(const struct reply_info *reply, const struct sw_walk *walk);

/** The same for one RRset. rr_type in host byte order. */
void sw_query_walk_rrset(uint16_t rr_type, const struct packed_rrset_data *data,
                         const struct sw_walk *walk);

/**
 * Whether a client's query says that it understands structured DNS errors: by the option that the draft
 * has for it (its code is in the settings), or, as drafts before had it, by an EDE option.
 */
bool sw_query_wants_structured(const struct edns_data *edns, uint16_t option);

/** Whether an upstream response says only which servers to ask next. */
bool sw_query_is_referral(const struct reply_info *reply);

/** Response code and DNSSEC state of a reply, for the event. */
uint8_t sw_query_rcode(const struct reply_info *reply);
enum sw_security sw_query_security(const struct reply_info *reply);

#endif
