#include "host/path_judge.h"

#include "base/rcu.h"
#include "host/emit.h"
#include "host/remember.h"

struct path_state *sw_path_state(struct module_qstate *qstate, int id)
{
    struct path_state *state = qstate->minfo[id];
    if (state)
        return state;
    qstate->minfo[id] = state = regional_alloc_zero(qstate->region, sizeof(*state));
    if (state)
        state->asker = qstate->mesh_info->reply_list;
    return state;
}

bool sw_path_keep(struct sw_module *module, struct module_qstate *qstate, int id,
                  const struct sw_judgement *j, const struct reply_info *reply)
{
    struct path_state *state = sw_path_state(qstate, id);
    if (!state)
        return false;
    state->judged = reply;
    state->by_client = j->match.by_client;
    if (state->phase != PHASE_GARDEN_LATE)
        state->gardens_n = 0;
    state->former = state->outcomes;
    state->former_n = state->outcomes_n;
    state->outcomes_n = sw_outcomes_make(module, qstate, &j->match, reply, &state->outcomes);
    if (state->former_n > 0)
        sw_outcomes_inherit(qstate, state->outcomes, state->outcomes_n, state->former,
                            state->former_n);
    state->no_memory = state->outcomes_n == 0;
    return state->outcomes_n > 0;
}

/* Whether Unbound must not serve an answer from the message cache. */
static bool is_private(const struct path_state *state, const struct sw_judgement *j, bool whole)
{
    return sw_judged_private(j) ||
           (whole && state && state->hold.private_response && sw_match_records(&j->match));
}

bool sw_path_judge(struct sw_module *module, struct module_qstate *qstate, int id,
                   struct reply_info *reply, bool whole, bool *private)
{
    struct path_state *state = qstate->minfo[id];
    struct sw_judgement j;
    bool kept = false;
    sw_rcu_enter();
    if (state)
        state->no_memory = false;
    if (state)
        state->hold.epoch = sw_turns_epoch(&module->turns);
    sw_judge(module, qstate->env, &qstate->qinfo, reply, &j);
    if (whole && state && !is_private(state, &j, whole) &&
        sw_hold_store(module, qstate, &state->hold, reply))
        sw_judge(module, qstate->env, &qstate->qinfo, reply, &j);
    if (state && !whole)
        state->hold.name_unlisted = sw_judged_unlisted(&j);
    *private = is_private(state, &j, whole);
    if (sw_match_records(&j.match) || *private)
        kept = sw_path_keep(module, qstate, id, &j, reply);
    if (whole && !j.match.acted_on && (j.match.watched || j.match.tracked))
        sw_emit_answer(module, qstate, &j, reply);
    sw_rcu_leave();
    return kept;
}

bool sw_path_touched(const struct sw_module *module, const struct module_qstate *qstate,
                     const struct reply_info *reply, bool *private)
{
    struct sw_judgement j;
    sw_rcu_enter();
    sw_judge(module, qstate->env, &qstate->qinfo, reply, &j);
    *private = sw_judged_private(&j);
    sw_rcu_leave();
    return sw_match_records(&j.match);
}

void sw_path_forget_message(struct module_qstate *qstate)
{
    sw_remember_uncache(qstate->env, &qstate->qinfo, qstate->query_flags);
}
