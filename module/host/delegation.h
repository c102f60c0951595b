/*
 * delegation.h - the name servers of a name's zone, as far as the RRset cache has the data now.
 *
 * For answers to watched and listed names only. The iterator has just resolved the name, so the
 * RRset cache has the NS RRset of the closest zone and the addresses of the servers that were
 * asked.
 *
 * Threads      the worker that owns the query
 * Cost         at most 8 look-ups for NS, and 2 look-ups for each of 8 server names; read locks for
 *              single entries, as the iterator takes; no allocation
 * Decision     D-043
 */
#ifndef SW_HOST_DELEGATION_H
#define SW_HOST_DELEGATION_H

#include "base/event.h"

struct module_qstate;

/** Put zone, servers and server addresses (tags ZONE, SERVER, SERVED_AT) into the event. Nothing
 * is put when the cache has no NS RRset for the name or the 8 names above. */
void sw_delegation_record(const struct module_qstate *qstate, struct sw_event *ev);

#endif
