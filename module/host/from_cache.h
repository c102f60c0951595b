/*
 * from_cache.h - replies from Unbound's own message cache: hits are recorded.
 *
 * A true answer that is the same for all clients stays in the message cache, listed or not. Unbound
 * sends cached replies without calling any module, but runs a callback before encoding a reply:
 *   1. a reply with a valid mark (host/mark.h) is no hit: the callback is done
 *   2. otherwise question and answer are matched; a reply that is no hit for any client is marked
 *   3. otherwise the verdict for this client is reached, and the hit is recorded
 *   4. if the verdict would change the reply while the sweep for a change has not reached the
 *      message yet, the true reply is sent and recorded as such. The message is removed from the
 *      cache at once (doomed.h)
 *
 * With cachedb in the chain, for type ANY, and for a reply that was not judged with its present
 * data, the reply of step 4 is truncated (TC). The callback cannot change the reply, and Unbound
 * ignores the callback's return value. But the question is private to the worker: the callback adds
 * an alias, as for local-data, that is too long for any packet, and Unbound truncates the reply
 * before this alias.
 *
 * Threads      the worker that serves the client
 * Cost         see host/mark.h; a recorded reply costs as much as any event
 * Decisions    D-085, D-053, D-126
 */
#ifndef SW_HOST_FROM_CACHE_H
#define SW_HOST_FROM_CACHE_H

#include "flow/ub.h"

struct sw_module;

/** inplace_cb_reply_cache, and inplace_cb_reply_servfail without a query state: Unbound is about
 * to encode an answer from the cache, and has locked the answer's RRsets. */
int sw_from_cache_on_reply(struct query_info *qinfo, struct module_qstate *qstate,
                           struct reply_info *reply, int rcode, struct edns_data *edns,
                           struct edns_option **options_out, struct comm_reply *client,
                           struct regional *region, struct timeval *start_time, int id, void *arg);

/** inplace_cb_reply_servfail: the same for a bogus answer that is sent as SERVFAIL. */
void sw_from_cache_on_failure(struct sw_module *module, struct query_info *qinfo,
                              struct reply_info *reply, const struct edns_data *edns,
                              const struct comm_reply *client, const struct timeval *start_time);

#endif
