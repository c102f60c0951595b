/*
 * bench_day.c - a day of the memory: from records to a file for each minute, merged into files of
 * hours and into the file of the day.
 *
 *   bench_day             the figures; QUICK=1 for 100,000 tuples, LONG=1 for 10,000,000, else
 *                         1,000,000
 *
 * Each minute, a tally takes as many new tuples as the day has in a minute, each seen twice, and is
 * written as the keeper writes it; then the upkeep runs at the time of this minute, so that files
 * are merged as in a resolver. The files of the last hours become the file of the day in the last
 * call, which is timed alone. CPU time of this process, files in the page cache; the resident
 * memory is the highest above the memory at the start. A JSON object for each figure goes to
 * SW_BENCH_OUT, else SINKWATCH_BENCH, else build/bench.jsonl.
 */
#include "base/settings.h"
#include "memory/intake/domains.h"
#include "memory/intake/tally.h"
#include "memory_tuples.h"
#include "proc_memory.h"

#define MIB     (1u << 20)
#define MINUTES 1440u
#define AGAIN   2   /* how often each tuple is seen in its minute */
#define GRACE_S 180 /* after this time the upkeep takes an interval to be over */

static char folder[] = "./sw-bench-XXXXXX";

static struct { /* CPU seconds of each kind of work */
    double fold, write, hours, day;
} spent;

static size_t buffer; /* for sorting, as the keeper divides memory-ram-max */

static void fold(struct sw_tally *tally, struct sw_domains *domains, const struct tuple *tuple,
                 uint64_t n)
{
    double begun = cpu_s();
    for (uint64_t i = 0; i < AGAIN * n; i++) {
        const struct sw_sighting *sighting = &tuple[i % n].sighting;
        if (sw_tally_count(tally, sighting) == SW_OK)
            continue;
        (void)sw_domains_take(domains, sw_domains_of(domains, sighting->owner));
        must(sw_tally_add(tally), "tally");
    }
    spent.fold += cpu_s() - begun;
}

static uint64_t write_minute(struct sw_tally *tally, uint64_t time)
{
    struct sw_seal_options options = {
        .folder = folder, .tier = SW_TIER_MINUTE, .start = time, .buffer = buffer};
    struct sw_sealed sealed;
    struct sw_seal *seal;
    double begun = cpu_s();
    must(sw_seal_begin(&options, &seal), "seal");
    for (size_t i = 0; i < sw_tally_size(tally); i++) {
        const struct sw_sighting s = sw_tally_at(tally, i);
        must(sw_seal_add(seal, &s), "add");
    }
    must(sw_seal_commit(seal, &sealed), "commit");
    sw_tally_clear(tally);
    spent.write += cpu_s() - begun;
    return sealed.tuples;
}

/* All upkeep that is due; returns the CPU seconds of it. */
static double tidy(uint64_t now)
{
    const struct sw_memory_limits limits = {.days = 36500};
    struct sw_tidied tidied;
    double begun = cpu_s();
    do
        must(sw_memory_tidy(folder, now, &limits, NULL, &tidied), "upkeep");
    while (tidied.more);
    return cpu_s() - begun;
}

static void file_size(void *arg, const struct sw_memory_file *file)
{
    *(uint64_t *)arg += file->octets;
}

static uint64_t run_day(uint64_t each)
{
    struct sw_settings settings;
    sw_settings_init(&settings);
    buffer = settings.memory_ram_mib * (size_t)MIB / 4;
    struct sw_tally *tally = sw_tally_new(buffer);
    struct sw_domains *domains = sw_domains_new(0);
    struct tuple *tuple = calloc(each, sizeof(*tuple));
    uint64_t written = 0;
    if (!tally || !domains || !tuple)
        must(SW_ENOMEM, "tally");
    for (unsigned minute = 0; minute < MINUTES; minute++) {
        uint64_t time = START + minute * 60ull;
        for (uint64_t i = 0; i < each; i++)
            make_tuple(minute * each + i, 0, &tuple[i]);
        fold(tally, domains, tuple, each);
        written += write_minute(tally, time);
        sw_domains_clear(domains);
        spent.hours += tidy(time + 60);
    }
    spent.hours += tidy(START + DAY - 3600 + GRACE_S);
    spent.day = tidy(START + DAY + GRACE_S);
    sw_tally_free(tally);
    sw_domains_free(domains);
    free(tuple);
    return written;
}

int main(void)
{
    uint64_t each = (getenv("QUICK") ? 100000u : getenv("LONG") ? 10000000u : 1000000u) / MINUTES;
    uint64_t octets = 0;
    read_names();
    if (!mkdtemp(folder))
        return EXIT_FAILURE;
    double before = resident();
    forget_peak();
    uint64_t n = run_day(each);
    double peak = resident_peak() - before;
    must(sw_memory_files(folder, file_size, &octets), "files");
    double all = spent.fold + spent.write + spent.hours + spent.day;
    printf("%ju tuples in %u minutes, %zu real domains\n", (uintmax_t)n, MINUTES, names_n);
    figure("memory day, fold a sighting", spent.fold / (double)(AGAIN * n) * 1e9, "ns", n);
    figure("memory day, write a tuple", spent.write / (double)n * 1e9, "ns", n);
    figure("memory day, merge into hours", spent.hours / (double)n * 1e9, "ns", n);
    figure("memory day, merge into the day", spent.day, "s", n);
    figure("memory day, all of a new tuple", all / (double)n * 1e9, "ns", n);
    figure("memory day, octets a tuple, direction", (double)octets / (double)n / 2, "B", n);
    figure("memory day, resident", peak / MIB, "MiB", n);
    remove_folder(folder);
    free(names);
    return EXIT_SUCCESS;
}
