/*
 * test_race_judge.c - the judge of the race test: which answers contradict the lists, and which
 * queries are hits.
 */
#include "../race/race_judge.c"

#include "suite.h"

#include <stdlib.h>

static const struct sw_race_query udp = {.landing = true};

/* A rule's word: its states, and the number of its last store. */
static uint64_t word(unsigned states, uint64_t number)
{
    return number << SW_RACE_NUMBER | states;
}

START_TEST(certain_state_allows_its_own_answer_alone)
{
    struct sw_race_counts counts = {0};
    uint64_t listed = word(SW_RACE_IS_NXDOMAIN, 7);
    ck_assert(!sw_race_judge(&counts, listed, listed, SW_RACE_NXDOMAIN, &udp));
    ck_assert(sw_race_judge(&counts, listed, listed, SW_RACE_TRUE, &udp));
    ck_assert(sw_race_judge(&counts, listed, listed, SW_RACE_SINKHOLE, &udp));
    ck_assert_uint_eq(counts.contradictions, 2);
    ck_assert_uint_eq(counts.listed, 3);
}
END_TEST

START_TEST(change_under_way_allows_both_answers)
{
    struct sw_race_counts counts = {0};
    uint64_t before = word(SW_RACE_UNLISTED | SW_RACE_IS_NXDOMAIN, 7);
    uint64_t after = word(SW_RACE_IS_NXDOMAIN, 8);
    ck_assert(!sw_race_judge(&counts, before, after, SW_RACE_TRUE, &udp));
    ck_assert(!sw_race_judge(&counts, before, after, SW_RACE_NXDOMAIN, &udp));
    ck_assert(sw_race_judge(&counts, before, after, SW_RACE_SINKHOLE, &udp));
    /* Several stores lie between: any state may have been in force. */
    ck_assert(!sw_race_judge(&counts, before, word(1, 10), SW_RACE_SINKHOLE, &udp));
    ck_assert_uint_eq(counts.contradictions, 1);
}
END_TEST

START_TEST(answers_that_are_hits)
{
    struct sw_race_counts counts = {0};
    uint64_t unlisted = word(SW_RACE_UNLISTED, 1), seen = word(SW_RACE_MONITORED, 1);
    uint64_t under_way = word(SW_RACE_UNLISTED | SW_RACE_IS_NODATA, 1);
    sw_race_judge(&counts, unlisted, unlisted, SW_RACE_TRUE, &udp);
    ck_assert_uint_eq(counts.hits + counts.maybe, 0);
    sw_race_judge(&counts, seen, seen, SW_RACE_TRUE, &udp);
    ck_assert_uint_eq(counts.hits, 1);
    sw_race_judge(&counts, under_way, under_way, SW_RACE_TRUE, &udp);
    ck_assert_uint_eq(counts.maybe, 1);
    sw_race_judge(&counts, unlisted, unlisted, SW_RACE_AWAY, &udp);
    ck_assert_uint_eq(counts.hits + counts.maybe, 2);
}
END_TEST

/* The resolver may record a query after the client's end, by the lists of that later moment. */
START_TEST(lost_query_may_be_a_hit_whatever_the_word_says)
{
    struct sw_race_counts counts = {0};
    uint64_t unlisted = word(SW_RACE_UNLISTED, 1), dropped = word(SW_RACE_IS_DROPPED, 1);
    sw_race_lost(&counts, unlisted, unlisted);
    ck_assert_uint_eq(counts.maybe, 1);
    ck_assert_uint_eq(counts.lost, 1);
    sw_race_lost(&counts, dropped, dropped);
    ck_assert_uint_eq(counts.maybe, 2);
    ck_assert_uint_eq(counts.dropped, 1);
}
END_TEST

int main(void)
{
    return RUN_SUITE("race judge",
                     TESTS(certain_state_allows_its_own_answer_alone,
                           change_under_way_allows_both_answers, answers_that_are_hits,
                           lost_query_may_be_a_hit_whatever_the_word_says));
}
