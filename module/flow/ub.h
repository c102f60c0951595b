/*
 * ub.h - Unbound's headers, and every difference between its versions, in one file.
 *
 * Included by host/, flow/query.c and flow/act.c only; all other code is plain C. Unbound promises
 * no stability of these structures between versions: host/abi.c refuses to run in a process that
 * was built from other headers.
 *
 * Tried with Unbound 1.17.1 and 1.22.0 (Debian 12 and 13), and with 1.26.0 and 1.26.1.
 */
#ifndef SW_FLOW_UB_H
#define SW_FLOW_UB_H

#include "config.h"

#include "dynlibmod/dynlibmod.h"
#include "iterator/iter_delegpt.h"
#include "iterator/iterator.h"
#include "services/cache/dns.h"
#include "services/cache/infra.h"
#include "services/cache/rrset.h"
#include "services/localzone.h"
#include "services/mesh.h"
#include "sldns/rrdef.h"
#include "util/alloc.h"
#include "util/config_file.h"
#include "util/data/dname.h"
#include "util/data/msgencode.h"
#include "util/data/msgreply.h"
#include "util/data/packed_rrset.h"
#include "util/log.h"
#include "util/module.h"
#include "util/net_help.h"
#include "util/netevent.h"
#include "util/regional.h"
#include "util/storage/lruhash.h"
#include "util/storage/slabhash.h"

#include <limits.h>
#include <stdbool.h>

#if defined(CLIENT_SUBNET) && (SW_UNBOUND_MAJOR > 1 || SW_UNBOUND_MINOR >= 25)
#define SW_UB_SUBNET_KEEPS_FAILURES 1
#include "edns-subnet/subnetmod.h"
#endif

#ifndef WITH_DYNLIBMODULE
#error "this Unbound tree was configured without --with-dynlibmodule"
#endif

/* Have another question resolved on behalf of a query: env->attach_sub, neither priming nor for
 * the validator. Since 1.25 attach_sub also takes the client's data for response-ip; none is
 * given, as Unbound's own validator does. Returns the result of attach_sub: 0 when not possible. */
static inline int sw_ub_attach_sub(struct module_qstate *qstate, struct query_info *ask,
                                   uint16_t flags, struct module_qstate **sub)
{
#if SW_UNBOUND_MAJOR > 1 || SW_UNBOUND_MINOR >= 25
    return (*qstate->env->attach_sub)(qstate, ask, NULL, flags, 0, 0, sub);
#else
    return (*qstate->env->attach_sub)(qstate, ask, flags, 0, 0, sub);
#endif
}

/* Have a question resolved as a query of its own, which neither a client nor a query waits for:
 * env->add_sub, with the parameters of attach_sub. *made is NULL when the mesh has such a query
 * already. */
static inline int sw_ub_add_sub(struct module_qstate *qstate, struct query_info *ask,
                                uint16_t flags, struct module_qstate **made,
                                struct mesh_state **state)
{
#if SW_UNBOUND_MAJOR > 1 || SW_UNBOUND_MINOR >= 25
    return (*qstate->env->add_sub)(qstate, ask, NULL, flags, 0, 0, made, state);
#else
    return (*qstate->env->add_sub)(qstate, ask, flags, 0, 0, made, state);
#endif
}

/* Store the answer of a query in the caches, as the iterator does. records_alone: only the
 * RRsets are stored, as for a referral, and no message. Since 1.23 dns_cache_store also takes
 * whether the validator asked. */
static inline void sw_ub_cache_store(struct module_qstate *qstate, struct reply_info *reply,
                                     bool records_alone)
{
#if SW_UNBOUND_MAJOR > 1 || SW_UNBOUND_MINOR >= 23
    dns_cache_store(qstate->env, &qstate->qinfo, reply, records_alone, qstate->prefetch_leeway, 0,
                    qstate->region, qstate->query_flags, qstate->qstarttime, qstate->is_valrec);
#else
    dns_cache_store(qstate->env, &qstate->qinfo, reply, records_alone, qstate->prefetch_leeway, 0,
                    qstate->region, qstate->query_flags, qstate->qstarttime);
#endif
}

/* The iterator's state for a query, NULL before the iterator has begun. The states of other modules
 * are not used. */
static inline struct iter_qstate *sw_ub_iterator(const struct module_qstate *qstate)
{
    int id = modstack_find(&qstate->env->mesh->mods, "iterator");
    return id < 0 ? NULL : qstate->minfo[id];
}

/* The aliases that the iterator has followed so far for a query, each as an RRset of the future
 * answer; NULL when there are none. */
static inline const struct iter_prep_list *
sw_ub_aliases_followed(const struct module_qstate *qstate)
{
    const struct iter_qstate *iq = sw_ub_iterator(qstate);
    return iq ? iq->an_prepend_list : NULL;
}

/* The question that the iterator has got to by following aliases; NULL before the iterator has
 * begun. The question that is sent upstream may be another one, of query name minimisation. */
static inline const struct query_info *sw_ub_chased(const struct module_qstate *qstate)
{
    const struct iter_qstate *iq = sw_ub_iterator(qstate);
    return iq ? &iq->qchase : NULL;
}

/* Whether the iterator makes nothing of a response: no answer, no alias, no referral, and no
 * record to cache: response_type_from_server(), from 1.17.1 to upstream in 2026. */
static inline bool sw_ub_throws_away(const struct reply_info *response)
{
    unsigned rcode = FLAGS_GET_RCODE(response->flags);
    return (response->flags & BIT_TC) ||
           (rcode != LDNS_RCODE_NOERROR && rcode != LDNS_RCODE_NXDOMAIN);
}

/* Have the iterator follow no further alias: the next alias ends in SERVFAIL, as after
 * max-query-restarts aliases. From 1.17.1 to upstream in 2026, the iterator counts restarts in
 * this member, and checks the count before any look-up or query for the alias. */
static inline void sw_ub_follow_no_further(const struct module_qstate *qstate)
{
    struct iter_qstate *iq = sw_ub_iterator(qstate);
    if (iq)
        iq->query_restart_count = INT_MAX / 2;
}

/* Whether the iterator's present question upstream is the whole name of the query, but type A in
 * place of the type (query minimisation, RFC 9156 2.1). */
static inline bool sw_ub_hides_type(const struct module_qstate *qstate)
{
    const struct iter_qstate *iq = sw_ub_iterator(qstate);
    return iq && iq->minimisation_state == MINIMISE_STATE &&
           iq->qinfo_out.qtype != iq->qchase.qtype &&
           query_dname_compare(iq->qinfo_out.qname, qstate->qinfo.qname) == 0;
}

/* Have the iterator ask for the type at once. To be called before the question is sent: the
 * iterator goes on in this way itself where an answer of type A is cached. */
static inline void sw_ub_hide_type_no_further(const struct module_qstate *qstate)
{
    struct iter_qstate *iq = sw_ub_iterator(qstate);
    iq->minimisation_state = DONOT_MINIMISE_STATE;
    iq->qinfo_out = iq->qchase;
}

/* Withdraw a failure that the subnetcache module has kept for a query: since 1.25 it answers
 * SERVFAIL from its own cache for some seconds after the iterator failed. To be called for a
 * failure that the module itself has caused, after subnetcache has seen it (D-152). Takes the lock
 * of one entry of that cache. */
static inline void sw_ub_withdraw_failure(const struct module_qstate *qstate)
{
#ifdef SW_UB_SUBNET_KEEPS_FAILURES
    int id = modstack_find(&qstate->env->mesh->mods, "subnetcache");
    struct subnet_env *subnet = id < 0 ? NULL : qstate->env->modinfo[id];
    struct query_info question = qstate->qinfo;
    if (!subnet)
        return;
    struct lruhash_entry *entry = slabhash_lookup(
        subnet->subnet_msg_cache, query_info_hash(&question, qstate->query_flags), &question, 1);
    if (!entry)
        return;
    ((struct subnet_msg_cache_data *)entry->data)->ttl_servfail = 0;
    lock_rw_unlock(&entry->lock);
#else
    (void)qstate;
#endif
}

#endif
