/*
 * assess.h - one sight judged: every anomaly that is new is raised.
 *
 * A sight is an event as far as ownership is concerned: the name, what lists say about it, its
 * addresses with their owners, and for watched names the name servers of their zone with theirs.
 * The history has it already (observe.c). Each anomaly is raised once and then only counted in the
 * history; that it was raised is kept there, too.
 *
 * Threads      the recorder
 */
#ifndef SW_JOURNAL_HISTORY_ASSESS_H
#define SW_JOURNAL_HISTORY_ASSESS_H

#include "journal/document.h"
#include "journal/history/recall.h"
#include "journal/history/seen.h"
#include "journal/record.h"

#define SW_SIGHT_MAX  64 /* addresses of one answer that are looked at */
#define SW_SERVED_MAX 16 /* addresses of name servers */

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
    struct sw_name zone; /* len 0: none */
    char zone_name[SW_NAMETEXT_MAX];
    size_t servers_n, served_n;
    char server[SW_SERVERS_MAX][SW_NAMETEXT_MAX];
    struct sw_owned served[SW_SERVED_MAX];
    size_t served_by[SW_SERVED_MAX]; /* which server has that address */
};

struct sw_assess_with { /* what it works with */
    const struct sw_settings *settings;
    const struct sw_index *index;
    const struct sw_owners *owners;
    struct sw_recall *recall;
    struct sw_seens *seens;
    /* An anomaly was raised; the report is valid during the call. */
    void (*raise)(void *arg, const struct sw_anomaly_report *report);
    void *arg;
};

/** Judge a sight that was noted. unread: the durable history could not be asked. */
void sw_assess(const struct sw_assess_with *with, const struct sw_record *record,
               const struct sw_sight *sight, bool unread);

/** Loopback and "this host" are no place in the network: what else is there is of no interest. */
bool sw_is_nowhere(const struct sw_addr *addr);

#endif
