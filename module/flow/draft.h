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

/** Add an alias or address of the true answer, in order. */
void sw_draft_alias(struct sw_event *ev, const uint8_t *name, size_t len);
void sw_draft_addr(struct sw_event *ev, const struct sw_addr *addr);

/** Add the end of the time to live of an answer that was found in the cache, in seconds since the
 * epoch. The time of the event is then the time at which the answer was stored. */
void sw_draft_until(struct sw_event *ev, int64_t until);

/** Complete the draft for a client and put the event into the ring. The draft can be completed
 * again for the next client. Returns whether the event is in the ring; if not (full, or ring
 * NULL), the caller counts the loss. */
bool sw_draft_put(struct sw_ring *ring, struct sw_event *ev, int64_t time_us,
                  const struct sw_client *client, const struct sw_verdict *verdict);

#endif
