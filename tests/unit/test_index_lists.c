/*
 * test_index_lists.c - lists of the index: policies, replacing, dropping, ids; then sizes:
 * growing, shrinking, many combinations, the filter.
 */
#include "index_words.h"

#include "index/impl.h"
#include "rounds.h"
#include "suite.h"

/* ---- lists ---- */

START_TEST(adding_and_removing_says_what_happened)
{
    sw_list_id a = list("a"), b = list("b");
    ck_assert_int_eq(add(a, "n.test"), SW_OK);
    ck_assert_int_eq(add(a, "n.test"), SW_EEXIST);
    ck_assert_int_eq(add(a, "=n.test"), SW_OK);
    ck_assert_int_eq(del(b, "n.test"), SW_ENOTFOUND);
    ck_assert_int_eq(del(a, "*.n.test"), SW_ENOTFOUND);
    ck_assert_int_eq(del(a, "x.n.test"), SW_ENOTFOUND);
    ck_assert(has(a, "n.test") && has(a, "=n.test"));
    ck_assert(!has(a, "*.n.test") && !has(b, "n.test") && !has(a, "x.n.test"));
    ck_assert_uint_eq(sw_index_count(ix, a), 2);
    ck_assert_int_eq(del(a, "n.test"), SW_OK);
    ck_assert_int_eq(del(a, "n.test"), SW_ENOTFOUND);
    ck_assert_uint_eq(sw_index_count(ix, a), 1);
    ck_assert_int_eq(add(77, "n.test"), SW_EINVAL);
    ck_assert_int_eq(add(SW_LISTS_MAX, "n.test"), SW_EINVAL);
    ck_assert_int_eq(del(77, "n.test"), SW_ENOTFOUND);
    ck_assert_uint_eq(sw_index_count(ix, 77), 0);
}
END_TEST

START_TEST(a_new_policy_for_a_list)
{
    sw_list_id a = list_with("a", 1);
    must_add(a, "n.test");
    ck_assert_uint_eq(list_with("a", 2), a);
    ck_assert_uint_eq(sw_index_count(ix, a), 1);
    struct sw_hit hits[1];
    uint8_t wire[SW_NAME_MAX];
    ck_assert_uint_eq(find_wire(wire, wire_of("n.test", wire), hits, 1), 1);
    ck_assert_uint_eq(hits[0].list->priority, 2);
    struct sw_view view = sw_index_view(ix);
    ck_assert_ptr_eq(sw_view_list(&view, a), hits[0].list);
    struct sw_policy nameless;
    sw_policy_init(&nameless, "x");
    nameless.name[0] = '\0';
    ck_assert_int_eq(sw_index_list_set(ix, &nameless, &a), SW_EINVAL);
}
END_TEST

START_TEST(lists_are_found_and_counted)
{
    sw_list_id a = list("a"), b = list("b"), id = 99, staged, ids[2];
    ck_assert_uint_ne(a, b);
    ck_assert_int_eq(sw_index_list_find(ix, "b", &id), SW_OK);
    ck_assert_uint_eq(id, b);
    ck_assert_int_eq(sw_index_list_find(ix, "c", &id), SW_ENOTFOUND);
    ck_assert_uint_eq(id, b);
    ck_assert_int_eq(sw_index_stage_begin(ix, a, &staged), SW_OK);
    ck_assert_uint_eq(sw_index_lists(ix, ids, 2), 2);
    ck_assert(ids[0] == a && ids[1] == b);
    ck_assert_uint_eq(sw_index_lists(ix, NULL, 0), 2);
    ck_assert_int_eq(sw_index_list_drop(ix, a), SW_OK);
    ck_assert_int_eq(sw_index_list_drop(ix, a), SW_ENOTFOUND);
    ck_assert_uint_eq(sw_index_lists(ix, ids, 2), 1);
    ck_assert_int_eq(sw_index_stage_swap(ix, &a, staged), SW_ENOTFOUND);
    sw_index_stage_abandon(ix, staged);
}
END_TEST

START_TEST(a_dropped_list_takes_only_its_own)
{
    sw_list_id a = list("a"), b = list("b");
    must_add(a, "n.test");
    must_add(b, "n.test");
    must_add(a, "m.test");
    ck_assert_int_eq(sw_index_list_drop(ix, a), SW_OK);
    ck_assert_str_eq(name_hits("n.test"), "b n.test");
    ck_assert_str_eq(name_hits("m.test"), "");
    ck_assert_int_eq(add(a, "m.test"), SW_EINVAL);
}
END_TEST

START_TEST(a_replaced_list_changes_at_one_moment)
{
    sw_list_id a = list_with("a", 7), b = list("b"), before = a, staged;
    must_add(a, "old.test");
    must_add(a, "both.test");
    must_add(b, "old.test");
    ck_assert_int_eq(sw_index_stage_begin(ix, a, &staged), SW_OK);
    must_add(staged, "new.test");
    must_add(staged, "both.test");
    ck_assert_int_eq(add(staged, "both.test"), SW_EEXIST);
    ck_assert_str_eq(name_hits("old.test"), "a old.test, b old.test");
    ck_assert_str_eq(name_hits("new.test"), "");
    ck_assert_str_eq(name_hits("both.test"), "a both.test");
    ck_assert_uint_eq(sw_index_count(ix, staged), 2);
    ck_assert_int_eq(sw_index_stage_swap(ix, &a, staged), SW_OK);
    ck_assert_uint_eq(a, staged);
    ck_assert_uint_ne(a, before);
    ck_assert_str_eq(name_hits("old.test"), "b old.test");
    ck_assert_str_eq(name_hits("new.test"), "a new.test");
    ck_assert_str_eq(name_hits("both.test"), "a both.test");
    ck_assert_uint_eq(sw_index_count(ix, a), 2);
    struct sw_view view = sw_index_view(ix);
    ck_assert_uint_eq(sw_view_list(&view, a)->priority, 7);
    ck_assert_ptr_null(sw_view_list(&view, before));
}
END_TEST

START_TEST(an_abandoned_stage_leaves_nothing)
{
    sw_list_id a = list("a"), staged;
    must_add(a, "old.test");
    ck_assert_int_eq(sw_index_stage_begin(ix, a, &staged), SW_OK);
    must_add(staged, "new.test");
    sw_index_stage_abandon(ix, staged);
    sw_index_stage_abandon(ix, staged);
    ck_assert_int_eq(add(staged, "new.test"), SW_EINVAL);
    ck_assert_int_eq(sw_index_stage_swap(ix, &a, staged), SW_ENOTFOUND);
    ck_assert_int_eq(sw_index_stage_begin(ix, 500, &staged), SW_ENOTFOUND);
    ck_assert_str_eq(name_hits("old.test"), "a old.test");
    ck_assert_str_eq(name_hits("new.test"), "");
}
END_TEST

START_TEST(two_stages_of_one_list)
{
    sw_list_id a = list("a"), s1, s2;
    ck_assert_int_eq(sw_index_stage_begin(ix, a, &s1), SW_OK);
    ck_assert_int_eq(sw_index_stage_begin(ix, a, &s2), SW_OK);
    must_add(s1, "one.test");
    must_add(s2, "two.test");
    ck_assert_int_eq(sw_index_stage_swap(ix, &a, s1), SW_OK);
    ck_assert_str_eq(name_hits("one.test"), "a one.test");
    ck_assert_int_eq(sw_index_stage_swap(ix, &a, s2), SW_OK);
    ck_assert_str_eq(name_hits("one.test"), "");
    ck_assert_str_eq(name_hits("two.test"), "a two.test");
}
END_TEST

/* Ids run out and come back: no id is given again before the rules of the id are gone. */
START_TEST(reused_ids_bring_nothing_back)
{
    sw_list_id keep = list("keep");
    for (unsigned i = 0; i < 20000; i++) { /* so many that drops alone never purge */
        char text[32];
        snprintf(text, sizeof(text), "k%u.test", i);
        must_add(keep, text);
    }
    for (unsigned i = 0; i < 3 * SW_LISTS_MAX; i++) {
        sw_list_id id = list("passing");
        ck_assert_uint_eq(sw_index_count(ix, id), 0);
        ck_assert_str_eq(name_hits("gone.test"), "");
        must_add(id, "gone.test");
        ck_assert_str_eq(name_hits("x.gone.test"), "passing gone.test");
        ck_assert_int_eq(sw_index_list_drop(ix, id), SW_OK);
    }
    ck_assert_str_eq(name_hits("k999.test"), "keep k999.test");
}
END_TEST

START_TEST(as_many_lists_as_allowed)
{
    struct sw_policy policy;
    sw_list_id id = 0;
    char name[SW_LISTNAME_MAX];
    for (unsigned i = 0; i < SW_LISTS_MAX; i++) {
        snprintf(name, sizeof(name), "l%u", i);
        must_add(list(name), "all.test");
    }
    sw_policy_init(&policy, "surplus");
    ck_assert_int_eq(sw_index_list_set(ix, &policy, &id), SW_ETOOBIG);
    ck_assert_int_eq(sw_index_stage_begin(ix, 3, &id), SW_ETOOBIG);
    struct sw_hit hits[HITS_MAX];
    uint8_t wire[SW_NAME_MAX];
    ck_assert_uint_eq(find_wire(wire, wire_of("all.test", wire), hits, HITS_MAX), HITS_MAX);
    ck_assert_int_eq(sw_index_list_drop(ix, 3), SW_OK);
    ck_assert_int_eq(sw_index_list_set(ix, &policy, &id), SW_OK);
    ck_assert_uint_eq(id, 3);
}
END_TEST

/* ---- size ---- */

static struct sw_indicator nth(unsigned i)
{
    char text[64];
    snprintf(text, sizeof(text), "host%u.example%u.test", i, i % 977);
    return ind(text);
}

static bool found(unsigned i)
{
    struct sw_indicator n = nth(i);
    struct sw_hit hits[1];
    return find_wire(n.name.wire, n.name.len, hits, 1) == 1;
}

/* How many of 0..n-1 are found wrongly, or missed wrongly; step: every step-th is listed. Counted,
 * since each assertion of Check is a system call. */
static unsigned wrong(unsigned n, unsigned listed, unsigned step)
{
    unsigned bad = 0;
    for (unsigned i = 0; i < n; i += rounds_step())
        bad += found(i) != (i < listed && i % step == 0);
    return bad;
}

START_TEST(it_grows_and_shrinks)
{
    enum { N = 200000, GATE = 256 << 10 };
    sw_list_id l = list("l");
    size_t empty = sw_index_bytes(ix);
    unsigned failed = 0;
    for (unsigned i = 0; i < N; i++) {
        struct sw_indicator n = nth(i);
        failed += sw_index_add(ix, l, &n) != SW_OK;
    }
    ck_assert_uint_eq(failed, 0);
    sw_index_tidy(ix);
    ck_assert_uint_le(sw_index_bytes(ix) - empty, (size_t)N * 24);
    ck_assert_uint_eq(wrong(2 * N, N, 1), 0);
    for (unsigned i = 0; i < N; i++) {
        struct sw_indicator n = nth(i);
        failed += i % 10 != 0 && sw_index_remove(ix, l, &n) != SW_OK;
    }
    ck_assert_uint_eq(failed, 0);
    ck_assert_uint_eq(wrong(N, N, 10), 0);
    sw_index_tidy(ix);
    ck_assert_uint_le(sw_index_bytes(ix) - empty, (size_t)N / 10 * 60 + GATE);
    for (unsigned i = 0; i < N; i += 10) {
        struct sw_indicator n = nth(i);
        failed += sw_index_remove(ix, l, &n) != SW_OK;
    }
    ck_assert_uint_eq(failed, 0);
    sw_index_tidy(ix);
    ck_assert_uint_le(sw_index_bytes(ix), empty + 100000); /* room for sets stays */
}
END_TEST

/* Former and new parts together, parts that wait for readers included, never take half as much
 * again as the final need, which is 20 octets for each name at most. */
START_TEST(growth_takes_little_beside)
{
    enum { STEP = 100000, STEPS = 5, GATE = 256 << 10 };
    sw_list_id l = list("l");
    for (int step = 0; step < STEPS; step++) {
        size_t most = 0;
        for (int i = step * STEP; i < (step + 1) * STEP; i++) {
            char name[32];
            snprintf(name, sizeof(name), "n%d.d%d.test", i, i / 2);
            must_add(l, name);
            size_t bytes = i % 8 == 0 ? sw_index_bytes(ix) : 0;
            most = bytes > most ? bytes : most;
        }
        sw_index_tidy(ix); /* nothing waits for readers any more */
        ck_assert_uint_le(most, sw_index_bytes(ix) * 3 / 2);
        ck_assert_uint_le(most, (size_t)(step + 1) * STEP * 30 + GATE);
    }
}
END_TEST

/* The most that was needed whenever a shard was about to change. */
static void note_most(void *arg, unsigned shard)
{
    size_t *most = arg, bytes = sw_index_bytes(ix);
    (void)shard;
    *most = bytes > *most ? bytes : *most;
}

/* Nor does giving memory back, after lists have gone and after names have. */
START_TEST(shrinking_takes_little_beside)
{
    enum { N = 300000 };
    sw_list_id l = list("l"), gone = list("gone");
    size_t most = 0;
    const struct sw_table_watch watch = {note_most, &most};
    unsigned failed = 0;
    for (unsigned i = 0; i < N; i++) {
        struct sw_indicator n = nth(i);
        failed += sw_index_add(ix, i % 2 == 0 ? l : gone, &n) != SW_OK;
    }
    for (int step = 0; step < 2; step++) {
        size_t before = sw_index_bytes(ix);
        most = 0;
        ix->table.watch = &watch;
        if (step == 0)
            ck_assert_int_eq(sw_index_list_drop(ix, gone), SW_OK);
        for (unsigned i = 0; step == 1 && i < N; i += 2) {
            struct sw_indicator n = nth(i);
            failed += i % 16 != 0 && sw_index_remove(ix, l, &n) != SW_OK;
        }
        sw_index_tidy(ix);
        ix->table.watch = NULL;
        ck_assert_uint_gt(most, 0);
        ck_assert_uint_le(most, before * 3 / 2);
        ck_assert_uint_lt(sw_index_bytes(ix), before * 3 / 4);
    }
    ck_assert_uint_eq(failed, 0);
    ck_assert_uint_eq(wrong(N, N, 16), 0);
}
END_TEST

/* An indicator without an end pays nothing for ends; a removed end leaves nothing but room. */
START_TEST(ends_cost_only_who_has_one)
{
    sw_list_id l = list("l");
    for (unsigned i = 0; i < 1000; i++) {
        struct sw_indicator n = nth(i);
        ck_assert_int_eq(sw_index_add_until(ix, l, &n, 0), SW_OK);
    }
    ck_assert_uint_eq(ix->expiry.bytes, 0);
    struct sw_indicator one = nth(0);
    ck_assert_int_eq(sw_index_add_until(ix, l, &one, 5), SW_EEXIST);
    ck_assert_uint_gt(ix->expiry.bytes, 0);
    ck_assert_uint_le(ix->expiry.bytes, 4096);
}
END_TEST

/* A key keeps the slot when removed, but a filter that is built meanwhile does not know the key:
 * shards are filled until the first grows and all filters move. */
START_TEST(what_comes_back_is_found)
{
    enum { N = 54000, MORE = 66000 };
    sw_list_id l = list("l");
    unsigned failed = 0;
    for (unsigned i = 0; i < N; i++) {
        struct sw_indicator n = nth(i);
        failed += sw_index_add(ix, l, &n) != SW_OK;
    }
    for (unsigned i = 0; i < N; i += 16) {
        struct sw_indicator n = nth(i);
        failed += sw_index_remove(ix, l, &n) != SW_OK;
    }
    for (unsigned i = N; i < MORE; i++) {
        struct sw_indicator n = nth(i);
        failed += sw_index_add(ix, l, &n) != SW_OK;
        if (i % 64 != 0)
            continue;
        struct sw_indicator back = nth((i - N) / 64 * 16);
        failed += sw_index_add(ix, l, &back) != SW_OK;
        failed += !found((i - N) / 64 * 16);
    }
    ck_assert_uint_eq(failed, 0);
}
END_TEST

START_TEST(reserving_is_only_a_hint)
{
    sw_list_id l = list("l");
    must_add(l, "n.test");
    ck_assert_int_eq(sw_index_reserve(ix, 100000), SW_OK);
    size_t bytes = sw_index_bytes(ix);
    ck_assert_uint_ge(bytes, 100000 * 17);
    ck_assert_int_eq(sw_index_reserve(ix, 10), SW_OK);
    ck_assert_uint_eq(sw_index_bytes(ix), bytes);
    for (unsigned i = 0; i < 100000; i++) {
        struct sw_indicator ind = nth(i);
        ck_assert_int_eq(sw_index_add(ix, l, &ind), SW_OK);
    }
    ck_assert_uint_le(sw_index_bytes(ix), bytes + bytes / 10);
    ck_assert_int_eq(sw_index_reserve(ix, 100000), SW_OK);
    size_t more = sw_index_bytes(ix);
    ck_assert_uint_ge(more, 200000 * 17);
    ck_assert_str_eq(name_hits("n.test"), "l n.test");
    ck_assert_int_eq(sw_index_reserve(ix, SIZE_MAX), SW_ENOMEM);
    sw_index_tidy(ix);
    ck_assert_uint_lt(sw_index_bytes(ix), more - 50000 * 17);
    ck_assert_str_eq(name_hits("n.test"), "l n.test");
}
END_TEST

/* Each indicator in another combination of 13 lists: 8,191 different sets, made and given up. */
START_TEST(many_different_combinations)
{
    enum { LISTS = 13 };
    sw_list_id ids[LISTS];
    char name[16];
    for (unsigned k = 0; k < LISTS; k++) {
        snprintf(name, sizeof(name), "l%u", k);
        ids[k] = list(name);
    }
    unsigned failed = 0;
    for (unsigned round = 0; round < 2; round++) {
        for (unsigned i = 1; i < 1u << LISTS; i++) {
            struct sw_indicator n = nth(i);
            for (unsigned k = 0; k < LISTS; k++)
                failed += (i >> k & 1) && sw_index_add(ix, ids[k], &n) != SW_OK;
        }
        for (unsigned i = 1; i < 1u << LISTS; i++) {
            struct sw_indicator n = nth(i);
            struct sw_hit hits[HITS_MAX];
            size_t want = (size_t)__builtin_popcount(i);
            failed += find_wire(n.name.wire, n.name.len, hits, HITS_MAX) != want;
        }
        ck_assert_uint_eq(failed, 0);
        for (unsigned k = 0; k < LISTS; k += 2) {
            ck_assert_int_eq(sw_index_list_drop(ix, ids[k]), SW_OK);
            snprintf(name, sizeof(name), "l%u", k);
            ids[k] = list(name);
        }
        for (unsigned i = 1; i < 1u << LISTS; i++) {
            struct sw_indicator n = nth(i);
            for (unsigned k = 1; k < LISTS; k += 2)
                failed += (i >> k & 1) && sw_index_remove(ix, ids[k], &n) != SW_OK;
            failed += found(i);
        }
        ck_assert_uint_eq(failed, 0);
    }
}
END_TEST

/* The filter is there to be asked instead of the table: the filter has to say no nearly always. */
/* More pairs of 1,000 lists than a million, as many public lists that overlap have. */
START_TEST(more_than_a_million_combinations)
{
    struct sw_sets *sets = calloc(1, sizeof(*sets));
    struct sw_retire *retire = calloc(1, sizeof(*retire));
    uint32_t one[1000], two;
    ck_assert(sets && retire);
    ck_assert_int_eq(sw_sets_init(sets, retire, 1, UINT64_C(0x9E3779B97F4A7C15)), SW_OK);
    for (uint16_t class = 2; class < 5; class ++) { /* names of 2, 3 and 4 labels */
        for (sw_list_id i = 0; i < 1000; i++)
            ck_assert_int_eq(sw_sets_with(sets, 0, class, sw_rule_of(i, SW_FORM_SUBTREE), &one[i]),
                             SW_OK);
        for (sw_list_id i = 0; i < 1000; i++)
            for (sw_list_id k = i + 1; k < 1000; k++)
                ck_assert_int_eq(
                    sw_sets_with(sets, one[i], class, sw_rule_of(k, SW_FORM_SUBTREE), &two), SW_OK);
    }
    ck_assert_uint_eq(sets->n, 3 * (1000 + 1000 * 999 / 2));
    ck_assert_uint_eq(sw_set_get(sets, two)->n, 2);
    sw_retire_drain(retire);
    sw_sets_free(sets);
    free(retire);
    free(sets);
}
END_TEST

/* At the end of the references: existing indicators stay, and a set that goes makes room for
 * another. */
START_TEST(no_room_for_a_combination)
{
    sw_list_id a = list("a"), b = list("b"), c = list("c");
    must_add(a, "n.test");
    must_add(b, "m.test");
    ix->sets.last = ix->sets.next - 1;
    ck_assert_int_eq(add(b, "n.test"), SW_ETOOBIG);
    ck_assert(has(a, "n.test") && has(b, "m.test") && !has(b, "n.test"));
    ck_assert_uint_eq(sw_index_count(ix, b), 1);
    must_add(b, "x.test"); /* in a combination that is there */
    ck_assert_int_eq(del(a, "n.test"), SW_OK);
    ck_assert_int_eq(add(c, "m.test"), SW_OK); /* in place of the removed set */
    ck_assert_int_eq(add(a, "x.test"), SW_ETOOBIG);
    ck_assert(has(b, "m.test") && has(c, "m.test") && has(b, "x.test") && !has(a, "x.test"));
}
END_TEST

START_TEST(the_filter_lets_few_pass)
{
    enum { N = 60000 }; /* shards full to the limit: the worst case */
    struct sw_hash_key key;
    struct sw_table *table = calloc(1, sizeof(*table));
    struct sw_retire *retire = calloc(1, sizeof(*retire));
    ck_assert(table && retire && sw_hash_key_init(&key) == SW_OK);
    sw_table_init(table, retire);
    unsigned passed = 0, failed = 0;
    for (uint32_t i = 0; i < N; i++)
        failed += sw_table_put(table, sw_hash_asn(&key, i), SW_REF_FIRST + i) != SW_OK;
    for (uint32_t i = 0; i < 2 * N; i++) {
        struct sw_digest d = sw_hash_asn(&key, i);
        sw_filter filter = sw_table_filter(table, d.a);
        bool may = sw_filter_may_have(sw_filter_line_of(filter, d.a), d.a);
        failed += sw_table_get(table, d) != (i < N ? SW_REF_FIRST + i : 0);
        failed += !may && i < N;
        passed += may && i >= N;
    }
    ck_assert_uint_eq(failed, 0);
    ck_assert_uint_lt(passed, N * 3 / 100);
    sw_retire_drain(retire);
    sw_table_free(table);
    free(retire);
    free(table);
}
END_TEST

/* A key is found by all its 96 bits: by no key that differs in a bit, in the same bucket or
 * removed. */
START_TEST(a_key_is_compared_whole)
{
    struct sw_table *table = calloc(1, sizeof(*table));
    struct sw_retire *retire = calloc(1, sizeof(*retire));
    const struct sw_digest d = {UINT64_C(0x0123456789abcdef), UINT64_C(0xa5a5a5a5)};
    ck_assert(table && retire);
    sw_table_init(table, retire);
    for (unsigned round = 0; round < 2; round++) {
        ck_assert_int_eq(sw_table_put(table, d, SW_REF_FIRST), SW_OK);
        for (unsigned k = 0; k < 64 + SW_DIGEST_B_BITS; k++) {
            struct sw_digest other = d;
            *(k < 64 ? &other.a : &other.b) ^= UINT64_C(1) << k % 64;
            ck_assert_uint_eq(sw_table_get(table, other), round == 0 ? 0 : SW_REF_FIRST + 1 + k);
            ck_assert_int_eq(sw_table_put(table, other, SW_REF_FIRST + 1 + k), SW_OK);
        }
        ck_assert_uint_eq(sw_table_get(table, d), SW_REF_FIRST);
        sw_table_remove(table, d);
        ck_assert_uint_eq(sw_table_get(table, d), 0);
    }
    sw_retire_drain(retire);
    sw_table_free(table);
    free(retire);
    free(table);
}
END_TEST

int main(void)
{
    return RUN_SUITE(
        "index lists", TIMEOUT(120), FIXTURE(setup, teardown),
        TESTS(adding_and_removing_says_what_happened, a_new_policy_for_a_list,
              lists_are_found_and_counted, a_dropped_list_takes_only_its_own,
              a_replaced_list_changes_at_one_moment, an_abandoned_stage_leaves_nothing,
              two_stages_of_one_list, reused_ids_bring_nothing_back, as_many_lists_as_allowed,
              it_grows_and_shrinks, growth_takes_little_beside, shrinking_takes_little_beside,
              ends_cost_only_who_has_one, what_comes_back_is_found, reserving_is_only_a_hint,
              many_different_combinations, more_than_a_million_combinations,
              no_room_for_a_combination, the_filter_lets_few_pass, a_key_is_compared_whole));
}
