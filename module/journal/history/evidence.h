/*
 * evidence.h - the history of a name in an anomaly's document, for all rules alike.
 *
 * Threads      the recorder
 */
#ifndef SW_JOURNAL_HISTORY_EVIDENCE_H
#define SW_JOURNAL_HISTORY_EVIDENCE_H

#include "journal/document.h"
#include "owner/history.h"

/** Copy the latest addresses of a name as evidence; returns the number. of: NULL is fine. */
size_t sw_evidence(const struct sw_name_history *of, struct sw_name_addr out[SW_EVIDENCE_MAX]);

/** Put the first time and the number of sights of an address, over all its owners, into a report.
 * The values that the report has stay where the history has none. of: NULL is fine. */
void sw_evidence_times(const struct sw_name_history *of, const struct sw_addr *addr,
                       struct sw_anomaly_report *report);

#endif
