/* lookback_steps.c - steps of a pass that all its parts take: whether to go on, the files of the
 * memory, an event for the recorder. See lookback_parts.h. */
#include "host/answering.h"
#include "host/lookback_parts.h"
#include "host/module.h"

#include <time.h>

#define GO_ON_EVERY 4096    /* sightings between two looks at the rings */
#define PAUSE_NS    2000000 /* while the recorder is busy */
#define US_PER_S    1000000

/* A reading of the tallies must not wait: the keeper writes no file meanwhile. */
bool sw_lookback_go_on(struct sw_lookback *lookback)
{
    if (++lookback->seen % GO_ON_EVERY != 0)
        return true;
    return lookback->in_tallies ? sw_keeper_go_on(lookback->module->keeper)
                                : sw_answering_go_on(lookback->module);
}

enum sw_status sw_lookback_each_file(struct sw_lookback *lookback, bool quiet, sw_past_fn *each)
{
    const struct sw_module *module = lookback->module;
    const struct sw_past_options options = {SW_LOOKBACK_FILES, sw_keeper_stopping(module->keeper),
                                            quiet};
    enum sw_status status = sw_past_each(module->settings.memory_folder, &options, each, lookback);
    return status == SW_ENOTFOUND ? SW_OK : status; /* nothing was written yet */
}

bool sw_lookback_put(struct sw_lookback *lookback, const struct sw_event *ev)
{
    const struct timespec pause = {.tv_nsec = PAUSE_NS};
    while (!sw_journal_slow_has_room(lookback->module->journal)) {
        if (!sw_answering_go_on(lookback->module))
            return false;
        nanosleep(&pause, NULL);
    }
    sw_journal_put_slow(lookback->module->journal, ev);
    return true;
}

void sw_lookback_put_span(struct sw_event *ev, uint64_t first, uint64_t last, uint64_t count)
{
    const struct sw_event_span span = {(int64_t)first * US_PER_S, (int64_t)last * US_PER_S, count};
    sw_event_put(ev, SW_TAG_SPAN, &span, sizeof(span));
}
