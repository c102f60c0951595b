/*
 * marks.pml - a cached reply is recorded unless judged clean by lists that still hold (host/mark.h,
 * host/from_cache.c), on memory that is weakly ordered.
 *
 * A single cached reply with data that can move: the other data match an address list. Two workers
 * send the reply to clients, some of which ask after the report of a change as applied; the report
 * (by Redis, by a message) hands on the feeder's stores. The feeder lists the name or the address,
 * removes the indicator, and lists the indicator again; the removal renews no salt.
 *
 *     RECORDED  a reply that a list matches is judged, not taken for clean, for each client that
 *               asks after the report
 *
 * Mutations
 *   NO_RENEW           recorded  a change does not renew the salt
 *   RENEW_FIRST        recorded  the feeder renews the salt before the lists change
 *   RENEW_RELAXED      recorded  the salt is stored without release order
 *   SALT_RELAXED       recorded  the salt is loaded without acquire order
 *   SALT_LATE          recorded  the salt of a new mark is loaded after the lists were looked at
 *   MARK_WITHOUT_DATA  recorded  the mark does not depend on the data
 *   NO_LOCK            recorded  data may move while the reply is judged and marked
 */
#define THREADS   3
#define LOCATIONS 3
#define STORES    6

#define lists 0 /* 1: listed */
#define salt  1
#define mark  2 /* 0: none */

#define no_section_awaited (!section_awaited[0] && !section_awaited[1])
#include "weak.inc"

#ifdef RENEW_RELAXED
#define RENEW RELAXED
#else
#define RENEW ORDERED
#endif
#ifdef SALT_RELAXED
#define SALT RELAXED
#else
#define SALT ORDERED
#endif
#ifdef MARK_WITHOUT_DATA
#define DATA 0
#else
#define DATA moved
#endif
#define mark_of(salt_of) (1 + 2 * (salt_of) + DATA) /* = sw_mark_of(), host/mark.h */

bool by_name;  /* the listed item: the name, or the other data */
bool moved;    /* the other data are in place; under the locks of RRsets */
byte holders;  /* of these locks, for reading */
byte applied;  /* which listing is, or 0 */
bool recorded = true;
view told;     /* stores that the report of "applied" hands on */

#define matches (by_name || moved)

proctype worker(byte me, questions)
{
    byte got, own_salt, late;

    do
    :: questions == 0 -> break
    :: questions > 0 -> questions--;
        d_step {
            late = applied;
            if
            :: late > 0 -> widen(sees[me], told)
            :: else
            fi;
            holders++
        }
        load(salt, SALT); /* = sw_marks_salt(), host/mark.h, = sw_from_cache_on_reply(), host/from_cache.c */
        own_salt = got;
        load(mark, RELAXED); /* = sw_mark_in(), host/mark.h */
        if
        :: got == mark_of(own_salt) -> /* taken for clean */
            d_step { recorded = !(late > 0 && late == applied && matches); assert(recorded) }
        :: else -> /* = judge(), host/from_cache.c */
            enter();
            load(lists, RELAXED);
#ifdef NO_LOCK
            if
            :: got == 0 || !matches -> got = 0
            :: else
            fi;
            if
            :: got == 0 -> moved = true
            :: true
            fi;
#endif
            if
            :: got == 0 || !matches ->
#ifdef SALT_LATE
                load(salt, SALT);
                own_salt = got;
#endif
                store(mark, mark_of(own_salt), RELAXED) /* = sw_mark_set(), host/mark.h */
            :: else /* recorded */
            fi;
            leave()
        fi;
        d_step { holders--; got = 0; own_salt = 0; late = 0 }
    od
}

proctype authority() /* at any time, or not before all ends: the answer is stored anew, in the former one's place */
{
    d_step { holders == 0 -> moved = true }
}

inline list_it(new_salt) /* = sw_feed_enforce(), feed/batch.c */
{
#ifdef RENEW_FIRST
    store(salt, new_salt, RENEW);
#endif
    store(lists, 1, RELAXED);
#ifndef RENEW_FIRST
#ifndef NO_RENEW
    store(salt, new_salt, RENEW); /* = sw_marks_renew(), host/mark.c */
#endif
#endif
    synchronize(); /* = join(), feed/sweeper.c */
    d_step { widen(told, sees[me]); applied = new_salt }
}

proctype feeder()
{
    byte me = 2, got;

    list_it(1);
    applied = 0;
    store(lists, 0, RELAXED);
    list_it(2)
}

init
{
    atomic {
        if
        :: by_name = true
        :: by_name = false
        fi;
        run worker(0, 2);
        run worker(1, 1);
        run authority();
        run feeder()
    }
}
