/*
 * keeper_parts.h - shared between keeper.c (the thread), note.c (records to tuples), sealing.c
 * (tuples to files), upkeep.c (work between two files), and keeper_status.c.
 *
 * Threads      the keeper, except for members that say otherwise
 */
#ifndef SW_MEMORY_INTAKE_KEEPER_PARTS_H
#define SW_MEMORY_INTAKE_KEEPER_PARTS_H

#include "base/bell.h"
#include "memory/intake/domains.h"
#include "memory/intake/keeper.h"
#include "memory/intake/received.h"
#include "memory/intake/tally.h"

#include <pthread.h>
#include <stdatomic.h>

/* X(field, "name in the status"): records that are not in the memory, by reason. */
#define SW_LEFT_OUT(X)                                                                             \
    X(ring, "ring-full")      /* RRsets: the ring of a worker was full */                          \
    X(excluded, "excluded")   /* below a name of memory-exclude */                                 \
    X(domain, "domain-limit") /* over memory-domain-limit */                                       \
    X(label, "long-label")    /* rdata with a label over memory-cut-label */                       \
    X(memory, "memory-full")  /* over memory-ram-max, while no file could be written */            \
    X(malformed, "malformed") /* rdata that is not of its type */                                  \
    X(too_many, "too-many")   /* over the room for an RRset in a ring */

struct sw_left_out {
#define SW_LEFT_OUT_FIELD(field, name) uint64_t field;
    SW_LEFT_OUT(SW_LEFT_OUT_FIELD)
#undef SW_LEFT_OUT_FIELD
};

#define SW_KEEPER_PROBLEM_MAX 192

/* The numbers of the status, of which sw_keeper_status() takes a copy. */
struct sw_keeper_numbers {
    uint64_t sightings;         /* records counted since the start */
    uint64_t tuples;            /* written to files since the start */
    uint64_t files;             /* written since the start */
    uint64_t octets;            /* of all files in the folder */
    uint64_t files_now;         /* in the folder */
    int64_t oldest_s, newest_s; /* begin of the oldest, last sighting of the newest file; 0: none */
    uint64_t waiting;           /* tuples in memory */
    uint64_t per_second;        /* sightings, over the last interval */
    struct sw_left_out left_out;
    char problem[SW_KEEPER_PROBLEM_MAX]; /* why no file can be written, "" */
};

struct sw_keeper {
    const struct sw_settings *settings;
    struct sw_ring **ring; /* made before the thread starts */
    unsigned workers;
    struct sw_bell bell;
    struct sw_domains *domains;
    struct sw_tally *tally;   /* takes new sightings */
    struct sw_tally *written; /* the tally that goes into a file, empty when there is none */
    struct sw_received received;
    uint64_t sightings_begun; /* numbers.sightings at the begin of the interval */
    int64_t begun_us;         /* monotonic clock, begin of the interval */
    int64_t paused_us;        /* monotonic clock: end of the last pause of a merge */
    int64_t tidy_us;          /* monotonic clock: next step of upkeep */
    uint64_t times_written;   /* how often a tally went into a file */
    bool full;                /* the tally goes into a file before more is counted */
    bool has_folder;
    enum sw_status tidied; /* of the last upkeep: the log has a failure once */
    unsigned closed;       /* files that the last upkeep could not open, likewise */
    bool opened;           /* an upkeep has opened each file once */
    unsigned reading; /* how often sw_keeper_each() is reading the tallies: no tally is changed */
    struct sw_keeper_numbers numbers;

    void (*work)(void *arg); /* NULL: none */
    void *work_arg;
    atomic_bool awake; /* any thread: work() is to be called */

    pthread_t thread;
    bool started;
    int64_t stop_us;     /* time for the last file, when stopping */
    int64_t until_us;    /* monotonic clock, of the stopping thread: the end of that time */
    atomic_bool stop;    /* any thread: ends the work in progress that can be repeated */
    atomic_bool abandon; /* any thread: ends the last file as well */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool done;                      /* under lock: the thread has nothing left to do */
    struct sw_keeper_numbers shown; /* under lock: copy of numbers */
};

/** Count the records of keeper->received. */
void sw_keeper_note(struct sw_keeper *keeper);

/** Empty the rings, as far as the tally has room. Returns the number of RRsets. */
size_t sw_keeper_drain(struct sw_keeper *keeper);

/** Call work(), if the keeper was woken for it. */
void sw_keeper_do_work(struct sw_keeper *keeper);

/** Publish the numbers. */
void sw_keeper_show(struct sw_keeper *keeper);

/** Write the tally to a file and begin an interval. last: the daemon ends, so that a failure loses
 * the tuples. */
void sw_keeper_seal(struct sw_keeper *keeper, bool last);

/** A step of upkeep of the folder. Returns whether there is more to do at once. */
bool sw_keeper_tidy(struct sw_keeper *keeper);

/** Measure the folder: files, octets, oldest interval. */
void sw_keeper_measure(struct sw_keeper *keeper);

#endif
