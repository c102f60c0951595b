#include "host/outcome.h"

#include "flow/decide.h"
#include "flow/match.h"
#include "host/draft.h"

/* Make the case for a part and a set of transports. False when out of memory. */
static bool make_case(const struct sw_module *module, const struct module_qstate *qstate,
                      const struct sw_match *match, const struct sw_part *part, unsigned over,
                      const struct reply_info *reply, struct sw_case *out)
{
    struct sw_event ev;
    struct sw_hits hits;
    out->groups = part->groups;
    out->over = over;
    const struct sw_found *winner =
        sw_decide(&module->flow, part, over & SW_OVER_BIT(SW_OVER_UDP) ? SW_OVER_UDP : SW_OVER_TCP,
                  &out->verdict);
    out->acts = part->acted_on;
    if (!out->acts)
        return true;
    sw_match_hits(match, part, winner, &hits);
    sw_draft(&ev, SW_EVENT_HIT, &hits, qstate, reply);
    out->event = regional_alloc_init(qstate->region, &ev, sw_event_size(&ev));
    return out->event;
}

size_t sw_cases_make(const struct sw_module *module, const struct module_qstate *qstate,
                     const struct sw_match *match, const struct reply_info *reply,
                     struct sw_case **out)
{
    size_t most = 1, n = 0;
    if (match->parts_n > 1 || sw_decide_by_transport(&match->part[0]))
        most = SW_OVER_COUNT * match->parts_n;
    struct sw_case *cases = regional_alloc_zero(qstate->region, most * sizeof(*cases));
    *out = cases;
    for (size_t p = 0; cases && p < match->parts_n; p++) {
        const struct sw_part *part = &match->part[p];
        bool by = sw_decide_by_transport(part);
        unsigned over = by ? SW_OVER_BIT(SW_OVER_UDP) : SW_OVER_ANY;
        if (!make_case(module, qstate, match, part, over, reply, &cases[n++]))
            return 0;
        if (by &&
            !make_case(module, qstate, match, part, SW_OVER_BIT(SW_OVER_TCP), reply, &cases[n++]))
            return 0;
    }
    return n;
}

struct sw_case *sw_case_of(const struct sw_groups *groups, struct sw_case *cases, size_t n,
                           const struct sw_client *client)
{
    size_t i = 0;
    if (n > 1) {
        unsigned group = sw_groups_of(groups, &client->addr);
        while (i + 1 < n && !((cases[i].groups >> group & 1) &&
                              (cases[i].over & SW_OVER_BIT(sw_client_over(client)))))
            i++;
    }
    return &cases[i];
}

/* Start the subquery for a walled garden, of the client's type. False: not possible. */
static bool ask_for(struct module_qstate *qstate, struct sw_case *one)
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

bool sw_cases_ask_gardens(struct module_qstate *qstate, struct sw_case *cases, size_t n)
{
    bool asked = false;
    for (size_t i = 0; i < n; i++) {
        if (cases[i].verdict.taken != SW_ACTION_CNAME || cases[i].tried ||
            qstate->qinfo.qtype == LDNS_RR_TYPE_CNAME)
            continue;
        cases[i].tried = true;
        cases[i].waiting = ask_for(qstate, &cases[i]);
        asked |= cases[i].waiting;
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

void sw_cases_take_garden(const struct module_qstate *garden, struct module_qstate *super,
                          struct sw_case *cases, size_t n)
{
    struct reply_info *reply = garden_reply(garden);
    for (size_t i = 0; i < n; i++) {
        struct sw_case *one = &cases[i];
        if (!one->waiting || !sw_name_equal(one->verdict.cname.wire, garden->qinfo.qname))
            continue;
        one->waiting = false;
        if (reply) /* each case has its own copy, since sending changes the reply */
            one->garden = reply_info_copy(reply, NULL, super->region);
    }
}

static bool same_garden(const struct sw_case *one, const struct sw_case *other)
{
    return one->verdict.taken == SW_ACTION_CNAME && other->verdict.taken == SW_ACTION_CNAME &&
           other->tried && sw_name_equal(one->verdict.cname.wire, other->verdict.cname.wire);
}

void sw_cases_inherit(const struct module_qstate *qstate, struct sw_case *cases, size_t n,
                      const struct sw_case *former, size_t former_n)
{
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < former_n && !cases[i].tried; j++) {
            if (!same_garden(&cases[i], &former[j]))
                continue;
            cases[i].tried = true;
            cases[i].waiting = former[j].waiting;
            if (former[j].garden)
                cases[i].garden = reply_info_copy(former[j].garden, NULL, qstate->region);
        }
}

const struct sw_name *sw_cases_failed_garden(const struct sw_case *cases, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (cases[i].tried && !cases[i].waiting && !cases[i].garden)
            return &cases[i].verdict.cname;
    return NULL;
}

bool sw_cases_wait(const struct sw_case *cases, size_t n)
{
    bool waits = false;
    for (size_t i = 0; i < n; i++)
        waits |= cases[i].waiting;
    return waits;
}
