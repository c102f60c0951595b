/*
 * transfer.h - the messages of a zone transfer, as lines of zone text.
 *
 * The caller sends the question of cli_transfer_ask(), and hands each message of the answer to
 * cli_transfer_message() until the transfer is over. Records come out as text with absolute names,
 * in groups: the whole zone (AXFR, or an IXFR answered with the whole zone), or for each difference
 * sequence of an IXFR the deleted records, then the added records. SOA, NS and DNSSEC records are
 * left out.
 *
 * Threads      one for each structure
 * Memory       nothing is kept of a record
 * Reliability  the transfer is over only where the closing SOA record came, and the last message
 *              is signed if there is a key; otherwise the caller drops all records received so far
 * Security     any octets; names outside the zone, serials that go back, steps that do not fit
 *              together and wrong signatures are refused
 * Standards    RFC 5936 (AXFR), RFC 1995 (IXFR), RFC 1982 (serials), RFC 8945 (TSIG)
 * Decision     D-178
 */
#ifndef SW_CLI_FEED_TRANSFER_H
#define SW_CLI_FEED_TRANSFER_H

#include "cli/feed/tsig.h"

enum cli_records { /* groups of records: the zone, and the two halves of a difference sequence */
                   CLI_RECORDS_WHOLE,
                   CLI_RECORDS_DELETED,
                   CLI_RECORDS_ADDED,
};

enum cli_owner { /* kinds of owners: what comes before the zone's name */
                 CLI_OWNER_NAME = 1,
                 CLI_OWNER_NSDNAME = 2,
                 CLI_OWNER_IP = 4,
                 CLI_OWNER_NSIP = 8,
                 CLI_OWNER_CLIENT = 16,
};

enum cli_transferred {
    CLI_TRANSFER_MORE,      /* messages are missing */
    CLI_TRANSFER_UNCHANGED, /* the zone still has our serial */
    CLI_TRANSFER_DONE,      /* `newest` is the serial of the received version */
    CLI_TRANSFER_AGAIN,     /* ask for the whole zone: the server has no IXFR, or its IXFR cannot be
                             applied to a list */
    CLI_TRANSFER_REFUSED,   /* why is set */
};

struct cli_transfer {
    /* set before */
    struct sw_name zone;
    bool have; /* we have the version with this serial */
    uint32_t serial;
    unsigned triggers; /* CLI_OWNER_.. that the zone has; afterwards those of `newest` */
    bool whole;        /* ask for the whole zone all the same */
    bool given;        /* records of any type, and any change, can be applied (cli/lists/given.h) */
    struct cli_tsig tsig;
    uint16_t id;
    void *arg;
    /** A group begins, or a line of the group; false: give up. */
    bool (*records)(void *arg, enum cli_records records);
    bool (*line)(void *arg, const char *text, size_t len);

    /* result */
    uint32_t newest;
    uint32_t refresh, retry, expire; /* seconds, of the SOA record of `newest` */
    char why[200];

    /* inside */
    bool begun, second, incremental, stopped;
    enum cli_records now;
    uint32_t step; /* serial that the difference sequences have reached */
};

/** The question into wire, of 2 * 512 + CLI_TSIG_ROOM octets. Returns the length. */
size_t cli_transfer_ask(struct cli_transfer *transfer, uint8_t *wire, int64_t now_s);

/** Take the next message. */
enum cli_transferred cli_transfer_message(struct cli_transfer *transfer, const uint8_t *wire,
                                          size_t len, int64_t now_s);

#endif
