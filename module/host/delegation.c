#include "host/delegation.h"

#include "flow/draft.h"
#include "flow/ub.h"

#define AT_A_TIME 8 /* names of servers that are copied while the NS RRset is locked */

/* An RRset of the cache, locked for reading, or NULL. */
static struct ub_packed_rrset_key *find(const struct module_qstate *qstate, uint8_t *name,
                                        size_t len, uint16_t type)
{
    return rrset_cache_lookup(qstate->env->rrset_cache, name, len, type, LDNS_RR_CLASS_IN, 0,
                              *qstate->env->now, 0);
}

/* Put the addresses of a server, of type A or AAAA, of size octets each. False: at the limit. */
static bool record_addresses(const struct module_qstate *qstate, struct sw_name *server,
                             uint16_t type, size_t size, struct sw_serving *serving)
{
    bool more = true;
    struct ub_packed_rrset_key *rrset = find(qstate, server->wire, server->len, type);
    if (!rrset)
        return true;
    const struct packed_rrset_data *data = rrset->entry.data;
    for (size_t i = 0; i < data->count && more; i++)
        if (data->rr_len[i] == size + 2) /* the rdata is behind RDLENGTH */
            more = sw_serving_addr(serving, data->rr_data[i] + 2, size, data->count - i - 1);
    lock_rw_unlock(&rrset->entry.lock);
    return more;
}

/* Put a server and its addresses, with the number of servers behind. False: at the limit of an
 * answer. */
static bool record_server(const struct module_qstate *qstate, struct sw_name *server, size_t behind,
                          struct sw_serving *serving)
{
    return sw_serving_server(serving, server, behind) &&
           record_addresses(qstate, server, LDNS_RR_TYPE_A, 4, serving) &&
           record_addresses(qstate, server, LDNS_RR_TYPE_AAAA, 16, serving);
}

/* Copy the names of some servers, so that at most a single entry is locked at any time. */
static size_t copy_servers(const struct packed_rrset_data *data, size_t from,
                           struct sw_name servers[AT_A_TIME])
{
    size_t n = 0;
    for (size_t i = from; i < data->count && i < from + AT_A_TIME; i++)
        if (data->rr_len[i] > 2 &&
            sw_name_copy(data->rr_data[i] + 2, data->rr_len[i] - 2, &servers[n]) == SW_OK)
            n++;
    return n;
}

/* The NS RRset of the closest zone, locked for reading, or NULL. The root is no zone of a name. */
static struct ub_packed_rrset_key *closest(const struct module_qstate *qstate, uint8_t **name,
                                           size_t *len)
{
    for (; *len > 1; dname_remove_label(name, len)) {
        struct ub_packed_rrset_key *rrset = find(qstate, *name, *len, LDNS_RR_TYPE_NS);
        if (rrset)
            return rrset;
    }
    return NULL;
}

void sw_delegation_record(const struct module_qstate *qstate, struct sw_event *ev,
                          struct sw_rest *rest)
{
    struct sw_name servers[AT_A_TIME], zone;
    struct sw_serving serving;
    uint8_t *name = qstate->qinfo.qname;
    size_t len = qstate->qinfo.qname_len, from = 0;
    struct ub_packed_rrset_key *rrset = closest(qstate, &name, &len);
    if (!rrset)
        return;
    (void)sw_name_copy(name, len, &zone); /* a name of Unbound's is valid */
    sw_serving_begin(&serving, ev, rest, &zone);
    for (bool more = true; rrset; rrset = more ? find(qstate, name, len, LDNS_RR_TYPE_NS) : NULL) {
        const struct packed_rrset_data *data = rrset->entry.data;
        size_t n = copy_servers(data, from, servers), behind = data->count - from;
        from += AT_A_TIME;
        more = from < data->count;
        lock_rw_unlock(&rrset->entry.lock);
        for (size_t i = 0; i < n; i++)
            if (!record_server(qstate, &servers[i], behind - i - 1, &serving))
                return;
    }
}
