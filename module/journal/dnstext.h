/*
 * dnstext.h - DNS numbers in words, for events.
 *
 * Threads      pure functions
 * Standards    IANA "DNS Parameters"; RFC 3597 5 (TYPEnnn, CLASSnnn for the others)
 */
#ifndef SW_JOURNAL_DNSTEXT_H
#define SW_JOURNAL_DNSTEXT_H

#include "base/event.h"

#define SW_DNSTEXT_MAX 16

/** "A", "AAAA", "HTTPS", "TYPE65280"; returns text. */
const char *sw_qtype_text(unsigned qtype, char text[SW_DNSTEXT_MAX]);

/** "IN", "CH", "CLASS7"; returns text. */
const char *sw_qclass_text(unsigned qclass, char text[SW_DNSTEXT_MAX]);

/** "NOERROR", "NXDOMAIN", "RCODE25"; returns text. */
const char *sw_rcode_text(unsigned rcode, char text[SW_DNSTEXT_MAX]);

/** "secure", "insecure", "bogus", "indeterminate", "unchecked". */
const char *sw_security_text(enum sw_security security);

#endif
