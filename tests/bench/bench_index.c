/*
 * bench_index.c - the index in figures, beside a sorted array and a qp-trie with the same names.
 *
 *   bench_index [MAX]     largest number of names, default 10000000
 *
 * For 1 k, 10 k, 100 k, 1 M and 10 M names (2, 3 or 4 labels each): resident octets for each name
 * (of the whole process, after minus before), the highest need while growing, look-ups that find
 * nothing (random names of 4 labels) and that hit, by number of labels, each further label, updates
 * in place. "passed" are names below the last two labels of a listed name, which the gate lets
 * through. Then an unannounced list, a list replaced as a whole, 1 M prefixes, and real names where
 * SINKWATCH_DATA has real names.
 *
 * Look-ups are timed as index_bench.h says. The baseline, which takes so much longer, is asked
 * SHORT batches. Of several passes over a million
 * queries, with the others' between, again the median is printed. The time of the memory alone is
 * measured in the same run, since neighbours on the same machine change it several times over.
 */
#include "index_baseline.h"
#include "index_bench.h"
#include "index_qptrie.h"

#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

/* ---- the sorted array and the trie ---- */

static void fill_sorted(struct sorted *s, size_t n)
{
    uint8_t wire[SW_NAME_MAX];
    for (uint64_t i = 0; i < n; i++) {
        listed_name(i, wire);
        sorted_add(s, wire);
    }
    sorted_finish(s);
}

static void fill_qp(struct qp *qp, size_t n)
{
    uint8_t wire[SW_NAME_MAX];
    for (uint64_t i = 0; i < n; i++) {
        listed_name(i, wire);
        qp_add(qp, wire);
    }
}

static double time_sorted(const struct sorted *s, size_t *found)
{
    static double batch[SHORT];
    *found = 0;
    for (size_t b = 0; b < SHORT; b++) {
        make_batch(b);
        double start = now_ns();
        size_t none = 0;
        for (size_t q = 0; q < BATCH; q++) {
            size_t n = sorted_find(s, batch_queries[q + none].wire);
            *found += n > 0;
            none = n >> 8;
        }
        batch[b] = (now_ns() - start) / BATCH;
    }
    return median(batch, SHORT);
}

static double time_qp(const struct qp *qp, size_t *found)
{
    static double batch[SHORT];
    *found = 0;
    for (size_t b = 0; b < SHORT; b++) {
        make_batch(b);
        double start = now_ns();
        size_t none = 0;
        for (size_t q = 0; q < BATCH; q++) {
            size_t n = qp_find(qp, batch_queries[q + none].wire);
            *found += n > 0;
            none = n >> 8;
        }
        batch[b] = (now_ns() - start) / BATCH;
    }
    return median(batch, SHORT);
}

/* All three in turn, for the queries that are set up: all must find the same names. */
static void compare(const struct sw_index *index, const struct sorted *s, const struct qp *qp,
                    const char *what, const char *size)
{
    char name[64];
    size_t ours, theirs, tries;
    double us[PASSES], them[PASSES], trie[PASSES];
    for (unsigned i = 0; i < PASSES; i++) {
        us[i] = time_index(index, &ours);
        them[i] = time_sorted(s, &theirs);
        trie[i] = time_qp(qp, &tries);
        if (ours != theirs || ours != tries) {
            fprintf(stderr,
                    "bench_index: the index finds %zu, the sorted array %zu, the trie %zu\n", ours,
                    theirs, tries);
            exit(1);
        }
    }
    double base = median(them, PASSES);
    snprintf(name, sizeof(name), "index_%s_ns_%s", what, size);
    figure(name, median(us, PASSES), "ns", base, QUERIES);
    printf("    of %u passes: %.1f to %.1f\n", PASSES, us[0], us[PASSES - 1]);
    snprintf(name, sizeof(name), "qptrie_%s_ns_%s", what, size);
    figure(name, median(trie, PASSES), "ns", base, SHORT * BATCH);
}

/* The cost of a further label, eight labels against four; *four is set to the time with four. */
static double further_label(const struct sw_index *index, double *four)
{
    double more[PASSES], base[PASSES];
    size_t found;
    for (unsigned i = 0; i < PASSES; i++) {
        make_misses(index, 4);
        base[i] = time_index(index, &found);
        make_misses(index, 8);
        more[i] = (time_index(index, &found) - base[i]) / 4;
    }
    *four = median(base, PASSES);
    return median(more, PASSES);
}

/* Misses of 2 to 8 labels when every number of labels occurs in the list, kept out by the gate and
 * let through. */
static void by_labels(struct sw_index *index, sw_list_id id, size_t n, const char *size)
{
    char name[64];
    double four;
    size_t found;
    for (unsigned labels = 5; labels <= 8; labels++) {
        struct sw_indicator ind = {.type = SW_INDICATOR_DOMAIN, .form = SW_FORM_SUBTREE};
        ind.name.len = (uint8_t)make_name(UINT64_C(1) << 50, labels, ind.name.wire);
        must(sw_index_add(index, id, &ind), "add");
    }
    for (unsigned labels = 2; labels <= 8; labels += 2) {
        make_misses(index, labels);
        snprintf(name, sizeof(name), "index_miss_%ulabels_ns_%s", labels, size);
        figure(name, time_index(index, &found), "ns", 0, QUERIES);
    }
    snprintf(name, sizeof(name), "index_label_ns_%s", size);
    figure(name, further_label(index, &four), "ns", 0, QUERIES);
    queries.passed = true;
    queries.listed = n;
    double more = further_label(index, &four);
    queries.passed = false;
    snprintf(name, sizeof(name), "index_passed_ns_%s", size);
    figure(name, four, "ns", 0, QUERIES);
    snprintf(name, sizeof(name), "index_passed_label_ns_%s", size);
    figure(name, more, "ns", 0, QUERIES);
}

/* A name out, another in, at a constant size. */
static void updates(struct sw_index *index, sw_list_id id, size_t n, const char *size)
{
    enum { PAIRS = 200000 };
    char name[64];
    size_t pairs = n < PAIRS ? n : PAIRS;
    struct sw_indicator *out = need(malloc(2 * pairs * sizeof(*out))), *in = out + pairs;
    double *took = need(malloc(pairs * sizeof(*took)));
    for (uint64_t i = 0; i < pairs; i++) {
        out[i] = nth(scramble(i) % n);
        in[i] = nth((UINT64_C(1) << 41) + i);
    }
    double start = now_ns(), last = start;
    for (size_t i = 0; i < pairs; i++) {
        (void)sw_index_remove(index, id, &out[i]);
        (void)sw_index_add(index, id, &in[i]);
        double t = now_ns();
        took[i] = (t - last) / 1000;
        last = t;
    }
    snprintf(name, sizeof(name), "index_updates_per_s_%s", size);
    figure(name, 2e9 * (double)pairs / (last - start), "1/s", 0, 2 * pairs);
    qsort(took, pairs, sizeof(*took), by_value);
    snprintf(name, sizeof(name), "index_update_p99_us_%s", size);
    figure(name, took[pairs / 100 * 99], "us", 0, pairs);
    snprintf(name, sizeof(name), "index_update_max_us_%s", size);
    figure(name, took[pairs - 1], "us", 0, pairs);
    free(took);
    free(out);
}

static void bench_size(size_t n, const char *size)
{
    char name[64];
    sw_list_id id;
    size_t same;
    (void)malloc_trim(0); /* memory that the former size has freed */
    double before = resident();
    struct sw_index *index = new_index(&id);
    double start = now_ns();
    must(sw_index_reserve(index, n), "reserve");
    size_t most = fill(index, id, n, &same);
    double fill_ns = (now_ns() - start) / (double)n;
    size_t count = sw_index_count(index, id);
    double bytes = resident() - before, need_now = (double)sw_index_bytes(index);
    struct sorted s = {0};
    fill_sorted(&s, n);
    struct qp qp = {0};
    (void)malloc_trim(0); /* memory that the array freed while growing is not to be the trie's */
    double qp_bytes = resident();
    fill_qp(&qp, n);
    qp_bytes = resident() - qp_bytes;
    printf("\n%zu names, %zu of them twice\n", n, same);
    if (n >= 1000000) { /* at smaller sizes the memory is mostly the base of any index */
        snprintf(name, sizeof(name), "index_bytes_%s", size);
        figure(name, bytes / (double)count, "B", (double)sorted_bytes(&s) / (double)n, count);
        snprintf(name, sizeof(name), "qptrie_bytes_%s", size);
        figure(name, qp_bytes / (double)count, "B", (double)sorted_bytes(&s) / (double)n, count);
    }
    snprintf(name, sizeof(name), "index_grow_peak_%s", size);
    figure(name, (double)most / need_now, "ratio", 0, count);
    snprintf(name, sizeof(name), "index_add_ns_%s", size);
    figure(name, fill_ns, "ns", 0, n);
    make_misses(index, 4);
    compare(index, &s, &qp, "miss", size);
    make_hits(n);
    compare(index, &s, &qp, "hit", size);
    sorted_free(&s);
    qp_free(&qp);
    by_labels(index, id, n, size);
    updates(index, id, n, size);
    sw_index_free(index);
}

/* The time of the memory alone, at this moment and with these neighbours: so many random lines at
 * once, each time after the former lines arrived, out of so much memory. */
static void bench_memory(const char *name, unsigned lines, unsigned mib)
{
    static double batch[BATCH];
    size_t bytes = (size_t)mib << 20, at[3] = {0, 1, 2};
    uint8_t *map = need(aligned_alloc(2u << 20, bytes));
    (void)madvise(map, bytes, MADV_HUGEPAGE);
    memset(map, 0, bytes);
    uint64_t r = 1;
    for (size_t b = 0; b < BATCH; b++) {
        double start = now_ns();
        for (size_t i = 0; i < BATCH; i++) {
            unsigned sum = 0;
            for (unsigned k = 0; k < lines; k++)
                sum += *(volatile uint8_t *)&map[at[k] % (bytes / 64) * 64];
            r = r * UINT64_C(6364136223846793005) + sum + 1; /* Knuth's constant for an LCG */
            for (unsigned k = 0; k < lines; k++)
                at[k] = r >> (16 + 8 * k);
        }
        batch[b] = (now_ns() - start) / BATCH;
    }
    free(map);
    figure(name, median(batch, BATCH), "ns", 0, BATCH);
}

/* Lines of the gate and of the filters of 10 M names. */
static void bench_machine(void)
{
    printf("\nthe machine: one random line of 6 MiB, three at once of 14 MiB\n");
    bench_memory("machine_gate_ns", 1, 6);
    bench_memory("machine_memory_ns", 3, 14);
}

/* ---- not announced, replacing, prefixes, real names ---- */

/* Names that are added singly, so that the gate is doubled by and by and gets denser each time. */
static void bench_unannounced(size_t n)
{
    sw_list_id id;
    size_t same, found;
    struct sw_index *index = new_index(&id);
    size_t most = fill(index, id, n, &same);
    make_misses(index, 4);
    printf("\n%zu names that nobody announced\n", n);
    figure("index_unannounced_bytes", (double)sw_index_bytes(index) / (double)(n - same), "B", 0,
           n);
    figure("index_unannounced_peak", (double)most / (double)sw_index_bytes(index), "ratio", 0, n);
    figure("index_unannounced_miss_ns", time_index(index, &found), "ns", 0, QUERIES);
    sw_index_free(index);
}

/* A list of n names replaced by a list that differs in a hundredth. */
static void bench_replace(size_t n)
{
    sw_list_id id, staged;
    size_t same, most = 0;
    struct sw_index *index = new_index(&id);
    must(sw_index_reserve(index, n), "reserve");
    (void)fill(index, id, n, &same);
    double before = (double)sw_index_bytes(index), start = now_ns();
    must(sw_index_stage_begin(index, id, &staged), "stage_begin");
    for (uint64_t i = n / 100; i < n + n / 100; i++) {
        struct sw_indicator ind = nth(i);
        (void)sw_index_add(index, staged, &ind);
        size_t bytes = i % 64 == 0 ? sw_index_bytes(index) : 0;
        most = bytes > most ? bytes : most;
    }
    double swap = now_ns();
    must(sw_index_stage_swap(index, &id, staged), "stage_swap");
    double end = now_ns();
    printf("\na list of %zu names replaced\n", n);
    figure("index_replace_peak", (double)most / before, "ratio", 0, n);
    figure("index_replace_ms", (end - start) / 1e6, "ms", 0, n);
    figure("index_swap_ms", (end - swap) / 1e6, "ms", 0, n);
    sw_index_free(index);
}

static void bench_prefixes(size_t n)
{
    sw_list_id id;
    double before = resident();
    struct sw_index *index = new_index(&id);
    for (uint64_t i = 0; sw_index_count(index, id) < n; i++) {
        struct sw_indicator ind = nth_prefix(i);
        (void)sw_index_add(index, id, &ind);
    }
    printf("\n%zu prefixes: IPv4 of every length 8 to 32, IPv6 of 8 lengths\n", n);
    figure("index_prefix_bytes_1m", (resident() - before) / (double)n, "B", 0, n);
    figure("index_prefix4_ns_1m", time_addresses(index, 4), "ns", 0, QUERIES);
    figure("index_prefix6_ns_1m", time_addresses(index, 6), "ns", 0, QUERIES);
    sw_index_free(index);
}

/* Lines of a file as names; up to max wire names into queries, or all into the list. */
static size_t real_names(const char *command, struct sw_index *index, sw_list_id id,
                         struct sorted *s)
{
    char line[512], why[SW_WHY_MAX];
    size_t n = 0;
    FILE *f = popen(command, "r");
    while (f && fgets(line, sizeof(line), f)) {
        struct sw_indicator ind;
        enum sw_status status = sw_indicator_parse(line, strcspn(line, "\n"), &ind, why);
        if (status != SW_OK || ind.type != SW_INDICATOR_DOMAIN)
            continue;
        if (s && sw_index_add(index, id, &ind) == SW_OK) {
            sorted_add(s, ind.name.wire);
            n++;
        } else if (!s && n < REAL_MAX && ind.name.len <= sizeof(queries.real->wire)) {
            queries.real[n].len = ind.name.len;
            memcpy(queries.real[n++].wire, ind.name.wire, ind.name.len);
        }
    }
    if (f)
        pclose(f);
    return n;
}

/* The real list, asked for names that people really look up, with "www." in front. */
static void bench_real(void)
{
    char command[1024];
    sw_list_id id;
    const char *data = getenv("SINKWATCH_DATA");
    data = data ? data : "../shared/data";
    snprintf(command, sizeof(command), "%s/ioc/maltrail_1.16M.txt.gz", data);
    if (strchr(data, '\'') || access(command, R_OK) != 0) {
        printf("\nno real names: %s is not here (SINKWATCH_DATA)\n", command);
        return;
    }
    struct sw_index *index = new_index(&id);
    struct sorted s = {0};
    must(sw_index_reserve(index, 1160000), "reserve");
    snprintf(command, sizeof(command), "gzip -dc '%s/ioc/maltrail_1.16M.txt.gz'", data);
    size_t n = real_names(command, index, id, &s);
    snprintf(command, sizeof(command), "sed 's/^/www./' '%s'/names/*.txt", data);
    queries.real = need(malloc(REAL_MAX * sizeof(*queries.real)));
    size_t asked = queries.real_n = real_names(command, NULL, 0, NULL);
    if (n > 0 && asked > 0) {
        sorted_finish(&s);
        size_t ours, theirs;
        double us = time_index(index, &ours), them = time_sorted(&s, &theirs);
        printf("\n%zu real indicators, %zu real names asked: %.2f %% found\n", n, asked,
               100.0 * (double)ours / (SHORT * BATCH));
        figure("index_bytes_real", (double)sw_index_bytes(index) / (double)n, "B",
               (double)sorted_bytes(&s) / (double)n, n);
        figure("index_lookup_ns_real", us, "ns", them, QUERIES);
    }
    free(queries.real);
    queries.real = NULL;
    sorted_free(&s);
    sw_index_free(index);
}

int main(int argc, char **argv)
{
    size_t max = argc > 1 ? strtoull(argv[1], NULL, 10) : 10000000;
    open_figures();
    memset(queries.again, 1, sizeof(queries.again)); /* resident from now on */
    printf("  %-28s %12s %-6s %12s %9s\n", "figure", "index", "unit", "sorted array", "ratio");
    bench_size(1000, "1k");
    bench_size(10000, "10k");
    bench_size(100000, "100k");
    if (max >= 1000000) {
        bench_size(1000000, "1m");
        bench_unannounced(1000000);
        bench_replace(1000000);
        bench_prefixes(1000000);
        bench_real();
    }
    if (max >= 10000000) {
        bench_machine();
        bench_size(10000000, "10m");
        bench_machine();
    }
    return fclose(json) != 0;
}
