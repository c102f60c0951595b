/*
 * message.h - composing the authority's answers: sections, RRsets, signatures.
 *
 * data.c begins a message with the received question, adds RRsets section by section in order, and
 * ends the message with an OPT record. Where the zone is signed and the client wants signatures,
 * each RRset gets the RRSIG at once: Ed25519, which is deterministic, so that an answer stays a
 * function of the question.
 *
 * Threads      a message belongs to a single thread; the key is read only
 * Memory       the caller's; a message is 64 KiB
 * Reliability  a record without room is left out and the message truncated (TC)
 * Security     test only: the key follows from the seed
 * Standards    RFC 1035 4.1, RFC 4034 (RRSIG, NSEC, DNSKEY), RFC 4470 (minimal NSEC), RFC 6891
 *              (OPT), RFC 8080 (Ed25519)
 */
#ifndef SW_DIFFERENTIAL_MESSAGE_H
#define SW_DIFFERENTIAL_MESSAGE_H

#include "world.h"

#define SW_MESSAGE_MAX 65535
#define SW_SET_RECORDS 96
#define SW_SET_OCTETS  6144

#define SW_RCODE_FORMERR  1 /* RFC 1035 4.1.1 */
#define SW_RCODE_SERVFAIL 2
#define SW_RCODE_NXDOMAIN 3
#define SW_RCODE_NOTIMP   4
#define SW_RCODE_REFUSED  5

#define SW_FLAG_QR 0x8000u /* RFC 1035 4.1.1: octets 2 and 3 as a number */
#define SW_FLAG_AA 0x0400u
#define SW_FLAG_TC 0x0200u
#define SW_FLAG_RD 0x0100u
#define SW_FLAG_RA 0x0080u
#define SW_FLAG_AD 0x0020u
#define SW_FLAG_CD 0x0010u

enum sw_section { SW_ANSWER = 1, SW_AUTHORITY = 2, SW_ADDITIONAL = 3 };

/** The fault in the signatures of a name of kind BROKEN. */
enum sw_break {
    SW_BREAK_NOTHING,
    SW_BREAK_BITS,    /* a signature of something else */
    SW_BREAK_EXPIRED, /* expiration in the past */
    SW_BREAK_EARLY,   /* inception in the future */
    SW_BREAK_MISSING, /* no RRSIG at all */
    SW_BREAK_TAG,     /* the key tag of no key */
    SW_BREAK_SIGNER,  /* the signer's name is another zone's */
    SW_BREAK_TTL,     /* an original TTL that was not signed */
    SW_BREAK_COUNT
};

/** The key of the signed zone; see sw_key_make(). */
struct sw_key {
    void *pkey; /* EVP_PKEY */
    uint8_t rdata[36];
    uint16_t tag;
    uint32_t inception, expiration;
};

/** Records of the same owner, type and class. */
struct sw_set {
    struct sw_wire_name owner;
    uint16_t type, class;
    uint32_t ttl;
    unsigned count;
    struct {
        uint16_t at, size;
    } record[SW_SET_RECORDS];
    uint8_t octets[SW_SET_OCTETS];
    size_t used;
};

struct sw_message {
    uint8_t wire[SW_MESSAGE_MAX + 1024];
    size_t size;
    size_t question_end;
    size_t limit;  /* octets that the answer may have */
    bool overflow; /* something did not fit */
    bool dnssec;   /* add signatures: the client wants signatures and the zone is signed */
    enum sw_break broken;
    const struct sw_key *key;
    struct sw_wire_name question; /* lower case */
};

/** Make the key of the seed, valid around now (seconds since 1970); exits when libcrypto cannot. */
void sw_key_make(uint64_t seed, uint32_t now, struct sw_key *out);

/** Write the DNSKEY in presentation form, for trust-anchor-file; false when the file cannot be
 * written. */
bool sw_key_write(const struct sw_key *key, const char *path);

void sw_set_begin(struct sw_set *set, const struct sw_wire_name *owner, uint16_t type,
                  uint32_t ttl);
/** Add a record; a record without room is left out. */
void sw_set_add(struct sw_set *set, const void *rdata, size_t size);

/** Begin: header and question, octet for octet as received. Flags QR, AA, and the query's RD. */
void sw_message_begin(struct sw_message *m, const uint8_t *query, size_t question_end,
                      size_t limit);
/** Add the RRset to a section (in order of sections), with the RRSIG where the message has
 * signatures. */
void sw_message_add(struct sw_message *m, enum sw_section section, const struct sw_set *set);
/** Likewise a wildcard's records for the name in set->owner; wildcard: the name with the
 * asterisk. */
void sw_message_add_wildcard(struct sw_message *m, const struct sw_set *set,
                             const struct sw_wire_name *wildcard);
/** Add an NSEC record with a signature; types ends with a zero. */
void sw_message_add_nsec(struct sw_message *m, const struct sw_wire_name *owner,
                         const struct sw_wire_name *next, const uint16_t *types);
/** Set or clear bits of the header's second word. */
void sw_message_flags(struct sw_message *m, uint16_t set, uint16_t clear);
void sw_message_rcode(struct sw_message *m, unsigned rcode);
/** Add an OPT record: extended rcode's high octet, version, DO, options. Never left out. */
void sw_message_opt(struct sw_message *m, uint16_t room, uint32_t bits, const void *options,
                    size_t size);
/** Cut everything behind the question and set TC when something did not fit. */
void sw_message_end(struct sw_message *m);

/** Two octets, the higher first. */
static inline void sw_put16(uint8_t *at, unsigned value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static inline void sw_put32(uint8_t *at, uint32_t value)
{
    sw_put16(at, value >> 16);
    sw_put16(at + 2, value & 0xffff);
}

static inline unsigned sw_get16(const uint8_t *at)
{
    return (unsigned)at[0] << 8 | at[1];
}

static inline uint32_t sw_get32(const uint8_t *at)
{
    return (uint32_t)sw_get16(at) << 16 | sw_get16(at + 2);
}

#endif
