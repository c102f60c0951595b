#include "host/doomed.h"

#include "flow/query.h"
#include "flow/ub.h"
#include "host/module.h"
#include "host/remember.h"

void sw_doomed_init(struct sw_doomed *doomed)
{
    pthread_mutex_init(&doomed->lock, NULL);
    atomic_init(&doomed->n, 0);
}

void sw_doomed_clear(struct sw_doomed *doomed)
{
    pthread_mutex_destroy(&doomed->lock);
}

void sw_doomed_note(struct sw_module *module, const struct query_info *qinfo)
{
    struct sw_doomed *doomed = &module->doomed;
    pthread_mutex_lock(&doomed->lock);
    unsigned n = atomic_load_explicit(&doomed->n, memory_order_relaxed);
    struct sw_doomed_question *to = &doomed->question[n];
    bool noted =
        n < SW_DOOMED_MAX && sw_name_copy(qinfo->qname, qinfo->qname_len, &to->name) == SW_OK;
    if (noted) {
        to->qtype = qinfo->qtype;
        to->qclass = qinfo->qclass;
        atomic_store_explicit(&doomed->n, n + 1, memory_order_relaxed);
    }
    pthread_mutex_unlock(&doomed->lock);
    if (noted)
        sw_feed_call(module->feed);
}

/* Take the last question off the list; false: there is none. */
static bool take(struct sw_doomed *doomed, struct sw_doomed_question *out)
{
    pthread_mutex_lock(&doomed->lock);
    unsigned n = atomic_load_explicit(&doomed->n, memory_order_relaxed);
    if (n > 0) {
        *out = doomed->question[n - 1];
        atomic_store_explicit(&doomed->n, n - 1, memory_order_relaxed);
    }
    pthread_mutex_unlock(&doomed->lock);
    return n > 0;
}

void sw_doomed_remove(void *arg)
{
    struct sw_module *module = arg;
    struct sw_doomed_question question;
    while (sw_doomed_any(&module->doomed) && take(&module->doomed, &question)) {
        struct query_info qinfo = {.qname = question.name.wire,
                                   .qname_len = question.name.len,
                                   .qtype = question.qtype,
                                   .qclass = question.qclass};
        sw_remember_uncache(module->env, &qinfo, 0);
        sw_remember_uncache(module->env, &qinfo, BIT_CD);
    }
}
