#include "host/emit.h"

#include "flow/draft.h"
#include "flow/query.h"
#include "flow/ub.h"
#include "host/delegation.h"

#include <string.h>

int64_t sw_emit_now(const struct module_qstate *qstate)
{
    return (int64_t)qstate->env->now_tv->tv_sec * 1000000 + qstate->env->now_tv->tv_usec;
}

/* ---- drafts ---- */

struct drafting {
    struct sw_event *ev;
    struct sw_rest *rest; /* NULL: addresses without room are left out */
};

static void draft_alias(void *arg, const uint8_t *name, size_t len)
{
    const struct drafting *drafting = arg;
    sw_draft_alias(drafting->ev, name, len);
}

static void draft_addr(void *arg, const struct sw_addr *addr)
{
    const struct drafting *drafting = arg;
    if (!sw_draft_addr(drafting->ev, addr) && drafting->rest)
        sw_rest_addr(drafting->rest, addr);
}

/* Whether ownership looks at the addresses of an event (journal/history/sight.c). */
static bool is_observed(enum sw_event_type type, const struct sw_hits *hits)
{
    if (type == SW_EVENT_ANSWER)
        return true;
    const struct sw_found *winner = hits->winner || hits->n == 0 ? hits->winner : hits->rule[0];
    return winner &&
           (winner->hit.list->kind == SW_KIND_IOC || winner->hit.list->kind == SW_KIND_WATCH);
}

/* Begin an event with question and rules. */
static void begin(struct sw_event *ev, enum sw_event_type type, const struct sw_hits *hits,
                  const struct query_info *qinfo, int64_t now_us)
{
    struct sw_question question;
    sw_query_question(qinfo, &question);
    sw_draft_begin(ev, type, now_us, &question, hits);
}

/* The same with the answer. Some further event may be incomplete: sw_rest_end(). */
static void draft(struct sw_event *ev, enum sw_event_type type, const struct sw_hits *hits,
                  const struct query_info *qinfo, int64_t now_us, const struct reply_info *reply,
                  struct sw_rest *rest)
{
    struct drafting drafting = {ev, rest && is_observed(type, hits) ? rest : NULL};
    const struct sw_walk walk = {&drafting, draft_alias, draft_addr};
    begin(ev, type, hits, qinfo, now_us);
    if (!reply)
        return;
    ev->flags |= SW_EVENT_RESOLVED;
    ev->rcode = sw_query_rcode(reply);
    ev->security = (uint8_t)sw_query_security(reply);
    if (rest)
        sw_rest_begin(rest, ev, hits);
    sw_query_walk(reply, &walk);
}

/* Further events on the way into a query's region. */
struct keeping {
    struct regional *region;
    struct sw_further **end;
};

static void keep(void *arg, struct sw_event *rest)
{
    struct keeping *keeping = arg;
    size_t size = sw_event_size(rest);
    struct sw_further *one =
        regional_alloc(keeping->region, offsetof(struct sw_further, event) + size);
    if (!one)
        return;
    one->next = NULL;
    memcpy(&one->event, rest, size);
    *keeping->end = one;
    keeping->end = &one->next;
}

void sw_emit_draft(struct sw_event *ev, const struct sw_hits *hits, bool by_name,
                   const struct module_qstate *qstate, const struct reply_info *reply,
                   struct sw_further **further)
{
    struct keeping keeping = {qstate->region, further};
    struct sw_rest rest;
    *further = NULL;
    if (!reply) { /* nothing was resolved: most blocked answers */
        begin(ev, SW_EVENT_HIT, hits, &qstate->qinfo, sw_emit_now(qstate));
        return;
    }
    sw_rest_init(&rest, keep, &keeping);
    draft(ev, SW_EVENT_HIT, hits, &qstate->qinfo, sw_emit_now(qstate), reply, &rest);
    if (by_name)
        sw_delegation_record(qstate, rest.begun ? sw_rest_next(&rest) : ev, &rest);
    sw_rest_end(&rest);
}

void sw_emit_draft_alone(struct sw_event *ev, const struct sw_hits *hits,
                         const struct module_qstate *qstate, const struct reply_info *reply)
{
    draft(ev, SW_EVENT_HIT, hits, &qstate->qinfo, sw_emit_now(qstate), reply, NULL);
}

/* ---- into the ring ---- */

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

static void put_hit(struct sw_module *module, unsigned worker, int64_t now_us,
                    struct sw_event *event, const struct sw_client *client,
                    const struct sw_verdict *verdict)
{
    sw_count(&module->counters.hits, 1);
    if (sw_verdict_rewrites(verdict))
        sw_count(&module->counters.rewritten, 1);
    put(module, worker, now_us, event, client, verdict);
}

void sw_emit_hit(struct sw_module *module, const struct module_qstate *qstate,
                 struct sw_event *event, struct sw_further *further, const struct sw_client *client,
                 const struct sw_verdict *verdict)
{
    put_hit(module, worker_of(qstate), sw_emit_now(qstate), event, client, verdict);
    if (event->flags & SW_EVENT_EXPIRED)
        return; /* not a present sight (D-138) */
    for (; further; further = further->next)
        put(module, worker_of(qstate), sw_emit_now(qstate), &further->event, NULL, NULL);
}

/* Further events on the way into a worker's ring. */
struct putting {
    struct sw_module *module;
    unsigned worker;
    int64_t now_us;
};

static void put_further(void *arg, struct sw_event *rest)
{
    const struct putting *putting = arg;
    put(putting->module, putting->worker, putting->now_us, rest, NULL, NULL);
}

/* The further events of an answer, behind the event itself in the ring: the answer is drafted a
 * second time. */
static void put_rest(const struct putting *putting, enum sw_event_type type,
                     const struct sw_hits *hits, const struct query_info *qinfo,
                     const struct reply_info *reply)
{
    struct sw_event again;
    struct putting to = *putting;
    struct sw_rest rest;
    sw_rest_init(&rest, put_further, &to);
    draft(&again, type, hits, qinfo, putting->now_us, reply, &rest);
    sw_rest_end(&rest);
}

void sw_emit_cached_hit(struct sw_module *module, int64_t now_us, const struct sw_hits *hits,
                        const struct query_info *qinfo, const struct reply_info *reply,
                        const struct sw_client *client, const struct sw_verdict *verdict)
{
    const struct putting to = {module, (unsigned)log_thread_get(), now_us};
    struct sw_event ev;
    draft(&ev, SW_EVENT_HIT, hits, qinfo, now_us, reply, NULL);
    if (reply->ttl < now_us / 1000000)
        ev.flags |= SW_EVENT_EXPIRED;
    bool whole = !(ev.flags & SW_EVENT_TRUNCATED) || ev.flags & SW_EVENT_EXPIRED;
    put_hit(module, to.worker, now_us, &ev, client, verdict);
    if (!whole)
        put_rest(&to, SW_EVENT_HIT, hits, qinfo, reply);
}

/* The event of an answer with the name servers of a watched name, and further events behind it. An
 * event that is full has the name servers in further events. These are recorded before the event is
 * put, so that the event can say how many were not judged (D-253). */
static void put_served(const struct putting *putting, const struct module_qstate *qstate,
                       struct sw_event *ev, const struct sw_hits *hits,
                       const struct reply_info *reply)
{
    bool whole = !(ev->flags & SW_EVENT_TRUNCATED);
    struct putting to = *putting;
    struct sw_further *further = NULL;
    struct keeping keeping = {qstate->region, &further};
    struct sw_rest rest;
    sw_rest_init(&rest, keep, &keeping);
    sw_rest_begin(&rest, ev, hits);
    sw_delegation_record(qstate, whole ? ev : sw_rest_next(&rest), &rest);
    sw_rest_end(&rest);
    put(to.module, to.worker, to.now_us, ev, NULL, NULL);
    if (!whole)
        put_rest(&to, SW_EVENT_ANSWER, hits, &qstate->qinfo, reply);
    for (; further; further = further->next)
        put_further(&to, &further->event);
}

void sw_emit_answer(struct sw_module *module, struct module_qstate *qstate,
                    const struct sw_judgement *j, const struct reply_info *reply)
{
    const struct putting to = {module, worker_of(qstate), sw_emit_now(qstate)};
    struct sw_event ev;
    struct sw_hits hits;
    sw_match_hits(&j->match, NULL, NULL, &hits);
    draft(&ev, SW_EVENT_ANSWER, &hits, &qstate->qinfo, to.now_us, reply, NULL);
    if (j->match.watched) {
        put_served(&to, qstate, &ev, &hits, reply);
        return;
    }
    put(module, to.worker, to.now_us, &ev, NULL, NULL);
    if (ev.flags & SW_EVENT_TRUNCATED)
        put_rest(&to, SW_EVENT_ANSWER, &hits, &qstate->qinfo, reply);
}
