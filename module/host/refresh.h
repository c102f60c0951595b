/*
 * refresh.h - resolve a question again in the background, as Unbound does after it has served a
 * message that has expired (serve-expired) or soon will (prefetch).
 *
 * The query that serves the remembered message ends with its reply, so the refresh is a query of
 * its own, without clients. Its key in the mesh is unique: a client that asks the same question
 * meanwhile must not join the refresh, and wait, but is served the remembered message as well.
 *
 * Threads      the worker that owns the query state
 * Memory       the mesh's
 * Decision     D-120
 */
#ifndef SW_HOST_REFRESH_H
#define SW_HOST_REFRESH_H

#include "flow/ub.h"

/** Begin a refresh of the query's question; nothing is done if the request list is full. leeway:
 * seconds of time to live that cached RRsets may have left and still be replaced. */
void sw_refresh_begin(struct module_qstate *qstate, time_t leeway);

#endif
