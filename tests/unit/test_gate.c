/*
 * test_gate.c - the gate alone: the names that pass while the gate grows; and in the index: when a
 * gate that was filled aside takes over.
 */
#include "index_hits.h"

#include "index/image.h"
#include "index/impl.h"
#include "rounds.h"
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* A digest: SplitMix64's finisher. */
static uint64_t digest(uint64_t i)
{
    i += UINT64_C(0x9E3779B97F4A7C15);
    i = (i ^ i >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    i = (i ^ i >> 27) * UINT64_C(0x94D049BB133111EB);
    return i ^ i >> 31;
}

static bool may_have(const struct sw_gates *gates, uint64_t a)
{
    struct sw_gate_ask ask;
    return sw_gate_first(gates, a, &ask) && sw_gate_second(&ask);
}

static unsigned passing(const struct sw_gates *gates, uint64_t from, uint64_t to)
{
    unsigned n = 0;
    for (uint64_t i = from; i < to; i++)
        n += may_have(gates, digest(i));
    return n;
}

static void gates_over(struct sw_gates *gates, struct sw_retire *retire)
{
    sw_retire_drain(retire);
    sw_gates_free(gates);
    ck_assert_uint_eq(gates->bytes, 0);
}

static void add_all(struct sw_gates *gates, uint64_t from, uint64_t to)
{
    for (uint64_t i = from; i < to; i++) {
        if (sw_gate_add(gates, digest(i), i) != SW_OK)
            ck_abort_msg("%llu", (unsigned long long)i);
    }
}

/* Announced, late or not, no added name is kept out; announced, a fiftieth of other names passes at
 * most, and after half of the size a twentieth. */
START_TEST(all_that_was_added_passes)
{
    enum { N = 500000 };
    const struct {
        size_t before, announced, others;
    } cases[] = {{0, N, N / 50}, {1000, N, N / 50}, {100000, N, N / 20}, {0, 0, N / 10}};
    for (unsigned k = 0; k < sizeof(cases) / sizeof(cases[0]); k++) {
        struct sw_retire retire = {.limit = 1u << 20};
        struct sw_gates gates;
        sw_gates_init(&gates, &retire);
        ck_assert(!may_have(&gates, digest(0)));
        add_all(&gates, 0, cases[k].before);
        ck_assert_int_eq(sw_gate_reserve(&gates, cases[k].announced), SW_OK);
        add_all(&gates, cases[k].before, N);
        ck_assert_uint_eq(passing(&gates, 0, N), N);
        ck_assert_uint_le(passing(&gates, N, 2 * N), cases[k].others);
        sw_retire_drain(&retire);
        ck_assert_uint_le(gates.bytes, 2 * N + N / 5);
        gates_over(&gates, &retire);
    }
}
END_TEST

/* The gate that is filled aside grows too when more names come than were announced, by its own
 * entries. */
START_TEST(the_next_one_grows)
{
    enum { N = 500000, MIN = 256 << 10 };
    struct sw_retire retire = {.limit = 1u << 20};
    struct sw_gates gates;
    sw_gates_init(&gates, &retire);
    add_all(&gates, 0, N);
    sw_gate_renew(&gates, 1);
    ck_assert_int_eq(sw_gate_add(&gates, digest(N), N), SW_OK);
    ck_assert_uint_eq(sw_gate_bytes(gates.next), MIN);
    sw_gate_renew(&gates, 1);
    add_all(&gates, N, 2 * N);
    sw_gate_promote(&gates);
    ck_assert_uint_eq(passing(&gates, N, 2 * N), N);
    ck_assert_uint_le(passing(&gates, 2 * N, 3 * N), N / 10);
    gates_over(&gates, &retire);
}
END_TEST

START_TEST(sizes_that_no_gate_has)
{
    static uint64_t words[1 << 15];
    struct sw_retire retire = {.limit = 1u << 20};
    struct sw_gates gates;
    sw_gates_init(&gates, &retire);
    ck_assert_int_eq(sw_gate_restore(&gates, words, 8), SW_EINVAL);
    ck_assert_int_eq(sw_gate_restore(&gates, words, sizeof(words) - 8), SW_EINVAL);
    ck_assert_int_eq(sw_gate_restore(&gates, words, SIZE_MAX), SW_EINVAL);
    ck_assert_int_eq(sw_gate_restore(&gates, words, sizeof(words)), SW_OK);
    gates_over(&gates, &retire);
}
END_TEST

/* ---- in the index ---- */

static struct sw_index *ix;

static void setup(void)
{
    ix = sw_index_new();
    ck_assert_ptr_nonnull(ix);
}

static void teardown(void)
{
    sw_index_free(ix);
}

static sw_list_id list(const char *name)
{
    struct sw_policy policy;
    sw_list_id id;
    sw_policy_init(&policy, name);
    ck_assert_int_eq(sw_index_list_set(ix, &policy, &id), SW_OK);
    return id;
}

static struct sw_indicator name(const char *text)
{
    struct sw_indicator ind;
    char why[SW_WHY_MAX];
    ck_assert_int_eq(sw_indicator_parse(text, strlen(text), &ind, why), SW_OK);
    return ind;
}

static void add(sw_list_id id, const char *text)
{
    struct sw_indicator ind = name(text);
    ck_assert_int_eq(sw_index_add(ix, id, &ind), SW_OK);
}

static size_t hits(const char *text)
{
    struct sw_indicator ind = name(text);
    struct sw_hit hit[HITS_MAX];
    struct sw_view view = sw_index_view(ix);
    return find_name(&view, ind.name.wire, ind.name.len, hit, HITS_MAX);
}

static sw_list_id stage(sw_list_id id)
{
    sw_list_id staged;
    ck_assert_int_eq(sw_index_stage_begin(ix, id, &staged), SW_OK);
    return staged;
}

static void swap(sw_list_id *id, sw_list_id staged)
{
    ck_assert_int_eq(sw_index_stage_swap(ix, id, staged), SW_OK);
}

/* The gate that is filled aside waits for every list that may have other names: also for a list
 * that was staged earlier. */
START_TEST(the_next_one_waits_for_all_lists)
{
    sw_list_id a = list("a"), b = list("b"), c = list("c");
    add(a, "one.test");
    add(b, "two.test");
    add(c, "192.0.2.0/24"); /* no names: not waited for */
    sw_list_id before = stage(b), again;
    add(before, "three.test");
    ck_assert_int_eq(sw_index_renew(ix, 500000), SW_OK);
    ck_assert_uint_ne(ix->gates.next, 0);
    again = stage(a);
    add(again, "four.test");
    add(b, "five.test");
    swap(&a, again);
    ck_assert_uint_ne(ix->gates.next, 0);
    swap(&b, before);
    ck_assert_uint_ne(ix->gates.next, 0);
    ck_assert(hits("x.three.test") == 1 && hits("four.test") == 1 && hits("one.test") == 0);
    again = stage(b);
    add(again, "three.test");
    swap(&b, again);
    ck_assert_uint_eq(ix->gates.next, 0);
    ck_assert(hits("three.test") == 1 && hits("x.four.test") == 1 && hits("two.test") == 0);
    ck_assert_int_eq(sw_index_list_drop(ix, a), SW_OK);
    ck_assert_int_eq(sw_index_list_drop(ix, b), SW_OK);
    sw_index_tidy(ix);
    ck_assert_uint_eq(ix->gates.current, 0);
    ck_assert_uint_eq(hits("three.test"), 0);
    b = list("b");
    add(b, "three.test");
    ck_assert_uint_eq(hits("y.x.three.test"), 1);
}
END_TEST

/* A list may be shown only after the others were read anew. */
START_TEST(what_was_staged_before_is_waited_for)
{
    sw_list_id a = list("a"), empty = list("empty"), before, again;
    add(a, "one.test");
    before = stage(empty);
    add(before, "two.test");
    ck_assert_int_eq(sw_index_renew(ix, 3), SW_OK);
    again = stage(a);
    add(again, "one.test");
    swap(&a, again);
    ck_assert_uint_ne(ix->gates.next, 0);
    swap(&empty, before);
    ck_assert(hits("x.two.test") == 1 && hits("one.test") == 1);
}
END_TEST

/* ---- growth, renewal and a file at once ---- */

enum { MANY = 450000 }; /* the smallest gate is doubled twice */

static struct sw_indicator nth(unsigned i)
{
    char text[64];
    snprintf(text, sizeof(text), i % 2 == 0 ? "n%u.test" : "=deep.n%u.co.uk", i);
    return name(text);
}

static void add_some(sw_list_id id, unsigned from, unsigned to, unsigned step)
{
    for (unsigned i = from; i < to; i += step) {
        struct sw_indicator ind = nth(i);
        if (sw_index_add(ix, id, &ind) != SW_OK)
            ck_abort_msg("add %u", i);
    }
}

/* All names with n % step == 0 in from..to are found, once, and no other name (rounds.h). */
static void found_just(unsigned from, unsigned to, unsigned step)
{
    struct sw_view view = sw_index_view(ix);
    for (unsigned i = 0; i < MANY; i += rounds_step()) {
        struct sw_indicator ind = nth(i);
        struct sw_hit hit[2];
        size_t n = find_name(&view, ind.name.wire, ind.name.len, hit, 2);
        if (n != (i >= from && i < to && i % step == 0))
            ck_abort_msg("%u: %zu hits", i, n);
    }
}

/* Into a file in the midst of all, and back: the file knows nothing of the next gate. */
static void through_a_file(void)
{
    int fd = memfd_create("image", MFD_CLOEXEC);
    struct sw_image *image = sw_image_begin(ix);
    struct sw_image_found found;
    char why[SW_WHY_MAX] = "";
    ck_assert(fd >= 0 && image);
    ck_assert_int_eq(sw_image_write(image, fd, "", 0, 1), SW_OK);
    sw_image_end(image);
    sw_index_free(ix);
    ck_assert_int_eq(sw_image_load(fd, &found, why), SW_OK);
    free(found.note);
    close(fd);
    ix = found.index;
    ck_assert_uint_eq(ix->gates.next, 0);
}

START_TEST(growth_while_a_next_one_is_filled)
{
    sw_list_id a = list("a"), b = list("b"), staged;
    add_some(a, 0, 50000, 1);
    ck_assert_int_eq(sw_index_renew(ix, 1), SW_OK);
    add_some(a, 50000, MANY, 1); /* into both: both grow */
    found_just(0, MANY, 1);
    through_a_file();
    found_just(0, MANY, 1);
    ck_assert_int_eq(sw_index_list_find(ix, "a", &a), SW_OK);
    ck_assert_int_eq(sw_index_list_find(ix, "b", &b), SW_OK);
    ck_assert_int_eq(sw_index_renew(ix, 1), SW_OK);
    ck_assert_uint_ne(ix->gates.next, 0);
    staged = stage(a);
    add_some(staged, 0, MANY, 3);
    through_a_file(); /* staged content is gone */
    found_just(0, MANY, 1);
    ck_assert_int_eq(sw_index_list_find(ix, "a", &a), SW_OK);
    ck_assert_int_eq(sw_index_renew(ix, 1), SW_OK);
    staged = stage(a);
    add_some(staged, 0, MANY, 3);
    swap(&a, staged);
    ck_assert_uint_eq(ix->gates.next, 0);
    found_just(0, MANY, 3);
    through_a_file();
    found_just(0, MANY, 3);
}
END_TEST

/* Names of a single label are found without the gate. */
START_TEST(short_names_need_no_gate)
{
    sw_list_id a = list("a");
    add(a, "zip");
    ck_assert_uint_eq(ix->gates.current, 0);
    ck_assert(hits("zip") == 1 && hits("a.zip") == 1 && hits("b.a.zip") == 1 &&
              hits("x.test") == 0);
    add(a, "c.b.a.zip");
    ck_assert(hits("d.c.b.a.zip") == 2 && hits("b.a.zip") == 1);
}
END_TEST

int main(void)
{
    return RUN_SUITE("gate", TIMEOUT(600),
                     TESTS(all_that_was_added_passes, the_next_one_grows, sizes_that_no_gate_has),
                     FIXTURE(setup, teardown),
                     TESTS(the_next_one_waits_for_all_lists, what_was_staged_before_is_waited_for,
                           short_names_need_no_gate, growth_while_a_next_one_is_filled));
}
