#include "host/owed.h"

#include "flow/decide.h"
#include "host/emit.h"
#include "host/replies.h"

struct sw_owed { /* in the order of Unbound's list: the latest client is first */
    const struct mesh_reply *reply;
    bool recorded;
    struct sw_owed *next;
};

void sw_owed_judge(const struct sw_module *module, const struct module_qstate *qstate,
                   const struct path_state *state, const struct sw_client *client,
                   const struct reply_info *truth, struct sw_client_outcome *outcome)
{
    struct sw_outcome *one =
        sw_outcome_of(&module->settings.groups, state->outcomes, state->outcomes_n, client);
    sw_client_outcome_judge(module, qstate, one, state->by_client, client, truth, outcome);
    sw_decide_client(&outcome->verdict, client);
}

/* ---- clients without an answer ---- */

struct waiting { /* argument of the callback for each waiting client */
    struct sw_module *module;
    struct module_qstate *qstate;
    struct path_state *state;
    const struct reply_info *truth;
};

/* Look up the client's own rules. Returns whether the client gets no answer. No reply callback
 * runs for such a client, so the hit is recorded here. */
static bool prepare(void *arg, const struct mesh_reply *reply, const struct sw_client *client)
{
    struct waiting *w = arg;
    struct sw_client_outcome outcome;
    sw_owed_judge(w->module, w->qstate, w->state, client, w->truth, &outcome);
    if (w->state->gardens)
        w->state->gardens_n =
            sw_client_outcome_note_garden(&outcome, w->state->gardens, w->state->gardens_n);
    if (outcome.verdict.taken != SW_ACTION_DROP)
        return false;
    outcome.verdict.ede = SW_EDE_OFF;
    if (outcome.event)
        sw_emit_hit(w->module, w->qstate, outcome.event, outcome.further, client, &outcome.verdict);
    sw_owed_recorded(w->state, reply);
    if (w->state->asker == reply)
        w->state->asker = NULL;
    return true;
}

void sw_owed_prepare(struct sw_module *module, struct module_qstate *qstate,
                     struct path_state *state, const struct reply_info *truth)
{
    struct waiting w = {module, qstate, state, truth};
    bool drops = state->by_client;
    for (size_t i = 0; i < state->outcomes_n; i++)
        drops |= state->outcomes[i].verdict.taken == SW_ACTION_DROP;
    if (state->by_client && !state->gardens)
        state->gardens =
            regional_alloc_zero(qstate->region, SW_CLIENT_GARDENS_MAX * sizeof(state->gardens[0]));
    if (drops)
        sw_replies_withdraw(qstate, prepare, &w);
}

/* ---- clients that need no true answer ---- */

struct deciding { /* argument of the callback for each waiting client */
    const struct sw_module *module;
    const struct module_qstate *qstate;
    const struct path_state *state;
    struct sw_decided decided;
};

static void decide_for(void *arg, const struct sw_client *client)
{
    struct deciding *s = arg;
    struct sw_client_outcome outcome;
    sw_owed_judge(s->module, s->qstate, s->state, client, s->state->judged, &outcome);
    bool rewrites = sw_verdict_rewrites(&outcome.verdict);
    bool at_once = rewrites && !outcome.verdict.observe;
    s->decided.any |= rewrites;
    s->decided.at_once |= at_once;
    s->decided.all &= at_once;
}

struct sw_decided sw_owed_decided(const struct sw_module *module,
                                  const struct module_qstate *qstate,
                                  const struct path_state *state)
{
    struct deciding s = {module, qstate, state, {.all = true}};
    if (state->outcomes_n == 0 || module->behind_cache || !sw_query_has_clients(qstate) ||
        sw_query_has_supers(qstate))
        return (struct sw_decided){false, false, false};
    sw_query_each_client(qstate, decide_for, &s);
    return s.decided;
}

/* ---- noted clients ---- */

static struct sw_owed *find(struct sw_owed *from, const struct mesh_reply *reply)
{
    while (from && from->reply != reply)
        from = from->next;
    return from;
}

/* Whether a reply is noted, and so all replies behind. The list is searched only if the reply
 * noted last may be gone, as a client on a stream may be. */
static bool noted(struct sw_owed *list, const struct mesh_reply *reply)
{
    if (!list || list->reply == reply)
        return list;
    return (list->recorded || list->reply->query_reply.c->type != comm_udp) && find(list, reply);
}

/* Insert a reply at *at. Returns the position behind, NULL when memory is out. */
static struct sw_owed **put(struct module_qstate *qstate, struct sw_owed **at,
                            const struct mesh_reply *reply)
{
    struct sw_owed *owed = regional_alloc(qstate->region, sizeof(*owed));
    if (!owed)
        return NULL;
    *owed = (struct sw_owed){reply, false, *at};
    *at = owed;
    return &owed->next;
}

void sw_owed_note(struct module_qstate *qstate, struct path_state *state)
{
    struct sw_owed *before = state->owed, **at = &state->owed;
    if (state->outcomes_n == 0)
        return;
    for (const struct mesh_reply *r = qstate->mesh_info->reply_list; at && r; r = r->next) {
        if (noted(before, r))
            return;
        at = put(qstate, at, r);
    }
    if (at && !before && state->asker && !find(state->owed, state->asker))
        put(qstate, at, state->asker); /* the client hung up before the question matched */
}

void sw_owed_note_oldest(const struct module_qstate *qstate, int id)
{
    const struct mesh_area *mesh = qstate->env->mesh;
    struct mesh_state *oldest = mesh->jostle_first;
    struct path_state *state = oldest ? oldest->s.minfo[id] : NULL;
    if (state && mesh->num_reply_states >= mesh->max_reply_states)
        sw_owed_note(&oldest->s, state);
}

void sw_owed_recorded(struct path_state *state, const struct mesh_reply *reply)
{
    struct sw_owed *owed = find(state->next_owed, reply);
    if (!owed)
        owed = find(state->owed, reply);
    if (!owed)
        return;
    owed->recorded = true;
    state->next_owed = owed->next;
}

/* ---- clients without a reply ---- */

static bool waits(const struct module_qstate *qstate, const struct mesh_reply *reply)
{
    const struct mesh_reply *r = qstate->mesh_info->reply_list;
    while (r && r != reply)
        r = r->next;
    return r;
}

static void record(struct sw_module *module, struct module_qstate *qstate,
                   const struct path_state *state, const struct mesh_reply *reply)
{
    struct sw_client client;
    struct sw_client_outcome outcome;
    sw_query_client(&reply->query_reply, reply->qflags, &reply->edns, &client);
    sw_owed_judge(module, qstate, state, &client, state->truth, &outcome);
    sw_decide_failure(&outcome.verdict);
    if (outcome.event)
        sw_emit_hit(module, qstate, outcome.event, outcome.further, &client, &outcome.verdict);
}

/* If a module before this module starts again, Unbound clears this module's state while clients
 * still wait. */
void sw_owed_close(struct sw_module *module, struct module_qstate *qstate,
                   const struct path_state *state)
{
    if (state->outcomes_n == 0)
        return;
    for (const struct sw_owed *owed = state->owed; owed; owed = owed->next)
        if (!owed->recorded && !waits(qstate, owed->reply))
            record(module, qstate, state, owed->reply);
}
