/*
 * gate.pml - the gate grows and is replaced while a list is read anew, on memory that is weakly
 * ordered.
 *
 * Two names: `old`, on the list that is shown first, and `new`, only on the list that replaces the
 * first. Gate 0 is there; gate 1 is gate 0 after growing; gate 2 is filled aside, for the new list.
 * A reader takes the root, asks the gate for a name, and looks no further if the gate does not let
 * the name through.
 *
 *     PASSED  a name that the reader's root shows is let through
 *     FREED   no reader asks a gate that has been freed
 *
 * Mutations
 *   NEXT_MISSES      passed  a name that is added is not put into the gate that is filled aside
 *   PROMOTE_AT_ONCE  passed  the new gate is shown without waiting for readers of the replaced list
 *   PROMOTE_FIRST    passed  the gate is shown before the new list is
 *   PUBLISH_RELAXED  passed  gates are published without release order
 *   LOAD_RELAXED     passed  the gate is loaded without acquire order
 *   COPY_LATE        passed  a grown gate is published before the former content is copied
 *   FREE_AT_ONCE     freed   a gate is freed without waiting for readers
 */
#define THREADS   3
#define LOCATIONS 5
#define STORES    4

#define root    0 /* which list is shown */
#define current 1 /* number of the gate */
#define bits    2 /* of gate 0; 3 and 4 of gates 1 and 2 */

#define old 1 /* a name's bits; two names do not share any here */
#define new 2

#define no_section_awaited (!section_awaited[0] && !section_awaited[1])
#include "weak.inc"

#ifdef PUBLISH_RELAXED
#define PUBLISH RELAXED
#else
#define PUBLISH ORDERED
#endif
#ifdef LOAD_RELAXED
#define LOAD RELAXED
#else
#define LOAD ORDERED
#endif

bool freed[3], passed = true;

inline gate_set(gate, name) /* = gate_set(), index/gate.c */
{
    store(bits + gate, newest_value(bits + gate) | name, RELAXED)
}

proctype reader(byte me)
{
    byte got, shown, gate, name;

    if
    :: name = old
    :: name = new
    fi;
    enter();
    load(root, ORDERED); /* = sw_index_view(), index/view.c */
    shown = got;
    load(current, LOAD); /* = sw_gate_first(), index/gate.h */
    gate = got;
    assert(!freed[gate]);
    load(bits + gate, RELAXED);
    assert(!freed[gate]);
    if
    :: shown == 0 && name == old -> passed = (got & old) != 0
    :: shown == 1 && name == new -> passed = (got & new) != 0
    :: else
    fi;
    assert(passed);
    leave()
}

inline publish(gate) /* = gate_publish(), index/gate.c */
{
    store(current, gate, PUBLISH);
#ifdef FREE_AT_ONCE
    freed[gate - 1] = true
#endif
}

inline flush() /* = sw_retire_flush(), index/retire.c */
{
    synchronize();
    d_step {
        freed[0] = newest_value(current) > 0;
        freed[1] = newest_value(current) > 1
    }
}

inline add_new() /* = sw_gate_add(), index/gate.c */
{
    gate_set(newest_value(current), new);
#ifndef NEXT_MISSES
    gate_set(2, new) /* = add_next(), index/gate.c */
#endif
}

inline grow() /* = grow_current(), index/gate.c */
{
#ifdef COPY_LATE
    publish(1);
#endif
    store(bits + 1, newest_value(bits), RELAXED); /* = gate_grown(), index/gate.c */
#ifndef COPY_LATE
    publish(1)
#endif
}

proctype writer()
{
    byte me = 2, got;

    /* gate 2 is begun: = sw_gate_renew(), index/gate.c */
    if
    :: true -> add_new(); grow()
    :: true -> grow(); add_new()
    fi;
    if /* the list of memory to be freed may be full at any time: = sw_retire(), index/retire.c */
    :: true -> flush()
    :: true
    fi;
#ifdef PROMOTE_FIRST
    publish(2);
#endif
    store(root, 1, ORDERED); /* = root_publish(), index/index.c */
#ifndef PROMOTE_FIRST
#ifndef PROMOTE_AT_ONCE
    synchronize(); /* = sw_index_promote_gate(), index/index.c */
#endif
    publish(2); /* = sw_gate_promote(), index/gate.c */
#endif
    flush()
}

init
{
    atomic {
        memory[bits].value[0] = old;
        run reader(0);
        run reader(1);
        run writer()
    }
}
