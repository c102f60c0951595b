/*
 * lookback_parts.h - shared between lookback.c (queue), lookback_pass.c (passes over the memory),
 * lookback_compare.c (what counts), lookback_tell.c (events for the names that were found),
 * lookback_neighbours.c (other names on their addresses), lookback_steps.c (steps of all passes),
 * and lookback_note.c (the note that outlives the process).
 *
 * Threads      the keeper, except for members that say otherwise
 */
#ifndef SW_HOST_LOOKBACK_PARTS_H
#define SW_HOST_LOOKBACK_PARTS_H

#include "base/event.h"
#include "base/indicator.h"
#include "feed/stream.h"
#include "host/lookback.h"
#include "index/listset.h"
#include "memory/intake/found.h"
#include "memory/memory.h"

#include <pthread.h>

#define SW_LOOKBACK_FILES         64  /* files that are open at once; twice while names are told */
#define SW_LOOKBACK_TRIES         10  /* of a pass whose files another process replaces */
#define SW_LOOKBACK_NEIGHBOURS    64  /* other names that are looked for on an address */
#define SW_LOOKBACK_NEIGHBOURS_OF 256 /* addresses for which neighbours are looked for in a pass */

/* Indicators that wait for a pass. */
struct sw_lookback_wanted {
    struct sw_indicator *indicator;
    size_t n, room;
    bool has_asn; /* an AS number is among the indicators */
    struct sw_list_set lists;
    struct sw_stream_id at; /* all changes up to this one are in force */
};

/* An address with neighbours to look for, and how many further names are still wanted. */
struct sw_lookback_asked {
    struct sw_addr addr;
    size_t left;    /* from the files */
    size_t waiting; /* from the tallies */
};

struct sw_lookback {
    struct sw_module *module;
    pthread_mutex_t lock;
    struct sw_lookback_wanted next; /* under lock */
    bool begun;                     /* the feeder's: a batch was in force since the start */
    struct sw_stream_id former;     /* of the note of a former run; constant */
    bool was_pending;               /* likewise: a pass was not complete, or unknown */
    /* the keeper's */
    struct sw_stream_id noted; /* in the note of this run */
    int64_t noted_us;          /* monotonic clock: when the note was written */
    bool failed;               /* a pass of this run was not complete: the note says so */
    /* during a pass */
    struct sw_lookback_wanted now;
    struct sw_hunt *hunt; /* the names and prefixes of a pass for single indicators */
    bool in_tallies;      /* the tallies are being read: nothing may wait */
    size_t at, from;      /* tuples of the tallies: met in this reading, met in readings before */
    struct sw_found_names names;
    struct sw_found_names part; /* of the sorted names: these are told now; borrowed */
    struct sw_founds founds;    /* the records of the part */
    size_t seen;                /* sightings looked at */
    struct sw_lookback_asked asked[SW_LOOKBACK_NEIGHBOURS_OF];
    size_t asked_n;
};

/** Whether a rule of a wanted list of kind ioc covers the owner or the address of a sighting. */
bool sw_lookback_is_listed(const struct sw_lookback *lookback, const struct sw_sighting *s);

/** Between two sightings: the keeper's other work, now and then. False: the daemon ends. */
bool sw_lookback_go_on(struct sw_lookback *lookback);

/** Look for all wanted indicators. SW_OK; SW_ECLOSED: the daemon ends; other failures of the files
 * are in the log. */
enum sw_status sw_lookback_pass(struct sw_lookback *lookback);

/** Call each with some of the files. quiet: damaged files were in the log before. Results as
 * sw_past_each(), where a folder without files is SW_OK. */
enum sw_status sw_lookback_each_file(struct sw_lookback *lookback, bool quiet, sw_past_fn *each);

/** Whether a sighting is a resolution that a wanted indicator covers. */
bool sw_lookback_counts(const struct sw_lookback *lookback, const struct sw_sighting *s);

/** Put the events for the noted names, from all their records in tallies and files, and forget the
 * names. Results as sw_past_each(), but never SW_EEXIST. */
enum sw_status sw_lookback_tell(struct sw_lookback *lookback);

/** Read the note of a former run. */
void sw_lookback_read_note(struct sw_lookback *lookback);

/** Write that all changes up to `at` were looked for, or with NULL that a pass is not complete. */
void sw_lookback_write_note(struct sw_lookback *lookback, const struct sw_stream_id *at);

/** Put an event when the recorder has room. False: the daemon ends. */
bool sw_lookback_put(struct sw_lookback *lookback, const struct sw_event *ev);

/** Put times in seconds and a count into an event. */
void sw_lookback_put_span(struct sw_event *ev, uint64_t first, uint64_t last, uint64_t count);

/** Have the pass look for other names on an address, each address once. */
void sw_lookback_ask_neighbours(struct sw_lookback *lookback, const struct sw_addr *addr);

/** Put events for other names on these addresses, from tallies and files. Forgets the records of
 * the names. Results as sw_past_each(), but never SW_EEXIST. */
enum sw_status sw_lookback_tell_neighbours(struct sw_lookback *lookback);

#endif
