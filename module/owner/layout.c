/* layout.c - field paths, recognition of layouts, reading of values. See layout.h. */
#include "owner/layout.h"

#include "base/policy.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define WANTED_PER_FIELD 2 /* paths named in a message for each field */

/* Known paths, the usual paths first: on a tie the earlier wins. */
static const char *const known_paths[SW_OWNER_COUNT][SW_CANDIDATES_MAX] = {
    [SW_OWNER_ASN] = {"autonomous_system_number", "asn", "traits.autonomous_system_number"},
    [SW_OWNER_ORG] = {"autonomous_system_organization", "as_name", "name",
                      "traits.autonomous_system_organization"},
    [SW_OWNER_REGISTRANT] = {"registrant", "organization", "traits.organization"},
    [SW_OWNER_NETNAME] = {"netname"},
    [SW_OWNER_COUNTRY] = {"country_code", "country.iso_code", "country",
                          "registered_country.iso_code"},
    [SW_OWNER_CLASS] = {"class", "type", "as_type", "user_type", "traits.user_type"},
};

static const bool role_has[][SW_OWNER_COUNT] = {
    [SW_ROLE_ASN] = {[SW_OWNER_ASN] = true,
                     [SW_OWNER_ORG] = true,
                     [SW_OWNER_COUNTRY] = true,
                     [SW_OWNER_CLASS] = true},
    [SW_ROLE_OWNER] = {[SW_OWNER_REGISTRANT] = true,
                       [SW_OWNER_NETNAME] = true,
                       [SW_OWNER_COUNTRY] = true,
                       [SW_OWNER_CLASS] = true},
};

/* ---- paths ---- */

/* The path that the settings give for a field, "" for none. */
static const char *path_of_settings(const struct sw_settings *settings, enum sw_role role,
                                    enum sw_owner_field field)
{
    switch (field) {
    case SW_OWNER_ASN:
        return settings->asn_field;
    case SW_OWNER_ORG:
        return settings->org_field;
    case SW_OWNER_REGISTRANT:
        return settings->registrant_field;
    case SW_OWNER_NETNAME:
        return settings->netname_field;
    case SW_OWNER_COUNTRY: /* owner-country-field speaks of the registrant database only */
        return role == SW_ROLE_OWNER ? settings->country_field : "";
    case SW_OWNER_CLASS:
        return role == SW_ROLE_OWNER ? settings->owner_class_field : settings->asn_class_field;
    case SW_OWNER_COUNT:
    default:
        return "";
    }
}

/* Split a dotted path into steps; false when a step is empty or there are too many. */
static bool path_split(struct sw_fieldpath *path, const char *dotted)
{
    size_t len = strlen(dotted), steps = 0;
    if (len >= sizeof(path->text))
        return false;
    memcpy(path->text, dotted, len + 1);
    char *at = path->text;
    for (;;) {
        char *dot = strchr(at, '.');
        if (*at == '\0' || dot == at || steps == SW_PATHSTEPS_MAX)
            return false;
        path->step[steps++] = at;
        if (!dot)
            break;
        *dot = '\0';
        at = dot + 1;
    }
    path->step[steps] = NULL;
    return true;
}

/* The path with dots again; returns out. */
static char *path_text(const struct sw_fieldpath *path, char *out, size_t room)
{
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; path->step[i] && used < room; i++) {
        int n = snprintf(out + used, room - used, "%s%s", i == 0 ? "" : ".", path->step[i]);
        used += n > 0 ? (size_t)n : 0;
    }
    return out;
}

char *sw_layout_path(const struct sw_layout *layout, enum sw_owner_field field, char *out,
                     size_t room)
{
    const struct sw_fieldpath *path = layout->chosen[field];
    out[0] = '\0';
    return path ? path_text(path, out, room) : out;
}

enum sw_status sw_layout_init(struct sw_layout *layout, enum sw_role role,
                              const struct sw_settings *settings, char *why)
{
    memset(layout, 0, sizeof(*layout));
    layout->role = role;
    for (unsigned f = 0; f < SW_OWNER_COUNT; f++) {
        if (!role_has[role][f])
            continue;
        const char *set = path_of_settings(settings, role, (enum sw_owner_field)f);
        if (*set != '\0' && !path_split(&layout->candidate[f][0], set)) {
            snprintf(why, SW_WHY_MAX,
                     "field path \"%.100s\": 1 to %d names with one dot between them are allowed",
                     set, SW_PATHSTEPS_MAX);
            return SW_EINVAL;
        }
        layout->configured[f] = *set != '\0';
        size_t at = layout->configured[f] ? 1 : 0;
        for (size_t i = 0; at < SW_CANDIDATES_MAX && known_paths[f][i]; i++, at++) {
            bool split = path_split(&layout->candidate[f][at], known_paths[f][i]);
            assert(split);
            (void)split;
        }
    }
    return SW_OK;
}

/* ---- reading ---- */

/* The value at a path; false when the record has none there. */
static bool value_at(const struct sw_fieldpath *path, MMDB_entry_s record, MMDB_entry_data_s *out)
{
    return MMDB_aget_value(&record, out, path->step) == MMDB_SUCCESS && out->has_data;
}

/* "AS8342" or "8342": decimal, no sign, up to 32 bits; 0 for everything else. */
static uint32_t asn_of_text(const char *text, size_t len)
{
    uint64_t n = 0;
    if (len > 2 && (text[0] == 'A' || text[0] == 'a') && (text[1] == 'S' || text[1] == 's')) {
        text += 2;
        len -= 2;
    }
    if (len == 0 || len > 10)
        return 0;
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9')
            return 0;
        n = n * 10 + (uint64_t)(text[i] - '0');
    }
    return n <= UINT32_MAX ? (uint32_t)n : 0;
}

static uint32_t asn_at(const struct sw_fieldpath *path, MMDB_entry_s record)
{
    MMDB_entry_data_s value;
    if (!value_at(path, record, &value))
        return 0;
    switch (value.type) {
    case MMDB_DATA_TYPE_UINT16:
        return value.uint16;
    case MMDB_DATA_TYPE_UINT32:
        return value.uint32;
    case MMDB_DATA_TYPE_INT32:
        return value.int32 > 0 ? (uint32_t)value.int32 : 0;
    case MMDB_DATA_TYPE_UINT64:
        return value.uint64 <= UINT32_MAX ? (uint32_t)value.uint64 : 0;
    case MMDB_DATA_TYPE_UTF8_STRING:
        return asn_of_text(value.utf8_string, value.data_size);
    default:
        return 0;
    }
}

/* ISO 3166-1 alpha-2 and nothing else: some layouts keep the country's name under "country". */
static bool is_country(const MMDB_entry_data_s *value)
{
    const char *c = value->utf8_string;
    return value->data_size == 2 && c[0] >= 'A' && c[0] <= 'Z' && c[1] >= 'A' && c[1] <= 'Z';
}

static bool text_at(const struct sw_fieldpath *path, enum sw_owner_field field, MMDB_entry_s record,
                    MMDB_entry_data_s *value)
{
    return value_at(path, record, value) && value->type == MMDB_DATA_TYPE_UTF8_STRING &&
           value->data_size > 0 && (field != SW_OWNER_COUNTRY || is_country(value)) &&
           (field != SW_OWNER_CLASS ||
            sw_class_of_value(value->utf8_string, value->data_size) != SW_HOLDER_UNKNOWN);
}

uint32_t sw_layout_asn(const struct sw_layout *layout, MMDB_entry_s record)
{
    const struct sw_fieldpath *path = layout->chosen[SW_OWNER_ASN];
    return path ? asn_at(path, record) : 0;
}

void sw_layout_text(const struct sw_layout *layout, enum sw_owner_field field, MMDB_entry_s record,
                    char *out, size_t room)
{
    const struct sw_fieldpath *path = layout->chosen[field];
    MMDB_entry_data_s value;
    out[0] = '\0';
    if (path && text_at(path, field, record, &value))
        sw_text_clean(out, room, value.utf8_string, value.data_size);
}

enum sw_class sw_layout_class(const struct sw_layout *layout, MMDB_entry_s record)
{
    const struct sw_fieldpath *path = layout->chosen[SW_OWNER_CLASS];
    MMDB_entry_data_s value;
    if (!path || !text_at(path, SW_OWNER_CLASS, record, &value))
        return SW_HOLDER_UNKNOWN;
    return sw_class_of_value(value.utf8_string, value.data_size);
}

bool sw_layout_unread(const struct sw_layout *layout, enum sw_owner_field field)
{
    return layout->configured[field] && layout->candidate[field][0].found == 0;
}

/* ---- recognition ---- */

void sw_layout_try(struct sw_layout *layout, MMDB_entry_s record)
{
    MMDB_entry_data_s value;
    for (unsigned f = 0; f < SW_OWNER_COUNT; f++) {
        for (size_t i = 0; i < SW_CANDIDATES_MAX; i++) {
            struct sw_fieldpath *path = &layout->candidate[f][i];
            if (!path->step[0])
                break;
            bool there = f == SW_OWNER_ASN ? asn_at(path, record) != 0
                                           : text_at(path, (enum sw_owner_field)f, record, &value);
            path->found += there ? 1 : 0;
        }
    }
}

bool sw_layout_choose(struct sw_layout *layout)
{
    for (unsigned f = 0; f < SW_OWNER_COUNT; f++) {
        const struct sw_fieldpath *best = NULL;
        for (size_t i = 0; i < SW_CANDIDATES_MAX; i++) {
            const struct sw_fieldpath *path = &layout->candidate[f][i];
            if (path->found > (best ? best->found : 0))
                best = path;
        }
        if (layout->configured[f] && layout->candidate[f][0].found > 0)
            best = &layout->candidate[f][0];
        layout->chosen[f] = best;
    }
    if (layout->role == SW_ROLE_ASN)
        return layout->chosen[SW_OWNER_ASN] != NULL;
    return layout->chosen[SW_OWNER_REGISTRANT] || layout->chosen[SW_OWNER_NETNAME] ||
           layout->chosen[SW_OWNER_COUNTRY] || layout->chosen[SW_OWNER_CLASS];
}

char *sw_layout_wanted(const struct sw_layout *layout, char *out, size_t room)
{
    size_t used = 0;
    char path[SW_TEXT_MAX];
    out[0] = '\0';
    for (unsigned f = 0; f < SW_OWNER_COUNT; f++) {
        if (layout->role == SW_ROLE_ASN && f != SW_OWNER_ASN)
            continue;
        for (size_t i = 0; i < WANTED_PER_FIELD && used < room; i++) {
            if (!layout->candidate[f][i].step[0])
                break;
            int n = snprintf(out + used, room - used, "%s%s", used == 0 ? "" : ", ",
                             path_text(&layout->candidate[f][i], path, sizeof(path)));
            used += n > 0 ? (size_t)n : 0;
        }
    }
    return out;
}

/* ---- text ---- */

/* Octets of the printable UTF-8 character at p (RFC 3629 4), 0 when there is none. */
static size_t printable(const uint8_t *p, size_t left)
{
    uint8_t c = p[0];
    size_t len = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
    if (c < 0x20 || c == 0x7f || (c >= 0x80 && c < 0xc2) || c > 0xf4 || len > left)
        return 0;
    for (size_t i = 1; i < len; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    }
    bool c1 = c == 0xc2 && p[1] < 0xa0; /* U+0080..U+009F: control characters for some terminals */
    bool overlong = (c == 0xe0 && p[1] < 0xa0) || (c == 0xf0 && p[1] < 0x90);
    bool surrogate = c == 0xed && p[1] > 0x9f;
    bool beyond = c == 0xf4 && p[1] > 0x8f;
    return c1 || overlong || surrogate || beyond ? 0 : len;
}

void sw_text_clean(char *out, size_t room, const char *text, size_t len)
{
    assert(room > 0);
    size_t used = 0, at = 0;
    while (at < len) {
        size_t n = printable((const uint8_t *)text + at, len - at);
        if (used + (n > 0 ? n : 1) >= room)
            break;
        if (n > 0)
            memcpy(out + used, text + at, n);
        else
            out[used] = '?';
        used += n > 0 ? n : 1;
        at += n > 0 ? n : 1;
    }
    out[used] = '\0';
}
