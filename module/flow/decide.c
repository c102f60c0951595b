#include "flow/decide.h"

#include "flow/match.h"

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
    case SW_ACTION_DROP: /* refused over TCP, and where a drop comes too late */
        return EDE_FILTERED;
    default:
        return SW_EDE_OFF;
    }
}

/* The effective action for the wanted action; bound: the rule binds the client. */
static enum sw_action effective(const struct sw_verdict *v, bool bound)
{
    if (v->wanted == SW_ACTION_PASSTHRU)
        return v->shadow ? SW_ACTION_MONITOR : SW_ACTION_PASSTHRU;
    if (!bound)
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

/* Put a name in the place of the garden's asterisk. No name, or one that is too long: no garden. */
static void expand(struct sw_name *garden, const uint8_t *name)
{
    uint8_t wire[2 * SW_NAME_MAX];
    size_t len = name ? sw_name_size(name, SW_NAME_MAX) : 0, rest = garden->len - 2u;
    if (len > 0) {
        memcpy(wire, name, len - 1);
        memcpy(wire + len - 1, garden->wire + 2, rest);
    }
    if (len == 0 || len - 1 + rest > SW_NAME_MAX ||
        sw_name_copy(wire, len - 1 + rest, garden) != SW_OK)
        garden->len = 0;
}

/* The garden of the winner: the alias that matched goes in the place of an asterisk, otherwise the
 * queried name. */
static void adopt_garden(const struct sw_flow *flow, const struct sw_found *winner,
                         const uint8_t *qname, struct sw_name *out)
{
    *out = *sw_garden_of(flow, winner->hit.list);
    if (sw_garden_is_wild(out))
        expand(out, winner->trigger == SW_TRIGGER_CNAME ? winner->name : qname);
}

/* Landing addresses and local data. Local data are the whole answer, as in RPZ: the landing
 * addresses of the settings are for lists without (D-220). */
static void adopt_landing(const struct sw_flow *flow, const struct sw_policy *list,
                          struct sw_verdict *v)
{
    bool alone = list->records.len > 0;
    v->sinkhole4 = list->sinkhole4.family || alone ? list->sinkhole4 : flow->settings->sinkhole4;
    v->sinkhole6 = list->sinkhole6.family || alone ? list->sinkhole6 : flow->settings->sinkhole6;
    v->records.len = list->records.len;
    memcpy(v->records.octets, list->records.octets, list->records.len);
}

/* Copy the members that act needs from the policy, with the settings' defaults. */
static void adopt(const struct sw_flow *flow, const struct sw_found *winner, const uint8_t *qname,
                  bool bound, struct sw_verdict *v)
{
    const struct sw_policy *list = winner->hit.list;
    v->wins = true;
    v->wanted = list->kind == SW_KIND_ALLOW ? SW_ACTION_PASSTHRU : list->action;
    v->shadow = list->shadow && list->kind == SW_KIND_IOC;
    v->observe = list->observe;
    v->ttl = list->ttl;
    memcpy(v->list, list->name, sizeof(v->list));
    if (flow->settings->structured_errors) {
        memcpy(v->justification, list->justification, sizeof(v->justification));
        v->sub_error = list->sub_error;
    }
    if (v->wanted == SW_ACTION_SINKHOLE)
        adopt_landing(flow, list, v);
    if (v->wanted == SW_ACTION_CNAME)
        adopt_garden(flow, winner, qname, &v->cname);
    v->taken = effective(v, bound);
    v->ede = effective_ede(flow, list, v->taken);
}

/* The winning rule for a transport, or NULL. *bound: the rule binds the clients and rewrites the
 * answer. */
static const struct sw_found *pick(const struct sw_audience *audience, enum sw_over over,
                                   bool *bound)
{
    *bound = audience->binds[over] && sw_list_rewrites(audience->binding[over].hit.list);
    if (*bound)
        return &audience->binding[over];
    return audience->any ? &audience->first : NULL;
}

bool sw_decide_by_transport(const struct sw_audience *audience)
{
    bool udp_bound, tcp_bound;
    if (!audience->by_transport)
        return false;
    const struct sw_found *udp = pick(audience, SW_OVER_UDP, &udp_bound);
    const struct sw_found *tcp = pick(audience, SW_OVER_TCP, &tcp_bound);
    return udp_bound != tcp_bound || (udp && !sw_found_same(udp, tcp));
}

void sw_decide_client(struct sw_verdict *verdict, const struct sw_client *client)
{
    if (verdict->taken == SW_ACTION_DROP && client->tcp)
        verdict->taken = SW_ACTION_REFUSED; /* D-080 */
}

void sw_decide_failure(struct sw_verdict *verdict)
{
    if (sw_verdict_rewrites(verdict))
        verdict->taken = SW_ACTION_MONITOR;
    verdict->ede = SW_EDE_OFF;
}

const struct sw_found *sw_decide(const struct sw_flow *flow, const struct sw_audience *audience,
                                 enum sw_over over, struct sw_verdict *out)
{
    bool bound;
    const struct sw_found *winner = pick(audience, over, &bound);
    out->wins = false;
    out->wanted = out->taken = SW_ACTION_PASSTHRU;
    out->shadow = out->observe = false;
    out->ede = SW_EDE_OFF;
    out->ttl = 0;
    out->sinkhole4.family = out->sinkhole6.family = 0;
    out->cname.len = 0;
    out->records.len = 0;
    out->list[0] = out->justification[0] = '\0';
    out->sub_error = 0;
    if (winner)
        adopt(flow, winner, audience->qname, bound, out);
    return winner;
}

bool sw_decide_rewrites_any(const struct sw_match *match)
{
    for (size_t p = 0; match->armed && p < match->audiences_n; p++)
        for (unsigned over = 0; over < SW_OVER_COUNT; over++) {
            bool bound;
            pick(&match->audience[p], over, &bound);
            if (bound)
                return true;
        }
    return false;
}

bool sw_decide_private(const struct sw_match *match)
{
    return match->clients_rewrite || (match->acted_on && match->by_server) ||
           sw_decide_rewrites_any(match);
}
