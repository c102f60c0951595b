/*
 * path.h - the path of a query through the five stages, inside Unbound.
 *
 * operate() first sees a query with event new: the name alone is judged. If the verdict needs no
 * true answer, the reply is made at once, and nothing is asked upstream. Otherwise the query goes
 * on to validator and iterator. Each upstream response is judged before being cached (on_response),
 * and the complete answer is judged again (event moddone). When Unbound sends replies, on_reply
 * runs once for each waiting client, and applies the verdict to a reply that is private to the
 * query. Other queries of the resolver still get the true answer.
 *
 * Invariant    a message that an `ioc` list changes for some client is never left in the message
 *              cache
 * Threads      the worker that owns the query state; no lock, no I/O, allocations in the query's
 *              region only
 * Decision     D-028
 */
#ifndef SW_HOST_PATH_H
#define SW_HOST_PATH_H

#include "flow/ub.h"
#include "host/module.h"

/** Unbound's operate(): handle the event, on the worker that owns the query; sets ext_state[id]. */
void sw_path_operate(struct sw_module *module, struct module_qstate *qstate, enum module_ev event,
                     int id);

/** The walled garden of a `cname` action was resolved for the waiting query super. */
void sw_path_inform_super(struct module_qstate *qstate, int id, struct module_qstate *super);

/** inplace_cb_reply, inplace_cb_reply_servfail: Unbound is about to encode the reply for a
 * client. */
int sw_path_on_reply(struct query_info *qinfo, struct module_qstate *qstate,
                     struct reply_info *reply, int rcode, struct edns_data *edns,
                     struct edns_option **options_out, struct comm_reply *client,
                     struct regional *region, struct timeval *start_time, int id, void *arg);

/** inplace_cb_query_response: an upstream response has arrived and is not cached yet. */
int sw_path_on_response(struct module_qstate *qstate, struct dns_msg *response, int id, void *arg);

/** inplace_cb_query: Unbound is about to send a query upstream. Returns 0 to prevent sending. */
int sw_path_on_query(struct query_info *qinfo, uint16_t flags, struct module_qstate *qstate,
                     struct sockaddr_storage *addr, socklen_t addr_len, uint8_t *zone,
                     size_t zone_len, struct regional *region, int id, void *arg);

/** Unbound's clear(): the query ends, or a module before this module starts again. module may be
 * NULL. */
void sw_path_clear(struct sw_module *module, struct module_qstate *qstate, int id);

#endif
