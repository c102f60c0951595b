/*
 * test_history.c - the bounded history: new or seen, order of time, limits, a naive model.
 */
#include "journal/history/places.h"
#include "owner/history.h"

#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct sw_name name_of(const char *text)
{
    struct sw_name name;
    ck_assert_int_eq(sw_name_parse(text, strlen(text), &name, NULL), SW_OK);
    return name;
}

static struct sw_addr addr_number(uint32_t n)
{
    struct sw_addr addr;
    uint8_t octets[4] = {10, (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n};
    ck_assert_int_eq(sw_addr_from_octets(octets, 4, &addr), SW_OK);
    return addr;
}

static const struct sw_owner owner_a = {.asn = 64500, .org = "A"};
static const struct sw_owner renamed_a = {.asn = 64500, .org = "A, renamed"};
static const struct sw_owner owner_b = {.asn = 64501, .org = "B"};

START_TEST(new_then_seen)
{
    struct sw_history *history = sw_history_new(10, 10);
    struct sw_name name = name_of("systemsvc.net");
    struct sw_addr addr = addr_number(1);
    bool created, is_new;
    struct sw_name_history *of = sw_history_get(history, &name, &created);
    ck_assert(created);
    ck_assert_uint_eq(of->n, 0);
    struct sw_name_addr *seen = sw_history_note(history, of, &addr, &owner_a, 100, &is_new);
    ck_assert(is_new);
    ck_assert(seen->dirty);
    ck_assert_uint_eq(seen->count, 1);
    seen->dirty = false;
    of = sw_history_get(history, &name, &created);
    ck_assert(!created);
    seen = sw_history_note(history, of, &addr, &renamed_a, 200, &is_new);
    ck_assert(!is_new);
    ck_assert(seen->dirty);
    ck_assert_uint_eq(seen->count, 2);
    ck_assert_int_eq(seen->first_us, 100);
    ck_assert_int_eq(seen->last_us, 200);
    ck_assert_str_eq(seen->owner.org, "A, renamed");
    ck_assert_uint_eq(of->n, 1);
    seen = sw_history_note(history, of, &addr, &owner_b, 300, &is_new);
    ck_assert(is_new); /* each owner of an address has separate times and counts */
    ck_assert_uint_eq(seen->count, 1);
    ck_assert_int_eq(seen->first_us, 300);
    ck_assert_uint_eq(of->n, 2);
    ck_assert_int_eq(sw_history_find(of, &addr, &owner_a)->last_us, 200);
    sw_history_free(history);
}
END_TEST

START_TEST(names_and_addresses_are_told_apart)
{
    struct sw_history *history = sw_history_new(10, 10);
    struct sw_name a = name_of("systemsvc.net"), b = name_of("winsystemsvc.net");
    struct sw_addr v4 = addr_number(1), v6, prefix = v4;
    ck_assert_int_eq(sw_addr_parse("::a00:1", 7, &v6, NULL), SW_OK);
    sw_addr_mask(&prefix, 31);
    bool created, is_new;
    struct sw_name_history *of = sw_history_get(history, &a, &created);
    sw_history_note(history, of, &v4, &owner_a, 1, &is_new);
    ck_assert(is_new);
    sw_history_note(history, of, &v6, &owner_a, 1, &is_new);
    ck_assert(is_new);
    sw_history_note(history, of, &prefix, &owner_a, 1, &is_new);
    ck_assert(is_new);
    of = sw_history_get(history, &b, &created);
    ck_assert(created);
    sw_history_note(history, of, &v4, &owner_a, 1, &is_new);
    ck_assert(is_new);
    sw_history_free(history);
}
END_TEST

START_TEST(observations_out_of_order)
{
    struct sw_history *history = sw_history_new(1, 1);
    struct sw_name name = name_of("a.example");
    struct sw_addr addr = addr_number(1);
    bool created, is_new;
    struct sw_name_history *of = sw_history_get(history, &name, &created);
    sw_history_note(history, of, &addr, &renamed_a, 500, &is_new);
    struct sw_name_addr *seen = sw_history_note(history, of, &addr, &owner_a, 300, &is_new);
    ck_assert_int_eq(seen->first_us, 300);
    ck_assert_int_eq(seen->last_us, 500);
    ck_assert_str_eq(seen->owner.org, "A, renamed"); /* as last seen */
    ck_assert_uint_eq(seen->count, 2);
    sw_history_free(history);
}
END_TEST

START_TEST(full_name_loses_the_oldest_address)
{
    struct sw_history *history = sw_history_new(1, 3);
    struct sw_name name = name_of("flux.example");
    bool created, is_new;
    struct sw_name_history *of = sw_history_get(history, &name, &created);
    static const int64_t times[] = {30, 10, 20, 40};
    for (uint32_t i = 0; i < 4; i++) {
        struct sw_addr addr = addr_number(i);
        sw_history_note(history, of, &addr, &owner_a, times[i], &is_new);
        ck_assert(is_new);
    }
    ck_assert_uint_eq(of->n, 3);
    struct sw_addr gone = addr_number(1);
    for (size_t i = 0; i < of->n; i++)
        ck_assert(!sw_addr_equal(&of->addrs[i].addr, &gone));
    struct sw_name_addr *seen = sw_history_note(history, of, &gone, &owner_a, 50, &is_new);
    ck_assert(is_new);
    ck_assert_uint_eq(seen->count, 1);
    sw_history_free(history);
}
END_TEST

START_TEST(full_cache_loses_the_least_used_name)
{
    struct sw_history *history = sw_history_new(2, 2);
    struct sw_name a = name_of("a.example"), b = name_of("b.example"), c = name_of("c.example");
    bool created;
    sw_history_get(history, &a, &created);
    sw_history_get(history, &b, &created);
    sw_history_get(history, &a, &created);
    ck_assert(!created);
    sw_history_get(history, &c, &created); /* b goes */
    ck_assert(created);
    sw_history_get(history, &a, &created);
    ck_assert(!created);
    sw_history_get(history, &b, &created);
    ck_assert(created);
    sw_history_free(history);
}
END_TEST

START_TEST(limits_of_zero_mean_one)
{
    struct sw_history *history = sw_history_new(0, 0);
    struct sw_name a = name_of("a.example"), b = name_of("b.example");
    struct sw_addr x = addr_number(1), y = addr_number(2);
    bool created, is_new;
    struct sw_name_history *of = sw_history_get(history, &a, &created);
    ck_assert_ptr_nonnull(sw_history_note(history, of, &x, &owner_a, 1, &is_new));
    ck_assert_ptr_nonnull(sw_history_note(history, of, &y, &owner_a, 2, &is_new));
    ck_assert_uint_eq(of->n, 1);
    sw_history_get(history, &b, &created);
    sw_history_get(history, &a, &created);
    ck_assert(created);
    sw_history_free(history);
    sw_history_free(NULL);
}
END_TEST

/* ---- against a naive model ---- */

#define MODEL_NAMES 40
#define MODEL_KEPT  16
#define MODEL_ADDRS 6

static struct {
    bool there;
    uint64_t used; /* by a counter of get() calls */
    uint64_t count[MODEL_ADDRS];
} model[MODEL_NAMES];

/* Duties of get(): tells whether the name is created, drops the least recently used. */
static bool model_get(unsigned n, uint64_t now)
{
    bool created = !model[n].there;
    unsigned kept = 0, oldest = n;
    if (created)
        memset(model[n].count, 0, sizeof(model[n].count));
    model[n].there = true;
    model[n].used = now;
    for (unsigned i = 0; i < MODEL_NAMES; i++) {
        kept += model[i].there ? 1 : 0;
        if (model[i].there && model[i].used < model[oldest].used)
            oldest = i;
    }
    if (kept > MODEL_KEPT)
        model[oldest].there = false;
    return created;
}

START_TEST(random_against_model)
{
    struct sw_history *history = sw_history_new(MODEL_KEPT, MODEL_ADDRS);
    uint64_t random = 0x9e3779b97f4a7c15;
    for (uint64_t now = 1; now <= 20000; now++) {
        random = random * 6364136223846793005U + 1442695040888963407U;
        unsigned n = (unsigned)(random >> 33) % MODEL_NAMES;
        unsigned a = (unsigned)(random >> 50) % MODEL_ADDRS;
        char text[32];
        snprintf(text, sizeof(text), "n%u.example", n);
        struct sw_name name = name_of(text);
        struct sw_addr addr = addr_number(a);
        bool created, is_new;
        struct sw_name_history *of = sw_history_get(history, &name, &created);
        ck_assert_int_eq(created, model_get(n, now));
        struct sw_name_addr *seen =
            sw_history_note(history, of, &addr, &owner_a, (int64_t)now, &is_new);
        ck_assert_int_eq(is_new, model[n].count[a] == 0);
        ck_assert_uint_eq(seen->count, ++model[n].count[a]);
    }
    sw_history_free(history);
}
END_TEST

/* The other names on an address are looked through once for each change there, and once a minute:
 * of 200 names with ten sights a second each a second look is rare (D-141). */
START_TEST(neighbours_are_looked_through_when_something_is_new)
{
    struct sw_addr addr = addr_number(1);
    struct sw_places *places = sw_places_new(4, 300);
    struct sw_place *place = sw_places_get(places, &addr);
    size_t looks = 0;
    int64_t now = 1;
    char text[32];
    for (unsigned i = 0; i < 200; i++) {
        snprintf(text, sizeof(text), "n%u.example", i);
        ck_assert_ptr_nonnull(sw_place_note(places, place, text, "bad", now));
    }
    for (unsigned sight = 0; sight < 100000; sight++, now += 500) { /* 50 seconds */
        snprintf(text, sizeof(text), "n%u.example", sight % 200);
        struct sw_place_name *me = sw_place_note(places, place, text, "bad", now);
        looks += sw_place_look_due(place, me, now);
    }
    ck_assert_uint_eq(looks, 200);
    struct sw_place_name *me = sw_place_note(places, place, "n7.example", "bad", now);
    ck_assert(!sw_place_look_due(place, me, now));
    me = sw_place_note(places, place, "new.example", "", now); /* a new name */
    ck_assert(sw_place_look_due(place, me, now));
    me = sw_place_note(places, place, "n7.example", "", now);
    ck_assert(sw_place_look_due(place, me, now));
    ck_assert(!sw_place_look_due(place, me, now));
    me = sw_place_note(places, place, "new.example", "bad", now); /* a new list */
    ck_assert(sw_place_look_due(place, me, now));
    ck_assert(!sw_place_look_due(place, me, now + SW_LOOK_AGAIN_US - 1));
    ck_assert(sw_place_look_due(place, me, now + SW_LOOK_AGAIN_US));
    sw_places_free(places);
}
END_TEST

int main(void)
{
    return RUN_SUITE("history",
                     TESTS(neighbours_are_looked_through_when_something_is_new, new_then_seen,
                           names_and_addresses_are_told_apart, observations_out_of_order,
                           full_name_loses_the_oldest_address, full_cache_loses_the_least_used_name,
                           limits_of_zero_mean_one, random_against_model));
}
