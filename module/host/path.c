#include "host/path.h"

#include "base/rcu.h"
#include "flow/act.h"
#include "flow/query.h"
#include "host/chain.h"
#include "host/explain.h"
#include "host/owed.h"
#include "host/path_judge.h"
#include "host/refresh.h"
#include "host/remember.h"
#include "host/state.h"
#include "host/tap.h"
#include "host/truth.h"

static bool serve_remembered(struct sw_module *module, struct module_qstate *qstate, int id);

/* ---- event new: the name alone ---- */

static void finish(struct module_qstate *qstate, int id)
{
    qstate->ext_state[id] = module_finished;
}

static void fail(struct module_qstate *qstate, int id)
{
    qstate->return_rcode = LDNS_RCODE_SERVFAIL;
    qstate->return_msg = NULL;
    finish(qstate, id);
}

/* Answer REFUSED to a question in the class that RRsets of private answers are cached in. Unbound
 * has no servers for this class, but would find aliases of private answers in its cache. */
static void refuse(struct module_qstate *qstate, int id)
{
    qstate->return_rcode = LDNS_RCODE_REFUSED;
    qstate->return_msg = NULL;
    finish(qstate, id);
}

/* Let the other modules resolve the query. */
static void resolve(struct module_qstate *qstate, int id, struct path_state *state)
{
    if (state) /* none for exempt queries */
        state->phase = PHASE_RESOLVE;
    qstate->ext_state[id] = module_wait_module;
}

/* Start subqueries for the walled gardens of all clients, and wait. False: there is none to
 * start. */
static bool ask_gardens(struct module_qstate *qstate, int id, struct path_state *state,
                        enum phase phase)
{
    bool asked = sw_outcomes_ask_gardens(qstate, state->outcomes, state->outcomes_n);
    asked |= sw_outcomes_ask_gardens(qstate, state->gardens, state->gardens_n);
    if (asked) {
        state->phase = phase;
        qstate->ext_state[id] = module_wait_subquery;
    }
    return asked;
}

/* Return a reply made here as the answer of this query; only clients get this reply. */
static void answer(struct module_qstate *qstate, int id, struct path_state *state)
{
    struct reply_info *reply = sw_act_build(qstate->region, &qstate->qinfo,
                                            &state->outcomes->verdict, state->outcomes->garden);
    struct dns_msg *msg = reply ? sw_act_message(qstate->region, &qstate->qinfo, reply) : NULL;
    if (!msg) {
        fail(qstate, id);
        return;
    }
    state->phase = PHASE_MADE;
    state->judged = reply;
    qstate->return_rcode = LDNS_RCODE_NOERROR;
    qstate->return_msg = msg;
    finish(qstate, id);
}

/* Whether all clients can be served without a true answer. */
static bool answer_at_once(const struct path_state *state, const struct module_qstate *qstate)
{
    return state->outcomes_n == 1 && sw_query_has_clients(qstate) && !sw_query_has_supers(qstate) &&
           !state->outcomes->verdict.observe && sw_verdict_rewrites(&state->outcomes->verdict);
}

/* For clients with different verdicts: if a single client waits, that client's outcome becomes the
 * only outcome. */
static bool narrow(struct sw_module *module, struct module_qstate *qstate, struct path_state *state)
{
    struct sw_client client;
    struct sw_client_outcome outcome;
    struct sw_outcome *one = regional_alloc(qstate->region, sizeof(*one));
    if (!one || !sw_query_single_client(qstate, &client))
        return false;
    sw_owed_judge(module, qstate, state, &client, NULL, &outcome);
    if (!sw_verdict_rewrites(&outcome.verdict) || outcome.verdict.observe ||
        sw_query_has_supers(qstate) || !sw_client_outcome_copy(qstate, &outcome, one))
        return false;
    sw_outcomes_inherit(qstate, one, 1, state->former, state->former_n);
    state->outcomes = one;
    state->outcomes_n = 1;
    state->by_client = false;
    return true;
}

/* Serve the waiting clients by the name alone. False: a true answer is needed. */
static bool serve_by_name(struct sw_module *module, struct module_qstate *qstate, int id,
                          struct path_state *state)
{
    if (module->behind_cache)
        return false; /* the module before would store the reply */
    if ((state->by_client || state->outcomes_n > 1) && !narrow(module, qstate, state))
        return false;
    if (!answer_at_once(state, qstate))
        return false;
    sw_owed_prepare(module, qstate, state, NULL);
    enum sw_action taken = state->outcomes->verdict.taken;
    if (!sw_query_has_clients(qstate))
        finish(qstate, id);
    else if (taken != SW_ACTION_CNAME || qstate->qinfo.qtype == LDNS_RR_TYPE_CNAME)
        answer(qstate, id, state);
    else if (!ask_gardens(qstate, id, state, PHASE_GARDEN))
        answer(qstate, id, state); /* without the garden's answer, if no subquery is possible */
    return true;
}

/* Unbound builds an answer to class ANY from the answers in each class with servers. Such an
 * answer is judged like class IN, and not stored, since sweeps look for messages in class IN
 * alone. */
static bool one_class(const struct module_qstate *qstate)
{
    return qstate->qinfo.qclass == LDNS_RR_CLASS_IN;
}

static void on_new(struct sw_module *module, struct module_qstate *qstate, int id)
{
    bool private;
    struct path_state *state = sw_path_state(qstate, id);
    if (!state) { /* no memory: the query fails, as the iterator's queries do */
        qstate->ext_state[id] = module_error;
        return;
    }
    bool kept = sw_path_judge(module, qstate, id, NULL, false, &private);
    if (kept && serve_by_name(module, qstate, id, state))
        return;
    if (serve_remembered(module, qstate, id))
        return;
    if (private || !one_class(qstate))
        sw_hold_answer(qstate, one_class(qstate) ? &state->hold : NULL);
    else
        sw_hold_new(module, qstate, &state->hold);
    resolve(qstate, id, state);
}

/* ---- the walled garden ---- */

void sw_path_inform_super(struct module_qstate *qstate, int id, struct module_qstate *super)
{
    struct path_state *state = super->minfo[id];
    if (state && (state->phase == PHASE_GARDEN || state->phase == PHASE_GARDEN_LATE))
        sw_outcomes_take_garden(qstate, super, state->outcomes, state->outcomes_n);
    if (state && state->phase == PHASE_GARDEN_LATE)
        sw_outcomes_take_garden(qstate, super, state->gardens, state->gardens_n);
}

/* ---- event moddone: the complete answer ---- */

/* Whether Unbound's own address policy (RPZ, response-ip) acted on the answer. */
static bool other_policy(const struct module_qstate *qstate)
{
    return qstate->is_drop || qstate->respip_action_info;
}

/* Whether the answer of the query, or the failure, may be remembered. */
static bool may_remember(const struct module_qstate *qstate, const struct path_state *state)
{
    return one_class(qstate) && !other_policy(qstate) &&
           !sw_hold_must_not_cache(qstate, &state->hold);
}

/* Remove a message that Unbound may have stored, and remember it (remember.h) for the next query.
 * No module stores a message with TTL 0; clients see the TTL of the records. */
static void keep_out_of_cache(const struct sw_module *module, struct module_qstate *qstate,
                              const struct path_state *state, struct reply_info *reply)
{
    if (other_policy(qstate))
        sw_remember_forget(qstate);
    if (!state->remembered && may_remember(qstate, state)) {
        sw_hold_apart(qstate, reply);
        sw_remember_store(qstate, reply);
    }
    sw_path_forget_message(qstate);
    if (module->behind_cache)
        reply->ttl = 0;
}

static bool does_not_validate(const struct module_qstate *qstate, const struct reply_info *reply)
{
    return reply->security == sec_status_bogus && sw_query_validates(qstate);
}

/* Serve an answer that is a hit or private. */
static void serve_matched(struct sw_module *module, struct module_qstate *qstate, int id,
                          struct path_state *state, struct reply_info *reply)
{
    finish(qstate, id);
    if (does_not_validate(qstate, reply))
        return; /* becomes SERVFAIL, whatever the rules */
    sw_owed_prepare(module, qstate, state, reply);
    if (!sw_query_has_clients(qstate))
        return;
    sw_truth_prepare(qstate, state, reply);
    ask_gardens(qstate, id, state, PHASE_GARDEN_LATE);
}

/* Judge a complete answer. False: neither a hit nor private (any more). */
static bool judge_whole(struct sw_module *module, struct module_qstate *qstate, int id,
                        struct reply_info *reply, bool remembered)
{
    bool private;
    if (!sw_path_judge(module, qstate, id, reply, !remembered, &private))
        return private;
    struct path_state *state = qstate->minfo[id];
    state->phase = PHASE_JUDGED;
    state->remembered = remembered;
    state->private = private;
    return true;
}

static void serve(struct sw_module *module, struct module_qstate *qstate, int id,
                  struct reply_info *reply)
{
    struct path_state *state = qstate->minfo[id];
    if (!state || state->phase != PHASE_JUDGED) { /* memory was out for the judgement */
        sw_path_forget_message(qstate);
        fail(qstate, id);
        return;
    }
    if (state->private || !one_class(qstate))
        keep_out_of_cache(module, qstate, state, reply);
    if (sw_query_has_clients(qstate))
        serve_matched(module, qstate, id, state, reply);
}

/* Remove a private message from the cache. The message was stored while no rule matched, or the
 * iterator caches a failure for some seconds. reply: the answer, or NULL. */
static void forget_touched(struct sw_module *module, struct module_qstate *qstate,
                           const struct reply_info *reply)
{
    bool private;
    sw_path_touched(module, qstate, reply, &private);
    if (!private)
        return;
    sw_path_forget_message(qstate);
    sw_ub_withdraw_failure(qstate);
}

/* Whether question and aliases make the answer private, where there is no answer yet. */
static bool chain_is_private(const struct sw_module *module, const struct module_qstate *qstate)
{
    struct sw_judgement j;
    sw_rcu_enter();
    sw_judge(module, NULL, &qstate->qinfo, NULL, &j);
    sw_chain_judge(qstate, NULL, &j);
    bool private = sw_judged_private(&j);
    sw_rcu_leave();
    return private;
}

/* Remember a failure that the iterator does not cache, since the answer would be private. */
static void remember_failure(const struct sw_module *module, struct module_qstate *qstate,
                             const struct path_state *state)
{
    if (!may_remember(qstate, state) || !chain_is_private(module, qstate))
        return;
    struct dns_msg *msg = sw_chain_failure(qstate);
    if (!msg)
        return;
    struct reply_info *failure = msg->rep;
    if (failure->an_numrrsets == 0 || failure->ttl > NORR_TTL)
        failure->ttl = failure->prefetch_ttl = failure->serve_expired_ttl = NORR_TTL;
    sw_remember_failure(qstate, failure);
}

/* Serve the remembered answer, though expired, to a question that cannot be resolved now. */
static bool serve_stale(struct sw_module *module, struct module_qstate *qstate, int id,
                        struct path_state *state)
{
    struct sw_remembered found;
    if (!qstate->env->cfg->serve_expired || !may_remember(qstate, state) ||
        !sw_remember_find(qstate, true, &found) ||
        !judge_whole(module, qstate, id, found.msg->rep, true))
        return false;
    sw_remember_rest(qstate);
    state->stale = true;
    qstate->return_rcode = LDNS_RCODE_NOERROR;
    qstate->return_msg = found.msg;
    serve(module, qstate, id, found.msg->rep);
    return true;
}

/* Serve the clients by a message of aliases that decide, for all clients or some. The other clients
 * get the failure. */
static void serve_decided(struct sw_module *module, struct module_qstate *qstate, int id,
                          struct path_state *state, struct dns_msg *msg, bool all)
{
    sw_ub_withdraw_failure(qstate);
    if (all && !state->failed)
        sw_chain_remember(qstate, msg->rep);
    state->failed = true;
    FLAGS_SET_RCODE(msg->rep->flags, all ? LDNS_RCODE_NOERROR : LDNS_RCODE_SERVFAIL);
    qstate->return_rcode = LDNS_RCODE_NOERROR;
    qstate->return_msg = msg;
    serve_matched(module, qstate, id, state, msg->rep);
}

/* Serve the clients of an answer that does not validate by the aliases that do. A listed target of
 * a proven alias needs no valid answer, as a listed question needs none (D-262). False: no alias
 * decides, and the answer stays a failure. */
static bool serve_proven(struct sw_module *module, struct module_qstate *qstate, int id,
                         struct path_state *state, struct reply_info *bogus)
{
    struct sw_decided decided = {false, false, false};
    struct dns_msg *msg = sw_chain_proven(qstate, bogus);
    if (!msg || msg->rep->an_numrrsets == 0)
        return false;
    if (judge_whole(module, qstate, id, msg->rep, true))
        decided = sw_owed_decided(module, qstate, state);
    state->remembered = false;
    if (!decided.at_once)
        return false;
    sw_path_forget_message(qstate);
    serve_decided(module, qstate, id, state, msg, decided.all);
    return true;
}

/*
 * Serve the clients of a query without an answer. The name and the followed aliases still decide
 * for clients with a rewritten reply. The true answer is a failure, a message with rcode SERVFAIL,
 * for which Unbound looks for an expired answer. The hits of the other clients are recorded when
 * Unbound makes the replies (D-083). Where no rule matches name or aliases, an expired answer that
 * is remembered may have a listed address (D-239).
 */
static bool serve_failed(struct sw_module *module, struct module_qstate *qstate, int id,
                         struct path_state *state)
{
    struct dns_msg *msg = state->failed ? qstate->return_msg : sw_chain_failure(qstate);
    if (state->failed)
        qstate->return_rcode = LDNS_RCODE_SERVFAIL;
    else
        remember_failure(module, qstate, state);
    qstate->return_msg = NULL;
    if (!msg || !sw_query_has_clients(qstate) || sw_query_has_supers(qstate))
        return false;
    if (!judge_whole(module, qstate, id, msg->rep, true))
        return !state->failed && serve_stale(module, qstate, id, state);
    struct sw_decided decided = sw_owed_decided(module, qstate, state);
    if (!decided.all && !state->failed && serve_stale(module, qstate, id, state))
        return true;
    if (!decided.any)
        return false;
    serve_decided(module, qstate, id, state, msg, decided.all);
    return true;
}

/* There may be no state: a query can be exempt when it begins and not when it ends. */
static void on_done(struct sw_module *module, struct module_qstate *qstate, int id)
{
    struct reply_info *reply = qstate->return_msg ? qstate->return_msg->rep : NULL;
    struct path_state *state = qstate->minfo[id];
    finish(qstate, id);
    if (reply)
        sw_hold_forget(module, qstate, state ? &state->hold : NULL);
    if (!reply || (state && state->failed)) {
        forget_touched(module, qstate, NULL);
        if (state)
            serve_failed(module, qstate, id, state);
    } else if (state && does_not_validate(qstate, reply) &&
               serve_proven(module, qstate, id, state, reply)) {
        return;
    } else if (!(state && sw_hold_knows(module, qstate, &state->hold, reply)) &&
               judge_whole(module, qstate, id, reply, state && state->remembered)) {
        serve(module, qstate, id, reply);
    } else if (state) {
        /* without memory for the judgement, the reply is judged again for each client */
        state->phase = state->no_memory ? PHASE_RESOLVE : PHASE_CLEAN;
        state->judged = reply;
        state->outcomes_n = 0;
    }
}

/* Have the feeder log a walled garden that cannot be resolved. */
static void note_gardens(struct sw_module *module, const struct path_state *state)
{
    const struct sw_name *failed = sw_outcomes_failed_garden(state->outcomes, state->outcomes_n);
    if (!failed)
        failed = sw_outcomes_failed_garden(state->gardens, state->gardens_n);
    if (!failed)
        return;
    sw_count(&module->counters.gardens_failed, 1);
    sw_garden_put(&module->garden, failed);
}

/* The walled gardens have been resolved. Meanwhile the lists may have changed, further clients
 * may have joined with other verdicts, and another query of the resolver may need the true
 * answer. So everything is judged again. */
static void on_garden(struct sw_module *module, struct module_qstate *qstate, int id,
                      struct path_state *state)
{
    if (sw_outcomes_wait(state->outcomes, state->outcomes_n) ||
        sw_outcomes_wait(state->gardens, state->gardens_n)) {
        qstate->ext_state[id] = module_wait_subquery;
        return;
    }
    note_gardens(module, state);
    if (state->phase == PHASE_GARDEN) {
        on_new(module, qstate, id);
    } else {
        if (state->was_secure)
            qstate->return_msg->rep->security = sec_status_secure;
        state->was_secure = false;
        on_done(module, qstate, id);
    }
}

/* Serve a remembered failure. part: its aliases decided for all clients that asked before (D-083).
 * False: the rest of the answer is needed. */
static bool serve_remembered_failure(struct sw_module *module, struct module_qstate *qstate, int id,
                                     struct path_state *state, struct dns_msg *msg, bool part)
{
    struct sw_decided decided = sw_owed_decided(module, qstate, state);
    if (part && !decided.all) {
        state->remembered = false;
        return false;
    }
    if (!decided.any) {
        fail(qstate, id);
        return true;
    }
    state->failed = true;
    FLAGS_SET_RCODE(msg->rep->flags, decided.all ? LDNS_RCODE_NOERROR : LDNS_RCODE_SERVFAIL);
    qstate->return_rcode = LDNS_RCODE_NOERROR;
    qstate->return_msg = msg;
    finish(qstate, id);
    serve(module, qstate, id, msg->rep);
    return true;
}

/* Judge a remembered answer. False: the answer is no longer private, and is forgotten, so that it
 * is resolved again and may then be cached as usual. */
static bool still_private(struct sw_module *module, struct module_qstate *qstate, int id,
                          struct dns_msg *msg)
{
    struct path_state *state = qstate->minfo[id];
    if (judge_whole(module, qstate, id, msg->rep, true) && state->private)
        return true;
    state->remembered = false;
    sw_remember_forget(qstate);
    return false;
}

/* Serve a private answer that was resolved before, without asking again. */
static bool serve_remembered(struct sw_module *module, struct module_qstate *qstate, int id)
{
    struct path_state *state = qstate->minfo[id];
    struct sw_remembered found;
    if (qstate->no_cache_lookup || !sw_query_has_clients(qstate) || !one_class(qstate) ||
        !sw_remember_find(qstate, false, &found))
        return false;
    struct dns_msg *msg = found.msg;
    bool part = sw_chain_recall(msg->rep);
    if (!still_private(module, qstate, id, msg))
        return false;
    if (FLAGS_GET_RCODE(msg->rep->flags) == LDNS_RCODE_SERVFAIL) {
        if (!serve_remembered_failure(module, qstate, id, state, msg, part))
            return false;
    } else if (!does_not_validate(qstate, msg->rep) ||
               !serve_proven(module, qstate, id, state, msg->rep)) {
        state->stale = found.stale;
        qstate->return_rcode = LDNS_RCODE_NOERROR;
        qstate->return_msg = msg;
        finish(qstate, id);
        serve(module, qstate, id, msg->rep);
    }
    if (found.renew)
        sw_refresh_begin(qstate, found.leeway);
    return true;
}

/* Queries that wait for this query resume, and may store an answer that was judged long ago. */
static void resume_supers(struct sw_module *module, struct module_qstate *qstate, int id)
{
    struct mesh_state_ref *ref;
    RBTREE_FOR(ref, struct mesh_state_ref *, &qstate->mesh_info->super_set)
    {
        struct path_state *state = ref->s->s.minfo[id];
        if (state)
            sw_hold_resumed(module, &ref->s->s, &state->hold);
    }
}

void sw_path_operate(struct sw_module *module, struct module_qstate *qstate, enum module_ev event,
                     int id)
{
    struct path_state *state = qstate->minfo[id];
    sw_hold_busy(module, qstate);
    sw_doomed_remove(module);
    switch (event) {
    case module_event_new:
    case module_event_pass:
        if (state && (state->phase == PHASE_GARDEN || state->phase == PHASE_GARDEN_LATE))
            on_garden(module, qstate, id, state);
        else if (qstate->qinfo.qclass == SW_REMEMBER_CLASS)
            refuse(qstate, id);
        else if (sw_query_exempt(qstate))
            resolve(qstate, id, NULL);
        else
            on_new(module, qstate, id);
        break;
    case module_event_moddone:
        resume_supers(module, qstate, id);
        if (sw_query_for_iterator(qstate))
            forget_touched(module, qstate, qstate->return_msg ? qstate->return_msg->rep : NULL);
        if (sw_query_exempt(qstate))
            finish(qstate, id);
        else
            on_done(module, qstate, id);
        break;
    default:
        qstate->ext_state[id] = module_error;
        break;
    }
    if (qstate->ext_state[id] == module_finished && !module->behind_cache &&
        !sw_query_has_supers(qstate))
        sw_hold_quiet(module, qstate); /* no module stores anything for this query after this */
    state = qstate->minfo[id];
    if (event == module_event_new)
        sw_owed_note_oldest(qstate, id);
    if (state && (event != module_event_new || qstate->ext_state[id] != module_finished))
        sw_owed_note(qstate, state);
    /* clients' UDP sizes are known only until replies are made */
    if (module->settings.structured_errors && state && state->phase != PHASE_CLEAN)
        state->udp_room = sw_explain_room(qstate);
}

/* ---- callbacks ---- */

/* Judge the aliases followed so far. Returns whether to ask no further, because the aliases
 * decide for all clients. */
static bool judge_chain(struct sw_module *module, struct module_qstate *qstate, int id,
                        struct path_state *state, const struct dns_msg *response)
{
    struct sw_judgement j;
    struct sw_decided decided = {false, false, false};
    size_t n = sw_chain_length(qstate, response);
    if (n <= state->aliases || state->phase != PHASE_RESOLVE || sw_query_exempt(qstate))
        return false;
    state->aliases = n;
    sw_rcu_enter();
    sw_judge(module, NULL, &qstate->qinfo, NULL, &j);
    sw_chain_judge(qstate, response, &j);
    bool kept = sw_match_records(&j.match) && sw_path_keep(module, qstate, id, &j, NULL);
    sw_rcu_leave();
    if (kept && !(sw_query_validates(qstate) && sw_chain_signed(qstate, response)))
        decided = sw_owed_decided(module, qstate, state);
    if (decided.all)
        sw_ub_follow_no_further(qstate);
    return decided.all;
}

/* Judge a response. Unbound does not store a private response. A query that the iterator starts,
 * for an address or for class IN of a question of class ANY, has no state before. */
int sw_path_on_response(struct module_qstate *qstate, struct dns_msg *response, int id, void *arg)
{
    struct sw_module *module = arg;
    bool none = sw_query_exempt(qstate) && !sw_query_for_iterator(qstate);
    struct path_state *state = none ? qstate->minfo[id] : sw_path_state(qstate, id);
    sw_hold_busy(module, qstate);
    if (state)
        state->hold.no_cache |= qstate->no_cache_lookup;
    bool used = response && response->rep && !sw_ub_throws_away(response->rep);
    if (response && response->rep)
        sw_tap_response(module, qstate, response);
    if (used)
        sw_hold_response(module, qstate, state ? &state->hold : NULL, response);
    else if (response && response->rep && state && !sw_query_exempt(qstate))
        sw_hold_failed_response(module, qstate, &state->hold, &response->qinfo);
    if (state && used && qstate->no_cache_store) {
        judge_chain(module, qstate, id, state, response);
        state->type_hidden |= state->hold.held && sw_ub_hides_type(qstate);
    }
    if (state)
        sw_owed_note(qstate, state);
    return 1;
}

/* The query is about to be sent upstream, so everything that modules had to store before is
 * stored. Nothing is sent if aliases from the cache decide for all clients. When the validator has
 * an answer resolved again, a cached answer of type A would end query minimisation; so does an
 * answer of type A that was not cached (D-256). */
int sw_path_on_query(struct query_info *qinfo, uint16_t flags, struct module_qstate *qstate,
                     struct sockaddr_storage *addr, socklen_t addr_len, uint8_t *zone,
                     size_t zone_len, struct regional *region, int id, void *arg)
{
    (void)qinfo, (void)flags, (void)addr, (void)addr_len, (void)zone, (void)zone_len;
    (void)region;
    struct path_state *state = qstate ? qstate->minfo[id] : NULL;
    bool ends = state && judge_chain(arg, qstate, id, state, NULL);
    if (state && state->type_hidden && sw_ub_hides_type(qstate))
        sw_ub_hide_type_no_further(qstate);
    if (state)
        sw_owed_note(qstate, state);
    if (state)
        sw_hold_query(qstate, &state->hold);
    if (qstate)
        sw_hold_quiet(arg, qstate);
    return !ends;
}

void sw_path_clear(struct sw_module *module, struct module_qstate *qstate, int id)
{
    const struct path_state *state = qstate->minfo[id];
    if (module && state)
        sw_owed_close(module, qstate, state);
    qstate->minfo[id] = NULL;
}
