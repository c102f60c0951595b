#include "host/doomed.h"

#include "flow/ub.h"
#include "host/module.h"
#include "host/remember.h"

/* Change the state of a place; false: another thread did. */
static bool change(struct sw_doomed_place *place, unsigned from, unsigned to)
{
    return atomic_compare_exchange_strong_explicit(&place->state, &from, to, memory_order_acquire,
                                                   memory_order_relaxed);
}

static void leave(struct sw_doomed_place *place, unsigned state)
{
    atomic_store_explicit(&place->state, state, memory_order_release);
}

/* Returns false when the name is none. */
static bool fill(struct sw_doomed_question *question, const struct query_info *qinfo)
{
    question->qtype = qinfo->qtype;
    question->qclass = qinfo->qclass;
    return sw_name_copy(qinfo->qname, qinfo->qname_len, &question->name) == SW_OK;
}

void sw_doomed_note(struct sw_module *module, const struct query_info *qinfo)
{
    struct sw_doomed *doomed = &module->doomed;
    for (size_t i = 0; i < SW_DOOMED_MAX; i++) {
        struct sw_doomed_place *place = &doomed->place[i];
        if (!change(place, SW_DOOMED_EMPTY, SW_DOOMED_BUSY))
            continue;
        leave(place, fill(&place->question, qinfo) ? SW_DOOMED_FULL : SW_DOOMED_EMPTY);
        atomic_store_explicit(&doomed->any, true, memory_order_release);
        break;
    }
    sw_journal_wake(module->journal);
}

static void remove_message(struct sw_module *module, struct sw_doomed_question *question)
{
    struct query_info qinfo = {.qname = question->name.wire,
                               .qname_len = question->name.len,
                               .qtype = question->qtype,
                               .qclass = question->qclass};
    sw_remember_uncache(module->env, &qinfo, 0);
    sw_remember_uncache(module->env, &qinfo, BIT_CD);
}

void sw_doomed_remove(struct sw_module *module)
{
    struct sw_doomed *doomed = &module->doomed;
    if (!atomic_load_explicit(&doomed->any, memory_order_relaxed) ||
        !atomic_exchange_explicit(&doomed->any, false, memory_order_acquire))
        return;
    for (size_t i = 0; i < SW_DOOMED_MAX; i++) {
        struct sw_doomed_place *place = &doomed->place[i];
        if (change(place, SW_DOOMED_FULL, SW_DOOMED_BUSY)) {
            remove_message(module, &place->question);
            leave(place, SW_DOOMED_EMPTY);
        }
    }
}
