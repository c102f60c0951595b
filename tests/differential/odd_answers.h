/*
 * odd_answers.h - odd answers: failures, records that nobody asked for, octets that do not parse,
 * OPT records that nobody would send.
 *
 * data.c asks at four places: instead of an answer, behind the records, for the OPT record, and for
 * the octets as a whole. The kind of the name decides which place is odd.
 *
 * Threads      pure functions
 * Memory       the caller's
 * Reliability  the result is sent in any form
 * Security     test only
 * Standards    RFC 1035 4.1, RFC 6891
 */
#ifndef SW_DIFFERENTIAL_ODD_ANSWERS_H
#define SW_DIFFERENTIAL_ODD_ANSWERS_H

#include "message.h"

struct sw_odd {
    const struct sw_world *world;
    const struct sw_node *node;
    uint16_t type;
    bool tcp, opt;
    bool delegated; /* the server only refers: nothing is odd about that */
    uint64_t draw;  /* of the question's name */
};

/** Kinds that are odd as whole messages: never part of an answer about another name. */
bool sw_odd_kind(enum sw_kind_of_name kind);

bool sw_odd_is_silent(const struct sw_odd *odd);

/** A failure in place of an answer; false: the name is answered. */
bool sw_odd_instead(const struct sw_odd *odd, struct sw_message *m);

/** Records behind the answer's own. */
void sw_odd_records(const struct sw_odd *odd, struct sw_message *m);

/** The OPT record, for a query with OPT or a name of kind EDNS. */
void sw_odd_opt(const struct sw_odd *odd, struct sw_message *m, bool dnssec);

/** Copy the message to out, with wrong octets where the kind says so; returns the size. */
size_t sw_odd_finish(const struct sw_odd *odd, const struct sw_message *m, uint8_t *out);

#endif
