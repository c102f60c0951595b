/*
 * cached.h - replies from Unbound's own message cache: recorded where a list is concerned.
 *
 * True answers that are the same for all clients stay in the message cache, listed or not. Unbound
 * sends them without calling any module, but runs a callback before it encodes them:
 *   1. a reply with a valid mark (host/mark.h) concerns no list: nothing more is done
 *   2. otherwise question and answer are matched; what concerns no list is marked
 *   3. where a list is concerned, it is decided for this client, and the hit is recorded
 *   4. a reply that this client may not have is sent, recorded as such, and removed from the cache when
 *      this worker runs its next query: a change has yet to sweep it, or it came in past the lists
 *
 * With cachedb in the chain, and for type ANY, the answer of step 4 is cut off (TC). The callback cannot
 * change it, and its return value is ignored. But the question is the worker's own: it is given an alias, as
 * local-data has, that no packet can hold, and Unbound truncates the answer in front of that.
 *
 * Threads      the worker that serves the client
 * Memory       one question for each thread
 * Cost         see host/mark.h; a reply that is recorded costs what an event does
 * Decisions    D-085, D-053
 */
#ifndef SW_HOST_CACHED_H
#define SW_HOST_CACHED_H

#include "flow/ub.h"

struct sw_module;

/** inplace_cb_reply_cache, and inplace_cb_reply_servfail without a query state: about to encode an
 * answer from the cache, whose RRsets are locked. */
int sw_cached_on_reply(struct query_info *qinfo, struct module_qstate *qstate,
                       struct reply_info *reply, int rcode, struct edns_data *edns,
                       struct edns_option **options_out, struct comm_reply *client,
                       struct regional *region, struct timeval *start_time, int id, void *arg);

/** inplace_cb_reply_servfail: the same for an answer that is bogus, and sent as SERVFAIL. */
void sw_cached_on_failure(struct sw_module *module, struct query_info *qinfo,
                          struct reply_info *reply, const struct edns_data *edns,
                          const struct comm_reply *client, const struct timeval *start_time);

/** Remove the message that step 4 met last on this thread; no lock of a cache is held. */
void sw_cached_remove(struct module_env *env);

#endif
