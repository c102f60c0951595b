/*
 * cases.h - what the clients of one query get, where that differs by client group or transport.
 *
 * Mostly there is one case, for all clients. When a rule that matched is for some client groups only
 * there is one for each part of the groups (flow/match.h), and two of each where the transport makes a
 * difference. Each holds copies, so that clients who join later are served without another look at the
 * lists. Each has its own walled garden.
 *
 * Threads      the worker that owns the query state
 * Memory       the query's region
 */
#ifndef SW_HOST_CASES_H
#define SW_HOST_CASES_H

#include "flow/stage.h"
#include "flow/ub.h"
#include "host/module.h"

struct sw_case {
    uint32_t groups; /* bit i: group i */
    unsigned over;   /* transports: a set of SW_OVER_BIT */
    struct sw_verdict verdict;
    struct sw_event *event;    /* NULL: nothing matched */
    bool acts;                 /* a list of kind ioc is among what matched: a hit */
    struct reply_info *garden; /* NULL: not resolved */
    bool waiting;              /* for the garden */
    bool tried;                /* to resolve it; not again */
};

/**
 * Make a case for each part of a match, or two where the transport makes a difference, with events about
 * the question and reply (NULL: there is none). Inside the RCU section of the match.
 *
 * out  the cases, in the query's region
 * Returns how many; 0: out of memory.
 */
size_t sw_cases_make(const struct sw_module *module, const struct module_qstate *qstate,
                     const struct sw_match *match, const struct reply_info *reply,
                     struct sw_case **out);

/** The case of this client's group and transport. n is not 0. */
struct sw_case *sw_case_of(const struct sw_groups *groups, struct sw_case *cases, size_t n,
                           const struct sw_client *client);

/** Ask for the walled gardens that are wanted and not there, for the query's type. Returns whether
 * there is any to wait for. */
bool sw_cases_ask_gardens(struct module_qstate *qstate, struct sw_case *cases, size_t n);

/** A garden was resolved, or could not be: give what there is to the cases of super that wait for
 * it. */
void sw_cases_take_garden(const struct module_qstate *garden, struct module_qstate *super,
                          struct sw_case *cases, size_t n);

/** Judged anew, a case keeps the garden that it was sent to before. */
void sw_cases_inherit(const struct module_qstate *qstate, struct sw_case *cases, size_t n,
                      const struct sw_case *former, size_t former_n);

/** The walled garden that was asked for and gave nothing, NULL: none. */
const struct sw_name *sw_cases_failed_garden(const struct sw_case *cases, size_t n);

/** Whether some case still waits for its garden. */
bool sw_cases_wait(const struct sw_case *cases, size_t n);

#endif
