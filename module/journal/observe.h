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
 * An anomaly is raised once: protected-owner for each (name, address, protected indicator),
 * shared-address for each (address, other name); then only counted. That they were raised is
 * kept in Redis with the history, so a restart does not raise them again.
 *
 * Threads      the recorder
 * Memory       bounded: names, addresses, raised anomalies in memory; least recent go first
 * Reliability  works without Redis, on what it has seen itself
 */
#ifndef SW_JOURNAL_OBSERVE_H
#define SW_JOURNAL_OBSERVE_H

#include "journal/document.h"
#include "journal/journal.h"
#include "journal/link.h"
#include "journal/seen.h"

#define SW_SIGHT_MAX 64 /* addresses of one answer that are looked at */

/* One event, as far as ownership is concerned. Texts point into the event. */
struct sw_sight {
    bool observed; /* whether ownership matters here at all */
    bool is_ioc;   /* qname, or a name in its chain, is an indicator */
    bool is_watched;
    char list[SW_LISTNAME_MAX]; /* that says so, "" */
    const char *indicator;      /* of that list, "" */
    struct sw_name qname;
    char name[SW_NAMETEXT_MAX];
    size_t n;
    struct sw_owned owned[SW_SIGHT_MAX];
    bool is_protected[SW_SIGHT_MAX]; /* protected[i] is set */
    struct sw_anomaly protected[SW_SIGHT_MAX];
};

struct sw_observe;

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

/** Load what these records (a list over ->next) will need, if Redis is there. */
void sw_observe_prefetch(struct sw_observe *observe, const struct sw_record *records,
                         int64_t mono_us);

/** Take an event apart and look its addresses up. */
void sw_observe_look(struct sw_observe *observe, const struct sw_event *event,
                     struct sw_sight *sight);

/** Note history and raise anomalies for a sight of this record's event. */
void sw_observe_note(struct sw_observe *observe, const struct sw_record *record,
                     const struct sw_sight *sight);

#endif
