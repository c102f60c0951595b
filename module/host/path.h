/*
 * path.h - the way of a query through the five stages, inside Unbound.
 *
 * operate() sees a query first (event new): the name alone is judged. If the verdict needs no
 * true answer the reply is made here and nothing is asked upstream. Otherwise the query goes on
 * to validator and iterator; each upstream response is looked at before it is cached
 * (on_response), and the finished answer is judged as a whole (event moddone). When Unbound
 * sends replies, on_reply runs once for each waiting client and puts the verdict into effect on
 * a reply that is private to the query; what other queries of the resolver see stays true.
 *
 * Invariant    a message that an `ioc` list matches is never left in the message cache
 * Threads      the worker that owns the query state; no lock, no allocation but the query's
 *              region, no I/O
 */
#ifndef SW_HOST_PATH_H
#define SW_HOST_PATH_H

#include "flow/ub.h"
#include "host/module.h"

/** Unbound's operate(): the event, on the worker that owns the query; sets ext_state[id]. */
void sw_path_operate(struct sw_module *module, struct module_qstate *qstate, enum module_ev event,
                     int id);

/** The walled garden of a `cname` action has been resolved for super. */
void sw_path_inform_super(struct module_qstate *qstate, int id, struct module_qstate *super);

/** inplace_cb_reply, inplace_cb_reply_servfail: about to encode for one client. */
int sw_path_on_reply(struct query_info *qinfo, struct module_qstate *qstate,
                     struct reply_info *reply, int rcode, struct edns_data *edns,
                     struct edns_option **options_out, struct comm_reply *client,
                     struct regional *region, struct timeval *start_time, int id, void *arg);

/** inplace_cb_query_response: an upstream response, before it is cached. */
int sw_path_on_response(struct module_qstate *qstate, struct dns_msg *response, int id, void *arg);

/** inplace_cb_query: about to ask upstream. */
int sw_path_on_query(struct query_info *qinfo, uint16_t flags, struct module_qstate *qstate,
                     struct sockaddr_storage *addr, socklen_t addr_len, uint8_t *zone,
                     size_t zone_len, struct regional *region, int id, void *arg);

/** Unbound's clear(): the query is gone, or a module before this one begins anew. module may be NULL. */
void sw_path_clear(struct sw_module *module, struct module_qstate *qstate, int id);

#endif
