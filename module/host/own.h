/*
 * own.h - what one client gets, where lists with trigger `client` are in force.
 *
 * The case of its group (cases.h) is what the question and the answer gave. When a client is served, the
 * rules about the client itself are looked up. Where there is one, question and answer are judged
 * once more, with these rules among those of the first stage, so that it makes no difference when the
 * client came to wait. Without such a rule it is the case, as it is.
 *
 * Threads      the worker that owns the query state; opens an RCU section of its own
 * Memory       struct sw_own: the caller's stack; gardens: the query's region
 */
#ifndef SW_HOST_OWN_H
#define SW_HOST_OWN_H

#include "base/event.h"
#include "host/cases.h"
#include "host/module.h"

/* Walled gardens of rules about clients, for all who wait for one query. More clients than that, with
 * as many different gardens, get the alias alone. */
#define SW_OWN_GARDENS_MAX 8

struct sw_own {
    const struct sw_case *one; /* of the client's group and transport */
    struct sw_verdict verdict; /* what it gets */
    bool judged;               /* for the client alone: a rule is about it */
    struct sw_event *event;    /* NULL: no list acts on it. The case's, or the next: */
    struct sw_event own_event;
};

/** Judge for one client. by_client: lists of clients were in force when the answer was judged.
 * truth: the true answer, NULL when there is none. */
void sw_own_judge(const struct sw_module *module, const struct module_qstate *qstate,
                  const struct sw_case *one, bool by_client, const struct sw_client *client,
                  const struct reply_info *truth, struct sw_own *own);

/** The case that a client gets alone: its own verdict and event, copied into the region. False when
 * out of memory. */
bool sw_own_case(const struct module_qstate *qstate, const struct sw_own *own, struct sw_case *out);

/** Note the walled garden that an own verdict needs, among n that are noted; returns how many are
 * then. gardens has room for SW_OWN_GARDENS_MAX. */
size_t sw_own_note_garden(const struct sw_own *own, struct sw_case *gardens, size_t n);

/** The garden's answer for a client, NULL when there is none. */
const struct reply_info *sw_own_garden(const struct sw_own *own, const struct sw_case *gardens,
                                       size_t n);

#endif
