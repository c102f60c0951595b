#include "host/outcome.h"

#include "flow/decide.h"
#include "flow/match.h"
#include "host/emit.h"

#include <string.h>

/* Whether the first rule matched the name itself: then the name servers are of interest, too. */
static bool is_by_name(const struct sw_hits *hits)
{
    return hits->n > 0 && (hits->rule[0]->trigger == SW_TRIGGER_QNAME ||
                           hits->rule[0]->trigger == SW_TRIGGER_CNAME);
}

/* Make the outcome for an audience and a set of transports. False when out of memory. */
static bool make_outcome(const struct sw_module *module, const struct module_qstate *qstate,
                         const struct sw_match *match, const struct sw_audience *audience,
                         unsigned over, const struct reply_info *reply, struct sw_outcome *out)
{
    struct sw_event ev;
    struct sw_hits hits;
    memset(out, 0, offsetof(struct sw_outcome, verdict));
    out->groups = audience->groups;
    out->over = over;
    const struct sw_found *winner =
        sw_decide(&module->flow, audience,
                  over & SW_OVER_BIT(SW_OVER_UDP) ? SW_OVER_UDP : SW_OVER_TCP, &out->verdict);
    out->acts = audience->acted_on;
    if (!out->acts)
        return true;
    sw_match_hits(match, audience, winner, &hits);
    sw_emit_draft(&ev, &hits, is_by_name(&hits), qstate, reply, &out->further);
    out->event = regional_alloc_init(qstate->region, &ev, sw_event_size(&ev));
    return out->event;
}

size_t sw_outcomes_make(const struct sw_module *module, const struct module_qstate *qstate,
                        const struct sw_match *match, const struct reply_info *reply,
                        struct sw_outcome **out)
{
    size_t most = 1, n = 0;
    if (match->audiences_n > 1 || sw_decide_by_transport(&match->audience[0]))
        most = SW_OVER_COUNT * match->audiences_n;
    struct sw_outcome *outcomes = regional_alloc(qstate->region, most * sizeof(*outcomes));
    *out = outcomes;
    for (size_t p = 0; outcomes && p < match->audiences_n; p++) {
        const struct sw_audience *audience = &match->audience[p];
        bool by = sw_decide_by_transport(audience);
        unsigned over = by ? SW_OVER_BIT(SW_OVER_UDP) : SW_OVER_ANY;
        if (!make_outcome(module, qstate, match, audience, over, reply, &outcomes[n++]))
            return 0;
        if (by && !make_outcome(module, qstate, match, audience, SW_OVER_BIT(SW_OVER_TCP), reply,
                                &outcomes[n++]))
            return 0;
    }
    return n;
}

struct sw_outcome *sw_outcome_of(const struct sw_groups *groups, struct sw_outcome *outcomes,
                                 size_t n, const struct sw_client *client)
{
    size_t i = 0;
    if (n > 1) {
        unsigned group = sw_groups_of(groups, &client->addr);
        while (i + 1 < n && !((outcomes[i].groups >> group & 1) &&
                              (outcomes[i].over & SW_OVER_BIT(sw_client_over(client)))))
            i++;
    }
    return &outcomes[i];
}

/* Start the subquery for a walled garden, of the client's type. False: not possible. */
static bool ask_for(struct module_qstate *qstate, struct sw_outcome *one)
{
    struct query_info ask = qstate->qinfo;
    struct module_qstate *sub = NULL;
    ask.qname = one->verdict.cname.wire;
    ask.qname_len = one->verdict.cname.len;
    ask.qclass = LDNS_RR_CLASS_IN;
    ask.local_alias = NULL;
    uint16_t flags = (uint16_t)(BIT_RD | (qstate->query_flags & BIT_CD));
    return sw_ub_attach_sub(qstate, &ask, flags, &sub);
}

bool sw_outcomes_ask_gardens(struct module_qstate *qstate, struct sw_outcome *outcomes, size_t n)
{
    bool asked = false;
    for (size_t i = 0; i < n; i++) {
        if (outcomes[i].verdict.taken != SW_ACTION_CNAME || outcomes[i].tried ||
            qstate->qinfo.qtype == LDNS_RR_TYPE_CNAME)
            continue;
        outcomes[i].tried = true;
        outcomes[i].waiting = ask_for(qstate, &outcomes[i]);
        asked |= outcomes[i].waiting;
    }
    return asked;
}

/* The answer for a walled garden, NULL when resolution failed. */
static struct reply_info *garden_reply(const struct module_qstate *garden)
{
    struct reply_info *reply = garden->return_msg ? garden->return_msg->rep : NULL;
    if (!reply || garden->return_rcode != LDNS_RCODE_NOERROR ||
        FLAGS_GET_RCODE(reply->flags) == LDNS_RCODE_SERVFAIL ||
        (reply->security == sec_status_bogus && garden->env->need_to_validate))
        return NULL;
    return reply;
}

void sw_outcomes_take_garden(const struct module_qstate *garden, struct module_qstate *super,
                             struct sw_outcome *outcomes, size_t n)
{
    struct reply_info *reply = garden_reply(garden);
    for (size_t i = 0; i < n; i++) {
        struct sw_outcome *one = &outcomes[i];
        if (!one->waiting || !sw_name_equal(one->verdict.cname.wire, garden->qinfo.qname))
            continue;
        one->waiting = false;
        if (reply) /* each outcome has its own copy, since sending changes the reply */
            one->garden = reply_info_copy(reply, NULL, super->region);
    }
}

static bool same_garden(const struct sw_outcome *one, const struct sw_outcome *other)
{
    return one->verdict.taken == SW_ACTION_CNAME && other->verdict.taken == SW_ACTION_CNAME &&
           other->tried && sw_name_equal(one->verdict.cname.wire, other->verdict.cname.wire);
}

void sw_outcomes_inherit(const struct module_qstate *qstate, struct sw_outcome *outcomes, size_t n,
                         const struct sw_outcome *former, size_t former_n)
{
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < former_n && !outcomes[i].tried; j++) {
            if (!same_garden(&outcomes[i], &former[j]))
                continue;
            outcomes[i].tried = true;
            outcomes[i].waiting = former[j].waiting;
            if (former[j].garden)
                outcomes[i].garden = reply_info_copy(former[j].garden, NULL, qstate->region);
        }
}

const struct sw_name *sw_outcomes_failed_garden(const struct sw_outcome *outcomes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (outcomes[i].tried && !outcomes[i].waiting && !outcomes[i].garden)
            return &outcomes[i].verdict.cname;
    return NULL;
}

bool sw_outcomes_wait(const struct sw_outcome *outcomes, size_t n)
{
    bool waits = false;
    for (size_t i = 0; i < n; i++)
        waits |= outcomes[i].waiting;
    return waits;
}
