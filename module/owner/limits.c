/* limits.c - limits of the settings and of lists. See limits.h. */
#include "owner/limits.h"

#include <string.h>

struct search {
    uint32_t value[SW_LIMIT_COUNT];
    struct sw_hit from[SW_LIMIT_COUNT]; /* list is NULL: no list so far */
};

/* More labels go first; of two lists with one name the first by list name. */
static bool goes_before(const struct sw_hit *hit, const struct sw_hit *than)
{
    if (!than->list || hit->labels != than->labels)
        return !than->list || hit->labels > than->labels;
    return strcmp(hit->list->name, than->list->name) < 0;
}

/* sw_hit_fn */
static void compare_hit(void *arg, const struct sw_hit *hit)
{
    struct search *search = arg;
    const struct sw_policy *list = hit->list;
    if (list->kind != SW_KIND_IOC && list->kind != SW_KIND_WATCH)
        return;
    for (unsigned i = 0; i < SW_LIMIT_COUNT; i++) {
        if (list->limit[i] == SW_LIMIT_UNSET || !goes_before(hit, &search->from[i]))
            continue;
        search->from[i] = *hit;
        search->value[i] = list->limit[i];
    }
}

void sw_limits_of(const struct sw_settings *settings, const struct sw_view *view,
                  const struct sw_name *name, struct sw_limits *out)
{
    struct search search = {.value = {[SW_LIMIT_BASELINE_DAYS] = settings->baseline_days,
                                      [SW_LIMIT_BASELINE_COUNT] = settings->baseline_count,
                                      [SW_LIMIT_FLUX_HOURS] = settings->flux_hours,
                                      [SW_LIMIT_FLUX_AS] = settings->flux_as,
                                      [SW_LIMIT_FLUX_PERCENT] = settings->flux_percent}};
    sw_view_find_name(view, SW_TRIGGERS_DEFAULT, name->wire, name->len, compare_hit, &search);
    out->baseline_days = search.value[SW_LIMIT_BASELINE_DAYS];
    out->baseline_count = search.value[SW_LIMIT_BASELINE_COUNT];
    out->flux_hours = search.value[SW_LIMIT_FLUX_HOURS];
    out->flux_as = search.value[SW_LIMIT_FLUX_AS];
    out->flux_percent = search.value[SW_LIMIT_FLUX_PERCENT];
}
