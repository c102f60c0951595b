/*
 * addr.h - addresses and prefixes, IPv4 and IPv6, as 16 octets in network order.
 *
 * IPv4 uses the first 4 octets, the others are zero. The host bits of a prefix are clear.
 *
 * Threads      pure functions, any thread
 * Memory       callers own all buffers
 * Standards    RFC 4291 2.2 and RFC 5952 (text form), RFC 4632 (prefixes)
 * Decision     D-029
 */
#ifndef SW_BASE_ADDR_H
#define SW_BASE_ADDR_H

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SW_ADDRTEXT_MAX 50 /* longest IPv6 text, '/', 3 digits, NUL */

struct sw_addr {
    uint8_t family; /* 4 or 6; 0 = none */
    uint8_t plen;   /* prefix length in bits: 0..32 or 0..128; full length = an address */
    uint8_t octets[16];
};

/**
 * Parse "192.0.2.1", "192.0.2.0/24", "2001:db8::1" or "2001:db8::/32".
 *
 * SW_OK; SW_EINVAL: a prefix with host bits set (address or network? the text is ambiguous), or a
 * prefix length over 32 or 128; SW_ESYNTAX: text that is no address, zone identifiers and leading
 * zeros included. *why as in sw_name_parse().
 */
enum sw_status sw_addr_parse(const char *text, size_t text_len, struct sw_addr *out,
                             const char **why);

/** An address of full length from 4 or 16 octets in network order. SW_EINVAL for other lengths. */
enum sw_status sw_addr_from_octets(const uint8_t *octets, size_t len, struct sw_addr *out);

/** Text form (RFC 5952 for IPv6); "/len" only where plen is shorter than the address; "" for
 * family 0. Returns text. */
char *sw_addr_text(const struct sw_addr *addr, char text[SW_ADDRTEXT_MAX]);

/** Clear everything after the first plen bits and set plen (must be in range). */
void sw_addr_mask(struct sw_addr *addr, unsigned plen);

/** Whether prefix covers addr: same family, plen not longer, equal leading bits. */
bool sw_addr_covers(const struct sw_addr *prefix, const struct sw_addr *addr);

/** Whether both are the same family, length and bits. */
bool sw_addr_equal(const struct sw_addr *a, const struct sw_addr *b);

/** Length of a full address of this family in bits: 32 or 128. */
unsigned sw_addr_bits(const struct sw_addr *addr);

/**
 * The IPv4 address that an IPv6 address embeds: IPv4-mapped ::ffff:0:0/96 (RFC 4291 2.5.5.2),
 * NAT64 64:ff9b::/96 (RFC 6052 2.1), 6to4 2002::/16 (RFC 3056). SW_ENOTFOUND when none.
 */
enum sw_status sw_addr_embedded(const struct sw_addr *addr, struct sw_addr *ipv4);

#define SW_EMBEDDINGS 3

/** The IPv6 prefixes whose addresses embed an address of this IPv4 prefix, as above. Returns their
 * number; 0 for an IPv6 prefix. */
size_t sw_addr_embeddings(const struct sw_addr *ipv4, struct sw_addr out[SW_EMBEDDINGS]);

/**
 * The IPv4 address that addr embeds under a translation prefix of 32, 40, 48, 56, 64 or 96 bits
 * (RFC 6052 2.2). SW_ENOTFOUND for a prefix that does not cover addr or is of another length.
 */
enum sw_status sw_addr_translated(const struct sw_addr *prefix, const struct sw_addr *addr,
                                  struct sw_addr *ipv4);

/**
 * The address that a reverse name stands for: four decimal labels below in-addr.arpa (RFC 1035
 * 3.5), or 32 hexadecimal labels below ip6.arpa (RFC 3596 2.5).
 *
 * wire  a valid uncompressed name in any letter case
 * SW_ENOTFOUND, with *out untouched, for all other names, reverse names of networks included.
 */
enum sw_status sw_addr_from_reverse(const uint8_t *wire, struct sw_addr *out);

#endif
