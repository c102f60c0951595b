/*
 * spread.h - in which classes of holders the names of a list are, and whether one stands apart.
 *
 * A name is odd when nearly all names of its list are with holders of the classes in which such
 * names usually are (hosting, isp, content, parking, sinkhole, enterprise), and this name is with a
 * holder of another class. A list whose names are spread over other classes anyway has no odd name.
 *
 * Threads      pure functions
 * Decision     D-136
 */
#ifndef SW_OWNER_SPREAD_H
#define SW_OWNER_SPREAD_H

#include "base/class.h"
#include "base/settings.h"

#include <stdbool.h>
#include <stddef.h>

struct sw_spread {              /* names of a list that were resolved */
    size_t names;               /* with a known class */
    size_t of[SW_HOLDER_COUNT]; /* the same by class */
};

/** Whether names on lists are usually not with holders of this class. */
bool sw_class_is_unusual(enum sw_class class);

/** Whether a name with this class stands apart: odd-names-min names or more were resolved, and at
 * most odd-percent of a hundred of them, and five in all, are with holders of unusual classes. */
bool sw_spread_is_odd(const struct sw_settings *settings, const struct sw_spread *spread,
                      enum sw_class class);

#endif
