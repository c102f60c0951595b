/* anomaly_rules.c - the anomaly rules for an address. See anomaly_rules.h. */
#include "journal/history/anomaly_rules.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* The queried name, then the targets of aliases: the first name that a watch list with declared
 * owners covers decides. */
static bool is_unexpected(const struct sw_view *view, const struct sw_subject *subject,
                          const struct sw_owned *owned, struct sw_anomaly *anomaly)
{
    size_t cursor = 0, len;
    enum sw_event_tag tag;
    const uint8_t *value;
    const struct sw_policy *list;
    struct sw_name name = *subject->name;
    enum sw_declared said =
        sw_declared_judge(view, &name, subject->of, &owned->addr, &owned->owner, &list);
    while (said == SW_DECLARED_NONE && subject->of == SW_OF_NAME &&
           sw_event_next(subject->event, &cursor, &tag, &value, &len)) {
        if ((tag == SW_TAG_ALIAS || tag == SW_TAG_WATCHED) &&
            sw_name_copy(value, len, &name) == SW_OK)
            said = sw_declared_judge(view, &name, subject->of, &owned->addr, &owned->owner, &list);
    }
    return said == SW_DECLARED_OUTSIDE &&
           sw_anomaly_unexpected_owner(view, &name, subject->of, &owned->addr, &owned->owner,
                                       anomaly);
}

/* Whether databases named a declared owner before, for the same AS: then the holder was renamed. */
static void add_rename(const struct sw_view *view, const struct sw_subject *subject,
                       const struct sw_owned *owned, struct sw_anomaly *anomaly)
{
    const struct sw_policy *list;
    const struct sw_name_history *of = subject->history;
    for (size_t i = 0; of && owned->owner.asn != 0 && i < of->n; i++) {
        const struct sw_owner *then = &of->addrs[i].owner;
        if (then->asn != owned->owner.asn ||
            (strcmp(then->org, owned->owner.org) == 0 &&
             strcmp(then->registrant, owned->owner.registrant) == 0))
            continue;
        if (sw_declared_judge(view, subject->name, subject->of, &of->addrs[i].addr, then, &list) !=
            SW_DECLARED_INSIDE)
            continue;
        bool by_org = strcmp(then->org, owned->owner.org) != 0;
        memcpy(anomaly->renamed_from, by_org ? then->org : then->registrant,
               sizeof(anomaly->renamed_from));
        return;
    }
}

/* The rules that compare with the history. */
static bool ask_history(enum sw_anomaly_type type, const struct sw_sighted *now,
                        struct sw_anomaly *anomaly)
{
    switch (type) {
    case SW_ANOMALY_OWNER_CHANGE:
        return sw_anomaly_owner_change(now, anomaly);
    case SW_ANOMALY_OWNER_FLUX:
        return sw_anomaly_owner_flux(now, anomaly);
    case SW_ANOMALY_ORIGIN_CHANGE:
        return sw_anomaly_origin_change(now, anomaly);
    case SW_ANOMALY_WOKE:
        return now->of == SW_OF_NAME && sw_anomaly_woke(now, anomaly);
    default:
        return false;
    }
}

/* The rules about the address alone. */
static bool ask_address(enum sw_anomaly_type type, bool have_asn, const struct sw_view *view,
                        const struct sw_subject *subject, const struct sw_owned *owned,
                        struct sw_anomaly *anomaly)
{
    switch (type) {
    case SW_ANOMALY_PROTECTED_OWNER:
        return subject->is_ioc && sw_anomaly_protected_owner(subject->protected_classes, view,
                                                             &owned->addr, &owned->owner, anomaly);
    case SW_ANOMALY_UNEXPECTED_OWNER:
        return subject->is_watched && is_unexpected(view, subject, owned, anomaly);
    case SW_ANOMALY_SPECIAL_ADDRESS:
        return sw_anomaly_special_address(view, &owned->addr, &owned->owner, anomaly);
    case SW_ANOMALY_NO_OWNER:
        return sw_anomaly_no_owner(view, have_asn, &owned->addr, &owned->owner, anomaly);
    default:
        return false;
    }
}

/* When a fact about an address began: with the holder's episode at the time of the sight. A name
 * with more holders than a history has room for may have lost the episode: then a mark counts for
 * the time that ends an episode. */
static int64_t begin_of(const struct sw_subject *subject, const struct sw_owner *owner)
{
    const struct sw_name_history *of = subject->history;
    const struct sw_episode *episode = of ? sw_episode_at(of, owner, true, subject->time_us) : NULL;
    if (episode)
        return episode->from_us;
    return of && of->episodes_n == SW_EPISODES_MAX ? subject->time_us - SW_EPISODE_GAP_US
                                                   : INT64_MIN;
}

/* Ask, and fill in when the fact began. */
static bool ask(enum sw_anomaly_type type, bool have_asn, const struct sw_view *view,
                const struct sw_subject *subject, const struct sw_owned *owned,
                struct sw_anomaly *anomaly)
{
    if (ask_address(type, have_asn, view, subject, owned, anomaly)) {
        anomaly->begin_us = begin_of(subject, &owned->owner);
        if (type == SW_ANOMALY_UNEXPECTED_OWNER)
            add_rename(view, subject, owned, anomaly);
        return true;
    }
    const struct sw_sighted now = {.limits = subject->limits,
                                   .view = view,
                                   .of = subject->of,
                                   .name = subject->name,
                                   .history = subject->history,
                                   .addr = &owned->addr,
                                   .owner = &owned->owner,
                                   .time_us = subject->time_us,
                                   .is_watched = subject->is_watched};
    return subject->history && ask_history(type, &now, anomaly);
}

/* "AS64500", or the address where no AS is known. */
static const char *holder(const struct sw_owned *owned, char text[SW_ADDRTEXT_MAX])
{
    if (owned->owner.asn == 0)
        return sw_addr_text(&owned->addr, text);
    snprintf(text, SW_ADDRTEXT_MAX, "AS%" PRIu32, owned->owner.asn);
    return text;
}

/* " HOLDER" where the holder is not the AS itself, else "". */
static const char *registrant(const struct sw_owned *owned, char text[SW_HOLDER_MAX + 1])
{
    char as[SW_ADDRTEXT_MAX];
    text[0] = ' ';
    sw_holder_text(&owned->owner, true, text + 1);
    return strcmp(text + 1, holder(owned, as)) == 0 ? "" : text;
}

bool sw_anomaly_rule(enum sw_anomaly_type type, bool have_asn, const struct sw_view *view,
                     const struct sw_subject *subject, const struct sw_owned *owned,
                     struct sw_anomaly *anomaly, char mark[SW_MARK_MAX])
{
    char text[SW_ADDRTEXT_MAX], prefix[SW_ADDRTEXT_MAX], whom[SW_HOLDER_MAX + 1];
    const char *name = sw_anomaly_name(type);
    if ((!subject->is_ioc && !subject->is_watched) ||
        !ask(type, have_asn, view, subject, owned, anomaly))
        return false;
    if (type == SW_ANOMALY_PROTECTED_OWNER)
        snprintf(mark, SW_MARK_MAX, "%s %s %s", name, anomaly->list[0] ? anomaly->list : "-",
                 anomaly->protected_by);
    else if (type == SW_ANOMALY_UNEXPECTED_OWNER)
        snprintf(mark, SW_MARK_MAX, "%s %s %s", name, anomaly->list, holder(owned, text));
    else if (type == SW_ANOMALY_OWNER_CHANGE)
        snprintf(mark, SW_MARK_MAX, "%s %s%s", name, holder(owned, text), registrant(owned, whom));
    else if (type == SW_ANOMALY_ORIGIN_CHANGE)
        snprintf(mark, SW_MARK_MAX, "%s %s %s", name, holder(owned, text),
                 sw_addr_text(&owned->owner.prefix, prefix));
    else
        snprintf(mark, SW_MARK_MAX, "%s", name);
    return true;
}

bool sw_anomaly_dangling(const struct sw_view *view, const struct sw_subject *subject,
                         struct sw_anomaly *anomaly, char mark[SW_MARK_MAX])
{
    static const struct sw_addr nowhere;
    static const struct sw_owner nobody;
    size_t cursor = 0, len;
    enum sw_event_tag tag;
    const uint8_t *value;
    struct sw_name target = {.len = 0};
    while (sw_event_next(subject->event, &cursor, &tag, &value, &len))
        if (tag == SW_TAG_ALIAS && sw_name_copy(value, len, &target) != SW_OK)
            target.len = 0;
    if (target.len == 0)
        return false;
    sw_anomaly_begin(view, SW_ANOMALY_DANGLING_ALIAS, &nowhere, &nobody, anomaly);
    const struct sw_episode *silence =
        subject->history ? sw_episode_latest(subject->history, &nobody, false) : NULL;
    anomaly->begin_us = silence ? silence->from_us : INT64_MIN;
    sw_name_text(target.wire, anomaly->target);
    snprintf(mark, SW_MARK_MAX, "%s %.*s", sw_anomaly_name(SW_ANOMALY_DANGLING_ALIAS),
             SW_MARK_MAX - 32, anomaly->target);
    return true;
}

char *sw_mark_of_before(const char *mark, char out[SW_MARK_MAX])
{
    size_t word = strcspn(mark, " ");
    const char *change = sw_anomaly_name(SW_ANOMALY_OWNER_CHANGE);
    out[0] = '\0';
    if (mark[word] == '\0' || word != strlen(change) || strncmp(mark, change, word) != 0)
        return out;
    size_t end = word + 1 + strcspn(mark + word + 1, " ");
    if (mark[end] != '\0')
        snprintf(out, SW_MARK_MAX, "%.*s", (int)end, mark);
    return out;
}

bool sw_mark_of_name(const char *mark)
{
    static const enum sw_anomaly_type of_name[] = {SW_ANOMALY_UNEXPECTED_OWNER,
                                                   SW_ANOMALY_OWNER_CHANGE, SW_ANOMALY_OWNER_FLUX,
                                                   SW_ANOMALY_WOKE, SW_ANOMALY_DANGLING_ALIAS};
    for (size_t i = 0; i < sizeof(of_name) / sizeof(of_name[0]); i++) {
        const char *name = sw_anomaly_name(of_name[i]);
        size_t len = strlen(name);
        if (strncmp(mark, name, len) == 0 && (mark[len] == ' ' || mark[len] == '\0'))
            return true;
    }
    return false;
}
