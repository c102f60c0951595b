/*
 * table.pml - the hash table's reader against the table's writer (index/table.c), on memory that is
 * weakly ordered.
 *
 * Three keys with equal tags: `kept` is in the table from the beginning, in a bucket of a single
 * slot; the set of rules of `kept` is replaced in place. `added` comes while readers ask, into the
 * next bucket. `absent` never comes; only the part `extra` of the digest differs from `added`, and
 * equals the value of an empty slot. Then the shard is rebuilt: block 2 and filter 2 are filled
 * aside and published, and the old block and filter are freed after readers.
 *
 *     KEPT    a key that is there all the time is always found, and refers to rules that are
 *             written, and not freed
 *     OWN     a key that is not there is never found by another one's slot
 *     ADDED   a key that was added before a grace period is found by sections that begin after the
 *             grace period
 *     FREED   no reader looks into a block, a filter or rules that have been freed
 *
 * Mutations
 *   WORD_RELAXED    own/kept/added  a slot's word is stored without release order
 *   WORD_FIRST      own             the word is stored before the rest of the slot
 *   GET_RELAXED     own/kept        the word is loaded without acquire order
 *   NO_OVERFLOW     added           a full bucket does not tell that a key of the bucket is in the
 *                   next bucket
 *   BLOCK_RELAXED   kept            a block is published without release order
 *   FILTER_RELAXED  kept            a filter is published without release order
 *   FILL_LATE       kept            a block is published before the filling
 *   FREE_AT_ONCE    freed           block, filter and rules are freed without waiting for readers
 */
#define THREADS   2
#define LOCATIONS 12
#define STORES    3

#define block     0 /* 0: block 1, 1: block 2; likewise the filter */
#define filter    1
#define asked1    2 /* bits of filter 1: 1 has kept, 2 has added */
#define asked2    3
#define word      4 /* block 1, first bucket: reference of kept */
#define overflow  5
#define tag_next  6 /* block 1, next bucket */
#define extra_next 7
#define word_next 8
#define word2     9  /* block 2: reference of kept */
#define added2    10 /* block 2: the whole slot of added */
#define rules3    11 /* target of reference 3; 2 is there from the beginning */

#define kept   1
#define added  2
#define absent 3

#define no_section_awaited (!section_awaited[0])
#include "weak.inc"

#ifdef WORD_RELAXED
#define WORD RELAXED
#else
#define WORD ORDERED
#endif
#ifdef GET_RELAXED
#define GET RELAXED
#else
#define GET ORDERED
#endif
#ifdef BLOCK_RELAXED
#define BLOCK RELAXED
#else
#define BLOCK ORDERED
#endif
#ifdef FILTER_RELAXED
#define FILTER RELAXED
#else
#define FILTER ORDERED
#endif

bool freed_block, freed_filter, freed_rules;
bool waited;           /* a grace period has passed since a key was added */
bool kept_found, own;  /* names for the assertions */
bool added_found;

proctype reader()
{
    byte me = 0, got, key, place, ref;
    bool must;

    if
    :: key = kept
    :: key = added
    :: key = absent
    fi;
    d_step { must = waited; section[me] = true; widen(sees[me], begun) } /* = sw_rcu_enter(), base/rcu.h */
    load(filter, ORDERED); /* = sw_table_filter(), index/table.h */
    place = got;
    if /* = sw_filter_may_have(), index/filter.h; absent may pass */
    :: place == 0 -> assert(!freed_filter); load(asked1, RELAXED)
    :: place == 1 -> load(asked2, RELAXED)
    fi;
    if
    :: (key == kept && (got & 1) == 0) || (key == added && (got & 2) == 0) -> goto over
    :: else
    fi;
    load(block, ORDERED); /* = sw_table_get(), index/table.c */
    place = got;
    got = 0;
    if
    :: place == 0 && key == kept -> assert(!freed_block); load(word, GET); ref = got
    :: place == 0 && key != kept -> /* = block_find(), index/table.c: not in the first bucket */
        assert(!freed_block);
        load(overflow, ORDERED);
        if
        :: got == 0 -> goto over
        :: else
        fi;
        load(tag_next, RELAXED); /* = bucket_find(), index/table.c */
        if
        :: got == 0 -> goto over
        :: else
        fi;
        load(word_next, GET);
        ref = got;
        load(extra_next, RELAXED);
        if
        :: (key == added && got == 0) || (key == absent && got == 1) -> ref = 0
        :: else
        fi
    :: place == 1 && key == kept -> load(word2, GET); ref = got
    :: place == 1 && key == added -> load(added2, GET); ref = got
    :: place == 1 && key == absent -> ref = 0
    fi;
over:
    true;
    d_step {
        kept_found = key != kept || ref != 0;
        own = key != absent || ref == 0;
        added_found = key != added || !must || ref != 0;
        assert(kept_found);
        assert(own);
        assert(added_found);
        assert(!(key == kept && ref == 2 && freed_rules))
    }
    if /* = sw_set_get(), index/ruleset.h */
    :: key == kept && ref == 3 ->
        load(rules3, RELAXED);
        d_step { kept_found = got == 1; assert(kept_found) }
    :: key == kept && ref == 2 -> assert(!freed_rules)
    :: else
    fi;
    leave()
}

inline put_added() /* = slot_put(), index/table.c */
{
#ifndef NO_OVERFLOW
    store(overflow, 1, ORDERED);
#endif
#ifdef WORD_FIRST
    store(word_next, 4, WORD);
#endif
    store(tag_next, 1, RELAXED);
    store(extra_next, 1, RELAXED);
#ifndef WORD_FIRST
    store(word_next, 4, WORD);
#endif
    store(asked1, 3, RELAXED) /* = sw_filter_add(), index/filter.c */
}

inline change_kept() /* = sw_table_put(), index/table.c */
{
    store(rules3, 1, RELAXED);
    store(word, 3, WORD);
#ifdef FREE_AT_ONCE
    freed_rules = true
#endif
}

inline fill() /* = copy_live(), index/table.c */
{
    store(word2, newest_value(word), WORD);
    store(added2, newest_value(word_next), WORD)
}

inline rebuild() /* = shard_rebuild(), index/table.c */
{
#ifdef FILL_LATE
    store(block, 1, BLOCK);
#endif
    fill();
    store(asked2, newest_value(asked1), RELAXED);
#ifndef FILL_LATE
    store(block, 1, BLOCK); /* = shard_publish(), index/table.c */
#endif
    store(filter, 1, FILTER); /* = filter_publish(), index/table.c */
#ifdef FREE_AT_ONCE
    d_step { freed_block = true; freed_filter = true }
#endif
}

proctype writer()
{
    byte me = 1, got;

    if
    :: true -> put_added(); change_kept()
    :: true -> change_kept(); put_added()
    fi;
    synchronize(); /* = join(), feed/sweeper.c, = sw_retire_flush(), index/retire.c */
    d_step { waited = true; freed_rules = true }
    rebuild();
    synchronize();
    d_step { freed_block = true; freed_filter = true }
}

init
{
    atomic {
        memory[asked1].value[0] = 1;
        memory[word].value[0] = 2;
        run reader();
        run writer()
    }
}
