/* evidence.c - the history of a name in an anomaly's document. See evidence.h. */
#include "journal/history/evidence.h"

#include <stdlib.h>

static int latest_first(const void *a, const void *b)
{
    const struct sw_name_addr *const *one = a, *const *two = b;
    return ((*one)->last_us < (*two)->last_us) - ((*one)->last_us > (*two)->last_us);
}

size_t sw_evidence(const struct sw_name_history *of, struct sw_name_addr out[SW_EVIDENCE_MAX])
{
    if (!of || of->n == 0)
        return 0;
    const struct sw_name_addr **order = calloc(of->n, sizeof(*order));
    if (!order)
        return 0;
    for (size_t i = 0; i < of->n; i++)
        order[i] = &of->addrs[i];
    qsort(order, of->n, sizeof(*order), latest_first);
    size_t n = of->n < SW_EVIDENCE_MAX ? of->n : SW_EVIDENCE_MAX;
    for (size_t i = 0; i < n; i++)
        out[i] = *order[i];
    free(order);
    return n;
}

void sw_evidence_times(const struct sw_name_history *of, const struct sw_addr *addr,
                       struct sw_anomaly_report *report)
{
    uint64_t count = 0;
    for (size_t i = 0; of && i < of->n; i++) {
        const struct sw_name_addr *seen = &of->addrs[i];
        if (!sw_addr_equal(&seen->addr, addr))
            continue;
        report->first_us = seen->first_us < report->first_us ? seen->first_us : report->first_us;
        count += seen->count;
    }
    report->count = count > 0 ? count : report->count;
}
