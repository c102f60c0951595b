#include "host/cached.h"

#include "base/rcu.h"
#include "host/weigh.h"

#include <arpa/inet.h>

#define MORE_THAN_FITS                                                                             \
    ((size_t)1 << 20) /* octets: over 65,535, the longest message (RFC 1035 4.2.2) */

/* An RRset that is never read beyond its length, as that is longer than any packet. */
static size_t too_long[] = {MORE_THAN_FITS};
static time_t no_ttl[] = {0};
static uint8_t *no_data[] = {NULL};
static struct packed_rrset_data too_much = {
    .count = 1, .rr_len = too_long, .rr_ttl = no_ttl, .rr_data = no_data};

/* What the worker reads of the question until the next one. */
static _Thread_local struct ub_packed_rrset_key filler;
static _Thread_local struct local_rrset filler_alias;

/* The question as the client put it: of another name where local-data has an alias for that. */
static void truncate_answer(struct query_info *qinfo)
{
    const struct local_rrset *alias = qinfo->local_alias;
    filler.rk.dname = alias ? alias->rrset->rk.dname : qinfo->qname;
    filler.rk.dname_len = alias ? alias->rrset->rk.dname_len : qinfo->qname_len;
    filler.rk.type = htons(LDNS_RR_TYPE_TXT);
    filler.rk.rrset_class = htons(LDNS_RR_CLASS_IN);
    filler.rk.flags = PACKED_RRSET_FIXEDTTL;
    filler.entry.data = &too_much;
    filler_alias = (struct local_rrset){.rrset = &filler};
    qinfo->local_alias = &filler_alias;
}

int sw_cached_on_reply(struct query_info *qinfo, struct module_qstate *qstate,
                       struct reply_info *reply, int rcode, struct edns_data *edns,
                       struct edns_option **options_out, struct comm_reply *client,
                       struct regional *region, struct timeval *start_time, int id, void *arg)
{
    const struct sw_module *module = arg;
    struct sw_weighing j;
    (void)rcode, (void)edns, (void)options_out, (void)client, (void)region, (void)start_time;
    (void)id;
    if (qstate || !reply || sw_query_type_exempt(qinfo))
        return 1;
    sw_rcu_enter();
    sw_weigh(module, NULL, qinfo, reply, &j); /* its RRsets are locked */
    sw_rcu_leave();
    if (sw_match_uncached(&j.match))
        truncate_answer(qinfo);
    return 1;
}
