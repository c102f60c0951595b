/*
 * compare.h - reading two resolvers' answers to the same question, and comparing the answers.
 *
 * Names are expanded and folded to lower case; TTLs may differ by some seconds, the id does. All
 * else counts: every bit of the header, all records of each section (RRsets of the answer in the
 * received order; in other sections and inside an RRset any order), the OPT record, and codes of
 * extended errors, without their texts.
 *
 * Threads      pure functions of the arguments
 * Memory       a reply is some 300 KiB, the caller's
 * Reliability  an answer that does not parse equals an answer with the same octets
 * Security     test only
 * Standards    RFC 1035 4.1, RFC 6891, RFC 8914
 */
#ifndef SW_DIFFERENTIAL_COMPARE_H
#define SW_DIFFERENTIAL_COMPARE_H

#include "world.h"

#define SW_REPLY_RECORDS 2048
#define SW_REPLY_OCTETS  200000

/** A record, with data in the reply's octets. */
struct sw_reply_record {
    unsigned section; /* 1 answer, 2 authority, 3 additional */
    size_t owner, owner_size;
    uint16_t type, class;
    uint32_t ttl;
    size_t data, data_size;
};

struct sw_reply {
    bool parsed;
    uint16_t flags; /* octets 2 and 3 of the header */
    unsigned questions;
    bool opt;
    uint16_t opt_room;
    uint32_t opt_bits; /* extended rcode, version, flags */
    unsigned errors;   /* number of extended errors, and the codes */
    uint16_t error[8];
    size_t count;
    struct sw_reply_record record[SW_REPLY_RECORDS];
    uint8_t octets[SW_REPLY_OCTETS];
    size_t used;
};

/** Read a packet; out->parsed: the packet is a whole message. */
void sw_reply_read(const uint8_t *packet, size_t size, struct sw_reply *out);

/** Whether two packets say the same; slack: seconds that TTLs may differ by. */
bool sw_reply_same(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size,
                   uint32_t slack);

/**
 * The items in an answer that lists can match, as text: targets of aliases in order, separated by
 * commas, then a space, then addresses likewise ("-" where there are none). Aliases are targets of
 * CNAME records and of HTTPS and SVCB records in alias form; addresses are those of A and AAAA
 * records and of hints.
 */
void sw_reply_say(const struct sw_reply *reply, char *out, size_t size);

/** A name as text, without the final dot; octets that are no letter, digit, hyphen, underscore or
 * asterisk as \DDD (RFC 1035 5.1). */
void sw_reply_name(const uint8_t *wire, char *out, size_t size);

#endif
