/*
 * bench_owner.c - address -> AS number: our look-up beside libmaxminddb's own, and opening; whether
 * an address is tracked.
 *
 *   bench_owner [FILE.mmdb]
 *
 * The file is the argument, else GeoLite2-ASN in the shared data (SINKWATCH_DATA), else a file made
 * here with 200,000 networks. A million random IPv4 addresses; both ways take the same addresses,
 * in turn, a thousand at a time, and the median counts, so that other work on the machine matters
 * little. A JSON object for each figure goes to the file
 * that SW_BENCH_OUT or SINKWATCH_BENCH names (build/bench.jsonl).
 */
#include "base/clock.h"
#include "base/rcu.h"
#include "feed/tracked.h"
#include "owner/mmdb.h"
#include "owner/owner.h"

#include <maxminddb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define ADDRESSES 1000000
#define BATCH     1000
#define ROUNDS    9
#define SYNTHETIC 200000

static struct sw_addr *addresses;
static struct sw_settings settings;

/* ---- the two ways ---- */

static uint64_t ours(const struct sw_owners *owners, size_t from)
{
    uint64_t sum = 0;
    for (size_t i = from; i < from + BATCH; i++) {
        uint32_t asn = 0;
        sw_rcu_enter();
        if (sw_owner_find_asn(owners, &addresses[i], &asn, NULL) == SW_OK)
            sum += asn;
        sw_rcu_leave();
    }
    return sum;
}

static uint64_t plain(const MMDB_s *mmdb, size_t from)
{
    uint64_t sum = 0;
    for (size_t i = from; i < from + BATCH; i++) {
        struct sockaddr_in sa = {.sin_family = AF_INET};
        MMDB_entry_data_s value;
        int error;
        memcpy(&sa.sin_addr, addresses[i].octets, 4);
        MMDB_lookup_result_s found =
            MMDB_lookup_sockaddr(mmdb, (const struct sockaddr *)&sa, &error);
        if (error == MMDB_SUCCESS && found.found_entry &&
            MMDB_get_value(&found.entry, &value, "autonomous_system_number", NULL) ==
                MMDB_SUCCESS &&
            value.has_data)
            sum += value.uint32;
    }
    return sum;
}

/* ---- figures ---- */

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static double median(double *values, size_t n)
{
    qsort(values, n, sizeof(*values), by_value);
    return values[n / 2];
}

static void figure(const char *name, double value, const char *unit, double baseline, int n)
{
    const char *out = getenv("SW_BENCH_OUT");
    if (!out)
        out = getenv("SINKWATCH_BENCH");
    FILE *f = fopen(out ? out : "build/bench.jsonl", "a");
    if (baseline > 0)
        printf("%-20s %12.1f %-4s %12.1f %8.2f\n", name, value, unit, baseline, value / baseline);
    else
        printf("%-20s %12.1f %-4s %12s %8s\n", name, value, unit, "-", "-");
    if (!f) {
        perror("bench.jsonl");
        return;
    }
    fprintf(f, "{\"name\":\"%s\",\"value\":%.3f,\"unit\":\"%s\"", name, value, unit);
    if (baseline > 0)
        fprintf(f, ",\"baseline\":%.3f,\"ratio\":%.4f", baseline, value / baseline);
    fprintf(f, ",\"n\":%d}\n", n);
    fclose(f);
}

static void make_addresses(void)
{
    uint64_t x = 88172645463325252U;
    addresses = calloc(ADDRESSES, sizeof(*addresses));
    if (!addresses)
        exit(EXIT_FAILURE);
    for (size_t i = 0; i < ADDRESSES; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        uint8_t octets[4] = {(uint8_t)(1 + (x >> 16) % 223), (uint8_t)(x >> 24), (uint8_t)(x >> 32),
                             (uint8_t)(x >> 40)};
        sw_addr_from_octets(octets, 4, &addresses[i]);
    }
}

static double now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static bool bench_lookup(const struct sw_owners *owners, const MMDB_s *mmdb)
{
    enum { BATCHES = ADDRESSES / BATCH };
    static double us[BATCHES], them[BATCHES];
    for (size_t i = 0; i < BATCHES; i++) {
        double t0 = now_ns();
        uint64_t a = ours(owners, i * BATCH);
        double t1 = now_ns();
        uint64_t b = plain(mmdb, i * BATCH);
        double t2 = now_ns();
        if (a != b) {
            fprintf(stderr, "bench_owner: the two ways do not agree\n");
            return false;
        }
        us[i] = (t1 - t0) / BATCH;
        them[i] = (t2 - t1) / BATCH;
    }
    figure("owner_lookup_ns", median(us, BATCHES), "ns", median(them, BATCHES), ADDRESSES);
    return true;
}

/* Opening with all checks, beside MMDB_open() alone, which checks hardly anything. */
static void bench_open(const char *path)
{
    double us[ROUNDS], them[ROUNDS];
    char why[200];
    for (size_t i = 0; i < ROUNDS; i++) {
        struct sw_mmdb *db = NULL;
        struct stat seen;
        MMDB_s mmdb;
        int64_t t0 = sw_clock_mono_us();
        if (sw_mmdb_open(path, SW_ROLE_ASN, &settings, &seen, &db, why) != SW_OK)
            return;
        int64_t t1 = sw_clock_mono_us();
        sw_mmdb_close(db);
        int64_t t2 = sw_clock_mono_us();
        if (MMDB_open(path, MMDB_MODE_MMAP, &mmdb) == MMDB_SUCCESS)
            MMDB_close(&mmdb);
        int64_t t3 = sw_clock_mono_us();
        us[i] = (double)(t1 - t0) / 1000;
        them[i] = (double)(t3 - t2) / 1000;
    }
    figure("owner_open_ms", median(us, ROUNDS), "ms", median(them, ROUNDS), ROUNDS);
}

/* ---- tracked addresses ---- */

/* The cost of each address of a resolved answer on the worker, with as many tracked addresses as
 * the default of tracked-addresses-max allows. Every tenth address is; the others are asked about
 * for "no". */
#define TRACKED 100000

/* A few random addresses come twice. */
static double time_tracked(const struct sw_tracked *tracked, size_t from, size_t step, bool in)
{
    size_t found = 0;
    double t0 = now_ns();
    for (size_t i = 0; i < BATCH; i++) {
        sw_rcu_enter();
        found += sw_tracked_has(tracked, &addresses[from + i * step]);
        sw_rcu_leave();
    }
    double t1 = now_ns();
    return (in ? found == BATCH : found < BATCH / 100) ? (t1 - t0) / BATCH : -1;
}

static bool bench_tracked(void)
{
    enum { BATCHES = TRACKED / BATCH };
    static struct sw_tracked tracked;
    static double hit[BATCHES], miss[BATCHES], none[BATCHES];
    bool good = sw_tracked_init(&tracked, TRACKED) == SW_OK;
    for (size_t i = 0; good && i < BATCHES; i++)
        none[i] = time_tracked(&tracked, i * BATCH, 1, false);
    for (size_t i = 0; good && i < TRACKED; i++)
        sw_tracked_add(&tracked, &addresses[i * 10]);
    for (size_t i = 0; good && i < BATCHES; i++) {
        hit[i] = time_tracked(&tracked, i * BATCH * 10, 10, true);
        miss[i] = time_tracked(&tracked, i * BATCH * 10 + 5, 10, false);
        good = hit[i] >= 0 && miss[i] >= 0 && none[i] >= 0;
    }
    sw_tracked_clear(&tracked);
    if (!good) {
        fprintf(stderr, "bench_owner: tracked addresses are not those that were added\n");
        return false;
    }
    figure("tracked_none_ns", median(none, BATCHES), "ns", 0, TRACKED);
    figure("tracked_miss_ns", median(miss, BATCHES), "ns", 0, TRACKED);
    figure("tracked_hit_ns", median(hit, BATCHES), "ns", 0, TRACKED);
    return true;
}

/* ---- the file ---- */

/* Have our own maker write a file of random prefixes; false when that fails. */
static bool make_file(const char *table, const char *path)
{
    char command[700];
    FILE *f = fopen(table, "w");
    if (!f)
        return false;
    for (uint32_t i = 0; i < SYNTHETIC; i++) /* odd multiplier: no network comes twice */
        fprintf(f, "%u.%u.%u.0/24\t%u\tNetwork %u\n", 1 + (i * 7919U >> 16) % 223,
                (i * 7919U >> 8) & 255, i * 7919U & 255, 1 + i % 60000, i % 60000);
    fclose(f);
    snprintf(command, sizeof(command), "scripts/make-asn-mmdb --quiet '%s' '%s'", table, path);
    bool made = system(command) == 0;
    unlink(table);
    return made;
}

/* The file to measure with; *mine: the file is to be removed afterwards. */
static bool find_file(int argc, char **argv, char path[SW_PATH_MAX], bool *mine)
{
    char table[SW_PATH_MAX];
    const char *root = getenv("SINKWATCH_DATA");
    *mine = false;
    snprintf(path, SW_PATH_MAX, "%s", argc > 1 ? argv[1] : "");
    if (argc > 1)
        return true;
    snprintf(path, SW_PATH_MAX, "%s/asn/GeoLite2-ASN.mmdb", root ? root : "../shared/data");
    if (access(path, R_OK) == 0)
        return true;
    printf("no full AS database here: one is made with %d networks\n", SYNTHETIC);
    snprintf(path, SW_PATH_MAX, "/tmp/sw-bench-%ld.mmdb", (long)getpid());
    snprintf(table, sizeof(table), "/tmp/sw-bench-%ld.tsv", (long)getpid());
    *mine = true;
    return make_file(table, path);
}

int main(int argc, char **argv)
{
    struct sw_counters counters;
    MMDB_s mmdb;
    bool mine, good = false;
    memset(&counters, 0, sizeof(counters));
    sw_settings_init(&settings);
    if (!find_file(argc, argv, settings.asn_mmdb[0], &mine)) {
        fprintf(stderr, "bench_owner: no AS database\n");
        return EXIT_FAILURE;
    }
    make_addresses();
    struct sw_owners *owners = sw_owners_new(&settings, &counters);
    if (owners && sw_owners_refresh(owners) &&
        MMDB_open(settings.asn_mmdb[0], MMDB_MODE_MMAP, &mmdb) == MMDB_SUCCESS) {
        printf("%-20s %12s %-4s %12s %8s\n", "figure", "ours", "", "libmaxminddb", "ratio");
        good = bench_lookup(owners, &mmdb);
        MMDB_close(&mmdb);
        bench_open(settings.asn_mmdb[0]);
        good = bench_tracked() && good;
    }
    sw_owners_free(owners);
    free(addresses);
    if (mine)
        unlink(settings.asn_mmdb[0]);
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
