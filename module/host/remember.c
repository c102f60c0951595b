#include "host/remember.h"

#include "flow/query.h"

#include <arpa/inet.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define REFRESH_MAX 30 /* seconds after which a refresh without result is given up */

/* Unbound's ids have the number of a thread in the upper 16 bits, so no id has the highest bit.
 * A reference of a remembered message has the complement of the RRset's id. */
#define ID_COMPLEMENT (UINT64_C(1) << 63)

/* The key of a question in the message cache. The name is borrowed from the query. */
static hashvalue_type key_of(const struct module_qstate *qstate, struct query_info *key)
{
    *key = qstate->qinfo;
    key->local_alias = NULL;
    return query_info_hash(key, qstate->query_flags);
}

bool sw_remember_owns(const struct reply_info *reply)
{
    return reply->rrset_count > 0 && (reply->ref[0].id & ID_COMPLEMENT);
}

void sw_remember_uncache(struct module_env *env, const struct query_info *q, uint16_t flags)
{
    struct msgreply_entry *entry =
        msg_cache_lookup(env, q->qname, q->qname_len, q->qtype, q->qclass, flags, 0, 0);
    if (!entry)
        return;
    bool ours = sw_remember_owns(entry->entry.data);
    lock_rw_unlock(&entry->entry.lock);
    if (!ours)
        msg_cache_remove(env, q->qname, q->qname_len, q->qtype, q->qclass, flags);
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

static bool is_good(const struct reply_info *reply)
{
    unsigned rcode = FLAGS_GET_RCODE(reply->flags);
    return rcode == LDNS_RCODE_NOERROR || rcode == LDNS_RCODE_NXDOMAIN;
}

static bool worth_keeping(const struct reply_info *reply)
{
    return is_good(reply) && reply->security != sec_status_secure_sentinel_fail && reply->ttl > 0;
}

/* Whether an RRset has data that a rule can match. An answer in class IN can have an RRset of
 * another class under the same name and type. In one class the two would become one RRset. */
static bool matters(const struct ub_packed_rrset_key *rrset)
{
    if (rrset->rk.rrset_class != htons(LDNS_RR_CLASS_IN))
        return false;
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

/* The answer's RRsets are stored in the private class. Otherwise the iterator would follow the
 * aliases without this module and cache messages from the targets. And a stored RRset would
 * replace the RRset that clean messages, expired messages included, refer to. */
static void hide_records(struct reply_info *copy)
{
    for (size_t i = 0; i < copy->an_numrrsets; i++) {
        struct ub_packed_rrset_key *rrset = copy->rrsets[i];
        if (!matters(rrset))
            continue;
        rrset->rk.rrset_class = htons(SW_REMEMBER_CLASS);
        rrset->entry.hash = rrset_key_hash(&rrset->rk);
    }
}

static void show_records(struct reply_info *found)
{
    for (size_t i = 0; i < found->an_numrrsets; i++)
        if (found->rrsets[i]->rk.rrset_class == htons(SW_REMEMBER_CLASS))
            found->rrsets[i]->rk.rrset_class = htons(LDNS_RR_CLASS_IN);
}

/* A message without RRsets gets a reference to an RRset that no id fits. Unbound never frees
 * the memory of an RRset's key, so that stale references can be looked at. */
static struct reply_info *with_reference(struct module_env *env, struct reply_info *empty)
{
    struct ub_packed_rrset_key *any = alloc_special_obtain(env->alloc);
    struct reply_info *reply =
        any ? malloc(sizeof(*reply) + sizeof(struct ub_packed_rrset_key *)) : NULL;
    if (any)
        alloc_special_release(env->alloc, any);
    if (!reply) {
        reply_info_delete(empty, NULL);
        return NULL;
    }
    memcpy(reply, empty, offsetof(struct reply_info, ref));
    free(empty); /* not what it points to, which the new message has */
    reply->rrset_count = 1;
    reply->rrsets = (struct ub_packed_rrset_key **)(void *)(reply + 1);
    reply->rrsets[0] = any;
    reply->ref[0] = (struct rrset_ref){any, ~UINT64_C(0)};
    return reply;
}

/* Insert the RRsets of a message into the RRset cache, and have the message refer to them. */
static void store_records(const struct module_qstate *qstate, struct reply_info *copy)
{
    struct module_env *env = qstate->env;
    for (size_t i = 0; i < copy->rrset_count; i++) {
        struct rrset_ref *ref = &copy->ref[i];
        /* no leeway for name servers, as in Unbound: a zone must not outlive its delegation */
        bool servers = copy->rrsets[i]->rk.type == htons(LDNS_RR_TYPE_NS);
        time_t at = servers ? qstate->qstarttime : *env->now + qstate->prefetch_leeway;
        if (rrset_cache_update(env->rrset_cache, ref, env->alloc, at))
            copy->rrsets[i] = ref->key; /* the cache had the RRset already */
    }
    reply_info_sortref(copy); /* the order in which RRsets are locked */
    for (size_t i = 0; i < copy->rrset_count; i++)
        copy->ref[i].id = ~copy->ref[i].id;
}

/* Insert a message, which the cache then owns, under the question of the query. */
static void insert(struct module_qstate *qstate, struct reply_info *message)
{
    struct query_info key;
    hashvalue_type hash = key_of(qstate, &key);
    key.qname = malloc(key.qname_len);
    if (key.qname)
        memcpy(key.qname, qstate->qinfo.qname, key.qname_len);
    struct msgreply_entry *entry =
        key.qname ? query_info_entrysetup(&key, message, hash) : NULL; /* takes the name */
    free(key.qname);
    if (!entry) {
        reply_info_delete(message, NULL);
        return;
    }
    note_stored(&qstate->qinfo);
    slabhash_insert(qstate->env->msg_cache, hash, &entry->entry, message, qstate->env->alloc);
}

static void store(struct module_qstate *qstate, struct reply_info *reply)
{
    struct module_env *env = qstate->env;
    struct reply_info *copy = reply_info_copy(reply, env->alloc, NULL);
    if (!copy)
        return;
    copy->flags |= (BIT_RA | BIT_QR);
    copy->flags &= (uint16_t) ~(BIT_AA | BIT_CD);
    copy->padding = 0;
    hide_records(copy);
    for (size_t i = 0; i < copy->rrset_count; i++)
        copy->ref[i] = (struct rrset_ref){copy->rrsets[i], copy->rrsets[i]->id};
    reply_info_set_ttls(copy, *env->now); /* of the RRsets that are referred to, as well */
    if (copy->rrset_count > 0)
        store_records(qstate, copy);
    else
        copy = with_reference(env, copy);
    if (copy)
        insert(qstate, copy);
}

bool sw_remember_store(struct module_qstate *qstate, struct reply_info *reply)
{
    if (!worth_keeping(reply))
        return false;
    store(qstate, reply);
    return true;
}

/* The remembered message for the query's question, with the entry locked for reading, or NULL. */
static struct reply_info *look_up(const struct module_qstate *qstate, struct lruhash_entry **entry)
{
    struct query_info key;
    if (!maybe_stored(&qstate->qinfo))
        return NULL;
    hashvalue_type hash = key_of(qstate, &key);
    *entry = slabhash_lookup(qstate->env->msg_cache, hash, &key, 0);
    if (!*entry)
        return NULL;
    if (sw_remember_owns((*entry)->data))
        return (*entry)->data;
    lock_rw_unlock(&(*entry)->lock);
    return NULL;
}

/* The second up to which no refresh is begun. Unbound does not use the member `padding`, and no
 * mark (mark.h) is in it, since Unbound never serves the message. */
static uint32_t *rest(struct reply_info *reply)
{
    return &reply->padding;
}

bool sw_remember_rest(struct module_qstate *qstate)
{
    struct lruhash_entry *entry;
    struct reply_info *found = look_up(qstate, &entry);
    time_t now = *qstate->env->now;
    if (!found)
        return false;
    bool good = is_good(found) && !(found->flags & BIT_TC) &&
                (qstate->env->cfg->serve_expired || now <= found->ttl);
    if (good)
        __atomic_store_n(rest(found), (uint32_t)(now + NORR_TTL), __ATOMIC_RELAXED);
    lock_rw_unlock(&entry->lock);
    return good;
}

void sw_remember_failure(struct module_qstate *qstate, struct reply_info *failure)
{
    if (!sw_remember_rest(qstate))
        store(qstate, failure);
}

/* Whether the query is the one that has to begin a refresh. */
static bool renew(const struct module_env *env, struct reply_info *reply)
{
    time_t now = *env->now;
    uint32_t until = __atomic_load_n(rest(reply), __ATOMIC_RELAXED);
    bool due = now > reply->ttl || (env->cfg->prefetch && now >= reply->prefetch_ttl);
    return due && until < (uint32_t)now &&
           __atomic_compare_exchange_n(rest(reply), &until, (uint32_t)now + REFRESH_MAX, false,
                                       __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}

/* Whether an expired message is served before resolution was tried (serve-expired). */
static bool served_at_once(const struct module_env *env, struct reply_info *reply)
{
    uint32_t until = __atomic_load_n(rest(reply), __ATOMIC_RELAXED);
    return env->cfg->serve_expired_client_timeout == 0 || until >= (uint32_t)*env->now;
}

/* Copy a message into the query's region, with the references as Unbound needs them. */
static struct dns_msg *copy_out(struct module_qstate *qstate, struct reply_info *reply)
{
    struct module_env *env = qstate->env;
    size_t n = reply->rrset_count;
    struct reply_info *copy = regional_alloc_init(
        qstate->region, reply, offsetof(struct reply_info, ref) + n * sizeof(reply->ref[0]));
    if (!copy)
        return NULL;
    for (size_t i = 0; i < n; i++)
        copy->ref[i].id = ~copy->ref[i].id;
    if (copy->an_numrrsets + copy->ns_numrrsets + copy->ar_numrrsets == 0)
        copy->rrset_count = 0;
    struct dns_msg *msg = tomsg(env, &qstate->qinfo, copy, qstate->region, *env->now,
                                env->cfg->serve_expired, env->scratch);
    if (msg)
        show_records(msg->rep);
    return msg;
}

void sw_remember_forget(struct module_qstate *qstate)
{
    struct query_info key;
    hashvalue_type hash = key_of(qstate, &key);
    slabhash_remove(qstate->env->msg_cache, hash, &key);
}

bool sw_remember_find(struct module_qstate *qstate, bool failed, struct sw_remembered *out)
{
    const struct module_env *env = qstate->env;
    struct lruhash_entry *entry;
    struct reply_info *reply = look_up(qstate, &entry);
    if (!reply)
        return false;
    *out = (struct sw_remembered){.stale = *env->now > reply->ttl};
    bool usable = !sw_query_validates(qstate) || reply->security != sec_status_unchecked;
    bool part = reply->flags & BIT_TC;
    if (failed)
        usable = usable && out->stale && reply->security != sec_status_bogus;
    else if (out->stale)
        usable = usable && served_at_once(env, reply);
    if (usable && !(part && out->stale))
        out->msg = copy_out(qstate, reply);
    out->renew = out->msg && !failed && !part && renew(env, reply);
    out->leeway = out->stale ? 0 : reply->ttl - *env->now;
    lock_rw_unlock(&entry->lock);
    return out->msg;
}
