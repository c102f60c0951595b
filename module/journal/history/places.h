/*
 * places.h - the names seen on each address, as far as the recorder's memory goes.
 *
 * This is the reverse look-up of the shared-address rule: an address that a listed name
 * resolved to, and every other name there. The durable copy is {prefix}:seen:addr:<address>,
 * from which a new place is loaded.
 *
 * Threads      the recorder
 * Memory       at most places_max addresses (least recently used go first) with at most
 *              names_max names each (unlisted names not seen for the longest time go first)
 */
#ifndef SW_JOURNAL_HISTORY_PLACES_H
#define SW_JOURNAL_HISTORY_PLACES_H

#include "base/addr.h"
#include "base/policy.h"
#include "journal/map.h"

#include <stdbool.h>

struct sw_place_name {
    char *name;                 /* presentation form */
    char list[SW_LISTNAME_MAX]; /* the list with this name, "" = none */
    int64_t first_us, last_us;
    uint64_t count;
    bool shared; /* reported as another name on this address */
    /* When the other names were looked through for this name: version of the place, and time of
     * the sight (D-141). */
    uint64_t looked_version;
    int64_t looked_us;
};

struct sw_place {
    struct sw_node node;
    struct sw_addr addr;
    int64_t loaded_us; /* monotonic time of the last load from Redis, 0 = never */
    size_t reported;   /* names reported as shared since the place is in memory */
    uint64_t version;  /* grows with each new name, and with each list that a name gets */
    size_t n, size;
    struct sw_place_name *names; /* unordered */
};

#define SW_LOOK_AGAIN_US INT64_C(60000000)

struct sw_places;

/** Both at least 1. NULL: out of memory. */
struct sw_places *sw_places_new(size_t places_max, size_t names_max);
void sw_places_free(struct sw_places *places); /* NULL is fine */

/** The place, made empty when missing. NULL: out of memory. Valid until the next get. */
struct sw_place *sw_places_get(struct sw_places *places, const struct sw_addr *addr);

/**
 * The entry of a name, made when missing (count 0, first and last = time_us). list "" leaves the
 * known list. NULL: out of memory. Valid until the next note or get.
 */
struct sw_place_name *sw_place_note(struct sw_places *places, struct sw_place *place,
                                    const char *name, const char *list, int64_t time_us);

/** Whether the other names have to be looked through for a sight of this name: a name or a list is
 * new there since the last look, or that look was SW_LOOK_AGAIN_US ago. Notes the look. */
bool sw_place_look_due(const struct sw_place *place, struct sw_place_name *name, int64_t time_us);

/** The listed name seen last on this place, or NULL. */
struct sw_place_name *sw_place_listed(struct sw_place *place);

#endif
