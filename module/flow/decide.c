#include "flow/decide.h"

#include <string.h>

#define EDE_FORGED_ANSWER 4  /* RFC 8914 4.5 */
#define EDE_BLOCKED       15 /* RFC 8914 4.16 */
#define EDE_FILTERED      17 /* RFC 8914 4.18 */

uint16_t sw_ede_for(enum sw_action action)
{
    switch (action) {
    case SW_ACTION_SINKHOLE:
    case SW_ACTION_CNAME:
        return EDE_FORGED_ANSWER;
    case SW_ACTION_NXDOMAIN:
    case SW_ACTION_NODATA:
        return EDE_BLOCKED;
    case SW_ACTION_REFUSED:
    case SW_ACTION_DROP: /* refused on a stream, and where it comes too late */
        return EDE_FILTERED;
    default:
        return SW_EDE_OFF;
    }
}

/* What the client gets for the wanted action; the true answer in shadow mode. */
static enum sw_action effective(const struct sw_verdict *v)
{
    if (v->shadow)
        return SW_ACTION_MONITOR;
    if (v->wanted == SW_ACTION_CNAME && v->cname.len == 0)
        return SW_ACTION_NXDOMAIN;
    return v->wanted;
}

static uint16_t effective_ede(const struct sw_flow *flow, const struct sw_policy *list,
                              enum sw_action taken)
{
    if (!flow->settings->ede || sw_ede_for(taken) == SW_EDE_OFF)
        return SW_EDE_OFF;
    return list->ede == SW_EDE_AUTO ? sw_ede_for(taken) : list->ede;
}

/* Copy what act needs out of the policy, with the settings' defaults. */
static void adopt(const struct sw_flow *flow, const struct sw_policy *list,
                  const struct sw_client *client, struct sw_verdict *v)
{
    v->wanted = list->kind == SW_KIND_ALLOW ? SW_ACTION_PASSTHRU : list->action;
    v->shadow = list->shadow && list->kind == SW_KIND_IOC;
    v->observe = list->observe;
    v->priority = list->priority;
    v->ttl = list->ttl;
    memcpy(v->list, list->name, sizeof v->list);
    if (flow->settings->structured_errors) {
        memcpy(v->justification, list->justification, sizeof v->justification);
        v->sub_error = list->sub_error;
    }
    if (v->wanted == SW_ACTION_SINKHOLE) {
        v->sinkhole4 = list->sinkhole4.family ? list->sinkhole4 : flow->settings->sinkhole4;
        v->sinkhole6 = list->sinkhole6.family ? list->sinkhole6 : flow->settings->sinkhole6;
    }
    if (v->wanted == SW_ACTION_CNAME)
        v->cname = list->cname.len ? list->cname : flow->settings->cname;
    v->taken = effective(v);
    v->ede = effective_ede(flow, list, v->taken);
    if (client)
        sw_decide_client(v, client);
}

/* Whether the action does not bind this client. */
static bool spared(const struct sw_verdict *verdict, const struct sw_client *client)
{
    return verdict->taken == SW_ACTION_TCP_ONLY && client->tcp;
}

bool sw_decide_rewrites(const struct sw_verdict *verdict, const struct sw_client *client)
{
    return sw_verdict_rewrites(verdict) && !spared(verdict, client);
}

void sw_decide_client(struct sw_verdict *verdict, const struct sw_client *client)
{
    if (spared(verdict, client))
        verdict->taken = SW_ACTION_MONITOR;
    else if (verdict->taken == SW_ACTION_DROP && client->tcp)
        verdict->taken = SW_ACTION_REFUSED; /* D-080 */
}

void sw_decide(const struct sw_flow *flow, const struct sw_match *match,
               const struct sw_client *client, struct sw_verdict *out)
{
    out->winner = SW_NO_WINNER;
    out->wanted = out->taken = SW_ACTION_PASSTHRU;
    out->shadow = out->observe = false;
    out->ede = SW_EDE_OFF;
    out->ttl = 0;
    out->priority = 0;
    out->sinkhole4.family = out->sinkhole6.family = 0;
    out->cname.len = 0;
    out->list[0] = out->justification[0] = '\0';
    out->sub_error = 0;
    for (size_t i = 0; i < match->n; i++) {
        if (match->found[i].hit.list->kind == SW_KIND_WATCH)
            continue;
        out->winner = (uint8_t)i;
        adopt(flow, match->found[i].hit.list, client, out);
        return;
    }
}
