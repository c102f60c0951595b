/*
 * dns_message.h - messages of the DNS as zone transfers use them: questions out, records in.
 *
 * A reader walks a message once: cli_message_begin() -> cli_message_question() ->
 * cli_message_record() for each record. Nothing outside of the message is touched, and a name is
 * followed through at most 127 pointers.
 *
 * Threads      pure functions
 * Memory       the message is borrowed
 * Security     a message may hold any octets
 * Standards    RFC 1035 4 (messages, compression), RFC 1996 (NOTIFY), RFC 1995 3 (IXFR question)
 */
#ifndef SW_CLI_FEED_DNS_MESSAGE_H
#define SW_CLI_FEED_DNS_MESSAGE_H

#include "base/name.h"

#define CLI_DNS_HEADER 12

enum cli_dns_type { /* RFC 1035 3.2.2, 3596, 1995, 8945 */
                    CLI_DNS_A = 1,
                    CLI_DNS_NS = 2,
                    CLI_DNS_CNAME = 5,
                    CLI_DNS_SOA = 6,
                    CLI_DNS_PTR = 12,
                    CLI_DNS_MX = 15,
                    CLI_DNS_AAAA = 28,
                    CLI_DNS_SRV = 33,
                    CLI_DNS_TSIG = 250,
                    CLI_DNS_IXFR = 251,
                    CLI_DNS_AXFR = 252,
};

struct cli_message {
    const uint8_t *wire;
    size_t len, at;
    uint16_t id, flags, count[4]; /* questions, answers, authority, additional */
};

struct cli_record {
    struct sw_name owner;
    uint16_t type, class;
    size_t begin;        /* place of the record in the message */
    const uint8_t *data; /* as in the message, or in `plain` where names may be compressed */
    size_t data_len;
    uint8_t plain[6 + SW_NAME_MAX]; /* PTR, MX, SRV: numbers and the name */
    struct sw_name target;          /* of a CNAME */
    uint32_t serial;                /* of a SOA, as the following */
    uint32_t refresh, retry, expire;
};

/** The header. false: shorter than a header. */
bool cli_message_begin(struct cli_message *message, const uint8_t *wire, size_t len);

/** The only question. false: none, several, or broken. */
bool cli_message_question(struct cli_message *message, struct sw_name *name, uint16_t *type);

/** The next record of any section. false: broken. */
bool cli_message_record(struct cli_message *message, struct cli_record *record);

/** A question for a zone into out (512 octets); serial is that of an IXFR. Returns the length. */
size_t cli_message_ask(uint8_t *out, uint16_t id, const struct sw_name *zone,
                       enum cli_dns_type type, uint32_t serial);

/** Whether serial a is newer than b (RFC 1982 3.2). */
static inline bool cli_serial_newer(uint32_t a, uint32_t b)
{
    return a != b && (uint32_t)(a - b) < UINT32_C(0x80000000);
}

/** A number in network order. */
static inline uint16_t cli_get16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

/** As cli_get16(). */
static inline uint32_t cli_get32(const uint8_t *p)
{
    return (uint32_t)cli_get16(p) << 16 | cli_get16(p + 2);
}

/** Returns the place behind the number. */
static inline uint8_t *cli_put16(uint8_t *p, unsigned value)
{
    p[0] = (uint8_t)(value >> 8);
    p[1] = (uint8_t)value;
    return p + 2;
}

#endif
