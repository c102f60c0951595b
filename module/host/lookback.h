/*
 * lookback.h - compares indicators with the memory when they come in force.
 *
 * The feeder reports indicators of lists of kind ioc when they are in force
 * (sw_lookback_in_force()), and does not wait. The keeper's thread (memory/intake/keeper.h) then
 * looks for them in the files of the memory and in the tuples that are not written yet:
 *
 *     single indicators        a pass over the blocks that can hold an indicator (sw_hunt_run())
 *     lists, a large batch     a pass over all owner names, each compared with the index
 *     an AS number             likewise, with a look-up of each address in the AS database
 *
 * A name that was resolved before becomes an event SW_EVENT_BEFORE: `seen-before`, once for the
 * fleet (journal/history/sight.h). Each address of the name becomes an event SW_EVENT_PAST with its
 * first and last time: the recorder notes the history with these times, and the rules of ownership
 * judge. Other names on these addresses become events SW_EVENT_ANSWER with their times, so that
 * they count as neighbours.
 *
 * Threads      sw_lookback_in_force(): the feeder; the pass: the keeper
 * Memory       SW_LOOKBACK_MAX indicators wait; more become a pass for all lists. As many records
 *              are kept at a time, of names with events to come. The number of open files is fixed
 * Reliability  a pass that a kill or a stop has ended is repeated: a note in the folder of the
 *              memory says that the pass is not complete
 * Decisions    D-162, D-232
 */
#ifndef SW_HOST_LOOKBACK_H
#define SW_HOST_LOOKBACK_H

#include "feed/feed.h"

struct sw_module;
struct sw_lookback;

/** NULL: out of memory. module->keeper is set; module->journal is set before the feeder starts. */
struct sw_lookback *sw_lookback_new(struct sw_module *module);
void sw_lookback_free(struct sw_lookback *lookback); /* NULL is fine; the keeper has stopped */

/** Have the keeper look for these indicators. */
void sw_lookback_in_force(struct sw_lookback *lookback, const struct sw_in_force *now);

/** Look for all indicators that wait. The keeper. */
void sw_lookback_run(struct sw_lookback *lookback);

#endif
