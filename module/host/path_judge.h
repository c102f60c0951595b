/*
 * path_judge.h - the judgements on the path of a query, kept in the query's state.
 *
 * Shared by path.c (operate and upstream responses) and path_reply.c (replies to clients).
 *
 * Threads      the worker that owns the query state
 * Memory       the query's region
 */
#ifndef SW_HOST_PATH_JUDGE_H
#define SW_HOST_PATH_JUDGE_H

#include "host/judge.h"
#include "host/module.h"
#include "host/state.h"

/** The state of a query, made by the first call. NULL: out of memory. */
struct path_state *sw_path_state(struct module_qstate *qstate, int id);

/** Keep a judgement in the query's state, as copies. Inside the RCU section of the judgement. False
 * when out of memory. */
bool sw_path_keep(struct sw_module *module, struct module_qstate *qstate, int id,
                  const struct sw_judgement *j, const struct reply_info *reply);

/**
 * Judge a question, with the answer if there is any, in an RCU section. A hit or a private answer
 * is kept in the query's state. A complete answer (whole) is also reported to ownership tracking;
 * if the answer was held only as a precaution, the answer is stored now.
 *
 * private  set in any case: whether Unbound must not serve the answer from the message cache
 * Returns whether a judgement was kept; if not, there was no hit, or no memory.
 */
bool sw_path_judge(struct sw_module *module, struct module_qstate *qstate, int id,
                   struct reply_info *reply, bool whole, bool *private);

/** Whether the name or the answer is a hit for some client; reply may be NULL, and nothing is kept.
 * private  set: whether Unbound must not serve the answer from the message cache. */
bool sw_path_touched(const struct sw_module *module, const struct module_qstate *qstate,
                     const struct reply_info *reply, bool *private);

/** Remove the message of a query from the message cache, unless it is a remembered one
 * (remember.h). */
void sw_path_forget_message(struct module_qstate *qstate);

#endif
