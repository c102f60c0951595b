/*
 * name.h - domain names in wire form.
 *
 * A worker gets names from Unbound in uncompressed wire form, any letter case. All stored names
 * have the same form folded to lower case:
 * www.Foo.org -> 03 'w''w''w' 03 'f''o''o' 03 'o''r''g' 00, 1 to 255 octets.
 *
 * Threads      pure functions, any thread
 * Memory       callers own all buffers; nothing is allocated
 * Standards    RFC 1035 3.1 (wire form), RFC 4343 (letter case), RFC 1035 5.1 (escapes)
 */
#ifndef SW_BASE_NAME_H
#define SW_BASE_NAME_H

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SW_NAME_MAX     255  /* RFC 1035 2.3.4, octets with the root label */
#define SW_LABEL_MAX    63   /* RFC 1035 2.3.4 */
#define SW_LABELS_MAX   127  /* labels without the root label in 255 octets */
#define SW_NAMETEXT_MAX 1025 /* every octet as \DDD, dots, NUL */

struct sw_name {
    uint8_t len; /* octets used in wire, 1..255 */
    uint8_t wire[SW_NAME_MAX];
};

/**
 * Parse presentation form ("www.Foo.org", with or without the final dot, \. and \DDD escapes)
 * and fold to lower case. The empty text is refused; "." is the root.
 *
 * SW_OK, SW_ESYNTAX (empty label, bad escape, character that no host or service name has:
 * anything but letters, digits, '-', '_', or escaped octets), SW_ETOOBIG (label over 63 or
 * name over 255 octets). *why, when not NULL, is set on failure to static words for people.
 */
enum sw_status sw_name_parse(const char *text, size_t text_len, struct sw_name *out,
                             const char **why);

/**
 * Copy a wire name folded to lower case. wire may be out->wire: folds in place.
 * SW_OK, or SW_EINVAL when wire is not a whole uncompressed name within max_len octets.
 */
enum sw_status sw_name_copy(const uint8_t *wire, size_t max_len, struct sw_name *out);

/** Copy the size octets of a valid wire name folded to lower case. wire may be out. */
void sw_name_fold(const uint8_t *wire, size_t size, uint8_t *out);

/** Octets of the name at wire including the root label, or 0 when not a name within max_len. */
size_t sw_name_size(const uint8_t *wire, size_t max_len);

/** Labels without the root label, 0..127, of a valid wire name. */
unsigned sw_name_labels(const uint8_t *wire);

/** The suffix of `labels` labels (at most as many as the name has): pointer into wire. */
const uint8_t *sw_name_suffix(const uint8_t *wire, unsigned labels);

/** Whether the last label of a valid name is a number. No top-level domain is (RFC 3696 2), so a
 * text such as "192.0.2.1" is an address, not a name. */
bool sw_name_ends_in_number(const uint8_t *wire);

/** Whether two valid names are equal, letter case aside. */
bool sw_name_equal(const uint8_t *a, const uint8_t *b);

/** Whether name equals parent or is below parent, letter case aside. */
bool sw_name_below_or_equal(const uint8_t *name, const uint8_t *parent);

/**
 * Presentation form without the final dot ("." for the root), everything but letters, digits,
 * '-' and '_' escaped, so that sw_name_parse() gives the same name again.
 * Writes a terminated string of at most SW_NAMETEXT_MAX bytes to text; returns text.
 */
char *sw_name_text(const uint8_t *wire, char text[SW_NAMETEXT_MAX]);

/** The same in lower case. */
char *sw_name_text_lower(const uint8_t *wire, char text[SW_NAMETEXT_MAX]);

#endif
