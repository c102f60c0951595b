/* lookback_tell.c - names of the memory that are listed now become events. See lookback.h. */
#include "base/clock.h"
#include "base/log.h"
#include "base/rcu.h"
#include "flow/draft.h"
#include "flow/match.h"
#include "host/answering.h"
#include "host/lookback_parts.h"
#include "host/module.h"

#define ADDRESSES_MAX SW_SIGHT_ADDRESSES
#define TYPE_A        1
#define CLASS_IN      1

/* Begin an event about a name, with the rules that match the name and the addresses of found[0..n).
 * False: no rule is in force any more. */
static bool draft(struct sw_lookback *lookback, enum sw_event_type type,
                  const struct sw_found_record *found, size_t n, struct sw_event *ev)
{
    const struct sw_name *owner = &found->owner;
    const struct sw_question question = {owner->wire, owner->len, TYPE_A, CLASS_IN};
    struct sw_matching m;
    struct sw_match match;
    struct sw_hits hits;
    struct sw_addr addr;
    sw_rcu_enter();
    sw_match_begin(&m, &lookback->module->flow, &match);
    sw_match_name(&m, SW_TRIGGER_QNAME, owner->wire, owner->len);
    for (size_t i = 0; i < n && i < ADDRESSES_MAX; i++)
        if (sw_found_record_address(&found[i], &addr))
            sw_match_addr(&m, &addr);
    sw_match_hits(&match, NULL, NULL, &hits);
    sw_draft_begin(ev, type, sw_clock_wall_us(), &question, hits.n ? &hits : NULL);
    bool any = hits.n > 0;
    sw_rcu_leave();
    return any;
}

/* Put aliases and addresses of found[0..n) into an event. */
static void put_answers(struct sw_event *ev, const struct sw_found_record *found, size_t n)
{
    struct sw_addr addr;
    for (size_t i = 0, put_n = 0; i < n && put_n < ADDRESSES_MAX; i++) {
        bool is_address = sw_found_record_address(&found[i], &addr);
        if (is_address)
            sw_draft_addr(ev, &addr);
        else
            sw_draft_alias(ev, found[i].rdata, found[i].rdata_len);
        put_n++;
    }
}

/* The past of one address of a name: for the history, and for the rules. */
static enum sw_status tell_address(struct sw_lookback *lookback,
                                   const struct sw_found_record *found)
{
    struct sw_event ev;
    struct sw_addr addr;
    if (!sw_found_record_address(found, &addr))
        return SW_OK;
    if (!draft(lookback, SW_EVENT_PAST, found, 1, &ev))
        return SW_OK;
    sw_draft_addr(&ev, &addr);
    sw_lookback_put_span(&ev, found->first, found->last, found->count);
    sw_lookback_ask_neighbours(lookback, &addr);
    return sw_lookback_put(lookback, &ev) ? SW_OK : SW_ECLOSED;
}

/* The records of one name, in the order of their first times. */
static enum sw_status tell_name(void *arg, const struct sw_found_record *found, size_t n)
{
    struct sw_lookback *lookback = arg;
    struct sw_event ev;
    uint64_t last = 0, count = 0;
    enum sw_status status = SW_OK;
    for (size_t i = 0; i < n; i++) {
        last = found[i].last > last ? found[i].last : last;
        count += found[i].count;
    }
    if (!draft(lookback, SW_EVENT_BEFORE, found, n, &ev))
        return SW_OK;
    put_answers(&ev, found, n);
    sw_lookback_put_span(&ev, found->first, last, count);
    if (!sw_lookback_put(lookback, &ev))
        return SW_ECLOSED;
    for (size_t i = 0; i < n && status == SW_OK; i++)
        status = tell_address(lookback, &found[i]);
    return status;
}

/* ---- the records of the noted names ---- */

static enum sw_status collect_tagged(void *arg, uint32_t tag, const struct sw_sighting *s)
{
    struct sw_lookback *lookback = arg;
    (void)tag;
    if (!sw_lookback_go_on(lookback))
        return SW_ECLOSED;
    if (sw_lookback_counts(lookback, s))
        sw_founds_add(&lookback->founds, s);
    return SW_OK;
}

static enum sw_status collect_waiting(void *arg, const struct sw_sighting *s)
{
    struct sw_lookback *lookback = arg;
    if (sw_found_names_have(&lookback->part, s->owner))
        return collect_tagged(lookback, 0, s);
    return sw_lookback_go_on(lookback) ? SW_OK : SW_ECLOSED;
}

static enum sw_status collect_in(void *arg, struct sw_past *past)
{
    struct sw_lookback *lookback = arg;
    struct sw_hunt *hunt = NULL;
    const struct sw_hunt_calls calls = {.take = collect_tagged, .arg = lookback};
    enum sw_status status = sw_hunt_new(&hunt);
    for (size_t i = 0; i < lookback->part.n && status == SW_OK; i++)
        status = sw_hunt_name(hunt, lookback->part.name[i].wire, false, 0);
    if (status == SW_OK)
        status = sw_hunt_run(hunt, past, &calls);
    sw_hunt_free(hunt);
    return status;
}

/* All records of the names: of the tuples that are not in a file, then of the files, which are
 * listed before a tuple can get into a file. */
static enum sw_status collect(struct sw_lookback *lookback)
{
    sw_founds_clear(&lookback->founds);
    lookback->in_tallies = true;
    enum sw_status status = sw_keeper_each(lookback->module->keeper, collect_waiting, lookback);
    lookback->in_tallies = false;
    return status == SW_OK ? sw_lookback_each_file(lookback, true, collect_in) : status;
}

static enum sw_status collect_again(struct sw_lookback *lookback)
{
    enum sw_status status = SW_EEXIST;
    for (int tries = 0; tries < SW_LOOKBACK_TRIES && status == SW_EEXIST; tries++)
        status = collect(lookback);
    return status == SW_EEXIST ? SW_EIO : status;
}

/* Put the events for the part of the names. */
static enum sw_status tell_part(struct sw_lookback *lookback)
{
    size_t left_out = lookback->founds.left_out;
    char text[SW_NAMETEXT_MAX];
    if (left_out > 0)
        sw_log(SW_LOG_WARNING, "look back: %zu more records of %s are not reported", left_out,
               sw_name_text(lookback->part.name[0].wire, text));
    return sw_founds_each_name(&lookback->founds, tell_name, lookback);
}

/* The names whose records have no room together are told in two halves, and so on: only a single
 * name with more records than there is room for loses some. */
enum sw_status sw_lookback_tell(struct sw_lookback *lookback)
{
    struct sw_found_names *names = &lookback->names, *part = &lookback->part;
    enum sw_status status = SW_OK;
    sw_found_names_sort(names);
    for (size_t from = 0, n = names->n; from < names->n && status == SW_OK;) {
        *part = (struct sw_found_names){.name = names->name + from, .n = n};
        status = collect_again(lookback);
        if (status == SW_OK && lookback->founds.left_out > 0 && n > 1) {
            n /= 2;
            continue;
        }
        if (status == SW_OK)
            status = tell_part(lookback);
        from += n;
        n = names->n - from < 2 * n ? names->n - from : 2 * n;
    }
    *part = (struct sw_found_names){.n = 0};
    sw_founds_clear(&lookback->founds);
    sw_found_names_clear(names);
    return status;
}
