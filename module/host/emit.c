#include "host/emit.h"

#include "flow/record.h"
#include "host/delegation.h"
#include "host/draft.h"

/* Put an event into this worker's ring. */
static void put(struct sw_module *module, const struct module_qstate *qstate, struct sw_event *ev,
                const struct sw_client *client, const struct sw_verdict *verdict)
{
    struct sw_ring *ring =
        sw_journal_ring(module->journal, (unsigned)qstate->env->alloc->thread_num);
    sw_record_client(ring, ev, sw_draft_now(qstate), client, verdict);
    if (!ring)
        sw_journal_lost(module->journal, 1);
}

void sw_emit_hit(struct sw_module *module, const struct module_qstate *qstate,
                 struct sw_event *event, const struct sw_client *client,
                 const struct sw_verdict *verdict)
{
    sw_count(&module->counters.hits, 1);
    if (sw_verdict_rewrites(verdict))
        sw_count(&module->counters.rewritten, 1);
    put(module, qstate, event, client, verdict);
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
    put(module, qstate, &ev, NULL, NULL);
}
