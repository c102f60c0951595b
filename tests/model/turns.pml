/*
 * turns.pml - the waits of a change (base/turns.h) on memory that is weakly ordered.
 *
 * As in tests/stress/turns_race.c: worker 0 judges a name and stores the answer (`first`) if no
 * list has the name. Worker 1 judges, too, and relies on a look into the cache: the look found
 * nothing, or the sweep for the lists is over; later worker 1 makes an answer of found data
 * (`second`). The sweeper lists the name, waits, and takes both out.
 *
 * The caches are locations without locks: the proof needs turns and RCU alone, not Unbound's locks.
 *
 *     SWEPT   after the sweep no answer that was judged without the change is stored
 *     SEEN    the sweep sees each entry that was stored before
 *     RESTED  a worker that finds the sweep over sees the sweep's removals (got and swept)
 *
 * Mutations
 *   NO_FIRST_GRACE    seen/swept  no grace period before the first round
 *   NO_SECOND_GRACE   seen/swept  none before the second round
 *   NO_FIRST_ROUND    seen/swept  the first round is left out
 *   NO_SECOND_ROUND   seen/swept  the second round is left out
 *   BUSY_AFTER        seen/swept  a turn begins after the read section
 *   BUSY_RELAXED      seen/swept  a hook that ends a turn and begins a turn stores without release
 *                     order
 *   QUIET_RELAXED     seen/swept  the end of a turn is stored without release order
 *   WAIT_RELAXED      seen/swept  the sweeper reads turns without acquire order
 *   SETTLED_RELAXED   swept       settled is stored without release order
 *   AT_REST_RELAXED   swept       settled is read without acquire order
 */
#define THREADS   3
#define LOCATIONS 7
#define STORES    5

#define turn0   0 /* count of a worker's struct sw_turn */
#define turn1   1
#define number  2 /* struct sw_turns */
#define settled 3
#define listed  4
#define first   5 /* an answer in the cache */
#define second  6

#define no_section_awaited (!section_awaited[0] && !section_awaited[1])
#define sweeper_id         2
#include "weak.inc"

#ifdef BUSY_RELAXED
#define BUSY RELAXED
#else
#define BUSY ORDERED
#endif
#ifdef QUIET_RELAXED
#define QUIET RELAXED
#else
#define QUIET ORDERED
#endif
#ifdef WAIT_RELAXED
#define WAIT RELAXED
#else
#define WAIT ORDERED
#endif
#ifdef SETTLED_RELAXED
#define SETTLED RELAXED
#else
#define SETTLED ORDERED
#endif
#ifdef AT_REST_RELAXED
#define AT_REST RELAXED
#else
#define AT_REST ORDERED
#endif

bool swept; /* the sweep is over: no entry may come any more that the sweep was for */

inline turn_changes(turn, order) /* = sw_turns_busy(), base/turns.h, = sw_turns_quiet(), base/turns.h */
{
    store(turn, newest_value(turn) + 1, order)
}

inline hook_again(turn) /* = sw_turns_busy(), base/turns.h, in a turn */
{
    store(turn, newest_value(turn) + 2, BUSY)
}

inline store_answer(x)
{
    d_step {
        assert(!swept);
        store(x, 1, RELAXED)
    }
}

proctype judging_worker()
{
    byte me = 0, got, judged;

#ifndef BUSY_AFTER
    turn_changes(turn0, BUSY);
#endif
    enter();
    load(listed, RELAXED);
    leave();
#ifdef BUSY_AFTER
    turn_changes(turn0, BUSY);
#endif
    if
    :: got == 0 -> store_answer(first)
    :: else
    fi;
    if
    :: true -> turn_changes(turn0, QUIET)
    :: true -> hook_again(turn0); turn_changes(turn0, QUIET)
    fi
}

proctype relying_worker()
{
    byte me = 1, got, judged_by, found;

    turn_changes(turn1, BUSY);
    enter();
    load(number, ORDERED); /* = sw_turns_epoch(), base/turns.h */
    judged_by = got;
    load(listed, RELAXED);
    found = got;
    leave();
    load(settled, AT_REST); /* = sw_turns_at_rest(), base/turns.h */
    if
    :: got == judged_by && found == 1 -> /* only after the sweep: the sweep's removals are not
                                          * seen */
        load(first, RELAXED);
        assert(!(got == 1 && swept)) /* rested */
    :: got == judged_by && found == 0
    :: got != judged_by ->
        load(first, RELAXED); /* = sw_hold_new(), host/hold.c: something cached is held */
        if
        :: got == 1 -> goto quiet
        :: else
        fi
    fi;
    load(first, RELAXED); /* the iterator looks again */
    if
    :: got == 1 -> store_answer(second)
    :: else
    fi;
quiet:
    true;
    turn_changes(turn1, QUIET)
}

inline wait_for(turn) /* = wait_for(), base/turns.c */
{
    load(turn, WAIT);
    if
    :: got % 2 == 0
    :: got % 2 == 1 ->
        was = got;
        do
        :: got == was && newest_value(turn) != was -> load(turn, WAIT)
        :: got != was -> break
        od
    fi;
    was = 0
}

inline take_out(x)
{
    d_step { seen = sees[me].at[x] == newest_of(x); assert(seen) }
    store(x, 0, RELAXED)
}

proctype sweeper()
{
    byte me = sweeper_id, got, was, rests;
    bool seen;

    store(listed, 1, RELAXED);
    exchange(number, newest_value(number) + 1, ORDERED); /* = sw_turns_raise(), base/turns.h */
#ifndef NO_FIRST_GRACE
    synchronize(); /* = join(), feed/sweeper.c */
#endif
#ifndef NO_FIRST_ROUND
    wait_for(turn0); /* = sw_turns_wait(), base/turns.c */
    wait_for(turn1);
#endif
    exchange(number, newest_value(number) + 1, ORDERED);
#ifndef NO_SECOND_GRACE
    synchronize();
#endif
#ifndef NO_SECOND_ROUND
    wait_for(turn0);
    wait_for(turn1);
#endif
    d_step { swept = true; seen = false }
    take_out(first);
    take_out(second);
    store(settled, newest_value(number), SETTLED) /* = sw_turns_swept(), base/turns.h */
}

init
{
    atomic {
        run judging_worker();
        run relying_worker();
        run sweeper()
    }
}
