/*
 * draft.h - fifth stage: an event for each hit of a client, into the worker's ring.
 *
 * The event is drafted once, when the answer is judged (rules, aliases, addresses). For every
 * waiting client the draft is completed and copied into the ring.
 *
 * Threads      the worker; no lock, no allocation, no I/O
 * Memory       drafts are on the caller's stack or in the query's region
 * Decision     D-007
 */
#ifndef SW_FLOW_DRAFT_H
#define SW_FLOW_DRAFT_H

#include "base/ring.h"
#include "flow/stage.h"

/** Begin an event for a judged question: question and every rule of hits (NULL: none), with list
 * name and indicator in text, the winner marked, and the number of further rules. Called inside
 * the RCU section of the match. */
void sw_draft_begin(struct sw_event *ev, enum sw_event_type type, int64_t time_us,
                    const struct sw_question *question, const struct sw_hits *hits);

/** Add an alias or address of the true answer, in order. Where aliases are longer than the event,
 * the last alias takes the place of the alias before. False: the event has no room for the
 * address. */
void sw_draft_alias(struct sw_event *ev, const uint8_t *name, size_t len);
bool sw_draft_addr(struct sw_event *ev, const struct sw_addr *addr);

/* Octets for addresses in each further event, 28 of IPv6; or for zone, name server and address. */
#define SW_REST_LEAST 544

/* The addresses for which an event has no room, in further events SW_EVENT_REST (D-127). */
struct sw_rest {
    void (*put)(void *arg, struct sw_event *rest); /* a further event is complete */
    void *arg;
    struct sw_event *of;        /* the event of the answer */
    const struct sw_hits *hits; /* its rules, NULL: none */
    bool begun;
    struct sw_event event;
};

/** Make *rest ready. Only the small members are written: the event is written with the first
 * address without room, which few queries have. */
void sw_rest_init(struct sw_rest *rest, void (*put)(void *arg, struct sw_event *rest), void *arg);
/** Begin with the addresses of an answer. */
void sw_rest_begin(struct sw_rest *rest, struct sw_event *of, const struct sw_hits *hits);
/** Add an address. Inside the RCU section of hits. */
void sw_rest_addr(struct sw_rest *rest, const struct sw_addr *addr);
/** A further event for the caller to add the delegation to, without addresses. Inside the RCU
 * section of hits. sw_rest_end() completes the event. */
struct sw_event *sw_rest_next(struct sw_rest *rest);
/** The last further event, if there is any, is complete. */
void sw_rest_end(struct sw_rest *rest);

/* Limits for the name servers of an answer and for their addresses, since the owner of a listed
 * name decides how many of both the cache has. A full DNS message has about 4,096 addresses
 * (D-228). */
#define SW_SERVING_SERVERS 256
#define SW_SERVING_ADDRS   4096

/* The name servers of a zone on the way into the event of an answer, and into further events where
 * the event has no room (D-228). */
struct sw_serving {
    struct sw_event *ev; /* the present event */
    struct sw_rest *rest;
    const struct sw_name *zone, *server;
    bool has_zone, has_server, in_rest; /* of the present event */
    size_t servers, served;             /* in the present event */
    size_t all_servers, all_served;     /* of the answer */
    size_t behind;                      /* name servers behind the present one */
};

/** Begin with the event of the answer, or with a further event of rest. rest: sw_rest_begin() was
 * called with the event of the answer, no address waits. zone outlives the object. */
void sw_serving_begin(struct sw_serving *serving, struct sw_event *ev, struct sw_rest *rest,
                      const struct sw_name *zone);
/** The next server, and the addresses of this server, of 4 or 16 octets. behind: the number of
 * values that the same RRset has after this one. server is borrowed until the next call. False: one
 * of the limits above is reached; the value is left out, and the caller ends. The event of the
 * answer then has SW_EVENT_TRUNCATED and the number of values left out (D-253). Inside the RCU
 * section of the rules. */
bool sw_serving_server(struct sw_serving *serving, const struct sw_name *server, size_t behind);
bool sw_serving_addr(struct sw_serving *serving, const uint8_t *octets, size_t size, size_t behind);

/** Add the end of the time to live of an answer that was found in the cache, in seconds since the
 * epoch. The time of the event is then the time at which the answer was stored. */
void sw_draft_until(struct sw_event *ev, int64_t until);

/** Complete the draft for a client and put the event into the ring. The draft can be completed
 * again for the next client. Returns whether the event is in the ring; if not (full, or ring
 * NULL), the caller counts the loss. */
bool sw_draft_put(struct sw_ring *ring, struct sw_event *ev, int64_t time_us,
                  const struct sw_client *client, const struct sw_verdict *verdict);

#endif
