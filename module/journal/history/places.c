#include "journal/history/places.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct sw_places {
    struct sw_map map;
    size_t places_max, names_max;
};

struct sw_places *sw_places_new(size_t places_max, size_t names_max)
{
    struct sw_places *places = calloc(1, sizeof(*places));
    if (!places || sw_map_init(&places->map, places_max) != SW_OK) {
        free(places);
        return NULL;
    }
    places->places_max = places_max;
    places->names_max = names_max;
    return places;
}

static void drop(struct sw_places *places, struct sw_place *place)
{
    sw_map_remove(&places->map, &place->node);
    for (size_t i = 0; i < place->n; i++)
        free(place->names[i].name);
    free(place->names);
    free(place);
}

void sw_places_free(struct sw_places *places)
{
    if (!places)
        return;
    while (places->map.oldest)
        drop(places, (struct sw_place *)places->map.oldest);
    sw_map_free(&places->map);
    free(places);
}

struct sw_place *sw_places_get(struct sw_places *places, const struct sw_addr *addr)
{
    struct sw_node *node = sw_map_find(&places->map, addr, sizeof(*addr));
    if (node) {
        sw_map_touch(&places->map, node);
        return (struct sw_place *)node;
    }
    struct sw_place *place = calloc(1, sizeof(*place));
    if (!place)
        return NULL;
    if (places->map.n >= places->places_max)
        drop(places, (struct sw_place *)places->map.oldest);
    place->addr = *addr;
    sw_map_insert(&places->map, &place->node, &place->addr, sizeof(place->addr));
    return place;
}

/* The entry to drop first: unlisted before listed, then the entry not seen for the longest time. */
static struct sw_place_name *least(struct sw_place *place)
{
    struct sw_place_name *worst = &place->names[0];
    for (size_t i = 1; i < place->n; i++) {
        struct sw_place_name *name = &place->names[i];
        bool listed = name->list[0] != '\0', worst_listed = worst->list[0] != '\0';
        if (listed != worst_listed ? worst_listed : name->last_us < worst->last_us)
            worst = name;
    }
    return worst;
}

/* A free entry at the end, or the entry to drop first, emptied. NULL: out of memory. */
static struct sw_place_name *entry_new(const struct sw_places *places, struct sw_place *place)
{
    if (place->n >= places->names_max) {
        struct sw_place_name *worst = least(place);
        free(worst->name);
        return worst;
    }
    if (place->n == place->size) {
        size_t size = place->size == 0 ? 4 : place->size * 2;
        struct sw_place_name *grown = realloc(place->names, size * sizeof(*grown));
        if (!grown)
            return NULL;
        place->names = grown;
        place->size = size;
    }
    return &place->names[place->n++];
}

static struct sw_place_name *find(struct sw_place *place, const char *name)
{
    for (size_t i = 0; i < place->n; i++) {
        if (strcmp(place->names[i].name, name) == 0)
            return &place->names[i];
    }
    return NULL;
}

struct sw_place_name *sw_place_note(struct sw_places *places, struct sw_place *place,
                                    const char *name, const char *list, int64_t time_us)
{
    struct sw_place_name *entry = find(place, name);
    if (!entry) {
        char *copy = strdup(name);
        entry = copy ? entry_new(places, place) : NULL;
        if (!entry) {
            free(copy);
            return NULL;
        }
        *entry = (struct sw_place_name){.name = copy, .first_us = time_us, .last_us = time_us};
        place->version++;
    }
    place->version += list[0] != '\0' && strcmp(entry->list, list) != 0;
    if (list[0] != '\0')
        snprintf(entry->list, sizeof(entry->list), "%s", list);
    return entry;
}

bool sw_place_look_due(const struct sw_place *place, struct sw_place_name *name, int64_t time_us)
{
    int64_t age_us = time_us - name->looked_us;
    if (name->looked_version == place->version && age_us >= 0 && age_us < SW_LOOK_AGAIN_US)
        return false;
    name->looked_version = place->version;
    name->looked_us = time_us;
    return true;
}

struct sw_place_name *sw_place_listed(struct sw_place *place)
{
    struct sw_place_name *latest = NULL;
    for (size_t i = 0; i < place->n; i++) {
        struct sw_place_name *name = &place->names[i];
        if (name->list[0] != '\0' && (!latest || name->last_us > latest->last_us))
            latest = name;
    }
    return latest;
}
