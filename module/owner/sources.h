/*
 * sources.h - where a class came from: the tables of classes, the top names, and the databases
 * behind sw_owners.
 *
 * Threads      any thread inside an RCU section
 */
#ifndef SW_OWNER_SOURCES_H
#define SW_OWNER_SOURCES_H

#include "owner/classes.h"
#include "owner/owner.h"
#include "owner/topnames.h"

/** The tables of classes; never NULL. */
const struct sw_classes *sw_owners_classes(const struct sw_owners *owners);

/** The operator's top names; never NULL. */
const struct sw_topnames *sw_owners_top(const struct sw_owners *owners);

/** Path of a database, cleaned, and the field of the records that holds the class. source: from
 * struct sw_ownerclass. */
void sw_owners_source(const struct sw_owners *owners, unsigned source, char *path, size_t path_room,
                      char *field, size_t field_room);

#endif
