/*
 * explain.h - the EDE option of a rewritten answer: plain text, or JSON for those who asked for it.
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

/** The smallest answer that some client who waits takes by UDP, before Unbound replaces it by its own
 * size (mesh_send_reply()). */
size_t sw_explain_room(const struct module_qstate *qstate);

/**
 * Put the option for a verdict in front of *options. The code that is sent is put into the verdict, for
 * the event: none where the client does without EDNS, and one who asks for structured errors is not
 * told "forged".
 *
 * reply  as it will be encoded: over UDP the text must leave room for it
 * room   of sw_explain_room(); 0: nobody looked in time
 */
void sw_explain(const struct sw_settings *settings, struct module_qstate *qstate,
                const struct reply_info *reply, const struct edns_data *edns,
                const struct sw_client *client, size_t room, struct sw_verdict *verdict,
                struct edns_option **options);

#endif
