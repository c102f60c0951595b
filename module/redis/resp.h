/*
 * resp.h - a scanner that finds the end of a Redis reply and checks the limits of size.
 *
 * hiredis turns replies into objects and trusts every length that a server announces: a header
 * "*2000000000" alone costs 16 GB of address space. So all octets from the socket pass through
 * this scanner before hiredis sees them. The scanner only counts octets and follows headers; no
 * reply is copied.
 *
 *     sw_resp_init(&resp, SW_RESP_OCTETS_MAX, SW_RESP_ELEMENTS_MAX);
 *     status = sw_resp_scan(&resp, data, len, &used);  // SW_ENOTFOUND: all used, the reply goes on
 *     status = sw_resp_scan(&resp, more, len, &used);  // SW_OK: the reply ends after `used` octets
 *
 * Threads      pure functions; a scanner for each connection
 * Memory       fixed size, nothing allocated
 * Errors       a message in `why` of the scanner
 * Standards    RESP2: simple strings, errors, integers, bulk strings, arrays
 * Source       D-095
 */
#ifndef SW_REDIS_RESP_H
#define SW_REDIS_RESP_H

#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

/* The largest expected reply is a history hash of `history-max` fields. */
#define SW_RESP_OCTETS_MAX   ((uint64_t)64 << 20)
#define SW_RESP_ELEMENTS_MAX ((uint64_t)1 << 20) /* of all arrays of a reply together */
#define SW_RESP_LINE_MAX     65536 /* octets of a simple string or error, type and CR LF included */
#define SW_RESP_DEPTH_MAX    7     /* of nested arrays: the limit of hiredis 0.14 */
#define SW_RESP_LEFT_OUT_MAX ((uint64_t)2 << 30) /* octets of a reply that are left out */

/* The part of a reply that is wanted; the rest is read and left out (D-231). */
struct sw_resp_part {
    size_t string_max;  /* a longer string is cut to so many octets; 0: no string is cut */
    unsigned depth_max; /* an array inside of so many arrays becomes empty; 0: no array does */
};

/** Takes the wanted octets of a reply. */
typedef void sw_resp_fn(void *arg, const char *data, size_t len);

struct sw_resp {
    uint64_t octets_max, elements_max;
    const struct sw_resp_part *part;     /* during sw_resp_sieve(), otherwise NULL */
    sw_resp_fn *put;                     /* likewise */
    void *put_arg;                       /* likewise */
    uint64_t octets;                     /* of this reply so far */
    uint64_t left_out;                   /* of these octets; kept until the next reply begins */
    uint64_t wanted;                     /* octets of the bulk string still to be put */
    uint64_t elements;                   /* announced by the reply's arrays so far */
    uint64_t bulk;                       /* octets of a bulk string still to come, CR LF included */
    uint64_t due[SW_RESP_DEPTH_MAX + 1]; /* values still to come, of each array; [0]: the reply */
    unsigned depth;                      /* arrays that are not complete */
    uint32_t line_len;                   /* octets of the current line so far; 0: not in a line */
    char line[24];                       /* first octets of the line */
    char last;                           /* last octet of the line */
    const char *why;                     /* set by SW_ETOOBIG and SW_ESYNTAX; static */
};

/** Call before the first octet of a connection. The limits hold for each reply. */
void sw_resp_init(struct sw_resp *resp, uint64_t octets_max, uint64_t elements_max);

/** Whether no octet of the next reply has been scanned. */
static inline int sw_resp_at_start(const struct sw_resp *resp)
{
    return resp->octets == 0;
}

/**
 * Scan octets up to the end of a reply.
 *
 * data, len  the octets that follow the octets of earlier calls
 * used       set on SW_OK and SW_ENOTFOUND: octets that belong to this reply
 *
 * SW_OK         the reply is complete; the next call begins the next reply
 * SW_ENOTFOUND  the reply continues behind data: *used is len
 * SW_ETOOBIG    the reply has, or announces, more than the limits
 * SW_ESYNTAX    not RESP2
 * After an error, close the connection and start again with sw_resp_init().
 */
enum sw_status sw_resp_scan(struct sw_resp *resp, const char *data, size_t len, size_t *used);

/**
 * Likewise, and put the wanted part as a reply of its own. The limits hold for the wanted part, and
 * SW_RESP_LEFT_OUT_MAX for the rest. The same part for all octets of a reply.
 */
enum sw_status sw_resp_sieve(struct sw_resp *resp, const struct sw_resp_part *part, sw_resp_fn *put,
                             void *arg, const char *data, size_t len, size_t *used);

#endif
