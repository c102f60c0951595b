/*
 * answer.h - the content of an answer, as far as the race test's judge needs it.
 *
 * The load generator calls sw_race_read() for each answer; the judge compares the result with the
 * allowed states of the lists (race_judge.h).
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

/** The outcome for a client. */
enum sw_race_outcome {
    SW_RACE_TRUE,     /**< the authority's own answer */
    SW_RACE_AWAY,     /**< likewise, with the data of SW_RACE_MOVES that no rule touches */
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

/** The authority's answer to a question. */
enum sw_race_kind {
    SW_RACE_ADDRESS, /**< always the same address */
    SW_RACE_NO_NAME,
    SW_RACE_NO_DATA,
    SW_RACE_MOVES /**< one address or another, changing */
};

/** The true answer to a question. */
struct sw_race_truth {
    enum sw_race_kind kind;
    size_t size;         /**< of the addresses: IPv4 (4 octets) or IPv6 (16) */
    uint8_t address[16]; /**< the data for SW_RACE_ADDRESS and SW_RACE_MOVES; rules touch these
                          * data */
    uint8_t away[16];    /**< the other data for SW_RACE_MOVES; no rule touches these data */
};

/** Classify an answer; packet and length are as received. An answer with both addresses counts as
 * an answer with the touched address. */
enum sw_race_outcome sw_race_read(const uint8_t *packet, size_t length,
                                  const struct sw_race_truth *truth);

#endif
