/*
 * anomaly_rules.h - every anomaly rule for an address, with a mark for each true rule.
 *
 * The recorder notes a sight in the history, then asks here for each type. A true rule has a
 * mark, a text that stands for this fact. The history in Redis keeps the marks with the time at
 * which they were true last. A mark that is not older than the begin of the present episode
 * (sw_anomaly.begin_us) means that the anomaly was raised before.
 *
 *   protected-owner LIST INDICATOR       for a name and address; "-" by protected-classes
 *   odd-owner LIST                       for a name and address
 *   unexpected-owner LIST AS64500        for a name (the address where no AS is known)
 *   owner-change AS64500[ HOLDER]        for a name; the holder where it is not the AS itself
 *   owner-flux, woke                     for a name
 *   dangling-alias TARGET                for a name
 *   origin-change AS64500 PREFIX         for a name and address
 *   special-address, no-owner            for a name and address
 * shared-address is judged with the names of an address: sight.c.
 *
 * Threads      the recorder
 */
#ifndef SW_JOURNAL_HISTORY_ANOMALY_RULES_H
#define SW_JOURNAL_HISTORY_ANOMALY_RULES_H

#include "base/event.h"
#include "journal/document.h"
#include "journal/history/entry.h"
#include "owner/anomaly.h"

#define SW_MARK_MAX SW_ANOMALYTEXT_MAX

struct sw_subject {
    enum sw_of of;                         /* a name, or a zone's name servers */
    bool is_ioc, is_watched;               /* the lists that cover the name */
    uint32_t protected_classes;            /* by the settings: SW_CLASS_BIT() of each */
    const struct sw_name *name;            /* that was asked for */
    const struct sw_event *event;          /* for the aliases */
    const struct sw_name_history *history; /* with this sight; NULL: out of memory */
    const struct sw_limits *limits;        /* of the lists that cover the name */
    int64_t time_us;
};

/**
 * Ask a rule. True: *anomaly is filled, begin_us included, and mark has the text to keep.
 * Inside an RCU section. shared-address, odd-owner and dangling-alias are always false here.
 */
bool sw_anomaly_rule(enum sw_anomaly_type type, bool have_asn, const struct sw_view *view,
                     const struct sw_subject *subject, const struct sw_owned *owned,
                     struct sw_anomaly *anomaly, char mark[SW_MARK_MAX]);

/**
 * dangling-alias: the last alias of an answer that says that the name does not exist. True:
 * *anomaly and mark are filled. false: the answer has no alias. Inside an RCU section.
 */
bool sw_anomaly_dangling(const struct sw_view *view, const struct sw_subject *subject,
                         struct sw_anomaly *anomaly, char mark[SW_MARK_MAX]);

/** The text that former versions kept for the same fact, "" where the text is the same. Returns
 * out. */
char *sw_mark_of_before(const char *mark, char out[SW_MARK_MAX]);

/** Whether a mark is about the name as a whole, in contrast to an address. */
bool sw_mark_of_name(const char *mark);

#endif
