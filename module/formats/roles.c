/* roles.c - names of columns and members, and words of types, as feeds use them. See parts.h. */
#include "formats/parts.h"

#include <string.h>

static const struct {
    const char *name;
    enum sw_column role;
    const char *fact;
} roles[] = {
    {"indicator", SW_ROLE_INDICATOR, NULL},
    {"ioc", SW_ROLE_INDICATOR, NULL},
    {"ioc_value", SW_ROLE_INDICATOR, NULL},
    {"value", SW_ROLE_INDICATOR, NULL},
    {"domain", SW_ROLE_INDICATOR, NULL},
    {"domain_name", SW_ROLE_INDICATOR, NULL},
    {"ip", SW_ROLE_INDICATOR, NULL},
    {"ip_address", SW_ROLE_INDICATOR, NULL},
    {"dst_ip", SW_ROLE_INDICATOR, NULL},
    {"address", SW_ROLE_INDICATOR, NULL},
    {"cidr", SW_ROLE_INDICATOR, NULL},
    {"prefix", SW_ROLE_INDICATOR, NULL},
    {"network", SW_ROLE_INDICATOR, NULL},
    {"asn", SW_ROLE_INDICATOR, NULL},
    {"host", SW_ROLE_INDICATOR, NULL},
    {"hostname", SW_ROLE_EXACT, NULL},
    {"fqdn", SW_ROLE_EXACT, NULL},
    {"rrname", SW_ROLE_EXACT, NULL},
    {"url", SW_ROLE_URL, NULL},
    {"type", SW_ROLE_TYPE, NULL},
    {"ioc_type", SW_ROLE_TYPE, NULL},
    {"indicator_type", SW_ROLE_TYPE, NULL},
    {"path", SW_ROLE_PATH, NULL},
    {"first_seen", SW_ROLE_FACT, "first_seen"},
    {"first_seen_utc", SW_ROLE_FACT, "first_seen"},
    {"firstseen", SW_ROLE_FACT, "first_seen"},
    {"time_first", SW_ROLE_FACT, "first_seen"},
    {"dateadded", SW_ROLE_FACT, "first_seen"},
    {"date_added", SW_ROLE_FACT, "first_seen"},
    {"updated", SW_ROLE_FACT, "updated"},
    {"last_seen", SW_ROLE_FACT, "last_seen"},
    {"last_seen_utc", SW_ROLE_FACT, "last_seen"},
    {"time_last", SW_ROLE_FACT, "last_seen"},
    {"confidence", SW_ROLE_FACT, "confidence"},
    {"confidence_level", SW_ROLE_FACT, "confidence"},
    {"reference", SW_ROLE_FACT, "reference"},
    {"references", SW_ROLE_FACT, "reference"},
    {"link", SW_ROLE_FACT, "reference"},
    {"campaign", SW_ROLE_FACT, "campaign"},
    {"malware", SW_ROLE_FACT, "campaign"},
    {"malware_printable", SW_ROLE_FACT, "campaign"},
    {"family", SW_ROLE_FACT, "campaign"},
    {"threat", SW_ROLE_FACT, "threat"},
    {"threat_type", SW_ROLE_FACT, "threat"},
    {"tlp", SW_ROLE_FACT, "tlp"},
    {"provider", SW_ROLE_FACT, "provider"},
    {"source", SW_ROLE_FACT, "provider"},
    {"reporter", SW_ROLE_FACT, "provider"},
    {"expires", SW_ROLE_FACT, "expires"},
    {"valid_until", SW_ROLE_FACT, "expires"},
    {"expiration", SW_ROLE_FACT, "expires"},
    {"note", SW_ROLE_FACT, "note"},
    {"role", SW_ROLE_FACT, "note"},
    {"message", SW_ROLE_FACT, "note"},
    {"comment", SW_ROLE_FACT, "note"},
    {"description", SW_ROLE_FACT, "note"},
    {"tags", SW_ROLE_FACT, "tags"},
};

enum sw_column sw_role(struct sw_piece name, const char **fact)
{
    name = sw_trim(name);
    for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++) {
        if (!sw_span_is(name, roles[i].name))
            continue;
        *fact = roles[i].fact;
        return roles[i].role;
    }
    return SW_ROLE_NONE;
}

bool sw_is_data(struct sw_piece field)
{
    struct sw_indicator indicator;
    char why[SW_WHY_MAX];
    return field.len > 0 && (memchr(field.p, '.', field.len) || memchr(field.p, ':', field.len)) &&
           sw_indicator_parse(field.p, field.len, &indicator, why) == SW_OK;
}

bool sw_type_usable(struct sw_piece type, bool *exact, enum sw_reject *reject, const char **why)
{
    static const struct {
        const char *word;
        enum sw_reject reject;
        const char *why;
    } others[] = {
        {"url", SW_REJECT_URL, "a URL"},
        {"uri", SW_REJECT_URL, "a URL"},
        {"link", SW_REJECT_URL, "a link"},
        {"port", SW_REJECT_PORT, "a host with a port"},
        {"mail", SW_REJECT_MAIL, "a mail address"},
        {"md5", SW_REJECT_HASH, "a digest"},
        {"sha", SW_REJECT_HASH, "a digest"},
        {"hash", SW_REJECT_HASH, "a digest"},
        {"file", SW_REJECT_FILE, "a file"},
        {"mutex", SW_REJECT_KIND, "data of another kind"},
        {"regkey", SW_REJECT_KIND, "data of another kind"},
    };
    char word[64];
    size_t len = type.len < sizeof(word) ? type.len : sizeof(word) - 1;
    if (len > 0)
        memcpy(word, type.p, len);
    word[len] = '\0';
    *exact = strcasestr(word, "hostname") || strcasestr(word, "fqdn");
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        if (strcasestr(word, others[i].word)) {
            *reject = others[i].reject;
            *why = others[i].why;
            return false;
        }
    }
    return true;
}
