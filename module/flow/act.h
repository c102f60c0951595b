/*
 * act.h - fourth stage: turn a verdict into the reply for a client.
 *
 * Replies are built in the query's region and never stored in a cache. Negative replies carry a
 * SOA, so that stub resolvers can cache the reply for the list's ttl (RFC 2308 3).
 *
 * Threads      the worker that owns the query state
 * Memory       the query's region; freed by Unbound with the query
 * Security     a rewritten reply has no AD bit (security below secure) and no RRSIG
 * Standards    RFC 8914 (EDE), RFC 2308 (negative answers), RFC 9460 (no hints in sinkholes)
 * Decisions    D-061, D-107
 */
#ifndef SW_FLOW_ACT_H
#define SW_FLOW_ACT_H

#include "flow/stage.h"

struct dns_msg;
struct edns_option;
struct module_qstate;
struct query_info;
struct regional;
struct reply_info;

/**
 * Build the reply for a verdict that rewrites. Action drop is excepted, since drop sends no reply.
 *
 * garden  action cname: the resolved answer of the walled garden, already copied into this region;
 *         NULL: the reply is the CNAME alone
 * Returns NULL when out of memory.
 */
struct reply_info *sw_act_build(struct regional *region, const struct query_info *qinfo,
                                const struct sw_verdict *verdict, const struct reply_info *garden);

/** Copy header flags, counts and sections of *from to *to, but not the cache references. */
void sw_act_replace(struct reply_info *to, const struct reply_info *from);

/** A message that contains the reply, in the region. NULL when out of memory. */
struct dns_msg *sw_act_message(struct regional *region, const struct query_info *qinfo,
                               struct reply_info *reply);

/** A shallow copy of the reply in the region: the sections stay shared. NULL when out of memory. */
struct reply_info *sw_act_copy(struct regional *region, const struct reply_info *reply);

/** Called before *reply is rewritten, so that the resolver's own queries still get the true
 * answer. Makes *truth a shallow copy of *reply unless *truth is already set. If the query
 * returns *reply, the query now returns *truth. False when out of memory. */
bool sw_act_protect(struct module_qstate *qstate, struct reply_info **truth,
                    struct reply_info *reply);

/** Put an EDE option with text in front of *list. The options already in *list may be shared and
 * are not changed. No option is added when code is SW_EDE_OFF or memory is out. */
void sw_act_ede(struct edns_option **list, struct regional *region, uint16_t code, const char *text,
                size_t text_len);

#endif
