/*
 * rejudge.h - histories judged again after a change of what they are judged by.
 *
 * A protected or known list, a registrant database or a table of classes can come after the
 * histories that it speaks of. After such a change, and once nothing has changed for a while, the
 * recorder goes through the names on the ioc lists: a page of a list from Redis (HSCAN), the
 * histories of its names, the owners of their addresses as they are now, and the rules
 * protected-owner and odd-owner. A history that Redis has is judged, whichever resolver wrote it.
 * Names below an indicator are judged when they are seen next.
 *
 * Threads      the recorder
 * Memory       a page of names; histories enter the recorder's bounded memory
 * Cost         SW_REJUDGE_PAGE names at most in SW_REJUDGE_PAUSE_US, one pipeline
 * Reliability  without Redis the walk waits; a change during a walk begins a new walk after it
 * Decision     D-137
 */
#ifndef SW_JOURNAL_HISTORY_REJUDGE_H
#define SW_JOURNAL_HISTORY_REJUDGE_H

#include "journal/history/raise.h"

#define SW_REJUDGE_PAGE     256
#define SW_REJUDGE_PAUSE_US INT64_C(200000)
#define SW_REJUDGE_QUIET_US INT64_C(2000000) /* without a change before a walk */

struct sw_rejudge;

/** settings must outlive the result. NULL: out of memory. */
struct sw_rejudge *sw_rejudge_new(const struct sw_settings *settings);
void sw_rejudge_free(struct sw_rejudge *rejudge); /* NULL is fine */

/** Whether sw_rejudge_step() has anything to do now. */
bool sw_rejudge_due(struct sw_rejudge *rejudge, const struct sw_raise_with *with, int64_t mono_us);

/** Judge a page. SW_OK, or SW_ECLOSED: the connection failed, the page is taken again. */
enum sw_status sw_rejudge_step(struct sw_rejudge *rejudge, const struct sw_raise_with *with,
                               struct sw_redis *redis, int64_t mono_us);

#endif
