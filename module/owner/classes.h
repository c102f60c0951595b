/*
 * classes.h - the tables of classes in force: those of the settings, then the shipped table.
 *
 * Tables are asked in the order of the settings; the first table with a matching line decides. The
 * feeder opens and replaces them as it does with MMDB files: a changed file is parsed aside,
 * published, and the former table is freed after the last reader has left. A file that cannot be
 * read leaves the former table in force.
 *
 * Threads      look-ups: any thread inside an RCU section; refresh and status: the feeder
 */
#ifndef SW_OWNER_CLASSES_H
#define SW_OWNER_CLASSES_H

#include "base/counters.h"
#include "base/settings.h"
#include "owner/classtable.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#define SW_CLASSES_SHIPPED "classes.tsv" /* name of the shipped table in documents */

struct sw_classes;

/** No file is read before sw_classes_refresh(). NULL: no memory. */
struct sw_classes *sw_classes_new(const struct sw_settings *settings, struct sw_counters *counters);
void sw_classes_free(struct sw_classes *classes); /* NULL is fine */

/** Read each table that is new or changed. Problems are logged once per change, at most
 * SW_CLASSES_TOLD lines of a table; the rest is counted. True when a table was replaced. */
bool sw_classes_refresh(struct sw_classes *classes);
#define SW_CLASSES_TOLD 10

/** The first table with a line for this text (registrant or organisation) or AS number. *table is
 * the path, or SW_CLASSES_SHIPPED; borrowed until the settings end. */
bool sw_classes_find(const struct sw_classes *classes, const char *text,
                     struct sw_classmatch *match, const char **table);
bool sw_classes_find_asn(const struct sw_classes *classes, uint32_t asn,
                         struct sw_classmatch *match, const char **table);

/** The first table with a suffix that equals a name or is above it, likewise. wire: a valid name in
 * lower case. *labels: of the suffix. */
bool sw_classes_find_name(const struct sw_classes *classes, const uint8_t *wire,
                          struct sw_classmatch *match, unsigned *labels, const char **table);

/** [{"path":...,"open":true,"rules":...,"refused":...,"error":""}], of the tables of the
 * settings; a new reference; NULL: none. */
json_t *sw_classes_status(const struct sw_classes *classes);

#endif
