/*
 * bench_intake.c - sightings through the keeper of the memory, in figures.
 *
 *   bench_intake                 the figures
 *   bench_intake --once NAMES    a single round, for a count of instructions:
 *                                valgrind --tool=callgrind --toggle-collect=sw_keeper_drain ...
 *
 * sightings_folded_per_s   RRsets with one address each, of NAMES names in turn, from a worker's
 *                          ring into the tally: each name new once, then known, as in an interval
 * sightings_new_per_s      the same, with every name new: a look-up in the public suffix list each
 * tuples_written_per_s     tuples of NAMES names from the tally into a file, as once in an interval
 *
 * The keeper's work alone is timed, by the CPU clock of its thread; the ring is filled before. Each
 * figure is the median of rounds. A JSON object for each figure goes to the file that SW_BENCH_OUT
 * or SINKWATCH_BENCH names (build/bench.jsonl).
 */
#include "memory/intake/keeper_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ROUNDS    5
#define SIGHTINGS 400000
#define NAMES     20000 /* as many different ones as a large resolver sees in a minute */
#define BATCH     2000  /* put into the ring before the keeper empties it */

static void fail(const char *what)
{
    fprintf(stderr, "bench_intake: %s\n", what);
    exit(EXIT_FAILURE);
}

static double cpu_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void put(struct sw_keeper *keeper, unsigned number)
{
    char text[64];
    struct sw_name name, zone;
    const uint8_t record[6] = {0, 4, 192, 0, 2, (uint8_t)number};
    struct sw_received r;
    snprintf(text, sizeof(text), "host-%u.site-%u.co.uk", number % 7, number / 7);
    if (sw_name_parse(text, strlen(text), &name, NULL) != SW_OK ||
        sw_name_parse(strchr(text, '.') + 1, strlen(strchr(text, '.') + 1), &zone, NULL) != SW_OK)
        fail("name");
    sw_received_begin(&r, 1700000000, 1, name.wire, name.len, zone.wire, zone.len);
    sw_received_add(&r, record, sizeof(record));
    if (!sw_ring_put(sw_keeper_ring(keeper, 0), &r, sw_received_size(&r)))
        fail("the ring is full");
}

static struct sw_keeper *new_keeper(struct sw_settings *settings)
{
    sw_settings_init(settings);
    settings->memory_ram_mib = 1024;
    struct sw_keeper *keeper = sw_keeper_new(settings, 1);
    if (!keeper)
        fail("out of memory");
    return keeper;
}

/* CPU time for `sightings` of `names` names in turn. */
static double count(struct sw_keeper *keeper, unsigned sightings, unsigned names)
{
    double spent = 0;
    for (unsigned i = 0; i < sightings;) {
        for (unsigned n = 0; n < BATCH; n++, i++)
            put(keeper, i % names);
        double begun = cpu_s();
        sw_keeper_drain(keeper);
        spent += cpu_s() - begun;
    }
    if (keeper->numbers.sightings != sightings)
        fail("sightings were left out");
    return spent;
}

/* Sightings in a second of CPU time. */
static double one_round(unsigned names)
{
    struct sw_settings settings;
    struct sw_keeper *keeper = new_keeper(&settings);
    double spent = count(keeper, SIGHTINGS, names);
    sw_keeper_free(keeper);
    return SIGHTINGS / spent;
}

/* Tuples written in a second of CPU time. */
static double one_file(unsigned names)
{
    char folder[] = "/tmp/sw-bench-XXXXXX", command[64];
    struct sw_settings settings;
    struct sw_keeper *keeper = new_keeper(&settings);
    if (!mkdtemp(folder))
        fail("mkdtemp");
    memcpy(settings.memory_folder, folder, sizeof(folder));
    (void)count(keeper, names, names);
    double begun = cpu_s();
    sw_keeper_seal(keeper, false);
    double spent = cpu_s() - begun;
    if (keeper->numbers.tuples != names)
        fail("tuples were not written");
    sw_keeper_free(keeper);
    snprintf(command, sizeof(command), "rm -r %s", folder);
    if (system(command) != 0)
        fail(command);
    return names / spent;
}

static int by_value(const void *a, const void *b)
{
    const double *one = a, *two = b;
    return (*one > *two) - (*one < *two);
}

static void figure(const char *name, double round(unsigned names), unsigned names, const char *what)
{
    double rounds[ROUNDS];
    const char *path = getenv("SW_BENCH_OUT");
    path = path ? path : getenv("SINKWATCH_BENCH");
    FILE *out = fopen(path ? path : "build/bench.jsonl", "a");
    if (!out)
        fail("the file for figures cannot be opened");
    for (int i = 0; i < ROUNDS; i++)
        rounds[i] = round(names);
    qsort(rounds, ROUNDS, sizeof(*rounds), by_value);
    double value = rounds[ROUNDS / 2];
    fprintf(out, "{\"name\":\"%s\",\"value\":%.0f,\"unit\":\"1/s\",\"n\":%d}\n", name, value,
            ROUNDS);
    printf("%-24s %12.0f /s   %s; >= 100000 %s\n", name, value, what,
           value >= 100000 ? "yes" : "NO");
    fclose(out);
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "--once") == 0)
        return one_file((unsigned)atoi(argv[2]) / BATCH * BATCH) > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
    figure("sightings_folded_per_s", one_round, NAMES, "20,000 names, one core");
    figure("sightings_new_per_s", one_round, SIGHTINGS, "each name new, one core");
    figure("tuples_written_per_s", one_file, NAMES, "20,000 names, one core");
    return EXIT_SUCCESS;
}
