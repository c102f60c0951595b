/* class.c - classes of holders. See class.h. */
#include "base/class.h"

#include <string.h>
#include <strings.h>

static const char *const names[SW_HOLDER_COUNT] = {
    [SW_HOLDER_UNKNOWN] = "",
    [SW_HOLDER_HOSTING] = "hosting",
    [SW_HOLDER_ISP] = "isp",
    [SW_HOLDER_CONTENT] = "content",
    [SW_HOLDER_ENTERPRISE] = "enterprise",
    [SW_HOLDER_EDUCATION] = "education",
    [SW_HOLDER_GOVERNMENT] = "government",
    [SW_HOLDER_MILITARY] = "military",
    [SW_HOLDER_POLICE] = "police",
    [SW_HOLDER_BANK] = "bank",
    [SW_HOLDER_HEALTH] = "health",
    [SW_HOLDER_INTERGOVERNMENTAL] = "intergovernmental",
    [SW_HOLDER_SINKHOLE] = "sinkhole",
    [SW_HOLDER_PARKING] = "parking",
};

/* Words of vendors for the same classes: IPinfo, GeoIP2 (Enterprise, Insights), IP2Location. */
static const struct {
    const char *value;
    enum sw_class class;
} values[] = {
    {"business", SW_HOLDER_ENTERPRISE}, {"com", SW_HOLDER_ENTERPRISE},
    {"edu", SW_HOLDER_EDUCATION},       {"college", SW_HOLDER_EDUCATION},
    {"school", SW_HOLDER_EDUCATION},    {"university", SW_HOLDER_EDUCATION},
    {"library", SW_HOLDER_EDUCATION},   {"research", SW_HOLDER_EDUCATION},
    {"gov", SW_HOLDER_GOVERNMENT},      {"mil", SW_HOLDER_MILITARY},
    {"banking", SW_HOLDER_BANK},        {"hospital", SW_HOLDER_HEALTH},
    {"cdn", SW_HOLDER_CONTENT},         {"content_delivery_network", SW_HOLDER_CONTENT},
    {"dch", SW_HOLDER_HOSTING},         {"datacenter", SW_HOLDER_HOSTING},
    {"residential", SW_HOLDER_ISP},     {"cellular", SW_HOLDER_ISP},
    {"dialup", SW_HOLDER_ISP},          {"mob", SW_HOLDER_ISP},
};

const char *sw_class_name(enum sw_class class)
{
    return names[class];
}

enum sw_status sw_class_parse(const char *name, size_t len, enum sw_class *out)
{
    for (unsigned class = SW_HOLDER_UNKNOWN + 1; class < SW_HOLDER_COUNT; class ++)
        if (strlen(names[class]) == len && memcmp(names[class], name, len) == 0) {
            *out = (enum sw_class) class;
            return SW_OK;
        }
    return SW_ENOTFOUND;
}

enum sw_class sw_class_of_value(const char *value, size_t len)
{
    for (unsigned class = SW_HOLDER_UNKNOWN + 1; class < SW_HOLDER_COUNT; class ++)
        if (strlen(names[class]) == len && strncasecmp(names[class], value, len) == 0)
            return (enum sw_class) class;
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
        if (strlen(values[i].value) == len && strncasecmp(values[i].value, value, len) == 0)
            return values[i].class;
    return SW_HOLDER_UNKNOWN;
}

const char *sw_class_names(void)
{
    return "hosting isp content enterprise education government military police bank health "
           "intergovernmental sinkhole parking";
}
