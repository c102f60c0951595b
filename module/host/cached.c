#include "host/cached.h"

#include "base/rcu.h"
#include "flow/decide.h"
#include "host/draft.h"
#include "host/emit.h"
#include "host/mark.h"
#include "host/weigh.h"

#include <arpa/inet.h>

/* ---- cut off an answer ---- */

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

/* The question of the message to remove; no name: none. */
static _Thread_local struct sw_question doomed;
static _Thread_local struct sw_name doomed_name;

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

static void remove_later(const struct query_info *qinfo)
{
    if (sw_name_copy(qinfo->qname, qinfo->qname_len, &doomed_name) == SW_OK)
        sw_query_question(qinfo, &doomed);
}

void sw_cached_remove(struct module_env *env)
{
    if (doomed_name.len == 0)
        return;
    msg_cache_remove(env, doomed_name.wire, doomed_name.len, doomed.qtype, doomed.qclass, 0);
    msg_cache_remove(env, doomed_name.wire, doomed_name.len, doomed.qtype, doomed.qclass, BIT_CD);
    doomed_name.len = 0;
}

/* ---- judge and record ---- */

struct served { /* one cached reply, and the client that it is for */
    struct sw_module *module;
    struct query_info *qinfo;
    struct reply_info *reply;
    struct sw_client client;
    int64_t now_us;
    bool fails; /* the client gets SERVFAIL, whatever the reply holds */
};

/* The flags of the question: its packet is there until the answer is written over it. */
static uint16_t flags_of(const struct comm_reply *client)
{
    struct sldns_buffer *packet = client->c ? client->c->buffer : NULL;
    return packet && sldns_buffer_limit(packet) >= LDNS_HEADER_SIZE
               ? sldns_buffer_read_u16_at(packet, 2)
               : 0;
}

/*
 * A reply that this client may not have: one that a change has yet to sweep, or that came in past the
 * lists. A failure or a referral is none. Returns whether the reply is cut off: for cachedb, whose answers are
 * in the cache before we see them, and for ANY, which Unbound puts together from whatever is cached.
 */
static bool contradicts(const struct served *served)
{
    if (served->fails || sw_query_is_referral(served->reply))
        return false;
    remove_later(served->qinfo);
    if (!served->module->has_cachedb && served->qinfo->qtype != LDNS_RR_TYPE_ANY)
        return false;
    truncate_answer(served->qinfo);
    return true;
}

/* Decide for this client, and record. j is the match without the client; inside its read section. */
static void serve(const struct served *served, const struct sw_weighing *j)
{
    struct sw_module *module = served->module;
    const struct sw_client *client = &served->client;
    struct sw_weighing own;
    const struct sw_part *part = NULL;
    struct sw_verdict verdict;
    struct sw_hits hits;
    struct sw_event ev;
    if (j->match.by_client)
        part = sw_weigh_client(module, NULL, client, served->qinfo, served->reply, &own);
    const struct sw_match *match = part ? &own.match : &j->match;
    if (!part)
        part = sw_match_part(match, sw_groups_of(&module->settings.groups, &client->addr));
    const struct sw_found *winner =
        sw_decide(&module->flow, part, sw_client_over(client), &verdict);
    if (sw_verdict_rewrites(&verdict)) {
        if (contradicts(served))
            return;
        verdict.taken = SW_ACTION_MONITOR;
        verdict.ede = SW_EDE_OFF;
    }
    if (!part->acted_on)
        return;
    sw_match_hits(match, part, winner, &hits);
    sw_draft_at(&ev, SW_EVENT_HIT, &hits, served->qinfo, served->now_us, served->reply);
    sw_emit_hit_at(module, (unsigned)log_thread_get(), served->now_us, &ev, client, &verdict);
}

/* A reply that may come with other aliases the next time: nothing in it says what it was found by. */
static bool may_change(const struct reply_info *reply)
{
    return sw_query_is_referral(reply) || FLAGS_GET_RCODE(reply->flags) == LDNS_RCODE_SERVFAIL;
}

#define ALIASES_MAX 11 /* that Unbound follows */

/* A failure holds no record: the aliases that led to it are in the RRset cache. No RRset is locked. name
 * has room for those, which the match borrows. */
static void weigh_failed_aliases(const struct served *served, struct sw_name name[ALIASES_MAX + 1],
                                 struct sw_weighing *j)
{
    struct rrset_cache *cache = served->module->env->rrset_cache;
    time_t now = (time_t)(served->now_us / 1000000);
    bool more = served->reply->rrset_count == 0 &&
                FLAGS_GET_RCODE(served->reply->flags) == LDNS_RCODE_SERVFAIL &&
                sw_name_copy(served->qinfo->qname, served->qinfo->qname_len, &name[0]) == SW_OK;
    for (size_t i = 0; more && i < ALIASES_MAX; i++) {
        struct ub_packed_rrset_key *alias = rrset_cache_lookup(
            cache, name[i].wire, name[i].len, LDNS_RR_TYPE_CNAME, LDNS_RR_CLASS_IN, 0, now, 0);
        if (!alias)
            return;
        more = sw_weigh_target(alias->entry.data, &name[i + 1], j);
        lock_rw_unlock(&alias->entry.lock);
    }
}

static void judge(const struct served *served, uint64_t salt)
{
    struct sw_weighing j;
    struct sw_name followed[ALIASES_MAX + 1];
    sw_rcu_enter();
    sw_weigh(served->module, NULL, served->qinfo, served->reply, &j); /* its RRsets are locked */
    weigh_failed_aliases(served, followed, &j);
    if (sw_match_records(&j.match))
        serve(served, &j);
    else if (!may_change(served->reply))
        sw_mark_set(salt, served->qinfo, served->reply);
    sw_rcu_leave();
}

static void look_at(struct sw_module *module, struct query_info *qinfo, struct reply_info *reply,
                    const struct edns_data *edns, const struct comm_reply *client,
                    const struct timeval *now, bool fails)
{
    uint64_t salt = sw_marks_salt(&module->marks);
    struct served served = {.module = module, .qinfo = qinfo, .reply = reply, .fails = fails};
    if (sw_mark_in(reply) == sw_mark_of(salt, qinfo, reply) || sw_query_type_exempt(qinfo))
        return;
    served.now_us = (int64_t)now->tv_sec * 1000000 + now->tv_usec;
    sw_query_client(client, flags_of(client), edns, &served.client);
    judge(&served, salt);
}

/* Not inlined, and with no more arguments than registers: the callback, which runs for each cached
 * reply, then saves none. */
static __attribute__((noinline)) void
look_at_reply(struct sw_module *module, struct query_info *qinfo, struct reply_info *reply,
              const struct edns_data *edns, const struct comm_reply *client,
              const struct timeval *now)
{
    look_at(module, qinfo, reply, edns, client, now, false);
}

int sw_cached_on_reply(struct query_info *qinfo, struct module_qstate *qstate,
                       struct reply_info *reply, int rcode, struct edns_data *edns,
                       struct edns_option **options_out, struct comm_reply *client,
                       struct regional *region, struct timeval *start_time, int id, void *arg)
{
    struct sw_module *module = arg;
    (void)qstate, (void)rcode, (void)options_out, (void)region, (void)id;
    if (reply->an_numrrsets == 0 ||
        sw_mark_in(reply) != sw_mark_of_records(sw_marks_salt(&module->marks), reply))
        look_at_reply(module, qinfo, reply, edns, client, start_time);
    return 1;
}

void sw_cached_on_failure(struct sw_module *module, struct query_info *qinfo,
                          struct reply_info *reply, const struct edns_data *edns,
                          const struct comm_reply *client, const struct timeval *start_time)
{
    if (reply && client)
        look_at(module, qinfo, reply, edns, client, start_time, true);
}
