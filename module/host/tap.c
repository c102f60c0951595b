#include "host/tap.h"

#include "flow/ub.h"
#include "memory/intake/received.h"

#include <arpa/inet.h>

/* Whether the memory keeps an RRset: in the authority section NS and SOA only. */
static bool is_kept(const struct ub_packed_rrset_key *rrset, bool answer)
{
    uint16_t type = ntohs(rrset->rk.type);
    if (ntohs(rrset->rk.rrset_class) != LDNS_RR_CLASS_IN)
        return false;
    return answer ? sw_keeper_takes(type) : type == LDNS_RR_TYPE_NS || type == LDNS_RR_TYPE_SOA;
}

static void put(struct sw_ring *ring, const struct module_qstate *qstate,
                const struct delegpt *servers, const struct ub_packed_rrset_key *rrset)
{
    const struct packed_rrset_data *data = rrset->entry.data;
    struct sw_received r;
    sw_received_begin(&r, (uint32_t)*qstate->env->now, ntohs(rrset->rk.type), rrset->rk.dname,
                      rrset->rk.dname_len, servers->name, servers->namelen);
    for (size_t i = 0; i < data->count; i++)
        sw_received_add(&r, data->rr_data[i], data->rr_len[i]);
    sw_ring_put(ring, &r, sw_received_size(&r));
}

void sw_tap_response(const struct sw_module *module, const struct module_qstate *qstate,
                     const struct dns_msg *response)
{
    const struct iter_qstate *iq = module->keeper ? sw_ub_iterator(qstate) : NULL;
    if (!iq || !iq->dp)
        return;
    struct sw_ring *ring = sw_keeper_ring(module->keeper, (unsigned)qstate->env->alloc->thread_num);
    const struct reply_info *reply = response->rep;
    unsigned rcode = FLAGS_GET_RCODE(reply->flags);
    if (!ring || (rcode != LDNS_RCODE_NOERROR && rcode != LDNS_RCODE_NXDOMAIN))
        return;
    for (size_t i = 0; i < reply->an_numrrsets + reply->ns_numrrsets; i++)
        if (is_kept(reply->rrsets[i], i < reply->an_numrrsets))
            put(ring, qstate, iq->dp, reply->rrsets[i]);
}
