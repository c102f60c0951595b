/*
 * exposition.h - samples as text: OpenMetrics 1.0, or the older text format of Prometheus (0.0.4),
 * which the textfile collector of node_exporter and `promtool check metrics` read.
 *
 * All samples of a family follow the family's head:
 *     expo_family(out, "sinkwatch_list_hits", EXPO_COUNTER, "Hits of ...");
 *     expo_sample(out, 17, "resolver", "ns1", "list", "carbanak", NULL);
 *     expo_end(out);
 *
 * The formats differ in two points: OpenMetrics names a counter's family without "_total", and ends
 * with "# EOF". A family without samples has no head.
 *
 * Threads      a writer belongs to one thread
 * Memory       the text grows up to EXPO_MAX octets; samples beyond are left out and counted
 * Security     values of labels are escaped, and octets that are not UTF-8 replaced
 * Standards    OpenMetrics 1.0, Prometheus text format 0.0.4
 */
#ifndef SW_CLI_METRICS_EXPOSITION_H
#define SW_CLI_METRICS_EXPOSITION_H

#include <stdbool.h>
#include <stddef.h>

#define EXPO_MAX (32 << 20) /* octets; a thousand lists on a hundred resolvers have 30 MiB */

enum expo_type { EXPO_GAUGE, EXPO_COUNTER, EXPO_HISTOGRAM };

struct expo {
    char *text;
    size_t len, room;
    size_t left_out; /* samples beyond EXPO_MAX */
    bool unbounded;  /* EXPO_MAX does not count any more */
    bool open_metrics;
    bool begun; /* the head of the family is written */
    const char *name, *help;
    enum expo_type type;
};

/** Begin an empty text. */
void expo_begin(struct expo *out, bool open_metrics);

/** Begin a family; name without "_total", for a counter as well. Both texts are static. */
void expo_family(struct expo *out, const char *name, enum expo_type type, const char *help);

/** A sample with labels: name and value in turn, ended by NULL. */
void expo_sample(struct expo *out, double value, ...) __attribute__((sentinel));

/**
 * The samples of a histogram with one label.
 *
 * le, n  upper bounds in seconds; n[i] observations above the bound before, n[bounds] beyond all
 */
void expo_histogram(struct expo *out, const char *label, const char *value, const double *le,
                    const double *n, size_t bounds, double sum);

/** End the text, which stays valid until free(out->text). */
void expo_end(struct expo *out);

#endif
