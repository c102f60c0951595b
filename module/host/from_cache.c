#include "host/from_cache.h"

#include "base/clock.h"
#include "base/rcu.h"
#include "flow/decide.h"
#include "host/emit.h"
#include "host/judge.h"
#include "host/mark.h"

#include <arpa/inet.h>

/* ---- truncating a reply ---- */

#define MORE_THAN_FITS                                                                             \
    ((size_t)1 << 20) /* octets; the longest message has 65,535 (RFC 1035 4.2.2) */

/* An RRset longer than any packet, so that Unbound never reads the data beyond the length. */
static size_t too_long[] = {MORE_THAN_FITS};
static time_t no_ttl[] = {0};
static uint8_t *no_data[] = {NULL};
static struct packed_rrset_data too_much = {
    .count = 1, .rr_len = too_long, .rr_ttl = no_ttl, .rr_data = no_data};

/* The alias of the question, read by the worker until the next question. */
static _Thread_local struct ub_packed_rrset_key filler;
static _Thread_local struct local_rrset filler_alias;

/* Give the question an alias that fits no packet. The alias's owner is the name that the client
 * asked for: where local-data has already added an alias, this is the owner of that alias. */
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

/* ---- judge and record ---- */

struct served { /* a cached reply and its client */
    struct sw_module *module;
    struct query_info *qinfo;
    struct reply_info *reply;
    struct sw_client client;
    int64_t now_us;
    bool fails; /* the client gets SERVFAIL instead of the reply */
};

/* The header flags of the question. The packet stays in the buffer until the answer overwrites
 * the packet. */
static uint16_t flags_of(const struct comm_reply *client)
{
    struct sldns_buffer *packet = client->c ? client->c->buffer : NULL;
    return packet && sldns_buffer_limit(packet) >= LDNS_HEADER_SIZE
               ? sldns_buffer_read_u16_at(packet, 2)
               : 0;
}

/*
 * A reply that this client must not get. Where the reply was judged with these data, the lists have
 * changed since, and the sweep for the change has not reached the message yet: the reply passes, as
 * the change is not reported yet. Otherwise other data have replaced an RRset of the reply, or the
 * reply was never judged: the reply is truncated (D-126), as with cachedb, which caches answers
 * before this module sees the answers, and for type ANY, which Unbound builds from whatever is
 * cached. A failure or a referral never counts. Returns whether the reply is truncated.
 */
static bool contradicts(const struct served *served)
{
    struct sw_module *module = served->module;
    if (served->fails || sw_query_is_referral(served->reply))
        return false;
    sw_doomed_note(module, served->qinfo);
    if (!module->has_cachedb && served->qinfo->qtype != LDNS_RR_TYPE_ANY &&
        sw_mark_is_former(&module->marks, served->qinfo, served->reply))
        return false;
    truncate_answer(served->qinfo);
    return true;
}

/* Decide for this client, and record the hit. j is the match without the client; inside the read
 * section of j. */
static void serve(const struct served *served, const struct sw_judgement *j)
{
    struct sw_module *module = served->module;
    const struct sw_client *client = &served->client;
    struct sw_judgement outcome;
    const struct sw_audience *audience = NULL;
    struct sw_verdict verdict;
    struct sw_hits hits;
    if (j->match.by_client)
        audience = sw_judge_client(module, NULL, client, served->qinfo, served->reply, &outcome);
    const struct sw_match *match = audience ? &outcome.match : &j->match;
    if (!audience)
        audience = sw_match_audience(match, sw_groups_of(&module->settings.groups, &client->addr));
    const struct sw_found *winner =
        sw_decide(&module->flow, audience, sw_client_over(client), &verdict);
    if (sw_verdict_rewrites(&verdict)) {
        if (contradicts(served))
            return;
        sw_decide_failure(&verdict);
    }
    if (!audience->acted_on)
        return;
    sw_match_hits(match, audience, winner, &hits);
    sw_emit_cached_hit(module, served->now_us, &hits, served->qinfo, served->reply, client,
                       &verdict);
}

/* Whether the same reply may result from other aliases the next time. Such a reply does not
 * contain the aliases, so a mark on the reply would not cover the aliases. */
static bool may_change(const struct reply_info *reply)
{
    return sw_query_is_referral(reply) || FLAGS_GET_RCODE(reply->flags) == LDNS_RCODE_SERVFAIL;
}

#define ALIASES_MAX 64

/* How many aliases Unbound follows for a question: the last one leads to the failure. */
static size_t aliases_followed(const struct served *served)
{
    int restarts = served->module->env->cfg->max_query_restarts;
    return restarts < ALIASES_MAX ? (size_t)restarts + 1 : ALIASES_MAX;
}

/* Match the aliases that led to a failure. A failure contains no record, but the aliases are in
 * the RRset cache. No RRset is locked. The match borrows the aliases' names in `name`. */
static void judge_failed_aliases(const struct served *served, struct sw_name name[ALIASES_MAX + 1],
                                 struct sw_judgement *j)
{
    struct rrset_cache *cache = served->module->env->rrset_cache;
    time_t now = (time_t)(served->now_us / 1000000);
    size_t most = aliases_followed(served);
    bool more = served->reply->rrset_count == 0 &&
                FLAGS_GET_RCODE(served->reply->flags) == LDNS_RCODE_SERVFAIL &&
                sw_name_copy(served->qinfo->qname, served->qinfo->qname_len, &name[0]) == SW_OK;
    for (size_t i = 0; more && i < most; i++) {
        struct ub_packed_rrset_key *alias = rrset_cache_lookup(
            cache, name[i].wire, name[i].len, LDNS_RR_TYPE_CNAME, LDNS_RR_CLASS_IN, 0, now, 0);
        if (!alias)
            return;
        more = sw_judge_target(alias->entry.data, &name[i + 1], j);
        lock_rw_unlock(&alias->entry.lock);
    }
}

static void judge(const struct served *served, uint64_t salt)
{
    struct sw_judgement j;
    struct sw_name followed[ALIASES_MAX + 1];
    sw_rcu_enter();
    /* no env: the reply's RRsets are locked */
    sw_judge(served->module, NULL, served->qinfo, served->reply, &j);
    judge_failed_aliases(served, followed, &j);
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

/* Not inlined, and with no more arguments than registers, so that the callback saves no
 * registers. The callback runs for each cached reply. */
static __attribute__((noinline)) void
look_at_reply(struct sw_module *module, struct query_info *qinfo, struct reply_info *reply,
              const struct edns_data *edns, const struct comm_reply *client,
              const struct timeval *now)
{
    look_at(module, qinfo, reply, edns, client, now, false);
}

int sw_from_cache_on_reply(struct query_info *qinfo, struct module_qstate *qstate,
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

void sw_from_cache_on_failure(struct sw_module *module, struct query_info *qinfo,
                              struct reply_info *reply, const struct edns_data *edns,
                              const struct comm_reply *client, const struct timeval *start_time)
{
    if (reply && client)
        look_at(module, qinfo, reply, edns, client, start_time, true);
}
