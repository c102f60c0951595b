/* metrics_values.c - values of reports, and the time that is left for questions. See metrics.h. */
#include "base/clock.h"
#include "cli/metrics/metrics.h"

#include <stdlib.h>
#include <string.h>

bool metrics_number(const char *text, double *out)
{
    char *end;
    *out = strtod(text, &end);
    return end != text && *end == '\0';
}

double metrics_seconds(const char *text)
{
    int64_t us;
    return text && sw_time_parse(text, strlen(text), &us) == SW_OK ? (double)us / 1e6 : 0;
}

bool metrics_have_time(const struct metrics *metrics)
{
    if (metrics->until_us == 0 || sw_clock_mono_us() < metrics->until_us)
        return true;
    cli_error("Redis took too long");
    return false;
}
