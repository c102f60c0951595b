/*
 * query.h - first stage: the question, the client, and the data of the answer.
 *
 * Apart from act, no other stage knows Unbound's structures; this stage converts them into the
 * plain structures of stage.h. This stage also names the queries that are never rewritten: the
 * resolver's own queries, and look-ups that resolution or validation depends on.
 *
 * Threads      the worker that owns the query state
 * Memory       results borrow from the query state and the reply
 * Security     rdata is read within RDLENGTH; a record that is too short is skipped
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

/** Convert the question. Borrowed from qinfo. */
void sw_query_question(const struct query_info *qinfo, struct sw_question *out);

/**
 * Whether a question is exempt from all rules, for every client. This is the whole list (D-081):
 *
 * class other than IN and ANY  Unbound has no servers for other classes and refuses, or answers
 *                              from local data. Class ANY (RFC 1035 3.2.5) gets the data of class
 *                              IN
 * DS, DNSKEY                   rewriting would break the chain of trust below; the records contain
 *                              keys and digests of keys, neither an address nor an alias
 */
bool sw_query_type_exempt(const struct query_info *qinfo);

/** Whether a query is exempt from all rules: an exempt question (see above), a priming query for
 * the servers of the root, or a look-up of the validator or the iterator. The answer of an
 * exempt query may be cached, unless a rule matches an answer of sw_query_for_iterator(). */
bool sw_query_exempt(const struct module_qstate *qstate);

/** Whether the query is a look-up of the iterator: the address of a name server, or the servers
 * of a zone. Such a query starts in the chain after this module and is not rewritten. But the
 * answer is cached under the same key as the answer for a client. */
bool sw_query_for_iterator(const struct module_qstate *qstate);

/** Whether a bogus answer becomes SERVFAIL for the clients: there is a validator, and the
 * clients did not set CD (RFC 4035 3.2.2) or Unbound ignores CD. Either all clients of a query
 * set CD, or none. */
bool sw_query_validates(const struct module_qstate *qstate);

/** Whether clients wait for this query, rather than only the resolver itself. */
bool sw_query_has_clients(const struct module_qstate *qstate);

/** Whether other queries of the resolver wait for the true answer of this query. */
bool sw_query_has_supers(const struct module_qstate *qstate);

/** Convert the client's address, port, transport and flags. */
void sw_query_client(const struct comm_reply *reply, uint16_t query_flags,
                     const struct edns_data *edns, struct sw_client *out);

typedef void sw_client_fn(void *arg, const struct sw_client *client);

/** Call fn for each waiting client, in the order of Unbound's list. */
void sw_query_each_client(const struct module_qstate *qstate, sw_client_fn *fn, void *arg);

/** Whether a single client waits; *out is set only then. */
bool sw_query_single_client(const struct module_qstate *qstate, struct sw_client *out);

/* Callbacks of a walk; any member may be NULL. */
struct sw_walk {
    void *arg;
    void (*alias)(void *arg, const uint8_t *name, size_t len);
    void (*addr)(void *arg, const struct sw_addr *addr);
};

/** Report aliases (CNAME targets, HTTPS and SVCB in AliasMode) and addresses (A, AAAA, hints) of
 * the answer section, in the order of the answer. */
void sw_query_walk(const struct reply_info *reply, const struct sw_walk *walk);

/** The same for a single RRset. rr_type in host byte order. */
void sw_query_walk_rrset(uint16_t rr_type, const struct packed_rrset_data *data,
                         const struct sw_walk *walk);

/** Whether a client's query signals support for structured DNS errors. The signal is the draft's
 * own option (the settings have the code), or an EDE option, as in earlier drafts. */
bool sw_query_wants_structured(const struct edns_data *edns, uint16_t option);

/** Whether an upstream response is a referral: only name servers, no answer. */
bool sw_query_is_referral(const struct reply_info *reply);

/** Response code and DNSSEC state of a reply, for the event. */
uint8_t sw_query_rcode(const struct reply_info *reply);
enum sw_security sw_query_security(const struct reply_info *reply);

#endif
