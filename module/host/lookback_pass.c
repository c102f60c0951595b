/*
 * lookback_pass.c - a pass over the memory: which names are listed. See lookback.h.
 *
 * A pass notes the names of sightings that are listed. When many names are noted, and at the end,
 * sw_lookback_tell() collects all records of the noted names, from all files and tallies, and puts
 * the events. So a name is told with its whole past at once: the history takes the past of an
 * address of a name only once from each resolver (journal/history/sight.h).
 */
#include "base/log.h"
#include "host/answering.h"
#include "host/lookback_parts.h"
#include "host/module.h"

#include <string.h>

/* ---- names that are listed ---- */

/* Note the name of a sighting that is listed; the names before are told when there is no room. */
static enum sw_status take(struct sw_lookback *lookback, const struct sw_sighting *s)
{
    enum sw_status status = sw_found_names_add(&lookback->names, s->owner);
    if (status != SW_ETOOBIG || lookback->in_tallies)
        return status;
    status = sw_lookback_tell(lookback);
    return status == SW_OK ? sw_found_names_add(&lookback->names, s->owner) : status;
}

static enum sw_status consider(void *arg, const struct sw_sighting *s)
{
    struct sw_lookback *lookback = arg;
    if (!sw_lookback_go_on(lookback))
        return SW_ECLOSED;
    return sw_lookback_counts(lookback, s) ? take(lookback, s) : SW_OK;
}

/* Likewise where a wanted single indicator covers the sighting. */
static enum sw_status consider_tagged(void *arg, uint32_t tag, const struct sw_sighting *s)
{
    struct sw_lookback *lookback = arg;
    (void)tag;
    if (!sw_lookback_go_on(lookback))
        return SW_ECLOSED;
    return sw_found_is_resolution(s) && sw_lookback_is_listed(lookback, s) ? take(lookback, s)
                                                                           : SW_OK;
}

/* Likewise for a tuple that is not in a file yet. */
static enum sw_status consider_waiting(void *arg, const struct sw_sighting *s)
{
    struct sw_lookback *lookback = arg;
    if (lookback->at < lookback->from) {
        lookback->at++;
        return SW_OK;
    }
    enum sw_status status = consider(lookback, s);
    lookback->at += status == SW_OK;
    return status;
}

/* The names are told between two readings of the tallies. Tuples that go into a file meanwhile are
 * met there: the files are listed later. */
static enum sw_status look_in_tallies(struct sw_lookback *lookback)
{
    struct sw_keeper *keeper = lookback->module->keeper;
    uint64_t written = sw_keeper_written(keeper);
    enum sw_status status = SW_ETOOBIG;
    lookback->from = 0;
    while (status == SW_ETOOBIG) {
        lookback->at = 0;
        lookback->in_tallies = true;
        status = sw_keeper_each(keeper, consider_waiting, lookback);
        lookback->in_tallies = false;
        if (status != SW_ETOOBIG)
            break;
        lookback->from = lookback->at;
        enum sw_status told = sw_lookback_tell(lookback);
        if (told != SW_OK)
            return told;
        if (sw_keeper_written(keeper) != written)
            lookback->from = 0;
        written = sw_keeper_written(keeper);
    }
    return status;
}

static void on_progress(void *arg, uint64_t done, uint64_t total)
{
    struct sw_lookback *lookback = arg;
    (void)done, (void)total;
    sw_answering_go_on(lookback->module);
}

/* Add a prefix; for an IPv4 prefix also the IPv6 prefixes that embed it. */
static enum sw_status hunt_addr(struct sw_hunt *hunt, const struct sw_addr *prefix, uint32_t tag)
{
    struct sw_addr embedding[SW_EMBEDDINGS];
    size_t n = sw_addr_embeddings(prefix, embedding);
    enum sw_status status = sw_hunt_addr(hunt, prefix, tag);
    for (size_t i = 0; i < n && status == SW_OK; i++)
        status = sw_hunt_addr(hunt, &embedding[i], tag);
    return status;
}

/* The set of names and prefixes of the single indicators. */
static enum sw_status make_hunt(struct sw_lookback *lookback)
{
    enum sw_status status = sw_hunt_new(&lookback->hunt);
    for (size_t i = 0; status == SW_OK && i < lookback->now.n; i++) {
        const struct sw_indicator *indicator = &lookback->now.indicator[i];
        if (indicator->type == SW_INDICATOR_DOMAIN)
            status = sw_hunt_name(lookback->hunt, indicator->name.wire,
                                  indicator->form != SW_FORM_EXACT, (uint32_t)i);
        else if (indicator->type == SW_INDICATOR_PREFIX)
            status = hunt_addr(lookback->hunt, &indicator->addr, (uint32_t)i);
    }
    return status;
}

/* Some files: the blocks that can hold a single indicator, or everything. */
static enum sw_status look_in(void *arg, struct sw_past *past)
{
    static const struct sw_past_question everything = {.ask = SW_ASK_ALL};
    struct sw_lookback *lookback = arg;
    const struct sw_hunt_calls calls = {consider_tagged, on_progress, lookback};
    if (!sw_answering_go_on(lookback->module))
        return SW_ECLOSED;
    return lookback->hunt ? sw_hunt_run(lookback->hunt, past, &calls)
                          : sw_past_ask(past, &everything, consider, lookback);
}

/* ---- a pass ---- */

/* First the tuples that are not in a file: during the pass over the files they may get into a file,
 * which is not among those that were listed. */
static enum sw_status look(struct sw_lookback *lookback)
{
    enum sw_status status = SW_EEXIST;
    for (int tries = 0; tries < SW_LOOKBACK_TRIES && status == SW_EEXIST; tries++) {
        sw_found_names_clear(&lookback->names);
        status = look_in_tallies(lookback);
        if (status == SW_OK)
            status = sw_lookback_each_file(lookback, tries > 0, look_in);
    }
    return status;
}

/* AS numbers are not in the files, so each address of the memory is looked up. */
static bool needs_everything(const struct sw_lookback_wanted *now)
{
    return now->lists.any || now->has_asn;
}

enum sw_status sw_lookback_pass(struct sw_lookback *lookback)
{
    lookback->seen = lookback->asked_n = 0;
    enum sw_status status = needs_everything(&lookback->now) ? SW_OK : make_hunt(lookback);
    if (status == SW_OK)
        status = look(lookback);
    if (status == SW_OK)
        status = sw_lookback_tell(lookback);
    if (status == SW_OK)
        status = sw_lookback_tell_neighbours(lookback);
    if (status != SW_OK && status != SW_ECLOSED)
        sw_log(SW_LOG_WARNING, "look back: the memory cannot be read: %s", sw_strerror(status));
    sw_founds_clear(&lookback->founds);
    sw_found_names_clear(&lookback->names);
    sw_hunt_free(lookback->hunt);
    lookback->hunt = NULL;
    return status;
}
