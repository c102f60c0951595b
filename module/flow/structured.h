/*
 * structured.h - structured DNS errors: the JSON text in the EDE option of a rewritten answer.
 *
 * A client that understands structured errors signals this in the query (flow/query.c). The
 * EXTRA-TEXT of the client's EDE option is then a minified JSON object: "c" contacts (URIs), "j" a
 * justification in words, "s" a sub-error code, "o" the filtering organization, "l" the language of
 * "j" and "o". The texts come from the settings and the list's policy.
 *
 * Threads      pure over its arguments
 * Memory       the caller's buffer; no allocation
 * Security     texts are checked when settings and policies are read, and escaped here; octets that
 *              are not UTF-8 become U+FFFD
 * Standards    draft-ietf-dnsop-structured-dns-error, as of June 2026; RFC 8914; RFC 7493 (I-JSON)
 * Decision     D-058
 */
#ifndef SW_FLOW_STRUCTURED_H
#define SW_FLOW_STRUCTURED_H

#include "flow/stage.h"

#include <stddef.h>

#define SW_STRUCTURED_MAX 2048

/** The EDE code to send with a structured error: blocked instead of forged answer, which
 * structured errors exclude. Codes without a structured error, and SW_EDE_OFF, are unchanged. */
uint16_t sw_structured_code(uint16_t ede);

/**
 * The JSON text for a verdict with EDE code `ede`, in at most `room` octets. If the full text is
 * too long, "j", "o" and "l" are left out.
 *
 * Returns the length of the text. 0: the code has no structured error, none of "c", "j" and "s" was
 * configured, or there is too little room.
 */
size_t sw_structured_text(const struct sw_settings *settings, const struct sw_verdict *verdict,
                          uint16_t ede, size_t room, char out[SW_STRUCTURED_MAX]);

#endif
