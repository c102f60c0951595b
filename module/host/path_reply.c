/* path_reply.c - the reply to each client: sw_path_on_reply() of path.h. */
#include "flow/act.h"
#include "flow/decide.h"
#include "flow/query.h"
#include "host/emit.h"
#include "host/explain.h"
#include "host/from_cache.h"
#include "host/owed.h"
#include "host/path.h"
#include "host/path_judge.h"
#include "host/truth.h"

#include <stddef.h>

/* Memory is out for the verdict of a client: count the hit as lost. reply: the true answer, if the
 * client must not get it, else NULL. */
static void lose(struct sw_module *module, struct reply_info *reply)
{
    sw_journal_lost(module->journal, 1);
    if (reply)
        sw_truth_fail(reply);
}

/* Judge a reply that was not judged before: an expired answer from the cache (serve-expired), or
 * an answer that a module before this module made or had stored. changed: the cache has the answer
 * that was judged, and Unbound changes the answer for each client (response-ip). The message goes,
 * so that the next query is judged in its turn. NULL when the reply is clean or memory is out. */
static struct path_state *judge_late(struct sw_module *module, struct module_qstate *qstate, int id,
                                     struct reply_info *reply, bool changed)
{
    struct path_state *state = qstate->minfo[id];
    uint64_t epoch = state ? state->hold.epoch : 0;
    bool private, kept = sw_path_judge(module, qstate, id, reply, false, &private);
    if (state)
        state->hold.epoch = epoch; /* the followed aliases were judged by former lists */
    if (!kept) {
        state = qstate->minfo[id];
        if (state ? state->no_memory : private)
            lose(module, private ? reply : NULL);
        return NULL;
    }
    state = qstate->minfo[id];
    if (changed || (module->behind_cache && private))
        sw_path_forget_message(qstate);
    state->truth = NULL;
    state->was_secure = false;
    return state;
}

/* The member of Unbound's list for a callback's client. NULL when there is none, because memory
 * was out when the client joined. */
static struct mesh_reply *reply_of(struct comm_reply *client, const struct edns_data *edns)
{
    struct mesh_reply *reply =
        (struct mesh_reply *)(void *)((char *)client - offsetof(struct mesh_reply, query_reply));
    return &reply->edns == edns ? reply : NULL;
}

int sw_path_on_reply(struct query_info *qinfo, struct module_qstate *qstate,
                     struct reply_info *reply, int rcode, struct edns_data *edns,
                     struct edns_option **options_out, struct comm_reply *client,
                     struct regional *region, struct timeval *start_time, int id, void *arg)
{
    struct sw_module *module = arg;
    (void)region;
    if (!qstate)
        sw_from_cache_on_failure(module, qinfo, reply, edns, client, start_time);
    if (!qstate || !client || sw_query_exempt(qstate))
        return 1;
    if (module->behind_cache && !sw_query_has_supers(qstate))
        sw_hold_quiet(module, qstate);
    struct path_state *state = qstate->minfo[id];
    bool changed = false;
    if (state && state->phase == PHASE_CLEAN) {
        if (state->judged == reply && !module->behind_cache)
            return 1;
        changed = state->judged != reply;
        state->phase = PHASE_JUDGED; /* but a module before changed the answer, or may have */
        state->judged = NULL;
    }
    bool failed = !reply || rcode == LDNS_RCODE_SERVFAIL, private;
    if (!failed && (!state || state->judged != reply))
        state = judge_late(module, qstate, id, reply, changed);
    else if (!state && sw_path_touched(module, qstate, NULL, &private))
        sw_journal_lost(module->journal, 1); /* no memory for a state */
    else if (failed && state && state->no_memory)
        lose(module, NULL);
    if (!state || state->outcomes_n == 0)
        return 1;
    struct mesh_reply *to = reply_of(client, edns);
    struct sw_client who;
    sw_query_client(client, to ? to->qflags : 0, edns, &who);
    struct sw_client_outcome outcome;
    sw_owed_judge(module, qstate, state, &who,
                  failed         ? NULL
                  : state->truth ? state->truth
                                 : reply,
                  &outcome);
    if (failed) {
        if (state->phase != PHASE_GARDEN)
            sw_decide_failure(&outcome.verdict);
        outcome.verdict.ede = SW_EDE_OFF;
    } else {
        if (outcome.verdict.taken == SW_ACTION_DROP)
            outcome.verdict.taken = SW_ACTION_REFUSED; /* client joined after sw_owed_prepare() */
        if (!sw_truth_apply(qstate, state, &outcome.verdict,
                            sw_client_outcome_garden(&outcome, state->gardens, state->gardens_n),
                            reply, to)) {
            sw_decide_failure(&outcome.verdict);
            outcome.verdict.ede = SW_EDE_OFF;
        }
        sw_explain(&module->settings, qstate, reply, edns, &who, state->udp_room, &outcome.verdict,
                   options_out);
        if (state->stale && !sw_verdict_rewrites(&outcome.verdict))
            sw_explain_stale(qstate, edns, options_out);
    }
    if (outcome.event && state->stale)
        outcome.event->flags |= SW_EVENT_EXPIRED;
    if (outcome.event)
        sw_emit_hit(module, qstate, outcome.event, outcome.further, &who, &outcome.verdict);
    sw_owed_recorded(state, to);
    return 1;
}
