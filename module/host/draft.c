#include "host/draft.h"

#include "flow/draft.h"
#include "flow/query.h"
#include "flow/ub.h"

int64_t sw_draft_now(const struct module_qstate *qstate)
{
    return (int64_t)qstate->env->now_tv->tv_sec * 1000000 + qstate->env->now_tv->tv_usec;
}

static void draft_alias(void *arg, const uint8_t *name, size_t len)
{
    sw_record_alias(arg, name, len);
}

static void draft_addr(void *arg, const struct sw_addr *addr)
{
    sw_record_addr(arg, addr);
}

void sw_draft_at(struct sw_event *ev, enum sw_event_type type, const struct sw_hits *hits,
                 const struct query_info *qinfo, int64_t now_us, const struct reply_info *reply)
{
    const struct sw_walk walk = {ev, draft_alias, draft_addr};
    struct sw_question question;
    sw_query_question(qinfo, &question);
    sw_record_draft(ev, type, now_us, &question, hits);
    if (!reply)
        return;
    ev->flags |= SW_EVENT_RESOLVED;
    ev->rcode = sw_query_rcode(reply);
    ev->security = (uint8_t)sw_query_security(reply);
    sw_query_walk(reply, &walk);
}

void sw_draft(struct sw_event *ev, enum sw_event_type type, const struct sw_hits *hits,
              const struct module_qstate *qstate, const struct reply_info *reply)
{
    sw_draft_at(ev, type, hits, &qstate->qinfo, sw_draft_now(qstate), reply);
}
