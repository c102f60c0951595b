/*
 * record.h - fifth stage: one event for each client's hit, into the worker's own ring.
 *
 * The event is drafted once, when the answer is judged (rules, aliases, addresses); for every
 * client that waits it is completed and copied into the ring.
 *
 * Threads      the worker; no lock, no allocation, no I/O
 * Memory       drafts are on the caller's stack or in the query's region
 */
#ifndef SW_FLOW_RECORD_H
#define SW_FLOW_RECORD_H

#include "base/ring.h"
#include "flow/stage.h"

/**
 * Begin an event for a judged question: question, every rule of hits (NULL: none) with its list and
 * indicator in text, the winner marked, and how many more there were.
 * Inside the RCU section of the match.
 */
void sw_record_draft(struct sw_event *ev, enum sw_event_type type, int64_t time_us,
                     const struct sw_question *question, const struct sw_hits *hits);

/** Add what the true answer holds, in order. */
void sw_record_alias(struct sw_event *ev, const uint8_t *name, size_t len);
void sw_record_addr(struct sw_event *ev, const struct sw_addr *addr);

/** Complete the draft for one client and put it into the ring (NULL ring: lost, counted by the
 * caller). The draft can be completed again for the next client. Returns whether it was put. */
bool sw_record_client(struct sw_ring *ring, struct sw_event *ev, int64_t time_us,
                      const struct sw_client *client, const struct sw_verdict *verdict);

#endif
