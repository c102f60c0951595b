#include "host/remember.h"

#include "flow/query.h"

#include <arpa/inet.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define PRIVATE_CLASS 65280U /* RFC 6895 3.2: 65280-65534 are for private use */

/* Any constant would do; high bits choose the slab and low bits the bin, so both change. */
#define CHANGED 0x5ca1ab1eU

/* Key and hash of a question in the private class. The name is borrowed from the query. */
static hashvalue_type private_key(const struct module_qstate *qstate, struct query_info *key)
{
    *key = qstate->qinfo;
    key->local_alias = NULL;
    key->qclass = PRIVATE_CLASS;
    return query_info_hash(key, qstate->query_flags) ^ CHANGED;
}

/*
 * A filter of the questions that were ever remembered, a bit for each. A query that matches no rule
 * looks here first, and mostly needs no look-up in the cache, with a hash that costs ten times as
 * much. A bit is set before the entry is inserted and never cleared; a superfluous bit costs a
 * look-up.
 */
#define SEEN_BITS (1U << 18)
static _Atomic uint8_t seen[SEEN_BITS / 8];

/* The question's bit; hashes eight octets of the name at a time, ignoring letter case. */
static unsigned bit_of(const struct query_info *question)
{
    const uint64_t lower = UINT64_C(0x2020202020202020), odd = UINT64_C(0x9e3779b97f4a7c15);
    const uint8_t *name = question->qname;
    size_t len = question->qname_len;
    uint64_t hash = len << 16 | question->qtype;
    for (size_t at = 0; at < len; at += sizeof(hash)) {
        uint64_t word = 0;
        if (len - at >= sizeof(word))
            memcpy(&word, name + at, sizeof(word));
        else
            memcpy(&word, name + at, len - at);
        hash = (hash ^ (word | lower)) * odd;
        hash ^= hash >> 29;
    }
    return (unsigned)(hash >> 32) % SEEN_BITS;
}

static void note_stored(const struct query_info *question)
{
    unsigned bit = bit_of(question);
    atomic_fetch_or_explicit(&seen[bit / 8], (uint8_t)(1U << bit % 8), memory_order_relaxed);
}

static bool maybe_stored(const struct query_info *question)
{
    unsigned bit = bit_of(question);
    return atomic_load_explicit(&seen[bit / 8], memory_order_relaxed) >> bit % 8 & 1;
}

static bool worth_keeping(const struct reply_info *reply)
{
    unsigned rcode = FLAGS_GET_RCODE(reply->flags);
    return (rcode == LDNS_RCODE_NOERROR || rcode == LDNS_RCODE_NXDOMAIN) &&
           reply->security != sec_status_bogus &&
           reply->security != sec_status_secure_sentinel_fail && reply->ttl > 0;
}

/* Types of RRsets with data that a rule can match. */
static bool matters(const struct ub_packed_rrset_key *rrset)
{
    switch (ntohs(rrset->rk.type)) {
    case LDNS_RR_TYPE_CNAME:
    case LDNS_RR_TYPE_DNAME:
    case LDNS_RR_TYPE_A:
    case LDNS_RR_TYPE_AAAA:
    case LDNS_RR_TYPE_HTTPS:
    case LDNS_RR_TYPE_SVCB:
        return true;
    default:
        return false;
    }
}

/* The answer's RRsets get the private class as well. Otherwise the iterator would follow the
 * aliases without this module and cache messages from the targets. And a stored RRset would
 * replace the RRset that clean messages, expired messages included, refer to. */
static void hide_records(struct reply_info *copy)
{
    for (size_t i = 0; i < copy->an_numrrsets; i++) {
        struct ub_packed_rrset_key *rrset = copy->rrsets[i];
        if (!matters(rrset))
            continue;
        rrset->rk.rrset_class = htons(PRIVATE_CLASS);
        rrset->entry.hash = rrset_key_hash(&rrset->rk);
    }
}

static void show_records(struct reply_info *found)
{
    for (size_t i = 0; i < found->an_numrrsets; i++)
        if (found->rrsets[i]->rk.rrset_class == htons(PRIVATE_CLASS))
            found->rrsets[i]->rk.rrset_class = htons(LDNS_RR_CLASS_IN);
}

void sw_remember_store(struct module_qstate *qstate, struct reply_info *reply)
{
    struct module_env *env = qstate->env;
    struct query_info key;
    hashvalue_type hash = private_key(qstate, &key);
    if (!worth_keeping(reply))
        return;
    struct reply_info *copy = reply_info_copy(reply, env->alloc, NULL);
    if (!copy)
        return;
    key.qname = malloc(key.qname_len); /* belongs to the entry, as in dns_cache_store() */
    if (!key.qname) {
        reply_info_parsedelete(copy, env->alloc);
        return;
    }
    memcpy(key.qname, qstate->qinfo.qname, key.qname_len);
    copy->flags |= (BIT_RA | BIT_QR);
    copy->flags &= (uint16_t) ~(BIT_AA | BIT_CD);
    hide_records(copy);
    note_stored(&qstate->qinfo);
    dns_cache_store_msg(env, &key, hash, copy, 0, 0, reply, qstate->query_flags, NULL,
                        qstate->qstarttime);
    free(key.qname); /* NULL after the entry has taken the reply */
}

struct dns_msg *sw_remember_find(struct module_qstate *qstate)
{
    struct module_env *env = qstate->env;
    struct query_info key;
    struct dns_msg *msg = NULL;
    if (!maybe_stored(&qstate->qinfo))
        return NULL;
    hashvalue_type hash = private_key(qstate, &key);
    struct lruhash_entry *entry = slabhash_lookup(env->msg_cache, hash, &key, 0);
    if (!entry)
        return NULL;
    struct reply_info *reply = entry->data;
    if (!sw_query_validates(qstate) || reply->security != sec_status_unchecked)
        msg = tomsg(env, &qstate->qinfo, reply, qstate->region, *env->now, 0, env->scratch);
    lock_rw_unlock(&entry->lock);
    if (msg)
        show_records(msg->rep);
    return msg;
}
