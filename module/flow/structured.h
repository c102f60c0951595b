/*
 * structured.h - structured DNS errors: what the EDE option of a rewritten answer says as JSON.
 *
 * A client that understands it says so in its query (flow/query.c). It then gets, in the option's
 * EXTRA-TEXT, a minified JSON object: "c" whom to contact (URIs), "j" why, in words, "s" a sub-error
 * code, "o" who filters, "l" the language of both. Texts come from the settings and the list's policy.
 *
 * Threads      pure over its arguments
 * Memory       the caller's buffer; no allocation
 * Security     texts are checked when settings and policies are read, and escaped here; octets
 *              that are not UTF-8 become U+FFFD
 * Standards    draft-ietf-dnsop-structured-dns-error, as of June 2026; RFC 8914; RFC 7493 (I-JSON)
 */
#ifndef SW_FLOW_STRUCTURED_H
#define SW_FLOW_STRUCTURED_H

#include "flow/stage.h"

#include <stddef.h>

#define SW_STRUCTURED_MAX 2048

/** The code that goes with it: a forged answer must not be called so, and is blocked. Codes for which
 * there is no structured error, and SW_EDE_OFF, stay. */
uint16_t sw_structured_code(uint16_t ede);

/**
 * The JSON text for a verdict whose code is `ede`, in at most `room` octets: if there is not enough room
 * for all of it, without "j", "o" and "l".
 *
 * Returns its length; 0: the code has no structured error, nothing of substance ("c", "j" or "s") was
 * configured, or there is no room.
 */
size_t sw_structured_text(const struct sw_settings *settings, const struct sw_verdict *verdict,
                          uint16_t ede, size_t room, char out[SW_STRUCTURED_MAX]);

#endif
