/* settings_value.c - a value of the settings file: parse, validate, apply. See settings_parts.h. */
#include "base/settings_parts.h"

#include "base/class.h"
#include "base/server.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

/* ---- parse: text to value, which is zero before; false: not the form of the kind ---- */

static bool parse_text(const char *text, struct sw_setting_value *out)
{
    (void)text, (void)out; /* the text itself is the value */
    return true;
}

/* Decimal digits only; stops growing above 32 bits. */
static bool parse_number(const char *text, struct sw_setting_value *out)
{
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || text[digits] != '\0')
        return false;
    for (size_t i = 0; i < digits && out->number <= UINT32_MAX; i++)
        out->number = out->number * 10 + (uint64_t)(text[i] - '0');
    return true;
}

static bool parse_bool(const char *text, struct sw_setting_value *out)
{
    out->yes = strcmp(text, "yes") == 0;
    return out->yes || strcmp(text, "no") == 0;
}

static bool parse_addr(const char *text, struct sw_setting_value *out)
{
    return out->len == 0 || sw_addr_parse(text, out->len, &out->addr, NULL) == SW_OK;
}

static bool parse_name(const char *text, struct sw_setting_value *out)
{
    return out->len == 0 || sw_name_parse(text, out->len, &out->name, NULL) == SW_OK;
}

/* Names of classes with spaces between: the bit of each. */
static bool parse_classes(const char *text, struct sw_setting_value *out)
{
    enum sw_class class;
    for (text += strspn(text, " "); *text; text += strspn(text, " ")) {
        size_t len = strcspn(text, " ");
        if (sw_class_parse(text, len, &class) != SW_OK)
            return false;
        out->classes |= SW_CLASS_BIT(class);
        text += len;
    }
    return true;
}

/* ---- validate: whether a parsed value is within the limits of the key ---- */

static bool valid_always(const struct sw_setting *key, const struct sw_setting_value *value)
{
    (void)key, (void)value;
    return true;
}

static bool length_valid(const struct sw_setting *key, const struct sw_setting_value *value)
{
    return value->len >= key->min && value->len <= key->max;
}

/* Whether all octets are allowed: no control characters; words printable ASCII, no space. */
static bool text_clean(const char *text, bool word)
{
    for (const unsigned char *p = (const unsigned char *)text; *p; p++)
        if (*p < 0x20 || *p == 0x7f || (word && (*p == ' ' || *p > 0x7e)))
            return false;
    return true;
}

static bool text_valid(const struct sw_setting *key, const struct sw_setting_value *value)
{
    return length_valid(key, value) && text_clean(value->text, false);
}

static bool word_valid(const struct sw_setting *key, const struct sw_setting_value *value)
{
    return length_valid(key, value) && text_clean(value->text, true);
}

static bool path_valid(const struct sw_setting *key, const struct sw_setting_value *value)
{
    return text_valid(key, value) && (value->len == 0 || value->text[0] == '/');
}

static bool number_valid(const struct sw_setting *key, const struct sw_setting_value *value)
{
    return value->number >= key->min && value->number <= key->max;
}

static bool addr_valid(const struct sw_addr *addr, unsigned family)
{
    return addr->family == 0 || (addr->family == family && addr->plen == sw_addr_bits(addr));
}

static bool addr4_valid(const struct sw_setting *key, const struct sw_setting_value *value)
{
    (void)key;
    return addr_valid(&value->addr, 4);
}

static bool addr6_valid(const struct sw_setting *key, const struct sw_setting_value *value)
{
    (void)key;
    return addr_valid(&value->addr, 6);
}

/* Any domain name but the root, and no name that resolvers read as an address. */
static bool name_valid(const struct sw_setting *key, const struct sw_setting_value *value)
{
    (void)key;
    return value->name.len != 1 && !(value->len && sw_name_ends_in_number(value->name.wire));
}

/* "HOST:PORT", "[v6]:PORT" or empty. */
static bool server_valid(const struct sw_setting *key, const struct sw_setting_value *value)
{
    struct sw_server server;
    return length_valid(key, value) &&
           (value->len == 0 ||
            (text_clean(value->text, true) && sw_server_parse(value->text, &server) == SW_OK));
}

/* A server, or the word "sentinel". */
static bool primary_valid(const struct sw_setting *key, const struct sw_setting_value *value)
{
    return strcmp(value->text, "sentinel") == 0 || server_valid(key, value);
}

/* A URI of one of the two schemes that are registered for contacts, or empty. */
static bool contact_valid(const struct sw_setting *key, const struct sw_setting_value *value)
{
    bool scheme = strncmp(value->text, "mailto:", 7) == 0 || strncmp(value->text, "tel:", 4) == 0;
    return value->len == 0 || (word_valid(key, value) && scheme);
}

/* ---- apply: a valid value into the field; false when earlier values forbid this value ---- */

static bool apply_text(const struct sw_setting *key, const struct sw_setting_value *value,
                       struct sw_settings *settings)
{
    unsigned char *field = (unsigned char *)settings + key->offset;
    assert(value->len < key->size);
    memset(field, 0, key->size);
    memcpy(field, value->text, value->len);
    return true;
}

/* Put a text into the first free row. An empty text, or a text without a free row, is ignored. */
static bool apply_row(const struct sw_setting *key, const struct sw_setting_value *value,
                      struct sw_settings *settings)
{
    unsigned char *field = (unsigned char *)settings + key->offset;
    for (size_t at = 0; at < key->size; at += key->size / sw_setting_lines(key))
        if (field[at] == '\0') {
            memcpy(field + at, value->text, value->len + 1);
            break;
        }
    return true;
}

/* A field of 32 or of 16 bits. */
static bool apply_number(const struct sw_setting *key, const struct sw_setting_value *value,
                         struct sw_settings *settings)
{
    unsigned char *field = (unsigned char *)settings + key->offset;
    uint32_t number = (uint32_t)value->number;
    uint16_t number16 = (uint16_t)value->number;
    assert(key->size == sizeof(number) || key->size == sizeof(number16));
    if (key->size == sizeof(number))
        memcpy(field, &number, sizeof(number));
    else
        memcpy(field, &number16, sizeof(number16));
    return true;
}

static bool apply_bool(const struct sw_setting *key, const struct sw_setting_value *value,
                       struct sw_settings *settings)
{
    memcpy((unsigned char *)settings + key->offset, &value->yes, sizeof(value->yes));
    return true;
}

static bool apply_classes(const struct sw_setting *key, const struct sw_setting_value *value,
                          struct sw_settings *settings)
{
    memcpy((unsigned char *)settings + key->offset, &value->classes, sizeof(value->classes));
    return true;
}

static bool apply_addr(const struct sw_setting *key, const struct sw_setting_value *value,
                       struct sw_settings *settings)
{
    memcpy((unsigned char *)settings + key->offset, &value->addr, sizeof(value->addr));
    return true;
}

static bool apply_name(const struct sw_setting *key, const struct sw_setting_value *value,
                       struct sw_settings *settings)
{
    memcpy((unsigned char *)settings + key->offset, &value->name, sizeof(value->name));
    return true;
}

static bool apply_group(const struct sw_setting *key, const struct sw_setting_value *value,
                        struct sw_settings *settings)
{
    (void)key;
    return value->len == 0 || sw_groups_add(&settings->groups, value->text) == SW_OK;
}

/* ---- the allowed values, for people ---- */

static void allowed_text(const struct sw_setting *key, char out[SW_WHY_MAX])
{
    snprintf(out, SW_WHY_MAX, "up to %u octets without control characters", key->max);
}

static void allowed_word(const struct sw_setting *key, char out[SW_WHY_MAX])
{
    snprintf(out, SW_WHY_MAX, "1 to %u printable ASCII characters without spaces", key->max);
}

static void allowed_path(const struct sw_setting *key, char out[SW_WHY_MAX])
{
    snprintf(out, SW_WHY_MAX, "an absolute path of up to %u octets, or \"\" for none", key->max);
}

static void allowed_contact(const struct sw_setting *key, char out[SW_WHY_MAX])
{
    snprintf(out, SW_WHY_MAX, "mailto: or tel:, up to %u octets, or \"\" for none", key->max);
}

static void allowed_classes(const struct sw_setting *key, char out[SW_WHY_MAX])
{
    (void)key;
    snprintf(out, SW_WHY_MAX, "some of %s, or \"\" for none", sw_class_names());
}

static void allowed_group(const struct sw_setting *key, char out[SW_WHY_MAX])
{
    (void)key;
    snprintf(out, SW_WHY_MAX,
             "\"NAME PREFIX...\": a name of a-z 0-9 . _ -, prefixes that no group has yet; "
             "up to %d groups, %d prefixes",
             SW_GROUPS_MAX, SW_GROUP_PREFIXES_MAX);
}

static void allowed_number(const struct sw_setting *key, char out[SW_WHY_MAX])
{
    snprintf(out, SW_WHY_MAX, "a whole number from %u to %u", key->min, key->max);
}

/* ---- the table of kinds ---- */

#define ANY_LINES SIZE_MAX

struct kind {
    bool (*parse)(const char *text, struct sw_setting_value *out);
    bool (*valid)(const struct sw_setting *key, const struct sw_setting_value *value);
    bool (*apply)(const struct sw_setting *key, const struct sw_setting_value *value,
                  struct sw_settings *settings);
    void (*allowed)(const struct sw_setting *key, char out[SW_WHY_MAX]);
    size_t row;        /* a key of several lines: octets of the field for each line, or ANY_LINES */
    const char *words; /* the allowed values if equal for each key of the kind; allowed is NULL */
};

static const struct kind kinds[] = {
    [KIND_TEXT] = {parse_text, text_valid, apply_text, allowed_text, 0, NULL},
    [KIND_SECRET] = {parse_text, text_valid, apply_text, allowed_text, 0, NULL},
    [KIND_WORD] = {parse_text, word_valid, apply_text, allowed_word, 0, NULL},
    [KIND_PATH] = {parse_text, path_valid, apply_text, allowed_path, 0, NULL},
    [KIND_SERVER] = {parse_text, primary_valid, apply_text, NULL, 0,
                     "HOST:PORT, sentinel, or \"\" for none"},
    [KIND_SERVERS] = {parse_text, server_valid, apply_row, NULL, SW_TEXT_MAX,
                      "HOST:PORT, or \"\" for none"},
    [KIND_CONTACTS] = {parse_text, contact_valid, apply_row, allowed_contact, SW_TEXT_MAX, NULL},
    [KIND_PATHS] = {parse_text, path_valid, apply_row, allowed_path, SW_PATH_MAX, NULL},
    [KIND_CLASSES] = {parse_classes, valid_always, apply_classes, allowed_classes, 0, NULL},
    [KIND_GROUPS] = {parse_text, valid_always, apply_group, allowed_group, ANY_LINES, NULL},
    [KIND_NUMBER] = {parse_number, number_valid, apply_number, allowed_number, 0, NULL},
    [KIND_BOOL] = {parse_bool, valid_always, apply_bool, NULL, 0, "yes or no"},
    [KIND_ADDR4] = {parse_addr, addr4_valid, apply_addr, NULL, 0,
                    "one IPv4 address, or \"\" for none"},
    [KIND_ADDR6] = {parse_addr, addr6_valid, apply_addr, NULL, 0,
                    "one IPv6 address, or \"\" for none"},
    [KIND_NAME] = {parse_name, name_valid, apply_name, NULL, 0,
                   "a domain name, or \"\" for none; no address"},
};

_Static_assert(sizeof(kinds) / sizeof(kinds[0]) == KIND_COUNT, "the last kind has a row");

bool sw_setting_parse(const struct sw_setting *key, const char *text, struct sw_setting_value *out)
{
    memset(out, 0, sizeof(*out));
    out->text = text;
    out->len = strlen(text);
    return kinds[key->kind].parse(text, out);
}

bool sw_setting_validate(const struct sw_setting *key, const struct sw_setting_value *value)
{
    return kinds[key->kind].valid(key, value);
}

bool sw_setting_apply(const struct sw_setting *key, const struct sw_setting_value *value,
                      struct sw_settings *settings)
{
    return kinds[key->kind].apply(key, value, settings);
}

void sw_setting_allowed(const struct sw_setting *key, char out[SW_WHY_MAX])
{
    const struct kind *kind = &kinds[key->kind];
    if (kind->allowed)
        kind->allowed(key, out);
    else
        snprintf(out, SW_WHY_MAX, "%s", kind->words);
}

size_t sw_setting_lines(const struct sw_setting *key)
{
    size_t row = kinds[key->kind].row;
    if (row == 0)
        return 1;
    return row == ANY_LINES ? SIZE_MAX : key->size / row;
}
