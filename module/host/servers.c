#include "host/servers.h"

#include "flow/query.h"
#include "flow/ub.h"

#include <arpa/inet.h>

#define SERVERS_MAX   8  /* servers of a zone */
#define ADDRESSES_MAX 16 /* addresses of a server and type */

struct looking {
    struct module_env *env;
    time_t now;
    const struct reply_info *reply;
    struct sw_servers *servers;
    struct sw_matching *m;
};

/* Find an RRset of the response outside the answer section, comparing names as Unbound does. */
static const struct packed_rrset_data *in_reply(const struct looking *l, uint8_t *name,
                                                uint16_t type)
{
    for (size_t i = l->reply ? l->reply->an_numrrsets : 0; l->reply && i < l->reply->rrset_count;
         i++) {
        const struct ub_packed_rrset_key *key = l->reply->rrsets[i];
        if (key->rk.type == htons(type) && query_dname_compare(key->rk.dname, name) == 0)
            return key->entry.data;
    }
    return NULL;
}

/* An RRset of the cache, locked for reading, or NULL. */
static struct ub_packed_rrset_key *in_cache(const struct looking *l, uint8_t *name, size_t len,
                                            uint16_t type)
{
    return rrset_cache_lookup(l->env->rrset_cache, name, len, type, LDNS_RR_CLASS_IN, 0, l->now, 0);
}

/* Names or addresses are copied, so that at most a single entry is locked at any time. */
static size_t copy_names(const struct packed_rrset_data *data, struct sw_name *out)
{
    size_t n = 0;
    for (size_t i = 0; i < data->count && n < SERVERS_MAX; i++)
        if (data->rr_len[i] > 2 && /* the rdata is behind RDLENGTH */
            sw_name_copy(data->rr_data[i] + 2, data->rr_len[i] - 2, &out[n]) == SW_OK)
            n++;
    return n;
}

static size_t copy_addrs(const struct packed_rrset_data *data, size_t size, struct sw_addr *out)
{
    size_t n = 0;
    for (size_t i = 0; i < data->count && n < ADDRESSES_MAX; i++)
        if (data->rr_len[i] == size + 2 &&
            sw_addr_from_octets(data->rr_data[i] + 2, size, &out[n]) == SW_OK)
            n++;
    return n;
}

static void match_addrs(const struct looking *l, struct sw_name *server, uint16_t type, size_t size)
{
    struct sw_addr addrs[ADDRESSES_MAX];
    const struct packed_rrset_data *data = in_reply(l, server->wire, type);
    struct ub_packed_rrset_key *rrset = data ? NULL : in_cache(l, server->wire, server->len, type);
    size_t n = 0;
    if (rrset)
        data = rrset->entry.data;
    if (data)
        n = copy_addrs(data, size, addrs);
    if (rrset)
        lock_rw_unlock(&rrset->entry.lock);
    for (size_t i = 0; i < n; i++)
        sw_match_server_addr(l->m, &addrs[i]);
}

/* Match a server's name and addresses. A rule borrows a copy of the server's name. When there is
 * no room for a copy, the rule is judged without the copy, and events do not name the indicator. */
static void match_server(const struct looking *l, struct sw_name *server)
{
    struct sw_servers *servers = l->servers;
    struct sw_name *copy = servers->n < SW_MATCH_MAX ? &servers->name[servers->n] : NULL;
    uint32_t before = l->m->match->rules;
    if (copy)
        *copy = *server;
    sw_match_server(l->m, server, copy);
    if (copy && l->m->match->rules != before)
        servers->n++;
    if (!l->m->view.any_prefix && !l->m->view.any_asn)
        return;
    match_addrs(l, server, LDNS_RR_TYPE_A, 4);
    match_addrs(l, server, LDNS_RR_TYPE_AAAA, 16);
}

/* Match the servers of the closest zone at or above a name, except the root's servers. */
static size_t servers_of(const struct looking *l, uint8_t *name, size_t len, struct sw_name *out)
{
    for (; len > 1; dname_remove_label(&name, &len)) {
        const struct packed_rrset_data *data = in_reply(l, name, LDNS_RR_TYPE_NS);
        if (data)
            return copy_names(data, out);
        struct ub_packed_rrset_key *rrset = in_cache(l, name, len, LDNS_RR_TYPE_NS);
        if (rrset) {
            size_t n = copy_names(rrset->entry.data, out);
            lock_rw_unlock(&rrset->entry.lock);
            return n;
        }
    }
    return 0;
}

static void match_name(const struct looking *l, const uint8_t *name, size_t len)
{
    struct sw_name copy, found[SERVERS_MAX];
    if (sw_name_copy(name, len, &copy) != SW_OK)
        return;
    size_t n = servers_of(l, copy.wire, copy.len, found);
    for (size_t i = 0; i < n; i++)
        match_server(l, &found[i]);
}

void sw_servers_match_name(struct module_env *env, time_t now, const uint8_t *name, size_t len,
                           const struct reply_info *reply, struct sw_servers *servers,
                           struct sw_matching *m)
{
    const struct looking looking = {env, now, reply, servers, m};
    match_name(&looking, name, len);
}

static void match_alias(void *arg, const uint8_t *name, size_t len)
{
    match_name(arg, name, len);
}

void sw_servers_match(struct module_env *env, time_t now, const struct query_info *qinfo,
                      const struct reply_info *reply, struct sw_servers *servers,
                      struct sw_matching *m)
{
    struct looking looking = {env, now, reply, servers, m};
    const struct sw_walk walk = {&looking, match_alias, NULL};
    match_name(&looking, qinfo->qname, qinfo->qname_len);
    sw_query_walk(reply, &walk);
}
