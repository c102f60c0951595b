/*
 * client_outcome.h - the verdict for a single client, while some list has trigger `client`.
 *
 * An outcome (outcome.h) is the verdict for a client's group, reached from question and answer.
 * When a reply is sent to a client, the rules that match the client's address are looked up. If
 * there is such a rule, question and answer are judged once more together with the client's rules,
 * which belong to the first stage (match.h). So the verdict does not depend on the time at which
 * the client joined the query. Without such a rule, the client gets the outcome unchanged.
 *
 * Threads      the worker that owns the query state; opens an RCU section of its own
 * Memory       struct sw_client_outcome: the caller's stack; gardens: the query's region
 * Decision     D-056
 */
#ifndef SW_HOST_CLIENT_OUTCOME_H
#define SW_HOST_CLIENT_OUTCOME_H

#include "base/event.h"
#include "host/module.h"
#include "host/outcome.h"

/* Walled gardens from rules with trigger `client`, for all clients of a query. When there are
 * more different gardens, the clients of the others get the alias alone. */
#define SW_CLIENT_GARDENS_MAX 8

struct sw_client_outcome {
    const struct sw_outcome *one; /* of the client's group and transport */
    struct sw_verdict verdict;    /* verdict for this client */
    bool judged;                  /* a rule matches the client's address */
    /* the event to record, NULL for none; points to the outcome's event or to made_event */
    struct sw_event *event;
    struct sw_further *further; /* of this event, NULL: none */
    struct sw_event made_event;
};

/** Fill *own for a client. by_client: some list had trigger `client` when the answer was judged.
 * truth: the true answer, NULL when there is none. */
void sw_client_outcome_judge(const struct sw_module *module, const struct module_qstate *qstate,
                             struct sw_outcome *one, bool by_client, const struct sw_client *client,
                             const struct reply_info *truth, struct sw_client_outcome *outcome);

/** Make an outcome from a client's own verdict and event, copied into the region. False when out of
 * memory. */
bool sw_client_outcome_copy(const struct module_qstate *qstate,
                            const struct sw_client_outcome *outcome, struct sw_outcome *out);

/** Append the walled garden that the client's own verdict needs to gardens[0..n), unless
 * present. Returns the new n. gardens has room for SW_CLIENT_GARDENS_MAX. */
size_t sw_client_outcome_note_garden(const struct sw_client_outcome *outcome,
                                     struct sw_outcome *gardens, size_t n);

/** The walled garden's answer for a client, NULL when there is none. */
const struct reply_info *sw_client_outcome_garden(const struct sw_client_outcome *outcome,
                                                  const struct sw_outcome *gardens, size_t n);

#endif
