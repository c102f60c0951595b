/*
 * outcome.h - outcomes: the verdicts for the clients of a query, by client group and transport.
 *
 * Mostly a single outcome serves all clients. If a rule that matched is limited to some client
 * groups, there is an outcome for each audience of the groups (flow/match.h). If the transport
 * makes a difference, there are two outcomes for each audience. Outcomes hold copies, so that
 * clients that join later are served without another look-up. Each outcome has its own walled
 * garden.
 *
 * Threads      the worker that owns the query state
 * Memory       the query's region
 */
#ifndef SW_HOST_OUTCOME_H
#define SW_HOST_OUTCOME_H

#include "flow/stage.h"
#include "flow/ub.h"
#include "host/module.h"

struct sw_outcome {
    uint32_t groups;            /* bit i: group i */
    unsigned over;              /* set of SW_OVER_BIT */
    struct sw_event *event;     /* NULL: no list of kind ioc matched */
    struct sw_further *further; /* addresses that the event has no room for, NULL: none */
    /* likewise for all clients with rules of their own, drafted for the first of them */
    struct sw_further *of_clients;
    bool acts;                 /* some list of kind ioc matched: a hit */
    struct reply_info *garden; /* answer of the walled garden, NULL: not resolved */
    bool waiting;              /* the walled garden is being resolved */
    bool tried;                /* resolution of the garden was started; not repeated */
    struct sw_verdict verdict; /* last, since long and filled by sw_decide() */
};

/**
 * Make an outcome for each audience of a match, or two where the transport makes a difference. The
 * events are about the question and reply (NULL: no answer yet). Inside the RCU section of the
 * match.
 *
 * out  the outcomes, in the query's region
 * Returns the number of outcomes; 0: out of memory.
 */
size_t sw_outcomes_make(const struct sw_module *module, const struct module_qstate *qstate,
                        const struct sw_match *match, const struct reply_info *reply,
                        struct sw_outcome **out);

/** The outcome for a client's group and transport. n is not 0. */
struct sw_outcome *sw_outcome_of(const struct sw_groups *groups, struct sw_outcome *outcomes,
                                 size_t n, const struct sw_client *client);

/** Start a subquery, of the query's type, for each walled garden that is needed and was not
 * tried. Returns whether some subquery was started. */
bool sw_outcomes_ask_gardens(struct module_qstate *qstate, struct sw_outcome *outcomes, size_t n);

/** A subquery for a walled garden has ended: give a copy of the garden's answer, if any, to each
 * outcome of super that waits for this garden. */
void sw_outcomes_take_garden(const struct module_qstate *garden, struct module_qstate *super,
                             struct sw_outcome *outcomes, size_t n);

/** After outcomes were rebuilt: take over the resolved gardens of the former outcomes. */
void sw_outcomes_inherit(const struct module_qstate *qstate, struct sw_outcome *outcomes, size_t n,
                         const struct sw_outcome *former, size_t former_n);

/** The name of a walled garden that could not be resolved, NULL: none. */
const struct sw_name *sw_outcomes_failed_garden(const struct sw_outcome *outcomes, size_t n);

/** Whether some outcome still waits for a walled garden. */
bool sw_outcomes_wait(const struct sw_outcome *outcomes, size_t n);

#endif
