#include "host/hold.h"

#include "base/rcu.h"
#include "host/remember.h"

#include <arpa/inet.h>
#include <string.h>

/* Whether no other query of this worker, judged in an earlier hook, is still to be run. */
static bool alone(const struct module_qstate *qstate)
{
    return qstate->env->mesh->run.count == 0;
}

static size_t worker_of(const struct module_qstate *qstate)
{
    return (size_t)qstate->env->alloc->thread_num;
}

void sw_hold_busy(struct sw_module *module, const struct module_qstate *qstate)
{
    sw_turns_busy(&module->turns, worker_of(qstate), alone(qstate));
}

void sw_hold_quiet(struct sw_module *module, const struct module_qstate *qstate)
{
    sw_turns_quiet(&module->turns, worker_of(qstate), alone(qstate));
}

void sw_hold_answer(struct module_qstate *qstate, struct sw_hold *hold)
{
    if (hold && !qstate->no_cache_store)
        hold->held = true;
    qstate->no_cache_store = 1;
}

static bool at_rest(const struct sw_module *module, const struct sw_hold *hold)
{
    return sw_turns_at_rest(&module->turns, hold->epoch);
}

/* Whether the iterator would find a message or a first alias for this question in the cache. */
static bool something_cached(struct module_qstate *qstate)
{
    const struct query_info *q = &qstate->qinfo;
    return dns_cache_lookup(qstate->env, q->qname, q->qname_len, q->qtype, q->qclass,
                            qstate->query_flags, qstate->region, qstate->env->scratch, 0, NULL, 0);
}

void sw_hold_new(const struct sw_module *module, struct module_qstate *qstate, struct sw_hold *hold)
{
    if (!at_rest(module, hold) && something_cached(qstate))
        sw_hold_answer(qstate, hold);
}

static bool has_alias(const struct reply_info *reply)
{
    for (size_t i = 0; i < reply->an_numrrsets; i++)
        if (reply->rrsets[i]->rk.type == htons(LDNS_RR_TYPE_CNAME))
            return true;
    return false;
}

static bool same_question(const struct query_info *a, const struct query_info *b)
{
    return a->qtype == b->qtype && a->qname_len == b->qname_len &&
           memcmp(a->qname, b->qname, a->qname_len) == 0;
}

/* Match the known parts of an answer: the question, the question of the message, the aliases
 * that the iterator has followed, and the answer if complete. */
static void judge_known(const struct sw_module *module, const struct module_qstate *qstate,
                        struct sw_judgement *j)
{
    const struct dns_msg *msg = qstate->return_msg;
    sw_judge(module, qstate->env, &qstate->qinfo, msg ? msg->rep : NULL, j);
    if (msg && !same_question(&msg->qinfo, &qstate->qinfo))
        sw_judge_name(&msg->qinfo, j);
    for (const struct iter_prep_list *p = sw_ub_aliases_followed(qstate); p; p = p->next)
        sw_judge_rrset(p->rrset, j);
}

/* A referral is stored, as RRsets alone; otherwise each question for the zone would start at the
 * root. The next response sets `held` again. */
static bool release(const struct dns_msg *response, struct module_qstate *qstate,
                    struct sw_hold *hold)
{
    if (!hold || !sw_query_is_referral(response->rep))
        return false;
    hold->released |= hold->held;
    if (hold->held)
        qstate->no_cache_store = 0;
    hold->held = false;
    return true;
}

/* Note the RRsets of an answer that matches no list. */
static void note_unlisted(struct sw_hold *hold, const struct reply_info *reply, bool unlisted)
{
    hold->unlisted = NULL;
    if (!unlisted || !hold->name_unlisted || reply->an_numrrsets > SW_HOLD_RRSETS)
        return;
    hold->unlisted = reply;
    hold->rrsets_n = reply->an_numrrsets;
    for (size_t i = 0; i < hold->rrsets_n; i++)
        hold->rrset[i] = reply->rrsets[i];
}

/* Whether rules cannot distinguish two RRsets. When an answer is stored, by the validator for
 * the second time, Unbound puts a copy of the cached RRset into the reply. */
static bool same_data(const struct ub_packed_rrset_key *a, const struct ub_packed_rrset_key *b)
{
    const struct packed_rrset_data *x = a->entry.data, *y = b->entry.data;
    if (a == b)
        return true;
    if (a->rk.type != b->rk.type || x->count != y->count)
        return false;
    for (size_t i = 0; i < x->count; i++)
        if (x->rr_len[i] != y->rr_len[i] || memcmp(x->rr_data[i], y->rr_data[i], x->rr_len[i]) != 0)
            return false;
    return true;
}

bool sw_hold_knows(const struct sw_module *module, const struct module_qstate *qstate,
                   const struct sw_hold *hold, const struct reply_info *reply)
{
    if (hold->unlisted != reply || hold->rrsets_n != reply->an_numrrsets ||
        qstate->no_cache_store || hold->epoch != sw_turns_epoch(&module->turns))
        return false;
    for (size_t i = 0; i < hold->rrsets_n; i++)
        if (!same_data(hold->rrset[i], reply->rrsets[i]))
            return false;
    return true;
}

/* Whether no record of a response can be in the answer: query name minimisation asked for another
 * name or type, and the response has no alias. */
static bool only_on_the_way(const struct module_qstate *qstate, const struct dns_msg *response)
{
    const struct query_info *chased = sw_ub_chased(qstate);
    return chased && !has_alias(response->rep) && !same_question(&response->qinfo, chased);
}

/* Match a response. The question is not matched again if it is known to match no list. With
 * query minimisation the response answers another question, and is stored under that name. */
static void judge_response(const struct sw_module *module, const struct module_qstate *qstate,
                           const struct sw_hold *hold, uint64_t epoch,
                           const struct dns_msg *response, struct sw_judgement *j)
{
    const struct query_info *asked = &response->qinfo;
    bool known =
        hold && hold->name_unlisted && hold->epoch == epoch && same_question(asked, &qstate->qinfo);
    if (known)
        sw_judge_answer(module, qstate->env, asked, response->rep, j);
    else
        sw_judge(module, qstate->env, asked, response->rep, j);
}

/* Remove the cached RRset with the same key; messages that refer to the RRset become unusable. */
static void remove_cached(const struct module_qstate *qstate,
                          const struct ub_packed_rrset_key *rrset)
{
    rrset_cache_remove(qstate->env->rrset_cache, rrset->rk.dname, rrset->rk.dname_len,
                       ntohs(rrset->rk.type), ntohs(rrset->rk.rrset_class), 0);
}

void sw_hold_apart(const struct module_qstate *qstate, struct reply_info *reply)
{
    if (qstate->query_flags & BIT_RD)
        return;
    for (size_t i = 0; i < reply->an_numrrsets; i++) {
        struct packed_rrset_data *data = reply->rrsets[i]->entry.data;
        remove_cached(qstate, reply->rrsets[i]);
        data->trust = rrset_trust_none;
    }
}

/*
 * Whether additional RRsets of a response can replace RRsets that messages are served with. With
 * serve-expired these are expired RRsets. With prefetch these are RRsets that expire within a
 * minute; the new RRset has so little trust that the next additional RRset can replace the new
 * RRset as well (D-078).
 */
static bool extra_replaces(const struct module_qstate *qstate)
{
    return qstate->env->cfg->serve_expired || qstate->env->cfg->prefetch;
}

/* Keep each additional RRset apart that a rule can change: the RRset gets an entry of its own, and
 * does not replace an RRset that is stored meanwhile. */
static void set_extra_apart(const struct sw_module *module, struct module_qstate *qstate,
                            const struct reply_info *reply)
{
    struct sw_judgement j;
    for (size_t i = reply->an_numrrsets; i < reply->rrset_count; i++) {
        sw_match_begin(&j.matching, &module->flow, &j.match);
        sw_judge_rrset(reply->rrsets[i], &j);
        if (!j.match.armed)
            continue;
        remove_cached(qstate, reply->rrsets[i]);
        qstate->prefetch_leeway = 0;
    }
}

/* Handle an answer that the iterator needs itself and that is private. The RRsets are
 * cached, so that the next query for the zone finds the servers. The message is not cached,
 * since clients would get the message (D-101). */
static void store_records(const struct sw_module *module, struct module_qstate *qstate,
                          struct sw_hold *hold, const struct dns_msg *response)
{
    struct sw_judgement j;
    if (!hold || (qstate->no_cache_store && !hold->held))
        return; /* the zone's answers must not be cached */
    if (hold->held)
        qstate->no_cache_store = 0; /* was set at the previous response */
    hold->held = false;
    if (sw_query_is_referral(response->rep))
        return; /* a referral is stored as RRsets alone in any case */
    sw_judge(module, qstate->env, &response->qinfo, response->rep, &j);
    if (!sw_judged_private(&j))
        return;
    sw_ub_cache_store(qstate, response->rep, true);
    sw_hold_answer(qstate, hold);
}

/* The answer to an exempt query goes to no client, but an alias in the answer enters the RRset
 * cache. */
void sw_hold_failed_response(const struct sw_module *module, struct module_qstate *qstate,
                             struct sw_hold *hold, const struct query_info *asked)
{
    const struct reply_info without_records = {.qdcount = 1};
    struct sw_judgement known, servers;
    sw_rcu_enter();
    judge_known(module, qstate, &known);
    sw_judge(module, qstate->env, asked, &without_records, &servers);
    bool private = sw_judged_private(&known) || sw_judged_private(&servers);
    sw_rcu_leave();
    if (private)
        sw_hold_answer(qstate, hold);
}

void sw_hold_response(const struct sw_module *module, struct module_qstate *qstate,
                      struct sw_hold *hold, const struct dns_msg *response)
{
    struct sw_judgement j;
    bool exempt = sw_query_exempt(qstate) && !has_alias(response->rep);
    bool own = exempt && sw_query_for_iterator(qstate);
    if (exempt && !own && !extra_replaces(qstate))
        return;
    sw_rcu_enter();
    if (extra_replaces(qstate))
        set_extra_apart(module, qstate, response->rep);
    if (own)
        store_records(module, qstate, hold, response);
    if (exempt) {
        sw_rcu_leave();
        return;
    }
    uint64_t epoch = sw_turns_epoch(&module->turns);
    judge_response(module, qstate, hold, epoch, response, &j);
    bool released = release(response, qstate, hold);
    bool unlisted = sw_judged_unlisted(&j), passing = only_on_the_way(qstate, response);
    bool private = sw_judged_private_anywhere(module, qstate->env, &response->qinfo, &qstate->qinfo,
                                              response->rep, &j);
    if (hold)
        hold->private_response |= private && response->rep->an_numrrsets > 0 && !passing;
    if (hold && hold->epoch != epoch && (released || !private)) {
        judge_known(module, qstate, &j);
        private = sw_judged_private(&j);
        hold->epoch = epoch;
        hold->name_unlisted = sw_judged_unlisted(&j);
        unlisted = unlisted && hold->name_unlisted;
    } else if (released) {
        private = false; /* neither name nor data of a referral are part of an answer (D-240) */
    }
    if (hold)
        note_unlisted(hold, response->rep, hold->epoch == epoch && unlisted);
    sw_rcu_leave();
    if (released) {
        hold->released |= private;
        return;
    }
    if (private)
        sw_hold_apart(qstate, response->rep);
    if (hold)
        hold->passing = private && passing && !hold->released && !qstate->no_cache_store;
    if (private ||
        (hold && (hold->released || (has_alias(response->rep) && !at_rest(module, hold)))))
        sw_hold_answer(qstate, hold);
}

void sw_hold_query(struct module_qstate *qstate, struct sw_hold *hold)
{
    if (!hold->passing)
        return;
    hold->passing = hold->held = false;
    qstate->no_cache_store = 0;
}

void sw_hold_resumed(const struct sw_module *module, struct module_qstate *qstate,
                     struct sw_hold *hold)
{
    struct sw_judgement j;
    sw_rcu_enter();
    uint64_t epoch = sw_turns_epoch(&module->turns);
    bool changed = hold->epoch != epoch;
    if (changed)
        judge_known(module, qstate, &j);
    if (changed && qstate->return_msg && extra_replaces(qstate))
        set_extra_apart(module, qstate, qstate->return_msg->rep);
    sw_rcu_leave();
    if (!changed)
        return;
    hold->epoch = epoch;
    hold->name_unlisted = false;
    hold->unlisted = NULL;
    if (!sw_judged_private(&j))
        return;
    if (qstate->return_msg)
        sw_hold_apart(qstate, qstate->return_msg->rep);
    sw_hold_answer(qstate, hold);
}

void sw_hold_forget(const struct sw_module *module, const struct module_qstate *qstate,
                    const struct sw_hold *hold)
{
    const struct query_info *by = &qstate->return_msg->qinfo;
    struct sw_judgement j;
    if ((hold && hold->epoch == sw_turns_epoch(&module->turns)) ||
        same_question(by, &qstate->qinfo))
        return;
    sw_rcu_enter();
    sw_judge(module, qstate->env, by, qstate->return_msg->rep, &j);
    sw_rcu_leave();
    if (sw_judged_private(&j))
        sw_remember_uncache(qstate->env, by, qstate->query_flags);
}

bool sw_hold_must_not_cache(const struct module_qstate *qstate, const struct sw_hold *hold)
{
    return qstate->no_cache_lookup || hold->no_cache;
}

/* The rules of iterator and validator: no answer without recursion, and none from a zone that
 * must not be cached. Failures are cached by the iterator in another way. */
static bool to_be_stored(const struct module_qstate *qstate, const struct sw_hold *hold,
                         const struct reply_info *reply)
{
    unsigned rcode = FLAGS_GET_RCODE(reply->flags);
    return (qstate->query_flags & BIT_RD) && !sw_hold_must_not_cache(qstate, hold) &&
           (rcode == LDNS_RCODE_NOERROR || rcode == LDNS_RCODE_NXDOMAIN);
}

bool sw_hold_store(const struct sw_module *module, struct module_qstate *qstate,
                   struct sw_hold *hold, struct reply_info *reply)
{
    if (!hold->held || !module->can_store || !to_be_stored(qstate, hold, reply))
        return false;
    hold->held = false;
    sw_ub_cache_store(qstate, reply, false);
    return true;
}

/* subnetcache keeps some answers out of the cache; dns64 and respip make answers from other
 * answers. */
bool sw_hold_can_store(const char *module_conf)
{
    static const char *const known[] = {"dynlib", "validator", "cachedb", "iterator"};
    const char *at = module_conf ? module_conf : "";
    for (at += strspn(at, " \t"); *at; at += strspn(at, " \t")) {
        size_t len = strcspn(at, " \t"), i = 0;
        while (i < 4 && (strlen(known[i]) != len || strncmp(at, known[i], len) != 0))
            i++;
        if (i == 4)
            return false;
        at += len;
    }
    return true;
}
