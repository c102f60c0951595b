/*
 * odd.h - the odd one out of its list: anomaly odd-owner.
 *
 * Each sight of a name on an ioc list enters the distribution of the list (owner/spread.h). Names
 * with an unusual class are candidates. A name that was seen before the list had enough names is
 * judged again with each further name of the list. So the order of the sights is irrelevant, and a
 * sweep, which resolves all names of a list, has the whole distribution at its end.
 *
 * The class of a name is the class of the holder of its address, else the class of the carrier; of
 * several addresses an unusual class counts.
 *
 * Threads      the recorder
 * Memory       bounded: lists_max lists with names_max names each, 64 candidates for each list; the
 *              oldest go first
 */
#ifndef SW_JOURNAL_HISTORY_ODD_H
#define SW_JOURNAL_HISTORY_ODD_H

#include "journal/history/raise.h"

struct sw_odd;

/** settings must outlive the result. NULL: out of memory. */
struct sw_odd *sw_odd_new(const struct sw_settings *settings);
void sw_odd_free(struct sw_odd *odd); /* NULL is fine */

/** Note a sight of a name on an ioc list, and raise odd-owner for each candidate of the list that
 * stands apart now and was not raised before in the holder's episode. */
void sw_odd_note(struct sw_odd *odd, const struct sw_raise_with *with,
                 const struct sw_record *record, const struct sw_sight *sight, bool unread);

#endif
