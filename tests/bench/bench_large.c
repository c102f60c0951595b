/*
 * bench_large.c - the index at sizes beyond bench_index.c.
 *
 *   bench_large [NAMES]     default 1000000; with LONG=1 100000000
 *
 * Three indexes in sequence:
 *
 *   large    a list of NAMES names: octets, adding, misses, hits, names that the gate lets through,
 *            a name out and another in, and the list replaced as a whole by a list that differs in
 *            a hundredth, with the highest need meanwhile
 *   lists    1,000 lists with a tenth of NAMES together, each name on a single list: look-ups, and
 *            the time to change, make and drop a list
 *   mixed    a tenth of NAMES as names, and a tenth of that as prefixes of every length from 8 to
 *            32 (IPv4) and from 16 to 128 (IPv6), equally many of each
 *
 * A part without enough memory is skipped, as the output says. Names are made singly and kept
 * nowhere. Look-ups are timed as index_bench.h says; the median of three passes is printed.
 */
#include "index_bench.h"

#include <malloc.h>

#define LISTS      1000u
#define BYTES_EACH 21.0 /* octets for each name, the rest of the process included */

static char size[16]; /* "100m": the number of names, as in figures */

static void sized(const char *what, double value, const char *unit, size_t n)
{
    char name[64];
    snprintf(name, sizeof(name), "%s_%s", what, size);
    figure(name, value, unit, 0, n);
}

static double timed(const struct sw_index *index, size_t *found)
{
    double ns[3];
    for (unsigned i = 0; i < 3; i++)
        ns[i] = time_index(index, found);
    return median(ns, 3);
}

/* Misses of four labels and hits; every listed name that is asked for must be found. */
static void lookups(const struct sw_index *index, const char *what, size_t names)
{
    char name[64];
    size_t found;
    make_misses(index, 4);
    snprintf(name, sizeof(name), "%s_miss_ns", what);
    sized(name, timed(index, &found), "ns", QUERIES);
    must(found == 0 ? SW_OK : SW_EINVAL, "a name that is not listed was found");
    make_hits(names);
    snprintf(name, sizeof(name), "%s_hit_ns", what);
    sized(name, timed(index, &found), "ns", QUERIES);
    must(found == SHORT * BATCH ? SW_OK : SW_ENOTFOUND, "a listed name");
}

/* Octets of the index when more than *most. */
static void note_most(const struct sw_index *index, uint64_t i, size_t *most)
{
    size_t bytes = i % 64 == 0 ? sw_index_bytes(index) : 0;
    *most = bytes > *most ? bytes : *most;
}

/* Add made names to a list until the list has n; returns how many were made, as some come twice. */
static uint64_t fill_up(struct sw_index *index, sw_list_id id, uint64_t from, size_t n,
                        size_t *most)
{
    uint64_t i = from;
    for (size_t have = 0; have < n; i++) {
        struct sw_indicator ind = nth(i);
        enum sw_status status = sw_index_add(index, id, &ind);
        must(status == SW_EEXIST ? SW_OK : status, "add");
        have += status == SW_OK;
        note_most(index, i, most);
    }
    return i;
}

static void bench_updates(struct sw_index *index, sw_list_id id, uint64_t made)
{
    enum { PAIRS = 200000 };
    double start = now_ns();
    for (uint64_t i = 0; i < PAIRS; i++) {
        struct sw_indicator out = nth(scramble(i) % made), in = nth((UINT64_C(1) << 41) + i);
        (void)sw_index_remove(index, id, &out);
        (void)sw_index_add(index, id, &in);
    }
    sized("large_updates_per_s", 2e9 * PAIRS / (now_ns() - start), "1/s", 2 * (size_t)PAIRS);
}

static void bench_replaced(struct sw_index *index, sw_list_id id, size_t n, uint64_t made)
{
    sw_list_id staged;
    size_t most = 0;
    double before = (double)sw_index_bytes(index), start = now_ns();
    must(sw_index_stage_begin(index, id, &staged), "stage_begin");
    (void)fill_up(index, staged, made / 100, n, &most);
    double swap = now_ns();
    must(sw_index_stage_swap(index, &id, staged), "stage_swap");
    sized("large_replace_s", (now_ns() - start) / 1e9, "s", n);
    sized("large_swap_ms", (now_ns() - swap) / 1e6, "ms", n);
    sized("large_replace_peak", (double)most / before, "ratio", n);
    must(sw_index_count(index, id) == n ? SW_OK : SW_EINVAL, "count after the replacement");
}

static void bench_names(size_t n)
{
    sw_list_id id;
    size_t found, most = 0;
    double before = resident();
    struct sw_index *index = new_index(&id);
    double start = now_ns();
    must(sw_index_reserve(index, n), "reserve");
    uint64_t made = fill_up(index, id, 0, n, &most);
    double took = now_ns() - start;
    printf("\n%zu names on one list, %llu made\n", n, (unsigned long long)made);
    must(sw_index_count(index, id) == n ? SW_OK : SW_EINVAL, "count");
    sized("large_bytes", (resident() - before) / (double)n, "B", n);
    sized("large_peak", (double)most / (double)sw_index_bytes(index), "ratio", n);
    sized("large_add_s", took / 1e9, "s", n);
    sized("large_add_ns", took / (double)made, "ns", made);
    lookups(index, "large", made);
    queries.passed = true;
    make_misses(index, 4);
    sized("large_passed_ns", timed(index, &found), "ns", QUERIES);
    queries.passed = false;
    bench_updates(index, id, made);
    bench_replaced(index, id, n, made);
    sw_index_free(index);
}

/* ---- many lists ---- */

static struct sw_policy list_policy(unsigned i)
{
    struct sw_policy policy;
    char name[32];
    snprintf(name, sizeof(name), "list-%u", i);
    sw_policy_init(&policy, name);
    policy.priority = (uint16_t)i;
    return policy;
}

static void set_lists(struct sw_index *index, sw_list_id *ids)
{
    double start = now_ns();
    for (unsigned i = 0; i < LISTS; i++) {
        struct sw_policy policy = list_policy(i);
        must(sw_index_list_set(index, &policy, &ids[i]), "list_set");
    }
    sized("lists_set_us", (now_ns() - start) / 1e3 / LISTS, "us", LISTS);
}

/* A list's policy changed, the list dropped, the rules taken out, and the list made again with the
 * same names. */
static void bench_one_of_many(struct sw_index *index, sw_list_id *ids, size_t n)
{
    struct sw_policy policy = list_policy(500);
    size_t most = 0;
    double start = now_ns();
    policy.priority = 1;
    must(sw_index_list_set(index, &policy, &ids[500]), "list_set");
    sized("lists_policy_us", (now_ns() - start) / 1e3, "us", 1);
    start = now_ns();
    must(sw_index_list_drop(index, ids[500]), "list_drop");
    sized("lists_drop_us", (now_ns() - start) / 1e3, "us", 1);
    start = now_ns();
    sw_index_tidy(index);
    sized("lists_tidy_ms", (now_ns() - start) / 1e6, "ms", 1);
    start = now_ns();
    must(sw_index_list_set(index, &policy, &ids[500]), "list_set");
    (void)fill_up(index, ids[500], UINT64_C(1) << 43, n, &most);
    sized("lists_again_ms", (now_ns() - start) / 1e6, "ms", n);
}

static void bench_lists(size_t n)
{
    static sw_list_id ids[LISTS];
    double before = resident();
    struct sw_index *index = need(sw_index_new());
    printf("\n%zu names on %u lists\n", n, LISTS);
    set_lists(index, ids);
    must(sw_index_reserve(index, n), "reserve");
    for (uint64_t i = 0; i < n; i++) {
        struct sw_indicator ind = nth(i);
        enum sw_status status = sw_index_add(index, ids[i % LISTS], &ind);
        must(status == SW_EEXIST ? SW_OK : status, "add");
    }
    sized("lists_bytes", (resident() - before) / (double)n, "B", n);
    lookups(index, "lists", n);
    bench_one_of_many(index, ids, n / LISTS);
    sw_index_free(index);
}

/* ---- prefixes of every length ---- */

static struct sw_indicator nth_of_every_length(uint64_t i)
{
    struct sw_indicator ind = nth_prefix(i);
    unsigned plen = ind.addr.family == 4 ? 8 + (unsigned)(i % 25) : 16 + (unsigned)(i % 113);
    uint64_t r[2] = {scramble(i), scramble(~i)};
    memcpy(ind.addr.octets, r, ind.addr.family == 4 ? 4 : 16);
    ind.addr.octets[0] = ind.addr.family == 6 ? 0x20 : ind.addr.octets[0];
    sw_addr_mask(&ind.addr, plen);
    return ind;
}

static void bench_mixed(size_t names, size_t prefixes)
{
    sw_list_id id;
    size_t most = 0, tries = 0;
    double before = resident();
    struct sw_index *index = new_index(&id);
    must(sw_index_reserve(index, names + prefixes), "reserve");
    uint64_t made = fill_up(index, id, 0, names, &most);
    double start = now_ns();
    for (; sw_index_count(index, id) < names + prefixes; tries++) {
        struct sw_indicator ind = nth_of_every_length(tries);
        enum sw_status status = sw_index_add(index, id, &ind);
        must(status == SW_EEXIST ? SW_OK : status, "add");
    }
    printf("\n%zu names and %zu prefixes of every length\n", names, prefixes);
    sized("mixed_prefix_add_ns", (now_ns() - start) / (double)tries, "ns", tries);
    sized("mixed_bytes", (resident() - before) / (double)(names + prefixes), "B", names + prefixes);
    lookups(index, "mixed", made);
    sized("mixed_prefix4_ns", time_addresses(index, 4), "ns", QUERIES);
    sized("mixed_prefix6_ns", time_addresses(index, 6), "ns", QUERIES);
    sw_index_free(index);
}

int main(int argc, char **argv)
{
    const char *more = getenv("LONG");
    size_t n = more && more[0] != '\0' ? 100000000 : 1000000;
    n = argc > 1 ? strtoull(argv[1], NULL, 10) : n;
    snprintf(size, sizeof(size), n >= 1000000 ? "%zum" : "%zuk",
             n / (n >= 1000000 ? 1000000 : 1000));
    open_figures();
    memset(queries.again, 1, sizeof(queries.again)); /* resident from now on */
    printf("  %-28s %12s\n", "figure", "value");
    if (has_room("names on one list", BYTES_EACH * (double)n))
        bench_names(n);
    (void)malloc_trim(0);
    if (has_room("1,000 lists", BYTES_EACH * (double)n / 10)) {
        bench_lists(n / 10);
        bench_mixed(n / 10, n / 100);
    }
    return fclose(json) != 0;
}
