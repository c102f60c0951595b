/*
 * memory_world.h - random sightings from a small world, so that many are equal.
 */
#ifndef SW_TESTS_UNIT_MEMORY_WORLD_H
#define SW_TESTS_UNIT_MEMORY_WORLD_H

#include "memory_rig.h"

/* Wire forms of a sighting. */
struct made {
    struct sw_sighting sighting;
    struct sw_name owner, zone;
    uint8_t rdata[SW_RDATA_MAX];
};

static void random_name(struct sw_name *name)
{
    static const char *const tops[] = {"example.com", "example.net", "co.uk", "x.org"};
    char text[128];
    if (below(4) == 0)
        snprintf(text, sizeof(text), "%s", tops[below(4)]);
    else
        snprintf(text, sizeof(text), "n%u%s.%s", below(12), below(3) ? "" : ".www", tops[below(4)]);
    set_name(name, text);
}

/* Rdata of a kept type: numbers first or last, names in the middle. */
static size_t random_rdata(uint16_t type, uint8_t *rdata)
{
    struct sw_name name;
    size_t before = sw_rdata_sliced(type), len = before;
    if (type == 1 || type == 28) {
        memset(rdata, 0, 16);
        rdata[0] = 10;
        rdata[2] = (uint8_t)below(3);
        rdata[3] = (uint8_t)below(5);
        return type == 1 ? 4 : 16;
    }
    for (size_t i = 0; i < before; i++)
        rdata[i] = (uint8_t)below(2);
    for (int i = 0; i < (type == 6 ? 2 : 1); i++) {
        random_name(&name);
        memcpy(rdata + len, name.wire, name.len);
        len += name.len;
    }
    size_t after = type == 6 ? 20 : type >= 64 ? below(3) : 0;
    memset(rdata + len, 7, after);
    return len + after;
}

static void random_sighting(struct made *made)
{
    static const uint16_t types[] = {1, 1, 1, 28, 5, 2, 6, 12, 15, 33, 39, 64, 65};
    random_name(&made->owner);
    random_name(&made->zone);
    uint64_t first = 1764000000 + below(1000000);
    made->sighting = (struct sw_sighting){
        .owner = made->owner.wire,
        .zone = below(2) ? made->zone.wire : NULL,
        .rdata = made->rdata,
        .type = types[below(sizeof(types) / sizeof(types[0]))],
        .first = first,
        .last = first + below(100000),
        .count = 1 + below(1000),
    };
    made->sighting.rdata_len = (uint16_t)random_rdata(made->sighting.type, made->rdata);
}

#endif
