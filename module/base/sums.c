#include "base/sums.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS (2 * SW_SUMS_ROWS) /* of a hash table with open addressing, at most half full */

/* Upper bounds of the histogram, microseconds: a change is enforced within a millisecond on an idle
 * resolver, and the sweep of large caches takes seconds (module/MEASUREMENTS.md). */
static const int64_t bounds[] = {1000,   2500,   5000,    10000,   25000,   50000,    100000,
                                 250000, 500000, 1000000, 2500000, 5000000, 10000000, 30000000};
#define BOUNDS (sizeof(bounds) / sizeof(bounds[0]))

struct row {
    char list[SW_LISTNAME_MAX]; /* "": the slot is free */
    uint8_t action, trigger;
    uint64_t n;
};

struct sw_sums {
    pthread_mutex_t lock; /* all members */
    size_t rows;
    struct row slot[SLOTS];
    uint64_t beyond; /* hits without a row */
    size_t anomalies;
    struct {
        const char *type;
        unsigned severity;
        uint64_t n;
    } anomaly[SW_SUMS_ANOMALIES];
    uint64_t enforced[BOUNDS + 1];
    double sum; /* seconds */
};

struct sw_sums *sw_sums_new(void)
{
    struct sw_sums *sums = calloc(1, sizeof(*sums));
    if (sums)
        pthread_mutex_init(&sums->lock, NULL);
    return sums;
}

void sw_sums_free(struct sw_sums *sums)
{
    if (sums)
        pthread_mutex_destroy(&sums->lock);
    free(sums);
}

/* FNV-1a, 32 bits: names of lists are the operator's. */
static uint32_t digest(const char *list, unsigned action, unsigned trigger)
{
    uint32_t h = 2166136261U ^ (action << 8 | trigger);
    for (const char *c = list; *c; c++)
        h = (h ^ (uint8_t)*c) * 16777619U;
    return h;
}

/* The row of a key, made if new; NULL: the table is full. */
static struct row *row_of(struct sw_sums *sums, const char *list, uint8_t action, uint8_t trigger)
{
    uint32_t at = digest(list, action, trigger) % SLOTS;
    for (;; at = (at + 1) % SLOTS) {
        struct row *row = &sums->slot[at];
        if (row->list[0] == '\0')
            break;
        if (row->action == action && row->trigger == trigger && strcmp(row->list, list) == 0)
            return row;
    }
    if (sums->rows == SW_SUMS_ROWS)
        return NULL;
    struct row *row = &sums->slot[at];
    size_t len = strnlen(list, sizeof(row->list) - 1);
    memcpy(row->list, list, len);
    row->action = action;
    row->trigger = trigger;
    sums->rows++;
    return row;
}

void sw_sums_hits(struct sw_sums *sums, const char *list, enum sw_action action,
                  enum sw_trigger trigger, uint64_t n)
{
    if (!sums || list[0] == '\0' || strlen(list) >= SW_LISTNAME_MAX)
        return;
    pthread_mutex_lock(&sums->lock);
    struct row *row = row_of(sums, list, (uint8_t)action, (uint8_t)trigger);
    *(row ? &row->n : &sums->beyond) += n;
    pthread_mutex_unlock(&sums->lock);
}

void sw_sums_anomaly(struct sw_sums *sums, const char *type, unsigned severity)
{
    size_t i = 0;
    if (!sums)
        return;
    pthread_mutex_lock(&sums->lock);
    while (i < sums->anomalies &&
           (sums->anomaly[i].severity != severity || strcmp(sums->anomaly[i].type, type) != 0))
        i++;
    if (i == sums->anomalies && i < SW_SUMS_ANOMALIES) {
        sums->anomaly[i].type = type;
        sums->anomaly[i].severity = severity;
        sums->anomalies++;
    }
    if (i < SW_SUMS_ANOMALIES)
        sums->anomaly[i].n++;
    pthread_mutex_unlock(&sums->lock);
}

void sw_sums_enforced(struct sw_sums *sums, int64_t us)
{
    size_t i = 0;
    if (!sums)
        return;
    us = us < 0 ? 0 : us;
    while (i < BOUNDS && us > bounds[i])
        i++;
    pthread_mutex_lock(&sums->lock);
    sums->enforced[i]++;
    sums->sum += (double)us / 1e6;
    pthread_mutex_unlock(&sums->lock);
}

/* ---- reading ---- */

json_t *sw_sums_hits_json(struct sw_sums *sums)
{
    if (!sums)
        return NULL;
    json_t *out = json_array();
    pthread_mutex_lock(&sums->lock);
    for (size_t i = 0; i < SLOTS; i++) {
        const struct row *row = &sums->slot[i];
        if (row->list[0])
            json_array_append_new(
                out, json_pack("[s,s,s,I]", row->list, sw_action_name((enum sw_action)row->action),
                               sw_trigger_name((enum sw_trigger)row->trigger), (json_int_t)row->n));
    }
    if (sums->beyond)
        json_array_append_new(out, json_pack("[s,s,s,I]", "", "", "", (json_int_t)sums->beyond));
    pthread_mutex_unlock(&sums->lock);
    return out;
}

json_t *sw_sums_anomalies_json(struct sw_sums *sums)
{
    if (!sums)
        return NULL;
    json_t *out = json_array();
    pthread_mutex_lock(&sums->lock);
    for (size_t i = 0; i < sums->anomalies; i++)
        json_array_append_new(out, json_pack("[s,i,I]", sums->anomaly[i].type,
                                             (int)sums->anomaly[i].severity,
                                             (json_int_t)sums->anomaly[i].n));
    pthread_mutex_unlock(&sums->lock);
    return out;
}

json_t *sw_sums_latency_json(struct sw_sums *sums)
{
    if (!sums)
        return NULL;
    json_t *le = json_array(), *n = json_array();
    pthread_mutex_lock(&sums->lock);
    for (size_t i = 0; i <= BOUNDS; i++) {
        if (i < BOUNDS)
            json_array_append_new(le, json_real((double)bounds[i] / 1e6));
        json_array_append_new(n, json_integer((json_int_t)sums->enforced[i]));
    }
    double sum = sums->sum;
    pthread_mutex_unlock(&sums->lock);
    return json_pack("{s:o,s:o,s:f}", "le", le, "n", n, "sum", sum);
}
