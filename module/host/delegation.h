/*
 * delegation.h - the name servers of a name's zone, as far as the RRset cache has the data now.
 *
 * For answers to watched and listed names only. The iterator has just resolved the name, so the
 * RRset cache has the NS RRset of the closest zone and the addresses of the servers that were
 * asked.
 *
 * Threads      the worker that owns the query
 * Cost         a look-up for NS for each label, and 2 look-ups for each server name. The owner of
 *              the name decides how much the cache has, so an answer has SW_SERVING_SERVERS and
 *              SW_SERVING_ADDRS at most. Read locks for single entries, as the iterator takes; an
 *              allocation in the query's region for each further event
 * Decisions    D-043, D-228, D-253
 */
#ifndef SW_HOST_DELEGATION_H
#define SW_HOST_DELEGATION_H

#include "base/event.h"

struct module_qstate;
struct sw_rest;

/** Put zone, servers and server addresses (tags ZONE, SERVER, SERVED_AT) into the event, and into
 * further events of rest where the event has no room. Beyond the limits of an answer the event of
 * the answer has the flag SW_EVENT_TRUNCATED and the number of values left out. Nothing is put when
 * the cache has no NS RRset for the name or a name above. Inside the RCU section of the rules. */
void sw_delegation_record(const struct module_qstate *qstate, struct sw_event *ev,
                          struct sw_rest *rest);

#endif
