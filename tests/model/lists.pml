/*
 * lists.pml - "enforced means enforced": a change of lists against workers, caches and the sweep.
 *
 * Two names are resolved: `alias`, with a record that leads to `target`, and `target`, which has an
 * address. The change lists a name or the address (`what`: all three are tried). Each of two
 * workers answers QUESTIONS questions for either name, from the message cache or through the
 * modules. The caches begin with anything that clean lists allow. The feeder publishes the change
 * and raises the number; the sweeper waits, evicts, walks the caches and reports the change as
 * applied.
 *
 *     APPLIED          from "applied" on no message that the change touches can be served
 *     EVICTED          from the sweeper's eviction on no message with the listed name can be
 *     no invalid end   nobody waits for ever
 *
 * Each step names the modelled function, with the function's file; "of Unbound" marks a function of
 * Unbound. A d_step is a single look or store under a single lock of Unbound's, or several
 * steps, when no thread waits that could go on after the first (D-099).
 *
 * Mutations
 *   NO_FIRST_ROUND      applied/evicted  workers are waited for once, after the second raise
 *   NO_SECOND_ROUND     applied/evicted  workers are waited for once, before the eviction
 *   NO_SECOND_EVICTION  evicted  names are evicted by the feeder only
 *   WALK_FIRST          applied  eviction and walk come before the lists are published
 *   SETTLED_EARLY       applied/evicted  settled is moved before the walk
 *   NO_HOLD_NEW         applied/evicted  cached data are not held by operate(new)
 *   NO_HOLD_ALIAS       applied/evicted  a response with an alias is not held
 *   NO_REJUDGE          applied/evicted  a response does not have the question judged again
 *   NO_RESUMED          applied/evicted  a query that has waited is not judged again
 *   NOT_ALONE           applied/evicted  a hook ends the turn though a query waits to be run
 *   REMEMBER_SHOWN      applied/evicted  a remembered answer's alias is in the class IN
 *   GAP_VALIDATOR_RESTS applied/evicted  a known gap: the store of the validator's timer, D-062
 */
#ifndef QUESTIONS
#define QUESTIONS 1
#endif

#define alias   0
#define target  1
#define address 2

byte what;    /* the listed item of the change */
bool listed;  /* the index holds the change */
byte number;  /* struct sw_turns, base/turns.h */
byte settled; /* likewise */
bool handed;  /* the sweeper has got the change */
bool evicted, applied;

bool busy[2];            /* count of struct sw_turn is odd */
bool busy_awaited[2];    /* the sweeper waits until the turn is another turn */
bool section[2];         /* an RCU section is open */
bool section_awaited[2]; /* a grace period waits for the end of the section */

bool alias_record; /* RRset cache: the iterator follows this record */
bool message[2];   /* message cache: can be served, as the RRsets are those of the storing */

/* Whether a rule touches: the whole answer to a question; the records of a response from name
 * `from` on, to the end (`to` is target) or the alias alone. */
#define touches(name) (name == alias || what != alias)
#define touches_records(from, to) ((from == alias && what == target) || (to == target && what == address))

#define touched_is_served ((message[alias] && touches(alias)) || (message[target] && touches(target)))

inline check_invariants()
{
    assert(!(applied && touched_is_served));
    assert(!(evicted && what != address && touched_is_served))
}

/* = dns_cache_store() of Unbound, the message with the records */
inline store_message(name)
{
    d_step {
        alias_record = alias_record || name == alias;
        message[name] = true;
        check_invariants()
    }
}

/* ---- turns and readers ---- */

inline turn_ends() /* = sw_turns_quiet(), base/turns.h */
{
    busy[me] = false;
    busy_awaited[me] = false
}

inline turn_begins() /* = sw_turns_busy(), base/turns.h */
{
    busy[me] = true;
    busy_awaited[me] = false
}

inline section_begins() /* = sw_rcu_enter(), base/rcu.h, = sw_turns_epoch(), base/turns.h */
{
    section[me] = true;
    now = number
}

inline section_ends() /* = sw_rcu_leave(), base/rcu.h */
{
    section[me] = false;
    section_awaited[me] = false;
    now = 0
}

/* ---- a worker ---- */

proctype worker(bool me)
{
    bool asked, at, last; /* the question; where the iterator is; the last record of a response is the target's */
    byte judged_by, now;  /* number of struct sw_hold, host/hold.h; of the section that is open */
    bool held;            /* no_cache_store */
    bool touched, seen;   /* seen: the response was the whole answer, and concerned no list */
    byte questions = QUESTIONS;

next_question:
    if
    :: questions == 0 -> goto done
    :: questions > 0 -> questions--;
        if
        :: asked = alias
        :: asked = target
        fi
    fi;
    if
    :: message[asked] -> goto answered /* by Unbound, without the module */
    :: else
    fi;

    d_step { turn_begins(); section_begins() } /* = on_new(), host/path.c */
    d_step { touched = listed && what == asked; judged_by = now; section_ends() }
    if
    :: touched -> goto quiet /* = serve_by_name(), host/path.c */
    :: else
    fi;
#ifndef NO_HOLD_NEW
    /* = sw_hold_new(), host/hold.c, = something_cached(), host/hold.c */
    held = settled != judged_by && (message[asked] || (asked == alias && alias_record));
#endif
    at = asked;

iterate: /* = dns_cache_lookup() of Unbound */
    if
    :: message[at] -> goto whole
    :: !message[at] && at == alias && alias_record -> at = target; goto iterate
    :: !message[at] && !(at == alias && alias_record) -> d_step { turn_ends() } /* = sw_path_on_query(), host/path.c */
    fi;
    if
    :: last = at
    :: at == alias -> last = target
    fi;
    d_step { turn_begins(); section_begins() } /* = sw_path_on_response(), host/path.c */
    d_step { /* = sw_hold_response(), host/hold.c */
        touched = listed && (what == at || touches_records(at, last));
#ifndef NO_REJUDGE
        /* = judge_known(), host/hold.c: the question and the alias that was followed */
        touched = touched || (judged_by != now && listed && (what == asked || (at != asked && what == target)));
#endif
        judged_by = (touched -> judged_by : now);
        seen = !touched && at == asked && last == target;
        section_ends()
    }
#ifdef NO_HOLD_ALIAS
    held = held || touched;
#else
    held = held || touched || (at == alias && settled != judged_by); /* = has_alias(), host/hold.c */
#endif
    touched = false;
    if
    :: held
    :: !held && last == alias -> alias_record = true /* records without the message */
    :: !held && last == target -> store_message(at)
    fi;
    if
    :: last == alias -> at = target; goto iterate
    :: last == target
    fi;

whole: /* the iterator has the whole answer, and stores the answer by the question */
    at = 0;
    last = 0;
    if
    :: held
    :: !held -> store_message(asked)
    fi;
    if
    :: true
    :: true -> /* the validator needs a key, of another query of this worker */
        d_step { turn_ends() }
        d_step { turn_begins(); section_begins() } /* = resume_supers(), host/path.c */
        d_step {                                   /* = sw_hold_resumed(), host/hold.c */
#ifndef NO_RESUMED
            held = held || (judged_by != now && listed && touches(asked));
#endif
            seen = seen && judged_by == now;
            judged_by = now;
            section_ends()
        }
#ifdef NOT_ALONE
        if /* a hook of a further query, while this query waits to be run: = alone(), host/hold.c */
        :: true
        :: true -> d_step { turn_ends() }
        fi
#endif
#ifdef GAP_VALIDATOR_RESTS
    :: true -> d_step { turn_ends() } /* by the hook of another query; a timer goes on with this
                                       * query */
#endif
    fi;
    if
    :: held
    :: !held -> store_message(asked) /* by the validator */
    fi;

    d_step { turn_begins(); seen = seen && !held && judged_by == number } /* = sw_hold_knows(), host/hold.c */
    if
    :: seen -> goto quiet
    :: else
    fi;
    d_step { section_begins(); now = 0 } /* = judge_whole(), host/path.c */
    touched = listed && touches(asked);
    if
    :: !touched && held -> store_message(asked); /* = sw_hold_store(), host/hold.c */
        touched = listed && touches(asked)
    :: else
    fi;
    d_step {
        section_ends();
        /* = keep_out_of_cache(), host/path.c; the message is remembered where no step here finds
         * the message */
        message[asked] = message[asked] && !touched;
#ifdef REMEMBER_SHOWN
        alias_record = alias_record || (touched && asked == alias); /* = hide_records(), host/remember.c */
#endif
    }
quiet:
    true;
    d_step { turn_ends() }
answered:
    true;
    d_step { asked = 0; at = 0; last = 0; judged_by = 0; held = false; touched = false; seen = false }
    goto next_question;
done:
    skip
}

/* ---- the sweeper ---- */

inline synchronize() /* = sw_rcu_synchronize(), base/rcu.h */
{
    d_step { section_awaited[0] = section[0]; section_awaited[1] = section[1] }
    !section_awaited[0] && !section_awaited[1]
}

inline wait_for_all() /* = wait_for_all(), base/turns.c */
{
    busy_awaited[0] = busy[0];
    !busy_awaited[0];
    busy_awaited[1] = busy[1];
    !busy_awaited[1]
}

/* A message refers to the message's records. = rrset_cache_remove() of Unbound */
inline remove_record(name)
{
    d_step {
        alias_record = alias_record && name != alias;
        message[alias] = false;
        message[target] = message[target] && name != target
    }
}

inline evict() /* = sw_cache_evict(), host/cache.h */
{
    if
    :: what == alias -> remove_record(alias); message[alias] = false
    :: what == target -> remove_record(target); message[target] = false
    :: what == address
    fi
}

inline walk_messages() /* = judge_message(), host/cache_sweep.c: by the question */
{
    message[alias] = message[alias] && what != alias;
    message[target] = message[target] && what != target
}

inline walk_records() /* = judge_rrset(), host/cache_sweep.c: by the data, and an alias by the
                       * alias's name */
{
    if
    :: what == alias || what == target -> remove_record(alias)
    :: what == address -> remove_record(target)
    fi
}

byte mine; /* the number that the sweeper calls settled */

inline join() /* = join(), feed/sweeper.c */
{
    synchronize();
    /* = sw_turns_wait(), base/turns.c */
#ifndef NO_FIRST_ROUND
    wait_for_all();
#endif
    d_step { number++; mine = number }
#ifndef NO_SECOND_ROUND
    synchronize();
    wait_for_all();
#endif
#ifndef NO_SECOND_EVICTION
    evict();
#endif
}

inline walk() /* = walk_part(), feed/sweeper.c: round in a circle, from any part on */
{
    if
    :: true -> walk_messages(); walk_records()
    :: true -> walk_records(); walk_messages()
    fi
}

proctype sweeper()
{
    handed;
#ifdef SETTLED_EARLY
    settled = number + 1;
#endif
#ifndef WALK_FIRST
    join();
#endif
    d_step { evicted = true; check_invariants() }
#ifndef WALK_FIRST
    walk();
#endif
    settled = mine;                               /* = sw_turns_swept(), base/turns.h */
    d_step { applied = true; check_invariants() } /* = leave(), feed/sweeper.c */
}

/* ---- the feeder: = sw_feed_enforce(), feed/batch.c ---- */

proctype feeder()
{
#ifdef WALK_FIRST
    join();
    walk();
#endif
    listed = true; /* = sw_index_add(), index/index.h */
    number++;      /* = sw_turns_raise(), base/turns.h */
    evict();
    handed = true  /* = sw_sweeper_hand(), feed/sweeper.c */
}

init
{
    atomic {
        if
        :: what = alias
        :: what = target
        :: what = address
        fi;
        if :: true :: alias_record = true fi;
        if :: true :: message[target] = true fi;
        if :: true :: alias_record -> message[alias] = true fi;
        run worker(0);
        run worker(1);
        run sweeper();
        run feeder()
    }
}
