/*
 * rdata_text.h - rdata of the kept types in presentation form, and back.
 *
 * Names end with a dot. Rdata of SVCB and HTTPS with parameters has the form of unknown types:
 * \# 19 0001... in hexadecimal.
 *
 * Threads      pure functions
 * Security     the text is printable ASCII; every other octet of a name is \DDD
 * Standards    RFC 1035 5.1, RFC 3597 5, RFC 5952
 */
#ifndef SW_JOURNAL_RDATA_TEXT_H
#define SW_JOURNAL_RDATA_TEXT_H

#include "memory/memory.h"

#define SW_RDATATEXT_MAX (2 * SW_NAMETEXT_MAX + 2 * SW_RDATA_MAX + 64)

/** Text of canonical rdata; returns text. */
char *sw_rdata_text(uint16_t type, const uint8_t *rdata, size_t len, char text[SW_RDATATEXT_MAX]);

/** A name with the final dot; returns text. */
char *sw_dotted_text(const uint8_t *wire, char text[SW_NAMETEXT_MAX + 1]);

/**
 * Canonical rdata of a kept type from text; names with or without the final dot.
 *
 * out   SW_RDATA_MAX octets
 * SW_OK, or SW_ESYNTAX: not rdata of this type.
 */
enum sw_status sw_rdata_parse(uint16_t type, const char *text, uint8_t *out, uint16_t *len);

/** A kept type from text such as "AAAA" or "TYPE65"; false: another. */
bool sw_rdata_type_parse(const char *text, uint16_t *type);

#endif
