#include "flow/client.h"

#include "flow/decide.h"
#include "flow/group.h"
#include "flow/match.h"

void sw_client_match(const struct sw_flow *flow, const struct sw_client *client,
                     struct sw_match *match)
{
    struct sw_matching m;
    struct sw_match all;
    unsigned group;
    sw_match_begin(&m, flow, &all);
    sw_match_client(&m, &client->addr);
    if (all.n == 0) {
        match->n = 0;
        return;
    }
    group = all.grouped ? sw_groups_of(&flow->settings->groups, &client->addr) : 0;
    sw_group_match(flow, &all, UINT32_C(1) << group, match);
}

bool sw_client_decide(const struct sw_flow *flow, const struct sw_match *match,
                      const struct sw_client *client, struct sw_verdict *verdict)
{
    struct sw_verdict own;
    sw_decide(flow, match, client, &own);
    if (own.winner == SW_NO_WINNER ||
        (verdict->winner != SW_NO_WINNER && verdict->priority < own.priority))
        return false;
    *verdict = own;
    return true;
}
