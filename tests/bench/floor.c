/*
 * floor.c - a module that answers every question with NXDOMAIN and does nothing else.
 *
 * The benchmark loads this module in place of Sinkwatch. The result is the least that an answer
 * made by any module costs: Unbound's query state, the waiting client, and an encoded reply with
 * the same SOA as Sinkwatch sends. No name is looked up and no event is recorded.
 *
 * Threads      Unbound's workers
 * Memory       the query's region
 */
#include "flow/act.h"
#include "flow/ub.h"

#define FLOOR_TTL 60 /* seconds; the TTL of a negative answer does not change the answer's cost */

#define EXPORT __attribute__((visibility("default")))

EXPORT int init(struct module_env *env, int id);
EXPORT void deinit(struct module_env *env, int id);
EXPORT void operate(struct module_qstate *qstate, enum module_ev event, int id,
                    struct outbound_entry *outbound);
EXPORT void inform_super(struct module_qstate *qstate, int id, struct module_qstate *super);
EXPORT void clear(struct module_qstate *qstate, int id);
EXPORT size_t get_mem(struct module_env *env, int id);

EXPORT int init(struct module_env *env, int id)
{
    (void)env, (void)id;
    return 1;
}

EXPORT void deinit(struct module_env *env, int id)
{
    (void)env, (void)id;
}

EXPORT void operate(struct module_qstate *qstate, enum module_ev event, int id,
                    struct outbound_entry *outbound)
{
    struct sw_verdict verdict = {.taken = SW_ACTION_NXDOMAIN, .ttl = FLOOR_TTL};
    (void)event, (void)outbound;
    struct reply_info *reply = sw_act_build(qstate->region, &qstate->qinfo, &verdict, NULL);
    qstate->return_msg = reply ? sw_act_message(qstate->region, &qstate->qinfo, reply) : NULL;
    qstate->return_rcode = reply ? LDNS_RCODE_NOERROR : LDNS_RCODE_SERVFAIL;
    qstate->ext_state[id] = module_finished;
}

EXPORT void inform_super(struct module_qstate *qstate, int id, struct module_qstate *super)
{
    (void)qstate, (void)id, (void)super;
}

EXPORT void clear(struct module_qstate *qstate, int id)
{
    qstate->minfo[id] = NULL;
}

EXPORT size_t get_mem(struct module_env *env, int id)
{
    (void)env, (void)id;
    return 0;
}
