/*
 * race_judge.h - which answers the lists allowed while a query was under way.
 *
 * The driver and the load generator share a 64-bit word for each rule, in a mapped file: the set of
 * possible states of the rule (low 16 bits, one for each enum sw_race_state), and a number that
 * every store raises. The driver stores old and new state together before the write to Redis, and
 * the new state alone when the resolver has reported the change as applied. The generator reads the
 * word before sending and after receiving. A single store lies between at most: both sets together
 * are the allowed states. More: anything was.
 *
 * Where data move the rule touches only one of two answers, and the resolver may have either. So
 * the answer itself is judged: an answer with listed data is a contradiction while no allowed state
 * shows the data, with any data of the authority by then; a rewritten answer needs its state, as
 * always; the other answer is right at any time, and no hit.
 *
 * Threads      words are stored by a single driver thread each, loaded by any generator thread
 * Memory       counts belong to a single generator thread each, and are added up at the end
 * Reliability  64 bits, aligned: no torn reads; system calls lie between store and effect
 * Security     test only
 * Standards    none
 */
#ifndef SW_RACE_JUDGE_H
#define SW_RACE_JUDGE_H

#include "answer.h"

#include <stdbool.h>

/** States of a rule, as bits of the shared word; the driver has the same numbers. */
enum sw_race_state {
    SW_RACE_UNLISTED = 1,
    SW_RACE_MONITORED = 2,
    SW_RACE_IS_SINKHOLE = 4,
    SW_RACE_IS_NXDOMAIN = 8,
    SW_RACE_IS_NODATA = 16,
    SW_RACE_IS_REFUSED = 32,
    SW_RACE_IS_DROPPED = 64,
    SW_RACE_IS_TCP_ONLY = 128,
    SW_RACE_IS_CNAME = 256,
    SW_RACE_ANY = 511
};
#define SW_RACE_NUMBER 16 /* bits below the number */

/** The properties of a query that decide which states give an outcome. */
struct sw_race_query {
    bool landing; /**< the type has landing addresses (A, AAAA); others get NODATA instead */
    bool tcp;     /**< an answer over TCP: lists of action tcp-only change nothing */
    bool cut;     /**< the resolver may cut any answer short, so that the client asks again */
};

/** Counts for each rule. */
struct sw_race_counts {
    uint64_t sent;           /**< queries */
    uint64_t answers;        /**< answers to these queries */
    uint64_t lost;           /**< queries without an answer */
    uint64_t dropped;        /**< likewise, which the rule may have had dropped */
    uint64_t listed;         /**< answers judged while a single listed state was certain */
    uint64_t unlisted;       /**< answers judged while "not listed" was certain */
    uint64_t away;           /**< answers with data that the rule does not touch: always right */
    uint64_t contradictions; /**< answers that no allowed state gives */
    uint64_t odd;            /**< answers that nothing explains */
    uint64_t failed;         /**< SERVFAIL, and truncated answers where allowed */
    uint64_t hits;           /**< answers that are hits for certain */
    uint64_t maybe;          /**< answers and lost queries that may be hits */
};

/**
 * Judge an answer, and count the outcome.
 *
 * before, after  the rule's word when the query was sent, and when the answer was there
 * Returns whether the answer is a contradiction.
 */
bool sw_race_judge(struct sw_race_counts *counts, uint64_t before, uint64_t after,
                   enum sw_race_outcome outcome, const struct sw_race_query *query);

/**
 * Count a query that got no answer.
 *
 * The resolver may still have the query in hand when the client gives up, and records the query by
 * the lists of that moment (D-082): perhaps a hit, with any word of the rule.
 */
void sw_race_lost(struct sw_race_counts *counts, uint64_t before, uint64_t after);

#endif
