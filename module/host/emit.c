#include "host/emit.h"

#include "flow/draft.h"
#include "host/delegation.h"
#include "host/draft.h"

/* Put an event into the ring of a worker. */
static void put(struct sw_module *module, unsigned worker, int64_t now_us, struct sw_event *ev,
                const struct sw_client *client, const struct sw_verdict *verdict)
{
    struct sw_ring *ring = sw_journal_ring(module->journal, worker);
    sw_record_client(ring, ev, now_us, client, verdict);
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
    sw_emit_hit_at(module, worker_of(qstate), sw_draft_now(qstate), event, client, verdict);
}

void sw_emit_answer(struct sw_module *module, struct module_qstate *qstate,
                    const struct sw_weighing *j, const struct reply_info *reply)
{
    struct sw_event ev;
    struct sw_hits hits;
    sw_match_hits(&j->match, NULL, NULL, &hits);
    sw_draft(&ev, SW_EVENT_ANSWER, &hits, qstate, reply);
    if (j->match.watched)
        sw_delegation_record(qstate, &ev);
    put(module, worker_of(qstate), sw_draft_now(qstate), &ev, NULL, NULL);
}
