/*
 * sums.h - sums for metrics that have labels: hits by list, action and trigger; anomalies by type
 * and severity; a histogram of the time until a change is enforced.
 *
 * The recorder adds each event that it writes, with the exact count of the event; the feeder adds
 * times, and puts all sums into the status of the resolver. Workers do not take part: an event has
 * list, action and trigger already. The number of rows is bounded; hits beyond are summed up in
 * one row without labels, so that the sum of all rows stays exact.
 *
 * Threads      any but workers: a mutex, held for a look-up or a copy
 * Memory       fixed, about 100 KiB
 * Decision     D-183
 */
#ifndef SW_BASE_SUMS_H
#define SW_BASE_SUMS_H

#include "base/policy.h"

#include <jansson.h>
#include <stdint.h>

#define SW_SUMS_ROWS      1024 /* of list, action and trigger: 64 lists with all 16 usual pairs */
#define SW_SUMS_ANOMALIES 64   /* of type and severity; the rules know about 30 */

struct sw_sums;

/** NULL: no memory. The functions below accept NULL and do nothing then. */
struct sw_sums *sw_sums_new(void);
void sw_sums_free(struct sw_sums *sums);

/** n hits of a rule of the list; action: taken by the resolver. */
void sw_sums_hits(struct sw_sums *sums, const char *list, enum sw_action action,
                  enum sw_trigger trigger, uint64_t n);

/** An anomaly; type is static text. */
void sw_sums_anomaly(struct sw_sums *sums, const char *type, unsigned severity);

/** A change was enforced so many microseconds after Redis had the change; less than 0 is 0. */
void sw_sums_enforced(struct sw_sums *sums, int64_t us);

/**
 * Sums since the start. NULL: no memory, or no sums. The caller releases the value.
 *     hits       [[list, action, trigger, n], ...]; the row without labels has "" three times
 *     anomalies  [[type, severity, n], ...]
 *     latency    {"le": [seconds, ...], "n": [number up to each, then beyond], "sum": seconds}
 */
json_t *sw_sums_hits_json(struct sw_sums *sums);
json_t *sw_sums_anomalies_json(struct sw_sums *sums);
json_t *sw_sums_latency_json(struct sw_sums *sums);

#endif
