/*
 * odd.h - answers that are not as they should be: failures, records that nobody asked for, octets
 * that do not parse, OPT records that nobody would send.
 *
 * data.c asks at four places: instead of an answer, behind its records, for the OPT record, and for
 * the octets as a whole. The kind of the name says at which of them something is odd.
 *
 * Threads      pure functions
 * Memory       the caller's
 * Reliability  what comes out is sent as it is, whatever it is
 * Security     test only
 * Standards    RFC 1035 4.1, RFC 6891
 */
#ifndef SW_DIFFERENTIAL_ODD_H
#define SW_DIFFERENTIAL_ODD_H

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

/** The OPT record, where the query had one or the kind is EDNS. */
void sw_odd_opt(const struct sw_odd *odd, struct sw_message *m, bool dnssec);

/** Copy the message to out, with wrong octets where the kind says so; its size. */
size_t sw_odd_finish(const struct sw_odd *odd, const struct sw_message *m, uint8_t *out);

#endif
