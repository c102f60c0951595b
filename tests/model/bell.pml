/*
 * bell.pml - a ring that fills wakes the collector that sleeps (base/bell.h, base/ring.c,
 * journal/collect.c).
 *
 * The producer puts PUTS records of a place into a ring of 8, with an alarm at 4, which is rung
 * again for each further place. The collector empties the ring, and sleeps; the duration is up to
 * the collector. Rings are relaxed on purpose: a ringing can be missed just before the collector
 * falls asleep. The promise is how far the ring can fill then.
 *
 *     AGAIN    while the collector sleeps and is not woken, the ring has less than the alarm, or a
 *              quarter of the alarm more than at the beginning of the sleep
 *     REFUSED  a put that is refused leaves no collector asleep: nothing is lost twice in the same
 *              sleep
 *
 * Memory is sequentially consistent here: on a real machine the sleeper's store is seen a little
 * later, and the next put rings instead.
 *
 * Mutations
 *   REFUSED_SILENT  refused  a put that is refused does not ring
 *   RING_ONCE       again    the bell is rung once for each alarm, not again for each quarter
 *   ASLEEP_LATE     again/refused  asleep is set after the look whether the bell was rung
 *   LOOK_STALE      again    a look that finds less than the alarm moves on by the alarm from head, not from tail
 */
#define CAPACITY 8
#define ALARM    4
#define QUARTER  1
#define PUTS     14

byte head, tail;
byte look_at = ALARM;
bool asleep;   /* struct sw_bell */
bool rung;     /* the eventfd can be read */
bool sleeping; /* in ppoll() */
byte at_sleep; /* octets that waited at the beginning of the sleep */
bool watched;  /* the collector was asleep, and not woken, when a refused put began */
bool again = true, refused = true;

#define used (head - tail)

inline ring_bell() /* = sw_bell_ring(), base/bell.c */
{
    if
    :: asleep ->
        if
        :: d_step { asleep -> asleep = false } rung = true /* = sw_bell_insist(), base/bell.c */
        :: else
        fi
    :: else
    fi
}

inline look() /* = look(), base/ring.c */
{
    seen = tail;
    if
    :: head - seen < ALARM ->
#ifdef LOOK_STALE
        look_at = head + ALARM
#else
        look_at = seen + ALARM
#endif
    :: else ->
#ifdef RING_ONCE
        look_at = head + CAPACITY;
#else
        look_at = head + QUARTER;
#endif
        ring_bell()
    fi;
    seen = 0
}

proctype producer()
{
    byte puts, seen;

    do
    :: puts == PUTS -> break
    :: puts < PUTS -> puts++;
        if /* = sw_ring_put(), base/ring.c */
        :: d_step { used == CAPACITY -> watched = sleeping && !rung }
#ifndef REFUSED_SILENT
            ring_bell();
#endif
            d_step { refused = !(watched && !rung); watched = false; assert(refused) }
        :: used < CAPACITY -> head++;
            if
            :: head >= look_at -> look()
            :: else
            fi;
            d_step {
                again = !(sleeping && !rung && used >= ALARM && used > at_sleep + QUARTER);
                assert(again)
            }
        fi
    od
}

proctype collector()
{
end:
    do
    :: tail < head -> tail = head /* = go_round(), journal/collect.c */
    :: true -> /* = sw_bell_sleep(), base/bell.c */
#ifndef ASLEEP_LATE
        asleep = true;
#endif
        d_step { sleeping = true; at_sleep = used }
#ifdef ASLEEP_LATE
        asleep = true;
#endif
        if
        :: rung
        :: true /* the sleep's time is up */
        fi;
        d_step { sleeping = false; watched = false; at_sleep = 0 }
        asleep = false;
        rung = false
    od
}

init
{
    atomic {
        run producer();
        run collector()
    }
}
