/*
 * lookback_parts.h - shared between lookback.c (queue, passes), lookback_compare.c (what counts),
 * and lookback_tell.c (events for the names that were found).
 *
 * Threads      the keeper, except for members that say otherwise
 */
#ifndef SW_HOST_LOOKBACK_PARTS_H
#define SW_HOST_LOOKBACK_PARTS_H

#include "base/indicator.h"
#include "host/lookback.h"
#include "index/listset.h"
#include "memory/intake/found.h"
#include "memory/memory.h"

#include <pthread.h>

#define SW_LOOKBACK_FILES         64  /* files that are open at once */
#define SW_LOOKBACK_NEIGHBOURS    64  /* other names that are looked for on an address */
#define SW_LOOKBACK_NEIGHBOURS_OF 256 /* addresses for which neighbours are looked for in a pass */

/* Indicators that wait for a pass. */
struct sw_lookback_wanted {
    struct sw_indicator *indicator;
    size_t n, room;
    bool has_asn; /* an AS number is among the indicators */
    struct sw_list_set lists;
};

/* An address whose neighbours are looked for. */
struct sw_lookback_asked {
    struct sw_addr addr;
    size_t left; /* so many names more */
};

struct sw_lookback {
    struct sw_module *module;
    pthread_mutex_t lock;
    struct sw_lookback_wanted next; /* under lock */
    /* during a pass */
    struct sw_lookback_wanted now;
    struct sw_hunt *hunt; /* the names and prefixes of a pass for single indicators */
    struct sw_founds founds;
    size_t seen; /* sightings looked at */
    struct sw_lookback_asked asked[SW_LOOKBACK_NEIGHBOURS_OF];
    size_t asked_n;
};

/** Whether a rule of a wanted list of kind ioc covers the owner or the address of a sighting. */
bool sw_lookback_is_listed(const struct sw_lookback *lookback, const struct sw_sighting *s);

/** Whether a wanted single indicator covers a sighting that is listed: the index has judged the
 * form of the indicator already. */
bool sw_lookback_is_wanted(const struct sw_lookback *lookback, const struct sw_sighting *s);

/** Put the events for all records found, and forget the records. SW_OK; SW_ECLOSED. */
enum sw_status sw_lookback_tell(struct sw_lookback *lookback);

/** Put events for other names on the reported addresses. past: the files opened now. */
enum sw_status sw_lookback_tell_neighbours(void *arg, struct sw_past *past);

#endif
