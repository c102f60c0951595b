/* Which answers the lists allowed: see race_judge.h. */
#include "race_judge.h"

static unsigned allowed(uint64_t before, uint64_t after)
{
    if ((after >> SW_RACE_NUMBER) - (before >> SW_RACE_NUMBER) > 1)
        return SW_RACE_ANY;
    return (unsigned)(before | after) & SW_RACE_ANY;
}

/** The listed states in which a query gets the true answer. */
static unsigned seen_only(const struct sw_race_query *query)
{
    return SW_RACE_MONITORED | (query->tcp ? SW_RACE_IS_TCP_ONLY : 0U);
}

/** The states that give an outcome; 0: says nothing. A reply that comes too late to be dropped is
 * refused. */
static unsigned states_of(enum sw_race_outcome outcome, const struct sw_race_query *query)
{
    switch (outcome) {
    case SW_RACE_TRUE:
        return SW_RACE_UNLISTED | seen_only(query);
    case SW_RACE_SINKHOLE:
        return SW_RACE_IS_SINKHOLE;
    case SW_RACE_NXDOMAIN:
        return SW_RACE_IS_NXDOMAIN;
    case SW_RACE_NODATA:
        return query->landing ? SW_RACE_IS_NODATA : SW_RACE_IS_NODATA | SW_RACE_IS_SINKHOLE;
    case SW_RACE_REFUSED:
        return SW_RACE_IS_REFUSED | SW_RACE_IS_DROPPED;
    case SW_RACE_GARDEN:
        return SW_RACE_IS_CNAME;
    case SW_RACE_CUT:
        return query->cut ? 0 : SW_RACE_IS_TCP_ONLY;
    default:
        return 0;
    }
}

/** Whether an answer that was given is a hit: for certain, perhaps, or not at all. The true answer
 * is perhaps a hit while some list may act: a cached true answer that a change has yet to sweep is
 * recorded as true. */
static void count_hit(struct sw_race_counts *counts, unsigned may, enum sw_race_outcome outcome,
                      const struct sw_race_query *query)
{
    if (outcome >= SW_RACE_FAILED || (outcome == SW_RACE_CUT && query->cut))
        counts->maybe += may != SW_RACE_UNLISTED;
    else if (outcome != SW_RACE_TRUE || (may & ~seen_only(query)) == 0)
        counts->hits++;
    else
        counts->maybe += may != SW_RACE_UNLISTED;
}

bool sw_race_judge(struct sw_race_counts *counts, uint64_t before, uint64_t after,
                   enum sw_race_outcome outcome, const struct sw_race_query *query)
{
    unsigned may = allowed(before, after), given = states_of(outcome, query);
    bool certain = before == after && (may & (may - 1)) == 0;
    counts->answers++;
    if (outcome == SW_RACE_AWAY) {
        counts->away++;
        return false;
    }
    counts->odd += outcome == SW_RACE_ODD;
    counts->failed += outcome == SW_RACE_FAILED ||
                      (outcome == SW_RACE_CUT && query->cut && !(may & SW_RACE_IS_TCP_ONLY));
    count_hit(counts, may, outcome, query);
    if (given == 0)
        return false;
    counts->listed += certain && may != SW_RACE_UNLISTED;
    counts->unlisted += certain && may == SW_RACE_UNLISTED;
    if ((given & may) != 0)
        return false;
    counts->contradictions++;
    return true;
}

void sw_race_lost(struct sw_race_counts *counts, uint64_t before, uint64_t after)
{
    if (allowed(before, after) & SW_RACE_IS_DROPPED)
        counts->dropped++;
    else
        counts->lost++;
    counts->maybe++;
}
