/*
 * explain.h - the EDE option of a rewritten answer: plain text, or JSON if the client asks for
 * JSON.
 *
 * Threads      the worker that owns the query state
 * Memory       the query's region
 * Standards    RFC 8914; draft-ietf-dnsop-structured-dns-error (flow/structured.h)
 */
#ifndef SW_HOST_EXPLAIN_H
#define SW_HOST_EXPLAIN_H

#include "flow/stage.h"

struct edns_data;
struct edns_option;
struct module_qstate;
struct reply_info;

/** The smallest UDP size that a waiting client accepts. Called before Unbound replaces the
 * client's size by Unbound's own (mesh_send_reply()). */
size_t sw_explain_room(const struct module_qstate *qstate);

/**
 * Put the EDE option for a verdict in front of *options, and store the code sent in the verdict,
 * for the event. A client without EDNS gets no code. A client that asks for structured errors does
 * not get the code "forged answer". From a rewritten reply the extended errors that Unbound has put
 * into edns are removed: they are about the true answer.
 *
 * reply  the reply that will be encoded: over UDP the text is limited to the remaining room
 * room   result of sw_explain_room(); 0: not called in time
 */
void sw_explain(const struct sw_settings *settings, struct module_qstate *qstate,
                const struct reply_info *reply, struct edns_data *edns,
                const struct sw_client *client, size_t room, struct sw_verdict *verdict,
                struct edns_option **options);

/** The same for a true answer that has expired: Unbound's own option (ede-serve-expired), and
 * Unbound's own count of such answers. */
void sw_explain_stale(struct module_qstate *qstate, const struct edns_data *edns,
                      struct edns_option **options);

#endif
