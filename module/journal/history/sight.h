/*
 * sight.h - from an event to ownership: owners of the addresses, history, anomalies.
 *
 * For an event that a rule of kind ioc or watch won, and for an answer with a tracked address, step
 * by step:
 *   sw_sights_prefetch()  for a whole batch: histories not in memory are loaded from Redis in a
 *                         single pipeline
 *   sw_sights_look()      qname, rule, addresses with their owners (one short RCU section)
 *   (the event is written)
 *   sw_sights_note()      history of the name and of each address; addresses of listed and
 *                         watched names are tracked from now on; anomalies are raised
 *
 * raise.h judges the event: at once when the durable histories of all names and addresses involved
 * are in memory, else as soon as Redis has answered. So a restart while Redis is away raises
 * nothing twice. After SW_PATIENCE_US, or with too many waiting events, the judgement goes without
 * the durable history, and the document says so (history_unread).
 *
 * Threads      the recorder
 * Memory       bounded: names, addresses, raised anomalies in memory; least recent go first
 * Reliability  works without Redis, on the sights of this resolver alone
 */
#ifndef SW_JOURNAL_HISTORY_SIGHT_H
#define SW_JOURNAL_HISTORY_SIGHT_H

#include "journal/history/raise.h"
#include "journal/history/seen.h"
#include "journal/journal.h"
#include "journal/link.h"

struct sw_sights;

#define SW_PATIENCE_US INT64_C(10000000) /* judgements wait for Redis no longer than this */
#define SW_PENDING_MAX 1024              /* that wait at a time */

struct sw_sights_with { /* the parts that are used; all outlive the object */
    const struct sw_settings *settings;
    const struct sw_index *index;
    const struct sw_owners *owners;
    const struct sw_journal_host *host; /* may be NULL */
    struct sw_link *link;
    struct sw_seens *seens;
    struct sw_findings *findings; /* NULL: an object of its own is made */
    /* An anomaly was raised; the report is valid during the call. */
    void (*raise)(void *arg, const struct sw_anomaly_report *report);
    void *arg;
};

/** NULL: out of memory. */
struct sw_sights *sw_sights_new(const struct sw_sights_with *with);
void sw_sights_free(struct sw_sights *sights); /* NULL is fine */

/** Load the histories that these records (linked by ->next, or NULL) need, if Redis is there,
 * judge the events that waited for histories, and settle. */
void sw_sights_prefetch(struct sw_sights *sights, const struct sw_record *records, int64_t mono_us);

/** Judge a page of histories again, if lists or databases have changed (rejudge.h), Redis is there,
 * and the host wants more than sights. */
void sw_sights_rejudge(struct sw_sights *sights, int64_t mono_us);

/** Tell the monotonic time, and judge the names that waited for further names of a list (odd.h). */
void sw_sights_settle(struct sw_sights *sights, int64_t mono_us);

/** Judge the events that still wait for Redis: at the end. */
void sw_sights_finish(struct sw_sights *sights);

/** The number of events that wait for histories, and may raise anomalies then. */
size_t sw_sights_pending(const struct sw_sights *sights);

/** Take an event apart and look up the owners of the addresses. */
void sw_sights_look(struct sw_sights *sights, const struct sw_event *event, struct sw_sight *sight);

/**
 * Claim a record about the past (SW_TAG_SPAN), so that a repeated look back counts nothing twice.
 *
 * SW_EVENT_BEFORE  the name, for the fleet, as a member of the finding "seen-before" of the
 *                  indicator; true when the number of members reaches 1, 2, 4, 8, ... (D-141)
 * other types      name and address, for the history that this resolver contributes to
 */
bool sw_sights_claim_past(struct sw_sights *sights, const struct sw_event *event);

/** Note history and raise anomalies for a sight of this record's event. */
void sw_sights_note(struct sw_sights *sights, const struct sw_record *record,
                    const struct sw_sight *sight);

#endif
