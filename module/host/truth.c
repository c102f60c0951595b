#include "host/truth.h"

#include "flow/act.h"

void sw_truth_prepare(struct module_qstate *qstate, struct path_state *state,
                      struct reply_info *reply)
{
    bool rewrites = state->by_client;
    state->truth = sw_act_copy(qstate->region, reply);
    for (size_t i = 0; i < state->outcomes_n; i++)
        rewrites |= sw_verdict_rewrites(&state->outcomes[i].verdict);
    if (!state->truth || !rewrites)
        return;
    state->was_secure = reply->security == sec_status_secure;
    if (state->was_secure)
        reply->security = sec_status_insecure;
}

void sw_truth_fail(struct reply_info *reply)
{
    static const struct reply_info failure = {.flags = BIT_QR | BIT_RA | LDNS_RCODE_SERVFAIL};
    sw_act_replace(reply, &failure);
}

bool sw_truth_apply(struct module_qstate *qstate, struct path_state *state,
                    const struct sw_verdict *verdict, const struct reply_info *garden,
                    struct reply_info *reply, struct mesh_reply *to)
{
    if (state->phase == PHASE_MADE)
        return true;
    if (sw_verdict_rewrites(verdict)) {
        struct reply_info *made = sw_act_build(qstate->region, &qstate->qinfo, verdict, garden);
        bool possible = made && sw_act_protect(qstate, &state->truth, reply);
        if (possible)
            sw_act_replace(reply, made);
        else
            sw_truth_fail(reply);
        if (reply->security == sec_status_secure) { /* judged late: AD is already decided */
            to->qflags &= (uint16_t)~BIT_AD;
            to->edns.bits &= (uint16_t)~EDNS_DO;
        }
        return possible;
    }
    if (!state->truth)
        return true;
    sw_act_replace(reply, state->truth);
    if (state->was_secure && ((to->edns.bits & EDNS_DO) || (to->qflags & BIT_AD)))
        reply->flags |= BIT_AD;
    return true;
}
