/*
 * servers.h - match the name servers of the zones that an answer comes from: triggers nsdname, nsip.
 *
 * For the question's name and each alias, the NS RRset of the closest zone: the deepest one that the
 * response itself has or that is in Unbound's RRset cache, where the iterator has left it on its way
 * down; the servers' names, and their addresses as far as either has them. Nothing is asked
 * for. Only while some list has one of these triggers.
 *
 * Threads      a worker, for its own query; the sweeper. Inside an RCU section. Locks single entries of
 *              the RRset cache for reading, one at a time: the caller must hold none
 * Memory       the caller's
 * Cost         one look-up for each label of each name until an NS RRset is found, then two for each
 *              of its servers (8 at most); make bench TESTS=daemon: resolved_servers_listed
 */
#ifndef SW_HOST_SERVERS_H
#define SW_HOST_SERVERS_H

#include "flow/match.h"

#include <time.h>

struct module_env;
struct query_info;
struct reply_info;

/* Names of servers that matched, which the match borrows. */
struct sw_servers {
    size_t n;
    struct sw_name name[SW_MATCH_MAX];
};

/** Match the servers of one name's zone. reply: a response to look into first, or NULL. */
void sw_servers_match_name(struct module_env *env, time_t now, const uint8_t *name, size_t len,
                           const struct reply_info *reply, struct sw_servers *servers,
                           struct sw_matching *m);

/** The same for the question's name and each alias in an answer that is the caller's own. */
void sw_servers_match(struct module_env *env, time_t now, const struct query_info *qinfo,
                      const struct reply_info *reply, struct sw_servers *servers,
                      struct sw_matching *m);

#endif
