/*
 * suffixes.h - the public suffix list, for a registrable domain in some tens of nanoseconds.
 *
 * libpsl walks its list from the beginning for each label of a name: 12,000 instructions for three
 * labels, more than counting, sorting and writing a new record together. Here each rule, and each
 * parent of a rule, is an entry of a hash table. A name is walked from the right, until a parent
 * has no entry: no rule is below (D-158).
 *
 * Threads      any, once loaded
 * Memory       some 500 KiB for the list of 2026
 * Security     entries are distinguished by a keyed hash of 64 bits
 * Source       the text form of the list, publicsuffix.org/list/: rules, "*." and "!"
 */
#ifndef SW_MEMORY_INTAKE_SUFFIXES_H
#define SW_MEMORY_INTAKE_SUFFIXES_H

#include "base/name.h"
#include "base/status.h"

#include <stdint.h>

struct sw_suffixes;

/** Read a list. SW_OK; SW_ENOTFOUND: the file cannot be opened, or has no rule; SW_EIO; SW_ENOMEM.
 * Lines that are no rule are passed over. */
enum sw_status sw_suffixes_load(const char *path, struct sw_suffixes **out);
void sw_suffixes_free(struct sw_suffixes *suffixes); /* NULL is fine */

/** The registrable domain of a name in lower case; the name itself for a public suffix and for the
 * root. Points into name. An unknown top-level domain is a public suffix, by the rule "*". */
const uint8_t *sw_suffixes_of(const struct sw_suffixes *suffixes, const uint8_t *name);

#endif
