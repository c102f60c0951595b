/* history_rules.c - the anomaly rules that compare a sight with the history. See anomaly.h. */
#include "owner/anomaly.h"
#include "owner/holder.h"

#include <stdio.h>
#include <string.h>

#define US_PER_HOUR INT64_C(3600000000)
#define US_PER_DAY  (24 * US_PER_HOUR)

#define FLUX_REARM_DAYS 30   /* flux that was away for so long is a new flux */
#define ENTRIES_MAX     1024 /* of a history that count for flux; a history has 1000 */
#define SILENCES_MIN    2    /* sights without an answer before a name counts as silent */

/* The watch list that covers the name and declares this owner, or NULL. */
static const struct sw_policy *declaring(const struct sw_sighted *now, const struct sw_addr *addr,
                                         const struct sw_owner *owner)
{
    const struct sw_policy *list;
    return sw_declared_judge(now->view, now->name, now->of, addr, owner, &list) ==
                   SW_DECLARED_INSIDE
               ? list
               : NULL;
}

static bool is_declared(const struct sw_sighted *now, const struct sw_addr *addr,
                        const struct sw_owner *owner)
{
    return declaring(now, addr, owner) != NULL;
}

/* The address seen last with another holder before a time; NULL: none. */
static const struct sw_name_addr *last_elsewhere(const struct sw_sighted *now, int64_t before_us)
{
    const struct sw_name_history *of = now->history;
    const struct sw_name_addr *last = NULL;
    for (size_t i = 0; i < of->n; i++) {
        const struct sw_name_addr *seen = &of->addrs[i];
        if (sw_holder_known(&seen->owner) && seen->first_us < before_us &&
            !sw_episode_same(&seen->owner, now->owner) && (!last || seen->last_us > last->last_us))
            last = seen;
    }
    return last;
}

static void begin(const struct sw_sighted *now, enum sw_anomaly_type type, int64_t begin_us,
                  const struct sw_name_addr *former, struct sw_anomaly *out)
{
    sw_anomaly_begin(now->view, type, now->addr, now->owner, out);
    out->begin_us = begin_us;
    if (former) {
        out->former_addr = former->addr;
        out->former = former->owner;
    }
}

/* ---- flux ---- */

/* Whether an entry counts in the window that begins at from_us. */
static bool in_window(const struct sw_sighted *now, const struct sw_name_addr *seen,
                      int64_t from_us)
{
    return seen->owner.asn != 0 && seen->last_us >= from_us && seen->first_us <= now->time_us &&
           !is_declared(now, &seen->addr, &seen->owner);
}

/* The entries that count in the window that ends now. Returns how many. */
static size_t entries_in_window(const struct sw_sighted *now,
                                const struct sw_name_addr *in[ENTRIES_MAX])
{
    const struct sw_name_history *of = now->history;
    int64_t from_us = now->time_us - (int64_t)now->limits->flux_hours * US_PER_HOUR;
    size_t n = 0;
    for (size_t i = 0; i < of->n && n < ENTRIES_MAX; i++)
        if (in_window(now, &of->addrs[i], from_us))
            in[n++] = &of->addrs[i];
    return n;
}

/* Cost: entries, times distinct AS. */
static size_t distinct_as(const struct sw_name_addr *const *in, size_t n)
{
    uint32_t as[ENTRIES_MAX];
    size_t found = 0;
    for (size_t i = 0; i < n; i++) {
        size_t j = 0;
        while (j < found && as[j] != in[i]->owner.asn)
            j++;
        if (j == found)
            as[found++] = in[i]->owner.asn;
    }
    return found;
}

static size_t distinct_addresses(const struct sw_name_addr *const *in, size_t n)
{
    size_t found = 0;
    for (size_t i = 0; i < n; i++) {
        bool is_new = true;
        for (size_t j = 0; j < i && is_new; j++)
            is_new = !sw_addr_equal(&in[j]->addr, &in[i]->addr);
        found += is_new;
    }
    return found;
}

/* Distinct addresses and AS numbers within the window that ends now. Addresses are compared only
 * where there are enough AS: an answer can have thousands of addresses in one AS. */
static bool is_flux(const struct sw_sighted *now, size_t *addresses, size_t *as)
{
    const struct sw_limits *limits = now->limits;
    const struct sw_name_addr *in[ENTRIES_MAX];
    *addresses = *as = 0;
    if (now->history->n < limits->flux_as)
        return false;
    size_t n = entries_in_window(now, in);
    *as = distinct_as(in, n);
    if (*as < limits->flux_as)
        return false;
    *addresses = distinct_addresses(in, n);
    return *as * 100 >= *addresses * limits->flux_percent;
}

bool sw_anomaly_owner_flux(const struct sw_sighted *now, struct sw_anomaly *out)
{
    size_t addresses, as;
    if (!is_flux(now, &addresses, &as))
        return false;
    begin(now, SW_ANOMALY_OWNER_FLUX, now->time_us - FLUX_REARM_DAYS * US_PER_DAY, NULL, out);
    out->flux_addresses = addresses;
    out->flux_as = as;
    return true;
}

/* ---- change of holder ---- */

/* Several episodes together. */
struct past {
    int64_t first_us, last_us; /* first_us INT64_MAX: no episode */
    uint64_t count;
    int64_t absence_us; /* the longest time between two episodes */
};

static bool is_holder(const struct sw_sighted *now, const struct sw_episode *one)
{
    return one->answered && sw_episode_same(&one->owner, now->owner);
}

static void add_episode(struct past *past, const struct sw_episode *one)
{
    past->first_us = one->from_us < past->first_us ? one->from_us : past->first_us;
    past->last_us = one->to_us > past->last_us ? one->to_us : past->last_us;
    past->count += one->count;
}

/* The other holders' episodes that began between two times. */
static struct past others_between(const struct sw_sighted *now, int64_t after_us, int64_t before_us)
{
    struct past past = {.first_us = INT64_MAX};
    for (size_t i = 0; i < now->history->episodes_n; i++) {
        const struct sw_episode *one = &now->history->episodes[i];
        if (one->answered && sw_holder_known(&one->owner) && !is_holder(now, one) &&
            one->from_us > after_us && one->from_us < before_us)
            add_episode(&past, one);
    }
    return past;
}

/* The holders that took the place of the holder after its last episode: their episodes began after
 * that episode ended, or up to SW_EPISODE_GAP_US before, since caches make episodes overlap. */
static struct past successors(const struct sw_sighted *now, int64_t end_us, int64_t before_us)
{
    return others_between(now, end_us - SW_EPISODE_GAP_US, before_us);
}

/* The end of the holder's latest episode that began before a time. */
static int64_t end_before(const struct sw_sighted *now, int64_t before_us)
{
    int64_t end_us = INT64_MIN;
    for (size_t i = 0; i < now->history->episodes_n; i++) {
        const struct sw_episode *one = &now->history->episodes[i];
        if (is_holder(now, one) && one->from_us < before_us && one->to_us > end_us)
            end_us = one->to_us;
    }
    return end_us;
}

/* The holder's own episodes before the present episode. */
static struct past own_before(const struct sw_sighted *now, const struct sw_episode *present)
{
    struct past past = {.first_us = INT64_MAX};
    for (size_t i = 0; i < now->history->episodes_n; i++) {
        const struct sw_episode *one = &now->history->episodes[i];
        if (!is_holder(now, one) || one->from_us >= present->from_us)
            continue;
        int64_t before_us = end_before(now, one->from_us);
        if (before_us != INT64_MIN && one->from_us - before_us > past.absence_us)
            past.absence_us = one->from_us - before_us;
        add_episode(&past, one);
    }
    return past;
}

/* Long and often enough to be where the name belongs. */
static bool has_baseline(const struct sw_limits *limits, const struct past *past, int64_t until_us)
{
    return past->first_us != INT64_MAX && past->count >= limits->baseline_count &&
           until_us - past->first_us >= (int64_t)limits->baseline_days * US_PER_DAY;
}

/* Whether the holder was there from the beginning, as one of several. */
static bool is_native(const struct sw_limits *limits, const struct past *own,
                      const struct past *others)
{
    return own->first_us != INT64_MAX &&
           own->first_us - others->first_us < (int64_t)limits->baseline_days * US_PER_DAY;
}

/* Whether the present episode is a change: anomaly.h. */
static bool is_change(const struct sw_sighted *now, const struct sw_episode *present)
{
    struct past others = others_between(now, INT64_MIN, present->from_us);
    struct past own = own_before(now, present);
    if (!has_baseline(now->limits, &others, present->from_us))
        return false;
    if (!has_baseline(now->limits, &own, own.last_us) && !is_native(now->limits, &own, &others))
        return true;
    struct past since = successors(now, own.last_us, present->from_us);
    return has_baseline(now->limits, &since, present->from_us) &&
           present->from_us - own.last_us > 2 * own.absence_us;
}

bool sw_anomaly_owner_change(const struct sw_sighted *now, struct sw_anomaly *out)
{
    size_t addresses, as;
    const struct sw_episode *present = sw_episode_latest(now->history, now->owner, true);
    if (!sw_holder_known(now->owner) || !present || !is_change(now, present) ||
        is_flux(now, &addresses, &as))
        return false;
    const struct sw_name_addr *former = last_elsewhere(now, present->from_us);
    begin(now, SW_ANOMALY_OWNER_CHANGE, present->from_us, former, out);
    const struct sw_policy *list = declaring(now, now->addr, now->owner);
    if (list) {
        snprintf(out->list, sizeof(out->list), "%s", list->name);
        out->expected = true;
    }
    return true;
}

/* ---- change of origin ---- */

/* The other owner that the address had last, by the history; NULL: none. */
static const struct sw_name_addr *said_before(const struct sw_sighted *now)
{
    const struct sw_name_addr *last = NULL;
    for (size_t i = 0; i < now->history->n; i++) {
        const struct sw_name_addr *seen = &now->history->addrs[i];
        if (sw_addr_equal(&seen->addr, now->addr) && !sw_owner_same(&seen->owner, now->owner) &&
            (!last || seen->last_us > last->last_us))
            last = seen;
    }
    return last;
}

/* Whether both are AS of one organisation. */
static bool is_one_organisation(const struct sw_owner *a, const struct sw_owner *b)
{
    struct sw_owner one = {.org = ""}, two = {.org = ""};
    memcpy(one.registrant, a->org, sizeof(one.registrant));
    memcpy(two.registrant, b->org, sizeof(two.registrant));
    return one.registrant[0] != '\0' && sw_episode_same(&one, &two);
}

/* Whether the registrant changed with the AS: address space that was handed over. */
static bool is_transfer(const struct sw_owner *then, const struct sw_owner *now)
{
    return then->registrant[0] != '\0' && now->registrant[0] != '\0' && !sw_holder_same(then, now);
}

/* The address with the AS of an owner, whatever the registrant was: first and last sight. */
static struct past with_as(const struct sw_sighted *now, uint32_t asn)
{
    struct past past = {.first_us = INT64_MAX, .last_us = INT64_MIN};
    for (size_t i = 0; i < now->history->n; i++) {
        const struct sw_name_addr *seen = &now->history->addrs[i];
        if (seen->owner.asn != asn || !sw_addr_equal(&seen->addr, now->addr))
            continue;
        past.first_us = seen->first_us < past.first_us ? seen->first_us : past.first_us;
        past.last_us = seen->last_us > past.last_us ? seen->last_us : past.last_us;
        past.count += seen->count;
    }
    return past;
}

/* Whether the origin is new, and the space was not handed over. A return to the AS that the history
 * had first is none (D-131). */
static bool is_new_origin(const struct sw_sighted *now, const struct sw_name_addr *before)
{
    struct past present = with_as(now, now->owner->asn), then = with_as(now, before->owner.asn);
    return !is_transfer(&before->owner, now->owner) && present.first_us > then.first_us;
}

/* Whether the prefix stayed, and the address was long and often enough with the former AS. */
static bool is_of_same_prefix(const struct sw_sighted *now, const struct sw_name_addr *before)
{
    struct past then = with_as(now, before->owner.asn);
    return sw_addr_equal(&before->owner.prefix, &now->owner->prefix) &&
           then.count >= now->limits->baseline_count &&
           then.last_us - then.first_us >= SW_EPISODE_GAP_US;
}

static bool is_more_specific(const struct sw_sighted *now, const struct sw_name_addr *before)
{
    return now->owner->prefix.plen > before->owner.prefix.plen &&
           sw_addr_covers(&before->owner.prefix, &now->owner->prefix);
}

bool sw_anomaly_origin_change(const struct sw_sighted *now, struct sw_anomaly *out)
{
    const struct sw_name_addr *before = said_before(now);
    if (!before || before->owner.asn == 0 || now->owner->asn == 0 ||
        before->owner.asn == now->owner->asn || before->owner.prefix.family == 0 ||
        is_declared(now, now->addr, now->owner) ||
        is_one_organisation(&before->owner, now->owner) || !is_new_origin(now, before))
        return false;
    if (!is_more_specific(now, before) && !(now->is_watched && is_of_same_prefix(now, before)))
        return false;
    begin(now, SW_ANOMALY_ORIGIN_CHANGE, before->last_us - SW_EPISODE_GAP_US, before, out);
    return true;
}

/* ---- names that wake ---- */

/* The latest silence before a time, NULL: none. */
static const struct sw_episode *silence_before(const struct sw_name_history *of, int64_t before_us)
{
    const struct sw_episode *silence = NULL;
    for (size_t i = 0; i < of->episodes_n; i++) {
        const struct sw_episode *one = &of->episodes[i];
        if (!one->answered && one->from_us < before_us && (!silence || one->to_us > silence->to_us))
            silence = one;
    }
    return silence;
}

bool sw_anomaly_woke(const struct sw_sighted *now, struct sw_anomaly *out)
{
    static const struct sw_owner nobody;
    const struct sw_name_history *of = now->history;
    const struct sw_episode *present = sw_episode_latest(of, now->owner, true);
    const struct sw_episode *silence = present ? silence_before(of, present->from_us) : NULL;
    if (!silence || silence->count < SILENCES_MIN)
        return false;
    int64_t since_us = silence->from_us;
    for (size_t i = 0; i < of->episodes_n; i++) {
        const struct sw_episode *one = &of->episodes[i];
        if (one->answered && one->from_us < present->from_us && one->to_us > since_us)
            since_us = one->to_us;
    }
    if (silence->to_us <= since_us ||
        present->from_us - since_us < (int64_t)now->limits->baseline_days * US_PER_DAY)
        return false;
    struct sw_sighted anywhere = *now;
    anywhere.owner = &nobody;
    begin(now, SW_ANOMALY_WOKE, present->from_us, last_elsewhere(&anywhere, since_us + 1), out);
    out->silent_us = since_us;
    return true;
}
