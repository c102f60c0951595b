/*
 * limits.h - the limits by which the history of a name is judged.
 *
 * The settings of the resolver have a value for each limit. The policy of a list of kind ioc or
 * watch may have another value for the names of the list (D-140): names of malware move faster than
 * names of a bank. Where several lists with a value cover a name, the list with the more specific
 * indicator counts.
 *
 * Threads      pure function; finds in the index inside an RCU section
 */
#ifndef SW_OWNER_LIMITS_H
#define SW_OWNER_LIMITS_H

#include "base/settings.h"
#include "index/index.h"

struct sw_limits {
    uint32_t baseline_days, baseline_count;
    uint32_t flux_hours, flux_as, flux_percent;
};

/** The limits for a name. */
void sw_limits_of(const struct sw_settings *settings, const struct sw_view *view,
                  const struct sw_name *name, struct sw_limits *out);

#endif
