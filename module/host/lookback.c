/* lookback.c - see lookback.h. */
#include "host/lookback.h"

#include "base/log.h"
#include "host/answering.h"
#include "host/lookback_parts.h"
#include "host/module.h"

#include <stdlib.h>
#include <string.h>

#define GO_ON_EVERY 4096 /* sightings between two looks at the rings */
#define TRIES       10   /* of a pass whose files another process replaces */

struct sw_lookback *sw_lookback_new(struct sw_module *module)
{
    struct sw_lookback *lookback = calloc(1, sizeof(*lookback));
    if (!lookback)
        return NULL;
    lookback->module = module;
    pthread_mutex_init(&lookback->lock, NULL);
    return lookback;
}

void sw_lookback_free(struct sw_lookback *lookback)
{
    if (!lookback)
        return;
    free(lookback->next.indicator);
    free(lookback->now.indicator);
    sw_founds_clear(&lookback->founds);
    pthread_mutex_destroy(&lookback->lock);
    free(lookback);
}

/* ---- the feeder ---- */

static bool want_room(struct sw_lookback_wanted *wanted, size_t n)
{
    if (wanted->n + n > SW_LOOKBACK_MAX)
        return false;
    if (wanted->n + n <= wanted->room)
        return true;
    size_t room = 2 * (wanted->n + n);
    void *grown = realloc(wanted->indicator, room * sizeof(*wanted->indicator));
    if (!grown)
        return false;
    wanted->indicator = grown;
    wanted->room = room;
    return true;
}

/* Indicators without room are looked for with all lists. */
static void want(struct sw_lookback_wanted *wanted, const struct sw_in_force *now)
{
    sw_list_set_join(&wanted->lists, now->lists);
    if (!want_room(wanted, now->added_n)) {
        sw_list_set_fill(&wanted->lists);
        return;
    }
    for (size_t i = 0; i < now->added_n; i++) {
        wanted->indicator[wanted->n++] = now->added[i];
        wanted->has_asn |= now->added[i].type == SW_INDICATOR_ASN;
    }
}

void sw_lookback_in_force(struct sw_lookback *lookback, const struct sw_in_force *now)
{
    pthread_mutex_lock(&lookback->lock);
    want(&lookback->next, now);
    pthread_mutex_unlock(&lookback->lock);
    sw_keeper_wake(lookback->module->keeper);
}

/* ---- looking ---- */

/* Keep a sighting that an indicator covers. Complete names are reported when many are kept. */
static enum sw_status consider(void *arg, const struct sw_sighting *s)
{
    struct sw_lookback *lookback = arg;
    enum sw_status status = SW_OK;
    if (++lookback->seen % GO_ON_EVERY == 0 && !sw_answering_go_on(lookback->module))
        return SW_ECLOSED;
    if (!sw_found_is_resolution(s) || !sw_lookback_is_listed(lookback, s))
        return SW_OK;
    if (sw_founds_are_due(&lookback->founds, s))
        status = sw_lookback_tell(lookback);
    sw_founds_add(&lookback->founds, s);
    return status;
}

/* Likewise where all sightings are looked at, and not those of the wanted indicators alone. */
static enum sw_status consider_any(void *arg, const struct sw_sighting *s)
{
    struct sw_lookback *lookback = arg;
    if (!lookback->now.lists.any && sw_found_is_resolution(s) &&
        sw_lookback_is_listed(lookback, s) && !sw_lookback_is_wanted(lookback, s))
        return SW_OK;
    return consider(lookback, s);
}

static enum sw_status consider_tagged(void *arg, uint32_t tag, const struct sw_sighting *s)
{
    (void)tag;
    return consider(arg, s);
}

static void on_progress(void *arg, uint64_t done, uint64_t total)
{
    struct sw_lookback *lookback = arg;
    (void)done, (void)total;
    sw_answering_go_on(lookback->module);
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
            status = sw_hunt_addr(lookback->hunt, &indicator->addr, (uint32_t)i);
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
                          : sw_past_ask(past, &everything, consider_any, lookback);
}

static enum sw_status each_file(struct sw_lookback *lookback, sw_past_fn *each)
{
    const struct sw_module *module = lookback->module;
    enum sw_status status = sw_past_each(module->settings.memory_folder, SW_LOOKBACK_FILES,
                                         sw_keeper_stopping(module->keeper), each, lookback);
    return status == SW_ENOTFOUND ? SW_OK : status; /* nothing was written yet */
}

/* All sightings of the memory that are listed. First the tuples that are not in a file: during the
 * pass over the files they may get into a file, which is not among those that were listed. */
static enum sw_status look(struct sw_lookback *lookback)
{
    enum sw_status status = SW_EEXIST;
    for (int tries = 0; tries < TRIES && status == SW_EEXIST; tries++) {
        sw_founds_clear(&lookback->founds);
        sw_keeper_each(lookback->module->keeper, consider_any, lookback);
        status = each_file(lookback, look_in);
    }
    return status;
}

/* ---- a pass ---- */

static void take_wanted(struct sw_lookback *lookback)
{
    pthread_mutex_lock(&lookback->lock);
    struct sw_lookback_wanted former = lookback->now;
    lookback->now = lookback->next;
    lookback->next =
        (struct sw_lookback_wanted){.indicator = former.indicator, .room = former.room};
    pthread_mutex_unlock(&lookback->lock);
}

/* AS numbers are not in the files, so each address of the memory is looked up. */
static bool needs_everything(const struct sw_lookback_wanted *now)
{
    return now->lists.any || now->has_asn;
}

static void pass(struct sw_lookback *lookback)
{
    lookback->seen = lookback->asked_n = 0;
    enum sw_status status = needs_everything(&lookback->now) ? SW_OK : make_hunt(lookback);
    if (status == SW_OK)
        status = look(lookback);
    if (status == SW_OK)
        status = sw_lookback_tell(lookback);
    if (status == SW_OK && lookback->asked_n > 0)
        status = each_file(lookback, sw_lookback_tell_neighbours);
    if (status != SW_OK && status != SW_ECLOSED)
        sw_log(SW_LOG_WARNING, "look back: the memory cannot be read: %s", sw_strerror(status));
    sw_founds_clear(&lookback->founds);
    sw_hunt_free(lookback->hunt);
    lookback->hunt = NULL;
}

/* A pass for lists counts the rules of these lists alone, so the single
 * indicators that came meanwhile have a pass of their own. */
void sw_lookback_run(struct sw_lookback *lookback)
{
    take_wanted(lookback);
    if (lookback->now.lists.any)
        pass(lookback);
    lookback->now.lists = (struct sw_list_set){.any = false};
    if (lookback->now.n > 0 && sw_keeper_go_on(lookback->module->keeper))
        pass(lookback);
}
