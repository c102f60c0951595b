#include "flow/act.h"

#include "flow/ub.h"

#include <arpa/inet.h>
#include <string.h>

#define EDNS_OPTION_EDE 15 /* RFC 8914 2 */

/* SOA of rewritten negative answers: a stub resolver caches the answer for min(ttl, minimum)
 * (RFC 2308). */
#define SOA_REFRESH 3600U
#define SOA_RETRY   600U
#define SOA_EXPIRE  86400U

/* MNAME and RNAME are the root, since there is neither a server for updates nor a mailbox.
 * Compressing any other name costs as much as compressing the rest of the answer. */
static const uint8_t soa_names[2] = {0, 0};

/* Data of a record, without RDLENGTH. */
struct piece {
    const uint8_t *data;
    size_t len;
};

static size_t size_of(const struct piece *piece, size_t n)
{
    size_t all = 0;
    for (size_t i = 0; i < n; i++)
        all += sizeof(size_t) + sizeof(uint8_t *) + sizeof(time_t) + 2 + piece[i].len;
    return all;
}

/* Fill the arrays of an RRset, which lie behind the structure (packed_rrset_ptr_fixup()). */
static void fill(struct packed_rrset_data *data, uint32_t ttl, const struct piece *piece, size_t n)
{
    data->ttl = (time_t)ttl;
    data->count = n;
    data->trust = rrset_trust_ultimate;
    data->security = sec_status_insecure;
    data->rr_len = (size_t *)(void *)(data + 1);
    data->rr_data = (uint8_t **)(void *)(data->rr_len + n);
    data->rr_ttl = (time_t *)(void *)(data->rr_data + n);
    uint8_t *to = (uint8_t *)(data->rr_ttl + n);
    for (size_t i = 0; i < n; i++) {
        data->rr_data[i] = to;
        data->rr_len[i] = 2 + piece[i].len;
        data->rr_ttl[i] = (time_t)ttl;
        to[0] = (uint8_t)(piece[i].len >> 8);
        to[1] = (uint8_t)piece[i].len;
        memcpy(to + 2, piece[i].data, piece[i].len);
        to += data->rr_len[i];
    }
}

/* A new RRset, in one allocation from the region. The owner name is not copied. */
static struct ub_packed_rrset_key *make_rrset(struct regional *region, uint8_t *owner,
                                              size_t owner_len, uint16_t type, uint32_t ttl,
                                              const struct piece *piece, size_t n)
{
    struct ub_packed_rrset_key *key =
        regional_alloc(region, sizeof(*key) + sizeof(struct packed_rrset_data) + size_of(piece, n));
    if (!key)
        return NULL;
    struct packed_rrset_data *data = (struct packed_rrset_data *)(void *)(key + 1);
    memset(key, 0, sizeof(*key));
    memset(data, 0, sizeof(*data));
    fill(data, ttl, piece, n);
    key->entry.key = key;
    key->entry.data = data;
    key->rk.dname = owner;
    key->rk.dname_len = owner_len;
    key->rk.type = htons(type);
    key->rk.rrset_class = htons(LDNS_RR_CLASS_IN);
    return key;
}

static struct ub_packed_rrset_key *one_record(struct regional *region, uint8_t *owner,
                                              size_t owner_len, uint16_t type, uint32_t ttl,
                                              const uint8_t *rdata, size_t rdata_len)
{
    const struct piece piece = {rdata, rdata_len};
    return make_rrset(region, owner, owner_len, type, ttl, &piece, 1);
}

/* An empty reply with room for n RRsets, in one allocation. */
static struct reply_info *empty_reply(struct regional *region, uint16_t rcode, uint32_t ttl,
                                      size_t n)
{
    struct reply_info *reply =
        regional_alloc(region, sizeof(*reply) + (n + 1) * sizeof(*reply->rrsets));
    if (!reply)
        return NULL;
    memset(reply, 0, sizeof(*reply));
    reply->flags = (uint16_t)(BIT_QR | BIT_RA | rcode);
    reply->qdcount = 1;
    reply->ttl = (time_t)ttl;
    reply->prefetch_ttl = reply->serve_expired_ttl = reply->ttl;
    reply->security = sec_status_insecure;
    reply->rrsets = (struct ub_packed_rrset_key **)(void *)(reply + 1);
    return reply;
}

static struct ub_packed_rrset_key *soa_record(struct regional *region,
                                              const struct query_info *qinfo, uint32_t ttl)
{
    uint8_t rdata[sizeof(soa_names) + 20];
    const uint32_t numbers[5] = {1, SOA_REFRESH, SOA_RETRY, SOA_EXPIRE, ttl};
    uint8_t *at = rdata + sizeof(soa_names);
    memcpy(rdata, soa_names, sizeof(soa_names));
    for (int i = 0; i < 5; i++, at += 4) {
        uint32_t big = htonl(numbers[i]);
        memcpy(at, &big, 4);
    }
    return one_record(region, qinfo->qname, qinfo->qname_len, LDNS_RR_TYPE_SOA, ttl, rdata,
                      sizeof(rdata));
}

static struct reply_info *negative(struct regional *region, const struct query_info *qinfo,
                                   uint16_t rcode, uint32_t ttl)
{
    struct reply_info *reply = empty_reply(region, rcode, ttl, 1);
    struct ub_packed_rrset_key *soa = reply ? soa_record(region, qinfo, ttl) : NULL;
    if (!soa)
        return NULL;
    reply->rrsets[0] = soa;
    reply->ns_numrrsets = reply->rrset_count = 1;
    return reply;
}

/* The data for a type: the local data of the list, or a landing address. Returns the number. */
static size_t landing_data(const struct sw_verdict *v, uint16_t qtype,
                           struct piece piece[SW_RECORDS_COUNT])
{
    const struct sw_addr *landing = qtype == LDNS_RR_TYPE_A      ? &v->sinkhole4
                                    : qtype == LDNS_RR_TYPE_AAAA ? &v->sinkhole6
                                                                 : NULL;
    const uint8_t *data;
    uint16_t type;
    size_t at = 0, len, n = 0;
    while (n < SW_RECORDS_COUNT && (data = sw_record_next(&v->records, &at, &type, &len)) != NULL)
        if (type == qtype)
            piece[n++] = (struct piece){data, len};
    if (n == 0 && landing && landing->family)
        piece[n++] = (struct piece){landing->octets, landing->family == 4 ? 4 : 16};
    return n;
}

static struct reply_info *sinkhole(struct regional *region, const struct query_info *qinfo,
                                   const struct sw_verdict *v)
{
    struct piece piece[SW_RECORDS_COUNT];
    size_t n = landing_data(v, qinfo->qtype, piece);
    if (n == 0)
        return negative(region, qinfo, LDNS_RCODE_NOERROR, v->ttl);
    struct reply_info *reply = empty_reply(region, LDNS_RCODE_NOERROR, v->ttl, 1);
    struct ub_packed_rrset_key *rrset =
        reply ? make_rrset(region, qinfo->qname, qinfo->qname_len, qinfo->qtype, v->ttl, piece, n)
              : NULL;
    if (!rrset)
        return NULL;
    reply->rrsets[0] = rrset;
    reply->an_numrrsets = reply->rrset_count = 1;
    return reply;
}

/* The CNAME record, followed by the answer section of the walled garden. */
static struct reply_info *alias(struct regional *region, const struct query_info *qinfo,
                                const struct sw_verdict *v, const struct reply_info *garden)
{
    size_t an = garden ? garden->an_numrrsets : 0;
    uint16_t rcode = garden ? (uint16_t)FLAGS_GET_RCODE(garden->flags) : LDNS_RCODE_NOERROR;
    struct reply_info *reply = empty_reply(region, rcode, v->ttl, 1 + an);
    struct ub_packed_rrset_key *cname =
        reply ? one_record(region, qinfo->qname, qinfo->qname_len, LDNS_RR_TYPE_CNAME, v->ttl,
                           v->cname.wire, v->cname.len)
              : NULL;
    if (!cname)
        return NULL;
    reply->rrsets[0] = cname;
    for (size_t i = 0; i < an; i++) {
        struct packed_rrset_data *data = garden->rrsets[i]->entry.data;
        data->rrsig_count = 0; /* our own copy: a rewritten answer carries no signatures */
        reply->rrsets[1 + i] = garden->rrsets[i];
    }
    reply->an_numrrsets = reply->rrset_count = 1 + an;
    return reply;
}

struct reply_info *sw_act_build(struct regional *region, const struct query_info *qinfo,
                                const struct sw_verdict *verdict, const struct reply_info *garden)
{
    struct reply_info *reply;
    switch (verdict->taken) {
    case SW_ACTION_NXDOMAIN:
        return negative(region, qinfo, LDNS_RCODE_NXDOMAIN, verdict->ttl);
    case SW_ACTION_NODATA:
        return negative(region, qinfo, LDNS_RCODE_NOERROR, verdict->ttl);
    case SW_ACTION_SINKHOLE:
        return sinkhole(region, qinfo, verdict);
    case SW_ACTION_CNAME:
        return alias(region, qinfo, verdict, garden);
    case SW_ACTION_TCP_ONLY:
        reply = empty_reply(region, LDNS_RCODE_NOERROR, verdict->ttl, 0);
        if (reply)
            reply->flags |= BIT_TC;
        return reply;
    default: /* refused, and drop where the client has to get some answer */
        return empty_reply(region, LDNS_RCODE_REFUSED, verdict->ttl, 0);
    }
}

void sw_act_replace(struct reply_info *to, const struct reply_info *from)
{
    to->flags = from->flags;
    to->authoritative = from->authoritative;
    to->ttl = from->ttl;
    to->an_numrrsets = from->an_numrrsets;
    to->ns_numrrsets = from->ns_numrrsets;
    to->ar_numrrsets = from->ar_numrrsets;
    to->rrset_count = from->rrset_count;
    to->rrsets = from->rrsets;
}

struct dns_msg *sw_act_message(struct regional *region, const struct query_info *qinfo,
                               struct reply_info *reply)
{
    struct dns_msg *msg = regional_alloc_zero(region, sizeof(*msg));
    if (!msg)
        return NULL;
    msg->qinfo = *qinfo;
    msg->qinfo.local_alias = NULL;
    msg->rep = reply;
    return msg;
}

struct reply_info *sw_act_copy(struct regional *region, const struct reply_info *reply)
{
    return regional_alloc_init(region, reply, sizeof(*reply));
}

bool sw_act_protect(struct module_qstate *qstate, struct reply_info **truth,
                    struct reply_info *reply)
{
    if (!*truth)
        *truth = sw_act_copy(qstate->region, reply);
    if (!*truth)
        return false;
    if (qstate->return_msg && qstate->return_msg->rep == reply) {
        struct dns_msg *msg = sw_act_message(qstate->region, &qstate->qinfo, *truth);
        if (!msg)
            return false;
        qstate->return_msg = msg;
    }
    return true;
}

void sw_act_ede(struct edns_option **list, struct regional *region, uint16_t code, const char *text,
                size_t text_len)
{
    if (code == SW_EDE_OFF)
        return;
    struct edns_option *option = regional_alloc_zero(region, sizeof(*option));
    uint8_t *data = regional_alloc(region, 2 + text_len);
    if (!option || !data)
        return;
    data[0] = (uint8_t)(code >> 8);
    data[1] = (uint8_t)code;
    memcpy(data + 2, text, text_len);
    option->opt_code = EDNS_OPTION_EDE;
    option->opt_len = 2 + text_len;
    option->opt_data = data;
    option->next = *list;
    *list = option;
}
