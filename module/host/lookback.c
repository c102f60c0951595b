/* lookback.c - see lookback.h. */
#include "host/lookback.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/rcu.h"
#include "flow/draft.h"
#include "flow/match.h"
#include "host/module.h"
#include "memory/intake/found.h"
#include "memory/memory.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LISTS_MAX      64
#define GO_ON_EVERY    4096 /* sightings between two looks at the rings */
#define ADDRESSES_MAX  SW_SIGHT_ADDRESSES
#define NEIGHBOURS_MAX 64  /* other names that are looked for on an address */
#define NEIGHBOURS_OF  256 /* addresses for which neighbours are looked for in a pass */
#define US_PER_S       1000000
#define PAUSE_NS       2000000 /* while the recorder is busy */
#define TYPE_A         1
#define CLASS_IN       1

/* Indicators that wait for a pass. */
struct wanted {
    struct sw_indicator *indicator;
    size_t n, room;
    sw_list_id list[LISTS_MAX];
    size_t lists_n;
};

struct sw_lookback {
    struct sw_module *module;
    pthread_mutex_t lock;
    struct wanted next; /* under lock */
    /* the keeper's, during a pass */
    struct wanted now;
    struct sw_founds founds;
    size_t seen;  /* sightings looked at */
    size_t asked; /* addresses for which neighbours were looked for */
};

static void run(void *arg);

struct sw_lookback *sw_lookback_new(struct sw_module *module)
{
    struct sw_lookback *lookback = calloc(1, sizeof(*lookback));
    if (!lookback)
        return NULL;
    lookback->module = module;
    pthread_mutex_init(&lookback->lock, NULL);
    sw_keeper_work(module->keeper, run, lookback);
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

static bool want_room(struct wanted *wanted, size_t n)
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

static bool want_list(struct wanted *wanted, sw_list_id id)
{
    for (size_t i = 0; i < wanted->lists_n; i++)
        if (wanted->list[i] == id)
            return true;
    if (wanted->lists_n == LISTS_MAX)
        return false;
    wanted->list[wanted->lists_n++] = id;
    return true;
}

void sw_lookback_in_force(struct sw_lookback *lookback, const struct sw_in_force *now)
{
    size_t left = now->lists_left;
    pthread_mutex_lock(&lookback->lock);
    bool room = want_room(&lookback->next, now->added_n);
    for (size_t i = 0; room && i < now->added_n; i++)
        lookback->next.indicator[lookback->next.n++] = now->added[i];
    for (size_t i = 0; i < now->lists_n; i++)
        left += !want_list(&lookback->next, now->lists[i]);
    pthread_mutex_unlock(&lookback->lock);
    if (!room)
        sw_log(SW_LOG_WARNING, "look back: %zu indicators are not compared with the memory",
               now->added_n);
    if (left > 0)
        sw_log(SW_LOG_WARNING,
               "look back: %zu lists are not compared with the memory: too many at once; "
               "'sinkwatch hunt LIST' compares them",
               left);
    sw_keeper_wake(lookback->module->keeper);
}

/* ---- looking ---- */

/* Whether a rule counts: of a list of kind ioc, in a pass over everything of a wanted list. */
struct counting {
    const struct wanted *now;
    bool counts;
};

static void count_rule(void *arg, const struct sw_hit *hit)
{
    struct counting *counting = arg;
    bool wanted = counting->now->lists_n == 0;
    for (size_t i = 0; i < counting->now->lists_n && !wanted; i++)
        wanted = counting->now->list[i] == hit->id;
    counting->counts |= wanted && hit->list->kind == SW_KIND_IOC;
}

static bool is_listed(const struct sw_lookback *lookback, const struct sw_sighting *s)
{
    struct counting counting = {&lookback->now, false};
    struct sw_addr addr;
    sw_rcu_enter();
    struct sw_view view = sw_index_view(lookback->module->index);
    sw_view_find_name(&view, SW_TRIGGERS_DEFAULT, s->owner, sw_name_size(s->owner, SW_NAME_MAX),
                      count_rule, &counting);
    if (!counting.counts && sw_found_address(s, &addr))
        sw_view_find_addr(&view, SW_TRIGGERS_DEFAULT, &addr, count_rule, &counting);
    sw_rcu_leave();
    return counting.counts;
}

/* Whether a wanted single indicator covers a sighting; the index has judged the form already. */
static bool is_wanted(const struct sw_lookback *lookback, const struct sw_sighting *s)
{
    struct sw_addr addr;
    bool has_addr = sw_found_address(s, &addr);
    for (size_t i = 0; i < lookback->now.n; i++) {
        const struct sw_indicator *indicator = &lookback->now.indicator[i];
        if (indicator->type == SW_INDICATOR_DOMAIN
                ? sw_name_below_or_equal(s->owner, indicator->name.wire)
                : indicator->type == SW_INDICATOR_PREFIX && has_addr &&
                      sw_addr_covers(&indicator->addr, &addr))
            return true;
    }
    return false;
}

/* Keep a sighting that an indicator covers. */
static enum sw_status consider(void *arg, const struct sw_sighting *s)
{
    struct sw_lookback *lookback = arg;
    if (++lookback->seen % GO_ON_EVERY == 0 && !sw_keeper_go_on(lookback->module->keeper))
        return SW_ECLOSED;
    if (sw_found_is_resolution(s) && is_listed(lookback, s))
        sw_founds_add(&lookback->founds, s);
    return SW_OK;
}

/* Likewise for a tuple that is not in a file yet. */
static enum sw_status consider_waiting(void *arg, const struct sw_sighting *s)
{
    struct sw_lookback *lookback = arg;
    if (lookback->now.lists_n == 0 && sw_found_is_resolution(s) && is_listed(lookback, s) &&
        !is_wanted(lookback, s))
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
    sw_keeper_go_on(lookback->module->keeper);
}

static enum sw_status hunt(struct sw_lookback *lookback, struct sw_past *past)
{
    const struct sw_hunt_calls calls = {consider_tagged, on_progress, lookback};
    struct sw_hunt *hunt = NULL;
    enum sw_status status = sw_hunt_new(&hunt);
    for (size_t i = 0; status == SW_OK && i < lookback->now.n; i++) {
        const struct sw_indicator *indicator = &lookback->now.indicator[i];
        if (indicator->type == SW_INDICATOR_DOMAIN)
            status = sw_hunt_name(hunt, indicator->name.wire, indicator->form != SW_FORM_EXACT,
                                  (uint32_t)i);
        else if (indicator->type == SW_INDICATOR_PREFIX)
            status = sw_hunt_addr(hunt, &indicator->addr, (uint32_t)i);
    }
    if (status == SW_OK)
        status = sw_hunt_run(hunt, past, &calls);
    sw_hunt_free(hunt);
    return status;
}

/* All sightings of the memory that are listed. First the tuples that are not in a file: during the
 * pass over the files they may get into a file, which is not among those that were opened. */
static enum sw_status look(struct sw_lookback *lookback, struct sw_past *past)
{
    const struct sw_past_question everything = {.ask = SW_ASK_ALL};
    sw_keeper_each(lookback->module->keeper, consider_waiting, lookback);
    if (!past)
        return SW_OK;
    return lookback->now.lists_n > 0 ? sw_past_ask(past, &everything, consider, lookback)
                                     : hunt(lookback, past);
}

/* ---- telling ---- */

/* Put an event when the recorder has room. False: the daemon ends. */
static bool put(struct sw_lookback *lookback, const struct sw_event *ev)
{
    const struct timespec pause = {.tv_nsec = PAUSE_NS};
    while (!sw_journal_slow_has_room(lookback->module->journal)) {
        if (!sw_keeper_go_on(lookback->module->keeper))
            return false;
        nanosleep(&pause, NULL);
    }
    sw_journal_put_slow(lookback->module->journal, ev);
    return true;
}

static void put_span(struct sw_event *ev, uint64_t first, uint64_t last, uint64_t count)
{
    const struct sw_event_span span = {(int64_t)first * US_PER_S, (int64_t)last * US_PER_S, count};
    sw_event_put(ev, SW_TAG_SPAN, &span, sizeof(span));
}

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

/* Other names on an address, as answers of their own time. */
static enum sw_status tell_neighbour(void *arg, const struct sw_sighting *s)
{
    struct sw_lookback *lookback = arg;
    struct sw_event ev;
    struct sw_addr addr;
    const struct sw_question question = {s->owner, sw_name_size(s->owner, SW_NAME_MAX), s->type,
                                         CLASS_IN};
    if (!sw_found_address(s, &addr) || is_listed(lookback, s))
        return SW_OK;
    sw_draft_begin(&ev, SW_EVENT_ANSWER, (int64_t)s->last * US_PER_S, &question, NULL);
    ev.flags |= SW_EVENT_RESOLVED;
    sw_draft_addr(&ev, &addr);
    put_span(&ev, s->first, s->last, s->count);
    return put(lookback, &ev) ? SW_OK : SW_ECLOSED;
}

static enum sw_status tell_neighbours(struct sw_lookback *lookback, struct sw_past *past,
                                      const struct sw_addr *addr)
{
    const struct sw_past_question on = {
        .ask = SW_ASK_ADDRESS, .addr = *addr, .limit = NEIGHBOURS_MAX};
    if (!past || lookback->asked >= NEIGHBOURS_OF)
        return SW_OK;
    lookback->asked++;
    return sw_past_ask(past, &on, tell_neighbour, lookback);
}

/* The past of one address of a name: for the history, and for the rules. */
static enum sw_status tell_address(struct sw_lookback *lookback, struct sw_past *past,
                                   const struct sw_found_record *found)
{
    struct sw_event ev;
    struct sw_addr addr;
    if (!sw_found_record_address(found, &addr))
        return SW_OK;
    if (!draft(lookback, SW_EVENT_PAST, found, 1, &ev))
        return SW_OK;
    sw_draft_addr(&ev, &addr);
    put_span(&ev, found->first, found->last, found->count);
    return put(lookback, &ev) ? tell_neighbours(lookback, past, &addr) : SW_ECLOSED;
}

/* The records of one name, in the order of their first times. */
static enum sw_status tell_name(void *arg, struct sw_past *past,
                                const struct sw_found_record *found, size_t n)
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
    put_span(&ev, found->first, last, count);
    if (!put(lookback, &ev))
        return SW_ECLOSED;
    for (size_t i = 0; i < n && status == SW_OK; i++)
        status = tell_address(lookback, past, &found[i]);
    return status;
}

/* ---- a pass ---- */

static void take_wanted(struct sw_lookback *lookback)
{
    pthread_mutex_lock(&lookback->lock);
    struct wanted former = lookback->now;
    lookback->now = lookback->next;
    lookback->next = (struct wanted){.indicator = former.indicator, .room = former.room};
    pthread_mutex_unlock(&lookback->lock);
}

static void pass(struct sw_lookback *lookback)
{
    const struct sw_module *module = lookback->module;
    struct sw_past *past = NULL;
    lookback->seen = lookback->asked = 0;
    enum sw_status status =
        sw_past_open(module->settings.memory_folder, sw_keeper_stopping(module->keeper), &past);
    if (status == SW_OK || status == SW_ENOTFOUND)
        status = look(lookback, past);
    if (status == SW_OK)
        status = sw_founds_each_name(&lookback->founds, tell_name, lookback, past);
    if (status != SW_OK && status != SW_ECLOSED)
        sw_log(SW_LOG_WARNING, "look back: the memory cannot be read: %s", sw_strerror(status));
    if (lookback->founds.left_out > 0)
        sw_log(SW_LOG_WARNING, "look back: %zu more records of the memory are not reported",
               lookback->founds.left_out);
    sw_founds_clear(&lookback->founds);
    sw_past_close(past);
}

/* On the keeper's thread. A pass for lists counts the rules of these lists alone, so the single
 * indicators that came meanwhile have a pass of their own. */
static void run(void *arg)
{
    struct sw_lookback *lookback = arg;
    take_wanted(lookback);
    if (lookback->now.lists_n > 0)
        pass(lookback);
    lookback->now.lists_n = 0;
    if (lookback->now.n > 0 && sw_keeper_go_on(lookback->module->keeper))
        pass(lookback);
}
