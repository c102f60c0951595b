/*
 * class.h - classes of holders: hosting, isp, government, ...
 *
 * Threads      pure functions
 */
#ifndef SW_BASE_CLASS_H
#define SW_BASE_CLASS_H

#include "base/status.h"

#include <stddef.h>

enum sw_class {
    SW_HOLDER_UNKNOWN,
    SW_HOLDER_HOSTING,
    SW_HOLDER_ISP,
    SW_HOLDER_CONTENT, /* content and content delivery networks */
    SW_HOLDER_ENTERPRISE,
    SW_HOLDER_EDUCATION, /* research included */
    SW_HOLDER_GOVERNMENT,
    SW_HOLDER_MILITARY,
    SW_HOLDER_POLICE,
    SW_HOLDER_BANK,
    SW_HOLDER_HEALTH,
    SW_HOLDER_INTERGOVERNMENTAL,
    SW_HOLDER_SINKHOLE,
    SW_HOLDER_PARKING,
    SW_HOLDER_COUNT
};

#define SW_CLASS_BIT(class) (1u << (class))

/** "government"; "" for SW_HOLDER_UNKNOWN; static. */
const char *sw_class_name(enum sw_class class);

/** Reverse, exactly these names: SW_OK or SW_ENOTFOUND. len: octets of the name. */
enum sw_status sw_class_parse(const char *name, size_t len, enum sw_class *out);

/**
 * The class that a value of a vendor's field stands for, such as "isp", "business", "college" or
 * "content_delivery_network" (IPinfo `type`, GeoIP2 `user_type`), in any letter case.
 * SW_HOLDER_UNKNOWN: no such value.
 */
enum sw_class sw_class_of_value(const char *value, size_t len);

/** All names with a space between, for messages; static. */
const char *sw_class_names(void);

#endif
