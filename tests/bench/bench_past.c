/*
 * bench_past.c - the files of the memory: octets a tuple, look-ups over many day files, merges,
 * hunts.
 *
 *   bench_past            the figures; QUICK=1 or LONG=1 for other sizes
 *   bench_past --cof N    print N tuples of the same kind in the Common Output Format, for
 *                         bench_memory.py
 *   bench_past --ask FOLDER N    print the times of look-ups of these tuples
 *   bench_past --size DAYS TUPLES INDICATORS    the figures with so many days, tuples of a day, and
 *                         indicators of a hunt; no merge. The folder is in the present directory
 *
 * From the 21st day on, a day has the file of an earlier day under a name of its own. A day has one
 * tuple for each name and address; two thirds of the tuples of a day were there the day before.
 * Rates and look-ups are of CPU time of this process, with the files in the page cache; for cold
 * look-ups, of the clock, after the kernel was told to drop the pages of the files. A JSON object
 * for each figure goes to SW_BENCH_OUT, else SINKWATCH_BENCH, else build/bench.jsonl.
 */
#include "base/clock.h"
#include "journal/cof.h"
#include "memory_tuples.h"
#include "proc_memory.h"

#include <fcntl.h>

#define LOOKUPS   500
#define COLD      9
#define DIFFERENT 20 /* days with a file of their own */

static char folder[64];

static double wall_us(void)
{
    return (double)sw_clock_mono_us();
}

/* Day d has the tuples from here on. */
static uint64_t first_of(uint32_t day, uint64_t each)
{
    return day % DIFFERENT * (each / 3);
}

/* ---- figures ---- */

/* Let a day have the file of an earlier day under its own name. */
static void link_day(uint32_t day)
{
    char from[160], to[160], path[160];
    time_t old = (time_t)(START + (day % DIFFERENT) * (uint64_t)DAY);
    time_t new = (time_t)(START + day * (uint64_t)DAY);
    struct tm tm;
    size_t n = (size_t)snprintf(from, sizeof(from), "%s/", folder);
    memcpy(to, from, n);
    strftime(from + n, sizeof(from) - n, "dns.%Y%m%d.D.mtbl", gmtime_r(&old, &tm));
    strftime(to + n, sizeof(to) - n, "dns.%Y%m%d.D.mtbl", gmtime_r(&new, &tm));
    snprintf(path, sizeof(path), "%s/dns.fileset", folder);
    FILE *list = fopen(path, "a");
    if (!list || link(from, to) != 0 || fprintf(list, "%s\n", to + n) < 0 || fclose(list) != 0)
        must(SW_EIO, "link");
}

static void write_days(uint32_t days, uint64_t each)
{
    double cpu = 0;
    uint64_t octets = 0, tuples = 0;
    for (uint32_t day = 0; day < days; day++) {
        if (day >= DIFFERENT) {
            link_day(day);
            continue;
        }
        struct sw_seal_options options = {.folder = folder,
                                          .tier = SW_TIER_DAY,
                                          .start = START + day * (uint64_t)DAY,
                                          .buffer = 64u << 20};
        struct sw_seal *seal;
        struct sw_sealed sealed = {0};
        struct tuple tuple;
        must(sw_seal_begin(&options, &seal), "seal");
        double from = cpu_s();
        for (uint64_t i = 0; i < each; i++) {
            make_tuple(first_of(day, each) + i, day, &tuple);
            must(sw_seal_add(seal, &tuple.sighting), "add");
        }
        must(sw_seal_commit(seal, &sealed), "commit");
        cpu += cpu_s() - from;
        octets += sealed.octets;
        tuples += sealed.tuples;
    }
    figure("memory write", (double)tuples / cpu, "sightings/s", tuples);
    figure("memory octets a tuple, direction", (double)octets / (double)tuples / 2, "B", tuples);
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static enum sw_status count(void *arg, const struct sw_sighting *sighting)
{
    (void)sighting;
    ++*(uint64_t *)arg;
    return SW_OK;
}

/* Median, microseconds, for tuples below this number. */
static double look_up(struct sw_past *past, uint64_t tuples, enum sw_ask ask)
{
    static double us[LOOKUPS];
    uint64_t found = 0;
    for (size_t i = 0; i < LOOKUPS; i++) {
        struct sw_past_question question = {.ask = ask};
        struct tuple tuple;
        make_tuple(scramble(i) % tuples, 0, &tuple);
        question.name = tuple.owner;
        must(sw_addr_from_octets(tuple.address, 4, &question.addr), "address");
        double from = cpu_s();
        must(sw_past_ask(past, &question, count, &found), "ask");
        us[i] = (cpu_s() - from) * 1e6;
    }
    qsort(us, LOOKUPS, sizeof(us[0]), compare);
    if (found < LOOKUPS)
        must(SW_ENOTFOUND, "look-up");
    return us[LOOKUPS / 2];
}

/* Have the kernel drop the pages of all files, as far as the file system does it. */
static void drop_pages(void)
{
    DIR *dir = opendir(folder);
    for (struct dirent *entry = dir ? readdir(dir) : NULL; entry; entry = readdir(dir)) {
        int fd = openat(dirfd(dir), entry->d_name, O_RDONLY | O_CLOEXEC);
        if (fd >= 0) {
            (void)posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
            close(fd);
        }
    }
    if (dir)
        closedir(dir);
}

/* Median of a few look-ups with no page of the files in memory, microseconds of the clock. */
static double look_up_cold(struct sw_past *past, uint64_t tuples, enum sw_ask ask)
{
    double us[COLD];
    uint64_t found = 0;
    for (size_t i = 0; i < COLD; i++) {
        struct sw_past_question question = {.ask = ask};
        struct tuple tuple;
        make_tuple(scramble(i + LOOKUPS) % tuples, 0, &tuple);
        question.name = tuple.owner;
        must(sw_addr_from_octets(tuple.address, 4, &question.addr), "address");
        drop_pages();
        double from = wall_us();
        must(sw_past_ask(past, &question, count, &found), "ask");
        us[i] = wall_us() - from;
    }
    qsort(us, COLD, sizeof(us[0]), compare);
    if (found < COLD)
        must(SW_ENOTFOUND, "look-up");
    return us[COLD / 2];
}

static void look_ups(uint32_t days, uint64_t each)
{
    struct sw_past *past;
    double from = wall_us();
    must(sw_past_open(folder, NULL, &past), "open");
    figure("memory open all files", wall_us() - from, "us", days);
    uint64_t tuples = first_of(days < DIFFERENT ? days : DIFFERENT - 1, each);
    char line[64];
    snprintf(line, sizeof(line), "memory name, %u day files", days);
    figure(line, look_up(past, tuples, SW_ASK_OWNER), "us", LOOKUPS);
    snprintf(line, sizeof(line), "memory address, %u day files", days);
    figure(line, look_up(past, tuples, SW_ASK_ADDRESS), "us", LOOKUPS);
    snprintf(line, sizeof(line), "memory name, %u day files, cold", days);
    figure(line, look_up_cold(past, tuples, SW_ASK_OWNER), "us", COLD);
    snprintf(line, sizeof(line), "memory address, %u day files, cold", days);
    figure(line, look_up_cold(past, tuples, SW_ASK_ADDRESS), "us", COLD);
    sw_past_close(past);
}

/* For bench_memory.py: the medians of look-ups by name and by address, on a line. */
static int print_look_ups(const char *path, uint64_t tuples)
{
    struct sw_past *past;
    must(sw_past_open(path, NULL, &past), "open");
    printf("%.1f ", look_up(past, tuples, SW_ASK_OWNER));
    printf("%.1f\n", look_up(past, tuples, SW_ASK_ADDRESS));
    sw_past_close(past);
    return 0;
}

static enum sw_status count_tagged(void *arg, uint32_t tag, const struct sw_sighting *sighting)
{
    (void)tag;
    return count(arg, sighting);
}

/* One indicator of a hundred was resolved. */
static void hunt_names(uint32_t days, uint64_t each, uint64_t n)
{
    uint64_t found = 0;
    struct sw_hunt_calls calls = {.take = count_tagged, .arg = &found};
    struct sw_hunt *hunt;
    struct sw_past *past;
    struct tuple tuple;
    double before = resident();
    forget_peak();
    must(sw_hunt_new(&hunt), "hunt");
    for (uint64_t i = 0; i < n; i++) {
        uint8_t wire[SW_NAME_MAX + 16];
        make_tuple(scramble(i) % first_of(days < DIFFERENT ? days : DIFFERENT - 1, each), 0,
                   &tuple);
        listed_name(i, wire);
        must(sw_hunt_name(hunt, i % 100 ? wire : tuple.owner.wire, true, (uint32_t)i), "name");
    }
    must(sw_past_open(folder, NULL, &past), "open");
    double from = cpu_s();
    must(sw_hunt_run(hunt, past, &calls), "run");
    double s = cpu_s() - from;
    figure("memory hunt", s, "s", n);
    figure("memory hunt, resident", (resident_peak() - before) / (1 << 20), "MiB", n);
    figure("memory hunt, tuples read", (double)days * (double)each / s, "tuples/s", days * each);
    sw_past_close(past);
    sw_hunt_free(hunt);
}

static void merge(uint32_t days, uint64_t each)
{
    const struct sw_memory_limits limits = {0};
    struct sw_tidied tidied;
    double from = cpu_s();
    do
        must(sw_memory_tidy(folder, START + 400ull * DAY, &limits, NULL, &tidied), "tidy");
    while (tidied.more);
    figure("memory merge to months", (double)(days * each) / (cpu_s() - from), "tuples/s",
           days * each);
}

int main(int argc, char **argv)
{
    bool quick = getenv("QUICK") != NULL, big = getenv("LONG") != NULL;
    uint32_t days = quick ? 5 : big ? 90 : 20;
    uint64_t each = quick ? 20000 : big ? 200000 : 50000, hunted = each;
    bool sized = argc == 5 && strcmp(argv[1], "--size") == 0;
    struct tuple tuple;
    read_names();
    if (argc == 3 && strcmp(argv[1], "--cof") == 0) {
        for (uint64_t i = 0; i < strtoull(argv[2], NULL, 10); i++) {
            make_tuple(i, 0, &tuple);
            sw_cof_write(stdout, &tuple.sighting);
        }
        return 0;
    }
    if (argc == 4 && strcmp(argv[1], "--ask") == 0)
        return print_look_ups(argv[2], strtoull(argv[3], NULL, 10));
    if (sized) {
        days = (uint32_t)strtoul(argv[2], NULL, 10);
        each = strtoull(argv[3], NULL, 10);
        hunted = strtoull(argv[4], NULL, 10);
    }
    printf("%ju tuples a day, %u days, %zu real domains\n", (uintmax_t)each, days, names_n);
    snprintf(folder, sizeof(folder), "%s/sw-bench-XXXXXX", sized ? "." : "/tmp");
    if (!mkdtemp(folder))
        return 1;
    write_days(days, each);
    look_ups(days, each);
    hunt_names(days, each, hunted);
    if (!sized) /* files of days that are links are the same octets */
        merge(days, each);
    remove_folder(folder);
    free(names);
    return 0;
}
