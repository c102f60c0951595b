/*
 * test_index_model.c - random transactions on the index and on a naive model (index_program.h), and
 * a large model with growth, a flag for each name.
 *
 * SW_SEED in the environment sets the first seed; the seed is printed when something differs.
 */
#include "index_program.h"

#include "base/rcu.h"
#include "rounds.h"
#include "suite.h"

#define RUNS  200
#define STEPS 8000 /* octets of program in each run: about two thousand calls */

static uint64_t random_state;

/* xorshift64* (Vigna 2016): repeatable from the seed. */
static uint64_t random64(void)
{
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return random_state * UINT64_C(0x2545F4914F6CDD1D);
}

static uint64_t first_seed(void)
{
    const char *text = getenv("SW_SEED");
    return text ? strtoull(text, NULL, 10) : 1;
}

START_TEST(random_programs)
{
    static uint8_t data[STEPS];
    uint64_t seed = first_seed() + (uint64_t)_i;
    random_state = seed * UINT64_C(0x9E3779B97F4A7C15) + 1;
    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = (uint8_t)(random64() >> 32);
    data[0] = 0;                                              /* begin with a list */
    fprintf(stderr, "seed %llu\n", (unsigned long long)seed); /* shown at a failure */
    p_run(data, sizeof(data));
}
END_TEST

/* ---- large ---- */

enum { NAMES = 60000, LISTS = 3, CHANGES = 600000 };

struct large {
    struct sw_index *ix;
    unsigned changes; /* CHANGES, or fewer rounds */
    sw_list_id id[LISTS];
    uint8_t has[NAMES]; /* a bit for each list */
    size_t count[LISTS];
};

static struct sw_indicator nth(unsigned i)
{
    struct sw_indicator ind;
    char text[64], why[SW_WHY_MAX];
    snprintf(text, sizeof(text), "=n%u.d%u.test", i, i % 101);
    if (sw_indicator_parse(text, strlen(text), &ind, why) != SW_OK)
        abort();
    return ind;
}

static unsigned hits_of(struct large *g, unsigned i)
{
    struct sw_indicator ind = nth(i);
    struct sw_hit hits[HITS_MAX];
    struct sw_view view = sw_index_view(g->ix);
    size_t n = find_name(&view, ind.name.wire, ind.name.len, hits, HITS_MAX);
    unsigned bits = 0;
    for (size_t k = 0; k < n; k++) {
        for (unsigned l = 0; l < LISTS; l++)
            bits |= hits[k].id == g->id[l] ? 1u << l : 0;
    }
    return bits;
}

/* A single change: mostly adds in the first half, mostly removes in the second. */
static bool large_change(struct large *g, unsigned step)
{
    unsigned i = (unsigned)(random64() >> 33) % NAMES, l = (unsigned)(random64() >> 33) % LISTS;
    bool add = (random64() >> 33) % 10 < (step < g->changes / 2 ? 8 : 2);
    bool had = g->has[i] >> l & 1;
    struct sw_indicator ind = nth(i);
    if (add) {
        g->has[i] |= (uint8_t)(1u << l);
        g->count[l] += !had;
        return sw_index_add(g->ix, g->id[l], &ind) == (had ? SW_EEXIST : SW_OK);
    }
    g->has[i] &= (uint8_t) ~(1u << l);
    g->count[l] -= had;
    return sw_index_remove(g->ix, g->id[l], &ind) == (had ? SW_OK : SW_ENOTFOUND);
}

static void large_compare(struct large *g)
{
    for (unsigned i = 0; i < NAMES; i++) {
        if (hits_of(g, i) != g->has[i])
            ck_abort_msg("name %u: found on lists %x, should be on %x", i, hits_of(g, i),
                         g->has[i]);
    }
    for (unsigned l = 0; l < LISTS; l++)
        ck_assert_uint_eq(sw_index_count(g->ix, g->id[l]), g->count[l]);
}

/* Replace list 0 by every third name. */
static void large_replace(struct large *g)
{
    sw_list_id staged;
    unsigned failed = 0;
    ck_assert_int_eq(sw_index_stage_begin(g->ix, g->id[0], &staged), SW_OK);
    for (unsigned i = 0; i < NAMES; i += 3) {
        struct sw_indicator ind = nth(i);
        failed += sw_index_add(g->ix, staged, &ind) != SW_OK;
    }
    ck_assert_uint_eq(failed, 0);
    ck_assert_int_eq(sw_index_stage_swap(g->ix, &g->id[0], staged), SW_OK);
    for (unsigned i = 0; i < NAMES; i++)
        g->has[i] = (uint8_t)((g->has[i] & ~1u) | (i % 3 == 0));
    g->count[0] = NAMES / 3;
}

START_TEST(large_transactions)
{
    struct large *g = calloc(1, sizeof(*g));
    ck_assert_ptr_nonnull(g);
    g->changes = rounds(CHANGES);
    random_state = first_seed();
    g->ix = sw_index_new();
    ck_assert_ptr_nonnull(g->ix);
    for (unsigned l = 0; l < LISTS; l++) {
        struct sw_policy policy;
        char name[] = {'l', (char)('0' + l), '\0'};
        sw_policy_init(&policy, name);
        ck_assert_int_eq(sw_index_list_set(g->ix, &policy, &g->id[l]), SW_OK);
    }
    for (unsigned step = 0; step < g->changes; step++) {
        if (!large_change(g, step))
            ck_abort_msg("step %u: unexpected result", step);
        if (step % (g->changes / 6) == 0)
            large_compare(g);
        if (step % (g->changes / 3) == g->changes / 4)
            large_replace(g);
    }
    large_compare(g);
    sw_index_tidy(g->ix);
    large_compare(g);
    sw_index_free(g->ix);
    free(g);
}
END_TEST

int main(void)
{
    return RUN_SUITE("index model", TIMEOUT(240), LOOP(random_programs, (int)rounds(RUNS)),
                     TESTS(large_transactions));
}
