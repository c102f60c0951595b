/*
 * act.h - fourth stage: turn a verdict into the reply that this client gets.
 *
 * Replies are built in the query's region and never stored in a cache. The negative ones carry a
 * SOA, so that stub resolvers can remember them for the list's ttl (RFC 2308 3).
 *
 * Threads      the worker that owns the query state
 * Memory       the query's region; freed by Unbound with the query
 * Security     a rewritten reply has no AD bit (security below secure) and no RRSIG
 * Standards    RFC 8914 (EDE), RFC 2308 (negative answers), RFC 9460 (no hints in sinkholes)
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
 * Build the reply for a verdict that rewrites (not for drop, which sends none).
 *
 * garden  cname: the resolved walled garden, copied into this region before; NULL: only the
 *         CNAME is sent
 * Returns NULL when out of memory.
 */
struct reply_info *sw_act_build(struct regional *region, const struct query_info *qinfo,
                                const struct sw_verdict *verdict, const struct reply_info *garden);

/** Make *to send what *from holds: header flags, counts, sections, not the cache references. */
void sw_act_replace(struct reply_info *to, const struct reply_info *from);

/** A message around a reply, in the region. NULL when out of memory. */
struct dns_msg *sw_act_message(struct regional *region, const struct query_info *qinfo,
                               struct reply_info *reply);

/** A copy of the reply's own fields (sections stay shared). NULL when out of memory. */
struct reply_info *sw_act_copy(struct regional *region, const struct reply_info *reply);

/**
 * Before *reply is rewritten: what the resolver's own queries get stays true. *truth is a copy of its
 * fields, made here unless it is there already, and what the query returns is that copy where it
 * was the reply. False when out of memory.
 */
bool sw_act_protect(struct module_qstate *qstate, struct reply_info **truth,
                    struct reply_info *reply);

/** Put an EDE option with text in front of *list, without touching what others share. Nothing
 * happens when code is SW_EDE_OFF or memory is out. */
void sw_act_ede(struct edns_option **list, struct regional *region, uint16_t code, const char *text,
                size_t text_len);

#endif
