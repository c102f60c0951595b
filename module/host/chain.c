#include "host/chain.h"

#include "flow/act.h"
#include "host/remember.h"

#include <arpa/inet.h>

#define ALIASES_MAX 16 /* aliases of a response; Unbound follows 11 by default */

static bool is_alias(const struct ub_packed_rrset_key *rrset)
{
    const struct packed_rrset_data *data = rrset->entry.data;
    return rrset->rk.type == htons(LDNS_RR_TYPE_CNAME) && data->count > 0 && data->rr_len[0] > 2;
}

static uint8_t *target(const struct ub_packed_rrset_key *alias)
{
    const struct packed_rrset_data *data = alias->entry.data;
    return data->rr_data[0] + 2; /* behind RDLENGTH */
}

/* The alias of this name in a response, or NULL. */
static struct ub_packed_rrset_key *alias_of(const struct reply_info *reply, uint8_t *name)
{
    for (size_t i = 0; i < reply->an_numrrsets; i++)
        if (is_alias(reply->rrsets[i]) &&
            query_dname_compare(reply->rrsets[i]->rk.dname, name) == 0)
            return reply->rrsets[i];
    return NULL;
}

static bool has_signatures(const struct ub_packed_rrset_key *alias)
{
    const struct packed_rrset_data *data = alias->entry.data;
    return data->rrsig_count > 0;
}

/* Walk the aliases in order. Of the response only the aliases that continue the chain count.
 * Match each alias if j is not NULL, and count aliases with signatures. Returns the number of
 * aliases. */
static size_t walk(const struct module_qstate *qstate, const struct dns_msg *response,
                   struct sw_judgement *j, size_t *with_signatures)
{
    const struct iter_prep_list *p = sw_ub_aliases_followed(qstate);
    const struct ub_packed_rrset_key *alias;
    uint8_t *name = qstate->qinfo.qname;
    size_t n = 0, last = 0;
    *with_signatures = 0;
    for (; p; p = p->next) {
        *with_signatures += has_signatures(p->rrset); /* a DNAME counts as well */
        if (!is_alias(p->rrset))
            continue;
        name = target(p->rrset);
        n++;
        if (j)
            sw_judge_rrset(p->rrset, j);
    }
    last = n + ALIASES_MAX;
    while (response && n < last && (alias = alias_of(response->rep, name)) != NULL) {
        name = target(alias);
        n++;
        *with_signatures += has_signatures(alias);
        if (j)
            sw_judge_rrset(alias, j);
    }
    return n;
}

size_t sw_chain_length(const struct module_qstate *qstate, const struct dns_msg *response)
{
    size_t with_signatures;
    return walk(qstate, response, NULL, &with_signatures);
}

bool sw_chain_signed(const struct module_qstate *qstate, const struct dns_msg *response)
{
    size_t with_signatures;
    walk(qstate, response, NULL, &with_signatures);
    for (size_t i = 0; response && i < response->rep->an_numrrsets; i++)
        if (response->rep->rrsets[i]->rk.type == htons(LDNS_RR_TYPE_DNAME))
            with_signatures += has_signatures(response->rep->rrsets[i]);
    return with_signatures > 0;
}

void sw_chain_judge(const struct module_qstate *qstate, const struct dns_msg *response,
                    struct sw_judgement *j)
{
    size_t with_signatures;
    walk(qstate, response, j, &with_signatures);
}

/* A failure with room for n aliases; NULL when memory is out. */
static struct reply_info *new_failure(struct module_qstate *qstate, size_t n)
{
    struct reply_info *failure = regional_alloc_zero(
        qstate->region, sizeof(*failure) + (n + 1) * sizeof(failure->rrsets[0]));
    if (!failure)
        return NULL;
    failure->flags = BIT_QR | BIT_RA | LDNS_RCODE_SERVFAIL;
    failure->qdcount = 1;
    failure->security = sec_status_insecure;
    failure->rrsets = (struct ub_packed_rrset_key **)(void *)(failure + 1);
    return failure;
}

/* The failure lives as long as the alias with the smallest TTL. */
static void add_alias(struct reply_info *failure, struct ub_packed_rrset_key *alias)
{
    const struct packed_rrset_data *data = alias->entry.data;
    if (failure->an_numrrsets == 0 || data->ttl < failure->ttl)
        failure->ttl = failure->prefetch_ttl = failure->serve_expired_ttl = data->ttl;
    failure->rrsets[failure->an_numrrsets++] = alias;
    failure->rrset_count = failure->an_numrrsets;
}

struct dns_msg *sw_chain_failure(struct module_qstate *qstate)
{
    struct reply_info *failure = new_failure(qstate, sw_chain_length(qstate, NULL));
    const struct iter_prep_list *p = failure ? sw_ub_aliases_followed(qstate) : NULL;
    for (; p; p = p->next)
        if (is_alias(p->rrset))
            add_alias(failure, p->rrset);
    return failure ? sw_act_message(qstate->region, &qstate->qinfo, failure) : NULL;
}

/* Whether the validator accepts an alias: secure, or not signed, or below no trust anchor. */
static bool is_proven(const struct ub_packed_rrset_key *alias)
{
    const struct packed_rrset_data *data = alias->entry.data;
    return data->security == sec_status_secure || data->security == sec_status_insecure ||
           data->security == sec_status_indeterminate;
}

struct dns_msg *sw_chain_proven(struct module_qstate *qstate, const struct reply_info *bogus)
{
    struct reply_info *failure = new_failure(qstate, bogus->an_numrrsets);
    struct ub_packed_rrset_key *alias = failure ? alias_of(bogus, qstate->qinfo.qname) : NULL;
    if (failure)
        failure->reason_bogus = bogus->reason_bogus;
    while (alias && is_proven(alias) && failure->an_numrrsets < bogus->an_numrrsets) {
        add_alias(failure, alias);
        alias = alias_of(bogus, target(alias));
    }
    return failure ? sw_act_message(qstate->region, &qstate->qinfo, failure) : NULL;
}

/* A remembered answer is never truncated, so TC serves as the mark. */
void sw_chain_remember(struct module_qstate *qstate, struct reply_info *failure)
{
    uint16_t flags = failure->flags;
    if (failure->an_numrrsets == 0)
        return;
    failure->flags = BIT_QR | BIT_RA | BIT_TC | LDNS_RCODE_NOERROR;
    sw_remember_failure(qstate, failure);
    failure->flags = flags;
}

bool sw_chain_recall(struct reply_info *found)
{
    if (!(found->flags & BIT_TC))
        return false;
    found->flags = BIT_QR | BIT_RA | LDNS_RCODE_SERVFAIL;
    found->security = sec_status_insecure;
    return true;
}
