/*
 * judge.h - a judgement: the query and match stages in a call, for a question and its answer.
 *
 * Threads      any; inside one RCU read section, from sw_judge() to the last use of its result
 * Memory       the caller's; names and rules are borrowed from the query and the lists
 */
#ifndef SW_HOST_JUDGE_H
#define SW_HOST_JUDGE_H

#include "flow/match.h"
#include "flow/query.h"
#include "flow/ub.h"
#include "host/module.h"
#include "host/servers.h"

struct sw_judgement {
    struct sw_matching matching;
    struct sw_match match;
    struct sw_servers servers;
};

/** Match a question, the answer if there is any (reply may be NULL), and the name servers of the
 * answer. env NULL: name servers are left out; needed where no lock of an RRset may be taken. */
void sw_judge(const struct sw_module *module, struct module_env *env,
              const struct query_info *qinfo, const struct reply_info *reply,
              struct sw_judgement *j);

/**
 * The same for a client, with the rules that match the client's address first. Without such rules
 * nothing else is matched.
 *
 * Returns the audience of the match that contains the client; NULL: no rule matches the client's
 * address.
 */
const struct sw_audience *sw_judge_client(const struct sw_module *module, struct module_env *env,
                                          const struct sw_client *client,
                                          const struct query_info *qinfo,
                                          const struct reply_info *reply, struct sw_judgement *j);

/** The same without the question: only the answer and the name servers. */
void sw_judge_answer(const struct sw_module *module, struct module_env *env,
                     const struct query_info *qinfo, const struct reply_info *reply,
                     struct sw_judgement *j);

/** Whether no list matched, and no list has a trigger for name servers. */
static inline bool sw_judged_unlisted(const struct sw_judgement *j)
{
    return !sw_match_records(&j->match) && !j->match.watched && !j->match.tracked &&
           !j->matching.view.any_server;
}

/** Whether Unbound must not serve the answer from the message cache. */
bool sw_judged_private(const struct sw_judgement *j);

/** The same for an upstream response, wherever the response may be used: under the name asked
 * for, as part of the query's own answer, and behind an alias to the name asked for. j is the
 * match of the response under the name asked for. */
bool sw_judged_private_anywhere(const struct sw_module *module, struct module_env *env,
                                const struct query_info *asked, const struct query_info *query,
                                const struct reply_info *reply, const struct sw_judgement *j);

/** Match a further name under which the same answer is asked for. */
void sw_judge_name(const struct query_info *qinfo, struct sw_judgement *j);

/** Match the target of an alias (the data of a CNAME RRset). The target is copied to *name,
 * which the match borrows. False: the data are not a name. */
bool sw_judge_target(const struct packed_rrset_data *data, struct sw_name *name,
                     struct sw_judgement *j);

/** Match a further RRset of the same answer. */
void sw_judge_rrset(const struct ub_packed_rrset_key *rrset, struct sw_judgement *j);

#endif
