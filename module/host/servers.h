/*
 * servers.h - match the name servers of the zones that an answer comes from: triggers nsdname,
 * nsip.
 *
 * For the question's name and each alias, the NS RRset of the closest zone is matched: names and
 * addresses of the servers. The closest zone is the deepest zone with an NS RRset in the response
 * or in Unbound's RRset cache, where the iterator has just left the NS RRset. Addresses come from
 * the same two places. Nothing is asked upstream. Only while some list has such a trigger.
 *
 * Threads      a worker, for its own query; the sweeper. Inside an RCU section. Locks single
 *              entries of the RRset cache for reading, one at a time: the caller must hold none
 * Memory       the caller's
 * Cost         for each name, a look-up for each label until an NS RRset is found, then two for
 *              each server (8 at most); make bench TESTS=daemon: resolved_servers_listed
 */
#ifndef SW_HOST_SERVERS_H
#define SW_HOST_SERVERS_H

#include "flow/match.h"

#include <time.h>

struct module_env;
struct query_info;
struct reply_info;

/* Copies of the server names that matched; the match borrows the copies. */
struct sw_servers {
    size_t n;
    struct sw_name name[SW_MATCH_MAX];
};

/** Match the servers of a name's zone. reply: a response to search before the cache, or NULL. */
void sw_servers_match_name(struct module_env *env, time_t now, const uint8_t *name, size_t len,
                           const struct reply_info *reply, struct sw_servers *servers,
                           struct sw_matching *m);

/** The same for the question's name and each alias in an answer that belongs to the caller. */
void sw_servers_match(struct module_env *env, time_t now, const struct query_info *qinfo,
                      const struct reply_info *reply, struct sw_servers *servers,
                      struct sw_matching *m);

#endif
