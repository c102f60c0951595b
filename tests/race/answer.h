/*
 * answer.h - what an answer says, as far as the race test's judge needs it.
 *
 * The load generator calls sw_race_read() for each answer; the judge compares its result with
 * what the lists allowed (judge.h).
 *
 * Threads      no state
 * Memory       none
 * Reliability  a packet that does not parse is SW_RACE_ODD
 * Security     reads only inside the packet
 * Standards    RFC 1035 4.1, RFC 6891 6.1, RFC 8914 2
 */
#ifndef SW_RACE_ANSWER_H
#define SW_RACE_ANSWER_H

#include <stddef.h>
#include <stdint.h>

/** What a client got. */
enum sw_race_outcome {
    SW_RACE_TRUE,     /**< the authority's own answer */
    SW_RACE_SINKHOLE, /**< the landing address */
    SW_RACE_NXDOMAIN, /**< with the extended error of a list */
    SW_RACE_NODATA,   /**< likewise */
    SW_RACE_REFUSED,  /**< likewise */
    SW_RACE_GARDEN,   /**< an alias to the walled garden, likewise */
    SW_RACE_CUT,      /**< truncated, without any record */
    SW_RACE_FAILED,   /**< SERVFAIL */
    SW_RACE_EMPTY,    /**< neither data nor an extended error (RD=0: not in the cache) */
    SW_RACE_ODD,      /**< anything else */
    SW_RACE_OUTCOMES
};

/** What the authority says to a question. */
enum sw_race_truth { SW_RACE_ADDRESS, SW_RACE_NO_NAME, SW_RACE_NO_DATA };

/**
 * Say what an answer is.
 *
 * packet, length  as received
 * truth           the true answer
 * address, size   what is in it for SW_RACE_ADDRESS: IPv4 (4 octets) or IPv6 (16)
 */
enum sw_race_outcome sw_race_read(const uint8_t *packet, size_t length, enum sw_race_truth truth,
                                  const uint8_t *address, size_t size);

#endif
