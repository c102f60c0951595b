/*
 * test_sweep_places.c - by which address a sweep judges a prefix of a list: random protected
 * prefixes and places against a search through all of them, and then a large number of both.
 */
#include "cli/sweep/sweep.h"
#include "suite.h"

#include <stdlib.h>
#include <string.h>

#define ROUNDS 300
#define FEW    40
#define MANY   100000

/* A prefix with few different leading bits, so that prefixes often cover each other. */
static struct sw_addr random_prefix(void)
{
    struct sw_addr addr = {.family = rand() % 2 ? 4 : 6};
    addr.octets[0] = 32;
    addr.octets[1] = (uint8_t)(rand() % 4 * 64);
    addr.octets[2] = (uint8_t)(rand() % 4);
    addr.octets[3] = (uint8_t)(rand() % 3);
    sw_addr_mask(&addr, 6 + (unsigned)rand() % (sw_addr_bits(&addr) - 5));
    return addr;
}

static struct sw_addr first_of(struct sw_addr prefix)
{
    prefix.plen = (uint8_t)sw_addr_bits(&prefix);
    return prefix;
}

/* The least first address of a protected prefix that is smaller than the place, else its own. */
static struct sw_addr model(const struct sw_addr *guarded, size_t n, const struct sw_addr *place)
{
    struct sw_addr best = first_of(*place);
    bool any = false;
    for (size_t i = 0; i < n; i++) {
        const struct sw_addr first = first_of(guarded[i]);
        if (guarded[i].plen <= place->plen || !sw_addr_covers(place, &first))
            continue;
        if (!any || memcmp(first.octets, best.octets, sizeof(first.octets)) < 0)
            best = first;
        any = true;
    }
    return best;
}

START_TEST(the_first_protected_address_inside)
{
    struct sw_addr guarded[FEW];
    struct sweep_names names = {.guarded = guarded};
    size_t inside = 0;
    srand(1);
    for (int round = 0; round < ROUNDS; round++) {
        names.guarded_n = (size_t)rand() % FEW;
        for (size_t i = 0; i < names.guarded_n; i++)
            guarded[i] = random_prefix();
        sweep_sort_guarded(&names);
        for (int i = 0; i < FEW; i++) {
            const struct sw_addr place = random_prefix(), own = first_of(place);
            const struct sw_addr expected = model(guarded, names.guarded_n, &place);
            const struct sw_addr judged = sweep_place_judged(&names, &place);
            ck_assert(sw_addr_equal(&judged, &expected));
            inside += !sw_addr_equal(&judged, &own);
        }
    }
    ck_assert_uint_gt(inside, 100);
}
END_TEST

/* Each place against each prefix would be 10^10 comparisons, and the test would not end in time. */
START_TEST(many_places_and_prefixes)
{
    struct sweep_names names = {.guarded = calloc(MANY, sizeof(*names.guarded)), .guarded_n = MANY};
    ck_assert_ptr_nonnull(names.guarded);
    for (uint32_t i = 0; i < MANY; i++)
        names.guarded[i] =
            (struct sw_addr){4, 32, {10, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i}};
    sweep_sort_guarded(&names);
    for (uint32_t i = 0; i < MANY; i++) {
        const struct sw_addr place = {
            4, 32, {11, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i}};
        const struct sw_addr judged = sweep_place_judged(&names, &place);
        ck_assert(sw_addr_equal(&judged, &place));
    }
    free(names.guarded);
}
END_TEST

int main(void)
{
    return RUN_SUITE("sweep places",
                     TESTS(the_first_protected_address_inside, many_places_and_prefixes));
}
