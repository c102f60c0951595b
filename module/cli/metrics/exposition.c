#include "cli/metrics/exposition.h"

#include "cli/output.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MAX_OCTETS                                                                            \
    2048              /* of a sample: names are short, values of labels are cut by the lists */
#define VALUE_MAX 300 /* octets of a label's value before escaping */

void expo_begin(struct expo *out, bool open_metrics)
{
    *out = (struct expo){.open_metrics = open_metrics};
}

static void put(struct expo *out, const char *text, size_t len)
{
    if (out->len + len + 1 > out->room) {
        out->room = 2 * (out->len + len) + 4096;
        out->text = cli_grow(out->text, out->room, 1);
    }
    memcpy(out->text + out->len, text, len);
    out->len += len;
    out->text[out->len] = '\0';
}

__attribute__((format(printf, 2, 3))) static void print(struct expo *out, const char *format, ...)
{
    char line[LINE_MAX_OCTETS];
    va_list args;

    va_start(args, format);
    int n = vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    if (n > 0)
        put(out, line, (size_t)n < sizeof(line) ? (size_t)n : sizeof(line) - 1);
}

void expo_family(struct expo *out, const char *name, enum expo_type type, const char *help)
{
    out->name = name;
    out->type = type;
    out->help = help;
    out->begun = false;
}

/* The head of a family, before the first sample. */
static void head(struct expo *out)
{
    static const char *const types[] = {"gauge", "counter", "histogram"};
    const char *suffix = out->type == EXPO_COUNTER && !out->open_metrics ? "_total" : "";
    if (out->begun)
        return;
    out->begun = true;
    print(out, "# HELP %s%s %s\n", out->name, suffix, out->help);
    print(out, "# TYPE %s%s %s\n", out->name, suffix, types[out->type]);
}

/* A label's value between quotes: backslash, quote and line end are escaped. */
static void put_value(struct expo *out, const char *value)
{
    for (const char *clean = cli_clean(value, strnlen(value, VALUE_MAX)); *clean; clean++) {
        if (*clean == '\\' || *clean == '"')
            put(out, "\\", 1);
        put(out, clean, 1);
    }
}

/* Whole numbers without an exponent, so that large counters stay exact. */
static void put_number(struct expo *out, double value)
{
    if (isnan(value))
        print(out, "NaN");
    else if (isinf(value))
        print(out, value > 0 ? "+Inf" : "-Inf");
    else if (fabs(value) < 9e15 && floor(value) == value)
        print(out, "%" PRId64, (int64_t)value);
    else
        print(out, "%.15g", value);
}

void expo_sample(struct expo *out, double value, ...)
{
    va_list labels;
    const char *name, *before = "{";
    if (out->len > EXPO_MAX && !out->unbounded) {
        out->left_out++;
        return;
    }
    head(out);
    print(out, "%s%s", out->name, out->type == EXPO_COUNTER ? "_total" : "");
    va_start(labels, value);
    while ((name = va_arg(labels, const char *)) != NULL) {
        print(out, "%s%s=\"", before, name);
        put_value(out, va_arg(labels, const char *));
        put(out, "\"", 1);
        before = ",";
    }
    va_end(labels);
    print(out, "%s ", *before == ',' ? "}" : "");
    put_number(out, value);
    put(out, "\n", 1);
}

/* The beginning of a line of a histogram, up to the label. */
static void histogram_line(struct expo *out, const char *suffix, const char *label,
                           const char *value)
{
    print(out, "%s%s{%s=\"", out->name, suffix, label);
    put_value(out, value);
}

void expo_histogram(struct expo *out, const char *label, const char *value, const double *le,
                    const double *n, size_t bounds, double sum)
{
    double all = 0;
    if (out->len > EXPO_MAX && !out->unbounded) {
        out->left_out++;
        return;
    }
    head(out);
    for (size_t i = 0; i <= bounds; i++) {
        all += n[i];
        histogram_line(out, "_bucket", label, value);
        if (i < bounds)
            print(out, "\",le=\"%.6g", le[i]);
        else
            print(out, "\",le=\"+Inf");
        print(out, "\"} ");
        put_number(out, all);
        put(out, "\n", 1);
    }
    histogram_line(out, "_sum", label, value);
    print(out, "\"} %.15g\n", sum);
    histogram_line(out, "_count", label, value);
    print(out, "\"} ");
    put_number(out, all);
    put(out, "\n", 1);
}

void expo_end(struct expo *out)
{
    if (out->open_metrics)
        print(out, "# EOF\n");
    else if (out->len == 0)
        put(out, "", 0);
}
