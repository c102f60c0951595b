/* Which answers the lists allowed: see judge.h. */
#include "judge.h"

static unsigned allowed(uint64_t before, uint64_t after)
{
    if ((after >> 8) - (before >> 8) > 1)
        return SW_RACE_ANY;
    return (unsigned)(before | after) & SW_RACE_ANY;
}

/** The states that give an outcome; 0: says nothing. */
static unsigned states_of(enum sw_race_outcome outcome, bool landing)
{
    switch (outcome) {
    case SW_RACE_TRUE:
        return SW_RACE_UNLISTED | SW_RACE_MONITORED;
    case SW_RACE_SINKHOLE:
        return SW_RACE_IS_SINKHOLE;
    case SW_RACE_NXDOMAIN:
        return SW_RACE_IS_NXDOMAIN;
    case SW_RACE_NODATA:
        return landing ? SW_RACE_IS_NODATA : SW_RACE_IS_NODATA | SW_RACE_IS_SINKHOLE;
    case SW_RACE_REFUSED:
        return SW_RACE_IS_REFUSED;
    default:
        return 0;
    }
}

/** Whether an answer that was given is a hit: for certain, perhaps, or not at all. */
static void count_hit(struct sw_race_counts *counts, unsigned may, enum sw_race_outcome outcome)
{
    if (outcome >= SW_RACE_FAILED)
        counts->maybe += may != SW_RACE_UNLISTED;
    else if (outcome != SW_RACE_TRUE)
        counts->hits++;
    else if (may == SW_RACE_MONITORED)
        counts->hits++;
    else
        counts->maybe += (may & SW_RACE_MONITORED) != 0;
}

bool sw_race_judge(struct sw_race_counts *counts, uint64_t before, uint64_t after,
                   enum sw_race_outcome outcome, bool landing)
{
    unsigned may = allowed(before, after), given = states_of(outcome, landing);
    bool certain = before == after && (may & (may - 1)) == 0;

    counts->answers++;
    counts->odd += outcome == SW_RACE_ODD;
    counts->failed += outcome == SW_RACE_FAILED;
    count_hit(counts, may, outcome);
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
    counts->lost++;
    counts->maybe += allowed(before, after) != SW_RACE_UNLISTED;
}
