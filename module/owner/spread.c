/* spread.c - the distribution of a list's names over classes of holders. See spread.h. */
#include "owner/spread.h"

#define ODD_MOST 5 /* names that stand apart are single ones, however long the list is (D-230) */

bool sw_class_is_unusual(enum sw_class class)
{
    return class == SW_HOLDER_EDUCATION || class == SW_HOLDER_GOVERNMENT ||
           class == SW_HOLDER_MILITARY || class == SW_HOLDER_POLICE || class == SW_HOLDER_BANK ||
           class == SW_HOLDER_HEALTH || class == SW_HOLDER_INTERGOVERNMENTAL;
}

bool sw_spread_is_odd(const struct sw_settings *settings, const struct sw_spread *spread,
                      enum sw_class class)
{
    size_t unusual = 0;
    for (unsigned c = 0; c < SW_HOLDER_COUNT; c++)
        if (sw_class_is_unusual((enum sw_class)c))
            unusual += spread->of[c];
    return sw_class_is_unusual(class) && spread->names >= settings->odd_names &&
           unusual <= ODD_MOST && unusual * 100 <= spread->names * settings->odd_percent;
}
