/*
 * data.h - the authority's answer to a question: a pure function of the world and the question.
 *
 * authority.c receives a query on an address of the authority and calls sw_data_answer(), which
 * finds the name's kind and composes the answer. An address stands for a role: the delegated zones
 * below cut.example have one to three servers each, some of which are lame, refuse, or never
 * answer.
 *
 * Threads      a single thread
 * Memory       static buffers of this file
 * Reliability  a query that does not parse gets FORMERR, or no answer without a header
 * Security     test only
 * Standards    RFC 1034 4.3.2 (answers), RFC 6672 (DNAME), RFC 4592 (wildcards), RFC 9460 (SVCB)
 */
#ifndef SW_DIFFERENTIAL_DATA_H
#define SW_DIFFERENTIAL_DATA_H

#include "message.h"

/** Which server answers: the last octet of the server's address, but for MAIN. */
enum sw_role {
    SW_ROLE_MAIN,    /* asked for the zones themselves, on a separate port */
    SW_ROLE_GOOD,    /* of delegated zones: answers */
    SW_ROLE_ALSO,    /* answers likewise */
    SW_ROLE_REFUSES, /* REFUSED to everything */
    SW_ROLE_UPWARD,  /* lame: a referral to the root */
    SW_ROLE_COPIES,  /* lame: answers, but AA is clear and RA set */
    SW_ROLE_FAILS,   /* SERVFAIL to everything */
    SW_ROLE_OLD,     /* FORMERR where there is an OPT record */
    SW_ROLE_SILENT,  /* no answer */
    SW_ROLE_COUNT
};

struct sw_source {
    const struct sw_world *world;
    const struct sw_key *key;
    uint8_t prefix[3]; /* servers of delegated zones have the addresses prefix.10 + role */
};

/** Whether an address of the prefix has a server for this role: SILENT has an open port, too. */
#define SW_ROLE_OCTET(role) (10 + (role))

/**
 * Compose the answer.
 *
 * query  as received, size octets
 * tcp    answers have no limit of size but 65,535 octets
 * out    room for SW_MESSAGE_MAX + 1024 octets
 *
 * Returns the answer's size; 0: no answer is sent.
 */
size_t sw_data_answer(const struct sw_source *source, enum sw_role role, const uint8_t *query,
                      size_t size, bool tcp, uint8_t *out);

#endif
