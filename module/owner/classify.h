/*
 * classify.h - the class of a holder, by tables and by fields that were read before.
 *
 * Threads      any thread inside an RCU section
 */
#ifndef SW_OWNER_CLASSIFY_H
#define SW_OWNER_CLASSIFY_H

#include "owner/classes.h"
#include "owner/holder.h"

/** Holder and classes of an owner. The database of a class by field is a number (sources.h). */
void sw_classify(const struct sw_classes *classes, const struct sw_owner *owner,
                 struct sw_holder *out);

/** Set class and carrier_class of an owner. */
void sw_classify_owner(const struct sw_classes *classes, struct sw_owner *owner);

#endif
