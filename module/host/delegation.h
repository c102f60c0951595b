/*
 * delegation.h - who serves a name's zone, as far as the resolver's cache knows at this moment.
 *
 * For answers to watched names only. The iterator has just come down the same way, so the NS RRset
 * of the closest zone is in the RRset cache, and the addresses of the servers it asked.
 *
 * Threads      the worker whose query it is
 * Cost         at most 8 look-ups for NS, 8 names of servers with 2 look-ups each; Unbound's own
 *              read locks for single entries, as the iterator takes them; no allocation
 */
#ifndef SW_HOST_DELEGATION_H
#define SW_HOST_DELEGATION_H

#include "base/event.h"

struct module_qstate;

/** Put zone, servers and their addresses (tags ZONE, SERVER, SERVED_AT) into the event. Nothing is
 * put when the cache has no NS RRset for the name or one of the 8 names above it. */
void sw_delegation_record(const struct module_qstate *qstate, struct sw_event *ev);

#endif
