/*
 * rounds.h - how often a test repeats a random or numbered case, and how many cases it looks at.
 *
 * A sanitizer makes a round five to ten times as slow, and finds in the first rounds of a test
 * nearly all that it finds in the last ones. The plain program runs all rounds; with a sanitizer it
 * runs the ROUNDS_SHARE-th part, unless LONG is set in the environment (D-212).
 */
#ifndef TESTS_UNIT_ROUNDS_H
#define TESTS_UNIT_ROUNDS_H

#include <stdbool.h>
#include <stdlib.h>

#define ROUNDS_SHARE 8
#define ROUNDS_STEP  7 /* odd, and no multiple of 3 or 5: cases that recur in steps are all met */

static inline bool rounds_are_few(void)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    const char *text = getenv("LONG");
    return !text || !*text || *text == '0';
#else
    return false;
#endif
}

/** The number of rounds to run, out of all. */
static inline unsigned rounds(unsigned all)
{
    return rounds_are_few() ? (all + ROUNDS_SHARE - 1) / ROUNDS_SHARE : all;
}

/** The distance between two cases to look at, where making the cases needs all of them. */
static inline unsigned rounds_step(void)
{
    return rounds_are_few() ? ROUNDS_STEP : 1;
}

#endif
