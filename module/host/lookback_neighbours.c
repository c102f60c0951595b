/*
 * lookback_neighbours.c - other names on the addresses of a look back: answers of their own time.
 * See lookback.h.
 *
 * The names come from the tuples that are not in a file yet, and from the files. The tuples are
 * kept until the files are read: while an event waits for room in the recorder, the keeper may
 * write them into a file, which is not among those that were listed before (D-233).
 */
#include "flow/draft.h"
#include "host/answering.h"
#include "host/lookback_parts.h"
#include "host/module.h"

#define US_PER_S INT64_C(1000000)
#define CLASS_IN 1

static struct sw_lookback_asked *find(struct sw_lookback *lookback, const struct sw_addr *addr)
{
    for (size_t i = 0; i < lookback->asked_n; i++)
        if (sw_addr_equal(&lookback->asked[i].addr, addr))
            return &lookback->asked[i];
    return NULL;
}

void sw_lookback_ask_neighbours(struct sw_lookback *lookback, const struct sw_addr *addr)
{
    if (lookback->asked_n < SW_LOOKBACK_NEIGHBOURS_OF && !find(lookback, addr))
        lookback->asked[lookback->asked_n++] =
            (struct sw_lookback_asked){*addr, SW_LOOKBACK_NEIGHBOURS, SW_LOOKBACK_NEIGHBOURS};
}

/* Put an event for a name on an address. */
static enum sw_status tell(struct sw_lookback *lookback, const struct sw_sighting *s,
                           const struct sw_addr *addr)
{
    struct sw_event ev;
    const struct sw_question question = {s->owner, sw_name_size(s->owner, SW_NAME_MAX), s->type,
                                         CLASS_IN};
    sw_draft_begin(&ev, SW_EVENT_ANSWER, (int64_t)s->last * US_PER_S, &question, NULL);
    ev.flags |= SW_EVENT_RESOLVED;
    sw_draft_addr(&ev, addr);
    sw_lookback_put_span(&ev, s->first, s->last, s->count);
    return sw_lookback_put(lookback, &ev) ? SW_OK : SW_ECLOSED;
}

/* ---- tuples that are not in a file ---- */

static enum sw_status keep_waiting(void *arg, const struct sw_sighting *s)
{
    struct sw_lookback *lookback = arg;
    struct sw_addr addr;
    if (!sw_lookback_go_on(lookback))
        return SW_ECLOSED;
    struct sw_lookback_asked *asked = sw_found_address(s, &addr) ? find(lookback, &addr) : NULL;
    if (!asked || asked->waiting == 0 || sw_lookback_is_listed(lookback, s))
        return SW_OK;
    asked->waiting--;
    sw_founds_add(&lookback->founds, s);
    return SW_OK;
}

/* The records of one name. */
static enum sw_status tell_kept(void *arg, const struct sw_found_record *found, size_t n)
{
    struct sw_lookback *lookback = arg;
    struct sw_addr addr;
    enum sw_status status = SW_OK;
    for (size_t i = 0; i < n && status == SW_OK; i++) {
        const struct sw_sighting s = {.owner = found[i].owner.wire,
                                      .type = found[i].type,
                                      .first = found[i].first,
                                      .last = found[i].last,
                                      .count = found[i].count};
        if (sw_found_record_address(&found[i], &addr))
            status = tell(lookback, &s, &addr);
    }
    return status;
}

/* ---- files ---- */

struct asking {
    struct sw_lookback *lookback;
    struct sw_lookback_asked *asked;
};

static enum sw_status take(void *arg, const struct sw_sighting *s)
{
    struct asking *asking = arg;
    struct sw_addr addr;
    asking->asked->left--;
    if (!sw_found_address(s, &addr) || sw_lookback_is_listed(asking->lookback, s))
        return SW_OK;
    return tell(asking->lookback, s, &addr);
}

static enum sw_status look_in(void *arg, struct sw_past *past)
{
    struct sw_lookback *lookback = arg;
    enum sw_status status = SW_OK;
    for (size_t i = 0; i < lookback->asked_n && status == SW_OK; i++) {
        struct asking asking = {lookback, &lookback->asked[i]};
        const struct sw_past_question on = {
            .ask = SW_ASK_ADDRESS, .addr = asking.asked->addr, .limit = asking.asked->left};
        if (!sw_answering_go_on(lookback->module))
            return SW_ECLOSED;
        if (on.limit > 0)
            status = sw_past_ask(past, &on, take, &asking);
    }
    return status;
}

/* Keep the tuples that are in no file, and tell the names in the files. */
static enum sw_status look(struct sw_lookback *lookback)
{
    sw_founds_clear(&lookback->founds);
    for (size_t i = 0; i < lookback->asked_n; i++)
        lookback->asked[i].waiting = lookback->asked[i].left = SW_LOOKBACK_NEIGHBOURS;
    lookback->in_tallies = true;
    enum sw_status status = sw_keeper_each(lookback->module->keeper, keep_waiting, lookback);
    lookback->in_tallies = false;
    return status == SW_OK ? sw_lookback_each_file(lookback, true, look_in) : status;
}

/* Begin again when another process has replaced files: names that were told before are told once
 * more, and claimed once by the history. */
static enum sw_status look_again(struct sw_lookback *lookback)
{
    enum sw_status status = SW_EEXIST;
    for (int tries = 0; tries < SW_LOOKBACK_TRIES && status == SW_EEXIST; tries++)
        status = look(lookback);
    return status == SW_EEXIST ? SW_EIO : status;
}

enum sw_status sw_lookback_tell_neighbours(struct sw_lookback *lookback)
{
    if (lookback->asked_n == 0)
        return SW_OK;
    enum sw_status status = look_again(lookback);
    if (status == SW_ECLOSED)
        return status;
    /* The tuples in no file are told whether the files can be read or not. */
    enum sw_status told = sw_founds_each_name(&lookback->founds, tell_kept, lookback);
    return status == SW_OK ? told : status;
}
