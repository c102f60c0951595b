/*
 * event.h - the record of a client's query that hit a list, or of a resolved answer.
 *
 * The record stage fills a struct sw_event on the stack and copies the used part into the
 * worker's ring. The collector takes events out of the rings; the recorder adds ownership and
 * writes JSON. The body is a sequence of tagged values, so that a short event costs few octets.
 *
 * A hit event, step by step: sw_event_init(HIT), client, qname (tag QNAME), every rule that
 * matched (tag HIT, the winner marked), the alias chain (tag ALIAS), the addresses of the true
 * answer (tag ADDRESS), then sw_ring_put(ring, ev, sw_event_size(ev)).
 *
 * Threads      pure functions on the caller's memory
 * Memory       no allocation; at most SW_EVENT_MAX octets
 * Reliability  a value that does not fit is left out and sets SW_EVENT_TRUNCATED; addresses that
 *              do not fit follow in events SW_EVENT_REST (flow/draft.h)
 */
#ifndef SW_BASE_EVENT_H
#define SW_BASE_EVENT_H

#include "base/addr.h"
#include "base/policy.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SW_EVENT_BODY_MAX 3072

/* Name servers of a zone in an event, and their addresses. The event of an answer has
 * SW_SERVERS_SHOWN servers at most, as its document; events SW_EVENT_REST have the others. */
#define SW_SERVERS_MAX   64
#define SW_SERVERS_SHOWN 8
#define SW_SERVED_MAX    128

enum sw_event_type {
    SW_EVENT_HIT,    /* a client's query that a rule matched */
    SW_EVENT_ANSWER, /* a resolved answer for ownership: watched name or tracked address */
    SW_EVENT_BEFORE, /* a listed name that was resolved before the listing, from the memory */
    SW_EVENT_PAST,   /* an address of such a name, for the history alone */
    SW_EVENT_REST,   /* further addresses of a HIT or ANSWER without room, for the history alone */
};

enum sw_event_flag {
    SW_EVENT_SHADOW = 1,    /* the winner's list is in shadow mode: true answer sent */
    SW_EVENT_TRUNCATED = 2, /* some value did not fit into the body */
    SW_EVENT_CD = 4,
    SW_EVENT_DO = 8,
    SW_EVENT_TCP = 16,      /* transport was TCP (or TLS, HTTPS) */
    SW_EVENT_RESOLVED = 32, /* rcode, security and addresses come from a true answer */
    SW_EVENT_CLIENT = 64,   /* client fields are set */
    SW_EVENT_EXPIRED = 128, /* the answer came from the cache after the end of its time to live */
};

enum sw_security { /* as Unbound's sec_status, for the event's DNSSEC field */
                   SW_SECURITY_UNCHECKED,
                   SW_SECURITY_BOGUS,
                   SW_SECURITY_INDETERMINATE,
                   SW_SECURITY_INSECURE,
                   SW_SECURITY_SECURE
};

enum sw_event_tag {
    SW_TAG_QNAME = 1, /* wire name, lower case */
    SW_TAG_HIT,       /* struct sw_event_hit */
    SW_TAG_ALIAS,     /* wire name: next target in the CNAME chain, in order */
    SW_TAG_ADDRESS,   /* 4 or 16 octets: A, AAAA or hint of the true answer */
    SW_TAG_ZONE,      /* wire name: the closest zone with name servers in the cache */
    SW_TAG_SERVER,    /* wire name: a name server of that zone */
    SW_TAG_SERVED_AT, /* 4 or 16 octets: an address of the preceding SW_TAG_SERVER */
    SW_TAG_MORE,      /* uint32_t: rules that matched and have no SW_TAG_HIT */
    SW_TAG_UNTIL,     /* int64_t, seconds: an answer found in the cache is valid until then */
    SW_TAG_SPAN,      /* struct sw_event_span: from the memory, first and last time and count */
    SW_TAG_WATCHED,   /* wire name: an alias for which a watch list declares the owners */
};

struct sw_event_span {
    int64_t first_us, last_us; /* wall clock */
    uint64_t count;
};

struct sw_event {
    int64_t time_us;       /* wall clock */
    uint8_t type;          /* enum sw_event_type */
    uint8_t flags;         /* enum sw_event_flag */
    uint8_t action_wanted; /* enum sw_action of the winner */
    uint8_t action_taken;  /* enum sw_action: PASSTHRU or MONITOR when the true answer was sent */
    uint8_t rcode;         /* of the true answer */
    uint8_t security;      /* enum sw_security of the true answer */
    uint8_t client_family; /* 4, 6 */
    uint8_t pad;
    uint16_t qtype;
    uint16_t qclass;
    uint16_t client_port;
    uint16_t ede; /* code sent, SW_EDE_OFF when none */
    uint8_t client[16];
    uint32_t unjudged; /* name servers and their addresses that were not judged, at least (D-253) */
    uint32_t body_len;
    uint8_t body[SW_EVENT_BODY_MAX];
};

#define SW_EVENT_MAX sizeof(struct sw_event)

struct sw_event_hit {
    uint8_t winner;        /* 1 for the rule that was applied */
    uint8_t trigger;       /* enum sw_trigger */
    uint8_t kind;          /* enum sw_kind */
    uint8_t action;        /* enum sw_action of that list */
    const char *list;      /* terminated, points into the event */
    const char *indicator; /* terminated canonical text, points into the event */
};

/** Start an event with an empty body. */
void sw_event_init(struct sw_event *ev, enum sw_event_type type, int64_t time_us);

/** Append a value; false and SW_EVENT_TRUNCATED without room. */
bool sw_event_put(struct sw_event *ev, enum sw_event_tag tag, const void *value, size_t len);
bool sw_event_put_hit(struct sw_event *ev, const struct sw_event_hit *hit);

/** Append a wire name folded to lower case; false without room, or without a whole uncompressed
 * name within max_len octets, which is no truncation. */
bool sw_event_put_name(struct sw_event *ev, enum sw_event_tag tag, const uint8_t *wire,
                       size_t max_len);

/** Octets in use: the length of the record for the ring. */
size_t sw_event_size(const struct sw_event *ev);

/**
 * Walk the body: start with *cursor = 0; false after the last value. A damaged body ends the
 * walk (never reads outside body_len).
 */
bool sw_event_next(const struct sw_event *ev, size_t *cursor, enum sw_event_tag *tag,
                   const uint8_t **value, size_t *len);

/** The value of SW_TAG_SPAN; false: there is none. */
bool sw_event_span(const struct sw_event *ev, struct sw_event_span *span);

/** Which tags the body has: bit 1 << tag for each. */
unsigned sw_event_tags(const struct sw_event *ev);

/** Decode a SW_TAG_HIT value; SW_EFORMAT when damaged. */
enum sw_status sw_event_get_hit(const uint8_t *value, size_t len, struct sw_event_hit *hit);

#endif
