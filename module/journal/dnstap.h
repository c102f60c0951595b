/*
 * dnstap.h - a hit as a dnstap message with the part Policy.
 *
 * The schema is dnstap.proto of dnstap.info, in the encoding of Protocol Buffers. The message is a
 * CLIENT_QUERY: the client's address and port, the time, and the question as a DNS message that is
 * made here, with the id 0. Policy has the rule that was applied:
 *
 *     type    "sinkwatch"
 *     rule    "LIST/INDICATOR"
 *     action  NXDOMAIN, NODATA, DROP, TRUNCATE; LOCAL_DATA for sinkhole and cname; PASS where the
 *             client got the true answer; none for REFUSED, which the schema has no word for
 *     match   QNAME for qname and cname, RESPONSE_IP for address and asn, CLIENT_IP, NS_NAME, NS_IP
 *     value   the name in wire form, or the octets of the address, that the rule matched
 *
 * The field `extra` has "trigger=T wanted=A taken=A" in the words of the events.
 *
 * Threads      pure functions
 * Memory       the caller's, at most SW_DNSTAP_MAX octets
 * Standards    dnstap.proto as of 2023; RFC 1035 4.1
 * Decisions    D-191
 */
#ifndef SW_JOURNAL_DNSTAP_H
#define SW_JOURNAL_DNSTAP_H

#include "base/event.h"

#define SW_DNSTAP_MAX          4096
#define SW_DNSTAP_CONTENT_TYPE "protobuf:dnstap.Dnstap"

/** Encode a hit. identity: of the resolver. Returns octets written to out; 0: the event is no hit
 * of a client. */
size_t sw_dnstap_encode(const struct sw_event *event, const char *identity,
                        uint8_t out[SW_DNSTAP_MAX]);

#endif
