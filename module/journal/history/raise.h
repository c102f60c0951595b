/*
 * raise.h - a sight judged: every new anomaly is raised.
 *
 * A sight is an event reduced to the facts of ownership: the name, the rules for the name, the
 * addresses with owners, and for a watched name the zone's name servers with addresses and owners.
 * The history has the sight already (sight.c). Each anomaly is raised once for each episode, and
 * from then on only counted in the history, which keeps a mark. Sights of one finding are grouped
 * (finding.h): another document is written each time the finding has doubled.
 *
 * Threads      the recorder
 */
#ifndef SW_JOURNAL_HISTORY_RAISE_H
#define SW_JOURNAL_HISTORY_RAISE_H

#include "journal/document.h"
#include "journal/history/finding.h"
#include "journal/history/recall.h"
#include "journal/history/seen.h"
#include "journal/record.h"

#define SW_SIGHT_MAX 512 /* addresses of an event: more than an event has room for */

/* The ownership facts of an event. Texts point into the event. */
struct sw_sight {
    bool concerned;  /* whether ownership matters here at all */
    bool unanswered; /* the name does not exist, or has no address; n is 0 */
    bool is_rest;    /* further addresses of an answer: another event has the first addresses */
    bool is_ioc;     /* qname, or a name in the alias chain, is an indicator */
    bool is_watched;
    char list[SW_LISTNAME_MAX];       /* of kind ioc, "" */
    const char *indicator;            /* of that list, "" */
    char watch_list[SW_LISTNAME_MAX]; /* of kind watch, "" */
    const char *watched;              /* its indicator, "" */
    struct sw_name qname;
    char name[SW_NAMETEXT_MAX];
    size_t n;
    struct sw_owned owned[SW_SIGHT_MAX];
    struct sw_name zone; /* len 0: none */
    bool zone_listed;    /* an indicator of kind ioc covers the zone itself */
    char zone_name[SW_NAMETEXT_MAX];
    size_t servers_n, served_n;
    char server[SW_SERVERS_MAX][SW_NAMETEXT_MAX];
    struct sw_owned served[SW_SERVED_MAX];
    size_t served_by[SW_SERVED_MAX]; /* which server has that address */
};

struct sw_raise_with { /* the parts that are used */
    const struct sw_settings *settings;
    const struct sw_index *index;
    const struct sw_owners *owners;
    struct sw_recall *recall;
    struct sw_seens *seens;
    struct sw_findings *findings;
    struct sw_odd *odd; /* distributions of the lists: odd.h */
    /* An anomaly was raised; the report is valid during the call. */
    void (*raise)(void *arg, const struct sw_anomaly_report *report);
    void *arg;
};

/** Judge a sight that was noted. unread: the durable history could not be asked. */
void sw_raise(const struct sw_raise_with *with, const struct sw_record *record,
              const struct sw_sight *sight, bool unread);

/** Judge a sight of the past by protected lists, classes and the distribution of the list only: the
 * rules that a change of lists and databases can make true (rejudge.h). */
void sw_raise_again(const struct sw_raise_with *with, const struct sw_record *record,
                    const struct sw_sight *sight);

/** Loopback and "this host" are no place in the network: other names there are irrelevant. */
bool sw_is_nowhere(const struct sw_addr *addr);

#endif
