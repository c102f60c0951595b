/*
 * cached.h - beside cachedb: what is served from the message cache is judged as well.
 *
 * cachedb puts what it finds in its store into the message cache before any module can look at it, and
 * whatever no_cache_store says; it stays there until the modules are done with the query, which
 * takes as long as its validation does. So with cachedb in the chain, and only then, each answer from the
 * cache is judged in the callback that Unbound has for it. The callback cannot change the answer, and
 * its return value is ignored; but the question is the worker's own. It is given an alias of its
 * own (as local-data has) that no packet can hold: the answer comes out truncated, without any
 * record, and the client asks again.
 *
 * Threads      the worker that serves the client
 * Memory       one question for each thread
 * Decisions    D-053
 */
#ifndef SW_HOST_CACHED_H
#define SW_HOST_CACHED_H

#include "flow/ub.h"

/** inplace_cb_reply_cache: about to encode an answer from the cache, whose RRsets are locked. */
int sw_cached_on_reply(struct query_info *qinfo, struct module_qstate *qstate,
                       struct reply_info *reply, int rcode, struct edns_data *edns,
                       struct edns_option **options_out, struct comm_reply *client,
                       struct regional *region, struct timeval *start_time, int id, void *arg);

#endif
