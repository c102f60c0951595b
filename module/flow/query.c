#include "flow/query.h"

#include "flow/ub.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#define TYPE_SVCB       64 /* RFC 9460 14.1; Unbound 1.17 does not define both */
#define TYPE_HTTPS      65
#define SVCB_IPV4HINT   4 /* RFC 9460 14.3.2 */
#define SVCB_IPV6HINT   6
#define OPTION_EDE      15 /* RFC 8914 2 */
#define RDLENGTH_OCTETS 2  /* Unbound keeps RDLENGTH in front of each rdata */

void sw_query_question(const struct query_info *qinfo, struct sw_question *out)
{
    out->qname = qinfo->qname;
    out->qname_len = qinfo->qname_len;
    out->qtype = qinfo->qtype;
    out->qclass = qinfo->qclass;
}

bool sw_query_type_exempt(const struct query_info *qinfo)
{
    bool internet = qinfo->qclass == LDNS_RR_CLASS_IN || qinfo->qclass == LDNS_RR_CLASS_ANY;
    return !internet || qinfo->qtype == LDNS_RR_TYPE_DS || qinfo->qtype == LDNS_RR_TYPE_DNSKEY;
}

bool sw_query_exempt(const struct module_qstate *qstate)
{
    return sw_query_type_exempt(&qstate->qinfo) || qstate->is_priming || qstate->is_valrec;
}

bool sw_query_for_iterator(const struct module_qstate *qstate)
{
    return qstate->is_valrec && !qstate->is_priming && !sw_query_type_exempt(&qstate->qinfo);
}

bool sw_query_validates(const struct module_qstate *qstate)
{
    const struct module_env *env = qstate->env;
    return env->need_to_validate && (!(qstate->query_flags & BIT_CD) || env->cfg->ignore_cd);
}

bool sw_query_has_clients(const struct module_qstate *qstate)
{
    return qstate->mesh_info->reply_list != NULL;
}

bool sw_query_has_supers(const struct module_qstate *qstate)
{
    return qstate->mesh_info->super_set.count != 0;
}

void sw_query_client(const struct comm_reply *reply, uint16_t query_flags,
                     const struct edns_data *edns, struct sw_client *out)
{
    const struct sockaddr *sa = (const struct sockaddr *)&reply->client_addr;
    out->addr = (struct sw_addr){0};
    out->port = 0;
    if (sa->sa_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)&reply->client_addr;
        sw_addr_from_octets((const uint8_t *)&in->sin_addr, 4, &out->addr);
        out->port = ntohs(in->sin_port);
    } else if (sa->sa_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&reply->client_addr;
        sw_addr_from_octets((const uint8_t *)&in6->sin6_addr, 16, &out->addr);
        out->port = ntohs(in6->sin6_port);
    }
    out->tcp = reply->c && reply->c->type != comm_udp;
    out->cd = (query_flags & BIT_CD) != 0;
    out->dnssec_ok = edns && (edns->bits & EDNS_DO) != 0;
}

void sw_query_each_client(const struct module_qstate *qstate, sw_client_fn *fn, void *arg)
{
    for (const struct mesh_reply *r = qstate->mesh_info->reply_list; r; r = r->next) {
        struct sw_client client;
        sw_query_client(&r->query_reply, r->qflags, &r->edns, &client);
        fn(arg, &client);
    }
}

bool sw_query_single_client(const struct module_qstate *qstate, struct sw_client *out)
{
    const struct mesh_reply *r = qstate->mesh_info->reply_list;
    if (!r || r->next)
        return false;
    sw_query_client(&r->query_reply, r->qflags, &r->edns, out);
    return true;
}

static void report_addr(const struct sw_walk *walk, const uint8_t *octets, size_t len)
{
    struct sw_addr addr;
    if (walk->addr && sw_addr_from_octets(octets, len, &addr) == SW_OK)
        walk->addr(walk->arg, &addr);
}

static void report_alias(const struct sw_walk *walk, const uint8_t *name, size_t max_len)
{
    size_t len = sw_name_size(name, max_len);
    if (walk->alias && len > 1)
        walk->alias(walk->arg, name, len);
}

/* RFC 9460 2.2: priority, target, then parameters as key, length, value. Priority 0 is
 * AliasMode: the target is an alias. The value of a hint is a series of addresses. */
static void walk_svcb(const uint8_t *rdata, size_t len, const struct sw_walk *walk)
{
    if (len < 3)
        return;
    size_t name_len = sw_name_size(rdata + 2, len - 2);
    if (name_len == 0)
        return;
    if (rdata[0] == 0 && rdata[1] == 0)
        report_alias(walk, rdata + 2, name_len);
    for (size_t at = 2 + name_len; at + 4 <= len;) {
        unsigned key = (unsigned)rdata[at] << 8 | rdata[at + 1];
        size_t value_len = (size_t)rdata[at + 2] << 8 | rdata[at + 3];
        at += 4;
        if (value_len > len - at)
            return;
        size_t each = key == SVCB_IPV4HINT ? 4 : key == SVCB_IPV6HINT ? 16 : 0;
        for (size_t i = 0; each && i + each <= value_len; i += each)
            report_addr(walk, rdata + at + i, each);
        at += value_len;
    }
}

void sw_query_walk_rrset(uint16_t rr_type, const struct packed_rrset_data *data,
                         const struct sw_walk *walk)
{
    for (size_t i = 0; i < data->count; i++) {
        const uint8_t *rdata = data->rr_data[i] + RDLENGTH_OCTETS;
        if (data->rr_len[i] < RDLENGTH_OCTETS)
            continue;
        size_t len = data->rr_len[i] - RDLENGTH_OCTETS;
        if (rr_type == LDNS_RR_TYPE_A && len == 4)
            report_addr(walk, rdata, 4);
        else if (rr_type == LDNS_RR_TYPE_AAAA && len == 16)
            report_addr(walk, rdata, 16);
        else if (rr_type == LDNS_RR_TYPE_CNAME)
            report_alias(walk, rdata, len);
        else if (rr_type == TYPE_SVCB || rr_type == TYPE_HTTPS)
            walk_svcb(rdata, len, walk);
    }
}

void sw_query_walk(const struct reply_info *reply, const struct sw_walk *walk)
{
    for (size_t i = 0; i < reply->an_numrrsets; i++) {
        const struct ub_packed_rrset_key *key = reply->rrsets[i];
        sw_query_walk_rrset(ntohs(key->rk.type), key->entry.data, walk);
    }
}

bool sw_query_wants_structured(const struct edns_data *edns, uint16_t option)
{
    for (const struct edns_option *o = edns->opt_list_in; o; o = o->next)
        if (o->opt_code == option || o->opt_code == OPTION_EDE)
            return true;
    return false;
}

bool sw_query_is_referral(const struct reply_info *reply)
{
    bool servers = false;
    if (FLAGS_GET_RCODE(reply->flags) != LDNS_RCODE_NOERROR || reply->an_numrrsets != 0)
        return false;
    for (size_t i = 0; i < reply->ns_numrrsets; i++) {
        uint16_t type = ntohs(reply->rrsets[i]->rk.type);
        if (type == LDNS_RR_TYPE_SOA)
            return false;
        servers |= type == LDNS_RR_TYPE_NS;
    }
    return servers;
}

uint8_t sw_query_rcode(const struct reply_info *reply)
{
    return (uint8_t)FLAGS_GET_RCODE(reply->flags);
}

enum sw_security sw_query_security(const struct reply_info *reply)
{
    switch (reply->security) {
    case sec_status_bogus:
    case sec_status_secure_sentinel_fail:
        return SW_SECURITY_BOGUS;
    case sec_status_indeterminate:
        return SW_SECURITY_INDETERMINATE;
    case sec_status_insecure:
        return SW_SECURITY_INSECURE;
    case sec_status_secure:
        return SW_SECURITY_SECURE;
    default:
        return SW_SECURITY_UNCHECKED;
    }
}
