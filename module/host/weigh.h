/*
 * weigh.h - query and match at once: a question, with its answer if there is one, against the lists.
 *
 * Threads      any; inside one RCU read section, from sw_weigh() to the last use of its result
 * Memory       the caller's; names and rules are borrowed from the query and the lists
 */
#ifndef SW_HOST_WEIGH_H
#define SW_HOST_WEIGH_H

#include "flow/match.h"
#include "flow/query.h"
#include "flow/ub.h"
#include "host/module.h"
#include "host/servers.h"

struct sw_weighing {
    struct sw_matching matching;
    struct sw_match match;
    struct sw_servers servers;
};

/** Match a question, and an answer if there is one (reply may be NULL), with who served it; env is
 * NULL where no lock of an RRset may be taken: then without who served it. */
void sw_weigh(const struct sw_module *module, struct module_env *env,
              const struct query_info *qinfo, const struct reply_info *reply,
              struct sw_weighing *j);

/**
 * The same for one client, its own rules first. They are looked up before all else: where none applies
 * to the client, nothing more is done.
 *
 * Returns the part of the match that the client is in; NULL: no rule is about the client.
 */
const struct sw_part *sw_weigh_client(const struct sw_module *module, struct module_env *env,
                                      const struct sw_client *client,
                                      const struct query_info *qinfo,
                                      const struct reply_info *reply, struct sw_weighing *j);

/** The same without the question: the answer and who served it alone. */
void sw_weigh_answer(const struct sw_module *module, struct module_env *env,
                     const struct query_info *qinfo, const struct reply_info *reply,
                     struct sw_weighing *j);

/** Whether no list at all is concerned, and none speaks of who serves a name. */
static inline bool sw_weighed_plain(const struct sw_weighing *j)
{
    return !sw_match_records(&j->match) && !j->match.watched && !j->match.tracked &&
           !j->matching.view.any_server;
}

/** Whether the answer may not be in the message cache under its own question. */
bool sw_weighed_private(const struct sw_weighing *j);

/**
 * The same for an upstream response, of whatever answer it becomes a part: under the name that was asked for, as
 * part of the query's own answer, and behind an alias to that name. j is the match of the response
 * under the name that was asked for.
 */
bool sw_weighed_private_part(const struct sw_module *module, struct module_env *env,
                             const struct query_info *asked, const struct query_info *query,
                             const struct reply_info *reply, const struct sw_weighing *j);

/** Match one more name that the same answer is asked for by. */
void sw_weigh_name(const struct query_info *qinfo, struct sw_weighing *j);

/** Match the target of an alias (the data of a CNAME RRset), and copy it to *name, which the match borrows. False:
 * it is no name. */
bool sw_weigh_target(const struct packed_rrset_data *data, struct sw_name *name,
                     struct sw_weighing *j);

/** Match one more RRset of the same answer. */
void sw_weigh_rrset(const struct ub_packed_rrset_key *rrset, struct sw_weighing *j);

#endif
