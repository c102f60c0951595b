/* cache_sweep.c - the sweep after a change, and the periodic sweep: sw_cache_sweep() of cache.h. */
#include "host/cache.h"

#include "base/clock.h"
#include "base/rcu.h"
#include "flow/decide.h"
#include "flow/match.h"
#include "flow/query.h"
#include "flow/ub.h"
#include "host/cache_walk.h"
#include "host/remember.h"
#include "host/servers.h"

#include <arpa/inet.h>
#include <time.h>

/* A walk, and the rules to judge by. */
struct sweep {
    struct sw_cache_walk walk;
    struct sw_module *module;
    const struct sw_flow *flow; /* all rules, or only the new rules */
    bool periodic;              /* periodic sweep, not for a change */
};

/* ---- the judges ---- */

/* Names in a message, to be matched by name servers after all RRset locks are released. */
#define NAMES_MAX 16 /* Unbound follows 11 aliases */

struct answer {
    struct sw_matching *m;
    size_t n;
    struct sw_name name[NAMES_MAX];
};

static void match_alias(void *arg, const uint8_t *name, size_t len)
{
    sw_match_name(arg, SW_TRIGGER_CNAME, name, len);
}

static void answer_alias(void *arg, const uint8_t *name, size_t len)
{
    struct answer *answer = arg;
    sw_match_name(answer->m, SW_TRIGGER_CNAME, name, len);
    if (answer->m->view.any_server && answer->n < NAMES_MAX &&
        sw_name_copy(name, len, &answer->name[answer->n]) == SW_OK)
        answer->n++;
}

static void answer_addr(void *arg, const struct sw_addr *addr)
{
    struct answer *answer = arg;
    sw_match_addr(answer->m, addr);
}

static void match_addr(void *arg, const struct sw_addr *addr)
{
    sw_match_addr(arg, addr);
}

/* An RRset of a message, unless the cache entry has been reused since. */
static void match_part(const struct reply_info *reply, const struct ub_packed_rrset_key *part,
                       struct answer *answer)
{
    const struct sw_walk visit = {answer, answer_alias, answer_addr};
    size_t at = 0;
    while (at < reply->rrset_count && reply->ref[at].key != part)
        at++;
    if (at == reply->rrset_count)
        return;
    struct ub_packed_rrset_key *key = reply->ref[at].key;
    lock_rw_rdlock(&key->entry.lock);
    if (key->id == reply->ref[at].id && key->entry.data)
        sw_query_walk_rrset(ntohs(key->rk.type), key->entry.data, &visit);
    lock_rw_unlock(&key->entry.lock);
}

/* Match the answer of a message. Locks in Unbound's own order: bin, message, RRset. */
static void match_answer(const struct sweep *sweep, struct lruhash_entry *entry,
                         struct sw_matching *m)
{
    struct answer answer = {.m = m, .n = 0};
    struct sw_servers servers = {.n = 0};
    const struct query_info *q = &((const struct msgreply_entry *)entry->key)->key;
    struct module_env *env = sweep->module->env;
    time_t now = (time_t)(sw_clock_wall_us() / 1000000);
    lock_rw_rdlock(&entry->lock);
    const struct reply_info *reply = entry->data;
    for (size_t i = 0; reply && i < reply->an_numrrsets; i++)
        match_part(reply, reply->rrsets[i], &answer);
    lock_rw_unlock(&entry->lock);
    if (!m->view.any_server)
        return;
    sw_servers_match_name(env, now, q->qname, q->qname_len, NULL, &servers, m);
    for (size_t i = 0; i < answer.n; i++)
        sw_servers_match_name(env, now, answer.name[i].wire, answer.name[i].len, NULL, &servers, m);
}

/* Whether a message was stored by this module, which judges the message at each use. */
static bool is_remembered(struct lruhash_entry *entry)
{
    lock_rw_rdlock(&entry->lock);
    bool remembered = entry->data && sw_remember_owns(entry->data);
    lock_rw_unlock(&entry->lock);
    return remembered;
}

/* A message goes when the question alone makes the answer private (flow/decide.h). The answer is
 * matched as well in two cases: in a periodic sweep, which leaves RRsets of addresses alone, and
 * while some list has a trigger for name servers. Keys do not change while the bin is locked. */
static bool judge_message(void *arg, struct lruhash_entry *entry, struct sw_picked *out)
{
    const struct sweep *sweep = arg;
    const struct msgreply_entry *message = entry->key;
    const struct query_info *q = &message->key;
    struct sw_question question;
    struct sw_matching m;
    struct sw_match match;
    if (sw_query_type_exempt(q))
        return false;
    sw_match_begin(&m, sweep->flow, &match);
    sw_query_question(q, &question);
    sw_match_question(&m, &question);
    bool private = sw_decide_private(&match);
    if ((sweep->periodic || m.view.any_server) && !private) {
        match_answer(sweep, entry, &m);
        private = sw_decide_private(&match);
    }
    return private && !is_remembered(entry) && sw_picked_message(entry, out);
}

/* Whether an RRset makes the answers that contain the RRset private. The RRset's own name
 * belongs to each such answer: as the question, or as the target of an alias. */
static bool rrset_is_private(const struct sweep *sweep, const struct ub_packed_rrset_key *key)
{
    struct sw_matching m;
    struct sw_match match;
    const struct sw_walk visit = {&m, match_alias, match_addr};
    uint16_t type = ntohs(key->rk.type);
    sw_match_begin(&m, sweep->flow, &match);
    sw_query_walk_rrset(type, key->entry.data, &visit);
    if (!match.armed && type != LDNS_RR_TYPE_CNAME)
        return false;
    sw_match_begin(&m, sweep->flow, &match);
    sw_match_name(&m, SW_TRIGGER_CNAME, key->rk.dname, key->rk.dname_len);
    sw_query_walk_rrset(type, key->entry.data, &visit);
    return sw_decide_rewrites_any(&match);
}

/* An RRset goes when the RRset makes answers private. The own name of an alias counts as well,
 * since another alias may lead to that name. */
static bool judge_rrset(void *arg, struct lruhash_entry *entry, struct sw_picked *out)
{
    const struct sweep *sweep = arg;
    const struct ub_packed_rrset_key *key = entry->key;
    bool goes = false;
    if (!sw_cache_walk_wants(&sweep->walk, ntohs(key->rk.type)) ||
        key->rk.rrset_class != htons(LDNS_RR_CLASS_IN))
        return false;
    lock_rw_rdlock(&entry->lock);
    if (key->id != 0 && entry->data)
        goes = rrset_is_private(sweep, key) && sw_picked_rrset(key, out);
    lock_rw_unlock(&entry->lock);
    return goes;
}

static void count_removed(const struct sweep *sweep)
{
    struct sw_counters *counters = &sweep->module->counters;
    sw_count(sweep->periodic ? &counters->messages_swept_again : &counters->messages_swept, 1);
}

static void remove_message(void *arg, const struct sw_picked *picked)
{
    const struct sweep *sweep = arg;
    struct query_info key = {0};
    struct sw_name name = picked->name;
    key.qname = name.wire;
    key.qname_len = name.len;
    key.qtype = picked->type;
    key.qclass = picked->dclass;
    slabhash_remove(sweep->module->env->msg_cache, picked->hash, &key);
    count_removed(sweep);
}

static void remove_rrset(void *arg, const struct sw_picked *picked)
{
    const struct sweep *sweep = arg;
    struct sw_name name = picked->name;
    rrset_cache_remove(sweep->module->env->rrset_cache, name.wire, name.len, ntohs(picked->type),
                       ntohs(picked->dclass), picked->flags);
    count_removed(sweep);
}

/* ---- the sweeper's calls ---- */

/* An index of the new indicators alone, which fits into the processor's cache, unlike the lists.
 * NULL when memory is out. *domains: the number of names among the indicators. */
static struct sw_index *index_of(const struct sw_changeset *changes, size_t *domains)
{
    struct sw_policy policy;
    sw_list_id id;
    struct sw_index *index = sw_index_new();
    sw_policy_init(&policy, "new");
    policy.action = SW_ACTION_NXDOMAIN; /* any rewriting action: a match removes the entry */
    *domains = 0;
    if (!index || sw_index_list_set(index, &policy, &id) != SW_OK)
        goto cleanup;
    for (size_t i = 0; i < changes->added_n; i++) {
        if (sw_index_add(index, id, &changes->added[i]) == SW_ENOMEM)
            goto cleanup;
        *domains += changes->added[i].type == SW_INDICATOR_DOMAIN;
    }
    return index;
cleanup:
    sw_index_free(index);
    return NULL;
}

/* Whether a sweep has to use all lists rather than the new indicators. With lists that have
 * trigger client, all messages must go; name servers are found only through the names in a
 * message. */
static bool needs_all(const struct sw_module *module)
{
    sw_rcu_enter();
    struct sw_view view = sw_index_view(module->index);
    sw_rcu_leave();
    return view.clients_rewrite || view.any_server;
}

/* The first parts are parts of the message cache, the others of the RRset cache. */
#define MESSAGE_PARTS (SW_FEED_PARTS / 2)

void sw_cache_sweep(void *arg, const struct sw_changeset *changes, size_t part)
{
    struct sw_module *module = arg;
    struct sw_flow flow = module->flow;
    struct sw_index *fresh = NULL;
    size_t domains = 0;
    if (!changes->everything && !needs_all(module))
        fresh = index_of(changes, &domains);
    flow.feed = NULL; /* tracked addresses do not matter here */
    flow.index = fresh ? fresh : module->index;
    bool aliases_only = fresh && domains == changes->added_n;
    /* a question can match a name, or a PTR question an address */
    bool questions = !fresh || domains > 0 || flow.settings->ptr_addresses;
    struct sweep sweep = {.module = module, .flow = &flow, .periodic = changes->periodic};
    struct sw_cache_walk *walk = &sweep.walk;
    walk->arg = &sweep;
    walk->low_priority = changes->low_priority;
    walk->stop = changes->stop;
    walk->messages = part < MESSAGE_PARTS;
    if (part >= MESSAGE_PARTS) {
        /* A periodic sweep removes only aliases: RRsets of addresses can belong to remembered
         * answers. */
        walk->aliases_only = aliases_only || changes->periodic;
        walk->unlocked = aliases_only;
        walk->pick = judge_rrset;
        walk->take = remove_rrset;
        sw_cache_walk(walk, &module->env->rrset_cache->table, part - MESSAGE_PARTS,
                      SW_FEED_PARTS - MESSAGE_PARTS);
    } else if (questions) {
        /* PTR questions can need AS look-ups, in databases that the feeder replaces */
        walk->unlocked = aliases_only || (fresh && !flow.settings->ptr_addresses);
        walk->pick = judge_message;
        walk->take = remove_message;
        sw_cache_walk(walk, module->env->msg_cache, part, MESSAGE_PARTS);
    }
    sw_index_free(fresh);
}
