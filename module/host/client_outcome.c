#include "host/client_outcome.h"

#include "base/rcu.h"
#include "flow/decide.h"
#include "host/draft.h"
#include "host/judge.h"

/* Judge question and answer together with the client's own rules. Without such rules *own is
 * unchanged. */
static void judge_alone(const struct sw_module *module, const struct module_qstate *qstate,
                        const struct sw_client *client, const struct reply_info *truth,
                        struct sw_own *own)
{
    struct sw_weighing j;
    struct sw_hits hits;
    const struct sw_part *part =
        sw_weigh_client(module, qstate->env, client, &qstate->qinfo, truth, &j);
    if (!part)
        return;
    own->judged = true;
    const struct sw_found *winner =
        sw_decide(&module->flow, part, sw_client_over(client), &own->verdict);
    own->event = NULL;
    if (!part->acted_on)
        return;
    sw_match_hits(&j.match, part, winner, &hits);
    sw_draft(&own->own_event, SW_EVENT_HIT, &hits, qstate, truth);
    own->event = &own->own_event;
}

void sw_own_judge(const struct sw_module *module, const struct module_qstate *qstate,
                  const struct sw_case *one, bool by_client, const struct sw_client *client,
                  const struct reply_info *truth, struct sw_own *own)
{
    own->one = one;
    own->verdict = one->verdict;
    own->judged = false;
    own->event = one->acts ? one->event : NULL;
    if (!by_client)
        return;
    sw_rcu_enter();
    judge_alone(module, qstate, client, truth, own);
    sw_rcu_leave();
}

bool sw_own_case(const struct module_qstate *qstate, const struct sw_own *own, struct sw_case *out)
{
    struct sw_event *event = own->event;
    if (event == &own->own_event)
        event = regional_alloc_init(qstate->region, event, sw_event_size(event));
    if (own->event && !event)
        return false;
    *out = (struct sw_case){.groups = UINT32_MAX,
                            .over = SW_OVER_ANY,
                            .verdict = own->verdict,
                            .event = event,
                            .acts = event != NULL};
    return true;
}

/* Whether a client is sent to the walled garden of a case. */
static bool same_garden(const struct sw_own *own, const struct sw_case *one)
{
    return own->verdict.taken == SW_ACTION_CNAME && one->verdict.taken == SW_ACTION_CNAME &&
           sw_name_equal(own->verdict.cname.wire, one->verdict.cname.wire);
}

size_t sw_own_note_garden(const struct sw_own *own, struct sw_case *gardens, size_t n)
{
    if (!own->judged || own->verdict.taken != SW_ACTION_CNAME || n == SW_OWN_GARDENS_MAX ||
        same_garden(own, own->one))
        return n;
    for (size_t i = 0; i < n; i++)
        if (same_garden(own, &gardens[i]))
            return n;
    gardens[n] = (struct sw_case){.verdict = own->verdict};
    return n + 1;
}

const struct reply_info *sw_own_garden(const struct sw_own *own, const struct sw_case *gardens,
                                       size_t n)
{
    if (same_garden(own, own->one))
        return own->one->garden;
    for (size_t i = 0; i < n; i++)
        if (same_garden(own, &gardens[i]))
            return gardens[i].garden;
    return NULL;
}
