/*
 * observe.h - what an event tells about ownership: whose addresses, what is new, what is odd.
 *
 * For an event that a rule of kind ioc or watch won, and for an observed answer, step by step:
 *   sw_observe_prefetch()  for a whole batch: histories not in memory are loaded from Redis in
 *                          one pipeline
 *   sw_observe_look()      qname, rule, addresses with their owners (one short RCU section)
 *   (the event is written)
 *   sw_observe_note()      history of the name and of each address; addresses of listed and
 *                          watched names are tracked from now on; anomalies are raised
 *
 * What lists and history say about it is judged in assess.h: at once when the durable history of
 * all that it concerns is in mind, else as soon as Redis has been asked, so that a restart while
 * Redis is away raises nothing again. After SW_PATIENCE_US, or when too many wait, it is judged
 * without, and the document says so (history_unread).
 *
 * Threads      the recorder
 * Memory       bounded: names, addresses, raised anomalies in memory; least recent go first
 * Reliability  works without Redis, on what it has seen itself
 */
#ifndef SW_JOURNAL_HISTORY_OBSERVE_H
#define SW_JOURNAL_HISTORY_OBSERVE_H

#include "journal/history/assess.h"
#include "journal/history/seen.h"
#include "journal/journal.h"
#include "journal/link.h"

struct sw_observe;

#define SW_PATIENCE_US INT64_C(10000000) /* judgements wait for Redis no longer than this */
#define SW_PENDING_MAX 1024              /* that wait at a time */

struct sw_observe_with { /* what it works with; all outlive it */
    const struct sw_settings *settings;
    const struct sw_index *index;
    const struct sw_owners *owners;
    const struct sw_journal_host *host; /* may be NULL */
    struct sw_link *link;
    struct sw_seens *seens;
    /* An anomaly was raised; the report is valid during the call. */
    void (*raise)(void *arg, const struct sw_anomaly_report *report);
    void *arg;
};

/** NULL: out of memory. */
struct sw_observe *sw_observe_new(const struct sw_observe_with *with);
void sw_observe_free(struct sw_observe *observe); /* NULL is fine */

/** Load what these records (a list over ->next, or NULL) will need, if Redis is there, and judge
 * what waited for that. */
void sw_observe_prefetch(struct sw_observe *observe, const struct sw_record *records,
                         int64_t mono_us);

/** Judge what still waits for Redis: at the end. */
void sw_observe_settle(struct sw_observe *observe);

/** Take an event apart and look its addresses up. */
void sw_observe_look(struct sw_observe *observe, const struct sw_event *event,
                     struct sw_sight *sight);

/** Note history and raise anomalies for a sight of this record's event. */
void sw_observe_note(struct sw_observe *observe, const struct sw_record *record,
                     const struct sw_sight *sight);

#endif
