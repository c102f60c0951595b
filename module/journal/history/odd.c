/* odd.c - distributions of the lists, candidates, anomalies. See odd.h. */
#include "journal/history/odd.h"

#include "base/rcu.h"
#include "journal/history/evidence.h"
#include "journal/map.h"
#include "owner/episode.h"
#include "owner/spread.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAMES_MAX      16384   /* for each list */
#define ALL_NAMES_MAX  4194304 /* of all lists */
#define CANDIDATES_MAX 64      /* for each list, not raised yet */
#define HOUR_US        INT64_C(3600000000)

struct known { /* a resolved name of a list */
    struct sw_node node;
    enum sw_class class;
    uint8_t wire[]; /* the key */
};

struct candidate {
    struct sw_name name;
    char text[SW_NAMETEXT_MAX];
    char indicator[SW_INDICATORTEXT_MAX];
    struct sw_owned owned;
    int64_t first_us, last_us;
    uint64_t count;
    int64_t noted_us; /* monotonic time of the first sight of the name by this recorder */
    bool unread;      /* without the durable history at that time */
};

struct list {
    struct sw_node node;
    char name[SW_LISTNAME_MAX]; /* the key */
    struct sw_map names;
    struct sw_spread spread;
    int64_t enough_us; /* monotonic time when odd-names-min names were known; -1: not yet */
    size_t n;
    struct candidate *candidate[CANDIDATES_MAX]; /* oldest first */
};

struct sw_odd {
    const struct sw_settings *settings;
    struct sw_map lists;
    size_t names;         /* of all lists */
    int64_t now_us;       /* monotonic time of the last sw_odd_settle() */
    int64_t next_us;      /* when the first wait is over */
    bool only_at_the_end; /* judge in sw_odd_finish() only: a sweep */
};

/* ---- life ---- */

struct sw_odd *sw_odd_new(const struct sw_settings *settings, int64_t now_us, bool only_at_the_end)
{
    struct sw_odd *odd = calloc(1, sizeof(*odd));
    if (!odd || sw_map_init(&odd->lists, 16) != SW_OK) {
        free(odd);
        return NULL;
    }
    odd->settings = settings;
    odd->now_us = now_us;
    odd->next_us = INT64_MAX;
    odd->only_at_the_end = only_at_the_end;
    return odd;
}

static void forget_name(struct sw_odd *odd, struct list *list, struct known *known)
{
    odd->names--;
    if (known->class != SW_HOLDER_UNKNOWN) {
        list->spread.names--;
        list->spread.of[known->class]--;
    }
    sw_map_remove(&list->names, &known->node);
    free(known);
}

static void forget_list(struct sw_odd *odd, struct list *list)
{
    while (list->names.oldest)
        forget_name(odd, list, (struct known *)list->names.oldest);
    for (size_t i = 0; i < list->n; i++)
        free(list->candidate[i]);
    sw_map_free(&list->names);
    sw_map_remove(&odd->lists, &list->node);
    free(list);
}

void sw_odd_free(struct sw_odd *odd)
{
    if (!odd)
        return;
    while (odd->lists.oldest)
        forget_list(odd, (struct list *)odd->lists.oldest);
    sw_map_free(&odd->lists);
    free(odd);
}

/* ---- distributions ---- */

static struct list *list_of(struct sw_odd *odd, const char *name)
{
    size_t len = strnlen(name, SW_LISTNAME_MAX - 1);
    struct list *list = (struct list *)sw_map_find(&odd->lists, name, len);
    if (list) {
        sw_map_touch(&odd->lists, &list->node);
        return list;
    }
    list = calloc(1, sizeof(*list));
    if (!list || sw_map_init(&list->names, 64) != SW_OK) {
        free(list);
        return NULL;
    }
    memcpy(list->name, name, len);
    list->enough_us = -1;
    if (odd->lists.n >= SW_LISTS_MAX)
        forget_list(odd, (struct list *)odd->lists.oldest);
    sw_map_insert(&odd->lists, &list->node, list->name, len);
    return list;
}

/* The class that counts for an address. */
static enum sw_class class_of(const struct sw_owner *owner)
{
    return (enum sw_class)(owner->class != SW_HOLDER_UNKNOWN ? owner->class : owner->carrier_class);
}

/* Make room for a name: the oldest of the list goes, or the oldest of the list that was not seen
 * for the longest time. */
static void make_room(struct sw_odd *odd, struct list *list)
{
    if (list->names.n >= NAMES_MAX)
        forget_name(odd, list, (struct known *)list->names.oldest);
    while (odd->names >= ALL_NAMES_MAX) {
        struct list *oldest = (struct list *)odd->lists.oldest;
        if (oldest->names.oldest)
            forget_name(odd, oldest, (struct known *)oldest->names.oldest);
        else
            forget_list(odd, oldest);
    }
}

/* Have sw_odd_settle() look at the time when a wait that begins now is over. */
static void wait_from_now(struct sw_odd *odd)
{
    int64_t over_us = odd->now_us + odd->settings->odd_wait_h * HOUR_US;
    if (over_us < odd->next_us)
        odd->next_us = over_us;
}

static void count_name(struct sw_odd *odd, struct list *list, const struct sw_name *name,
                       enum sw_class class)
{
    struct known *known = (struct known *)sw_map_find(&list->names, name->wire, name->len);
    if (known) {
        if (known->class != SW_HOLDER_UNKNOWN) {
            list->spread.names--;
            list->spread.of[known->class]--;
        }
        sw_map_touch(&list->names, &known->node);
    } else {
        make_room(odd, list);
        known = calloc(1, sizeof(*known) + name->len);
        if (!known)
            return;
        odd->names++;
        memcpy(known->wire, name->wire, name->len);
        sw_map_insert(&list->names, &known->node, known->wire, name->len);
    }
    known->class = class;
    if (class != SW_HOLDER_UNKNOWN) {
        list->spread.names++;
        list->spread.of[class]++;
    }
    if (list->enough_us < 0 && list->spread.names >= odd->settings->odd_names) {
        list->enough_us = odd->now_us;
        wait_from_now(odd);
    }
}

/* ---- candidates ---- */

static void drop_candidate(struct list *list, size_t i)
{
    free(list->candidate[i]);
    list->n--;
    memmove(list->candidate + i, list->candidate + i + 1, (list->n - i) * sizeof(*list->candidate));
}

/* The candidate of a name and holder, or NULL. */
static struct candidate *candidate_of(struct list *list, const struct sw_name *name,
                                      const struct sw_owned *owned)
{
    for (size_t i = 0; i < list->n; i++)
        if (sw_name_equal(list->candidate[i]->name.wire, name->wire) &&
            (sw_addr_equal(&list->candidate[i]->owned.addr, &owned->addr) ||
             sw_episode_same(&list->candidate[i]->owned.owner, &owned->owner)))
            return list->candidate[i];
    return NULL;
}

/* How many candidates are of one name. */
static size_t of_name(const struct list *list, const struct candidate *one)
{
    size_t n = 0;
    for (size_t i = 0; i < list->n; i++)
        n += sw_name_equal(list->candidate[i]->name.wire, one->name.wire);
    return n;
}

/* The candidate to drop: the oldest of the name with the most. So a name with addresses in many
 * universities pushes no other name out (D-228). */
static size_t least_needed(const struct list *list)
{
    size_t at = 0, most = 0;
    for (size_t i = 0; i < list->n; i++) {
        size_t n = of_name(list, list->candidate[i]);
        if (n > most) {
            most = n;
            at = i;
        }
    }
    return at;
}

/* When this recorder saw a name first, now if the list has no candidate of the name. A further
 * holder does not start the wait again: else a name whose holders push each other out would never
 * be judged. */
static int64_t noted_of(const struct sw_odd *odd, const struct list *list,
                        const struct sw_name *name)
{
    int64_t noted_us = odd->now_us;
    for (size_t i = 0; i < list->n; i++)
        if (list->candidate[i]->noted_us < noted_us &&
            sw_name_equal(list->candidate[i]->name.wire, name->wire))
            noted_us = list->candidate[i]->noted_us;
    return noted_us;
}

static void propose(struct sw_odd *odd, struct list *list, const struct sw_record *record,
                    const struct sw_sight *sight, const struct sw_owned *owned, bool unread)
{
    struct candidate *candidate = candidate_of(list, &sight->qname, owned);
    if (candidate) {
        candidate->last_us =
            record->last_us > candidate->last_us ? record->last_us : candidate->last_us;
        candidate->count += record->count;
        candidate->owned.owner = owned->owner;
        return;
    }
    candidate = calloc(1, sizeof(*candidate));
    if (!candidate)
        return;
    candidate->name = sight->qname;
    snprintf(candidate->text, sizeof(candidate->text), "%s", sight->name);
    snprintf(candidate->indicator, sizeof(candidate->indicator), "%s", sight->indicator);
    candidate->owned = *owned;
    candidate->first_us = record->first_us;
    candidate->last_us = record->last_us;
    candidate->count = record->count;
    candidate->noted_us = noted_of(odd, list, &sight->qname);
    candidate->unread = unread;
    wait_from_now(odd);
    if (list->n == CANDIDATES_MAX)
        drop_candidate(list, least_needed(list));
    list->candidate[list->n++] = candidate;
}

/* ---- anomalies ---- */

static void remember(const struct sw_raise_with *with, const struct candidate *candidate,
                     const char *mark)
{
    char address[SW_ADDRTEXT_MAX];
    struct sw_seen_note note = {
        .of_name = true,
        .key = candidate->text,
        .field = sw_addr_text(&candidate->owned.addr, address),
        .first_us = candidate->first_us,
        .last_us = candidate->last_us,
        .owner = &candidate->owned.owner,
        .anomaly = mark,
    };
    sw_seens_note(with->seens, &note);
}

/* The begin of the holder's episode at the candidate's time. */
static int64_t begin_of(const struct sw_name_history *of, const struct candidate *candidate)
{
    const struct sw_episode *episode =
        of ? sw_episode_at(of, &candidate->owned.owner, true, candidate->last_us) : NULL;
    return episode ? episode->from_us : INT64_MIN;
}

/* Claim the name as a member of its finding. All names of a list that one `known` list explains are
 * one finding, as elsewhere (D-141). Returns the number of members, 0: claimed before. */
static size_t claim(const struct sw_raise_with *with, const struct list *list,
                    const struct candidate *candidate, const struct sw_anomaly *anomaly,
                    char finding[SW_FINDING_MAX])
{
    char address[SW_ADDRTEXT_MAX], member[SW_NAMETEXT_MAX + SW_ADDRTEXT_MAX];
    bool known = anomaly->known_list[0] != '\0' && sw_anomaly_explained(anomaly);
    snprintf(finding, SW_FINDING_MAX, "odd-owner:%s %s:%s%s", list->name,
             known ? "" : candidate->indicator, known ? "known " : "",
             known ? anomaly->known_list : "");
    snprintf(member, sizeof(member), "%s %s", candidate->text,
             sw_addr_text(&candidate->owned.addr, address));
    return sw_findings_claim(with->findings, finding, member, anomaly->begin_us,
                             candidate->last_us);
}

/* The list of a look-up, and whether a rule of the list was found. */
struct listing {
    const char *list;
    bool found;
};

/* sw_hit_fn */
static void take_rule(void *arg, const struct sw_hit *hit)
{
    struct listing *listing = arg;
    listing->found |= hit->list->kind == SW_KIND_IOC && strcmp(hit->list->name, listing->list) == 0;
}

/* A name that the indicator of a candidate covers. False: none. */
static bool covered_name(const char *text, struct sw_name *name)
{
    struct sw_indicator indicator;
    char why[SW_WHY_MAX];
    if (sw_indicator_parse(text, strlen(text), &indicator, why) != SW_OK ||
        indicator.type != SW_INDICATOR_DOMAIN)
        return false;
    if (indicator.form != SW_FORM_BELOW) {
        *name = indicator.name;
        return true;
    }
    uint8_t wire[SW_NAME_MAX + 2] = {1, 'a'}; /* any label will do */
    memcpy(wire + 2, indicator.name.wire, indicator.name.len);
    return sw_name_copy(wire, indicator.name.len + 2U, name) == SW_OK;
}

/* Whether the list still covers the name, or has the indicator: an indicator that an alias target
 * is under does not cover the name. */
static bool is_listed(const struct sw_raise_with *with, const struct list *list,
                      const struct candidate *candidate)
{
    struct listing listing = {.list = list->name};
    struct sw_name other;
    bool any = covered_name(candidate->indicator, &other);
    sw_rcu_enter();
    struct sw_view view = sw_index_view(with->index);
    sw_view_find_name(&view, SW_TRIGGERS_DEFAULT, candidate->name.wire, candidate->name.len,
                      take_rule, &listing);
    if (any && !listing.found)
        sw_view_find_name(&view, SW_TRIGGERS_DEFAULT, other.wire, other.len, take_rule, &listing);
    sw_rcu_leave();
    return listing.found;
}

/* Ask for the evidence and the class. */
static void examine(const struct sw_raise_with *with, const struct list *list,
                    const struct candidate *candidate, struct sw_anomaly *anomaly,
                    struct sw_holder *holder)
{
    sw_rcu_enter();
    struct sw_view view = sw_index_view(with->index);
    sw_anomaly_odd_owner(&view, list->name, &list->spread, &candidate->owned.addr,
                         &candidate->owned.owner, anomaly);
    sw_holder_find(with->owners, &candidate->owned.owner, holder);
    sw_rcu_leave();
}

static void raise_candidate(const struct sw_raise_with *with, const struct list *list,
                            const struct candidate *candidate)
{
    bool created;
    char mark[SW_MARK_MAX], finding[SW_FINDING_MAX];
    struct sw_name_addr history[SW_EVIDENCE_MAX];
    struct sw_anomaly anomaly;
    struct sw_holder holder;
    const struct sw_name_history *of =
        sw_history_get(sw_recall_history(with->recall, SW_OF_NAME), &candidate->name, &created);
    int64_t begin_us = begin_of(of, candidate);
    snprintf(mark, sizeof(mark), "odd-owner %s", list->name);
    if (!sw_recall_mark(with->recall, SW_OF_NAME, &candidate->name, &candidate->owned.addr, mark,
                        begin_us, candidate->last_us))
        return;
    remember(with, candidate, mark);
    examine(with, list, candidate, &anomaly, &holder);
    anomaly.begin_us = begin_us;
    size_t members = claim(with, list, candidate, &anomaly, finding);
    if (!sw_finding_grew(members))
        return;
    struct sw_anomaly_report report = {
        .anomaly = &anomaly,
        .time_us = candidate->last_us,
        .name = candidate->text,
        .list = list->name,
        .indicator = candidate->indicator,
        .finding = finding,
        .members = members,
        .owner = &candidate->owned.owner,
        .holder = &holder,
        .history = history,
        .history_n = sw_evidence(of, history),
        .history_unread =
            candidate->unread && !sw_recall_is_loaded(with->recall, SW_OF_NAME, &candidate->name),
        .first_us = candidate->first_us,
        .count = candidate->count,
    };
    sw_evidence_times(of, &candidate->owned.addr, &report);
    with->raise(with->arg, &report);
}

/* When the wait of a candidate is over: neither before the wait of the name, nor before the wait of
 * the list (D-251). INT64_MAX: the list has too few names. */
static int64_t over_of(const struct sw_odd *odd, const struct list *list,
                       const struct candidate *candidate)
{
    if (list->enough_us < 0)
        return INT64_MAX;
    int64_t from_us = candidate->noted_us > list->enough_us ? candidate->noted_us : list->enough_us;
    return from_us + odd->settings->odd_wait_h * HOUR_US;
}

/* whole: no further name comes, so that no candidate waits. Returns when the first wait of a
 * candidate is over. */
static int64_t judge(struct sw_odd *odd, const struct sw_raise_with *with, struct list *list,
                     bool whole)
{
    size_t i = 0;
    int64_t next_us = INT64_MAX;
    while (i < list->n) {
        struct candidate *candidate = list->candidate[i];
        int64_t over_us = over_of(odd, list, candidate);
        bool waits = !whole && over_us > odd->now_us;
        if (waits && over_us < next_us)
            next_us = over_us;
        if (waits ||
            !sw_spread_is_odd(odd->settings, &list->spread, class_of(&candidate->owned.owner))) {
            i++;
            continue;
        }
        if (is_listed(with, list, candidate))
            raise_candidate(with, list, candidate);
        drop_candidate(list, i);
    }
    return next_us;
}

bool sw_odd_is_due(const struct sw_odd *odd, int64_t now_us)
{
    return now_us >= odd->next_us && !odd->only_at_the_end;
}

void sw_odd_want(const struct sw_odd *odd, struct sw_recall *recall)
{
    for (struct sw_node *node = odd->lists.oldest; node; node = node->newer) {
        const struct list *list = (const struct list *)node;
        for (size_t i = 0; i < list->n; i++)
            sw_recall_want_name(recall, SW_OF_NAME, &list->candidate[i]->name);
    }
}

void sw_odd_settle(struct sw_odd *odd, const struct sw_raise_with *with, int64_t now_us)
{
    odd->now_us = now_us;
    if (!sw_odd_is_due(odd, now_us))
        return;
    odd->next_us = INT64_MAX;
    for (struct sw_node *node = odd->lists.oldest; node; node = node->newer) {
        int64_t next_us = judge(odd, with, (struct list *)node, false);
        odd->next_us = next_us < odd->next_us ? next_us : odd->next_us;
    }
}

void sw_odd_finish(struct sw_odd *odd, const struct sw_raise_with *with)
{
    for (struct sw_node *node = odd->lists.oldest; node && odd->only_at_the_end; node = node->newer)
        judge(odd, with, (struct list *)node, true);
}

void sw_odd_note(struct sw_odd *odd, const struct sw_raise_with *with,
                 const struct sw_record *record, const struct sw_sight *sight, bool unread)
{
    enum sw_class class = SW_HOLDER_UNKNOWN;
    struct list *list = sight->list[0] != '\0' ? list_of(odd, sight->list) : NULL;
    if (!list)
        return;
    for (size_t i = 0; i < sight->n; i++) {
        enum sw_class one = class_of(&sight->owned[i].owner);
        if (class == SW_HOLDER_UNKNOWN || sw_class_is_unusual(one))
            class = one;
        if (sw_class_is_unusual(one))
            propose(odd, list, record, sight, &sight->owned[i], unread);
    }
    /* Of the events of one answer an unusual class counts. */
    if (!sight->is_rest || sw_class_is_unusual(class))
        count_name(odd, list, &sight->qname, class);
    if (!odd->only_at_the_end)
        judge(odd, with, list, false);
}
