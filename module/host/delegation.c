#include "host/delegation.h"

#include "flow/stage.h"
#include "flow/ub.h"

#define LEVELS_MAX  8 /* labels removed in the search for the zone */
#define SERVERS_MAX 8

/* An RRset of the cache, locked for reading, or NULL. */
static struct ub_packed_rrset_key *find(const struct module_qstate *qstate, uint8_t *name,
                                        size_t len, uint16_t type)
{
    return rrset_cache_lookup(qstate->env->rrset_cache, name, len, type, LDNS_RR_CLASS_IN, 0,
                              *qstate->env->now, 0);
}

/* Put the addresses of a server, of type A or AAAA, of size octets each. */
static void record_addresses(const struct module_qstate *qstate, struct sw_name *server,
                             uint16_t type, size_t size, struct sw_event *ev)
{
    struct ub_packed_rrset_key *rrset = find(qstate, server->wire, server->len, type);
    if (!rrset)
        return;
    const struct packed_rrset_data *data = rrset->entry.data;
    for (size_t i = 0; i < data->count && i < SERVERS_MAX; i++)
        if (data->rr_len[i] == size + 2) /* the rdata is behind RDLENGTH */
            sw_event_put(ev, SW_TAG_SERVED_AT, data->rr_data[i] + 2, size);
    lock_rw_unlock(&rrset->entry.lock);
}

/* Copy the servers' names, so that at most a single entry is locked at any time. */
static size_t copy_servers(const struct packed_rrset_data *data, struct sw_name *servers)
{
    size_t n = 0;
    for (size_t i = 0; i < data->count && n < SERVERS_MAX; i++)
        if (data->rr_len[i] > 2 &&
            sw_name_copy(data->rr_data[i] + 2, data->rr_len[i] - 2, &servers[n]) == SW_OK)
            n++;
    return n;
}

void sw_delegation_record(const struct module_qstate *qstate, struct sw_event *ev)
{
    struct sw_name servers[SERVERS_MAX], zone;
    struct ub_packed_rrset_key *rrset = NULL;
    uint8_t *name = qstate->qinfo.qname;
    size_t len = qstate->qinfo.qname_len, n = 0;
    for (int level = 0; level <= LEVELS_MAX && len > 1; level++) {
        rrset = find(qstate, name, len, LDNS_RR_TYPE_NS);
        if (rrset)
            break;
        dname_remove_label(&name, &len);
    }
    if (!rrset)
        return;
    n = copy_servers(rrset->entry.data, servers);
    lock_rw_unlock(&rrset->entry.lock);
    if (sw_name_copy(name, len, &zone) != SW_OK)
        return;
    sw_event_put(ev, SW_TAG_ZONE, zone.wire, zone.len);
    for (size_t i = 0; i < n; i++) {
        sw_event_put(ev, SW_TAG_SERVER, servers[i].wire, servers[i].len);
        record_addresses(qstate, &servers[i], LDNS_RR_TYPE_A, 4, ev);
        record_addresses(qstate, &servers[i], LDNS_RR_TYPE_AAAA, 16, ev);
    }
}
