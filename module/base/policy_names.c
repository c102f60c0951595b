/* policy_names.c - the words of policies: kinds, actions, triggers, limits. See policy.h. */
#include "base/policy.h"

#include <stdio.h>
#include <string.h>

static const char *const kind_names[SW_KIND_COUNT] = {
    [SW_KIND_IOC] = "ioc",     [SW_KIND_ALLOW] = "allow",
    [SW_KIND_WATCH] = "watch", [SW_KIND_PROTECTED] = "protected",
    [SW_KIND_KNOWN] = "known",
};

static const char *const action_names[SW_ACTION_COUNT] = {
    [SW_ACTION_PASSTHRU] = "passthru", [SW_ACTION_MONITOR] = "monitor",
    [SW_ACTION_NXDOMAIN] = "nxdomain", [SW_ACTION_NODATA] = "nodata",
    [SW_ACTION_REFUSED] = "refused",   [SW_ACTION_DROP] = "drop",
    [SW_ACTION_TCP_ONLY] = "tcp-only", [SW_ACTION_SINKHOLE] = "sinkhole",
    [SW_ACTION_CNAME] = "cname",
};

static const char *const trigger_names[SW_TRIGGER_COUNT] = {
    [SW_TRIGGER_QNAME] = "qname",     [SW_TRIGGER_CNAME] = "cname",
    [SW_TRIGGER_ADDRESS] = "address", [SW_TRIGGER_ASN] = "asn",
    [SW_TRIGGER_NSDNAME] = "nsdname", [SW_TRIGGER_NSIP] = "nsip",
    [SW_TRIGGER_CLIENT] = "client",
};

static const char *const limit_names[SW_LIMIT_COUNT] = {
    [SW_LIMIT_BASELINE_DAYS] = "baseline_days",  [SW_LIMIT_BASELINE_COUNT] = "baseline_count",
    [SW_LIMIT_FLUX_HOURS] = "flux_hours",        [SW_LIMIT_FLUX_AS] = "flux_as_min",
    [SW_LIMIT_FLUX_PERCENT] = "flux_as_percent",
};

const char *sw_limit_name(enum sw_limit limit)
{
    return (unsigned)limit < SW_LIMIT_COUNT ? limit_names[limit] : "?";
}

const char *sw_garden_text(const struct sw_name *garden, char text[SW_NAMETEXT_MAX])
{
    char rest[SW_NAMETEXT_MAX];
    if (!sw_garden_is_wild(garden))
        return sw_name_text(garden->wire, text);
    /* The asterisk and its dot are as long as the label that is left out. */
    snprintf(text, SW_NAMETEXT_MAX, "*.%.*s", SW_NAMETEXT_MAX - 3,
             sw_name_text(garden->wire + 2, rest));
    return text;
}

const char *sw_kind_name(enum sw_kind kind)
{
    return (unsigned)kind < SW_KIND_COUNT ? kind_names[kind] : "?";
}

const char *sw_action_name(enum sw_action action)
{
    return (unsigned)action < SW_ACTION_COUNT ? action_names[action] : "?";
}

const char *sw_trigger_name(enum sw_trigger trigger)
{
    return (unsigned)trigger < SW_TRIGGER_COUNT ? trigger_names[trigger] : "?";
}

enum sw_status sw_trigger_parse(const char *text, enum sw_trigger *out)
{
    for (unsigned i = 0; i < SW_TRIGGER_COUNT; i++) {
        if (strcmp(text, trigger_names[i]) == 0) {
            *out = (enum sw_trigger)i;
            return SW_OK;
        }
    }
    return SW_ENOTFOUND;
}

enum sw_status sw_kind_parse(const char *text, enum sw_kind *out)
{
    for (unsigned i = 0; i < SW_KIND_COUNT; i++) {
        if (strcmp(text, kind_names[i]) == 0) {
            *out = (enum sw_kind)i;
            return SW_OK;
        }
    }
    return SW_ENOTFOUND;
}

enum sw_status sw_action_parse(const char *text, enum sw_action *out)
{
    for (unsigned i = 0; i < SW_ACTION_COUNT; i++) {
        if (strcmp(text, action_names[i]) == 0) {
            *out = (enum sw_action)i;
            return SW_OK;
        }
    }
    return SW_ENOTFOUND;
}
