/*
 * ring.pml - the event ring (base/ring.c) on memory that is weakly ordered: a producer, a consumer,
 * a looker.
 *
 * Four places; a record takes a header and one or two more, so that the ring wraps around at
 * different places, and is full at different moments. The records' places are plain memory: a
 * thread that uses a place while the other thread may still use the place has a data race, which an
 * assertion finds by clocks of reads and writes.
 *
 *     RACE    no place is read before the write is known, nor written before the read is known
 *     WHOLE   the consumer gets the put records, in order; each record is got or counted as lost
 *     USED    the looker (sw_ring_used()) never finds a tail that has passed the head
 *
 * Mutations
 *   HEAD_RELAXED     written_at/taken  head is stored without release order
 *   GET_RELAXED      written_at/taken  head is loaded without acquire order
 *   TAIL_RELAXED     read_at           tail is stored without release order
 *   PUT_RELAXED      read_at           tail is loaded by put without acquire order
 *   HEAD_FIRST       written_at/taken  head is stored before the record is copied
 *   TAIL_FIRST       read_at  tail is stored before the record is copied out
 *   ONE_TOO_MANY     read_at/taken  put goes on when a place is missing
 *   USED_HEAD_FIRST  was               the looker loads head before tail
 */
#define THREADS   3
#define LOCATIONS 4
#define STORES    5

#define head   0
#define tail   1
#define writes 2 /* clocks, as places of the views only */
#define reads  3
#define no_section_awaited true
#include "weak.inc"

#define CAPACITY 4
#define RECORDS  3

#ifdef HEAD_RELAXED
#define HEAD_STORED RELAXED
#else
#define HEAD_STORED ORDERED
#endif
#ifdef GET_RELAXED
#define HEAD_LOADED RELAXED
#else
#define HEAD_LOADED ORDERED
#endif
#ifdef TAIL_RELAXED
#define TAIL_STORED RELAXED
#else
#define TAIL_STORED ORDERED
#endif
#ifdef PUT_RELAXED
#define TAIL_LOADED RELAXED
#else
#define TAIL_LOADED ORDERED
#endif
#ifdef ONE_TOO_MANY
#define MISSING 1
#else
#define MISSING 0
#endif

byte place[CAPACITY], written_at[CAPACITY], read_at[CAPACITY];
byte lost, taken;
bool done;
hidden byte number_of_tail;
#define race_of_write  (sees[me].at[reads] < read_at[number])
#define race_of_read   (sees[me].at[writes] < written_at[number])
#define whole          (taken + lost == RECORDS)
#define used_is_sound  (got >= was)

inline write_place(nth, what) /* = copy_in(), base/ring.c */
{
    d_step {
        number = (nth) % CAPACITY;
        assert(!race_of_write);
        sees[me].at[writes]++;
        written_at[number] = sees[me].at[writes];
        place[number] = what;
        number = 0
    }
}

inline read_place(nth) /* = copy_out(), base/ring.c */
{
    d_step {
        number = (nth) % CAPACITY;
        assert(!race_of_read);
        sees[me].at[reads]++;
        read_at[number] = sees[me].at[reads];
        got = place[number];
        number = 0
    }
}

proctype producer()
{
    byte me = 0, got, number, record, at, tail_seen, payload;

    do
    :: record == RECORDS -> break
    :: record < RECORDS -> record++;
        if
        :: payload = 1
        :: payload = 2
        fi;
        /* = sw_ring_put(), base/ring.c */
        if
        :: CAPACITY + MISSING - (at - tail_seen) < payload + 1 -> load(tail, TAIL_LOADED); tail_seen = got
        :: else
        fi;
        if
        :: CAPACITY + MISSING - (at - tail_seen) < payload + 1 -> lost++
        :: else ->
#ifdef HEAD_FIRST
            store(head, at + payload + 1, HEAD_STORED);
#endif
            write_place(at, payload);
            write_place(at + 1, 10 + record);
            if
            :: payload == 2 -> write_place(at + 2, 10 + record)
            :: else
            fi;
            at = at + payload + 1;
#ifndef HEAD_FIRST
            store(head, at, HEAD_STORED)
#endif
        fi
    od;
    done = true
}

proctype consumer()
{
    byte me = 1, got, number, at, payload, record;

    do
    :: newest_of(head) > sees[me].at[head] || got > at ->
        load(head, HEAD_LOADED); /* = sw_ring_get(), base/ring.c */
        if
        :: got == at -> skip
        :: got != at ->
            read_place(at);
            payload = got;
#ifdef TAIL_FIRST
            store(tail, at + payload + 1, TAIL_STORED);
#endif
            read_place(at + 1);
            d_step { assert(taken < RECORDS && got > 10 + record && payload > 0 /* whole */); record = got - 10 }
            if
            :: payload == 2 -> read_place(at + 2); assert(got == 10 + record /* whole */)
            :: else
            fi;
            taken++;
            at = at + payload + 1;
#ifndef TAIL_FIRST
            store(tail, at, TAIL_STORED);
#endif
            payload = 0;
            got = newest_value(head)
        fi
    :: done && newest_value(head) == at -> break
    od;
    assert(whole)
}

proctype looker()
{
    byte me = 2, got, was;

    do /* = sw_ring_used(), base/ring.c */
    :: newest_of(tail) > 0 ->
#ifdef USED_HEAD_FIRST
        load(head, ORDERED);
        was = got;
        load(tail, ORDERED);
        d_step { number_of_tail = got; got = was; was = number_of_tail; number_of_tail = 0 }
#else
        load(tail, ORDERED);
        was = got;
        load(head, ORDERED);
#endif
        assert(used_is_sound);
        break
    :: done -> break
    od
}

init
{
    atomic {
        run producer();
        run consumer();
        run looker()
    }
}
