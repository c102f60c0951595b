#include "host/own.h"

#include "base/rcu.h"
#include "flow/client.h"
#include "flow/record.h"
#include "host/draft.h"

#include <string.h>

/* The event with the client's rules: the case's and they, or one of its own. */
static void own_event(const struct module_qstate *qstate, const struct sw_match *match,
                      const struct reply_info *truth, struct sw_own *own)
{
    static const struct sw_match none;
    if (own->one->event)
        memcpy(&own->own_event, own->one->event, sw_event_size(own->one->event));
    else
        sw_draft(&own->own_event, SW_EVENT_HIT, &none, NULL, qstate, truth);
    if (own->by_client)
        sw_event_no_winner(&own->own_event);
    sw_record_hits(&own->own_event, match, own->by_client ? own->verdict.winner : SW_NO_WINNER);
    own->event = &own->own_event;
}

void sw_own_judge(const struct sw_flow *flow, const struct module_qstate *qstate,
                  const struct sw_case *one, bool by_client, const struct sw_client *client,
                  const struct reply_info *truth, struct sw_own *own)
{
    struct sw_match match;
    own->one = one;
    own->verdict = one->verdict;
    own->by_client = false;
    own->event = one->acts ? one->event : NULL;
    if (!by_client)
        return;
    sw_rcu_enter();
    sw_client_match(flow, client, &match);
    if (match.n > 0) {
        own->by_client = sw_client_decide(flow, &match, client, &own->verdict);
        if (match.acted_on || one->acts)
            own_event(qstate, &match, truth, own);
    }
    sw_rcu_leave();
}

bool sw_own_case(const struct module_qstate *qstate, const struct sw_own *own, struct sw_case *out)
{
    struct sw_event *event = own->event;
    if (event == &own->own_event)
        event = regional_alloc_init(qstate->region, event, sw_event_size(event));
    if (own->event && !event)
        return false;
    *out = (struct sw_case){
        .groups = UINT32_MAX, .verdict = own->verdict, .event = event, .acts = event != NULL};
    return true;
}

static bool same_garden(const struct sw_own *own, const struct sw_case *garden)
{
    return sw_name_equal(own->verdict.cname.wire, garden->verdict.cname.wire);
}

size_t sw_own_note_garden(const struct sw_own *own, struct sw_case *gardens, size_t n)
{
    if (!own->by_client || own->verdict.taken != SW_ACTION_CNAME || n == SW_OWN_GARDENS_MAX)
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
    if (!own->by_client)
        return own->one->garden;
    for (size_t i = 0; i < n; i++)
        if (own->verdict.taken == SW_ACTION_CNAME && same_garden(own, &gardens[i]))
            return gardens[i].garden;
    return NULL;
}
