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
        if (tag == SW_TAG_ALIAS && sw_name_copy(value, len, &name) == SW_OK)
            said = sw_declared_judge(view, &name, subject->of, &owned->addr, &owned->owner, &list);
    }
    return said == SW_DECLARED_OUTSIDE &&
           sw_anomaly_unexpected_owner(view, &name, subject->of, &owned->addr, &owned->owner,
                                       anomaly);
}

static bool ask(enum sw_anomaly_type type, const struct sw_settings *settings, bool have_asn,
                const struct sw_view *view, const struct sw_subject *subject,
                const struct sw_owned *owned, struct sw_anomaly *anomaly)
{
    const struct sw_addr *addr = &owned->addr;
    const struct sw_owner *owner = &owned->owner;
    const struct sw_name_history *history = subject->history;
    switch (type) {
    case SW_ANOMALY_PROTECTED_OWNER:
        return subject->is_ioc && subject->of == SW_OF_NAME &&
               sw_anomaly_protected_owner(view, addr, owner, anomaly);
    case SW_ANOMALY_UNEXPECTED_OWNER:
        return subject->is_watched && is_unexpected(view, subject, owned, anomaly);
    case SW_ANOMALY_OWNER_CHANGE:
        return history && sw_anomaly_owner_change(settings, view, history, addr, owner,
                                                  subject->time_us, anomaly);
    case SW_ANOMALY_OWNER_FLUX:
        return history && sw_anomaly_owner_flux(settings, view, history, addr, owner,
                                                subject->time_us, anomaly);
    case SW_ANOMALY_SPECIAL_ADDRESS:
        return sw_anomaly_special_address(view, addr, owner, anomaly);
    case SW_ANOMALY_NO_OWNER:
        return sw_anomaly_no_owner(view, have_asn, addr, owner, anomaly);
    case SW_ANOMALY_SHARED_ADDRESS:
    case SW_ANOMALY_COUNT:
        break;
    }
    return false;
}

/* "AS64500", or the address where no AS is known. */
static const char *holder(const struct sw_owned *owned, char text[SW_ADDRTEXT_MAX])
{
    if (owned->owner.asn == 0)
        return sw_addr_text(&owned->addr, text);
    snprintf(text, SW_ADDRTEXT_MAX, "AS%" PRIu32, owned->owner.asn);
    return text;
}

bool sw_anomaly_rule(enum sw_anomaly_type type, const struct sw_settings *settings, bool have_asn,
                     const struct sw_view *view, const struct sw_subject *subject,
                     const struct sw_owned *owned, struct sw_anomaly *anomaly,
                     char mark[SW_MARK_MAX])
{
    char text[SW_ADDRTEXT_MAX];
    const char *name = sw_anomaly_name(type);
    if ((!subject->is_ioc && !subject->is_watched) ||
        !ask(type, settings, have_asn, view, subject, owned, anomaly))
        return false;
    if (type == SW_ANOMALY_PROTECTED_OWNER)
        snprintf(mark, SW_MARK_MAX, "%s %s %s", name, anomaly->list, anomaly->protected_by);
    else if (type == SW_ANOMALY_UNEXPECTED_OWNER)
        snprintf(mark, SW_MARK_MAX, "%s %s %s", name, anomaly->list, holder(owned, text));
    else if (type == SW_ANOMALY_OWNER_CHANGE)
        snprintf(mark, SW_MARK_MAX, "%s %s", name, holder(owned, text));
    else
        snprintf(mark, SW_MARK_MAX, "%s", name);
    return true;
}

bool sw_mark_of_name(const char *mark)
{
    static const enum sw_anomaly_type of_name[] = {SW_ANOMALY_UNEXPECTED_OWNER,
                                                   SW_ANOMALY_OWNER_CHANGE, SW_ANOMALY_OWNER_FLUX};
    for (size_t i = 0; i < sizeof(of_name) / sizeof(of_name[0]); i++) {
        const char *name = sw_anomaly_name(of_name[i]);
        size_t len = strlen(name);
        if (strncmp(mark, name, len) == 0 && (mark[len] == ' ' || mark[len] == '\0'))
            return true;
    }
    return false;
}
