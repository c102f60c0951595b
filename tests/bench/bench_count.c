/*
 * bench_count.c - instructions that a look-up takes, by callgrind, beside a sorted array.
 *
 *   bench_count            runs itself under valgrind; ends with a word where that is not installed
 *   bench_count inside     the part that runs under valgrind
 *
 * Times change with other work on the machine, these counts do not: changes of the look-up are
 * judged by these counts. 20,000 names, 10,000 questions for each figure; the empty loop is counted
 * alone and subtracted. A JSON object for each figure goes to SW_BENCH_OUT, else SINKWATCH_BENCH,
 * else build/bench.jsonl.
 */
#include "../unit/index_hits.h"
#include "index_baseline.h"
#include "index_names.h"

#include "index/index.h"

#include <stdio.h>
#include <unistd.h>

#if __has_include(<valgrind/callgrind.h>)
#include <valgrind/callgrind.h>
#define HAVE_VALGRIND true
#else /* nothing is counted then, as the output says */
#define HAVE_VALGRIND false
#define CALLGRIND_START_INSTRUMENTATION
#define CALLGRIND_ZERO_STATS
#define CALLGRIND_DUMP_STATS
#endif

#define NAMES     20000
#define QUESTIONS 10000

struct question {
    size_t len;
    uint8_t wire[SW_NAME_MAX];
};

static struct question questions[QUESTIONS];

/* ---- inside valgrind ---- */

enum way { LOOP_ALONE, INDEX, SORTED };

static const struct sw_index *index_now;
static struct sorted sorted_now;

/* Ask all questions in the given way; valgrind then writes the count. Returns how many were
 * found. */
static size_t count(enum way way)
{
    struct sw_hit hits[HITS_MAX];
    struct sw_view view = sw_index_view(index_now);
    size_t found = 0;
    CALLGRIND_ZERO_STATS;
    for (const struct question *q = questions; q < questions + QUESTIONS; q++) {
        if (way == INDEX)
            found += find_name(&view, q->wire, q->len, hits, HITS_MAX);
        else if (way == SORTED)
            found += sorted_find(&sorted_now, q->wire);
        else
            found += *(volatile const uint8_t *)q->wire;
    }
    CALLGRIND_DUMP_STATS;
    return found;
}

static bool both_find_the_same(void)
{
    size_t ours = count(INDEX), theirs = count(SORTED);
    return ours == theirs;
}

static void ask_misses(unsigned labels)
{
    struct sw_hit hit;
    struct sw_view view = sw_index_view(index_now);
    uint64_t i = UINT64_C(1) << 40;
    for (struct question *q = questions; q < questions + QUESTIONS; q++) {
        do
            q->len = make_name(i++, labels, q->wire);
        while (find_name(&view, q->wire, q->len, &hit, 1) > 0);
    }
}

/* The list, and a name each of 5 to 8 labels, so that no label of a question is passed over. */
static bool fill_both(struct sw_index *index)
{
    struct sw_policy policy;
    sw_list_id id;
    sw_policy_init(&policy, "bench");
    if (sw_index_list_set(index, &policy, &id) != SW_OK)
        return false;
    for (uint64_t i = 0; i < NAMES + 4; i++) {
        struct sw_indicator ind = {.type = SW_INDICATOR_DOMAIN, .form = SW_FORM_SUBTREE};
        ind.name.len =
            (uint8_t)(i < NAMES ? listed_name(i, ind.name.wire)
                                : make_name(i, (unsigned)(i - NAMES) + 5, ind.name.wire));
        if (sw_index_add(index, id, &ind) == SW_OK)
            sorted_add(&sorted_now, ind.name.wire);
    }
    sorted_finish(&sorted_now);
    index_now = index;
    return true;
}

static int inside(void)
{
    struct sw_index *index = sw_index_new();
    if (!index || !fill_both(index))
        return EXIT_FAILURE;
    bool same = true;
    CALLGRIND_START_INSTRUMENTATION;
    (void)count(LOOP_ALONE);
    for (unsigned labels = 4; labels <= 8; labels += 4) {
        ask_misses(labels);
        same = both_find_the_same() && same;
    }
    for (uint64_t q = 0; q < QUESTIONS; q++)
        questions[q].len = listed_name(scramble(q) % NAMES, questions[q].wire);
    same = both_find_the_same() && same;
    sorted_free(&sorted_now);
    sw_index_free(index);
    return same ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* ---- outside ---- */

enum {
    LOOP,
    MISS4, /* in the order of inside() */
    MISS4_SORTED,
    MISS8,
    MISS8_SORTED,
    HIT,
    HIT_SORTED,
    COUNTS
};

/* The n-th count that valgrind left; the file is removed. False when there is none. */
static bool take_count(const char *base, unsigned n, double *count)
{
    char path[4096 + 32], line[512];
    bool found = false;
    snprintf(path, sizeof(path), "%s.%u", base, n + 1);
    FILE *f = fopen(path, "r");
    while (f && fgets(line, sizeof(line), f))
        found = sscanf(line, "totals: %lf", count) == 1 || found;
    if (f)
        fclose(f);
    unlink(path);
    *count /= QUESTIONS;
    return found;
}

static void figure(FILE *json, const char *name, double value, double baseline)
{
    printf("  %-28s %12.0f %-6s %12.0f %9.3f\n", name, value, "", baseline, value / baseline);
    fprintf(json,
            "{\"name\":\"%s\",\"value\":%.1f,\"unit\":\"instructions\",\"baseline\":%.1f,"
            "\"ratio\":%.4f,\"n\":%d}\n",
            name, value, baseline, value / baseline, QUESTIONS);
}

static int outside(FILE *json)
{
    char self[4096], base[4096], command[3 * 4096];
    double count[COUNTS];
    const char *folder = getenv("SINKWATCH_BUILD");
    ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
    self[len > 0 ? len : 0] = '\0';
    snprintf(base, sizeof(base), "%s/callgrind.%ld", folder ? folder : ".", (long)getpid());
    snprintf(command, sizeof(command),
             "valgrind -q --tool=callgrind --instr-atstart=no --callgrind-out-file='%s' '%s' "
             "inside 2>&1",
             base, self);
    int status = system(command);
    unlink(base);
    bool all = status == 0;
    for (unsigned n = 0; n < COUNTS; n++)
        all = take_count(base, n, &count[n]) && all;
    if (!all) {
        fprintf(stderr, "bench_count: no counts (status %d)\n", status);
        return EXIT_FAILURE;
    }
    for (unsigned n = 1; n < COUNTS; n++)
        count[n] -= count[LOOP];
    printf("  %-28s %12s %-6s %12s %9s\n", "instructions", "index", "", "sorted array", "ratio");
    figure(json, "index_miss_instructions", count[MISS4], count[MISS4_SORTED]);
    figure(json, "index_label_instructions", (count[MISS8] - count[MISS4]) / 4,
           (count[MISS8_SORTED] - count[MISS4_SORTED]) / 4);
    figure(json, "index_hit_instructions", count[HIT], count[HIT_SORTED]);
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "inside") == 0)
        return inside();
    if (!HAVE_VALGRIND || system("valgrind --version >/dev/null 2>&1") != 0) {
        printf("no counts: valgrind is not installed\n");
        return EXIT_SUCCESS;
    }
    const char *out = getenv("SW_BENCH_OUT");
    out = out ? out : getenv("SINKWATCH_BENCH");
    out = out ? out : "build/bench.jsonl";
    FILE *json = fopen(out, "a");
    if (!json) {
        perror(out);
        return EXIT_FAILURE;
    }
    int code = outside(json);
    return fclose(json) == 0 ? code : EXIT_FAILURE;
}
