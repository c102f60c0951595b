/* lookback.c - see lookback.h. */
#include "host/lookback.h"

#include "base/clock.h"
#include "host/lookback_parts.h"
#include "host/module.h"

#include <stdlib.h>
#include <string.h>

#define NOTE_US INT64_C(1000000) /* between two notes, while nothing is to be looked for */

struct sw_lookback *sw_lookback_new(struct sw_module *module)
{
    struct sw_lookback *lookback = calloc(1, sizeof(*lookback));
    if (!lookback)
        return NULL;
    lookback->module = module;
    pthread_mutex_init(&lookback->lock, NULL);
    sw_lookback_read_note(lookback);
    return lookback;
}

static bool is_wanted_anything(const struct sw_lookback_wanted *wanted)
{
    return wanted->lists.any || wanted->n > 0;
}

/* The last note of this run, when keeper and feeder have ended. */
static void note_end(struct sw_lookback *lookback)
{
    if (lookback->begun && !lookback->failed && !is_wanted_anything(&lookback->next))
        sw_lookback_write_note(lookback, &lookback->next.at);
    else if (lookback->begun)
        sw_lookback_write_note(lookback, NULL);
}

void sw_lookback_free(struct sw_lookback *lookback)
{
    if (!lookback)
        return;
    note_end(lookback);
    free(lookback->next.indicator);
    free(lookback->now.indicator);
    sw_founds_clear(&lookback->founds);
    sw_found_names_clear(&lookback->names);
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

/* The first batch since the start. Changes after the former run's note are in force now, and were
 * never looked for: which lists they were about is not known any more. */
static void begin(struct sw_lookback *lookback, const struct sw_stream_id *at)
{
    lookback->begun = true;
    if (lookback->was_pending || sw_stream_id_compare(&lookback->former, at) < 0)
        sw_list_set_fill(&lookback->next.lists);
}

void sw_lookback_in_force(struct sw_lookback *lookback, const struct sw_in_force *now)
{
    const struct sw_stream_id at = {now->at_ms, now->at_seq};
    pthread_mutex_lock(&lookback->lock);
    if (!lookback->begun)
        begin(lookback, &at);
    lookback->next.at = at;
    want(&lookback->next, now);
    pthread_mutex_unlock(&lookback->lock);
    sw_keeper_wake(lookback->module->keeper);
}

/* ---- the keeper ---- */

static void take_wanted(struct sw_lookback *lookback)
{
    pthread_mutex_lock(&lookback->lock);
    struct sw_lookback_wanted former = lookback->now;
    lookback->now = lookback->next;
    lookback->next = (struct sw_lookback_wanted){
        .indicator = former.indicator, .room = former.room, .at = lookback->now.at};
    pthread_mutex_unlock(&lookback->lock);
}

/* Note a position, at once after a pass, otherwise now and then. */
static void note(struct sw_lookback *lookback, bool after_pass)
{
    int64_t now_us = sw_clock_mono_us();
    if (lookback->failed || (!after_pass && now_us - lookback->noted_us < NOTE_US))
        return;
    if (after_pass || sw_stream_id_compare(&lookback->noted, &lookback->now.at) != 0)
        sw_lookback_write_note(lookback, &lookback->now.at);
    lookback->noted_us = now_us;
}

/* A pass for lists counts the rules of these lists alone, so the single
 * indicators that came meanwhile have a pass of their own. */
void sw_lookback_run(struct sw_lookback *lookback)
{
    take_wanted(lookback);
    bool any = is_wanted_anything(&lookback->now);
    enum sw_status status = SW_OK;
    if (any)
        sw_lookback_write_note(lookback, NULL);
    if (lookback->now.lists.any)
        status = sw_lookback_pass(lookback);
    lookback->now.lists = (struct sw_list_set){.any = false};
    if (status == SW_OK && lookback->now.n > 0)
        status = sw_lookback_pass(lookback);
    lookback->failed |= status != SW_OK;
    lookback->now.n = 0;
    note(lookback, any);
}
