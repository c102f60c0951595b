/*
 * settings_parts.h - shared between settings.c (the table of keys, the file) and settings_value.c
 * (a value: parse, validate, apply; the table of kinds has the functions of each kind).
 *
 * Threads      as settings.h
 */
#ifndef SW_BASE_SETTINGS_PARTS_H
#define SW_BASE_SETTINGS_PARTS_H

#include "base/policy.h"
#include "base/settings.h"

#define SW_SPOOLPATH_MAX 200 /* leaves room in a path for the names of files */

enum sw_setting_kind {
    KIND_TEXT,     /* any text without control characters */
    KIND_SECRET,   /* as KIND_TEXT, never quoted in a message */
    KIND_WORD,     /* printable ASCII without spaces, not empty */
    KIND_PATH,     /* absolute path or empty */
    KIND_SERVER,   /* HOST:PORT, "sentinel", or empty */
    KIND_SERVERS,  /* HOST:PORT, once for each line with the key: rows of SW_TEXT_MAX */
    KIND_CONTACTS, /* a contact URI (mailto:, tel:), likewise */
    KIND_PATHS,    /* as KIND_PATH, once for each line with the key: rows of SW_PATH_MAX */
    KIND_CLASSES,  /* classes of holders with spaces between, or empty */
    KIND_GROUPS,   /* NAME PREFIX..., any number of lines */
    KIND_NUMBER,   /* whole number in min..max */
    KIND_BOOL,     /* yes, no */
    KIND_ADDR4,    /* an address or empty */
    KIND_ADDR6,
    KIND_NAME, /* domain name or empty */
    KIND_COUNT
};

/* A row of the table: all data for parse, validate, apply and the messages. */
struct sw_setting {
    const char *name;
    enum sw_setting_kind kind;
    size_t offset; /* of the field in struct sw_settings */
    size_t size;   /* of the field */
    uint32_t min;  /* numbers: the range; texts: the length in octets */
    uint32_t max;
    const char *def; /* default as written in a file; NULL: the host name */
};

/* A value between parse and apply. */
struct sw_setting_value {
    const char *text;
    size_t len;
    uint64_t number;
    bool yes;
    uint32_t classes;
    struct sw_addr addr;
    struct sw_name name;
};

/** Text to value. False: not the form of the key's kind. */
bool sw_setting_parse(const struct sw_setting *key, const char *text, struct sw_setting_value *out);

/** Whether a parsed value is within the limits of the key. */
bool sw_setting_validate(const struct sw_setting *key, const struct sw_setting_value *value);

/** Put a valid value into the field of the key; false when earlier values forbid this value. */
bool sw_setting_apply(const struct sw_setting *key, const struct sw_setting_value *value,
                      struct sw_settings *settings);

/** On how many lines of a file a key may stand: 1, the rows of the field, or SIZE_MAX. */
size_t sw_setting_lines(const struct sw_setting *key);

/** The allowed values of a key, for people. */
void sw_setting_allowed(const struct sw_setting *key, char out[SW_WHY_MAX]);

#endif
