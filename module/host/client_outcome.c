#include "host/client_outcome.h"

#include "base/rcu.h"
#include "flow/decide.h"
#include "host/emit.h"
#include "host/judge.h"

/* Draft the event of a client. The addresses without room are those of the answer, so the further
 * events of one client serve all: a thousand clients can wait for an answer of 4,000 addresses. */
static void draft(const struct module_qstate *qstate, const struct sw_hits *hits,
                  const struct reply_info *truth, struct sw_outcome *one,
                  struct sw_client_outcome *outcome)
{
    if (one->of_clients)
        sw_emit_draft_alone(&outcome->made_event, hits, qstate, truth);
    else
        sw_emit_draft(&outcome->made_event, hits, false, qstate, truth, &one->of_clients);
    outcome->further = one->of_clients;
    outcome->event = &outcome->made_event;
}

/* Judge question and answer together with the client's own rules. Without such rules *own is
 * unchanged. */
static void judge_alone(const struct sw_module *module, const struct module_qstate *qstate,
                        const struct sw_client *client, const struct reply_info *truth,
                        struct sw_outcome *one, struct sw_client_outcome *outcome)
{
    struct sw_judgement j;
    struct sw_hits hits;
    const struct sw_audience *audience =
        sw_judge_client(module, qstate->env, client, &qstate->qinfo, truth, &j);
    if (!audience)
        return;
    outcome->judged = true;
    const struct sw_found *winner =
        sw_decide(&module->flow, audience, sw_client_over(client), &outcome->verdict);
    outcome->event = NULL;
    outcome->further = NULL;
    if (!audience->acted_on)
        return;
    sw_match_hits(&j.match, audience, winner, &hits);
    draft(qstate, &hits, truth, one, outcome);
}

void sw_client_outcome_judge(const struct sw_module *module, const struct module_qstate *qstate,
                             struct sw_outcome *one, bool by_client, const struct sw_client *client,
                             const struct reply_info *truth, struct sw_client_outcome *outcome)
{
    outcome->one = one;
    sw_verdict_copy(&outcome->verdict, &one->verdict);
    outcome->judged = false;
    outcome->event = one->acts ? one->event : NULL;
    outcome->further = one->further;
    if (!by_client)
        return;
    sw_rcu_enter();
    judge_alone(module, qstate, client, truth, one, outcome);
    sw_rcu_leave();
}

bool sw_client_outcome_copy(const struct module_qstate *qstate,
                            const struct sw_client_outcome *outcome, struct sw_outcome *out)
{
    struct sw_event *event = outcome->event;
    if (event == &outcome->made_event)
        event = regional_alloc_init(qstate->region, event, sw_event_size(event));
    if (outcome->event && !event)
        return false;
    *out = (struct sw_outcome){.groups = UINT32_MAX,
                               .over = SW_OVER_ANY,
                               .verdict = outcome->verdict,
                               .event = event,
                               .further = outcome->further,
                               .acts = event != NULL};
    return true;
}

/* Whether a client is sent to the walled garden of an outcome. */
static bool same_garden(const struct sw_client_outcome *outcome, const struct sw_outcome *one)
{
    return outcome->verdict.taken == SW_ACTION_CNAME && one->verdict.taken == SW_ACTION_CNAME &&
           sw_name_equal(outcome->verdict.cname.wire, one->verdict.cname.wire);
}

size_t sw_client_outcome_note_garden(const struct sw_client_outcome *outcome,
                                     struct sw_outcome *gardens, size_t n)
{
    if (!outcome->judged || outcome->verdict.taken != SW_ACTION_CNAME ||
        n == SW_CLIENT_GARDENS_MAX || same_garden(outcome, outcome->one))
        return n;
    for (size_t i = 0; i < n; i++)
        if (same_garden(outcome, &gardens[i]))
            return n;
    gardens[n] = (struct sw_outcome){.verdict = outcome->verdict};
    return n + 1;
}

const struct reply_info *sw_client_outcome_garden(const struct sw_client_outcome *outcome,
                                                  const struct sw_outcome *gardens, size_t n)
{
    if (outcome->verdict.taken != SW_ACTION_CNAME)
        return NULL;
    if (same_garden(outcome, outcome->one))
        return outcome->one->garden;
    for (size_t i = 0; i < n; i++)
        if (same_garden(outcome, &gardens[i]))
            return gardens[i].garden;
    return NULL;
}
