#include "host/emit.h"

#include "flow/draft.h"
#include "flow/query.h"
#include "flow/ub.h"
#include "host/delegation.h"

int64_t sw_emit_now(const struct module_qstate *qstate)
{
    return (int64_t)qstate->env->now_tv->tv_sec * 1000000 + qstate->env->now_tv->tv_usec;
}

static void draft_alias(void *arg, const uint8_t *name, size_t len)
{
    sw_draft_alias(arg, name, len);
}

static void draft_addr(void *arg, const struct sw_addr *addr)
{
    sw_draft_addr(arg, addr);
}

void sw_emit_draft_at(struct sw_event *ev, enum sw_event_type type, const struct sw_hits *hits,
                      const struct query_info *qinfo, int64_t now_us,
                      const struct reply_info *reply)
{
    const struct sw_walk walk = {ev, draft_alias, draft_addr};
    struct sw_question question;
    sw_query_question(qinfo, &question);
    sw_draft_begin(ev, type, now_us, &question, hits);
    if (!reply)
        return;
    ev->flags |= SW_EVENT_RESOLVED;
    ev->rcode = sw_query_rcode(reply);
    ev->security = (uint8_t)sw_query_security(reply);
    sw_query_walk(reply, &walk);
}

void sw_emit_draft(struct sw_event *ev, enum sw_event_type type, const struct sw_hits *hits,
                   const struct module_qstate *qstate, const struct reply_info *reply)
{
    sw_emit_draft_at(ev, type, hits, &qstate->qinfo, sw_emit_now(qstate), reply);
}

/* Put an event into the ring of a worker. */
static void put(struct sw_module *module, unsigned worker, int64_t now_us, struct sw_event *ev,
                const struct sw_client *client, const struct sw_verdict *verdict)
{
    struct sw_ring *ring = sw_journal_ring(module->journal, worker);
    sw_draft_put(ring, ev, now_us, client, verdict);
    if (!ring)
        sw_journal_lost(module->journal, 1);
}

static unsigned worker_of(const struct module_qstate *qstate)
{
    return (unsigned)qstate->env->alloc->thread_num;
}

void sw_emit_hit_at(struct sw_module *module, unsigned worker, int64_t now_us,
                    struct sw_event *event, const struct sw_client *client,
                    const struct sw_verdict *verdict)
{
    sw_count(&module->counters.hits, 1);
    if (sw_verdict_rewrites(verdict))
        sw_count(&module->counters.rewritten, 1);
    put(module, worker, now_us, event, client, verdict);
}

void sw_emit_hit(struct sw_module *module, const struct module_qstate *qstate,
                 struct sw_event *event, const struct sw_client *client,
                 const struct sw_verdict *verdict)
{
    sw_emit_hit_at(module, worker_of(qstate), sw_emit_now(qstate), event, client, verdict);
}

void sw_emit_answer(struct sw_module *module, struct module_qstate *qstate,
                    const struct sw_judgement *j, const struct reply_info *reply)
{
    struct sw_event ev;
    struct sw_hits hits;
    sw_match_hits(&j->match, NULL, NULL, &hits);
    sw_emit_draft(&ev, SW_EVENT_ANSWER, &hits, qstate, reply);
    if (j->match.watched)
        sw_delegation_record(qstate, &ev);
    put(module, worker_of(qstate), sw_emit_now(qstate), &ev, NULL, NULL);
}
