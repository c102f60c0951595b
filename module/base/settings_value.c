/* settings_value.c - a value of the settings file: parse, validate, apply. See settings_parts.h. */
#include "base/settings_parts.h"

#include "base/class.h"
#include "base/server.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

/* Decimal digits only; stops growing above 32 bits. */
static bool number_parse(const char *text, uint64_t *out)
{
    uint64_t number = 0;
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || text[digits] != '\0')
        return false;
    for (size_t i = 0; i < digits && number <= UINT32_MAX; i++)
        number = number * 10 + (uint64_t)(text[i] - '0');
    *out = number;
    return true;
}

/* Names of classes with spaces between: the bit of each. */
static bool classes_parse(const char *text, uint32_t *out)
{
    enum sw_class class;
    *out = 0;
    for (text += strspn(text, " "); *text; text += strspn(text, " ")) {
        size_t len = strcspn(text, " ");
        if (sw_class_parse(text, len, &class) != SW_OK)
            return false;
        *out |= SW_CLASS_BIT(class);
        text += len;
    }
    return true;
}

/* Text to value. False: not the form of the key's kind. */
bool sw_setting_parse(const struct sw_setting *key, const char *text, struct sw_setting_value *out)
{
    memset(out, 0, sizeof(*out));
    out->text = text;
    out->len = strlen(text);
    switch (key->kind) {
    case KIND_NUMBER:
        return number_parse(text, &out->number);
    case KIND_BOOL:
        out->yes = strcmp(text, "yes") == 0;
        return out->yes || strcmp(text, "no") == 0;
    case KIND_ADDR4:
    case KIND_ADDR6:
        return out->len == 0 || sw_addr_parse(text, out->len, &out->addr, NULL) == SW_OK;
    case KIND_NAME:
        return out->len == 0 || sw_name_parse(text, out->len, &out->name, NULL) == SW_OK;
    case KIND_CLASSES:
        return classes_parse(text, &out->classes);
    case KIND_TEXT:
    case KIND_SECRET:
    case KIND_WORD:
    case KIND_PATH:
    case KIND_PATHS:
    case KIND_SERVER:
    case KIND_SERVERS:
    case KIND_CONTACTS:
    case KIND_GROUPS:
    default:
        return true;
    }
}

/* Whether all octets are allowed: no control characters; words printable ASCII, no space. */
static bool text_clean(const char *text, bool word)
{
    for (const unsigned char *p = (const unsigned char *)text; *p; p++)
        if (*p < 0x20 || *p == 0x7f || (word && (*p == ' ' || *p > 0x7e)))
            return false;
    return true;
}

static bool addr_valid(const struct sw_addr *addr, unsigned family)
{
    return addr->family == 0 || (addr->family == family && addr->plen == sw_addr_bits(addr));
}

/* "HOST:PORT", "[v6]:PORT" or empty; also "sentinel" if `sentinel`. */
static bool server_valid(const struct sw_setting_value *value, bool sentinel)
{
    struct sw_server server;
    return value->len == 0 || (sentinel && strcmp(value->text, "sentinel") == 0) ||
           (text_clean(value->text, true) && sw_server_parse(value->text, &server) == SW_OK);
}

/* A URI of one of the two schemes that are registered for contacts, or empty. */
static bool contact_valid(const struct sw_setting_value *value)
{
    bool scheme = strncmp(value->text, "mailto:", 7) == 0 || strncmp(value->text, "tel:", 4) == 0;
    return value->len == 0 || (text_clean(value->text, true) && scheme);
}

/* Whether a parsed value is within the limits of the key. */
bool sw_setting_validate(const struct sw_setting *key, const struct sw_setting_value *value)
{
    bool length_ok = value->len >= key->min && value->len <= key->max;
    switch (key->kind) {
    case KIND_NUMBER:
        return value->number >= key->min && value->number <= key->max;
    case KIND_ADDR4:
        return addr_valid(&value->addr, 4);
    case KIND_ADDR6:
        return addr_valid(&value->addr, 6);
    case KIND_NAME:
        return value->name.len != 1 && !(value->len && sw_name_ends_in_number(value->name.wire));
    case KIND_TEXT:
    case KIND_SECRET:
        return length_ok && text_clean(value->text, false);
    case KIND_WORD:
        return length_ok && text_clean(value->text, true);
    case KIND_PATH:
    case KIND_PATHS:
        return length_ok && text_clean(value->text, false) &&
               (value->len == 0 || value->text[0] == '/');
    case KIND_SERVER:
    case KIND_SERVERS:
        return length_ok && server_valid(value, key->kind == KIND_SERVER);
    case KIND_CONTACTS:
        return length_ok && contact_valid(value);
    case KIND_GROUPS:
    case KIND_CLASSES:
    case KIND_BOOL:
    default:
        return true;
    }
}

bool sw_setting_repeats(const struct sw_setting *key)
{
    return key->kind == KIND_PATHS || key->kind == KIND_SERVERS || key->kind == KIND_CONTACTS ||
           key->kind == KIND_GROUPS;
}

size_t sw_setting_row(const struct sw_setting *key)
{
    return key->kind == KIND_PATHS ? SW_PATH_MAX : SW_TEXT_MAX;
}

/* Put a text into the first free row. An empty text, or a text without a free row, is ignored. */
static void append_row(const struct sw_setting *key, const struct sw_setting_value *value,
                       unsigned char *field)
{
    for (size_t at = 0; at < key->size; at += sw_setting_row(key))
        if (field[at] == '\0') {
            memcpy(field + at, value->text, value->len + 1);
            return;
        }
}

/* Put a valid value into the field of the key; false when earlier values forbid this value. */
bool sw_setting_apply(const struct sw_setting *key, const struct sw_setting_value *value,
                      struct sw_settings *settings)
{
    unsigned char *field = (unsigned char *)settings + key->offset;
    uint32_t number = (uint32_t)value->number;
    uint16_t number16 = (uint16_t)value->number;
    switch (key->kind) {
    case KIND_NUMBER:
        assert(key->size == sizeof(number) || key->size == sizeof(number16));
        if (key->size == sizeof(number))
            memcpy(field, &number, sizeof(number));
        else
            memcpy(field, &number16, sizeof(number16));
        break;
    case KIND_BOOL:
        memcpy(field, &value->yes, sizeof(value->yes));
        break;
    case KIND_CLASSES:
        memcpy(field, &value->classes, sizeof(value->classes));
        break;
    case KIND_ADDR4:
    case KIND_ADDR6:
        memcpy(field, &value->addr, sizeof(value->addr));
        break;
    case KIND_NAME:
        memcpy(field, &value->name, sizeof(value->name));
        break;
    case KIND_PATHS:
    case KIND_SERVERS:
    case KIND_CONTACTS:
        append_row(key, value, field);
        break;
    case KIND_GROUPS:
        return value->len == 0 || sw_groups_add(&settings->groups, value->text) == SW_OK;
    case KIND_TEXT:
    case KIND_SECRET:
    case KIND_WORD:
    case KIND_PATH:
    default:
        assert(value->len < key->size);
        memset(field, 0, key->size);
        memcpy(field, value->text, value->len);
        break;
    }
    return true;
}

/* The allowed values of a key, for people. */
void sw_setting_allowed(const struct sw_setting *key, char out[SW_WHY_MAX])
{
    switch (key->kind) {
    case KIND_NUMBER:
        snprintf(out, SW_WHY_MAX, "a whole number from %u to %u", key->min, key->max);
        break;
    case KIND_BOOL:
        snprintf(out, SW_WHY_MAX, "yes or no");
        break;
    case KIND_ADDR4:
    case KIND_ADDR6:
        snprintf(out, SW_WHY_MAX, "one %s address, or \"\" for none",
                 key->kind == KIND_ADDR4 ? "IPv4" : "IPv6");
        break;
    case KIND_NAME:
        snprintf(out, SW_WHY_MAX, "a domain name, or \"\" for none; no address");
        break;
    case KIND_PATH:
    case KIND_PATHS:
        snprintf(out, SW_WHY_MAX, "an absolute path of up to %u octets, or \"\" for none",
                 key->max);
        break;
    case KIND_GROUPS:
        snprintf(out, SW_WHY_MAX,
                 "\"NAME PREFIX...\": a name of a-z 0-9 . _ -, prefixes that no group has yet; "
                 "up to %d groups, %d prefixes",
                 SW_GROUPS_MAX, SW_GROUP_PREFIXES_MAX);
        break;
    case KIND_SERVER:
    case KIND_SERVERS:
        snprintf(out, SW_WHY_MAX, "HOST:PORT%s, or \"\" for none",
                 key->kind == KIND_SERVER ? ", sentinel" : "");
        break;
    case KIND_CONTACTS:
        snprintf(out, SW_WHY_MAX, "mailto: or tel:, up to %u octets, or \"\" for none", key->max);
        break;
    case KIND_CLASSES:
        snprintf(out, SW_WHY_MAX, "some of %s, or \"\" for none", sw_class_names());
        break;
    case KIND_WORD:
        snprintf(out, SW_WHY_MAX, "1 to %u printable ASCII characters without spaces", key->max);
        break;
    case KIND_TEXT:
    case KIND_SECRET:
    default:
        snprintf(out, SW_WHY_MAX, "up to %u octets without control characters", key->max);
        break;
    }
}
