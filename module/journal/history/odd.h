/*
 * odd.h - the odd one out of its list: anomaly odd-owner.
 *
 * Each sight of a name on an ioc list enters the distribution of the list (owner/spread.h). Names
 * with an unusual class are candidates. A name that was seen before the list had enough names is
 * judged again with each further name of the list. A candidate is not judged before odd-wait-hours
 * are over: from the first sight of the name, and from the time when the list had enough names
 * (D-251). So the order of the sights within the wait is irrelevant. A sweep resolves all names of
 * a list, and judges the candidates at the end, by the whole distribution.
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

/** settings must outlive the result. now_us: monotonic time. only_at_the_end: judge in
 * sw_odd_finish() only. NULL: out of memory. */
struct sw_odd *sw_odd_new(const struct sw_settings *settings, int64_t now_us, bool only_at_the_end);
void sw_odd_free(struct sw_odd *odd); /* NULL is fine */

/** Note a sight of a name on an ioc list, and raise odd-owner for each candidate of the list that
 * stands apart now and was not raised before in the holder's episode. */
void sw_odd_note(struct sw_odd *odd, const struct sw_raise_with *with,
                 const struct sw_record *record, const struct sw_sight *sight, bool unread);

/** Whether sw_odd_settle() has a wait that is over at this monotonic time. */
bool sw_odd_is_due(const struct sw_odd *odd, int64_t now_us);

/** Want the histories of all candidates, so that a judgement after a wait knows earlier marks. */
void sw_odd_want(const struct sw_odd *odd, struct sw_recall *recall);

/** Tell the monotonic time, and judge the candidates whose wait is over. */
void sw_odd_settle(struct sw_odd *odd, const struct sw_raise_with *with, int64_t now_us);

/** The end. With only_at_the_end all candidates are judged. Otherwise candidates that wait are
 * judged after the next start, when the histories are judged again (D-137). */
void sw_odd_finish(struct sw_odd *odd, const struct sw_raise_with *with);

#endif
